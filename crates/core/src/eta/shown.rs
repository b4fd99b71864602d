//! The ETA that people see: it does not flap, and it is never in the past.
//!
//! An estimate moves by seconds at each fix. People plan by the time of arrival, so that what was published
//! stays until the change is worth it: the nearer the arrival, the smaller the change that is.

use crate::clock::Millis;
use crate::eta::Estimate;

/// A change is worth it from this share of the time left on.
const WORTH: f64 = 0.06;
/// And within these bounds, in ms: less is noise, and more always matters.
const WORTH_MS: (i64, i64) = (10_000, 150_000);

/// What is published at `now` where `before` stood and `fresh` was computed. The time of arrival stays or
/// moves; the range is always the fresh one, with the time of arrival in it.
pub fn settled(before: Option<&Estimate>, fresh: Estimate, now: Millis) -> Estimate {
    let kept = before.map(|before| before.at).filter(|at| {
        let left = fresh.at.since(now).max(0);
        let worth = ((left as f64 * WORTH) as i64).clamp(WORTH_MS.0, WORTH_MS.1);
        fresh.at.since(*at).saturating_abs() < worth
    });
    let at = kept.unwrap_or(fresh.at).max(now);
    Estimate { at, low: fresh.low.min(at).max(now), high: fresh.high.max(at), ..fresh }
}
