//! Who looked at a delivery, what at, when, and in which role: for those who answer for its customers' and drivers'
//! privacy. No token and no address is ever in it.
//!
//! Whoever comes again for the same is one entry with a count. A new entry is stored at once, that it came again
//! after a while: so nothing but the newest counts of a few minutes is lost with a process, and a viewer who polls
//! costs a row now and then. What is to leave for the archive is set apart first, so that an attempt that is
//! repeated is the same row.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::permission::Party;

/// Most entries that name somebody until the archive has them; who comes then is counted with others of the party.
pub const VISITS_MAX: usize = 200;
/// That somebody came again is stored so often, in ms.
pub const AGAIN_SPAN: i64 = 300_000;

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Look {
    /// The snapshot over HTTP.
    Read,
    /// The snapshot in the HTML of its page.
    Page,
    /// A socket.
    Follow,
    History,
    Timeline,
    /// The image of a proof.
    Proof,
}

/// Somebody who looked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    pub party: Party,
    /// Of its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The id of its share link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// That somebody looked, once or again. Times are the wall clock's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    #[serde(flatten)]
    pub by: Visitor,
    pub look: Look,
    pub first: Millis,
    pub last: Millis,
    pub count: u32,
}

impl Visit {
    pub const fn new(by: Visitor, look: Look, wall: Millis) -> Self {
        Self { by, look, first: wall, last: wall, count: 1 }
    }
}

/// What the archive has not got yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLog {
    /// Set apart for the archive.
    pub leaving: Vec<Visit>,
    visits: Vec<Visit>,
    stored: Millis,
}

impl AccessLog {
    /// Notes a visit. Whether the log is to be stored now.
    pub fn note(&mut self, mut by: Visitor, look: Look, wall: Millis) -> bool {
        let place = |visits: &[Visit], by: &Visitor| {
            visits.iter().position(|visit| visit.by == *by && visit.look == look)
        };
        let mut known = place(&self.visits, &by);
        if known.is_none() && self.visits.len() >= VISITS_MAX {
            by = Visitor { party: by.party, subject: None, link: None };
            known = place(&self.visits, &by);
        }
        let is_new = match known.and_then(|at| self.visits.get_mut(at)) {
            Some(visit) => {
                (visit.last, visit.count) = (wall, visit.count.saturating_add(1));
                false
            }
            None => {
                self.visits.push(Visit::new(by, look, wall));
                true
            }
        };
        let is_due = is_new || wall.since(self.stored) >= AGAIN_SPAN;
        if is_due {
            self.stored = wall;
        }
        is_due
    }

    /// Since when something waits for the archive.
    pub fn waits_since(&self) -> Option<Millis> {
        self.leaving.first().or(self.visits.first()).map(|visit| visit.first)
    }

    /// Sets apart what is to leave, unless something is. Whether anything is.
    pub fn set_apart(&mut self) -> bool {
        if self.leaving.is_empty() {
            self.leaving = std::mem::take(&mut self.visits);
        }
        !self.leaving.is_empty()
    }

    /// The archive has what was set apart.
    pub fn left(&mut self) {
        self.leaving.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(subject: &str) -> Visitor {
        Visitor { party: Party::Customer, subject: Some(subject.into()), link: None }
    }

    #[test]
    fn who_polls_is_one_entry_and_is_stored_now_and_then() {
        let mut log = AccessLog::default();
        let stored: Vec<_> =
            (0..100).filter(|n| log.note(visitor("c"), Look::Read, Millis(1_000_000 + n * 10_000))).collect();
        assert_eq!(stored, [0, 30, 60, 90]);
        assert!(log.note(visitor("c"), Look::Follow, Millis(2_000_000)), "another look is another entry");
        assert!(log.note(visitor("d"), Look::Read, Millis(2_000_000)), "so is somebody else");
        assert!(log.set_apart());
        let counts: Vec<_> = log.leaving.iter().map(|visit| (visit.count, visit.last.0)).collect();
        assert_eq!(counts, [(100, 1_990_000), (1, 2_000_000), (1, 2_000_000)]);
    }

    #[test]
    fn an_attempt_that_is_repeated_is_the_same_and_what_came_meanwhile_follows() {
        let mut log = AccessLog::default();
        log.note(visitor("c"), Look::Read, Millis(1));
        assert!(log.set_apart());
        let first = log.leaving.clone();
        assert!(log.note(visitor("c"), Look::Read, Millis(2)), "it is a new entry");
        let mut woken: AccessLog = serde_json::from_str(&serde_json::to_string(&log).unwrap()).unwrap();
        assert!(woken.set_apart());
        assert_eq!((&woken.leaving, woken.waits_since()), (&first, Some(Millis(1))));
        woken.left();
        assert!(woken.set_apart());
        assert_eq!(woken.leaving[0].first, Millis(2));
        woken.left();
        assert_eq!((woken.set_apart(), woken.waits_since()), (false, None));
    }

    #[test]
    fn it_is_bounded_and_counts_those_it_cannot_name() {
        let mut log = AccessLog::default();
        for n in 0..1_000 {
            log.note(visitor(&n.to_string()), Look::Read, Millis(n));
        }
        log.note(visitor("5"), Look::Read, Millis(1_000));
        assert_eq!(log.visits.len(), VISITS_MAX + 1);
        assert_eq!(log.visits.iter().map(|visit| visit.count).sum::<u32>(), 1_001);
        let others = log.visits.last().unwrap();
        assert_eq!((&others.by.subject, others.count), (&None, 800));
        assert_eq!(log.visits[5].count, 2);
    }
}
