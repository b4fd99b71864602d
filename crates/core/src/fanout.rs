//! How often watchers hear of a position: the newest value wins, and the way between goes with it.

use crate::clock::Millis;
use crate::fix::Position;
use crate::thinning::thinned;

/// Shortest time between two frames with a position, in ms of the wall clock: two a second, between which
/// a map moves by itself, and each frame is a write to each socket.
pub const SPACING: i64 = 500;
/// What should have left so long ago goes with the next position, in ms.
const OVERDUE: i64 = 5 * SPACING;
/// Longest way that waits; beyond, it is thinned out to half.
const PATH_MAX: usize = 240;

/// Positions with their times, the newest last.
pub type Path = Vec<(Millis, Position)>;

/// The way since the last frame, and the number of the newest event in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    pub seq: u64,
    pub path: Path,
}

/// Stands for one wait: of two timers only the later one finds something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticket(u64);

/// What is to be done with a new position.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    Now(Moved),
    /// After so many ms, with this ticket; nobody waits for it yet.
    In(i64, Ticket),
    /// Somebody waits already.
    Waiting,
}

/// The pace of one delivery's frames. Nothing of it is stored: what waits is stored with the delivery, and
/// those who come back are told all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fanout {
    last: Option<Millis>,
    waiting: Option<Moved>,
    ticket: Ticket,
}

impl Fanout {
    /// Takes a newer position at the wall's `wall`.
    pub fn offer(&mut self, moved: Moved, wall: Millis) -> Due {
        let Some(waiting) = &mut self.waiting else {
            return match self.pause(wall) {
                0 => {
                    self.last = Some(wall);
                    Due::Now(moved)
                }
                pause => {
                    self.waiting = Some(moved);
                    self.ticket.0 += 1;
                    Due::In(pause, self.ticket)
                }
            };
        };
        waiting.seq = moved.seq;
        waiting.path.extend(moved.path);
        if waiting.path.len() > PATH_MAX {
            let points: Vec<_> = waiting.path.iter().map(|(_, position)| *position).collect();
            let kept = thinned(&points, PATH_MAX / 2);
            waiting.path = kept.into_iter().filter_map(|at| waiting.path.get(at).copied()).collect();
        }
        // A timer that is late by so much has been lost.
        match self.last {
            Some(last) if wall.since(last) > OVERDUE => self.flush(wall).map_or(Due::Waiting, Due::Now),
            _ => Due::Waiting,
        }
    }

    /// Takes what waits with this ticket, to be sent at `wall`.
    pub fn take(&mut self, ticket: Ticket, wall: Millis) -> Option<Moved> {
        if ticket == self.ticket { self.flush(wall) } else { None }
    }

    /// Takes what waits before its time: something must follow it.
    pub fn flush(&mut self, wall: Millis) -> Option<Moved> {
        let moved = self.waiting.take()?;
        self.last = Some(wall);
        Some(moved)
    }

    /// ms until the next frame may leave.
    fn pause(&self, wall: Millis) -> i64 {
        match self.last.map(|last| wall.since(last)) {
            // A clock that was set back must not silence anybody.
            Some(passed) if (0..SPACING).contains(&passed) => SPACING - passed,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn moved(numbers: impl IntoIterator<Item = i32>) -> Moved {
        let path: Path =
            numbers.into_iter().map(|n| (Millis(i64::from(n)), Position { lat_e7: n, lng_e7: 0 })).collect();
        Moved { seq: path.last().unwrap().0.0 as u64, path }
    }

    #[test]
    fn a_slow_driver_is_heard_at_once_and_a_fast_one_in_turns() {
        let mut fanout = Fanout::default();
        assert_eq!(fanout.offer(moved([1]), Millis(0)), Due::Now(moved([1])));
        assert_eq!(fanout.offer(moved([2]), Millis(100)), Due::In(400, Ticket(1)));
        assert_eq!(fanout.offer(moved([3]), Millis(200)), Due::Waiting);
        assert_eq!(fanout.take(Ticket(1), Millis(500)), Some(moved([2, 3])));
        assert_eq!(fanout.take(Ticket(1), Millis(500)), None);
        assert_eq!(fanout.offer(moved([4]), Millis(1_000)), Due::Now(moved([4])));
        assert_eq!(fanout.offer(moved([5]), Millis(600)), Due::Now(moved([5])), "a clock set back");
    }

    #[test]
    fn a_timer_that_was_lost_silences_nobody() {
        let mut fanout = Fanout::default();
        fanout.offer(moved([1]), Millis(0));
        fanout.offer(moved([2]), Millis(100));
        assert_eq!(fanout.offer(moved([3]), Millis(OVERDUE)), Due::Waiting);
        assert_eq!(fanout.offer(moved([4]), Millis(OVERDUE + 1)), Due::Now(moved([2, 3, 4])));
    }

    proptest! {
        /// Frames keep their distance, but for what goes before a status; the last position always arrives.
        #[test]
        fn frames_keep_their_distance(steps in proptest::collection::vec((0..600_i64, 0..20_u8), 1..300)) {
            let (mut fanout, mut wall) = (Fanout::default(), Millis(0));
            let mut timers: Vec<(Millis, Ticket)> = Vec::new();
            let (mut sent, mut newest) = (Vec::new(), None);
            for (n, (gap, step)) in (1..).zip(steps) {
                let next = wall.plus(gap);
                timers.sort_by_key(|(at, _)| *at);
                while let Some((at, ticket)) = timers.first().copied().filter(|(at, _)| *at <= next) {
                    timers.remove(0);
                    if let Some(moved) = fanout.take(ticket, at) {
                        newest = moved.path.last().copied();
                        sent.push(at);
                    }
                }
                wall = next;
                if step == 0 {
                    // A status: what waits goes before it, and begins the next distance.
                    if let Some(moved) = fanout.flush(wall) {
                        newest = moved.path.last().copied();
                        sent.clear();
                        sent.push(wall);
                    }
                }
                match fanout.offer(moved([n]), wall) {
                    Due::Now(moved) => { newest = moved.path.last().copied(); sent.push(wall); }
                    Due::In(pause, ticket) => timers.push((wall.plus(pause), ticket)),
                    Due::Waiting => prop_assert!(!timers.is_empty()),
                }
                if timers.is_empty() {
                    prop_assert_eq!(newest, moved([n]).path.last().copied());
                }
            }
            prop_assert!(sent.windows(2).all(|pair| pair[1].since(pair[0]) >= SPACING));
        }

        #[test]
        fn what_waits_is_bounded(count in 1..2_000_i32) {
            let mut fanout = Fanout { last: Some(Millis(0)), ..Fanout::default() };
            for n in 0..count {
                fanout.offer(moved([n]), Millis(1));
            }
            let waited = fanout.flush(Millis(400)).unwrap();
            prop_assert!(waited.path.len() <= PATH_MAX);
            prop_assert_eq!(waited.path.last().copied(), moved([count - 1]).path.last().copied());
        }
    }
}
