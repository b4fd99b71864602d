//! Tokens against published vectors and a table of forgeries, with real cryptography: another library takes
//! the place of the platform's WebCrypto. The table is sent to workerd, too (`tests/e2e/forgeries.test.ts`).

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm as Jws, DecodingKey};
use onway_core::auth::Caller;
use onway_core::auth::check::{Provider, check};
use onway_core::auth::claims::TokenRules;
use onway_core::auth::jwk::{KeySet, PublicKey};
use onway_core::auth::keyring::Keyring;
use onway_core::auth::token::{Algorithm, Unverified, Verified};
use onway_core::clock::Millis;
use onway_core::rejection::Rejection;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: Millis = Millis(1_800_000_000_000);
const RULES: TokenRules<'_> =
    TokenRules { issuer: None, audience: None, role_claim: "role", store_claim: "store_id" };

/// A provider that has answered, and counts how often a key was looked for.
struct Published {
    keys: Keyring,
    lookups: Cell<usize>,
}

impl Published {
    fn new(jwks: &Value) -> Self {
        let mut keys = Keyring::new();
        keys.loaded(KeySet::parse(jwks.to_string().as_bytes()).unwrap(), NOW);
        Self { keys, lookups: Cell::new(0) }
    }
}

impl Provider for Published {
    async fn key_for(&self, token: &Unverified<'_>) -> Result<PublicKey, Rejection> {
        self.lookups.set(self.lookups.get() + 1);
        self.keys.settle(token, NOW)
    }

    async fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<bool, Rejection> {
        Ok(holds(key, message, signature))
    }
}

fn holds(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let members = key.members();
    let member = |name: &str| members.iter().find(|(known, _)| *known == name).unwrap().1;
    let (algorithm, key) = match key.algorithm() {
        Algorithm::Hs256 => panic!("no public key is for HS256"),
        Algorithm::Rs256 => (Jws::RS256, DecodingKey::from_rsa_components(member("n"), member("e"))),
        Algorithm::Es256 => (Jws::ES256, DecodingKey::from_ec_components(member("x"), member("y"))),
        Algorithm::EdDsa => (Jws::EdDSA, DecodingKey::from_ed_components(member("x"))),
    };
    // A point that is on no curve is a key of nobody's.
    key.and_then(|key| {
        jsonwebtoken::crypto::verify(&BASE64URL_NOPAD.encode(signature), message, &key, algorithm)
    })
    .unwrap_or(false)
}

/// Nothing here waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

fn verified(token: &str, jwks: &Value) -> Result<Verified, Rejection> {
    // The vectors name no audience and have long expired: only their signatures are looked at.
    let token = Unverified::parse(token)?;
    let provider = Published::new(jwks);
    let key = provider.keys.settle(&token, NOW)?;
    now(token.verify_with_key(&key, &provider))
}

fn judged(token: &str, table: &Value, provider: &Published) -> Result<Caller, Rejection> {
    let text = |name: &str| table[name].as_str();
    let rules = TokenRules { issuer: text("issuer"), audience: text("audience"), ..RULES };
    now(check(token, text("secret"), Some(provider), &rules, NOW))?.caller(&rules, NOW)
}

fn file(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn vectors() -> Vec<(String, Value, String)> {
    let vectors = file(include_str!("data/vectors.json"));
    let vector = |(name, vector): (&String, &Value)| {
        (name.clone(), vector["key"].clone(), vector["token"].as_str().unwrap().to_owned())
    };
    vectors.as_object().unwrap().iter().map(vector).collect()
}

#[test]
fn the_vectors_of_the_rfcs_hold() {
    for (name, key, token) in vectors() {
        let verified = match key["kty"].as_str() {
            Some("oct") => {
                let secret = BASE64URL_NOPAD.decode(key["k"].as_str().unwrap().as_bytes()).unwrap();
                Unverified::parse(&token).unwrap().verify_with_secret(&secret)
            }
            Some("OKP") => {
                // Its signature holds, and since its payload is no object it is refused all the same.
                let key = only_key(&key);
                let (message, signature) = token.rsplit_once('.').unwrap();
                let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
                assert!(holds(&key, message.as_bytes(), &signature), "{name}");
                assert!(!holds(&key, b"another message", &signature), "{name}");
                assert_eq!(Unverified::parse(&token).unwrap_err().status().0, 401, "{name}");
                continue;
            }
            _ => verified(&token, &json!({"keys": [key]})),
        };
        let verified = verified.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(verified.claims()["iss"], "joe", "{name}");
        assert_eq!(verified.claims()["http://example.com/is_root"], true, "{name}");
        // True in 2011, and for nobody that we could name.
        assert_eq!(verified.caller(&RULES, NOW).unwrap_err().status().0, 401, "{name}");
    }
}

/// The key of a set of one.
fn only_key(jwk: &Value) -> PublicKey {
    let claims = BASE64URL_NOPAD.encode(b"{}");
    let header = BASE64URL_NOPAD.encode(br#"{"alg":"EdDSA"}"#);
    let token = format!("{header}.{claims}.{}", BASE64URL_NOPAD.encode(&[1; 64]));
    let set = KeySet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
    set.find(&Unverified::parse(&token).unwrap()).unwrap().clone()
}

#[test]
fn a_vector_with_any_bit_changed_does_not_hold() {
    for (name, key, token) in vectors() {
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
        for bit in [0, 7, signature.len() * 4, signature.len() * 8 - 1] {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let token = format!("{message}.{}", BASE64URL_NOPAD.encode(&changed));
            let refused = match key["kty"].as_str() {
                Some("oct") => {
                    let secret = BASE64URL_NOPAD.decode(key["k"].as_str().unwrap().as_bytes()).unwrap();
                    Unverified::parse(&token).unwrap().verify_with_secret(&secret)
                }
                _ => verified(&token, &json!({"keys": [key]})),
            };
            assert_eq!(refused.unwrap_err().status().0, 401, "{name}: bit {bit}");
        }
    }
}

#[test]
fn each_forgery_is_refused_and_what_it_differs_from_is_not() {
    let table = file(include_str!("data/forgeries.json"));
    let provider = Published::new(&table["jwks"]);
    for entry in table["accepted"].as_array().unwrap() {
        let caller = judged(entry["token"].as_str().unwrap(), &table, &provider);
        assert_eq!(caller.map(|caller| caller.subject), Ok("boss".into()), "{}", entry["name"]);
    }
    let forged = table["forged"].as_array().unwrap();
    assert!(forged.len() > 200);
    for entry in forged {
        let refused = judged(entry["token"].as_str().unwrap(), &table, &provider);
        assert!(matches!(refused, Err(Rejection::InvalidToken(_))), "{}: {refused:?}", entry["name"]);
    }
}

#[test]
fn what_could_not_hold_costs_no_key() {
    let table = file(include_str!("data/forgeries.json"));
    let provider = Published::new(&table["jwks"]);
    for entry in table["forged"].as_array().unwrap() {
        let name = entry["name"].as_str().unwrap();
        if ["iss: ", "aud: ", "exp: ", "nbf: ", "alg ", "HS", "crit", "text: a ", "typ "]
            .iter()
            .any(|kind| name.starts_with(kind))
        {
            let before = provider.lookups.get();
            judged(entry["token"].as_str().unwrap(), &table, &provider).unwrap_err();
            assert_eq!(provider.lookups.get(), before, "{name}");
        }
    }
    assert_eq!(provider.lookups.get(), 0);
}

#[test]
fn a_token_is_checked_with_what_belongs_to_its_algorithm_or_not_at_all() {
    let table = file(include_str!("data/forgeries.json"));
    let provider = Published::new(&table["jwks"]);
    let rules =
        TokenRules { issuer: table["issuer"].as_str(), audience: table["audience"].as_str(), ..RULES };
    for entry in table["accepted"].as_array().unwrap() {
        let (name, token) = (entry["name"].as_str().unwrap(), entry["token"].as_str().unwrap());
        let is_ours = name.starts_with("HS256");
        let without_secret = now(check(token, None, Some(&provider), &rules, NOW));
        assert_eq!(without_secret.is_err(), is_ours, "{name}");
        let without_provider = now(check(token, table["secret"].as_str(), None::<&Published>, &rules, NOW));
        assert_eq!(without_provider.is_err(), !is_ours, "{name}");
    }
}

proptest! {
    /// Whatever arrives is refused, and nothing panics.
    #[test]
    fn any_text_is_no_token(text in r"\PC{0,60}(\.\PC{0,60}){0,4}") {
        prop_assert_eq!(Unverified::parse(&text).unwrap_err().status().0, 401);
    }

    /// The same for what has the shape of one.
    #[test]
    fn any_header_and_claims_are_read_or_refused(
        header in r#"\{("(alg|kid|typ|crit)":("(HS256|RS256|ES256|EdDSA|none|JWT|k)"|null|1|\[\])(,|)){0,4}\}"#,
        claims in r#"\{("(iss|aud|exp|sub|role)":("[a-z]{0,3}"|null|-?[0-9]{1,20}|\[\])(,|)){0,4}\}"#,
        signature in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let token = format!("{}.{}.{}", encode(header.as_bytes()), encode(claims.as_bytes()), encode(&signature));
        if let Ok(token) = Unverified::parse(&token) {
            prop_assert_eq!(token.verify_with_secret(b"secret").unwrap_err().status().0, 401);
        }
    }

    /// A set is read or not, and what is read of it fits somewhere.
    #[test]
    fn any_bytes_are_a_set_of_keys_or_none(body in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(KeySet::parse(&body).is_none_or(|set| set.len() <= 50));
    }
}
