//! The baseline: a gate at 150 km/h between a fix and the last that was believed.

use geo::{Distance, Haversine};

use crate::score::tally::place;
use crate::trips::Point;

/// The fastest that is believed, in m/s.
const FASTEST: f64 = 150.0 / 3.6;

#[derive(Debug, Default)]
pub struct Gate {
    last: Option<Point>,
}

impl Gate {
    /// Whether a fix is believed.
    pub fn take(&mut self, point: &Point) -> bool {
        let believed = self.last.as_ref().is_none_or(|last| {
            let secs = ((point.time_ms - last.time_ms) as f64 / 1_000.0).max(1.0);
            Haversine.distance(place(last), place(point)) <= FASTEST * secs
        });
        if believed {
            self.last = Some(point.clone());
        }
        believed
    }

    /// What is shown: the last that was believed.
    pub fn shown(&self) -> Option<geo::Point> {
        self.last.as_ref().map(place)
    }
}
