//! What a token claims: for whom it was made, for how long, and who it says that is calling.

use serde_json::{Map, Value};

use super::token::Algorithm;
use super::{Caller, LEEWAY_SECS, Role, refuse};
use crate::clock::Millis;
use crate::rejection::Rejection;

/// What the deployment asks of a token's claims.
#[derive(Clone, Copy, Debug)]
pub struct TokenRules<'a> {
    /// The `iss` of the provider's tokens, which are refused without. One of our own tokens may go without;
    /// where it has one it must be this.
    pub issuer: Option<&'a str>,
    /// The same for `aud`, or one of them.
    pub audience: Option<&'a str>,
    /// The claim that holds the role: a name as it stands, or else a path whose steps are joined by dots.
    pub role_claim: &'a str,
    /// The claim that holds a store's id, named likewise.
    pub store_claim: &'a str,
}

/// Longest subject or store, in characters.
const SUBJECT_MAX: usize = 128;

/// Checks issuer, audience and times. Returns when the token ends, leeway included.
pub(super) fn hold(
    claims: &Map<String, Value>,
    algorithm: Algorithm,
    rules: &TokenRules<'_>,
    now: Millis,
) -> Result<Millis, Rejection> {
    let ours = algorithm == Algorithm::Hs256;
    let meant = |name: &str, expected: Option<&str>, names: &dyn Fn(&Value, &str) -> bool| match (
        claims.get(name),
        expected,
    ) {
        (None, _) | (_, None) => ours,
        (Some(value), Some(expected)) => names(value, expected),
    };
    if !meant("iss", rules.issuer, &|issuer, expected| issuer.as_str() == Some(expected)) {
        return Err(refuse("it is from another issuer"));
    }
    if !meant("aud", rules.audience, &is_audience) {
        return Err(refuse("it is for another audience"));
    }
    let leeway = LEEWAY_SECS * 1000;
    let expires = seconds(claims, "exp")?.ok_or_else(|| refuse("it has no exp"))?.plus(leeway);
    if now >= expires {
        return Err(refuse("it has expired"));
    }
    for from in ["nbf", "iat"] {
        if seconds(claims, from)?.is_some_and(|from| now < from.plus(-leeway)) {
            return Err(refuse("it is not valid yet"));
        }
    }
    Ok(expires)
}

/// Reads who is calling.
pub(super) fn caller(
    claims: &Map<String, Value>,
    algorithm: Algorithm,
    rules: &TokenRules<'_>,
    now: Millis,
) -> Result<Caller, Rejection> {
    let expires = hold(claims, algorithm, rules, now)?;
    let subject = text(claims.get("sub"))?.ok_or_else(|| refuse("it has no sub"))?;
    let role = named(claims, rules.role_claim)
        .and_then(Value::as_str)
        .and_then(Role::parse)
        .ok_or_else(|| Rejection::Forbidden("the token carries no known role".into()))?;
    Ok(Caller { subject, role, store_id: text(named(claims, rules.store_claim))?, expires })
}

/// RFC 7519, 4.1.3: one audience, or a list of them.
fn is_audience(value: &Value, expected: &str) -> bool {
    match value {
        Value::String(audience) => audience == expected,
        Value::Array(audiences) => {
            audiences.iter().all(Value::is_string)
                && audiences.iter().any(|audience| audience.as_str() == Some(expected))
        }
        _ => false,
    }
}

/// A claim by its name. Providers put them under a name like `https://example.com/role`, or into an object,
/// as `public_metadata.role`.
fn named<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let (first, path) = name.split_once('.')?;
        path.split('.').try_fold(claims.get(first)?, |value, step| value.get(step))
    })
}

/// RFC 7519, NumericDate: always seconds, whatever the size.
fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<Millis>, Rejection> {
    match claims.get(name).map(Value::as_f64) {
        None => Ok(None),
        Some(Some(secs)) if (0.0..1e15).contains(&secs) => Ok(Some(Millis((secs * 1000.0) as i64))),
        Some(_) => Err(refuse("one of its times is no number")),
    }
}

fn text(value: Option<&Value>) -> Result<Option<String>, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text))
            if (1..=SUBJECT_MAX).contains(&text.chars().count()) && !text.contains(char::is_control) =>
        {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(refuse("one of its claims is malformed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: Millis = Millis(1_700_000_000_000);
    const RULES: TokenRules<'_> = TokenRules {
        issuer: Some("https://issuer.example/"),
        audience: Some("onway"),
        role_claim: "role",
        store_claim: "store_id",
    };

    /// Reads claims; what is given is added to, or replaces, those of a token that holds.
    fn read(algorithm: Algorithm, rules: &TokenRules<'_>, given: Value) -> Result<Caller, Rejection> {
        let good = json!({"iss": "https://issuer.example/", "aud": "onway", "sub": "s", "role": "driver", "exp": 1_700_000_100});
        let (Value::Object(mut claims), Value::Object(given)) = (good, given) else { panic!("objects") };
        claims.extend(given);
        claims.retain(|_, value| *value != json!("(none)"));
        caller(&claims, algorithm, rules, NOW)
    }

    #[test]
    fn a_token_says_who_calls() {
        let caller = read(Algorithm::Rs256, &RULES, json!({"role": "Merchant", "store_id": "S-1"})).unwrap();
        assert_eq!((caller.subject.as_str(), caller.role), ("s", Role::Store));
        assert_eq!(caller.store_id.as_deref(), Some("S-1"));
        assert_eq!(caller.expires, Millis(1_700_000_160_000));
    }

    #[test]
    fn claims_that_do_not_hold_are_refused() {
        let cases = [
            (json!({"exp": "(none)"}), 401),
            (json!({"exp": 1_699_999_940}), 401),
            (json!({"exp": "1700000100"}), 401),
            (json!({"exp": null}), 401),
            (json!({"exp": -1}), 401),
            (json!({"exp": 1e300}), 401),
            (json!({"exp": [1_700_000_100]}), 401),
            (json!({"nbf": 1_700_000_061}), 401),
            (json!({"nbf": "soon"}), 401),
            (json!({"iat": 1_700_000_061}), 401),
            (json!({"iat": true}), 401),
            (json!({"sub": "(none)"}), 401),
            (json!({"sub": ""}), 401),
            (json!({"sub": 7}), 401),
            (json!({"sub": "a\u{0}b"}), 401),
            (json!({"sub": "x".repeat(129)}), 401),
            (json!({"store_id": ["S-1"]}), 401),
            (json!({"role": "(none)"}), 403),
            (json!({"role": "king"}), 403),
            (json!({"role": ["admin"]}), 403),
            (json!({"role": {"name": "admin"}}), 403),
            (json!({"role": "Dispatcher\u{200b}"}), 403),
            (json!({"role": "ri\u{fb00}der"}), 403),
        ];
        for (claims, status) in cases {
            let refused = read(Algorithm::Rs256, &RULES, claims.clone()).unwrap_err();
            assert_eq!(refused.status().0, status, "{claims}");
        }
    }

    #[test]
    fn within_the_leeway_a_token_holds() {
        let claims = json!({"exp": 1_699_999_941, "nbf": 1_700_000_059, "iat": 1_700_000_060});
        assert!(read(Algorithm::Es256, &RULES, claims).is_ok());
    }

    #[test]
    fn the_providers_tokens_are_for_us_and_ours_may_go_without_saying_so() {
        // Claims, whether a provider's token holds, whether one of our own does.
        let cases = [
            (json!({}), true, true),
            (json!({"aud": ["other", "onway"]}), true, true),
            (json!({"aud": "(none)"}), false, true),
            (json!({"iss": "(none)"}), false, true),
            (json!({"aud": "other"}), false, false),
            (json!({"aud": []}), false, false),
            (json!({"aud": ["onway", 7]}), false, false),
            (json!({"aud": {"onway": true}}), false, false),
            (json!({"aud": "Onway"}), false, false),
            (json!({"aud": "onway "}), false, false),
            (json!({"iss": "https://issuer.example"}), false, false),
            (json!({"iss": "https://issuer.example/.evil.example/"}), false, false),
            (json!({"iss": ["https://issuer.example/"]}), false, false),
            (json!({"iss": null}), false, false),
        ];
        for (claims, provider, own) in cases {
            for (algorithm, holds) in [(Algorithm::EdDsa, provider), (Algorithm::Hs256, own)] {
                let read = read(algorithm, &RULES, claims.clone());
                assert_eq!(read.is_ok(), holds, "{algorithm:?} {claims}");
            }
        }
    }

    #[test]
    fn without_an_issuer_or_audience_set_only_our_own_tokens_hold() {
        for rules in [TokenRules { issuer: None, ..RULES }, TokenRules { audience: None, ..RULES }] {
            assert!(read(Algorithm::Rs256, &rules, json!({})).is_err());
            assert!(read(Algorithm::Hs256, &rules, json!({})).is_ok());
        }
    }

    #[test]
    fn a_role_is_found_under_a_name_and_under_a_path() {
        let cases = [
            ("https://example.com/role", json!({"https://example.com/role": "admin"})),
            ("public_metadata.role", json!({"public_metadata": {"role": "admin"}})),
            ("a.b.c", json!({"a": {"b": {"c": "admin"}}})),
            // The name as it stands comes first.
            ("a.b", json!({"a.b": "admin", "a": {"b": "driver"}})),
        ];
        for (role_claim, claims) in cases {
            let caller = read(Algorithm::Rs256, &TokenRules { role_claim, ..RULES }, claims.clone());
            assert_eq!(caller.map(|caller| caller.role), Ok(Role::Admin), "{claims}");
        }
        for (role_claim, claims) in [
            ("a.b", json!({"a": "admin"})),
            ("a.b", json!({"a": ["admin"]})),
            (".", json!({"": {"": "king"}})),
            ("", json!({})),
        ] {
            let refused = read(Algorithm::Rs256, &TokenRules { role_claim, ..RULES }, claims);
            assert_eq!(refused.unwrap_err().status().0, 403);
        }
    }
}
