//! When the delivery arrives: travel times of recorded trips, corrected by this trip's own pace.
//!
//! Seconds left = exp(a + b · ln(metres left)), the metres being those of the great circle. The power
//! holds the detour and the traffic of all roads together: over a long way, more of it is fast. The
//! trip's own pace corrects it: the square root of the time it took against the time it should have
//! taken, within a half and the double, shrunk while little has been travelled.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::wire::snapshot::{Confidence, EtaSource};
use crate::wire::start::Mode;

/// a and b by mode: least squares in logarithms over recorded trips of 10 minutes to 3 hours in Beijing,
/// Athens, San Francisco and Aracaju. Car and scooter: the mean of the cars and taxis of three cities.
/// Van and truck: fleet trackers in Athens. Foot: a detour of 1.35 at 1.25 m/s, for want of trips.
const fn power_law(mode: Mode) -> (f64, f64) {
    match mode {
        Mode::Foot => (0.077, 1.0),
        Mode::Bicycle => (0.497, 0.803),
        Mode::Scooter | Mode::Car => (0.616, 0.712),
        Mode::Van | Mode::Truck => (0.779, 0.710),
    }
}

/// Expected seconds by which the trip's own pace is shrunk towards the typical one.
const PACE_PRIOR_SECS: f64 = 300.0;
/// Expected seconds travelled from which the trip's own pace is worth something, and worth much.
const PACE_KNOWN_SECS: [f64; 2] = [60.0, 480.0];
/// The 90th percentile of the normal distribution.
const Z90: f64 = 1.2816;

/// An ETA, as computed at a fix.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub at: Millis,
    /// 10th percentile.
    pub low: Millis,
    /// 90th percentile.
    pub high: Millis,
    pub source: EtaSource,
    pub confidence: Confidence,
}

/// Where the trip began, to know its pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    origin: Option<(Millis, f64)>,
}

impl Pace {
    /// Takes the first fix under way as the beginning. `metres` are those left to the dropoff.
    pub fn observe(&mut self, at: Millis, metres: f64) {
        self.origin.get_or_insert((at, metres));
    }

    /// Metres that were left at the beginning.
    pub fn origin_metres(&self) -> Option<f64> {
        self.origin.map(|(_, metres)| metres)
    }

    /// The factor on typical travel times, and how many typical seconds it rests on.
    fn factor(&self, mode: Mode, now: Millis, metres: f64) -> (f64, f64) {
        let Some((began, from)) = self.origin else { return (1.0, 0.0) };
        let expected = (typical_secs(mode, from) - typical_secs(mode, metres)).max(0.0);
        let taken = (now.since(began) as f64 / 1000.0).max(0.0);
        let ratio = (taken + PACE_PRIOR_SECS) / (expected + PACE_PRIOR_SECS);
        (ratio.sqrt().clamp(0.5, 2.0), expected)
    }
}

/// Typical travel time over a great-circle distance, in seconds.
pub fn typical_secs(mode: Mode, metres: f64) -> f64 {
    let (a, b) = power_law(mode);
    if metres < 1.0 { 0.0 } else { (a + b * metres.ln()).exp() }
}

/// The ETA of somebody who at `now` has `metres` left.
pub fn estimate(mode: Mode, now: Millis, metres: f64, pace: &Pace) -> Estimate {
    let (factor, known) = pace.factor(mode, now, metres);
    let secs = typical_secs(mode, metres) * factor;
    let (confidence, deviation) = match PACE_KNOWN_SECS {
        [some, _] if known < some => (Confidence::Low, 0.45),
        [_, much] if known < much => (Confidence::Medium, 0.38),
        _ => (Confidence::High, 0.32),
    };
    let after = |secs: f64| now.plus((secs * 1000.0).round() as i64);
    Estimate {
        at: after(secs),
        low: after(secs * (-Z90 * deviation).exp()),
        high: after(secs * (Z90 * deviation).exp()),
        source: EtaSource::History,
        confidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn three_kilometres_take_what_they_took_others() {
        let cases = [(Mode::Foot, 3_240), (Mode::Bicycle, 1_019), (Mode::Car, 554), (Mode::Truck, 641)];
        for (mode, secs) in cases {
            assert_eq!(typical_secs(mode, 3_000.0).round() as i64, secs, "{mode:?}");
        }
    }

    #[test]
    fn a_slow_trip_is_expected_to_stay_slow_and_a_fast_one_fast() {
        let mut pace = Pace::default();
        pace.observe(Millis(0), 5_000.0);
        let secs = |taken: i64| estimate(Mode::Car, Millis(taken), 3_000.0, &pace).at.since(Millis(taken));
        assert!(secs(900_000) > secs(240_000) && secs(240_000) > secs(60_000));
    }

    proptest! {
        #[test]
        fn an_eta_is_never_in_the_past_and_lies_in_its_range(
            from in 0.0..2e7, metres in 0.0..2e7, taken in -1_000_000..100_000_000_i64, mode in 0..6usize,
        ) {
            let mut pace = Pace::default();
            pace.observe(Millis(0), from);
            let eta = estimate(Mode::ALL[mode].0, Millis(taken), metres, &pace);
            prop_assert!(Millis(taken) <= eta.low && eta.low <= eta.at && eta.at <= eta.high);
        }
    }
}
