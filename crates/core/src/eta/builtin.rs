//! The model for cities of which nothing is known.

use crate::eta::model::{BANDS, Model, Power, VERSION};
use crate::eta::pace::Field;

/// Power laws by mode: least squares in logarithms over recorded trips of 10 minutes to 3 hours in Beijing,
/// Athens, San Francisco and Aracaju. Car and scooter: the mean of the cars and taxis of three cities.
/// Truck: fleet trackers in Athens. Van, which stops often: those and the city buses. Foot: a detour of
/// 1.35 at 1.25 m/s, for want of trips.
const POWER: [Power; 6] = [
    Power(0.077, 1.0),
    Power(0.497, 0.803),
    Power(0.616, 0.712),
    Power(0.616, 0.712),
    Power(0.779, 0.710),
    Power(0.779, 0.710),
];

/// How much of what the trip itself shows is believed to go on, feature by feature: seven tenths of how slow
/// it was over the last minutes, and what the pace field says where a model has one. Chosen by hand on the
/// recorded trips of two sources and simulated ones of five cities; the errors hardly change around it.
const WEIGHTS: [f64; 9] = [0.0, 0.1, 0.1, 0.5, 0.1, 0.2, 0.7, 0.1, 0.1];

/// Percentiles by time under way: least is known at first.
const BAND: [(f32, f32); 3] = [(-0.7, 0.6), (-0.65, 0.58), (-0.6, 0.55)];

pub fn model() -> Model {
    Model {
        version: VERSION,
        power: POWER,
        weights: WEIGHTS,
        dwell_secs: 180.0,
        band: (0..BANDS).filter_map(|row| BAND.get(row / 2 % BAND.len()).copied()).collect(),
        trees: Vec::new(),
        field: Field::default(),
        fitted: None,
    }
}
