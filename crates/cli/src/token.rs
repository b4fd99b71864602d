//! Signed tokens: who somebody is, as the server believes it.

use std::time::Duration;

use onway_core::auth::{Role, hs256};
use serde::Serialize;

use crate::error::Error;
use crate::secret::Secret;

/// What a token says. Times are Unix seconds.
#[derive(Debug, Serialize)]
pub struct Claims<'a> {
    pub sub: &'a str,
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_id: Option<&'a str>,
    pub iat: i64,
    pub exp: i64,
}

/// Signs tokens that hold for one span of time.
#[derive(Debug)]
pub struct Signer {
    secret: Secret,
    ttl: Duration,
}

impl Signer {
    pub fn new(secret: Secret, ttl: Duration) -> Self {
        Self { secret, ttl }
    }

    /// An HS256 token for this subject from `now_ms` on.
    pub fn sign(&self, role: Role, sub: &str, store_id: Option<&str>, now_ms: i64) -> Result<String, Error> {
        let iat = now_ms / 1_000;
        let lasting = i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX);
        let claims = Claims { sub, role, store_id, iat, exp: iat.saturating_add(lasting) };
        hs256::sign(&claims, self.secret.as_bytes()).ok_or(Error::Signing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onway_core::auth::claims::TokenRules;
    use onway_core::auth::token::Unverified;
    use onway_core::clock::Millis;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn the_service_believes_a_token_until_it_expires() {
        let signer = Signer::new(Secret::from(SECRET), Duration::from_secs(3_600));
        let token = signer.sign(Role::Store, "till-4", Some("S-1"), 1_700_000_000_000).unwrap();
        let rules = TokenRules { issuer: None, audience: None, role_claim: "role", store_claim: "store_id" };
        let verified = Unverified::parse(&token).unwrap().verify_with_secret(SECRET.as_bytes()).unwrap();
        let caller = verified.caller(&rules, Millis(1_700_000_000_000)).unwrap();
        assert_eq!((caller.subject.as_str(), caller.role), ("till-4", Role::Store));
        assert_eq!(caller.store_id.as_deref(), Some("S-1"));
        assert!(verified.caller(&rules, Millis(1_700_003_700_000)).is_err());
    }
}
