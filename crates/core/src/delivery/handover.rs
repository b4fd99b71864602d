//! What is said of a delivery at its end: proofs that it was handed over, and how the customer found it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::auth::Caller;
use crate::clock::Millis;
use crate::delivery::{Act, Actor, Delivery, EntryKind, Outcome};
use crate::rejection::Rejection;
use crate::status::Status;

/// Most proofs of one delivery.
pub const PROOFS_MAX: usize = 10;
/// So often the customer may change its mind.
const RATINGS_MAX: u8 = 10;
/// So often a wrong code may be said: a driver should not find it by trying.
const CODE_TRIES: u8 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProofKind {
    Photo,
    Signature,
    /// What the recipient said.
    Code,
}

impl ProofKind {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Signature => "signature",
            Self::Code => "code",
        }
    }
}

/// A proof of delivery. An image lies in the bucket, under the tracking id and this id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// Of what it holds: the same image again is the same proof.
    pub id: String,
    pub kind: ProofKind,
    pub at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Proof {
    pub fn image(kind: ProofKind, content_type: &str, bytes: &[u8]) -> Self {
        let content_type = Some(content_type.to_owned());
        Self { id: digest(bytes), kind, at: Millis::default(), content_type, code: None }
    }

    pub fn code(code: String) -> Self {
        let id = digest(code.as_bytes());
        Self { id, kind: ProofKind::Code, at: Millis::default(), content_type: None, code: Some(code) }
    }
}

/// How the customer found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    pub stars: u8,
    pub comment: Option<String>,
    pub at: Millis,
}

/// What has been said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Handover {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<Proof>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// Wrong codes so far.
    tries: u8,
    /// Ratings so far.
    rated: u8,
}

impl Delivery {
    /// Refuses a proof that cannot be taken now, before its image is kept.
    pub fn may_prove(&self, proof: &Proof) -> Result<(), Rejection> {
        if self.knows(proof) {
            return Ok(());
        }
        let status = self.status();
        if matches!(status, Status::Created | Status::Cancelled) {
            return Err(Rejection::Conflict(format!("a delivery that is {status} has no proof")));
        }
        if self.live.handover.proofs.len() >= PROOFS_MAX {
            return Err(Rejection::Conflict(format!("a delivery has at most {PROOFS_MAX} proofs")));
        }
        Ok(())
    }

    /// Takes a proof; one that is known changes nothing.
    pub(super) fn prove(&mut self, proof: Proof, by: &Actor, now: Millis) -> Result<Outcome, Rejection> {
        if self.knows(&proof) {
            return Ok(Outcome::default());
        }
        self.may_prove(&proof)?;
        if let Some(refused) = self.judge_code(&proof) {
            let changed = self.live.handover.tries < CODE_TRIES;
            self.live.handover.tries += u8::from(changed);
            return Ok(Outcome { changed, conflict: Some(refused), ..Outcome::default() });
        }
        let about = vec![proof.kind.name().to_owned()];
        self.note(Act { about, ..Act::of(EntryKind::Proof, Some(by.clone()), now) });
        self.live.handover.proofs.push(Proof { at: now, ..proof });
        Ok(self.noted(now))
    }

    /// Takes the opinion of the customer, or of who has a link; it may be another later on.
    pub fn rate(
        &mut self,
        (stars, comment): (u8, Option<String>),
        by: Option<&Caller>,
        now: Millis,
    ) -> Result<Outcome, Rejection> {
        let status = self.status();
        if status != Status::Delivered {
            return Err(Rejection::Conflict(format!("a delivery that is {status} cannot be rated")));
        }
        let known = self.live.handover.rating.as_ref();
        if known.is_some_and(|known| (known.stars, &known.comment) == (stars, &comment)) {
            return Ok(Outcome::default());
        }
        if self.live.handover.rated >= RATINGS_MAX {
            return Err(Rejection::Conflict("this delivery has been rated too often".into()));
        }
        self.live.handover.rated += 1;
        self.live.handover.rating = Some(Rating { stars, comment, at: now });
        // Who came by a link is nobody in particular.
        self.note(Act::of(EntryKind::Rated, by.map(Actor::from), now));
        let outcome = self.noted(now);
        self.live.revision += 1;
        Ok(outcome)
    }

    fn knows(&self, proof: &Proof) -> bool {
        self.live.handover.proofs.iter().any(|known| known.id == proof.id)
    }

    /// Why a code does not hold, where this delivery has one.
    fn judge_code(&self, proof: &Proof) -> Option<Rejection> {
        let (code, expected) = proof.code.as_deref().zip(self.facts.handover_code.as_deref())?;
        let detail = if self.live.handover.tries >= CODE_TRIES {
            "too many wrong codes: hand over with a photo or a signature"
        } else if code.eq_ignore_ascii_case(expected) {
            return None;
        } else {
            "this is not the code of this delivery"
        };
        Some(Rejection::Conflict(detail.into()))
    }

    /// What those who follow hear as a whole.
    pub(super) fn noted(&mut self, now: Millis) -> Outcome {
        // After the end it is read as long as before.
        let updated = self.live.updated;
        let events = vec![self.changed_as_a_whole(now)];
        if self.status().is_final() {
            self.live.updated = updated;
        }
        Outcome { events, changed: true, ..Outcome::default() }
    }
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    base16ct::lower::encode_string(digest.get(..12).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::delivery::Command;
    use crate::delivery::tests::{after, driver, started, status};
    use crate::visibility::{self, Audience};

    fn photo(byte: u8) -> Command {
        Command::Prove(Proof::image(ProofKind::Photo, "image/jpeg", &[byte]))
    }

    fn code(said: &str) -> Command {
        Command::Prove(Proof::code(said.into()))
    }

    fn rate(delivery: &mut Delivery, stars: u8, comment: &str, secs: i64) -> Result<Outcome, Rejection> {
        delivery.rate((stars, Some(comment.into())), None, after(secs))
    }

    #[test]
    fn a_proof_sent_again_is_one_and_there_are_so_many() {
        let mut delivery = started(json!({}));
        assert!(driver(&mut delivery, photo(0), 1).unwrap().changed);
        assert!(!driver(&mut delivery, photo(0), 2).unwrap().changed);
        for byte in 1..PROOFS_MAX as u8 {
            driver(&mut delivery, photo(byte), 3).unwrap();
        }
        assert!(matches!(driver(&mut delivery, photo(99), 4), Err(Rejection::Conflict(_))));
        assert_eq!(delivery.live.handover.proofs.len(), PROOFS_MAX);
    }

    #[test]
    fn a_code_is_checked_where_there_is_one_and_is_not_found_by_trying() {
        let mut free = started(json!({}));
        assert_eq!(driver(&mut free, code("anything"), 1).unwrap().conflict, None);
        let mut delivery = started(json!({"handover_code": "A7K2"}));
        for secs in 1..=i64::from(CODE_TRIES) {
            let outcome = driver(&mut delivery, code(&format!("wrong{secs}")), secs).unwrap();
            assert!(outcome.changed && outcome.conflict.is_some());
        }
        let outcome = driver(&mut delivery, code("a7k2"), 9).unwrap();
        assert!(outcome.conflict.is_some() && !outcome.changed, "{outcome:?}");
        let mut delivery = started(json!({"handover_code": "A7K2"}));
        driver(&mut delivery, code("A7K3"), 1).unwrap();
        assert_eq!(driver(&mut delivery, code("a7k2"), 2).unwrap().conflict, None);
        assert_eq!(delivery.live.handover.proofs.len(), 1);
    }

    #[test]
    fn a_rating_is_of_what_was_delivered_and_the_last_one_counts() {
        let mut delivery = started(json!({"customer_id": "c"}));
        assert!(matches!(rate(&mut delivery, 5, "", 1), Err(Rejection::Conflict(_))));
        driver(&mut delivery, status(Status::Delivered), 2).unwrap();
        let updated = delivery.live.updated;
        assert!(rate(&mut delivery, 5, "kind", 3).unwrap().changed);
        assert!(!rate(&mut delivery, 5, "kind", 4).unwrap().changed);
        assert!(rate(&mut delivery, 4, "kind", 5).unwrap().changed);
        assert_eq!(delivery.live.updated, updated, "it is not read longer for it");
        for n in 2..i64::from(RATINGS_MAX) {
            rate(&mut delivery, 1, &n.to_string(), 5 + n).unwrap();
        }
        assert!(matches!(rate(&mut delivery, 5, "", 99), Err(Rejection::Conflict(_))));
    }

    #[test]
    fn who_sees_what_was_said() {
        let mut delivery = started(json!({"customer_id": "c", "handover_code": "A7K2"}));
        driver(&mut delivery, photo(1), 1).unwrap();
        driver(&mut delivery, status(Status::Delivered), 2).unwrap();
        rate(&mut delivery, 5, "kind", 3).unwrap();
        for audience in Audience::ALL {
            let seen = visibility::snapshot(&delivery, audience, after(4), false).details;
            let (proof, rating, code) = match audience {
                Audience::Public => (false, false, false),
                Audience::Driver => (true, false, false),
                Audience::Customer | Audience::Store | Audience::Operator => (true, true, true),
            };
            assert_eq!(
                (!seen.proof.is_empty(), seen.rating.is_some(), seen.handover_code.is_some()),
                (proof, rating, code),
                "{audience:?}"
            );
        }
    }
}
