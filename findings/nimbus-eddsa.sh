#!/usr/bin/env bash
# Nimbus JOSE+JWT's processor finds no key for an EdDSA token, though the library reads the key and verifies the signature.
#
# Nimbus 10.9.1: JWKSet.parse reads an Ed25519 key, Ed25519Verifier (with Tink 1.23.0 beside it) verifies the token, and yet
# DefaultJWTProcessor with JWSVerificationKeySelector answers "Another algorithm expected, or no matching key(s) found": the
# selector turns keys into java.security keys and drops those of kty OKP. The message sends people to look for a wrong "kid".
# Seen 2026-11.
#
# Resource servers in Java that use this processor (Spring Security's NimbusJwtDecoder does) need ES256 or RS256 from the issuer,
# or a key selector of their own. So an issuer does well to make ES256 its default.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>com.nimbusds</groupId><artifactId>nimbus-jose-jwt</artifactId><version>10.9.1</version></dependency>
    <dependency><groupId>com.google.crypto.tink</groupId><artifactId>tink</artifactId><version>1.23.0</version></dependency>
  </dependencies>
</project>
XML
mvn -q -B dependency:copy-dependencies -DoutputDirectory=jars

cat > Verify.java <<'JAVA'
import com.nimbusds.jose.*;
import com.nimbusds.jose.crypto.*;
import com.nimbusds.jose.jwk.*;
import com.nimbusds.jose.jwk.gen.*;
import com.nimbusds.jose.jwk.source.*;
import com.nimbusds.jose.proc.*;
import com.nimbusds.jwt.*;
import com.nimbusds.jwt.proc.*;

public class Verify {
  static void process(JWSAlgorithm alg, JWK key, JWSSigner signer) throws Exception {
    var token = new SignedJWT(new JWSHeader.Builder(alg).keyID("k").build(), new JWTClaimsSet.Builder().subject("alice").build());
    token.sign(signer);
    var keys = new ImmutableJWKSet<SecurityContext>(JWKSet.parse(new JWKSet(key).toString()));
    var processor = new DefaultJWTProcessor<SecurityContext>();
    processor.setJWSKeySelector(new JWSVerificationKeySelector<>(alg, keys));
    try {
      System.out.println(alg + ": the processor accepts the token of " + processor.process(token, null).getSubject());
    } catch (BadJOSEException refused) {
      System.out.println(alg + ": " + refused.getMessage());
    }
    if (key instanceof OctetKeyPair pair)
      System.out.println(alg + ": Ed25519Verifier says " + token.verify(new Ed25519Verifier(pair.toPublicJWK())));
  }

  public static void main(String[] arguments) throws Exception {
    var ec = new ECKeyGenerator(Curve.P_256).keyID("k").generate();
    process(JWSAlgorithm.ES256, ec, new ECDSASigner(ec));
    var ed = new OctetKeyPairGenerator(Curve.Ed25519).keyID("k").generate();
    process(JWSAlgorithm.EdDSA, ed, new Ed25519Signer(ed));
  }
}
JAVA

java -cp 'jars/*' Verify.java 2> log | tee seen || { cat log >&2; exit 1; }
diff - seen << 'STATED' || { echo 'This is no longer so.' >&2; exit 1; }
ES256: the processor accepts the token of alice
EdDSA: Signed JWT rejected: Another algorithm expected, or no matching key(s) found
EdDSA: Ed25519Verifier says true
STATED
