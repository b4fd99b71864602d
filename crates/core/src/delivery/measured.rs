//! What is measured of a delivery while it runs, for statistics: a few numbers, however long it takes.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::delivery::Delivery;
use crate::eta::ARRIVING_METRES;
use crate::fix::Position;
use crate::status::Status;

/// Whoever has come further from the destination than this, in metres, has left it again: more than receivers err by.
const LEFT_METRES: f64 = 300.0;
/// Less than this is noise of the receiver and no way, in metres.
const STEP_METRES: f64 = 25.0;

/// What cannot be told from the last state alone. Times are those of fixes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measured {
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Millis>,
    /// Metres travelled from the pickup on, until this place.
    way: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Position>,
    /// Since when the driver is at the destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    near: Option<Millis>,
}

impl Measured {
    /// Takes the time of a fix that was not filtered.
    pub(super) fn take(&mut self, at: Millis) {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = self.last.max(Some(at));
    }

    /// Takes a position on the way, newer than all before.
    pub(super) fn observe(&mut self, at: Millis, place: Position, destination: Position) {
        let moved = self.place.get_or_insert(place).metres_to(place);
        if moved >= STEP_METRES {
            // Tenths of a metre: this is stored with each frame.
            self.way = ((self.way + moved) * 10.0).round() / 10.0;
            self.place = Some(place);
        }
        let metres = place.metres_to(destination);
        if metres <= ARRIVING_METRES {
            self.near.get_or_insert(at);
        } else if metres > LEFT_METRES {
            self.near = None;
        }
    }

    /// Another driver is elsewhere.
    pub(super) fn begin_anew(&mut self) {
        (self.place, self.near) = (None, None);
    }
}

/// Figures of a delivery; null where there are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Metres travelled from the pickup on.
    pub distance_m: Option<i64>,
    /// Seconds at the destination.
    pub dwell_s: Option<i64>,
    /// Mean seconds between two fixes.
    pub interval_s: Option<f64>,
}

impl Delivery {
    /// Figures of what has been so far.
    pub fn figures(&self) -> Figures {
        let Measured { first, last, way, place, near } = self.live.measured;
        let fixes = self.live.fixes.accepted + self.live.fixes.late;
        let spaces = f64::from(fixes.saturating_sub(1));
        let delivered = self.ended().filter(|_| self.status() == Status::Delivered);
        Figures {
            distance_m: place.map(|_| way.round() as i64),
            dwell_s: near.zip(delivered).map(|(near, ended)| ended.since(near).max(0) / 1000),
            interval_s: first
                .zip(last)
                .filter(|_| spaces > 0.0)
                .map(|(first, last)| (last.since(first) as f64 / spaces).round() / 1000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::delivery::tests::{driver, fixes, started, status};

    #[test]
    fn the_way_counts_from_the_pickup_and_the_time_at_the_destination_from_the_last_arrival() {
        let mut delivery = started(json!({}));
        assert_eq!(delivery.figures(), Figures::default());
        // A kilometre a minute, to the north; the dropoff is at 5.65.
        driver(&mut delivery, fixes(&[(1, 5.600), (60, 5.609)]), 60).unwrap();
        driver(&mut delivery, status(Status::PickedUp), 61).unwrap();
        let way = [(120, 5.618), (180, 5.627), (240, 5.636), (300, 5.645), (340, 5.6499), (420, 5.6499)];
        let mut batched = delivery.clone();
        for fix in way {
            driver(&mut delivery, fixes(&[fix]), fix.0).unwrap();
        }
        driver(&mut delivery, status(Status::Delivered), 430).unwrap();
        let figures = delivery.figures();
        // A phone that was offline sends it all at once.
        driver(&mut batched, fixes(&way), 425).unwrap();
        driver(&mut batched, status(Status::Delivered), 430).unwrap();
        assert_eq!(batched.figures(), figures);
        let metres = figures.distance_m.unwrap();
        assert!((3_400..4_700).contains(&metres), "{metres}");
        assert_eq!((figures.dwell_s, figures.interval_s), (Some(90), Some(59.857)));
    }

    #[test]
    fn whoever_leaves_again_has_not_arrived() {
        let mut measured = Measured::default();
        let table = [
            (1, 500.0, None),
            (2, 90.0, Some(2)),
            (3, 250.0, Some(2)),
            (4, 20.0, Some(2)),
            (5, 301.0, None),
            (6, 99.0, Some(6)),
        ];
        let destination = Position::from_degrees(0.0, 0.0).unwrap();
        for (at, metres, near) in table {
            let place = Position::from_degrees(metres / 111_320.0, 0.0).unwrap();
            measured.observe(Millis(at), place, destination);
            assert_eq!(measured.near, near.map(Millis), "{at}");
        }
    }
}
