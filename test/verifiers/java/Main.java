import java.io.BufferedReader;
import java.io.InputStreamReader;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;

class Main {
  public static void main(String[] args) throws Exception {
    JwtDecoder decoder = AccessTokens.decoder(System.getenv("GATEHOUSE_ISSUER"), System.getenv("AUDIENCE"));
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String token; (token = lines.readLine()) != null; ) {
      try {
        System.out.println("200 " + decoder.decode(token).getSubject());
      } catch (JwtException error) {
        System.out.println(AccessTokens.statusFor(error) + " " + error.getMessage().replace('\n', ' '));
      }
    }
  }
}
