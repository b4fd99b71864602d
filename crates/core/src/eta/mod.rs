//! When the delivery arrives, without a road graph: learned from trips, and corrected by this one.
//!
//! A power law of the great circle left holds the detours and the traffic of all roads together: over a
//! long way, more of it is fast. The trip's own pace, the pace of those who were there before, and small
//! trees over both correct it: see [`model`]. Everything that is learned is data.

mod builtin;
pub mod features;
pub mod model;
pub mod pace;
pub mod shown;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::fix::Position;
use crate::routing::Left;
use crate::wire::snapshot::{Confidence, EtaSource};
use crate::wire::start::Mode;

pub use features::Journey;
pub use model::Model;
pub use pace::Corridor;

/// So close, people are told that the driver is arriving, in metres.
pub const ARRIVING_METRES: f64 = 100.0;
/// So many metres by road come to one of the great circle.
const DETOUR: f64 = 1.3;
/// The 90th percentile of the normal distribution.
const Z90: f64 = 1.2816;
/// A range is this wide at most, as high over low, where confidence is high, and where it is medium.
const CONFIDENT: [f64; 2] = [3.2, 3.5];

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

/// Whether people are told that the driver is arriving instead of a time.
pub fn is_arriving(metres: f64) -> bool {
    metres < ARRIVING_METRES
}

/// What an estimate is about: somebody at a place, on the way to another.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    pub mode: Mode,
    pub now: Millis,
    pub here: Position,
    pub destination: Position,
    /// Metres left along a planned route, where one is followed.
    pub way: Option<f64>,
    /// Stops before the destination, in order: each takes [`Model::dwell_secs`].
    pub ahead: &'a [Position],
    /// The trip so far.
    pub journey: &'a Journey,
    /// The pace field on the way, or an empty one.
    pub corridor: &'a Corridor,
}

impl Situation<'_> {
    /// Metres to the next stop as the crow flies. Those of a route are as many as it usually takes to come so
    /// far by road.
    fn metres(&self) -> f64 {
        let direct = self.here.metres_to(self.ahead.first().copied().unwrap_or(self.destination));
        self.way.map_or(direct, |way| (way / DETOUR).max(direct))
    }
}

/// The ETA of somebody in that situation.
pub fn estimate(model: &Model, situation: &Situation<'_>) -> Estimate {
    let Situation { mode, now, here, journey, .. } = *situation;
    let metres = situation.metres();
    let features = journey.features(model.power(mode), mode, now, here, metres, situation.corridor);
    let secs = model.secs(mode, metres, &features) + stops(model, situation);
    let band = model.band(secs, journey.elapsed(now), features::known(&features));
    let source = if situation.way.is_some() { EtaSource::Route } else { EtaSource::History };
    arriving_in(secs, band, source, now)
}

/// The same, where a routing engine knows the way and its times.
pub fn by_plan(model: &Model, situation: &Situation<'_>, left: Left) -> Estimate {
    let secs = left.seconds + stops(model, situation);
    let band = ((-Z90 * left.deviation).exp(), (Z90 * left.deviation).exp());
    arriving_in(secs, band, EtaSource::Route, situation.now)
}

/// What comes after the first stop: the ways from stop to stop, and the time at each.
fn stops(model: &Model, situation: &Situation<'_>) -> f64 {
    let Situation { ahead, destination, mode, .. } = *situation;
    let next = ahead.iter().skip(1).chain(std::iter::once(&destination));
    let legs = ahead.iter().zip(next).map(|(from, to)| model.power(mode).secs(from.metres_to(*to)));
    legs.map(|secs| secs + model.dwell_secs).sum()
}

fn arriving_in(secs: f64, (low, high): (f64, f64), source: EtaSource, now: Millis) -> Estimate {
    let after = |secs: f64| now.plus((secs * 1000.0).round() as i64);
    let [confident, medium] = CONFIDENT;
    Estimate {
        at: after(secs),
        low: after(secs * low),
        high: after(secs * high),
        source,
        confidence: match high / low {
            width if width <= confident => Confidence::High,
            width if width <= medium => Confidence::Medium,
            _ => Confidence::Low,
        },
    }
}
