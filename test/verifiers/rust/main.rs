mod verify;

fn main() {
    let setting = |name| std::env::var(name).unwrap();
    let verifier = verify::Verifier::new(&setting("GATEHOUSE_ISSUER"), &setting("AUDIENCE"));
    for token in std::io::stdin().lines() {
        match verifier.claims_of(&token.unwrap()) {
            Ok(claims) => println!("accepted: {}", claims.sub),
            Err(error) => println!("refused: {error}"),
        }
    }
}
