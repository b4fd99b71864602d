//! The keys of a provider: a JWK Set (RFC 7517), of which only what can check our algorithms is kept.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

use super::json;
use super::token::{Algorithm, Unverified};

/// Most keys kept of a set. Providers publish two or three, and a few more while they rotate.
const KEYS_MAX: usize = 50;
/// RFC 7518, 3.3: no smaller modulus, in bits.
const RSA_BITS_MIN: usize = 2048;
/// No larger one either: the work of checking grows with its square.
const RSA_BITS_MAX: usize = 8192;
/// Bytes of a coordinate on P-256, and of a key of Ed25519.
const COORDINATE: usize = 32;

/// A public key, for one algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kid: Option<String>,
    material: Material,
}

/// The numbers of a key, in base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa { n: String, e: String, modulus_bytes: usize },
    P256 { x: String, y: String },
    Ed25519 { x: String },
}

impl PublicKey {
    /// Reads one key. `None` for what cannot check a signature of ours: another kind or curve, made for
    /// something else, too weak or malformed.
    fn parse(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).map(|value| value.as_str().ok_or(())).transpose().ok();
        let number = |name: &str| Base64UrlUnpadded::decode_vec(jwk.get(name)?.as_str()?).ok();
        let material = match (text("kty")??, text("crv")?) {
            ("RSA", None) => rsa(&number("n")?, &number("e")?)?,
            ("EC", Some("P-256")) => {
                Material::P256 { x: coordinate(&number("x")?)?, y: coordinate(&number("y")?)? }
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519 { x: coordinate(&number("x")?)? },
            _ => return None,
        };
        let key = Self { kid: text("kid")?.map(str::to_owned), material };
        let signs = text("use")?.is_none_or(|purpose| purpose == "sig");
        let verifies = match jwk.get("key_ops") {
            None => true,
            Some(operations) => operations.as_array()?.iter().any(|operation| operation == "verify"),
        };
        let is_for = text("alg")?.is_none_or(|algorithm| algorithm == key.algorithm().name());
        (signs && verifies && is_for).then_some(key)
    }

    /// The only algorithm that this key checks.
    pub const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256 { .. } => Algorithm::Es256,
            Material::Ed25519 { .. } => Algorithm::EdDsa,
        }
    }

    /// The members of a JWK that say which key it is, and none that say what it is for.
    pub fn members(&self) -> Vec<(&'static str, &str)> {
        match &self.material {
            Material::Rsa { n, e, .. } => vec![("kty", "RSA"), ("n", n), ("e", e)],
            Material::P256 { x, y } => vec![("kty", "EC"), ("crv", "P-256"), ("x", x), ("y", y)],
            Material::Ed25519 { x } => vec![("kty", "OKP"), ("crv", "Ed25519"), ("x", x)],
        }
    }

    /// Whether a signature of this many bytes can be this key's.
    pub(super) const fn fits(&self, length: usize) -> bool {
        match self.material {
            Material::Rsa { modulus_bytes, .. } => length == modulus_bytes,
            Material::P256 { .. } | Material::Ed25519 { .. } => length == 64,
        }
    }
}

fn rsa(n: &[u8], e: &[u8]) -> Option<Material> {
    let n = without_leading_zeros(n);
    let e = without_leading_zeros(e);
    let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
    // Exponents beyond 32 bits are in nobody's use; 1 would let everybody sign.
    let exponent = (e.len() <= 4).then(|| e.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)))?;
    let sound = (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits)
        && n.last()? % 2 == 1
        && exponent >= 3
        && exponent % 2 == 1;
    sound.then(|| Material::Rsa {
        n: Base64UrlUnpadded::encode_string(n),
        e: Base64UrlUnpadded::encode_string(e),
        modulus_bytes: n.len(),
    })
}

fn coordinate(bytes: &[u8]) -> Option<String> {
    (bytes.len() == COORDINATE).then(|| Base64UrlUnpadded::encode_string(bytes))
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// The keys that a provider publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<PublicKey>,
}

impl KeySet {
    /// Reads a JWK Set. Keys that cannot be used are left out; `None` for what is no set at all.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let set: Map<String, Value> = json::object(body)?;
        let keys = set.get("keys")?.as_array()?;
        Some(Self { keys: keys.iter().filter_map(PublicKey::parse).take(KEYS_MAX).collect() })
    }

    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key that a token is to be checked with: of its kind, and of its name. A token without a `kid`
    /// finds a key only where there is no choice (OpenID Connect Core, 10.1).
    pub fn find(&self, token: &Unverified<'_>) -> Option<&PublicKey> {
        let mut fitting = self.keys.iter().filter(|key| {
            key.algorithm() == token.algorithm()
                && token.kid().is_none_or(|kid| key.kid.as_deref() == Some(kid))
        });
        let found = fitting.next();
        if token.kid().is_none() && fitting.next().is_some() { None } else { found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64URL_NOPAD;
    use serde_json::json;

    fn rsa_jwk(bytes: usize) -> Value {
        let mut modulus = vec![0xc3; bytes];
        modulus[bytes - 1] = 1;
        json!({"kty": "RSA", "n": BASE64URL_NOPAD.encode(&modulus), "e": "AQAB"})
    }

    fn with(jwk: &Value, members: Value) -> Value {
        let (Value::Object(mut jwk), Value::Object(members)) = (jwk.clone(), members) else {
            panic!("objects")
        };
        jwk.extend(members);
        Value::Object(jwk)
    }

    const COORDINATE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    #[test]
    fn a_key_is_for_the_one_algorithm_of_its_kind() {
        let cases = [
            (rsa_jwk(256), Algorithm::Rs256),
            (json!({"kty": "EC", "crv": "P-256", "x": COORDINATE, "y": COORDINATE}), Algorithm::Es256),
            (json!({"kty": "OKP", "crv": "Ed25519", "x": COORDINATE}), Algorithm::EdDsa),
        ];
        for (jwk, algorithm) in cases {
            let told =
                with(&jwk, json!({"use": "sig", "alg": algorithm.name(), "key_ops": ["verify"], "kid": "k"}));
            for jwk in [&jwk, &told] {
                let key = PublicKey::parse(jwk).unwrap();
                assert_eq!(key.algorithm(), algorithm);
                for (name, value) in key.members() {
                    assert_eq!(jwk[name], value);
                }
            }
        }
    }

    #[test]
    fn leading_zeros_do_not_make_a_modulus_longer() {
        let mut modulus = vec![0, 0, 0xc3];
        modulus.extend([1; 255]);
        let key =
            PublicKey::parse(&json!({"kty": "RSA", "n": BASE64URL_NOPAD.encode(&modulus), "e": "AAEAAQ"}));
        assert_eq!(
            key,
            PublicKey::parse(&json!({"kty": "RSA", "n": BASE64URL_NOPAD.encode(&modulus[2..]), "e": "AQAB"}))
        );
        assert!(key.is_some_and(|key| key.fits(256) && !key.fits(258)));
        let mut weak = vec![0; 128];
        weak.extend([0xc3; 128]);
        assert_eq!(
            PublicKey::parse(&json!({"kty": "RSA", "n": BASE64URL_NOPAD.encode(&weak), "e": "AQAB"})),
            None
        );
    }

    #[test]
    fn keys_that_cannot_be_used_are_left_out_and_the_rest_is_kept() {
        let rsa = rsa_jwk(256);
        let p256 = json!({"kty": "EC", "crv": "P-256", "x": COORDINATE, "y": COORDINATE});
        let unusable = [
            rsa_jwk(128),
            rsa_jwk(255),
            rsa_jwk(1025),
            with(&rsa, json!({"e": "AQ"})),
            with(&rsa, json!({"e": "Ag"})),
            with(&rsa, json!({"e": ""})),
            with(&rsa, json!({"e": "AQAAAAE"})),
            with(&rsa, json!({"e": 65537})),
            with(&rsa, json!({"n": ""})),
            with(&rsa, json!({"n": "AA=="})),
            with(&rsa, json!({"use": "enc"})),
            with(&rsa, json!({"use": 1})),
            with(&rsa, json!({"alg": "RS384"})),
            with(&rsa, json!({"alg": "PS256"})),
            with(&rsa, json!({"alg": "RSA-OAEP"})),
            with(&rsa, json!({"key_ops": ["encrypt"]})),
            with(&rsa, json!({"key_ops": "verify"})),
            with(&rsa, json!({"kid": 7})),
            with(&p256, json!({"crv": "P-384"})),
            with(&p256, json!({"crv": "secp256k1"})),
            with(&p256, json!({"x": "AQ"})),
            with(&p256, json!({"y": null})),
            with(&p256, json!({"alg": "ES256K"})),
            json!({"kty": "OKP", "crv": "Ed448", "x": COORDINATE}),
            json!({"kty": "OKP", "crv": "X25519", "x": COORDINATE}),
            json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}),
            json!({"kty": "rsa"}),
            json!({}),
            json!(null),
            json!("key"),
            json!([]),
        ];
        for jwk in &unusable {
            assert_eq!(PublicKey::parse(jwk), None, "{jwk}");
        }
        let mut keys = unusable.to_vec();
        keys.insert(3, p256);
        let set = KeySet::parse(json!({"keys": keys}).to_string().as_bytes());
        assert_eq!(set.map(|set| set.len()), Some(1));
    }

    #[test]
    fn a_set_is_bounded_and_what_is_none_is_told_apart() {
        let many: Vec<_> = (0..80).map(|n| with(&rsa_jwk(256), json!({"kid": n.to_string()}))).collect();
        assert_eq!(
            KeySet::parse(json!({"keys": many}).to_string().as_bytes()).map(|set| set.len()),
            Some(50)
        );
        assert!(KeySet::parse(br#"{"keys":[]}"#).is_some_and(|set| set.is_empty()));
        for body in ["", "<html>", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
            assert_eq!(KeySet::parse(body.as_bytes()), None, "{body}");
        }
    }
}
