//! Whether the watcher saw what was acknowledged: each accepted fix once and in order, as the current
//! location of a frame or in that frame's trail, and nothing else.
//!
//! A frame names its newest fix by time; the fixes since the frame before are then matched with its
//! trail, point by point. Times on the wire are whole seconds and trails have five decimals, so both
//! are compared with that tolerance.

use std::time::Instant;

use onway_core::fix::Position;
use serde::Serialize;

use crate::replay::ledger::{Entry, Kind, Ledger, Outcome, Seen, Watched};

/// How far a shown position may be from the fix that was sent, in metres: the rounding of a trail, which
/// is 0.8 m at most.
#[cfg(test)]
pub const TOLERANCE_M: f64 = 1.0;

/// What kind of promise was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Acknowledged and never seen.
    Lost,
    /// Seen again.
    Twice,
    /// Seen after a newer one.
    OutOfOrder,
    /// Seen and never sent, or sent and not believed.
    Unsent,
    /// A `seq` that does not grow.
    Sequence,
    /// An error of the service, or something that it never said.
    Service,
}

/// One broken promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub fault: Fault,
    pub detail: String,
}

/// What the evidence says.
#[derive(Debug, Default)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    /// For each fix, when the watcher saw it.
    pub seen: Vec<Option<Instant>>,
    /// Fixes that had to be seen while the watcher's socket was away.
    pub missed_while_away: usize,
}

/// Compares what was acknowledged with what was seen.
pub fn verify(ledger: &Ledger, tolerance_m: f64) -> Verdict {
    let mut check = Check {
        fixes: &ledger.fixes,
        tolerance_m,
        newest: None,
        seq: None,
        catching_up: true,
        away: vec![false; ledger.fixes.len()],
        verdict: Verdict { seen: vec![None; ledger.fixes.len()], ..Verdict::default() },
    };
    for complaint in &ledger.complaints {
        check.find(Fault::Service, complaint.clone());
    }
    for watched in &ledger.watched {
        match watched {
            Watched::Reconnected => check.catching_up = true,
            Watched::Frame(seen) => check.frame(seen),
        }
    }
    check.finish()
}

struct Check<'a> {
    fixes: &'a [Entry],
    tolerance_m: f64,
    /// The newest fix that was shown.
    newest: Option<usize>,
    seq: Option<u64>,
    /// Between connecting and being up to date, where old events and a jump in positions are right.
    catching_up: bool,
    /// Fixes that may be missing, since the watcher was away.
    away: Vec<bool>,
    verdict: Verdict,
}

impl Check<'_> {
    fn frame(&mut self, seen: &Seen) {
        if let (false, Some(before)) = (self.catching_up, self.seq)
            && seen.kind != Kind::Snapshot
            && seen.kind != Kind::Resumed
            && seen.seq <= before
        {
            self.find(Fault::Sequence, format!("seq {} after {before}", seen.seq));
        }
        self.seq = Some(seen.seq);
        if let Some((seconds, position)) = seen.shown {
            self.location(seen, seconds, position);
        }
        if matches!(seen.kind, Kind::Snapshot | Kind::Resumed) {
            self.catching_up = false;
        }
    }

    fn location(&mut self, seen: &Seen, seconds: i64, position: Position) {
        let first_new = self.newest.map_or(0, |newest| newest + 1);
        let of_that_second = |fix: &usize| {
            self.fixes.get(*fix).is_some_and(|entry| entry.time_ms.div_euclid(1_000) == seconds)
        };
        let distance = |fix: &usize| self.fixes[*fix].position.metres_to(position);
        let fresh = (first_new..self.fixes.len())
            .filter(of_that_second)
            .min_by(|one, other| distance(one).total_cmp(&distance(other)));
        let Some(fix) = fresh else {
            let known = (0..first_new).rev().find(of_that_second);
            let may_repeat = self.catching_up || seen.kind == Kind::Snapshot;
            return match known {
                None => {
                    self.find(Fault::Unsent, format!("seq {}: no fix of time {seconds} was sent", seen.seq))
                }
                Some(_) if may_repeat => {}
                Some(fix) if Some(fix) == self.newest => {
                    self.find(Fault::Twice, format!("{} again as seq {}", self.name(fix), seen.seq));
                }
                Some(fix) => self.find(Fault::OutOfOrder, format!("{} as seq {}", self.name(fix), seen.seq)),
            };
        };
        let off = distance(&fix);
        if off > self.tolerance_m {
            let name = self.name(fix);
            self.find(Fault::Unsent, format!("seq {} shows {name} {off:.1} m from where it was", seen.seq));
        }
        if !self.fixes[fix].may_be_seen() {
            let answer = match &self.fixes[fix].outcome {
                Some(Outcome::Late) => "late",
                Some(Outcome::Filtered) => "filtered",
                _ => "rejected",
            };
            self.find(
                Fault::Unsent,
                format!("seq {} shows {}, answered as {answer}", seen.seq, self.name(fix)),
            );
        }
        if self.catching_up || seen.kind == Kind::Snapshot {
            self.away[first_new..fix].fill(true);
        } else if !seen.trail.is_empty() {
            self.trail(seen, first_new..fix);
        }
        self.mark(fix, seen.at);
        self.newest = Some(fix);
    }

    /// Matches the points of a trail but its last, which is the current location, with the fixes
    /// between the frame before and this one.
    fn trail(&mut self, seen: &Seen, between: std::ops::Range<usize>) {
        let points = &seen.trail[..seen.trail.len() - 1];
        let near =
            |fix: usize, point: &Position| self.fixes[fix].position.metres_to(*point) <= self.tolerance_m;
        let expected: Vec<usize> = between.clone().filter(|fix| self.fixes[*fix].must_be_seen()).collect();
        if expected.len() == points.len() && expected.iter().zip(points).all(|(fix, point)| near(*fix, point))
        {
            expected.into_iter().for_each(|fix| self.mark(fix, seen.at));
            return;
        }
        let mut next = between.start;
        for point in points {
            let near = |fix: &usize| self.fixes[*fix].position.metres_to(*point) <= self.tolerance_m;
            let matching = (next..between.end).filter(|fix| self.fixes[*fix].may_be_seen()).find(near);
            if let Some(fix) = matching {
                self.mark(fix, seen.at);
                next = fix + 1;
                continue;
            }
            let place = format!("({:.5}, {:.5})", point.lat(), point.lng());
            match (0..next).rev().filter(|fix| self.fixes[*fix].may_be_seen()).find(near) {
                Some(fix) if self.verdict.seen[fix].is_some() => {
                    self.find(
                        Fault::Twice,
                        format!("{} again in the trail of seq {}", self.name(fix), seen.seq),
                    );
                }
                Some(fix) => {
                    let detail = format!("{} in the trail of seq {}", self.name(fix), seen.seq);
                    self.find(Fault::OutOfOrder, detail);
                    self.mark(fix, seen.at);
                }
                None => self.find(Fault::Unsent, format!("{place} in the trail of seq {}", seen.seq)),
            }
        }
    }

    fn mark(&mut self, fix: usize, at: Instant) {
        self.verdict.seen[fix].get_or_insert(at);
    }

    fn finish(mut self) -> Verdict {
        for fix in 0..self.fixes.len() {
            if !self.fixes[fix].must_be_seen() || self.verdict.seen[fix].is_some() {
                continue;
            }
            if self.away[fix] {
                self.verdict.missed_while_away += 1;
            } else {
                let answer = match self.fixes[fix].outcome {
                    Some(Outcome::Duplicate) => "sent again and known as a duplicate",
                    _ => "acknowledged as accepted",
                };
                self.find(Fault::Lost, format!("{}, {answer}, never seen", self.name(fix)));
            }
        }
        self.verdict
    }

    fn name(&self, fix: usize) -> String {
        format!("fix {fix} of time {}", self.fixes[fix].time_ms as f64 / 1_000.0)
    }

    fn find(&mut self, fault: Fault, detail: String) {
        self.verdict.findings.push(Finding { fault, detail });
    }
}

#[cfg(test)]
mod tests;
