mod verify;

use verify::{Refusal, Verifier};

fn main() {
    let setting = |name| std::env::var(name).unwrap();
    let verifier = Verifier::new(&setting("GATEHOUSE_ISSUER"), &setting("AUDIENCE"));
    for token in std::io::stdin().lines() {
        match verifier.claims_of(&token.unwrap()) {
            Ok(claims) => println!("200 {}", claims.sub),
            Err(Refusal::Invalid(why)) => println!("401 {why}"),
            Err(Refusal::Unavailable(why)) => println!("503 {why}"),
        }
    }
}
