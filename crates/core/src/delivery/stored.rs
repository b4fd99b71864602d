//! A running delivery as its object stores it: one row, written once a frame.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::delivery::{Delivery, Facts, Live, Reached};
use crate::eta::{Estimate, Pace};
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
    #[serde(default)]
    pace: Pace,
    #[serde(default)]
    stops_before: u32,
    #[serde(default)]
    shown: Option<Key>,
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
    outbox: Outbox,
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
            pace: self.pace,
            stops_before: self.stops_before,
            shown: self.shown,
            contact: self.contact,
            updated: self.updated,
            revision: self.revision,
            chunks: self.chunks,
            published: self.published.clone(),
            outbox: self.outbox.clone(),
        }
    }
}

impl Delivery {
    pub fn load(facts: Facts, stored: StoredLive) -> Result<Self, Unreadable> {
        let live = Live {
            seq: stored.seq,
            timeline: stored.timeline,
            recent: Recent::load(stored.recent, facts.mode)?,
            fixes: stored.fixes,
            eta: stored.eta,
            pace: stored.pace,
            stops_before: stored.stops_before,
            shown: stored.shown,
            contact: stored.contact,
            updated: stored.updated,
            revision: stored.revision,
            chunks: stored.chunks,
            published: stored.published,
            outbox: stored.outbox,
        };
        Ok(Self { facts, live })
    }
}
