//! Limits that are exact: the frames of one socket, and the sockets of one object.
//!
//! A bucket lives in memory alone. An eviction forgets it, which makes it empty: the socket has then been silent
//! for longer than it takes to drain.

use crate::clock::Millis;
use crate::rejection::Rejection;
use crate::visibility::Audience;

/// Whoever sends so many times as often as is allowed means harm, or is broken.
const ABUSE: f64 = 10.0;
/// For so many seconds, since a phone that comes back may empty its queue at once.
const ABUSE_SECS: f64 = 3.0;

/// How often frames may come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    pub per_second: f64,
    /// So many may come at once after a silence.
    pub burst: f64,
}

/// A leaky bucket: each frame fills it by one, time drains it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Bucket {
    level: f64,
    at: Millis,
}

impl Bucket {
    /// Drains it, and takes one more where there is room; otherwise the ms until there is.
    fn take(&mut self, wall: Millis, per_second: f64, size: f64) -> Result<(), i64> {
        // A clock that was set back drains nothing.
        let passed = wall.since(self.at).max(0) as f64 / 1_000.0;
        self.level = (self.level - passed * per_second).max(0.0);
        self.at = wall;
        // What is left of a sum of fractions is no frame.
        let over = self.level + 1.0 - size.max(1.0) - 1e-6;
        if over <= 0.0 {
            self.level += 1.0;
            return Ok(());
        }
        Err((over / per_second * 1_000.0).ceil() as i64)
    }
}

/// What is to be done with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Take,
    /// There is room for it in so many ms.
    Wait(i64),
    /// The socket is closed, and may come back after so many seconds.
    Close(u32),
}

/// What a frame is answered for which there is room in `pause` ms.
pub fn too_soon(pause: i64) -> Rejection {
    Rejection::RateLimited { retry_after: (pause / 1_000) as u32 + 1 }
}

/// The frames of one socket.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frames {
    allowed: Bucket,
    borne: Bucket,
}

impl Frames {
    pub fn judge(&mut self, wall: Millis, Pace { per_second, burst }: Pace) -> Verdict {
        let most = per_second * ABUSE;
        if self.borne.take(wall, most, (most * ABUSE_SECS).max(burst)).is_err() {
            return Verdict::Close(RETRY_AFTER);
        }
        self.allowed.take(wall, per_second, burst).map_or_else(Verdict::Wait, |()| Verdict::Take)
    }

    /// When the last one came.
    pub const fn last(&self) -> Millis {
        self.allowed.at
    }

    /// Whether it says no more than a new one would.
    pub fn is_drained(&self, wall: Millis, pace: Pace) -> bool {
        wall.since(self.allowed.at) as f64 / 1_000.0 * pace.per_second >= self.allowed.level
    }
}

/// Whoever was closed for its frames, or found no place, may come back after so many seconds.
pub const RETRY_AFTER: u32 = 30;

/// How many sockets there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// Of a delivery, for those without a token of their own.
    pub public: usize,
    /// Of a delivery, for each other audience.
    pub others: usize,
    /// Of one customer or driver.
    pub person: usize,
}

impl Places {
    /// Whether there is room for one more beside so many of its audience, of which so many are the same person's.
    pub fn have_room(&self, audience: Audience, of_audience: usize, of_person: usize) -> bool {
        let places = if audience == Audience::Public { self.public } else { self.others };
        let is_person = matches!(audience, Audience::Customer | Audience::Driver);
        of_audience < places && (!is_person || of_person < self.person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PACE: Pace = Pace { per_second: 2.0, burst: 4.0 };

    #[test]
    fn a_burst_is_taken_then_the_pace_is_kept() {
        let mut frames = Frames::default();
        let start = Millis(1_000_000);
        for _ in 0..4 {
            assert_eq!(frames.judge(start, PACE), Verdict::Take);
        }
        assert_eq!(frames.judge(start, PACE), Verdict::Wait(500));
        assert_eq!(frames.judge(start.plus(400), PACE), Verdict::Wait(100));
        assert_eq!(frames.judge(start.plus(500), PACE), Verdict::Take);
        assert_eq!(frames.judge(start.plus(-9_000), PACE), Verdict::Wait(500), "a clock set back");
        assert!(!frames.is_drained(start.plus(-9_000), PACE));
        assert!(frames.is_drained(start.plus(60_000), PACE));
    }

    #[test]
    fn ten_times_too_often_for_seconds_is_the_end() {
        let at = |per_second: i64| {
            let mut frames = Frames::default();
            (0..30 * per_second)
                .map(|n| frames.judge(Millis(1_000_000 + n * 1_000 / per_second), PACE))
                .position(|verdict| verdict == Verdict::Close(RETRY_AFTER))
        };
        assert_eq!(at(2), None);
        assert_eq!(at(19), None, "nearly ten times as often only waits");
        assert!(at(40).is_some_and(|frames| frames > 60), "{:?}", at(40));
    }

    #[test]
    fn each_audience_has_places_of_its_own() {
        let places = Places { public: 5, others: 3, person: 2 };
        for (audience, of_audience, of_person, expected) in [
            (Audience::Public, 4, 4, true),
            (Audience::Public, 5, 0, false),
            (Audience::Customer, 2, 1, true),
            (Audience::Customer, 2, 2, false),
            (Audience::Driver, 3, 0, false),
            (Audience::Operator, 2, 2, true),
            (Audience::Store, 3, 3, false),
        ] {
            assert_eq!(
                places.have_room(audience, of_audience, of_person),
                expected,
                "{audience:?} {of_audience}"
            );
        }
    }

    proptest! {
        /// Whatever the gaps: no more are taken in a span than the pace and one burst allow, and who waits as long
        /// as it was told is taken.
        #[test]
        fn no_more_are_taken_than_the_pace_allows(gaps in proptest::collection::vec(0..900_i64, 1..200)) {
            let (mut frames, mut wall, mut taken) = (Frames::default(), Millis(1_000_000), 0);
            let start = wall;
            for gap in gaps {
                wall = wall.plus(gap);
                match frames.judge(wall, PACE) {
                    Verdict::Take => taken += 1,
                    Verdict::Wait(ms) => {
                        prop_assert!(ms > 0);
                        let again = frames.clone().judge(wall.plus(ms), PACE);
                        prop_assert!(!matches!(again, Verdict::Wait(_)), "{:?}", again);
                    }
                    Verdict::Close(_) => {}
                }
                let most = wall.since(start) as f64 / 1_000.0 * PACE.per_second + PACE.burst;
                prop_assert!(f64::from(taken) <= most + 1e-3);
            }
        }
    }
}
