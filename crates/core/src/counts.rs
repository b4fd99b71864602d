//! What a delivery counts of itself, since it began: it rides on its reports to the fleet, where the differences are
//! added up for `/metrics`.

use serde::{Deserialize, Serialize};

use crate::wire::report;

/// Counted since the delivery began; never less than before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Fixes by what became of them.
    pub accepted: u64,
    pub late: u64,
    pub duplicates: u64,
    pub filtered: u64,
    pub rejected: u64,
    /// Frames written to sockets.
    pub frames: u64,
    /// Rows written in the object.
    pub rows: u64,
    pub alarms: u64,
    /// Attempts to reach D1 that failed.
    pub d1_errors: u64,
}

impl Totals {
    /// Adds the fixes of a message.
    pub fn take(&mut self, counts: &report::Counts) {
        self.accepted += counts.accepted as u64;
        self.late += counts.late as u64;
        self.duplicates += counts.duplicates as u64;
        self.filtered += counts.filtered as u64;
        self.rejected += counts.rejected.len() as u64;
    }

    pub fn add(&mut self, other: &Self) {
        self.merge(other, u64::saturating_add);
    }

    /// Of each the greater: nothing becomes less.
    pub fn raise(&mut self, other: &Self) {
        self.merge(other, u64::max);
    }

    fn merge(&mut self, other: &Self, both: fn(u64, u64) -> u64) {
        for (sum, more) in [
            (&mut self.accepted, other.accepted),
            (&mut self.late, other.late),
            (&mut self.duplicates, other.duplicates),
            (&mut self.filtered, other.filtered),
            (&mut self.rejected, other.rejected),
            (&mut self.frames, other.frames),
            (&mut self.rows, other.rows),
            (&mut self.alarms, other.alarms),
            (&mut self.d1_errors, other.d1_errors),
        ] {
            *sum = both(*sum, more);
        }
    }
}

/// As it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gauges {
    pub sockets: u64,
    /// What waits for the archive: chunks and summaries.
    pub outbox: u64,
    /// When the oldest of it began to wait, in Unix milliseconds of the wall clock.
    pub waiting_since: Option<i64>,
}

impl Gauges {
    pub fn add(&mut self, other: &Self) {
        self.sockets += other.sockets;
        self.outbox += other.outbox;
        self.waiting_since = match (self.waiting_since, other.waiting_since) {
            (Some(one), Some(another)) => Some(one.min(another)),
            (one, another) => one.or(another),
        };
    }
}

/// What a hub says of itself and of the deliveries that it has heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HubCounts {
    /// Of all reports, added up since the hub began.
    pub totals: Totals,
    /// Of the deliveries that it knows.
    pub gauges: Gauges,
    /// Reports that were taken.
    pub reports: u64,
    /// Reports that were told to come less often.
    pub slow_answers: u64,
    /// Deliveries that it knows.
    pub entries: u64,
    /// Sockets of dashboards.
    pub dashboards: u64,
    /// When it was last written down, in Unix milliseconds of the wall clock.
    pub checkpoint_at: Option<i64>,
    /// From what was last reported until it was taken, in ms.
    pub lag_ms: u64,
}

impl HubCounts {
    /// Adds another hub: of ages and lags the worst counts.
    pub fn add(&mut self, other: &Self) {
        self.totals.add(&other.totals);
        self.gauges.add(&other.gauges);
        self.reports += other.reports;
        self.slow_answers += other.slow_answers;
        self.entries += other.entries;
        self.dashboards += other.dashboards;
        self.checkpoint_at = match (self.checkpoint_at, other.checkpoint_at) {
            (Some(one), Some(another)) => Some(one.min(another)),
            (one, another) => one.or(another),
        };
        self.lag_ms = self.lag_ms.max(other.lag_ms);
    }
}
