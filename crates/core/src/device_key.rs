//! Device keys: what a phone tracker has in its URL instead of a token, since several can send no header.
//!
//! A key names its driver, so that the Worker knows without asking anybody which object to wake, and carries a
//! MAC, so that a forged one wakes none. It lives until it is revoked: the driver's object knows its id. It is
//! base64url of a key version, the id, the driver and the MAC: 34 characters and four for each three bytes of
//! the driver's id.

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

use crate::sealed;
use crate::tracking_id::IdKeys;

const LABEL: &[u8] = b"device";
const KEY_ID: usize = 8;

/// What a key says whose MAC held. It may have been revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceKey {
    /// 16 hexadecimal digits. No secret: lists, logs and revocation use it.
    pub key_id: String,
    pub driver_id: String,
}

/// The key of a driver with this random id.
pub fn mint(keys: &IdKeys, random: [u8; KEY_ID], driver_id: &str) -> String {
    sealed::seal(keys, LABEL, &[&random, driver_id.as_bytes()].concat())
}

/// Reads a key that a phone sent; `None` unless it was made here.
pub fn verify(keys: &IdKeys, text: &str) -> Option<DeviceKey> {
    let payload = sealed::open(keys, LABEL, text)?;
    let (key_id, driver_id) = payload.split_first_chunk::<KEY_ID>()?;
    Some(DeviceKey {
        key_id: base16ct::lower::encode_string(key_id),
        driver_id: str::from_utf8(driver_id).ok()?.to_owned(),
    })
}

/// What is stored of a key: SHA-256, of which a key is too long to be guessed.
pub fn hash(text: &str) -> String {
    Base64UrlUnpadded::encode_string(&Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Millis;
    use crate::invite;
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    const OLD: &str = "the first secret, which is over 32 bytes";
    const NEW: &str = "the second secret, which is over 32 bytes";

    fn keys() -> IdKeys {
        IdKeys::new(1, OLD, None).unwrap()
    }

    /// A key with one of its bytes, from the end where negative, put over.
    fn with_byte(key: &str, at: isize, to: impl Fn(u8) -> u8) -> String {
        let mut bytes = BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
        let at = at.rem_euclid(bytes.len() as isize) as usize;
        bytes[at] = to(bytes[at]);
        BASE64URL_NOPAD.encode(&bytes)
    }

    #[test]
    fn a_key_names_its_driver_and_itself() {
        let key = mint(&keys(), [0xab; 8], "RIDER-789");
        assert_eq!(key.len(), 46);
        assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        let expected = DeviceKey { key_id: "ab".repeat(8), driver_id: "RIDER-789".into() };
        assert_eq!(verify(&keys(), &key), Some(expected));
        let longest = mint(&keys(), [1; 8], &"\u{1f6f5}".repeat(128));
        assert!(verify(&keys(), &longest).is_some());
    }

    #[test]
    fn a_forged_key_is_none() {
        let key = mint(&keys(), [7; 8], "RIDER-789");
        let invitation = invite::mint(&keys(), [7; 16], "RIDER-789", Millis(1));
        let other = mint(&IdKeys::new(1, NEW, None).unwrap(), [7; 8], "RIDER-789");
        let forgeries = [
            ("nothing", String::new()),
            ("another version", with_byte(&key, 0, |_| 2)),
            ("another id", with_byte(&key, 1, |byte| byte ^ 1)),
            ("another driver", with_byte(&key, 9, |_| b'S')),
            ("the first byte of the MAC", with_byte(&key, -16, |byte| byte ^ 128)),
            ("the last byte of the MAC", with_byte(&key, -1, |byte| byte ^ 1)),
            ("of another secret", other),
            ("an invitation", invitation),
            ("cut", key[..key.len() - 4].to_owned()),
            ("longer", format!("{key}AAAA")),
            ("padded", format!("{key}==")),
            ("a space", format!("{key} ")),
            // The last letter of 34 bytes has bits that mean nothing: only one of its spellings is a key.
            (
                "bits left over",
                format!("{}{}", &key[..key.len() - 1], if key.ends_with('A') { 'B' } else { 'A' }),
            ),
            ("upper case", key.to_uppercase()),
            ("a MAC alone", BASE64URL_NOPAD.encode(&[1; 16])),
            ("less than a MAC", BASE64URL_NOPAD.encode(&[1; 15])),
            ("far too long", "A".repeat(1_000_000)),
        ];
        for (what, forged) in forgeries {
            assert_ne!(forged, key, "{what}");
            assert_eq!(verify(&keys(), &forged), None, "{what}");
        }
    }

    #[test]
    fn a_key_outlives_one_change_of_the_secret() {
        let key = mint(&keys(), [7; 8], "d");
        assert!(verify(&IdKeys::new(2, NEW, Some(OLD)).unwrap(), &key).is_some());
        assert_eq!(verify(&IdKeys::new(2, NEW, None).unwrap(), &key), None);
    }

    #[test]
    fn a_hash_is_of_the_whole_key() {
        let (one, two) = (mint(&keys(), [1; 8], "d"), mint(&keys(), [2; 8], "d"));
        assert_ne!(hash(&one), hash(&two));
        assert_eq!(hash("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }

    proptest! {
        #[test]
        fn only_what_was_minted_is_read(random: [u8; 8], driver in "\\PC{1,40}", at: prop::sample::Index, bit in 0..8_u32) {
            let key = mint(&keys(), random, &driver);
            prop_assert_eq!(verify(&keys(), &key).map(|key| key.driver_id), Some(driver));
            let forged = with_byte(&key, at.index(key.len()) as isize, |byte| byte ^ (1_u8 << bit));
            prop_assert_eq!(verify(&keys(), &forged), None);
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            prop_assert_eq!(verify(&keys(), &text), None);
        }
    }
}
