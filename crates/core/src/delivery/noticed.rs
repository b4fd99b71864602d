//! What is to be told to people and other systems: found out after each change, and kept until the queue has it.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::delivery::{Act, Acts, Delivery, EntryKind, Event, Outcome, Reached};
use crate::geofence::FencedPlace;
use crate::notice::{Kind, Notice};
use crate::status::Status;

/// Most notices that wait. They are written with each frame; a delivery has a dozen in all.
pub const PENDING_MAX: usize = 64;

/// When something is worth telling, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// So much later than promised is late.
    pub delay: i64,
    /// The ETA has moved by so much since it was told.
    pub eta: i64,
    /// Nothing was heard for so long.
    pub silence: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { delay: 300_000, eta: 300_000, silence: 600_000 }
    }
}

/// How far it has been told. Written with whatever else changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Noticed {
    /// How much has been noted. Numbers of its own: those of frames have no gaps by what only others are told.
    count: u64,
    /// How many statuses.
    steps: usize,
    /// How many acts.
    acts: usize,
    /// The ETA that was told last, and when, in Unix seconds.
    eta: Option<(i64, i64)>,
    delayed: bool,
    off_route: bool,
    stale: bool,
    /// What the queue does not have yet, oldest first.
    pending: Vec<Notice>,
}

impl Noticed {
    pub fn pending(&self) -> &[Notice] {
        &self.pending
    }

    /// Of a delivery that was there before anything was noted: what has been is not told any more.
    pub fn all(timeline: &[Reached], acts: &Acts) -> Self {
        Self { steps: timeline.len(), acts: acts.count(), ..Self::default() }
    }

    /// The queue has all up to this number.
    pub fn sent(&mut self, seq: u64) {
        self.pending.retain(|notice| notice.seq > seq);
    }

    fn push(&mut self, notice: Notice) {
        if self.pending.len() >= PENDING_MAX {
            // What is true of a moment goes before what stays true.
            let passing = |notice: &Notice| {
                matches!(notice.kind, Kind::EtaChanged | Kind::OffRoute | Kind::Stale | Kind::Resumed)
            };
            self.pending.remove(self.pending.iter().position(passing).unwrap_or(0));
        }
        self.pending.push(notice);
    }
}

impl Delivery {
    /// Notes what is to be told of a change that is about to be written.
    pub fn notice(&mut self, outcome: &Outcome, limits: Thresholds, now: Millis) {
        self.notice_steps();
        self.notice_acts();
        for event in &outcome.events {
            if let Event::Geofence(event) = event {
                self.note_kind(event.crossing.into(), event.at, Some(event.place));
            }
        }
        let has_moved = outcome.events.iter().any(|event| matches!(event, Event::Moved { .. }));
        // A phone that catches up on what it could not send is heard, but not seen yet.
        let is_fresh = || self.heard_at().is_some_and(|at| now.since(at) < limits.silence);
        if self.live.noticed.stale && has_moved && is_fresh() {
            self.live.noticed.stale = false;
            self.note_kind(Kind::Resumed, now, None);
        }
        // A late fix moves nobody, though it may change what is estimated.
        let is_late_fix = outcome.events.is_empty();
        if self.status().is_under_way() && !is_late_fix {
            let is_off = self.is_off_route();
            if is_off && !self.live.noticed.off_route {
                self.note_kind(Kind::OffRoute, now, None);
            }
            self.live.noticed.off_route = is_off;
            self.notice_eta(limits, now);
        }
        self.notice_delay(limits, now, !is_late_fix);
    }

    /// Notes what time alone has brought about. Whether there is something to tell.
    pub fn notice_time(&mut self, limits: Thresholds, now: Millis) -> bool {
        let before = self.live.noticed.pending.len();
        self.notice_delay(limits, now, true);
        if self.silent_from(limits).is_some_and(|from| from <= now) {
            self.live.noticed.stale = true;
            self.note_kind(Kind::Stale, now, None);
        }
        self.live.noticed.pending.len() > before
    }

    /// Notes that it has ended for everybody.
    pub fn notice_expiry(&mut self, now: Millis) {
        self.note_kind(Kind::Expired, now, None);
    }

    /// When time alone may bring something about, in the delivery's time.
    pub fn next_look(&self, limits: Thresholds) -> Option<Millis> {
        let late = self.late_from(limits).filter(|_| !self.live.noticed.delayed);
        [late, self.silent_from(limits)].into_iter().flatten().min()
    }

    /// From when on it is late, if it has not ended by then.
    fn late_from(&self, limits: Thresholds) -> Option<Millis> {
        let promised = self.facts.window.and_then(|window| window.to)?;
        (!self.status().is_final()).then(|| promised.plus(limits.delay))
    }

    /// From when on the driver has been silent for too long, if nothing comes.
    fn silent_from(&self, limits: Thresholds) -> Option<Millis> {
        if !self.status().is_under_way() || self.live.noticed.stale {
            return None;
        }
        self.heard_at().map(|at| at.plus(limits.silence))
    }

    /// When the newest position was measured.
    fn heard_at(&self) -> Option<Millis> {
        self.live.recent.live().map(|fix| fix.time)
    }

    fn notice_steps(&mut self) {
        let known = self.live.noticed.steps.min(self.live.timeline.len());
        let fresh: Vec<(Status, Millis)> =
            self.live.timeline.iter().skip(known).map(|reached| (reached.status, reached.at)).collect();
        for (n, (status, at)) in fresh.into_iter().enumerate() {
            let is_start = known + n == 0;
            if is_start {
                self.note_kind(Kind::Created, at, None);
            }
            let kind = match status {
                // The start said so, or an act does.
                Status::Created => continue,
                Status::Assigned if !is_start && self.is_act(EntryKind::Assigned, at) => continue,
                Status::Assigned => Kind::Assigned,
                Status::PickedUp => Kind::PickedUp,
                Status::InTransit => Kind::InTransit,
                Status::Delivered => Kind::Delivered,
                Status::Failed => Kind::Failed,
                Status::Cancelled => Kind::Cancelled,
            };
            self.note_kind(kind, at, None);
        }
        self.live.noticed.steps = self.live.timeline.len();
    }

    fn is_act(&self, kind: EntryKind, at: Millis) -> bool {
        self.live.acts.acts.iter().any(|act| act.kind == kind && act.at == at)
    }

    fn notice_acts(&mut self) {
        let acts = &self.live.acts;
        let all = acts.count();
        let fresh = all.saturating_sub(self.live.noticed.acts).min(acts.acts.len());
        let told: Vec<(Kind, Millis)> = acts
            .acts
            .iter()
            .skip(acts.acts.len() - fresh)
            .filter_map(|act| match act.kind {
                EntryKind::Assigned => Some((Kind::Assigned, act.at)),
                EntryKind::Accepted => Some((Kind::Accepted, act.at)),
                EntryKind::Unassigned => Some((Kind::Declined, act.at)),
                _ => None,
            })
            .collect();
        for (kind, at) in told {
            self.note_kind(kind, at, None);
        }
        self.live.noticed.acts = all;
    }

    fn notice_eta(&mut self, limits: Thresholds, now: Millis) {
        // As it was estimated: of a driver who is silent it is past, and what people are shown moves with the clock.
        let Some(eta) = self.live.eta.map(|eta| eta.at.secs()) else { return };
        let far = |secs: i64| secs.abs() * 1000 >= limits.eta;
        match self.live.noticed.eta {
            // One that swings is not told each time.
            Some((told, at)) if !far(eta - told) || !far(now.secs() - at) => {}
            told => {
                self.live.noticed.eta = Some((eta, now.secs()));
                // The first one is told with the status that brought it.
                if told.is_some() {
                    self.note_kind(Kind::EtaChanged, now, None);
                }
            }
        }
    }

    /// Once: that it will be late, by the ETA where that is `heeded`, or is.
    fn notice_delay(&mut self, limits: Thresholds, now: Millis, heeded: bool) {
        if self.live.noticed.delayed {
            return;
        }
        let Some(late) = self.late_from(limits) else { return };
        let will_be =
            heeded && self.status().is_under_way() && self.live.eta.is_some_and(|eta| eta.at > late);
        if will_be || now >= late {
            self.live.noticed.delayed = true;
            self.note_kind(Kind::Delayed, now, None);
        }
    }

    fn note_kind(&mut self, kind: Kind, at: Millis, place: Option<FencedPlace>) {
        self.live.noticed.count += 1;
        let seq = self.live.noticed.count;
        self.live.noticed.push(Notice { kind, seq, at, place });
        if let Some(entry) = entry(kind) {
            let about = place.map(|place| place.name().to_owned()).into_iter().collect();
            self.note(Act { about, ..Act::of(entry, None, at) });
        }
    }
}

/// What it is in the timeline, where nothing else says it there.
const fn entry(kind: Kind) -> Option<EntryKind> {
    Some(match kind {
        Kind::Approaching => EntryKind::Approaching,
        Kind::Arrived => EntryKind::Arrived,
        Kind::Departed => EntryKind::Departed,
        Kind::Delayed => EntryKind::Delayed,
        Kind::OffRoute => EntryKind::OffRoute,
        Kind::Stale => EntryKind::Stale,
        Kind::Resumed => EntryKind::Resumed,
        _ => return None,
    })
}
