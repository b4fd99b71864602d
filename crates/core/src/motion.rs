//! Moving or parked, and how far it went.
//!
//! Who stays within a small circle for a while is parked: shown at the mean of where they hovered, at
//! no speed, and travelling nothing until they leave the circle. The way is the sum of chords of a
//! length that the scatter of positions cannot make.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::filter::kalman::{moved, offset};
use crate::filter::matrix::{Vector, length};
use crate::fix::Position;

/// Within this circle for that long is parked, in metres and ms.
const CIRCLE: f64 = 15.0;
const PARKED_AFTER: i64 = 30_000;
/// And with so many positions.
const PARKED_FIXES: u16 = 4;
/// The circle of those whose positions scatter, in standard deviations.
const CIRCLE_SIGMAS: f64 = 2.5;
/// How likely the filter must hold that they stand, to stay parked and to become it.
const STANDS: [f64; 2] = [0.2, 0.5];
/// Leaving wants more than staying.
const LEAVING: f64 = 1.6;
/// The mean of the circle follows at least with this share of each position.
const MEAN_MIN: f64 = 1.0 / 60.0;
/// Shortest chord of the way, in metres, and in standard deviations.
const CHORD: f64 = 20.0;
const CHORD_SIGMAS: f64 = 3.0;

/// Where somebody stays, or the last chord began.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Stay {
    centre: Position,
    since: Millis,
    fixes: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Motion {
    stay: Option<Stay>,
    parked: bool,
    /// Where the way has been measured to, and when.
    chord: Option<(Millis, Position)>,
    /// Metres travelled; `f32` is exact in JSON, and to a metre over 16,000 km.
    distance: f32,
}

impl Motion {
    /// Metres travelled so far.
    pub fn distance(&self) -> f64 {
        self.distance.into()
    }

    /// Where they are parked, if they are.
    pub fn parked_at(&self) -> Option<Position> {
        self.stay.filter(|_| self.parked).map(|stay| stay.centre)
    }

    /// Takes the smoothed position after a fix. `sigma` is the scatter of fixes, `fastest` in m/s.
    pub fn observe(&mut self, time: Millis, position: Position, stands: f64, sigma: f64, fastest: f64) {
        let circle = CIRCLE.max(CIRCLE_SIGMAS * sigma) * if self.parked { LEAVING } else { 1.0 };
        match &mut self.stay {
            Some(stay)
                if length(offset(stay.centre, position)) <= circle
                    && stands >= if self.parked { STANDS[0] } else { STANDS[1] } =>
            {
                stay.fixes = stay.fixes.saturating_add(1);
                let share = (1.0 / f64::from(stay.fixes)).max(MEAN_MIN);
                let way: Vector = offset(stay.centre, position);
                stay.centre = moved(stay.centre, way.map(|metres| metres * share));
                self.parked |= stay.fixes >= PARKED_FIXES && time.since(stay.since) >= PARKED_AFTER;
            }
            _ => {
                self.stay = Some(Stay { centre: position, since: time, fixes: 1 });
                self.parked = false;
            }
        }
        self.measure(time, position, sigma, fastest);
    }

    fn measure(&mut self, time: Millis, position: Position, sigma: f64, fastest: f64) {
        let Some((since, from)) = self.chord else {
            self.chord = Some((time, position));
            return;
        };
        let metres = length(offset(from, position));
        if self.parked || metres < CHORD.max(CHORD_SIGMAS * sigma) {
            return;
        }
        // After a wrong position was believed, the way to it and back is nobody's.
        if metres <= fastest * (time.since(since) as f64 / 1000.0).max(1.0) {
            self.distance += metres as f32;
        }
        self.chord = Some((time, position));
    }
}
