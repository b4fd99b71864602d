//! Whether watchers keep up. The platform queues what a slow one does not take, without end and without telling,
//! so that every so many broadcasts all are asked for an answer.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::visibility::Audience;

/// Every so many broadcasts asks for an answer.
pub const ASK_EVERY: u64 = 32;
/// Whoever owes so many answers hears the newest now and then only.
const SLOW: u32 = 2;
/// Whoever owes so many is let go.
const TOO_SLOW: u32 = 4;
/// From one newest value to the next for whoever is slow, in ms.
const SLOW_SPACING: i64 = 10_000;

/// How often an object has told its watchers, and asked them. It is written with whatever else changes: what an
/// eviction forgets of it asks a little less of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    sent: u64,
    /// How often each audience was asked, by its place in [`Audience::ALL`]: not all hear of everything.
    asked: Vec<u32>,
    /// The newest questions, by their frames' `seq`, and how often each audience had then been asked.
    #[serde(skip)]
    newest: Vec<(u64, Vec<u32>)>,
}

impl Asked {
    /// Counts a broadcast. Whether it asks for an answer.
    pub fn count(&mut self) -> bool {
        self.sent += 1;
        self.sent.is_multiple_of(ASK_EVERY)
    }

    /// Notes that an audience is asked by the frame `seq`.
    pub fn ask(&mut self, audience: Audience, seq: u64) {
        self.asked.resize(Audience::ALL.len(), 0);
        if let Some(asked) = place(audience).and_then(|place| self.asked.get_mut(place)) {
            *asked += 1;
        }
        self.newest.retain(|(known, _)| *known != seq);
        if self.newest.len() > TOO_SLOW as usize {
            self.newest.remove(0);
        }
        self.newest.push((seq, self.asked.clone()));
    }

    /// How often an audience was asked.
    pub fn of(&self, audience: Audience) -> u32 {
        at(&self.asked, audience)
    }

    /// What an answer of this audience to the frame `seq` has answered, of all that it was asked. Where that is
    /// not known any more, all.
    pub fn answered(&self, audience: Audience, seq: u64) -> u32 {
        let known = self.newest.iter().rev().find(|(asked, _)| *asked <= seq);
        match (known, self.newest.first()) {
            (Some((_, asked)), _) => at(asked, audience),
            (None, Some((_, oldest))) => at(oldest, audience).saturating_sub(1),
            (None, None) => self.of(audience),
        }
    }

    /// The same after so many broadcasts more: it is written before they leave.
    #[must_use]
    pub fn after(&self, broadcasts: u64) -> Self {
        Self { sent: self.sent + broadcasts, ..self.clone() }
    }
}

fn place(audience: Audience) -> Option<usize> {
    Audience::ALL.iter().position(|known| *known == audience)
}

fn at(counts: &[u32], audience: Audience) -> u32 {
    place(audience).and_then(|place| counts.get(place)).copied().unwrap_or(0)
}

/// How a watcher keeps up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    Up,
    Slow,
    TooSlow,
}

impl Keeping {
    /// By how often it was asked, and how much of that it has answered.
    pub const fn of(asked: u32, answered: u32) -> Self {
        match asked.saturating_sub(answered) {
            ..SLOW => Self::Up,
            SLOW..TOO_SLOW => Self::Slow,
            _ => Self::TooSlow,
        }
    }
}

/// ms until whoever is slow hears the newest again.
pub fn pause(told: Option<Millis>, wall: Millis) -> i64 {
    match told.map(|told| wall.since(told)) {
        // A clock that was set back must not silence anybody.
        Some(passed) if (0..SLOW_SPACING).contains(&passed) => SLOW_SPACING - passed,
        _ => 0,
    }
}

/// So long a socket that has ever pinged may be silent, in ms: six of its pings.
pub const SILENCE_MAX: i64 = 180_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_32nd_broadcast_asks_also_after_an_eviction() {
        let mut asked = Asked::default();
        let mut asking = Vec::new();
        for n in 1..=100_u64 {
            // Written before it leaves, and evicted after it has left.
            let written = serde_json::to_string(&asked.after(1)).unwrap();
            if asked.count() {
                asked.ask(Audience::Public, n);
                asking.push(n);
            }
            if n % 7 == 0 {
                asked = serde_json::from_str(&written).unwrap();
            }
        }
        assert_eq!(asking, [32, 64, 96]);
    }

    #[test]
    fn an_answer_counts_for_the_question_that_it_names() {
        let mut asked = Asked::default();
        for seq in [10, 20, 30] {
            asked.ask(Audience::Public, seq);
        }
        asked.ask(Audience::Store, 30);
        for (seq, answered) in [(9, 0), (10, 1), (19, 1), (20, 2), (30, 3), (u64::MAX, 3)] {
            assert_eq!(asked.answered(Audience::Public, seq), answered, "{seq}");
        }
        assert_eq!((asked.of(Audience::Store), asked.of(Audience::Customer)), (1, 0));
        let evicted: Asked = serde_json::from_str(&serde_json::to_string(&asked).unwrap()).unwrap();
        assert_eq!(evicted.answered(Audience::Public, 10), 3, "what is not known counts for the watcher");
    }

    #[test]
    fn two_unanswered_are_slow_and_four_too_slow() {
        for (asked, answered, keeping) in [
            (0, 0, Keeping::Up),
            (5, 4, Keeping::Up),
            (5, 3, Keeping::Slow),
            (5, 2, Keeping::Slow),
            (5, 1, Keeping::TooSlow),
            (1, 3, Keeping::Up),
        ] {
            assert_eq!(Keeping::of(asked, answered), keeping, "{asked} {answered}");
        }
        assert_eq!(pause(None, Millis(5)), 0);
        assert_eq!(pause(Some(Millis(0)), Millis(4_000)), 6_000);
        assert_eq!(pause(Some(Millis(0)), Millis(10_000)), 0);
        assert_eq!(pause(Some(Millis(9)), Millis(0)), 0, "a clock set back");
    }
}
