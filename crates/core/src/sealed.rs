//! Texts that say something and cannot be forged: base64url of a key version, a payload, and a MAC over both
//! under `ID_SECRET`. A forged one is refused in the Worker and wakes no object.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::Mac;

use crate::tracking_id::{IdKeys, keyed, mac};

/// 128 bits: what NIST SP 800-107 calls enough, and short enough for a QR code.
const SUM: usize = 16;
/// Longest text that is looked at: a driver's id of 128 characters of 4 bytes, and what is around it.
const TEXT_MAX: usize = 768;

/// The label keeps one kind of text from passing as another.
pub fn seal(keys: &IdKeys, label: &[u8], payload: &[u8]) -> String {
    let (version, secret) = keys.current();
    let mut bytes = [&[version], payload].concat();
    let sum = mac(secret, &[label, &bytes]);
    bytes.extend_from_slice(&sum[..SUM]);
    Base64UrlUnpadded::encode_string(&bytes)
}

/// The payload; `None` unless one of the keys sealed exactly this text with this label.
pub fn open(keys: &IdKeys, label: &[u8], text: &str) -> Option<Vec<u8>> {
    let text = Some(text).filter(|text| text.len() <= TEXT_MAX)?;
    let bytes = Base64UrlUnpadded::decode_vec(text).ok()?;
    let (signed, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
    let (version, payload) = signed.split_first()?;
    keyed(keys.secret(*version)?, &[label, signed])?.verify_truncated_left(sum).ok()?;
    Some(payload.to_vec())
}
