//! Which fixes to believe, and where that puts who sent them.
//!
//! Each fix of the recent window goes through [`Filter::step`] in the order of its time; the verdict
//! depends on nothing but the fixes before it, so that running the same fixes again gives the same
//! verdicts. What depends on the time received (a wrong clock, before the start, after the end) is
//! decided before, in `delivery`; exact duplicates in `recent`.
//!
//! The chain: null island, accuracy gate, stale repeat, implied against reported speed, the mode's
//! fastest, the innovation gate of a Kalman filter. Rejected fixes that agree among themselves become a
//! rival of the track; when they are twice as many as have confirmed it, the track begins anew from them.

mod echo;
mod habit;
pub mod kalman;
mod limits;
pub mod matrix;
mod noise;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::fix::{Fix, Position};
use crate::motion::Motion;
use crate::wire::start::Mode;
use echo::Echo;
use habit::Habit;
use kalman::{Forecast, Kalman, moved, offset};
use limits::Limits;
use matrix::{Vector, length};
use noise::Noise;

/// What became of a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Accepted,
    /// Older than the window: it joins the history without having been judged.
    Late,
    Filtered(Reason),
}

/// Why a fix is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Reason {
    /// More than 120 s ahead of the delivery's now.
    Clock,
    /// From before the delivery.
    BeforeStart,
    /// Exactly 0, 0: what a phone without a position reports.
    NullIsland,
    /// Nobody travels like this moves so fast, or not at the speed that was reported.
    Speed,
    /// The phone itself is too uncertain.
    Accuracy,
    /// An older position reported again with a new time.
    Stale,
    /// Too far from where the way so far leads.
    Jump,
}

/// The reported radius beyond which a fix says too little, in metres.
const ACCURACY_MAX: f64 = 200.0;
/// A reported accuracy is the radius of 68 %: 1.515 standard deviations on each axis.
const RADIUS_SIGMAS: f64 = 1.515;
/// Steps shorter than this are judged as if this long: clocks of phones round to a second.
const SHORTEST_STEP_SECS: f64 = 1.0;
/// Deviations beyond which an innovation is no noise. Ways have heavier tails than the normal one.
const GATE: f64 = 4.5;
/// An innovation within this is never a jump, in metres: receivers lag, catch up and are reflected.
const GATE_FLOOR: f64 = 150.0;
/// After such a silence the mode's fastest alone is the gate, in seconds.
const SILENCE: f64 = 75.0;
/// So many rejected fixes that agree are believed against any track: bursts of false ones are shorter.
const CONFIRMED: u8 = 7;
/// Fixes of a rival agree within this and half the mode's fastest, in metres.
const RIVAL_FLOOR: f64 = 60.0;
/// A rival that is silent for longer is forgotten, in ms.
const RIVAL_SPAN: i64 = 300_000;
/// A repeat of a position is stale where the track is further than this from it, in metres.
const STALE_APART: f64 = 15.0;
/// Reported speeds are doubted where the way between fixes says so many times as much, and this in m/s.
const SPEED_TIMES: f64 = 4.0;
const SPEED_OVER: f64 = 15.0;
/// Filtered fixes move what is shown along for so long at most, in seconds.
const COASTING: f64 = 30.0;
/// Slower than this has no heading, in m/s.
const HEADING_FROM: f64 = 1.0;

/// Where somebody is, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    pub position: Position,
    /// m/s.
    pub speed: f64,
    /// Degrees clockwise from north.
    pub heading: Option<f64>,
    pub moving: bool,
}

/// A run of rejected fixes that agree among themselves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Rival {
    time: Millis,
    position: Position,
    velocity: [f32; 2],
    fixes: u8,
}

/// What the filter knows of the fixes so far: bounded, whatever the length of the trip.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    track: Option<Kalman>,
    /// How many fixes have confirmed the track, up to [`CONFIRMED`].
    confirmed: u8,
    rival: Option<Rival>,
    echo: Echo,
    noise: Noise,
    habit: Habit,
    motion: Motion,
}

/// Whether it is exactly at 0, 0: what a phone without a position reports.
pub fn is_nowhere(fix: &Fix) -> bool {
    fix.position == Position::default()
}

impl Filter {
    /// Judges the next fix in the order of time.
    pub fn step(&mut self, fix: &Fix, mode: Mode) -> Verdict {
        match self.judge(fix, &Limits::of(mode)) {
            Ok(()) => Verdict::Accepted,
            Err(reason) => Verdict::Filtered(reason),
        }
    }

    /// Where somebody is shown at `time`, not before the last fix: for a short while, on along the way.
    pub fn shown(&self, time: Millis, mode: Mode) -> Option<Shown> {
        let track = self.track.as_ref()?;
        if let Some(position) = self.motion.parked_at() {
            return Some(Shown { position, speed: 0.0, heading: None, moving: false });
        }
        let secs = secs_between(track.time, time).min(COASTING);
        let guess = if secs > 0.0 { track.forecast(secs, &Limits::of(mode)).guess() } else { track.guess() };
        let speed = length(guess.velocity);
        let [east, north] = guess.velocity;
        Some(Shown {
            position: moved(track.origin, guess.place),
            speed,
            heading: (speed >= HEADING_FROM).then(|| east.atan2(north).to_degrees().rem_euclid(360.0)),
            moving: true,
        })
    }

    /// Metres travelled so far.
    pub fn distance(&self) -> f64 {
        self.motion.distance()
    }

    fn judge(&mut self, fix: &Fix, limits: &Limits) -> Result<(), Reason> {
        if is_nowhere(fix) {
            return Err(Reason::NullIsland);
        }
        if fix.accuracy.is_some_and(|accuracy| accuracy > ACCURACY_MAX) {
            return Err(Reason::Accuracy);
        }
        let sigma = self.noise.sigma().max(fix.accuracy.unwrap_or_default() / RADIUS_SIGMAS);
        let Some(track) = &self.track else {
            self.begin(fix, [0.0; 2], sigma, limits);
            self.confirmed = 1;
            return Ok(());
        };
        let secs = secs_between(track.time, fix.time);
        let forecast = track.forecast(secs, limits);
        let place = offset(track.origin, fix.position);
        let doubt = self.doubt(fix, track, &forecast, place, sigma, limits);
        let Some(reason) = doubt else {
            let heard = self.rival.map_or(track.time, |rival| rival.time.max(track.time));
            self.accept(fix, forecast, place, sigma, limits);
            let silent = secs_between(heard, fix.time) > SILENCE;
            self.confirmed = if silent { 2 } else { CONFIRMED }.min(self.confirmed + 1);
            return Ok(());
        };
        if reason == Reason::Stale && self.echo.knows(fix.position) {
            return Err(reason);
        }
        let (fixes, velocity) = match self.rival.filter(|rival| rival.agrees(fix, limits)) {
            Some(rival) => (rival.fixes.saturating_add(1), rival.velocity_to(fix)),
            None => (1, track.guess().velocity),
        };
        if fixes >= (2 * self.confirmed).clamp(2, CONFIRMED) {
            self.begin(fix, velocity, sigma, limits);
            self.confirmed = fixes;
            return Ok(());
        }
        let velocity = velocity.map(|speed| speed as f32);
        self.rival = Some(Rival { time: fix.time, position: fix.position, velocity, fixes });
        Err(reason)
    }

    /// Why a fix does not belong to the track.
    fn doubt(
        &self,
        fix: &Fix,
        track: &Kalman,
        forecast: &Forecast,
        place: Vector,
        sigma: f64,
        limits: &Limits,
    ) -> Option<Reason> {
        let secs = secs_between(track.time, fix.time);
        let now = track.guess();
        let from_last = length([0, 1].map(|axis| place[axis] - now.place[axis]));
        if self.is_stale(fix, from_last, length(now.velocity), secs, limits) {
            return Some(Reason::Stale);
        }
        let implied = (from_last - 2.0 * sigma).max(0.0) / secs.max(SHORTEST_STEP_SECS);
        let reported = fix.speed.is_some_and(|speed| {
            let expected = speed.max(length(now.velocity));
            secs <= SILENCE && implied > SPEED_TIMES * expected + SPEED_OVER
        });
        if implied > limits.speed || reported {
            return Some(Reason::Speed);
        }
        let there = forecast.guess().place;
        let apart = length([0, 1].map(|axis| place[axis] - there[axis]));
        if apart <= GATE_FLOOR {
            return None;
        }
        let rival = self.rival.filter(|rival| rival.agrees(fix, limits));
        if rival.is_some_and(|rival| rival.apart(fix) < apart) {
            return Some(Reason::Jump);
        }
        let near = secs > SILENCE
            || forecast.surprise(place, sigma * sigma) <= GATE * GATE * self.habit.square(secs);
        (!near).then_some(Reason::Jump)
    }

    /// Whether it is an older position again, or the last one at a speed that nobody stops from.
    fn is_stale(&self, fix: &Fix, apart: f64, speed: f64, secs: f64, limits: &Limits) -> bool {
        let again = self.noise.last().is_some_and(|(_, last)| last == fix.position);
        if again {
            let braked = (secs * speed).min(speed * speed / (2.0 * limits.braking));
            return secs <= SILENCE && braked > STALE_APART + 2.0 * self.noise.sigma();
        }
        apart > STALE_APART && self.echo.knows(fix.position)
    }

    fn begin(&mut self, fix: &Fix, velocity: Vector, sigma: f64, limits: &Limits) {
        self.track = Some(Kalman::begin(fix.time, fix.position, velocity, sigma * sigma, limits.speed / 4.0));
        self.noise.forget_way();
        self.believe(fix, sigma, limits);
    }

    fn accept(&mut self, fix: &Fix, forecast: Forecast, place: Vector, sigma: f64, limits: &Limits) {
        if let Some(track) = &mut self.track {
            self.habit.observe(secs_between(track.time, fix.time), forecast.surprise(place, sigma * sigma));
            track.take(&forecast, fix.time, place, sigma * sigma, fix.speed);
        }
        self.believe(fix, sigma, limits);
    }

    /// What a fix that is believed changes besides the track.
    fn believe(&mut self, fix: &Fix, sigma: f64, limits: &Limits) {
        self.rival = None;
        self.echo.remember(fix.position);
        self.noise.observe(fix.time, fix.position);
        if let Some(track) = &self.track {
            let position = moved(track.origin, track.guess().place);
            self.motion.observe(fix.time, position, track.stands(), sigma, limits.speed);
        }
    }
}

impl Rival {
    fn secs_to(&self, fix: &Fix) -> f64 {
        secs_between(self.time, fix.time)
    }

    /// Metres between a fix and where this leads.
    fn apart(&self, fix: &Fix) -> f64 {
        let [east, north] = offset(self.position, fix.position);
        let secs = self.secs_to(fix);
        let [ve, vn] = self.velocity.map(f64::from);
        length([east - ve * secs, north - vn * secs])
    }

    fn agrees(&self, fix: &Fix, limits: &Limits) -> bool {
        let metres = length(offset(self.position, fix.position));
        let reach = RIVAL_FLOOR + self.secs_to(fix) * limits.speed / 2.0;
        fix.time.since(self.time) <= RIVAL_SPAN && metres <= reach
    }

    fn velocity_to(&self, fix: &Fix) -> Vector {
        offset(self.position, fix.position).map(|metres| metres / self.secs_to(fix).max(SHORTEST_STEP_SECS))
    }
}

fn secs_between(from: Millis, to: Millis) -> f64 {
    to.since(from).max(0) as f64 / 1000.0
}
