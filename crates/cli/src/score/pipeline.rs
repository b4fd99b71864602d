//! Onway's position pipeline as a delivery runs it, on one recorded trip.

use onway_core::clock::Millis;
use onway_core::filter::{Reason, Shown, Verdict};
use onway_core::fix::{Fix, Position};
use onway_core::recent::{NoArchive, Placed, Recent};

use crate::mode::Mode;
use crate::trips::Point;

/// What became of one fix, when it came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    pub verdict: &'static str,
    pub reason: Option<Reason>,
    /// Where the driver is shown then.
    pub shown: Option<Shown>,
}

impl Judged {
    /// Whether it was kept from being shown: filtered, or known.
    pub fn is_dropped(&self) -> bool {
        matches!(self.verdict, "filtered" | "duplicate")
    }
}

/// One trip on its way through the pipeline.
#[derive(Debug)]
pub struct Pipeline {
    recent: Recent,
    mode: Mode,
}

impl Pipeline {
    pub fn new(mode: Mode) -> Self {
        Self { recent: Recent::default(), mode }
    }

    pub fn take(&mut self, point: &Point) -> Judged {
        let fix = fix(point);
        let time = fix.time;
        let placed = self.recent.place(fix, self.mode, &NoArchive);
        // Its fixes would go to the archive.
        drop(self.recent.take_full_chunk());
        let (verdict, reason) = match placed {
            Placed::Duplicate => ("duplicate", None),
            Placed::Newest(Verdict::Accepted) => ("accepted", None),
            Placed::Newest(Verdict::Filtered(reason))
            | Placed::Between(Verdict::Filtered(reason))
            | Placed::Older(Verdict::Filtered(reason)) => ("filtered", Some(reason)),
            Placed::Newest(Verdict::Late) | Placed::Between(_) | Placed::Older(_) => ("late", None),
        };
        Judged { verdict, reason, shown: self.recent.filter().shown(time, self.mode) }
    }

    /// Metres travelled so far.
    pub fn distance(&self) -> f64 {
        self.recent.filter().distance()
    }
}

/// A recorded point as a phone would report it. What lies on no globe is reported as 0, 0.
fn fix(point: &Point) -> Fix {
    let tenths = |value: f64| (value * 10.0).round() / 10.0;
    Fix {
        accuracy: point.accuracy.map(tenths),
        speed: point.speed.map(|speed| (speed * 100.0).round() / 100.0),
        heading: point.heading.map(tenths).map(|heading| heading % 360.0),
        ..Fix::new(Millis(point.time_ms), Position::from_degrees(point.lat, point.lng).unwrap_or_default())
    }
}
