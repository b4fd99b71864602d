//! Positions that were reported before: a phone, or a relay on its way, that repeats an old one with a
//! new time.
//!
//! A receiver that computes its position anew never hits the same ten-millionth of a degree again,
//! except where it stands still and hovers over a few: an exact return from further away is a repeat.
//! Coarse coordinates do return, so that they say nothing.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fix::Position;

/// How many positions are remembered.
const REMEMBERED: usize = 64;
/// Coordinates that are all multiples of this, in 1e-7°, are too coarse to tell: a step is over a metre.
const COARSE_E7: i32 = 100;

/// Digests of the last distinct positions, the newest last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Echo(Vec<u8>);

impl Echo {
    pub fn remember(&mut self, position: Position) {
        let digest = digest(position);
        if self.0.ends_with(&digest) {
            return;
        }
        self.0.extend(digest);
        let over = self.0.len().saturating_sub(REMEMBERED * digest.len());
        self.0.drain(..over);
    }

    /// Whether it is one of the remembered ones.
    pub fn knows(&self, position: Position) -> bool {
        let coarse = position.lat_e7 % COARSE_E7 == 0 && position.lng_e7 % COARSE_E7 == 0;
        let wanted = digest(position);
        !coarse && self.0.chunks_exact(3).any(|known| known == wanted)
    }
}

/// 24 bits: of two different positions, one pair in 16 million has the same.
fn digest(position: Position) -> [u8; 3] {
    let both =
        (u64::from(position.lat_e7.cast_unsigned()) << 32) | u64::from(position.lng_e7.cast_unsigned());
    // Fibonacci hashing: the upper bits of a product with 2^64 divided by the golden ratio.
    let [a, b, c, ..] = both.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    [a, b, c]
}

impl Serialize for Echo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(&self.0))
    }
}

impl<'de> Deserialize<'de> for Echo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = Base64::decode_vec(&text).map_err(serde::de::Error::custom)?;
        bytes.truncate(REMEMBERED * 3);
        Ok(Self(bytes))
    }
}
