//! Which key a token is checked with: its header says what it claims to be, and never what we trust.

use super::claims::TokenRules;
use super::jwk::PublicKey;
use super::token::{Algorithm, Unverified, Verified, not_accepted};
use crate::clock::Millis;
use crate::rejection::Rejection;

/// An identity provider: where its keys are, and what computes with them. The platform in the Worker, a
/// library in native tests.
pub trait Provider {
    /// The key that a token of the provider is to be checked with.
    fn key_for(&self, token: &Unverified<'_>) -> impl Future<Output = Result<PublicKey, Rejection>>;

    /// Whether `signature` over `message` is the key's, by the key's algorithm. An error is a fault of
    /// whatever computes, never of the signature.
    fn verify(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = Result<bool, Rejection>>;
}

/// Checks a token at the wall's `now`: HS256 with the deployment's own secret, the other algorithms with a
/// key of the provider, and nothing where what it takes is not there.
///
/// A token of the provider that cannot hold, whoever signed it, costs neither a key nor a signature. Times
/// are looked at again in [`Verified::caller`], since the keys may have taken a while.
pub async fn check(
    token: &str,
    secret: Option<&str>,
    provider: Option<&impl Provider>,
    rules: &TokenRules<'_>,
    now: Millis,
) -> Result<Verified, Rejection> {
    let token = Unverified::parse(token)?;
    match token.algorithm() {
        Algorithm::Hs256 => token.verify_with_secret(secret.ok_or_else(not_accepted)?.as_bytes()),
        Algorithm::Rs256 | Algorithm::Es256 | Algorithm::EdDsa => {
            let provider = provider.ok_or_else(not_accepted)?;
            token.could_hold(rules, now)?;
            let key = provider.key_for(&token).await?;
            token.verify_with_key(&key, provider).await
        }
    }
}
