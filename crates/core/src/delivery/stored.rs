//! A running delivery as its object stores it: one row, written once a frame.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::delivery::{Delivery, Driven, Facts, Following, Guidance, Handover, Live, Reached};
use crate::eta::{Estimate, Journey};
use crate::keeping_up::Asked;
use crate::outbox::Outbox;
use crate::published::Published;
use crate::recent::{self, Key, Recent};
use crate::track::Unreadable;
use crate::wire::snapshot::FixCounts;

/// [`Live`] as stored: what is small in JSON, the fixes in the codec of `track`, each a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredLive {
    seq: u64,
    timeline: Vec<Reached>,
    /// The fixes are columns of their own: see [`recent::Stored`].
    pub recent: recent::Stored,
    #[serde(default)]
    fixes: FixCounts,
    #[serde(default)]
    eta: Option<Estimate>,
    /// Rows from before it knew more than the beginning are read too, and named it so.
    #[serde(default, rename = "pace")]
    journey: Journey,
    #[serde(default)]
    following: Following,
    #[serde(default)]
    stops_before: u32,
    #[serde(default)]
    driven: Driven,
    #[serde(default)]
    shown: Option<Key>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown_since: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    accepted_at: Option<Millis>,
    #[serde(default)]
    contact: Option<Millis>,
    updated: Millis,
    #[serde(default)]
    revision: u64,
    /// From layout 2 on; see [`StoredLive::with_chunks`].
    #[serde(default)]
    chunks: u32,
    #[serde(default)]
    published: Published,
    #[serde(default)]
    handover: Handover,
    #[serde(default)]
    outbox: Outbox,
    #[serde(default)]
    asked: Asked,
}

impl StoredLive {
    /// A row of layout 1, which did not count its closed chunks.
    #[must_use]
    pub fn with_chunks(self, chunks: u32) -> Self {
        Self { chunks, ..self }
    }
}

impl Live {
    pub fn store(&self) -> StoredLive {
        StoredLive {
            seq: self.seq,
            timeline: self.timeline.clone(),
            recent: self.recent.store(),
            fixes: self.fixes.clone(),
            eta: self.eta,
            journey: self.journey,
            following: self.following,
            stops_before: self.stops_before,
            driven: self.driven.clone(),
            shown: self.shown,
            shown_since: self.shown_since,
            accepted_at: self.accepted_at,
            contact: self.contact,
            updated: self.updated,
            revision: self.revision,
            chunks: self.chunks,
            published: self.published.clone(),
            handover: self.handover.clone(),
            outbox: self.outbox.clone(),
            asked: self.asked.clone(),
        }
    }
}

impl Delivery {
    pub fn load(facts: Facts, stored: StoredLive, guidance: Guidance) -> Result<Self, Unreadable> {
        let live = Live {
            seq: stored.seq,
            timeline: stored.timeline,
            recent: Recent::load(stored.recent, facts.mode)?,
            fixes: stored.fixes,
            eta: stored.eta,
            journey: stored.journey,
            following: stored.following,
            stops_before: stored.stops_before,
            driven: stored.driven,
            shown: stored.shown,
            shown_since: stored.shown_since,
            accepted_at: stored.accepted_at,
            contact: stored.contact,
            updated: stored.updated,
            // A row of layout 1 has none; the archive holds nothing of it.
            revision: stored.revision.max(1),
            chunks: stored.chunks,
            published: stored.published,
            handover: stored.handover,
            outbox: stored.outbox,
            asked: stored.asked,
        };
        Ok(Self::new(facts, live, guidance))
    }
}
