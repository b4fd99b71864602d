//! A running delivery as its object stores it: one row, written once a frame.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::counts::Totals;
use crate::delivery::{
    Acts, Delivery, Driven, Facts, Following, Guidance, Handover, Live, Measured, Noticed, Reached,
};
use crate::eta::{Estimate, Journey};
use crate::fleet::reporting::Reporting;
use crate::geofence::Passing;
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
    #[serde(default)]
    acts: Acts,
    /// The fixes are columns of their own: see [`recent::Stored`].
    pub recent: recent::Stored,
    #[serde(default)]
    fixes: FixCounts,
    #[serde(default)]
    measured: Measured,
    #[serde(default)]
    totals: Totals,
    #[serde(default)]
    eta: Option<Estimate>,
    /// Rows from before it knew more than the beginning are read too, and named it so.
    #[serde(default, rename = "pace")]
    journey: Journey,
    #[serde(default)]
    following: Following,
    #[serde(default, skip_serializing_if = "Passing::is_new")]
    passing: Passing,
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
    #[serde(default)]
    reporting: Reporting,
    #[serde(default)]
    noticed: Option<Noticed>,
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
            acts: self.acts.clone(),
            recent: self.recent.store(),
            fixes: self.fixes.clone(),
            measured: self.measured,
            totals: self.totals,
            eta: self.eta,
            journey: self.journey,
            following: self.following,
            passing: self.passing,
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
            reporting: self.reporting,
            noticed: Some(self.noticed.clone()),
        }
    }
}

impl Delivery {
    pub fn load(facts: Facts, stored: StoredLive, guidance: Guidance) -> Result<Self, Unreadable> {
        let noticed = stored.noticed.unwrap_or_else(|| Noticed::all(&stored.timeline, &stored.acts));
        let live = Live {
            seq: stored.seq,
            timeline: stored.timeline,
            acts: stored.acts,
            recent: Recent::load(stored.recent, facts.mode)?,
            fixes: stored.fixes,
            measured: stored.measured,
            totals: stored.totals,
            eta: stored.eta,
            journey: stored.journey,
            following: stored.following,
            passing: stored.passing,
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
            reporting: stored.reporting,
            noticed,
        };
        Ok(Self::new(facts, live, guidance))
    }
}
