//! Share links: who holds one sees one delivery as the public does, also where that is private, until the link
//! is revoked or its time is over.
//!
//! A link is `{tracking_id}.{secret}`. The delivery's object keeps its hash, so that nobody can read a link from
//! what is stored, and compares it in the same time whatever it holds. A link that is wrong, revoked, over, or
//! not yet open is refused in the same words: an answer tells nothing of which links there are.

use std::hint::black_box;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::auth::Role;
use crate::clock::Millis;
use crate::rejection::Rejection;
use crate::tracking_id::TrackingId;

/// Most links of a delivery: each is compared with what is presented.
pub const LINKS_MAX: usize = 50;
/// That a link was used is written so often, in ms.
pub const USED_SPAN: i64 = 3_600_000;
/// Random bytes of a secret: 128 bits.
pub const SECRET: usize = 16;

/// A link as the delivery's object stores it. Times are the delivery's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareLink {
    /// No secret: lists, the access log and revocation use it.
    pub id: String,
    pub hash: String,
    pub label: String,
    pub from: Option<Millis>,
    pub to: Option<Millis>,
    pub created: Millis,
    pub created_by: Role,
    /// To the hour.
    #[serde(default)]
    pub used: Option<Millis>,
}

impl ShareLink {
    /// Whether it may be used now.
    pub fn is_open(&self, now: Millis) -> bool {
        self.from.is_none_or(|from| from <= now) && self.to.is_none_or(|to| now < to)
    }
}

/// The text of a link with these random bytes.
pub fn mint(tracking_id: &TrackingId, random: [u8; SECRET]) -> String {
    format!("{}.{}", tracking_id.as_str(), Base64UrlUnpadded::encode_string(&random))
}

/// The tracking id that a link names; `None` where it cannot be one of ours.
pub fn tracking_id(text: &str) -> Option<&str> {
    let (id, secret) = text.split_once('.')?;
    let bytes = Some(secret).filter(|secret| secret.len() < 2 * SECRET)?;
    Base64UrlUnpadded::decode_vec(bytes).is_ok_and(|bytes| bytes.len() == SECRET).then_some(id)
}

/// What is kept of a link: SHA-256, of which a secret is too long to be guessed.
pub fn hash(text: &str) -> String {
    Base64UrlUnpadded::encode_string(&Sha256::digest(text))
}

/// The hash of a link that came with a request for `id`; refused where it cannot be a link of that.
pub fn presented(text: &str, id: &TrackingId) -> Result<String, Rejection> {
    if tracking_id(text) == Some(id.as_str()) { Ok(hash(text)) } else { Err(refusal()) }
}

/// The link of this hash, where it may be used now.
pub fn find(links: Vec<ShareLink>, hash: &str, now: Millis) -> Result<ShareLink, Rejection> {
    // All are compared, so that the time says nothing of where one stands.
    let compare = |found, link: ShareLink| if same(&link.hash, hash) { Some(link) } else { found };
    let found = links.into_iter().fold(None, compare);
    found.filter(|link| link.is_open(now)).ok_or_else(refusal)
}

/// What whoever presents a link hears that does not hold.
pub fn refusal() -> Rejection {
    Rejection::Forbidden("this link does not open this delivery".into())
}

/// Compares in a time that depends on the lengths alone.
fn same(a: &str, b: &str) -> bool {
    let difference = a.bytes().zip(b.bytes()).fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    a.len() == b.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracking_id::IdKeys;

    fn id(random: u8) -> TrackingId {
        IdKeys::new(1, "a secret of the tests, over 32 bytes long", None).unwrap().issue([random; 16])
    }

    fn stored(text: &str, from: Option<i64>, to: Option<i64>) -> ShareLink {
        ShareLink {
            id: text.into(),
            hash: hash(text),
            label: String::new(),
            from: from.map(Millis),
            to: to.map(Millis),
            created: Millis(0),
            created_by: Role::Store,
            used: None,
        }
    }

    #[test]
    fn only_what_was_minted_for_a_delivery_is_looked_for() {
        let text = mint(&id(1), [7; SECRET]);
        assert_eq!(presented(&text, &id(1)), Ok(hash(&text)));
        let (of, secret) = text.split_once('.').unwrap();
        let wrong = [
            String::new(),
            ".".into(),
            of.into(),
            secret.into(),
            format!("{of}."),
            format!("{of}.{secret}A"),
            format!("{of}.{secret}=="),
            format!("{of}.{}", &secret[1..]),
            format!("{of}.{}", "A".repeat(1_000_000)),
            format!("{of}..{secret}"),
            format!("{} .{secret}", of),
            // The last letter has bits that mean nothing: only one of its spellings is a link.
            format!("{of}.{}B", &secret[..secret.len() - 1]),
            mint(&id(2), [7; SECRET]),
        ];
        for text in wrong {
            assert_eq!(presented(&text, &id(1)), Err(refusal()), "{text}");
        }
    }

    #[test]
    fn a_link_opens_from_its_beginning_until_its_end_and_no_other_does() {
        let [one, two, three] = [1, 2, 3].map(|random| mint(&id(1), [random; SECRET]));
        let links = vec![stored(&one, None, None), stored(&two, Some(100), Some(200))];
        let opens = |text: &str, now| find(links.clone(), &hash(text), Millis(now)).map(|link| link.id);
        let cases = [
            (&one, 0, true),
            (&two, 99, false),
            (&two, 100, true),
            (&two, 199, true),
            (&two, 200, false),
            (&three, 150, false),
        ];
        for (text, now, expected) in cases {
            let found = opens(text, now);
            assert_eq!(found, if expected { Ok(text.clone()) } else { Err(refusal()) }, "{now}");
        }
        assert_eq!(opens("", 150), Err(refusal()));
    }
}
