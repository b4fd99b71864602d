//! Position and velocity from fixes: an interacting multiple-model Kalman filter in local metres.
//!
//! Three models of the same motion run side by side, and their probabilities weigh them (Blom and
//! Bar-Shalom, *The interacting multiple model algorithm*, 1988): one stands still, one keeps to its
//! line and changes its speed, one turns, brakes and starts. In the moving ones, velocity is nearly
//! constant over seconds and reverts to zero over minutes (an integrated Ornstein–Uhlenbeck process), so
//! that a long silence leaves a wide but bounded guess. The state is kept in `f32`: it is exact in JSON.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::filter::limits::Limits;
use crate::filter::matrix::{
    Matrix, Vector, add, dot, identity, inverse, length, outer, product, scaled, times, transposed,
};
use crate::fix::Position;

/// Metres of a degree of latitude, on the mean radius.
const METRES_PER_DEGREE: f64 = 111_195.0;
/// Density of the acceleration along a straight way, in times of the agile one, and how much longer its
/// speed lasts.
const ALONG: f64 = 0.2;
const STEADY: f64 = 4.0;
/// Density of the acceleration across a straight way, in times of that along it.
const ACROSS: f64 = 0.02;
/// Below this speed there is no along and across, in m/s.
const STRAIGHT_FROM: f64 = 3.0;
/// Density of the acceleration in every direction there, in times of that along.
const SLOW: f64 = 0.3;
/// How far a position wanders while standing, in m²/s.
const WANDER: f64 = 0.02;
/// Variance of the speed with which somebody sets off, in m²/s².
const SETTING_OFF: f64 = 1.0;

/// Standard deviation of a reported speed, in m/s, and as a share of it: the Doppler shift is exact.
const SPEED_SIGMA: f64 = 0.5;
const SPEED_SHARE: f64 = 0.05;
/// How much less, in variance, a speed must scatter than it is, to have a direction.
const DIRECTED: f64 = 16.0;
/// Slower than this, a guess has no direction, in m/s.
const DIRECTED_FROM: f64 = 1.0;

const STANDING: usize = 0;
const STRAIGHT: usize = 1;
const AGILE: usize = 2;
const MODELS: usize = 3;
/// How long each lasts in the mean, in seconds.
const LASTING: [f64; MODELS] = [30.0, 20.0, 6.0];
/// What follows each.
const NEXT: [[f64; MODELS]; MODELS] = [[0.0, 0.2, 0.8], [0.1, 0.0, 0.9], [0.3, 0.7, 0.0]];
/// And what is to be expected after long, in seconds.
const LONG: f64 = 120.0;
const USUAL: [f64; MODELS] = [0.25, 0.45, 0.3];

/// From one position to another, in local metres.
pub fn offset(from: Position, to: Position) -> Vector {
    let mut east = i64::from(to.lng_e7) - i64::from(from.lng_e7);
    if east.abs() > 1_800_000_000 {
        east -= 3_600_000_000 * east.signum();
    }
    let north = i64::from(to.lat_e7) - i64::from(from.lat_e7);
    [east as f64 * 1e-7 * METRES_PER_DEGREE * shrinking(from), north as f64 * 1e-7 * METRES_PER_DEGREE]
}

/// The position at an offset of local metres.
pub fn moved(from: Position, [east, north]: Vector) -> Position {
    let lat = (from.lat() + north / METRES_PER_DEGREE).clamp(-90.0, 90.0);
    let lng = from.lng() + east / METRES_PER_DEGREE / shrinking(from);
    let lng = (lng + 180.0).rem_euclid(360.0) - 180.0;
    Position::from_degrees(lat, lng).unwrap_or(from)
}

/// How much shorter a degree of longitude is than one of latitude; never nothing.
fn shrinking(at: Position) -> f64 {
    at.lat().to_radians().cos().max(0.01)
}

/// Position and velocity with the covariance of both.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Guess {
    pub place: Vector,
    pub velocity: Vector,
    /// Of the position, of the position with the velocity, of the velocity.
    covariance: [Matrix; 3],
}

impl Guess {
    /// After `secs` of standing still.
    fn standing(self, secs: f64) -> Self {
        let wander = scaled(identity(), WANDER * secs);
        let covariance =
            [add(self.covariance[0], wander), Matrix::default(), scaled(identity(), SETTING_OFF)];
        Self { velocity: [0.0; 2], covariance, ..self }
    }

    /// After `secs`, under white acceleration of this density and a velocity that lasts `persistence`.
    fn moving(self, secs: f64, density: Matrix, persistence: f64) -> Self {
        let kept = (-secs / persistence).exp();
        let reach = persistence * (1.0 - kept);
        let half = persistence / 2.0 * (1.0 - kept * kept);
        let spread = persistence.powi(2) * (secs - 2.0 * reach + half).max(0.0);
        let [pp, pv, vv] = self.covariance;
        let both = scaled(add(pv, transposed(pv)), reach);
        Self {
            place: plus(self.place, self.velocity, reach),
            velocity: self.velocity.map(|speed| speed * kept),
            covariance: [
                add(add(pp, both), add(scaled(vv, reach * reach), scaled(density, spread))),
                add(scaled(add(pv, scaled(vv, reach)), kept), scaled(density, reach * reach / 2.0)),
                add(scaled(vv, kept * kept), scaled(density, half)),
            ],
        }
    }

    /// Squared distance of a measurement, in its expected deviations; and how likely it is.
    fn surprise(&self, measured: Vector, variance: f64) -> (f64, f64) {
        let (weight, determinant) = inverse(add(self.covariance[0], scaled(identity(), variance)));
        let apart = plus(measured, self.place, -1.0);
        let squared = dot(apart, times(weight, apart)).max(0.0);
        (squared, (-0.5 * squared).exp() / determinant.sqrt())
    }

    /// With a measurement of the position.
    fn measured(self, measured: Vector, variance: f64) -> Self {
        let [pp, pv, vv] = self.covariance;
        let (weight, _) = inverse(add(pp, scaled(identity(), variance)));
        let (gain, speed_gain) = (product(pp, weight), product(transposed(pv), weight));
        let apart = plus(measured, self.place, -1.0);
        let less = |whole: Matrix, gain: Matrix, part: Matrix| add(whole, scaled(product(gain, part), -1.0));
        Self {
            place: plus(self.place, times(gain, apart), 1.0),
            velocity: plus(self.velocity, times(speed_gain, apart), 1.0),
            covariance: [less(pp, gain, pp), less(pv, gain, pv), less(vv, speed_gain, pv)],
        }
    }

    /// With a measurement of the speed alone, and how likely that was. Without a direction of its own, a
    /// guess takes nothing from it.
    fn at_speed(self, measured: f64) -> (Self, f64) {
        let speed = length(self.velocity);
        let direction = self.velocity.map(|part| part / speed.max(1e-9));
        let [pp, pv, vv] = self.covariance;
        let (of_place, of_velocity) = (times(pv, direction), times(vv, direction));
        let own = dot(direction, of_velocity);
        // What lies across the direction makes it uncertain, and the way longer than it seems.
        let across = (vv[0][0] + vv[1][1] - own).max(0.0);
        let total = own + across.min(speed * speed) + (SPEED_SIGMA + SPEED_SHARE * measured).powi(2);
        let apart = measured - speed;
        let likelihood = (-0.5 * apart * apart / total).exp() / total.sqrt();
        if speed < DIRECTED_FROM || across * DIRECTED > speed * speed {
            return (self, likelihood);
        }
        let less = |whole: Matrix, a: Vector, b: Vector| add(whole, scaled(outer(a, b), -1.0 / total));
        let guess = Self {
            place: plus(self.place, of_place, apart / total),
            velocity: plus(self.velocity, of_velocity, apart / total),
            covariance: [
                less(pp, of_place, of_place),
                less(pv, of_place, of_velocity),
                less(vv, of_velocity, of_velocity),
            ],
        };
        (guess, likelihood)
    }

    /// Several guesses as one.
    fn mixed(guesses: &[Self; MODELS], weights: [f64; MODELS]) -> Self {
        let mut mean = Self::default();
        for (guess, weight) in guesses.iter().zip(weights) {
            mean.place = plus(mean.place, guess.place, weight);
            mean.velocity = plus(mean.velocity, guess.velocity, weight);
        }
        for (guess, weight) in guesses.iter().zip(weights) {
            let (dp, dv) = (plus(guess.place, mean.place, -1.0), plus(guess.velocity, mean.velocity, -1.0));
            let apart = [outer(dp, dp), outer(dp, dv), outer(dv, dv)];
            for ((sum, own), apart) in mean.covariance.iter_mut().zip(guess.covariance).zip(apart) {
                *sum = add(*sum, scaled(add(own, apart), weight));
            }
        }
        mean
    }
}

/// A vector and so many times another.
fn plus(a: Vector, b: Vector, times: f64) -> Vector {
    [a[0] + times * b[0], a[1] + times * b[1]]
}

/// A guess as it is kept: place, velocity, and what of the covariance is not said twice.
type Kept = [f32; 14];

fn keep(guess: &Guess) -> Kept {
    let Guess { place: [e, n], velocity: [ve, vn], covariance: [pp, pv, vv] } = guess;
    let numbers = [
        e, n, ve, vn, &pp[0][0], &pp[0][1], &pp[1][1], &pv[0][0], &pv[0][1], &pv[1][0], &pv[1][1], &vv[0][0],
        &vv[0][1], &vv[1][1],
    ];
    numbers.map(|number| *number as f32)
}

fn kept(numbers: &Kept) -> Guess {
    let [e, n, ve, vn, a, b, c, d, f, g, h, i, j, k] = numbers.map(f64::from);
    Guess {
        place: [e, n],
        velocity: [ve, vn],
        covariance: [[[a, b], [b, c]], [[d, f], [g, h]], [[i, j], [j, k]]],
    }
}

/// The filter's state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kalman {
    pub time: Millis,
    /// Where the local metres begin.
    pub origin: Position,
    models: [Kept; MODELS],
    weights: [f32; MODELS],
}

/// All models at the time of a fix.
#[derive(Clone, Copy, Debug)]
pub struct Forecast {
    models: [Guess; MODELS],
    weights: [f64; MODELS],
}

impl Forecast {
    /// The squared distance of a measurement in deviations, by the model that is least surprised.
    pub fn surprise(&self, measured: Vector, variance: f64) -> f64 {
        self.models.iter().map(|model| model.surprise(measured, variance).0).fold(f64::INFINITY, f64::min)
    }

    pub fn guess(&self) -> Guess {
        Guess::mixed(&self.models, self.weights)
    }
}

impl Kalman {
    /// Begins at a position, with a velocity that is uncertain by `spread` m/s on each axis.
    pub fn begin(time: Millis, origin: Position, velocity: Vector, variance: f64, spread: f64) -> Self {
        let covariance = [variance, 0.0, spread * spread].map(|variance| scaled(identity(), variance));
        let guess = keep(&Guess { place: [0.0; 2], velocity, covariance });
        Self { time, origin, models: [guess; MODELS], weights: USUAL.map(|weight| weight as f32) }
    }

    /// The best guess at the time of the last fix.
    pub fn guess(&self) -> Guess {
        Guess::mixed(&self.models.each_ref().map(kept), self.weights.map(f64::from))
    }

    /// How likely it is that they stand still.
    pub fn stands(&self) -> f64 {
        f64::from(self.weights[STANDING])
    }

    /// What is to be expected after `secs`.
    pub fn forecast(&self, secs: f64, limits: &Limits) -> Forecast {
        let before = self.models.each_ref().map(kept);
        let mut joint = [[0.0; MODELS]; MODELS];
        for (from, weight) in self.weights.iter().enumerate() {
            let stays = (-secs / LASTING[from]).exp();
            let settled = 1.0 - (-secs / LONG).exp();
            for (to, joint) in joint.iter_mut().enumerate() {
                let next = NEXT[from][to] + settled * (USUAL[to] - NEXT[from][to]);
                let same = if from == to { stays } else { 0.0 };
                joint[from] = f64::from(*weight) * (same + (1.0 - stays) * next);
            }
        }
        let weights = joint.map(|from| from.iter().sum::<f64>().max(1e-9));
        let mut models = [0, 1, 2].map(|to| Guess::mixed(&before, joint[to].map(|part| part / weights[to])));
        models[STANDING] = models[STANDING].standing(secs);
        let density = along(models[STRAIGHT].velocity, limits.agility * ALONG);
        models[STRAIGHT] = models[STRAIGHT].moving(secs, density, limits.persistence * STEADY);
        let density = scaled(identity(), limits.agility);
        models[AGILE] = models[AGILE].moving(secs, density, limits.persistence);
        Forecast { models, weights }
    }

    /// Takes a measurement at `time`, for which `forecast` was made.
    pub fn take(
        &mut self,
        forecast: &Forecast,
        time: Millis,
        measured: Vector,
        variance: f64,
        speed: Option<f64>,
    ) {
        let mut weighed = forecast.weights;
        let mut models = forecast.models;
        for (model, weight) in models.iter_mut().zip(&mut weighed) {
            *weight *= model.surprise(measured, variance).1;
            *model = model.measured(measured, variance);
            if let Some(speed) = speed {
                let (at_speed, likelihood) = model.at_speed(speed);
                *model = at_speed;
                *weight *= likelihood;
            }
        }
        let whole: f64 = weighed.iter().sum();
        // Where all are impossible, the agile one is the least.
        let weights =
            if whole > f64::MIN_POSITIVE { weighed.map(|weight| weight / whole) } else { [0.0, 0.0, 1.0] };
        let origin = moved(self.origin, Guess::mixed(&models, weights).place);
        let shift = offset(self.origin, origin);
        let from_there = |guess: Guess| keep(&Guess { place: plus(guess.place, shift, -1.0), ..guess });
        *self = Self {
            time,
            origin,
            models: models.map(from_there),
            weights: weights.map(|weight| weight as f32),
        };
    }
}

/// The density of an acceleration mostly along the way.
fn along(velocity: Vector, density: f64) -> Matrix {
    let speed = length(velocity);
    let across = scaled(identity(), density * ACROSS);
    if speed < STRAIGHT_FROM {
        return scaled(identity(), density * SLOW);
    }
    let direction = velocity.map(|part| part / speed);
    add(across, scaled(outer(direction, direction), density * (1.0 - ACROSS)))
}
