import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.LinkedHashMap;
import java.util.concurrent.Semaphore;
import org.keycloak.common.crypto.CryptoIntegration;
import org.keycloak.credential.hash.PasswordHashProvider;
import org.keycloak.credential.hash.Pbkdf2PasswordHashProvider;
import org.keycloak.crypto.hash.Argon2PasswordHashProvider;

/** Prints what Keycloak itself keeps of passwords, as make.py does: one JSON object a line. The argument is its version. */
public class Keycloak {
    public static void main(String[] arguments) throws Exception {
        CryptoIntegration.init(Keycloak.class.getClassLoader());
        var json = new ObjectMapper();
        var providers = new LinkedHashMap<PasswordHashProvider, Integer>();
        providers.put(new Pbkdf2PasswordHashProvider("pbkdf2", "PBKDF2WithHmacSHA1", 2750, 0), 2750);
        providers.put(new Pbkdf2PasswordHashProvider("pbkdf2-sha256", "PBKDF2WithHmacSHA256", 2750, 0), 2750);
        providers.put(new Pbkdf2PasswordHashProvider("pbkdf2-sha512", "PBKDF2WithHmacSHA512", 2750, 0), 2750);
        // As a policy may ask for, and older releases did.
        providers.put(new Pbkdf2PasswordHashProvider("pbkdf2-sha256", "PBKDF2WithHmacSHA256", 2750, 0, 256), 2750);
        providers.put(new Argon2PasswordHashProvider("1.3", "id", 32, 1024, 5, 1, new Semaphore(1)), 5);
        for (var password : new String[] {"correct horse battery staple", "Pässwörter: 한국어 🦉"}) {
            for (var provider : providers.entrySet()) {
                var made = provider.getKey().encodedCredential(password, provider.getValue());
                var exported = new LinkedHashMap<String, Object>();
                exported.put("id", "5b1d6b8c-8d5e-4a3c-9f0a-000000000001");
                exported.put("type", made.getType());
                exported.put("createdDate", 1);
                exported.put("secretData", made.getSecretData());
                exported.put("credentialData", made.getCredentialData());
                var line = new LinkedHashMap<String, Object>();
                line.put("spelling", "keycloak");
                line.put("maker", "Keycloak " + arguments[0]);
                line.put("password", password);
                line.put("hash", json.writeValueAsString(exported));
                System.out.println(json.writeValueAsString(line));
            }
        }
    }
}
