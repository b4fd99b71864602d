//! HMAC-SHA256 (RFC 7518, 3.2): tokens that the deployment signs for itself, with `JWT_SECRET`.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

/// `{"typ":"JWT","alg":"HS256"}`
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9";

/// Signs claims; `None` where they are not JSON.
pub fn sign(claims: &impl Serialize, secret: &[u8]) -> Option<String> {
    let claims = Base64UrlUnpadded::encode_string(&serde_json::to_vec(claims).ok()?);
    let message = format!("{HEADER}.{claims}");
    let signature =
        Base64UrlUnpadded::encode_string(&over(message.as_bytes(), secret)?.finalize().into_bytes());
    Some(format!("{message}.{signature}"))
}

/// Whether the signature is this secret's, in a time that does not depend on where they differ.
pub(super) fn holds(message: &[u8], signature: &[u8], secret: &[u8]) -> bool {
    over(message, secret).is_some_and(|mac| mac.verify_slice(signature).is_ok())
}

fn over(message: &[u8], secret: &[u8]) -> Option<Hmac<Sha256>> {
    Some(Hmac::new_from_slice(secret).ok()?.chain_update(message))
}
