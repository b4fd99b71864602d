//! Who drives: assigning and reassigning, and what the driver answers.

#[cfg(test)]
mod tests;

use crate::clock::Millis;
use crate::delivery::{Act, Actor, Delivery, Driven, EntryKind, Event, Outcome, Reached, StatusEvent};
use crate::eta::Journey;
use crate::rejection::Rejection;
use crate::status::Status;
use crate::wire::report::StatusReport;

/// Longest timeline that may still go back to `CREATED`: it is written with each frame.
const TIMELINE_MAX: usize = 64;

impl Delivery {
    /// Gives the delivery to a driver: its first, or another in the place of the one it has.
    pub(super) fn assign(
        &mut self,
        (driver_id, driver_alias): (String, String),
        by: &Actor,
        now: Millis,
    ) -> Result<Outcome, Rejection> {
        let from = self.status();
        if from.is_final() {
            return Err(Rejection::IllegalStep { from, to: Status::Assigned });
        }
        if self.facts.driver_id.as_ref() == Some(&driver_id) {
            return Ok(Outcome::default());
        }
        let act = Act {
            driver: Some(driver_id.clone()),
            former: self.facts.driver_id.clone(),
            ..Act::of(EntryKind::Assigned, Some(by.clone()), now)
        };
        let mut outcome = self.hand_over(Some((driver_id, driver_alias)), now);
        let event = if from == Status::Created {
            let event = self.reach(&StatusReport::of(Status::Assigned), now)?;
            event.map(|event| Event::Status(StatusEvent { whole: true, ..event }))
        } else {
            Some(self.changed_as_a_whole(now))
        };
        outcome.events.extend(event);
        self.note(act);
        Ok(outcome)
    }

    /// Takes the delivery from its driver: the one step back.
    pub(super) fn release(
        &mut self,
        note: Option<String>,
        by: &Actor,
        now: Millis,
    ) -> Result<Outcome, Rejection> {
        match self.status() {
            Status::Created => return Ok(Outcome::default()),
            Status::Assigned => {}
            from => return Err(Rejection::IllegalStep { from, to: Status::Created }),
        }
        if self.live.timeline.len() >= TIMELINE_MAX {
            return Err(Rejection::Conflict("this delivery has changed hands too often".into()));
        }
        let driver = self.facts.driver_id.clone();
        let mut outcome = self.hand_over(None, now);
        let status = Status::Created;
        let at = self.live.timeline.last().map_or(now, |before| before.at.max(now));
        self.live.timeline.push(Reached { note: note.clone(), ..Reached::new(status, at) });
        self.note(Act { driver, ..Act::of(EntryKind::Unassigned, Some(by.clone()), now) });
        let seq = self.next_seq();
        outcome.events.push(Event::Status(StatusEvent { seq, status, at, note, whole: true }));
        Ok(outcome)
    }

    /// What staff read of a driver who declined.
    pub(super) fn declined_note(&self, reason: Option<&str>) -> Option<String> {
        let driver = self.facts.driver_id.as_deref()?;
        Some(match reason.map(str::trim).filter(|reason| !reason.is_empty()) {
            Some(reason) => format!("declined by {driver}: {reason}"),
            None => format!("declined by {driver}"),
        })
    }

    /// The driver agrees.
    pub(super) fn accept(&mut self, by: &Actor, now: Millis) -> Result<Outcome, Rejection> {
        if self.live.accepted_at.is_some() {
            return Ok(Outcome::default());
        }
        let from = self.status();
        if from.is_final() {
            return Err(Rejection::Conflict(format!("a delivery that is {from} cannot be accepted")));
        }
        self.live.accepted_at = Some(now);
        self.note(Act::of(EntryKind::Accepted, Some(by.clone()), now));
        let events = vec![self.changed_as_a_whole(now)];
        Ok(Outcome { events, changed: true, ..Outcome::default() })
    }

    /// Puts another driver, or none, in the place of the one before. Nothing that was shown of that one is
    /// joined with what comes: positions, filter and journey begin anew, and the history keeps the fixes.
    fn hand_over(&mut self, driver: Option<(String, String)>, now: Millis) -> Outcome {
        (self.facts.driver_id, self.facts.driver_alias) = driver.unzip();
        let mut outcome = Outcome { changed: true, facts_changed: true, ..Outcome::default() };
        for chunk in self.live.recent.begin_anew(now) {
            self.live.chunks += 1;
            outcome.chunks.push((self.live.chunks, chunk));
        }
        self.live.journey = Journey::default();
        self.live.measured.begin_anew();
        self.follow_anew();
        self.pass_anew();
        (self.live.accepted_at, self.live.contact, self.live.shown) = (None, None, None);
        self.live.shown_since = None;
        self.live.stops_before = 0;
        // Who is to hear of it is still to be told.
        self.live.driven = Driven::told(self.live.driven.told.take());
        self.live.updated = now;
        self.refresh_eta();
        outcome
    }

    /// The event of a change that is no new status.
    pub(super) fn changed_as_a_whole(&mut self, now: Millis) -> Event {
        self.live.updated = now;
        let (seq, status) = (self.next_seq(), self.status());
        Event::Changed(StatusEvent { seq, status, at: now, note: None, whole: true })
    }
}
