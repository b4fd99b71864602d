//! Who is calling: JSON Web Tokens (RFC 7519) against given keys and a given time.

pub mod hs256;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Millis;
use crate::rejection::Rejection;

/// What a caller is, by the token's role claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Driver,
    Customer,
    Store,
    Dispatcher,
    Admin,
}

impl Role {
    /// Reads a role by any of its names, without regard to case.
    pub fn parse(text: &str) -> Option<Self> {
        const NAMES: [(&str, Role); 10] = [
            ("driver", Role::Driver),
            ("rider", Role::Driver),
            ("delivery_person", Role::Driver),
            ("customer", Role::Customer),
            ("client", Role::Customer),
            ("store", Role::Store),
            ("merchant", Role::Store),
            ("restaurant", Role::Store),
            ("dispatcher", Role::Dispatcher),
            ("admin", Role::Admin),
        ];
        if text.eq_ignore_ascii_case("superadmin") {
            return Some(Self::Admin);
        }
        NAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, role)| role)
    }
}

/// A caller whose token held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub subject: String,
    pub role: Role,
    #[serde(default)]
    pub store_id: Option<String>,
    /// No frame leaves for this caller after it. Wall clock, leeway included.
    pub expires: Millis,
}

/// What the deployment trusts.
#[derive(Clone, Debug)]
pub struct TokenRules<'a> {
    /// The secret of HS256; at least [`SECRET_MIN`] bytes.
    pub secret: &'a str,
    pub role_claim: &'a str,
    pub store_claim: &'a str,
}

/// RFC 7518, 3.2: a key at least as long as the hash.
pub const SECRET_MIN: usize = 32;

/// Seconds that a token is honoured past `exp` or before `nbf`, for clocks that differ.
pub const LEEWAY_SECS: i64 = 60;

/// Longest token, in bytes: proxies cut headers at 8 KB.
const TOKEN_MAX: usize = 8 * 1024;

/// Longest subject or store, in characters.
const SUBJECT_MAX: usize = 128;

/// Checks a token at the wall's `now` and reads who it is for.
pub fn verify(token: &str, rules: &TokenRules<'_>, now: Millis) -> Result<Caller, Rejection> {
    if token.len() > TOKEN_MAX {
        return Err(refuse("it is too long"));
    }
    hs256::install();
    let header = jsonwebtoken::decode_header(token).map_err(|_| refuse("it is not a JWT"))?;
    if header.alg != Algorithm::HS256 {
        return Err(refuse("its algorithm is not accepted"));
    }
    let key = DecodingKey::from_secret(rules.secret.as_bytes());
    let mut validation = Validation::new(Algorithm::HS256);
    // The library would read a clock of its own: times are checked below, against the one passed in.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation)
        .map_err(|_| refuse("its signature does not match"))?
        .claims;
    caller(&claims, rules, now)
}

fn caller(claims: &Map<String, Value>, rules: &TokenRules<'_>, now: Millis) -> Result<Caller, Rejection> {
    let expires = seconds(claims, "exp")?.ok_or_else(|| refuse("it has no exp"))?.plus(LEEWAY_SECS * 1000);
    if now >= expires {
        return Err(refuse("it has expired"));
    }
    if seconds(claims, "nbf")?.is_some_and(|from| now < from.plus(-LEEWAY_SECS * 1000)) {
        return Err(refuse("it is not valid yet"));
    }
    let subject = text(claims, "sub")?.ok_or_else(|| refuse("it has no sub"))?;
    let role = claims
        .get(rules.role_claim)
        .and_then(Value::as_str)
        .and_then(Role::parse)
        .ok_or_else(|| Rejection::Forbidden("the token carries no known role".into()))?;
    Ok(Caller { subject, role, store_id: text(claims, rules.store_claim)?, expires })
}

fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<Millis>, Rejection> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            // RFC 7519, NumericDate: always seconds, whatever the size.
            Some(secs) if (0.0..1e15).contains(&secs) => Ok(Some(Millis((secs * 1000.0) as i64))),
            _ => Err(refuse("one of its times is no number")),
        },
    }
}

fn text(claims: &Map<String, Value>, name: &str) -> Result<Option<String>, Rejection> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.chars().count() <= SUBJECT_MAX => {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(refuse("one of its claims is malformed")),
    }
}

fn refuse(why: &str) -> Rejection {
    Rejection::InvalidToken(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    const SECRET: &str = "a secret of the tests, over 32 bytes long";
    const RULES: TokenRules<'_> = TokenRules { secret: SECRET, role_claim: "role", store_claim: "store_id" };
    const NOW: Millis = Millis(1_700_000_000_000);

    fn signed(claims: &Value, secret: &str) -> String {
        hs256::install();
        encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn check(claims: &Value) -> Result<Caller, Rejection> {
        verify(&signed(claims, SECRET), &RULES, NOW)
    }

    #[test]
    fn a_token_says_who_calls() {
        let caller =
            check(&json!({"sub": "s", "role": "Merchant", "store_id": "S-1", "exp": 1_700_000_100})).unwrap();
        assert_eq!((caller.role, caller.store_id.as_deref()), (Role::Store, Some("S-1")));
        assert_eq!(caller.expires, Millis(1_700_000_160_000));
    }

    #[test]
    fn claims_that_do_not_hold_are_refused() {
        let cases = [
            (json!({"sub": "s", "role": "driver"}), 401),
            (json!({"sub": "s", "role": "driver", "exp": 1_699_999_940}), 401),
            (json!({"sub": "s", "role": "driver", "exp": "tomorrow"}), 401),
            (json!({"sub": "s", "role": "driver", "exp": -1}), 401),
            (json!({"sub": "s", "role": "driver", "exp": 1_700_000_100, "nbf": 1_700_000_061}), 401),
            (json!({"role": "driver", "exp": 1_700_000_100}), 401),
            (json!({"sub": 5, "role": "driver", "exp": 1_700_000_100}), 401),
            (json!({"sub": "", "role": "driver", "exp": 1_700_000_100}), 401),
            (json!({"sub": "s", "exp": 1_700_000_100}), 403),
            (json!({"sub": "s", "role": "king", "exp": 1_700_000_100}), 403),
            (json!({"sub": "s", "role": ["admin"], "exp": 1_700_000_100}), 403),
        ];
        for (claims, status) in cases {
            assert_eq!(check(&claims).unwrap_err().status().0, status, "{claims}");
        }
    }

    #[test]
    fn within_the_leeway_a_token_holds() {
        assert!(
            check(&json!({"sub": "s", "role": "rider", "exp": 1_699_999_941, "nbf": 1_700_000_059})).is_ok()
        );
    }

    #[test]
    fn forgeries_are_refused() {
        let good = json!({"sub": "s", "role": "admin", "exp": 1_700_000_100});
        let token = signed(&good, SECRET);
        let (head, rest) = token.split_once('.').unwrap();
        let none = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"none","typ":"JWT"}"#);
        let rs256 = data_encoding::BASE64URL_NOPAD.encode(br#"{"alg":"RS256","typ":"JWT"}"#);
        let forgeries = [
            signed(&good, "another secret, which is over 32 bytes"),
            format!("{none}.{rest}"),
            format!("{none}.{}.", rest.split_once('.').unwrap().0),
            format!("{rs256}.{rest}"),
            format!("{head}.{rest}x"),
            format!("{head}.{}", &rest[..rest.len() - 2]),
            String::new(),
            "a.b.c".into(),
            "....".into(),
            "x".repeat(9_000),
        ];
        for forged in forgeries {
            assert_eq!(verify(&forged, &RULES, NOW).unwrap_err().status().0, 401, "{forged}");
        }
    }
}
