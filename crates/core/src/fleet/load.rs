//! How often deliveries report their positions to a hub: as often as it is of use, and as it can take.

use crate::clock::Millis;

/// From one position to the next while a dashboard watches, in ms.
pub const WATCHED: i64 = 5_000;
/// While none does, and the slowest that a hub with too much to do asks for.
pub const UNWATCHED: i64 = 60_000;
/// Reports a second beyond which a hub asks for fewer; with a sixth to spare up to 300, which is half of what one took
/// when it was measured (`docs/fleet.md`).
const MOST: u64 = 250;
/// So many seconds are counted together.
const SPAN_SECS: u64 = 10;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    began: Millis,
    count: u64,
    /// How often the pace is doubled.
    doubled: u32,
}

impl Load {
    /// Counts a report. Returns the pace that its delivery is to keep, in ms.
    pub fn count(&mut self, wall: Millis, watched: bool) -> i64 {
        let passed = wall.since(self.began);
        if !(0..SPAN_SECS as i64 * 1_000).contains(&passed) {
            self.close(passed.max(1) as u64);
            (self.began, self.count) = (wall, 0);
        }
        self.count += 1;
        self.pace(watched)
    }

    pub fn pace(&self, watched: bool) -> i64 {
        if !watched {
            return UNWATCHED;
        }
        (WATCHED << self.doubled).min(UNWATCHED)
    }

    /// Whether it asks for fewer than it would be of use.
    pub const fn is_too_much(&self) -> bool {
        self.doubled > 0
    }

    /// The span is over, and took so many ms.
    const fn close(&mut self, passed: u64) {
        let rate = self.count * 1_000 / passed;
        if rate > MOST && self.doubled < 4 {
            self.doubled += 1;
        } else if rate < MOST / 3 && self.doubled > 0 {
            // At half the pace it would be less than is too much.
            self.doubled -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deliveries that keep the pace that they are told, and the paces that they are told.
    fn run(deliveries: i64, seconds: i64, load: &mut Load, from: &mut Millis) -> Vec<i64> {
        let mut due = vec![*from; deliveries as usize];
        let mut paces = vec![];
        for _ in 0..seconds {
            for (at, due) in due.iter_mut().enumerate() {
                // Spread over the second.
                let now = from.plus(at as i64 * 1_000 / deliveries);
                if now >= *due {
                    let pace = load.count(now, true);
                    *due = now.plus(pace);
                    paces.push(pace);
                }
            }
            *from = from.plus(1_000);
        }
        paces
    }

    #[test]
    fn what_is_too_much_comes_less_often_and_then_again_as_often_as_before() {
        let (mut load, mut now) = (Load::default(), Millis(1_700_000_000_000));
        assert!(run(500, 60, &mut load, &mut now).iter().all(|pace| *pace == WATCHED));
        // Ten times what it takes.
        let settled = {
            run(12_500, 180, &mut load, &mut now);
            run(12_500, 60, &mut load, &mut now)
        };
        assert!(settled.len() as u64 / 60 <= MOST, "{} a second", settled.len() / 60);
        assert!(settled.iter().all(|pace| (40_000..=UNWATCHED).contains(pace)), "{:?}", settled.last());
        run(500, 300, &mut load, &mut now);
        assert_eq!(load.pace(true), WATCHED);
        assert!(!load.is_too_much());
    }

    #[test]
    fn while_nobody_watches_a_minute_is_often_enough() {
        let mut load = Load::default();
        for n in 0..100_000 {
            assert_eq!(load.count(Millis(n), false), UNWATCHED);
        }
    }
}
