//! A recorded trip as the service would see it: fix by fix, nothing of the future.

use onway_core::clock::Millis;
use onway_core::eta::{Corridor, Journey, Situation};
use onway_core::filter::{Filter, Verdict};
use onway_core::fix::{Fix, Position};
use onway_core::wire::start::Mode;

use crate::trips::Trip;

/// What is known when a fix has come in.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub at: Millis,
    /// The fix as recorded.
    pub raw: Position,
    /// The last position that was believed, this one or one before.
    pub here: Position,
    /// Whether this fix is believed.
    pub believed: bool,
    pub journey: Journey,
}

impl Seen {
    pub fn situation<'a>(&'a self, walk: &Walk, corridor: &'a Corridor) -> Situation<'a> {
        Situation {
            mode: walk.mode,
            now: self.at,
            here: self.here,
            destination: walk.destination,
            way: None,
            ahead: &[],
            journey: &self.journey,
            corridor,
        }
    }
}

/// One trip, whose last point is its destination and its arrival.
#[derive(Debug, Clone)]
pub struct Walk {
    pub mode: Mode,
    pub origin: Position,
    pub destination: Position,
    pub arrival: Millis,
    /// In the order of the file, one for each point.
    pub seen: Vec<Seen>,
}

impl Walk {
    /// `None` where no fix is believed.
    pub fn of(trip: &Trip) -> Option<Self> {
        let position = |lat, lng| Position::from_degrees(lat, lng);
        let last = trip.points.iter().max_by_key(|point| point.time_ms)?;
        let destination = position(last.lat, last.lng)?;
        let (mut filter, mut journey) = (Filter::default(), Journey::default());
        let (mut here, mut newest) = (None, Millis(i64::MIN));
        let mut seen = Vec::with_capacity(trip.points.len());
        for point in &trip.points {
            let (at, raw) = (Millis(point.time_ms), position(point.lat, point.lng)?);
            let fix = Fix { speed: point.speed, accuracy: point.accuracy, ..Fix::new(at, raw) };
            let believed = at >= newest && filter.step(&fix, trip.mode) == Verdict::Accepted;
            newest = newest.max(at);
            if believed {
                let shown = filter.shown(at, trip.mode).map_or(raw, |shown| shown.position);
                journey.observe(at, shown, shown.metres_to(destination));
                here = Some(shown);
            }
            seen.push(Seen { at, raw, here: here.unwrap_or(raw), believed, journey });
        }
        let origin = seen.iter().find(|seen| seen.believed)?.here;
        Some(Self { mode: trip.mode, origin, destination, arrival: Millis(last.time_ms), seen })
    }

    /// Seconds that were really left.
    pub fn left(&self, seen: &Seen) -> f64 {
        self.arrival.since(seen.at) as f64 / 1000.0
    }

    /// Whether an estimate at this fix is judged: with at least a minute and 300 m left.
    pub fn is_judged(&self, seen: &Seen) -> bool {
        self.left(seen) >= 60.0 && seen.raw.metres_to(self.destination) >= 300.0
    }
}
