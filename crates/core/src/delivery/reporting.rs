//! Taking a report: positions in the order of their times, then the status.

use crate::clock::Millis;
use crate::delivery::{Delivery, Event, Outcome};
use crate::filter::{Reason, Verdict};
use crate::fix::Fix;
use crate::permission::Party;
use crate::recent::{Archive, Placed};
use crate::wire::report::{Counts, Report};

/// A fix this far ahead of now has a wrong clock, in ms.
const AHEAD_MAX: i64 = 120_000;
/// A fix this long before the start still belongs to the delivery, in ms.
const BEFORE_START: i64 = 60_000;

impl Delivery {
    /// Takes a report: its positions in the order of their times, then its status.
    pub(super) fn take(
        &mut self,
        report: Report,
        party: Party,
        now: Millis,
        archive: &dyn Archive,
    ) -> Outcome {
        let mut outcome = Outcome {
            counts: Counts { rejected: report.rejected, ..Counts::default() },
            ..Outcome::default()
        };
        if party == Party::Driver {
            self.live.contact = Some(now);
            if !report.relayed {
                self.note_direct();
            }
        }
        let live_before = self.live.recent.live().map(Fix::id);
        let mut path = Vec::new();
        let mut fixes = report.fixes;
        fixes.sort_by_key(Fix::key);
        for fix in fixes {
            let (key, time) = (fix.key(), fix.time);
            if self.take_fix(fix, now, archive, &mut outcome)
                && self.live.shown.is_none_or(|shown| key > shown)
            {
                let place = self.live.recent.live_position();
                if let Some(place) = place.filter(|_| self.status().is_under_way()) {
                    self.live.measured.observe(time, place, self.facts.dropoff.position());
                }
                path.extend(place.map(|place| (time, place)));
            }
            if let Some(chunk) = self.live.recent.take_full_chunk() {
                self.live.chunks += 1;
                outcome.chunks.push((self.live.chunks, chunk));
            }
        }
        if let Some(status) = &report.status {
            match self.reach(status, now) {
                Ok(event) => outcome.events.extend(event.map(Event::Status)),
                Err(conflict) => outcome.conflict = Some(conflict),
            }
        }
        let live = self.live.recent.live();
        let newest = live.map(Fix::key);
        if newest > self.live.shown {
            self.live.shown = newest;
            self.live.updated = now;
            self.refresh_eta();
            self.pass_places(&path, &mut outcome);
            self.publish_eta(now, false);
            outcome.events.push(Event::Moved { seq: self.next_seq(), path });
        } else if live.map(Fix::id) != live_before {
            // A late fix changed what was believed: nothing published is taken back, but a snapshot differs.
            self.next_seq();
            self.refresh_eta();
        }
        self.begin_earlier();
        self.live.totals.take(&outcome.counts);
        outcome.changed |= !outcome.events.is_empty();
        outcome
    }

    /// Takes one fix and counts it. Whether it is the newest and believed.
    fn take_fix(&mut self, fix: Fix, now: Millis, archive: &dyn Archive, outcome: &mut Outcome) -> bool {
        if self.live.recent.holds(&fix) {
            outcome.counts.duplicates += 1;
            return false;
        }
        if self.ended().is_some_and(|ended| fix.time > ended) {
            // After the end nobody's position is kept.
            outcome.counts.filtered += 1;
            return false;
        }
        let apart = if fix.time.since(now) > AHEAD_MAX {
            Some(Reason::Clock)
        } else if fix.time < self.facts.started.plus(-BEFORE_START) {
            Some(Reason::BeforeStart)
        } else {
            None
        };
        if let Some(reason) = apart {
            outcome.wrong_clock |= reason == Reason::Clock;
            let new = self.live.recent.record_apart(fix, Verdict::Filtered(reason), archive);
            *(if new { &mut outcome.counts.filtered } else { &mut outcome.counts.duplicates }) += 1;
            if new {
                self.live.fixes.filter(reason);
            }
            outcome.changed |= new;
            return false;
        }
        let time = fix.time;
        let placed = self.live.recent.place(fix, self.facts.mode, archive);
        let counts = &mut outcome.counts;
        let counter = match placed {
            Placed::Duplicate => &mut counts.duplicates,
            Placed::Newest(Verdict::Accepted) => &mut counts.accepted,
            Placed::Newest(_)
            | Placed::Between(Verdict::Filtered(_))
            | Placed::Older(Verdict::Filtered(_)) => &mut counts.filtered,
            Placed::Between(_) | Placed::Older(_) => &mut counts.late,
        };
        *counter += 1;
        match placed {
            Placed::Duplicate => {}
            Placed::Newest(Verdict::Filtered(reason))
            | Placed::Between(Verdict::Filtered(reason))
            | Placed::Older(Verdict::Filtered(reason)) => self.live.fixes.filter(reason),
            Placed::Newest(_) => {
                self.live.fixes.accepted += 1;
                self.live.measured.take(time);
            }
            Placed::Between(_) | Placed::Older(_) => {
                self.live.fixes.late += 1;
                self.live.measured.take(time);
            }
        }
        outcome.changed |= placed != Placed::Duplicate;
        placed == Placed::Newest(Verdict::Accepted)
    }
}
