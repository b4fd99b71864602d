//! The ETAs that were published, and when: what an ETA is judged by afterwards.
//!
//! A sample a minute, and one at each status. When there are too many, every second one goes, and the
//! time between samples doubles, so that the whole delivery is always covered evenly.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::eta::Estimate;

/// Most samples kept. A delivery of an hour has that many before any goes.
pub const SAMPLES_MAX: usize = 64;
/// Time between samples at first, in seconds.
const SPACING_SECS: i64 = 60;

/// An ETA as it was published. Seconds; in JSON the array `[at, eta, low, high]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample(pub i64, pub i64, pub i64, pub i64);

impl Sample {
    fn of(estimate: &Estimate, now: Millis) -> Self {
        // Nobody is told of an arrival in the past.
        let told = |at: Millis| at.max(now).secs();
        Self(now.secs(), told(estimate.at), told(estimate.low), told(estimate.high))
    }
}

/// The ETAs of one delivery, in the order in which they were published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    samples: Vec<Sample>,
    /// How often the spacing was doubled.
    #[serde(default)]
    doubled: u32,
}

impl Published {
    /// Takes note of what is published at `now`; `always`: whatever the time since the last.
    pub fn note(&mut self, estimate: &Estimate, now: Millis, always: bool) {
        let spacing = SPACING_SECS << self.doubled.min(32);
        let sample = Sample::of(estimate, now);
        if !always && self.samples.last().is_some_and(|last| sample.0 - last.0 < spacing) {
            return;
        }
        self.samples.push(sample);
        if self.samples.len() > SAMPLES_MAX {
            let mut at = 0;
            // The first stays.
            self.samples.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.doubled += 1;
        }
    }

    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::snapshot::{Confidence, EtaSource};

    fn estimate(at: i64) -> Estimate {
        let at = Millis::from_secs(at);
        Estimate { at, low: at, high: at, source: EtaSource::History, confidence: Confidence::Low }
    }

    #[test]
    fn one_a_minute_is_kept_and_one_at_each_status() {
        let mut published = Published::default();
        for (at, always) in [(0, false), (30, false), (59, true), (100, false), (119, false)] {
            published.note(&estimate(at + 600), Millis::from_secs(at), always);
        }
        let kept: Vec<_> = published.samples().iter().map(|sample| sample.0).collect();
        assert_eq!(kept, [0, 59, 119]);
        assert_eq!(serde_json::to_string(&published.samples()[0]).unwrap(), "[0,600,600,600]");
    }

    #[test]
    fn none_is_in_the_past() {
        let mut published = Published::default();
        published.note(&estimate(100), Millis::from_secs(500), true);
        assert_eq!(published.samples(), [Sample(500, 500, 500, 500)]);
    }

    #[test]
    fn a_day_of_them_stays_bounded_and_even() {
        let mut published = Published::default();
        for at in (0..86_400).step_by(5) {
            published.note(&estimate(at), Millis::from_secs(at), false);
        }
        let kept: Vec<_> = published.samples().iter().map(|sample| sample.0).collect();
        assert!((SAMPLES_MAX / 2..=SAMPLES_MAX).contains(&kept.len()), "{}", kept.len());
        assert_eq!(kept[0], 0);
        let widest = kept.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(widest <= SPACING_SECS << published.doubled, "{kept:?}");
    }
}
