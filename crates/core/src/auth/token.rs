//! A token as it arrives: taken apart strictly (RFC 7515, RFC 7519), and believed only once its signature
//! has been checked.
//!
//! [`Unverified`] shows what is needed to find a key, and nothing that a forger could profit from. Its
//! claims come out of [`Unverified::verify_with_secret`] and [`Unverified::verify_with_key`] alone.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

use super::check::Provider;
use super::claims::{self, TokenRules};
use super::jwk::PublicKey;
use super::{Caller, hs256, json, refuse};
use crate::clock::Millis;
use crate::rejection::Rejection;

/// Longest token, in bytes: proxies cut headers at 8 KB.
const TOKEN_MAX: usize = 8 * 1024;
/// Longest `kid`, in bytes. Providers use hashes, numbers and short paths.
const KID_MAX: usize = 256;
/// The `typ` of what may be presented to us. A logout token or a proof of possession is signed by the same
/// provider with the same key, and means something else (RFC 8725, 3.11).
const TYPES: [&str; 4] = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];

/// The algorithms that are accepted; each belongs to one kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Only ever with the deployment's own secret.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519, and no other curve.
    EdDsa,
}

impl Algorithm {
    pub const ALL: [Self; 4] = [Self::Hs256, Self::Rs256, Self::Es256, Self::EdDsa];

    /// As `alg` names it (RFC 7518, 3.1; RFC 8037, 3.1).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Exactly as the RFCs write it: `none`, and any other spelling, is no algorithm.
    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether a signature of this many bytes can be one. RSA's are as long as the key, which is checked
    /// with it.
    const fn fits(self, length: usize) -> bool {
        match self {
            Self::Hs256 => length == 32,
            Self::Rs256 => length >= 256,
            Self::Es256 | Self::EdDsa => length == 64,
        }
    }
}

/// A token that nobody has vouched for yet.
#[derive(Debug)]
pub struct Unverified<'a> {
    algorithm: Algorithm,
    kid: Option<String>,
    message: &'a str,
    claims: Map<String, Value>,
    signature: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Takes a token apart. Whatever is not exactly a signed JWT in the compact form is refused.
    pub fn parse(token: &'a str) -> Result<Self, Rejection> {
        if token.len() > TOKEN_MAX {
            return Err(refuse("it is too long"));
        }
        let not_jwt = || refuse("it is not a JWT");
        let (message, signature) = token.rsplit_once('.').ok_or_else(not_jwt)?;
        let (header, claims) = message.split_once('.').ok_or_else(not_jwt)?;
        // The alphabet is base64url's, without padding, white space or bits left over: one token, one text.
        let decode = |part: &str| Base64UrlUnpadded::decode_vec(part).map_err(|_| not_jwt());
        let header = json::object(&decode(header)?).ok_or_else(not_jwt)?;
        let algorithm = algorithm(&header)?;
        let kid = kid(&header)?;
        let signature = decode(signature)?;
        // All zeros once passed for any message, where ECDSA did not check its range (CVE-2022-21449).
        if !algorithm.fits(signature.len()) || halves_vanish(&signature) {
            return Err(mismatch());
        }
        let claims = json::object(&decode(claims)?).ok_or_else(not_jwt)?;
        Ok(Self { algorithm, kid, message, claims, signature })
    }

    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of the key that is said to have signed it.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Refuses what could not hold whoever signed it, so that it costs no key and no signature.
    pub fn could_hold(&self, rules: &TokenRules<'_>, now: Millis) -> Result<(), Rejection> {
        claims::hold(&self.claims, self.algorithm, rules, now).map(|_| ())
    }

    /// Checks the signature with the deployment's own secret, which signs HS256 and nothing else.
    pub fn verify_with_secret(self, secret: &[u8]) -> Result<Verified, Rejection> {
        if self.algorithm != Algorithm::Hs256 {
            return Err(not_accepted());
        }
        if !hs256::holds(self.message.as_bytes(), &self.signature, secret) {
            return Err(mismatch());
        }
        Ok(Verified { algorithm: self.algorithm, claims: self.claims })
    }

    /// Checks the signature with a key of the provider, by the algorithm that the key is for.
    pub async fn verify_with_key(
        self,
        key: &PublicKey,
        provider: &impl Provider,
    ) -> Result<Verified, Rejection> {
        if self.algorithm != key.algorithm() {
            return Err(not_accepted());
        }
        if !key.fits(self.signature.len())
            || !provider.verify(key, self.message.as_bytes(), &self.signature).await?
        {
            return Err(mismatch());
        }
        Ok(Verified { algorithm: self.algorithm, claims: self.claims })
    }
}

/// A token whose signature has been checked.
#[derive(Debug)]
pub struct Verified {
    algorithm: Algorithm,
    claims: Map<String, Value>,
}

impl Verified {
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Who it is for, where its claims hold at the wall's `now`.
    pub fn caller(&self, rules: &TokenRules<'_>, now: Millis) -> Result<Caller, Rejection> {
        claims::caller(&self.claims, self.algorithm, rules, now)
    }
}

fn algorithm(header: &Map<String, Value>) -> Result<Algorithm, Rejection> {
    // What it names must be understood, and nothing that could be named is (RFC 7515, 4.1.11).
    if header.contains_key("crit") {
        return Err(refuse("its header asks for extensions that are not supported"));
    }
    let is_type = |typ: &str| TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ));
    if header.get("typ").is_some_and(|typ| !typ.as_str().is_some_and(is_type)) {
        return Err(refuse("it is not of a type that is accepted"));
    }
    // A key that comes with the token (`jwk`, `jku`, `x5u`, `x5c`) proves nothing: it is never looked at.
    header.get("alg").and_then(Value::as_str).and_then(Algorithm::parse).ok_or_else(not_accepted)
}

fn kid(header: &Map<String, Value>) -> Result<Option<String>, Rejection> {
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) if (1..=KID_MAX).contains(&kid.len()) && !kid.contains(char::is_control) => {
            Ok(Some(kid.clone()))
        }
        Some(_) => Err(refuse("its kid is malformed")),
    }
}

/// Whether either half is zero: `r` or `s`, of a signature that has them.
fn halves_vanish(signature: &[u8]) -> bool {
    let (r, s) = signature.split_at(signature.len() / 2);
    [r, s].iter().any(|half| half.iter().all(|byte| *byte == 0))
}

/// The refusal of a token whose algorithm the deployment has no key for.
pub fn not_accepted() -> Rejection {
    refuse("its algorithm is not accepted")
}

fn mismatch() -> Rejection {
    refuse("its signature does not match")
}
