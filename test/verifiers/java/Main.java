import java.util.Scanner;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtException;

public final class Main {
  public static void main(String[] args) {
    JwtDecoder decoder = AccessTokens.decoder(System.getenv("GATEHOUSE_ISSUER"), System.getenv("AUDIENCE"));
    for (Scanner tokens = new Scanner(System.in); tokens.hasNextLine(); ) {
      try {
        System.out.println("accepted: " + decoder.decode(tokens.nextLine()).getSubject());
      } catch (JwtException error) {
        System.out.println("refused: " + error.getMessage());
      }
    }
  }
}
