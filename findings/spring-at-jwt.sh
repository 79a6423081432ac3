#!/usr/bin/env bash
# Spring Security's decoder refuses an access token that says what it is.
#
# RFC 9068 wants the header "typ": "at+jwt" on a JWT access token. NimbusJwtDecoder of Spring Security 7.1.2 (and Boot's resource
# server on top of it) accepts a token without "typ" or with "JWT", and refuses the very same claims with "at+jwt". The bare
# DefaultJWTProcessor of Nimbus refuses it as well. Seen 2026-11.
#
# The resource server builds its decoder with JwtValidators.createAtJwtValidator() (issuer, audience and client id named), which in
# turn demands all that RFC 9068 demands, or with a JwtTypeValidator for "at+jwt". Who runs the issuer should say this in its guide.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.springframework.security</groupId><artifactId>spring-security-oauth2-jose</artifactId><version>7.1.2</version></dependency>
    <dependency><groupId>org.springframework</groupId><artifactId>spring-web</artifactId><version>7.0.8</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=jars

cat > Decode.java <<'JAVA'
import com.nimbusds.jose.*;
import com.nimbusds.jose.crypto.*;
import com.nimbusds.jose.jwk.*;
import com.nimbusds.jose.jwk.gen.*;
import com.nimbusds.jose.jwk.source.*;
import com.nimbusds.jose.proc.*;
import com.nimbusds.jwt.*;
import java.time.Instant;
import java.util.Date;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.*;

public class Decode {
  static void decode(String decoderName, NimbusJwtDecoder decoder, ECKey key, String type) throws Exception {
    var header = new JWSHeader.Builder(JWSAlgorithm.ES256).keyID("k").type(type == null ? null : new JOSEObjectType(type)).build();
    var now = Instant.now();
    var claims = new JWTClaimsSet.Builder().issuer("https://issuer.example").subject("alice").audience("api").jwtID("1")
      .claim("client_id", "app").issueTime(Date.from(now)).expirationTime(Date.from(now.plusSeconds(600))).build();
    var token = new SignedJWT(header, claims);
    token.sign(new ECDSASigner(key));
    String verdict;
    try {
      verdict = "accepted, subject " + decoder.decode(token.serialize()).getSubject();
    } catch (JwtValidationException refused) {
      verdict = refused.getErrors().iterator().next().getDescription();
    }
    System.out.println(decoderName + ", typ " + type + ": " + verdict);
  }

  static NimbusJwtDecoder.JwkSourceJwtDecoderBuilder builder(ECKey key) {
    return NimbusJwtDecoder.withJwkSource(new ImmutableJWKSet<SecurityContext>(new JWKSet(key.toPublicJWK())))
      .jwsAlgorithm(SignatureAlgorithm.ES256);
  }

  public static void main(String[] arguments) throws Exception {
    var key = new ECKeyGenerator(Curve.P_256).keyID("k").generate();
    for (var type : new String[] { null, "JWT", "at+jwt" }) decode("default", builder(key).build(), key, type);
    var forAccessTokens = builder(key).build();
    forAccessTokens.setJwtValidator(
      JwtValidators.createAtJwtValidator().issuer("https://issuer.example").audience("api").clientId("app").build());
    decode("createAtJwtValidator", forAccessTokens, key, "at+jwt");
  }
}
JAVA

java -cp 'jars/*' Decode.java 2> log | tee seen || { cat log >&2; exit 1; }
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
default, typ null: accepted, subject alice
default, typ JWT: accepted, subject alice
default, typ at+jwt: the given typ value needs to be one of [JWT]
createAtJwtValidator, typ at+jwt: accepted, subject alice
STATED
