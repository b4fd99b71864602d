//! A bad network, from a seed: requests and answers that are lost, repetitions, and messages that are
//! overtaken.
//!
//! A phone keeps what was not acknowledged and sends it again, so that everything arrives, some of it twice.
//! Nothing is overtaken by more than the service promises to put in its place: five minutes, and 64 fixes.

use std::ops::Range;

use rand::RngExt;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;

/// A fix is overtaken by others of so many seconds later at most. The service's window is 300 s.
const OVERTAKEN_S: i64 = 240;
/// And by so many of them at most. The service's window holds 64.
const OVERTAKEN_FIXES: usize = 48;
/// A message waits for so many others at most.
const WAIT_MAX: usize = 16;
/// A message is lost so often at most.
const LOSSES_MAX: u8 = 3;

/// How bad the network is: each the chance of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Its request or its answer is lost, one as likely as the other.
    pub loss: f64,
    /// It comes again, though it was acknowledged.
    pub duplication: f64,
    /// Others come before it.
    pub disorder: f64,
}

impl Rates {
    /// A network on which everything comes once and in order.
    pub const GOOD: Self = Self { loss: 0.0, duplication: 0.0, disorder: 0.0 };
}

/// What becomes of a message on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Heard,
    /// It never reaches the service.
    RequestLost,
    /// The service has it, and the phone does not know.
    AnswerLost,
}

/// A message: fixes by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub fixes: Vec<usize>,
    pub fate: Fate,
}

/// What the phone sends while it drives, and what it still has to send when it stops.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Posts {
    pub driving: Vec<Post>,
    pub behind: Vec<Post>,
}

impl Posts {
    /// All in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Post> {
        self.driving.iter().chain(&self.behind)
    }

    /// Takes a fix out, as if the phone had never known it.
    pub fn forget(&mut self, fix: usize) {
        for posts in [&mut self.driving, &mut self.behind] {
            posts.iter_mut().for_each(|post| post.fixes.retain(|sent| *sent != fix));
            posts.retain(|post| !post.fixes.is_empty());
        }
    }
}

/// The messages of the fixes of this `range`, `times` being those of all fixes in Unix seconds. A message
/// holds up to `batch` fixes.
pub fn plan(times: &[i64], range: Range<usize>, batch: usize, rates: Rates, rng: &mut SmallRng) -> Posts {
    let mut plan = Plan { times, rates, waiting: Vec::new(), posts: Vec::new() };
    let mut next = range.start;
    while next < range.end {
        let end = (next + rng.random_range(1..=batch.max(1))).min(range.end);
        let mut fixes: Vec<_> = (next..end).collect();
        if rates.disorder > 0.0 {
            fixes.shuffle(rng);
        }
        next = end;
        let message = Message { newest: end - 1, fixes, due: 0, losses: 0, is_known: false };
        plan.release(&message, rng);
        if rng.random_bool(rates.disorder) {
            plan.wait(message, rng);
        } else {
            plan.send(message, rng);
        }
    }
    let mut left = plan.waiting;
    left.shuffle(rng);
    let behind = left.into_iter().map(|message| Post { fixes: message.fixes, fate: Fate::Heard });
    Posts { driving: plan.posts, behind: behind.collect() }
}

#[derive(Debug, Clone)]
struct Message {
    fixes: Vec<usize>,
    newest: usize,
    /// It goes out before the post of this number.
    due: usize,
    losses: u8,
    /// The phone knows that it was taken.
    is_known: bool,
}

struct Plan<'a> {
    times: &'a [i64],
    rates: Rates,
    waiting: Vec<Message>,
    posts: Vec<Post>,
}

impl Plan<'_> {
    /// Sends what is due, and what `next` would overtake by too much.
    fn release(&mut self, next: &Message, rng: &mut SmallRng) {
        while let Some(at) = self.waiting.iter().position(|message| self.is_too_late(message, next)) {
            let message = self.waiting.remove(at);
            self.post(message, Fate::Heard);
        }
        while let Some(at) = self.waiting.iter().position(|message| message.due <= self.posts.len()) {
            let message = self.waiting.remove(at);
            self.send(message, rng);
        }
    }

    fn is_too_late(&self, message: &Message, next: &Message) -> bool {
        let oldest = message.fixes.iter().copied().min().unwrap_or(message.newest);
        let time = |fix: usize| self.times.get(fix).copied().unwrap_or_default();
        next.newest > oldest + OVERTAKEN_FIXES || time(next.newest) - time(oldest) > OVERTAKEN_S
    }

    fn send(&mut self, message: Message, rng: &mut SmallRng) {
        if message.is_known || message.losses >= LOSSES_MAX || !rng.random_bool(self.rates.loss) {
            let again = !message.is_known && rng.random_bool(self.rates.duplication);
            self.post(message.clone(), Fate::Heard);
            if again {
                self.wait(Message { is_known: true, ..message }, rng);
            }
            return;
        }
        let fate = if rng.random_bool(0.5) { Fate::RequestLost } else { Fate::AnswerLost };
        self.post(message.clone(), fate);
        self.wait(Message { losses: message.losses + 1, ..message }, rng);
    }

    fn wait(&mut self, message: Message, rng: &mut SmallRng) {
        let due = self.posts.len() + rng.random_range(1..=WAIT_MAX);
        self.waiting.push(Message { due, ..message });
    }

    fn post(&mut self, message: Message, fate: Fate) {
        self.posts.push(Post { fixes: message.fixes, fate });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onway_core::recent::{WINDOW_FIXES, WINDOW_SPAN};
    use rand::SeedableRng;

    const BAD: Rates = Rates { loss: 0.2, duplication: 0.2, disorder: 0.3 };

    /// Times a few seconds apart, with a silence of ten minutes now and then.
    fn times(count: usize, rng: &mut SmallRng) -> Vec<i64> {
        let mut time = 1_700_000_000;
        let step = |_| {
            time += if rng.random_bool(0.02) { 600 } else { rng.random_range(1..30) };
            time
        };
        (0..count).map(step).collect()
    }

    #[test]
    fn a_good_network_passes_everything_once_and_in_order() {
        let mut rng = SmallRng::seed_from_u64(1);
        let times = times(100, &mut rng);
        for batch in [1, 10] {
            let posts = plan(&times, 20..100, batch, Rates::GOOD, &mut rng);
            assert_eq!(posts.behind, []);
            assert!(posts.iter().all(|post| post.fate == Fate::Heard && post.fixes.len() <= batch));
            let sent: Vec<_> = posts.iter().flat_map(|post| post.fixes.clone()).collect();
            assert_eq!(sent, (20..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn over_a_bad_network_every_fix_arrives_and_within_the_window() {
        for seed in 0..300 {
            let mut rng = SmallRng::seed_from_u64(seed);
            let times = times(200, &mut rng);
            let batch = if seed % 2 == 0 { 1 } else { 10 };
            let posts = plan(&times, 0..200, batch, BAD, &mut rng);
            let (mut arrived, mut heard) = (vec![false; 200], vec![false; 200]);
            for Post { fixes, fate } in posts.iter().filter(|post| post.fate != Fate::RequestLost) {
                for fix in fixes {
                    let newer: Vec<_> = (fix + 1..200).filter(|newer| arrived[*newer]).collect();
                    if !arrived[*fix] {
                        assert!(newer.len() < WINDOW_FIXES, "seed {seed}");
                        let late = newer.last().map_or(0, |newest| times[*newest] - times[*fix]);
                        assert!(late * 1_000 < WINDOW_SPAN, "seed {seed}: {late} s late");
                    }
                }
                for fix in fixes {
                    arrived[*fix] = true;
                    heard[*fix] |= *fate == Fate::Heard;
                }
            }
            assert!(heard.iter().all(|heard| *heard), "seed {seed}");
        }
    }

    #[test]
    fn a_bad_network_is_bad_in_every_way_and_the_same_for_the_same_seed() {
        let posts = |seed| {
            let mut rng = SmallRng::seed_from_u64(seed);
            let times = times(200, &mut rng);
            plan(&times, 0..200, 1, BAD, &mut rng)
        };
        let first = posts(7);
        assert_eq!(first, posts(7));
        assert!(!first.behind.is_empty());
        assert_ne!(first, posts(8));
        for fate in [Fate::RequestLost, Fate::AnswerLost] {
            assert!(first.iter().filter(|post| post.fate == fate).count() > 5, "{fate:?}");
        }
        let sent: Vec<_> =
            first.iter().filter(|post| post.fate != Fate::RequestLost).map(|p| p.fixes[0]).collect();
        assert!(sent.windows(2).filter(|pair| pair[1] < pair[0]).count() > 20);
        assert!(sent.len() > 240);
    }
}
