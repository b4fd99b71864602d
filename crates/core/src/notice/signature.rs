//! Signatures of what is sent, after Standard Webhooks: <https://www.standardwebhooks.com>.

use base64ct::{Base64, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a secret, as Standard Webhooks has them.
pub const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Bytes of a secret that is made here.
pub const MADE_BYTES: usize = 32;

/// The text of a secret.
pub fn secret_of(bytes: &[u8]) -> String {
    format!("{PREFIX}{}", Base64::encode_string(bytes))
}

/// The bytes of a secret; `None` where it is none, too short or too long.
pub fn bytes_of(secret: &str) -> Option<Vec<u8>> {
    let bytes = Base64::decode_vec(secret.strip_prefix(PREFIX)?).ok()?;
    SECRET_BYTES.contains(&bytes.len()).then_some(bytes)
}

/// The header `webhook-signature`: one signature for each secret, so that a receiver may change from one to the next
/// in its own time. `secs`: the header `webhook-timestamp`.
pub fn signatures<'a>(secrets: impl IntoIterator<Item = &'a str>, id: &str, secs: i64, body: &str) -> String {
    let message = format!("{id}.{secs}.{body}");
    let signed = secrets.into_iter().filter_map(|secret| {
        let mac = Hmac::<Sha256>::new_from_slice(&bytes_of(secret)?).ok()?.chain_update(&message);
        Some(format!("v1,{}", Base64::encode_string(&mac.finalize().into_bytes())))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_the_standards_own_example() {
        let signed = signatures(
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs() {
        let (a, b) = (secret_of(&[1; MADE_BYTES]), secret_of(&[2; MADE_BYTES]));
        let alone = |secret: &str| signatures([secret], "evt_A", 1, "{}");
        assert_eq!(
            signatures([a.as_str(), b.as_str()], "evt_A", 1, "{}"),
            format!("{} {}", alone(&a), alone(&b))
        );
        assert_ne!(alone(&a), alone(&b));
    }

    #[test]
    fn a_secret_is_long_enough_and_written_as_the_standard_has_it() {
        for count in [24, 32, 64] {
            let bytes = vec![7; count];
            assert_eq!(bytes_of(&secret_of(&bytes)), Some(bytes));
        }
        for wrong in [
            secret_of(&[7; 23]),
            secret_of(&[7; 65]),
            secret_of(&[7; 32]).replace("whsec_", ""),
            "whsec_".into(),
            "whsec_*".repeat(9),
        ] {
            assert_eq!(bytes_of(&wrong), None, "{wrong}");
        }
    }
}
