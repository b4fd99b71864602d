//! What one dashboard's socket has been told, and is to be told next.

use crate::clock::Millis;
use crate::keeping_up::{self, ASK_EVERY, Keeping};

/// From one whole state to the next that the same socket asks for, in ms.
const STATE_SPACING: i64 = 1_000;

/// In memory alone: after an eviction everybody is told the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watcher {
    /// All before this tick; `None`: it is to be told the whole.
    pub since: Option<u64>,
    /// When it was last told the whole.
    whole: Option<Millis>,
    /// When it was last told anything while it was slow.
    told: Option<Millis>,
    /// How often it was told, or would have been, since it was last asked whether it keeps up.
    unasked: u64,
    /// The questions that it has not answered, by the `seq` of their frames.
    owed: Vec<u64>,
}

/// What is to be done with a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Nothing,
    /// The rest is due in so many ms.
    Wait(i64),
    /// `ask`: whether it keeps up.
    Tell {
        ask: bool,
    },
    TooSlow,
}

impl Watcher {
    /// It is to be told the whole.
    pub const fn renew(&mut self) {
        self.since = None;
    }

    /// It has answered what was asked by the frame `seq`, and all before.
    pub fn answered(&mut self, seq: u64) {
        self.owed.retain(|asked| *asked > seq);
    }

    /// At the end of tick `tick`; `news`: something has changed for it since what it was told.
    pub fn next(&mut self, tick: u64, news: bool, wall: Millis) -> Next {
        if self.since.is_some() && !news {
            self.since = Some(tick + 1);
            return Next::Nothing;
        }
        self.unasked += 1;
        // A whole state may be many frames: whoever takes it is always asked.
        let ask = self.since.is_none() || self.unasked >= ASK_EVERY;
        let pause = match Keeping::of(self.owed.len() as u32, 0) {
            Keeping::TooSlow => return Next::TooSlow,
            Keeping::Slow if self.since.is_none() || !ask => keeping_up::pause(self.told, wall),
            _ if self.since.is_none() => {
                let passed = self.whole.map_or(i64::MAX, |at| wall.since(at));
                if (0..STATE_SPACING).contains(&passed) { STATE_SPACING - passed } else { 0 }
            }
            _ => 0,
        };
        if pause > 0 {
            return Next::Wait(pause);
        }
        if self.since.is_none() {
            self.whole = Some(wall);
        }
        if ask {
            self.unasked = 0;
            self.owed.push(tick);
        }
        (self.since, self.told) = (Some(tick + 1), Some(wall));
        Next::Tell { ask }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ticks of a second each, with news; whoever `answers` does so at once. What comes, and when.
    fn run(watcher: &mut Watcher, from: u64, ticks: u64, answers: bool) -> Vec<(u64, Next)> {
        let mut told = vec![];
        for tick in from..from + ticks {
            let next = watcher.next(tick, true, Millis(tick as i64 * 1_000));
            if let Next::Tell { ask: true } = next
                && answers
            {
                watcher.answered(tick);
            }
            told.push((tick, next));
        }
        told
    }

    #[test]
    fn whoever_answers_hears_everything() {
        let mut watcher = Watcher::default();
        let told = run(&mut watcher, 1, 500, true);
        assert!(told.iter().all(|(_, next)| matches!(next, Next::Tell { .. })));
        let asked = told.iter().filter(|(_, next)| *next == Next::Tell { ask: true }).count();
        assert_eq!(asked, 1 + 499 / 32);
        assert_eq!(watcher.next(501, false, Millis(501_000)), Next::Nothing);
    }

    #[test]
    fn whoever_never_answers_hears_less_then_nothing() {
        let mut watcher = Watcher::default();
        let told = run(&mut watcher, 1, 400, false);
        let asked: Vec<_> =
            told.iter().filter(|(_, next)| *next == Next::Tell { ask: true }).map(|(at, _)| *at).collect();
        assert_eq!(asked, [1, 33, 65, 97]);
        // Between the second and the third question: one every ten seconds.
        let heard = told
            .iter()
            .filter(|(at, next)| (34..65).contains(at) && matches!(next, Next::Tell { .. }))
            .count();
        assert_eq!(heard, 3);
        assert_eq!(told.iter().find(|(_, next)| *next == Next::TooSlow).map(|(at, _)| *at), Some(98));
    }

    #[test]
    fn the_whole_comes_once_a_second_whoever_asks_for_it() {
        let mut watcher = Watcher::default();
        let mut states = 0;
        for ms in 0..3_000 {
            watcher.renew();
            if let Next::Tell { ask } = watcher.next(ms, false, Millis(ms as i64)) {
                assert!(ask);
                watcher.answered(ms);
                states += 1;
            }
        }
        assert_eq!(states, 3);
        // Who does not even read hears no more of it.
        let mut watcher = Watcher::default();
        let mut states = 0;
        for ms in 0..100_000 {
            watcher.renew();
            states += usize::from(matches!(watcher.next(ms, false, Millis(ms as i64)), Next::Tell { .. }));
        }
        assert_eq!(states, 4);
    }
}
