//! What is known of a trip on its way, as numbers: a small state that grows with no trip's length.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::eta::model::Power;
use crate::eta::pace::Corridor;
use crate::fix::Position;
use crate::wire::start::Mode;

/// Features that the linear part weighs: the first of [`Features`]. Each is 0 where nothing is known.
pub const LINEAR: usize = 9;
/// All features, in the order of [`NAMES`].
pub const FEATURES: usize = 17;
/// What one sees of a trip at a fix.
pub type Features = [f64; FEATURES];

/// How the features are called, in their order.
pub const NAMES: [&str; FEATURES] = [
    "own pace",
    "slowness, 1 min",
    "slowness, 5 min",
    "slowness, 15 min",
    "straightness",
    "share of time moving",
    "pace field, line",
    "pace field, destination",
    "pace field, position",
    "distance left",
    "distance covered",
    "time elapsed",
    "hour of day",
    "day of week",
    "mode",
    "cells known",
    "closing",
];

/// Time scales of the trip's speeds, in seconds.
const SPANS: [f64; 3] = [60.0, 300.0, 900.0];
/// Seconds at the typical speed that each of these speeds begins with.
const SPAN_PRIORS: [f64; 3] = [60.0, 120.0, 300.0];
/// Less than this is noise of the receiver and no way, in metres.
const STEP_METRES: f64 = 25.0;
/// Whoever has not come so far after this many seconds stands still.
const STEP_SECS: f64 = 30.0;
/// Expected seconds by which the trip's own pace is shrunk towards the typical one.
const PACE_PRIOR_SECS: f64 = 300.0;
/// Metres covered by which straightness is shrunk towards the typical one.
const STRAIGHT_PRIOR_METRES: f64 = 500.0;
/// Typical great-circle distance over distance covered; and the detour, its inverse.
const STRAIGHT: f64 = 0.77;
/// Seconds by which the share of time moving is shrunk towards the typical one, and that one.
const MOVING_PRIOR_SECS: f64 = 120.0;
const MOVING: f64 = 0.85;
/// An earlier time, in ms, is that of a clock that was never set, and tells no hour.
const CLOCKS_FROM: i64 = 315_532_800_000;
const HOUR_MS: i64 = 3_600_000;

/// A trip as far as it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Journey {
    /// When it began, and how many metres were left then.
    origin: Option<(Millis, f64)>,
    start: Option<Position>,
    /// Until when, and where, it is accounted for below.
    last: Option<(Millis, Position)>,
    covered: f64,
    moving_secs: f64,
    /// Metres and seconds over each of [`SPANS`], older ones fading.
    speeds: [(f64, f64); 3],
}

impl Journey {
    /// Takes a position that is believed, `metres` from the destination. Older ones than the last change
    /// nothing.
    pub fn observe(&mut self, at: Millis, position: Position, metres: f64) {
        self.origin.get_or_insert((at, metres));
        self.start.get_or_insert(position);
        let (since, from) = *self.last.get_or_insert((at, position));
        let secs = at.since(since) as f64 / 1000.0;
        let moved = from.metres_to(position);
        if secs <= 0.0 || (moved < STEP_METRES && secs < STEP_SECS) {
            return;
        }
        let moves = moved >= STEP_METRES;
        let moved = if moves { moved } else { 0.0 };
        self.covered += moved;
        self.moving_secs += if moves { secs } else { 0.0 };
        for ((sum_metres, sum_secs), span) in self.speeds.iter_mut().zip(SPANS) {
            let faded = (-secs / span).exp();
            // What passed within one step is spread over it evenly.
            let weight = (1.0 - faded) * span / secs;
            *sum_metres = round(*sum_metres * faded + moved * weight);
            *sum_secs = round(*sum_secs * faded + secs * weight);
        }
        self.covered = round(self.covered);
        self.last = Some((at, if moves { position } else { from }));
    }

    /// It leads to another destination.
    pub fn aim(&mut self, destination: Position) {
        if let Some(((_, metres), start)) = self.origin.as_mut().zip(self.start) {
            *metres = start.metres_to(destination);
        }
    }

    /// A position with `metres` left, which came late: where it is older than all, the way began there.
    pub fn began_before(&mut self, at: Millis, metres: f64) {
        if let Some(origin) = self.origin.as_mut().filter(|(began, _)| at < *began) {
            *origin = (at, metres);
        }
    }

    /// Metres that were left at the beginning.
    pub fn origin_metres(&self) -> Option<f64> {
        self.origin.map(|(_, metres)| metres)
    }

    /// Seconds since it began.
    pub fn elapsed(&self, now: Millis) -> f64 {
        self.origin.map_or(0.0, |(began, _)| (now.since(began) as f64 / 1000.0).max(0.0))
    }

    /// What is known at `now`, at `here`, `metres` from the destination.
    pub fn features(
        &self,
        power: Power,
        mode: Mode,
        now: Millis,
        here: Position,
        metres: f64,
        corridor: &Corridor,
    ) -> Features {
        let elapsed = self.elapsed(now);
        let from = self.origin_metres().unwrap_or(metres);
        let expected = (power.secs(from) - power.secs(metres)).max(0.0);
        let own = ((elapsed + PACE_PRIOR_SECS) / (expected + PACE_PRIOR_SECS)).ln();
        // On the road, as the speeds below are.
        let typical = |metres: f64| metres / power.secs(metres) / STRAIGHT;
        let (prior_speed, speed) = (typical(from.max(100.0)), typical(metres.max(100.0)));
        let slowness = |((sum_metres, sum_secs), prior): ((f64, f64), f64)| {
            (speed / ((sum_metres + prior_speed * prior) / (sum_secs + prior))).ln()
        };
        let [shortest, short, long] = self.speeds;
        let [shortest_prior, short_prior, long_prior] = SPAN_PRIORS;
        let displaced = self.start.map_or(0.0, |start| start.metres_to(here)).min(self.covered);
        let straight = |metres: f64| {
            (metres + STRAIGHT * STRAIGHT_PRIOR_METRES) / (self.covered + STRAIGHT_PRIOR_METRES) / STRAIGHT
        };
        let closed = (from - metres).clamp(-0.5 * self.covered, self.covered);
        let moving = (self.moving_secs + MOVING * MOVING_PRIOR_SECS) / (elapsed + MOVING_PRIOR_SECS) / MOVING;
        let field = corridor.ahead(here);
        let (hour, day) = local_hour(now, here);
        [
            own,
            slowness((shortest, shortest_prior)),
            slowness((short, short_prior)),
            slowness((long, long_prior)),
            straight(displaced).ln(),
            moving.ln(),
            field.line,
            field.destination,
            field.here,
            metres.max(1.0).ln(),
            (self.covered + 100.0).ln(),
            elapsed / 60.0,
            hour,
            day,
            f64::from(mode as u8),
            field.known,
            straight(closed),
        ]
    }
}

/// The share of cells known on the way.
pub fn known(features: &Features) -> f64 {
    let [.., known, _] = features;
    *known
}

/// The state is stored as text: more digits than millimetres are of no use.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Hour and day of the week (0: Monday) by the sun, since no time zone is known; -1 without a clock.
fn local_hour(now: Millis, here: Position) -> (f64, f64) {
    if now.0 < CLOCKS_FROM {
        return (-1.0, -1.0);
    }
    let local = now.plus((here.lng() / 15.0 * HOUR_MS as f64) as i64).0;
    // 1 January 1970 was a Thursday.
    let day = (local.div_euclid(24 * HOUR_MS) + 3).rem_euclid(7);
    (local.rem_euclid(24 * HOUR_MS) as f64 / HOUR_MS as f64, day as f64)
}
