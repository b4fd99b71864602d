//! Tracking ids: `TRK-` and base32 of a key version, 128 random bits and a checksum under `ID_SECRET`.
//!
//! An id is a secret: who has it may follow a public delivery. The checksum lets the Worker refuse what
//! was never given out without waking an object; the random bits are what cannot be guessed.

use base32ct::{Base32UpperUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::auth::SECRET_MIN;

const PREFIX: &str = "TRK-";
const RANDOM: usize = 16;
const CHECKSUM: usize = 8;
const LEN: usize = 1 + RANDOM + CHECKSUM;

/// A tracking id whose checksum held, or that was made here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrackingId(String);

/// The keys of the checksums: the one in use, and those of earlier versions whose ids still live.
#[derive(Clone, Debug)]
pub struct IdKeys {
    current: (u8, String),
    earlier: Vec<(u8, String)>,
}

impl IdKeys {
    /// `None` where the secret is shorter than 32 bytes. `previous` is the secret of the version before.
    pub fn new(version: u8, secret: &str, previous: Option<&str>) -> Option<Self> {
        (secret.len() >= SECRET_MIN).then(|| Self {
            current: (version, secret.to_owned()),
            earlier: previous
                .map(|secret| (version.wrapping_sub(1), secret.to_owned()))
                .into_iter()
                .collect(),
        })
    }

    /// The id with these random bits.
    pub fn issue(&self, random: [u8; RANDOM]) -> TrackingId {
        let (version, secret) = &self.current;
        let mut bytes = Vec::with_capacity(LEN);
        bytes.push(*version);
        bytes.extend_from_slice(&random);
        let sum = mac(secret, &[b"id", &bytes]);
        bytes.extend_from_slice(&sum[..CHECKSUM]);
        TrackingId(format!("{PREFIX}{}", Base32UpperUnpadded::encode_string(&bytes)))
    }

    /// The id of a start that may be repeated: its random part is an HMAC of who starts and the
    /// `Idempotency-Key`, so that a repeat reaches the same object.
    pub fn issue_for(&self, subject: &str, idempotency_key: &str) -> TrackingId {
        let digest = mac(&self.current.1, &[b"start", subject.as_bytes(), idempotency_key.as_bytes()]);
        let mut random = [0; RANDOM];
        random.copy_from_slice(&digest[..RANDOM]);
        self.issue(random)
    }

    /// Reads an id that a client sent; `None` unless one of the keys made it.
    pub fn read(&self, text: &str) -> Option<TrackingId> {
        let encoded = text.strip_prefix(PREFIX)?;
        let bytes = Base32UpperUnpadded::decode_vec(encoded).ok().filter(|bytes| bytes.len() == LEN)?;
        let (signed, sum) = bytes.split_at(1 + RANDOM);
        let secret = self.secret(*signed.first()?)?;
        keyed(secret, &[b"id", signed])?.verify_truncated_left(sum).ok()?;
        Some(TrackingId(text.to_owned()))
    }

    /// The version in use and its secret.
    pub(crate) fn current(&self) -> (u8, &str) {
        (self.current.0, &self.current.1)
    }

    /// The secret of a version that is in use or still honoured.
    pub(crate) fn secret(&self, version: u8) -> Option<&str> {
        let mut keys = std::iter::once(&self.current).chain(&self.earlier);
        keys.find(|(known, _)| *known == version).map(|(_, secret)| secret.as_str())
    }

    /// What a driver is called towards those who may not know them: the same within a delivery,
    /// unrelated between deliveries.
    pub fn driver_alias(&self, id: &TrackingId, driver_id: &str) -> String {
        let digest = mac(&self.current.1, &[b"driver", id.as_str().as_bytes(), driver_id.as_bytes()]);
        format!("DRV-{}", Base32UpperUnpadded::encode_string(&digest[..5]))
    }

    /// What logs carry instead of an id.
    pub fn log_name(&self, id: &TrackingId) -> String {
        let digest = mac(&self.current.1, &[b"log", id.as_str().as_bytes()]);
        Base32UpperUnpadded::encode_string(&digest[..5])
    }

    /// What a telephone number is called where it is remembered: by the secret in use, and by those before.
    pub fn number_names(&self, number: &str) -> Vec<String> {
        let secrets = std::iter::once(&self.current).chain(&self.earlier);
        let name = |secret: &str| {
            Base32UpperUnpadded::encode_string(&mac(secret, &[b"number", number.as_bytes()])[..15])
        };
        secrets.map(|(_, secret)| name(secret)).collect()
    }

    /// What a token's subject is called where their texts are counted.
    pub fn starter_name(&self, subject: &str) -> String {
        Base32UpperUnpadded::encode_string(&mac(&self.current.1, &[b"starter", subject.as_bytes()])[..10])
    }

    /// What a network is called where its requests are counted.
    pub fn network_name(&self, network: &str) -> String {
        Base32UpperUnpadded::encode_string(&mac(&self.current.1, &[b"network", network.as_bytes()])[..10])
    }
}

impl TrackingId {
    /// Takes an id that was checked before, as the name of its object.
    pub fn trusted(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(crate) fn mac(secret: &str, parts: &[&[u8]]) -> [u8; 32] {
    keyed(secret, parts).map_or([0; 32], |mac| mac.finalize().into_bytes().into())
}

/// HMAC-SHA256 over parts, each preceded by its length so that no two lists of parts collide. It takes a
/// key of any length: `None` cannot happen.
pub(crate) fn keyed(secret: &str, parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OLD: &str = "the first secret, which is over 32 bytes";
    const NEW: &str = "the second secret, which is over 32 bytes";

    #[test]
    fn a_short_secret_makes_no_keys() {
        assert!(IdKeys::new(1, "short", None).is_none());
    }

    #[test]
    fn an_id_outlives_one_change_of_the_secret() {
        let before = IdKeys::new(1, OLD, None).unwrap();
        let after = IdKeys::new(2, NEW, Some(OLD)).unwrap();
        let id = before.issue([7; 16]);
        assert_eq!(after.read(id.as_str()), Some(id.clone()));
        assert_eq!(IdKeys::new(2, NEW, None).unwrap().read(id.as_str()), None);
        assert_eq!(before.read(after.issue([7; 16]).as_str()), None);
    }

    #[test]
    fn the_same_key_of_the_same_subject_gives_the_same_id() {
        let keys = IdKeys::new(1, OLD, None).unwrap();
        assert_eq!(keys.issue_for("s", "k"), keys.issue_for("s", "k"));
        assert_ne!(keys.issue_for("s", "k"), keys.issue_for("sk", ""));
    }

    #[test]
    fn an_alias_says_nothing_across_deliveries() {
        let keys = IdKeys::new(1, OLD, None).unwrap();
        let (one, two) = (keys.issue([1; 16]), keys.issue([2; 16]));
        assert_eq!(keys.driver_alias(&one, "d"), keys.driver_alias(&one, "d"));
        assert_ne!(keys.driver_alias(&one, "d"), keys.driver_alias(&two, "d"));
    }

    proptest! {
        #[test]
        fn only_what_was_issued_is_read(random: [u8; 16], at in 4..44usize, to in "[A-Z2-7]") {
            let keys = IdKeys::new(1, OLD, None).unwrap();
            let id = keys.issue(random);
            prop_assert_eq!(id.as_str().len(), 44);
            prop_assert_eq!(keys.read(id.as_str()), Some(id.clone()));
            let mut forged = id.as_str().to_owned();
            forged.replace_range(at..=at, &to);
            prop_assert_eq!(keys.read(&forged).is_some(), forged == id.as_str());
        }

        #[test]
        fn no_text_panics(text in ".{0,80}") {
            prop_assert_eq!(IdKeys::new(1, OLD, None).unwrap().read(&text), None);
        }
    }
}
