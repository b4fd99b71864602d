//! The fixes that a benchmark sends: a car going north, each fix known by its time.

use onway_core::wire::report::FixReport;

/// How long before the delivery's start the first fix lies, in ms: within the minute that the contract
/// allows, so that all fixes lie in the past.
const BEFORE_START_MS: i64 = 50_000;
/// How long after now the first fix lies where the way counts, in ms: after the pickup.
const AHEAD_MS: i64 = 5_000;
/// Degrees of latitude between two fixes: 11 m.
const STEP_DEG: f64 = 1e-4;
/// Where the drive begins.
const ORIGIN: (f64, f64) = (5.6, -0.2);

/// A drive of fixes at equal steps of time, which need not be the pace at which they are sent.
#[derive(Debug, Clone, Copy)]
pub struct Fixes {
    /// Unix seconds, whole, so that the seconds on the wire say which fix it is.
    first_s: i64,
    step_ms: i64,
}

impl Fixes {
    /// For a delivery that starts at `now_ms`, one fix every `step_ms`.
    pub fn new(now_ms: i64, step_ms: i64) -> Self {
        Self { first_s: (now_ms - BEFORE_START_MS).div_euclid(1_000) + 1, step_ms }
    }

    /// The same, beginning a little after now: watchers are shown no way from before the pickup.
    pub fn ahead(now_ms: i64, step_ms: i64) -> Self {
        Self { first_s: (now_ms + AHEAD_MS).div_euclid(1_000), step_ms }
    }

    /// The fix of this number.
    pub fn at(&self, number: usize) -> FixReport {
        let time = self.first_s * 1_000 + self.step_ms * number as i64;
        FixReport {
            lat: ORIGIN.0 + STEP_DEG * number as f64,
            lng: ORIGIN.1,
            timestamp: Some(time.into()),
            accuracy: Some(8.0),
            speed: Some(11.0),
            heading: Some(0.0),
            ..FixReport::default()
        }
    }

    /// The last fix of this second on the wire; `None` where it is not of this drive.
    pub fn number(&self, shown_s: i64) -> Option<usize> {
        usize::try_from((shown_s - self.first_s) * 1_000 / self.step_ms).ok()
    }

    /// Where the drive would end, as the destination of the delivery.
    pub const fn destination() -> (f64, f64) {
        (ORIGIN.0 + 0.3, ORIGIN.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_is_known_by_its_second_on_the_wire() {
        let now_ms = 1_700_000_000_123;
        let fixes = Fixes::new(now_ms, 1_000);
        for number in [0, 1, 29] {
            let time = fixes.at(number).timestamp.unwrap().as_i64().unwrap();
            assert_eq!(fixes.number(time / 1_000), Some(number));
            assert!(time > now_ms - 60_000 && time < now_ms);
        }
        assert_eq!(fixes.number(1_600_000_000), None);
    }
}
