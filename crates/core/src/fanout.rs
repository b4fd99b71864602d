//! How often watchers hear of a position: the newest value wins, and the way between goes with it.

use crate::clock::Millis;
use crate::fix::Position;
use crate::track::thinned;

/// Shortest time between two frames with a position, in ms of the wall clock: two and a half a second, which
/// is more than a map can show, and each frame is a write to each socket.
pub const SPACING: i64 = 400;
/// Longest way that waits; beyond, it is thinned out to half.
const PATH_MAX: usize = 240;

/// Positions with their times, the newest last.
pub type Path = Vec<(Millis, Position)>;

/// What is to be done with a new position.
#[derive(Clone, Debug, PartialEq)]
pub enum Due {
    Now(Path),
    /// After so many ms; nobody waits for it yet.
    In(i64),
    /// Somebody waits already.
    Waiting,
}

/// The pace of one delivery's frames. Nothing of it is stored: what waits is stored with the delivery, and
/// those who come back are told all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fanout {
    last: Option<Millis>,
    waiting: Option<Path>,
}

impl Fanout {
    /// Takes a newer position at the wall's `wall`.
    pub fn offer(&mut self, path: Path, wall: Millis) -> Due {
        let Some(waiting) = &mut self.waiting else {
            return match self.pause(wall) {
                0 => {
                    self.last = Some(wall);
                    Due::Now(path)
                }
                pause => {
                    self.waiting = Some(path);
                    Due::In(pause)
                }
            };
        };
        waiting.extend(path);
        if waiting.len() > PATH_MAX {
            let points: Vec<_> = waiting.iter().map(|(_, position)| *position).collect();
            let kept = thinned(&points, PATH_MAX / 2);
            *waiting = kept.into_iter().filter_map(|at| waiting.get(at).copied()).collect();
        }
        Due::Waiting
    }

    /// Takes what waits, to be sent at `wall`.
    pub fn take(&mut self, wall: Millis) -> Option<Path> {
        let path = self.waiting.take()?;
        self.last = Some(wall);
        Some(path)
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

    fn point(n: i32) -> (Millis, Position) {
        (Millis(i64::from(n)), Position { lat_e7: n, lng_e7: 0 })
    }

    #[test]
    fn a_slow_driver_is_heard_at_once_and_a_fast_one_in_turns() {
        let mut fanout = Fanout::default();
        assert_eq!(fanout.offer(vec![point(1)], Millis(0)), Due::Now(vec![point(1)]));
        assert_eq!(fanout.offer(vec![point(2)], Millis(100)), Due::In(300));
        assert_eq!(fanout.offer(vec![point(3)], Millis(200)), Due::Waiting);
        assert_eq!(fanout.take(Millis(400)), Some(vec![point(2), point(3)]));
        assert_eq!(fanout.take(Millis(400)), None);
        assert_eq!(fanout.offer(vec![point(4)], Millis(800)), Due::Now(vec![point(4)]));
        assert_eq!(fanout.offer(vec![point(5)], Millis(600)), Due::Now(vec![point(5)]));
    }

    proptest! {
        /// At most three frames begin within any second, and the last position always arrives.
        #[test]
        fn frames_keep_their_distance(gaps in proptest::collection::vec(0..500_i64, 1..300)) {
            let (mut fanout, mut wall, mut due) = (Fanout::default(), Millis(0), None::<Millis>);
            let (mut sent, mut newest) = (Vec::new(), None);
            for (n, gap) in (1..).zip(gaps) {
                let next = wall.plus(gap);
                if let Some(at) = due.filter(|at| *at <= next) {
                    newest = fanout.take(at).and_then(|path| path.last().copied());
                    sent.push(at);
                    due = None;
                }
                wall = next;
                match fanout.offer(vec![point(n)], wall) {
                    Due::Now(path) => { newest = path.last().copied(); sent.push(wall); }
                    Due::In(pause) => due = Some(wall.plus(pause)),
                    Due::Waiting => {}
                }
                if due.is_none() {
                    prop_assert_eq!(newest, Some(point(n)));
                }
            }
            prop_assert!(sent.windows(2).all(|pair| pair[1].since(pair[0]) >= SPACING));
        }

        #[test]
        fn what_waits_is_bounded(count in 1..2_000_i32) {
            let mut fanout = Fanout { last: Some(Millis(0)), waiting: None };
            for n in 0..count {
                fanout.offer(vec![point(n)], Millis(1));
            }
            let path = fanout.take(Millis(400)).unwrap();
            prop_assert!(path.len() <= PATH_MAX);
            prop_assert_eq!(path.last(), Some(&point(count - 1)));
        }
    }
}
