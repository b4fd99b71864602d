//! The one place where the tool reads a clock. Everything else gets the time as an argument.
#![allow(
    clippy::disallowed_methods,
    reason = "a command line tool has no platform to ask: this file is its clock"
)]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Unix time in milliseconds; 0 on a machine whose clock stands before 1970.
pub fn unix_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A reading of the monotonic clock, for pacing and for latencies.
pub fn monotonic() -> Instant {
    Instant::now()
}
