//! What one dashboard's socket has been told, and is to be told next.

use crate::clock::Millis;
use crate::keeping_up::{self, ASK_EVERY, Keeping};

/// From one whole state to the next that the same socket asks for, in ms.
const STATE_SPACING: i64 = 1_000;

/// Most bytes of whole states in a second, for all sockets of a hub, but that one always has room: what is sent waits in
/// memory until it is read.
const WHOLE_BYTES: usize = 8 << 20;

/// How much of whole states may still be sent in this second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    began: Millis,
    left: usize,
}

impl Room {
    /// Another second may have begun.
    pub fn renew(&mut self, wall: Millis) {
        if !(0..STATE_SPACING).contains(&wall.since(self.began)) {
            *self = Self { began: wall, left: WHOLE_BYTES };
        }
    }

    /// A whole state of so many bytes was sent.
    pub const fn take(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }
}

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

    /// At the end of tick `tick`; `news`: something has changed for it since what it was told; `room`: what others
    /// have left of it.
    pub fn next(&mut self, tick: u64, news: bool, wall: Millis, room: &Room) -> Next {
        if self.since.is_some() && !news {
            self.since = Some(tick + 1);
            return Next::Nothing;
        }
        if self.since.is_none() && room.left == 0 {
            return Next::Wait(STATE_SPACING);
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

    fn room() -> Room {
        Room { began: Millis(0), left: WHOLE_BYTES }
    }

    /// Ticks of a second each, with news; whoever `answers` does so at once. What comes, and when.
    fn run(watcher: &mut Watcher, from: u64, ticks: u64, answers: bool) -> Vec<(u64, Next)> {
        let mut told = vec![];
        for tick in from..from + ticks {
            let next = watcher.next(tick, true, Millis(tick as i64 * 1_000), &room());
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
        assert_eq!(watcher.next(501, false, Millis(501_000), &room()), Next::Nothing);
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
            if let Next::Tell { ask } = watcher.next(ms, false, Millis(ms as i64), &room()) {
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
            let next = watcher.next(ms, false, Millis(ms as i64), &room());
            states += usize::from(matches!(next, Next::Tell { .. }));
        }
        assert_eq!(states, 4);
    }
    #[test]
    fn whoever_finds_no_room_is_told_the_whole_in_a_later_tick() {
        // Each whole is a little less than half of what a tick has room for.
        let mut watchers = vec![Watcher::default(); 7];
        let mut told = vec![];
        let mut room = Room::default();
        for tick in 1..=4_u64 {
            let mut whole = 0;
            room.renew(Millis(tick as i64 * 1_000));
            for watcher in &mut watchers {
                let was_told = watcher.since.is_some();
                match watcher.next(tick, false, Millis(tick as i64 * 1_000), &room) {
                    Next::Tell { ask: true } => {
                        room.take(WHOLE_BYTES / 2 - 1);
                        whole += 1;
                    }
                    Next::Wait(pause) => assert!(pause > 0 && watcher.since.is_none()),
                    next => assert!(was_told && next == Next::Nothing),
                }
            }
            told.push(whole);
        }
        assert_eq!(told, [3, 3, 1, 0]);
        // Whoever comes within the same second finds no more of it; what has changed is told all the same.
        room.take(usize::MAX);
        room.renew(Millis(4_999));
        assert_eq!(Watcher::default().next(5, false, Millis(4_999), &room), Next::Wait(STATE_SPACING));
        assert_eq!(watchers[0].next(5, true, Millis(4_999), &room), Next::Tell { ask: false });
        room.renew(Millis(5_000));
        assert_eq!(Watcher::default().next(5, false, Millis(5_000), &room), Next::Tell { ask: true });
    }
}
