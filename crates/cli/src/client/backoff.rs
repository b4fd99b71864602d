//! How long to wait before trying again: full jitter, as the contract asks of every client.
//!
//! Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: a uniform share of a
//! ceiling that doubles, so that many clients cut off at once do not come back at once.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// The first wait is at most this long.
const FIRST: Duration = Duration::from_secs(2);
/// No wait is longer.
const LONGEST: Duration = Duration::from_secs(30);

/// Waits between attempts, from a seed.
#[derive(Debug)]
pub struct Backoff {
    ceiling: Duration,
    rng: SmallRng,
}

impl Backoff {
    pub fn new(seed: u64) -> Self {
        Self { ceiling: FIRST, rng: SmallRng::seed_from_u64(seed) }
    }

    /// The wait before the next attempt, at least as long as the server asked for.
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.rng.random_range(Duration::ZERO..=self.ceiling);
        self.ceiling = (self.ceiling * 2).min(LONGEST);
        wait.max(asked.unwrap_or_default())
    }

    /// An attempt worked: the next series begins anew.
    pub fn reset(&mut self) {
        self.ceiling = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_below_a_ceiling_that_doubles() {
        for seed in 0..100 {
            let mut backoff = Backoff::new(seed);
            for ceiling in [2, 4, 8, 16, 30, 30] {
                assert!(backoff.next(None) <= Duration::from_secs(ceiling));
            }
            backoff.reset();
            assert!(backoff.next(None) <= FIRST);
        }
    }

    #[test]
    fn the_server_may_ask_for_a_longer_wait() {
        assert_eq!(Backoff::new(1).next(Some(Duration::from_secs(60))), Duration::from_secs(60));
    }
}
