//! A made-up city: what is to be learned is known, and so is whether it was.

use onway_core::eta::features::FEATURES;
use onway_core::eta::pace::Local;
use onway_core::fix::Position;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::score::eta::{Report, trip};
use crate::trips::Point;

const METRES: f64 = 111_195.0;

/// Trips in a city whose west is slow and whose east is fast; each user has a temper of their own.
fn city(trips: usize, users: usize, seed: u64) -> Vec<Trip> {
    let mut random = SmallRng::seed_from_u64(seed);
    (0..trips).map(|at| one_trip(&format!("{seed}-{}", at % users), at, &mut random)).collect()
}

fn one_trip(user: &str, at: usize, random: &mut SmallRng) -> Trip {
    let mut draw = |from: f64, to: f64| from + (to - from) * random.random::<f64>();
    let place = |x: f64, y: f64| (47.0 + y / METRES, 8.0 + x / METRES / 47_f64.to_radians().cos());
    let (from, to) = ((draw(-6e3, 6e3), draw(-4e3, 4e3)), (draw(-6e3, 6e3), draw(-4e3, 4e3)));
    let temper = draw(0.9, 1.1);
    let (mut time, mut points) = (1_700_000_000.0 + at as f64 * 4_000.0, Vec::new());
    // Along the street grid: first east, then north.
    let corner = (to.0, from.1);
    for (start, end) in [(from, corner), (corner, to)] {
        let length = (end.0 - start.0).hypot(end.1 - start.1);
        let steps = (length / 50.0).ceil().max(1.0) as usize;
        for step in 0..steps {
            let share = step as f64 / steps as f64;
            let (x, y) = (start.0 + (end.0 - start.0) * share, start.1 + (end.1 - start.1) * share);
            let (lat, lng) = place(x, y);
            points.push(Point::new((time * 1000.0) as i64, lat, lng));
            let speed = if x < 0.0 { 2.5 } else { 11.0 };
            time += length / steps as f64 / (speed * temper * draw(0.8, 1.2));
        }
    }
    let (lat, lng) = place(to.0, to.1);
    points.push(Point::new((time * 1000.0) as i64, lat, lng));
    Trip {
        id: format!("{user}/{at}"),
        mode: onway_core::wire::start::Mode::Car,
        source: "city".into(),
        user: user.into(),
        delivery_like: true,
        points,
        unusable: 0,
    }
}

fn fitted(trips: &[Trip]) -> Fitted {
    let (_, lessons) = lessons(trips);
    let settings = Settings { trees: 30, rate: 0.2, ..Settings::default() };
    fit(&lessons.iter().collect::<Vec<_>>(), &settings, &|| ())
}

/// Mean error in seconds, as a share, and the share of the range.
fn scored(trips: &[Trip], model: &Model) -> (f64, f64, f64) {
    let report = Report::of(trips.iter().filter_map(|one| trip(one, model)).collect());
    let all = report.groups.last().unwrap();
    (all.errors[0].mae_s, all.errors[0].mape, all.covered)
}

#[test]
fn what_is_learned_of_a_city_holds_for_users_that_were_not_there() {
    let found = fitted(&city(160, 16, 1));
    assert_eq!(found.stage, Stage::Trees);
    let unseen = city(60, 20, 2);
    let (before, after) = (scored(&unseen, Model::built_in()), scored(&unseen, &found.model));
    assert!(after.0 < 0.7 * before.0 && after.1 < 0.7 * before.1, "{before:?} {after:?}");
    assert!((0.7..=0.9).contains(&after.2), "{after:?}");
    // It is the same after its file, but for the last digits.
    let read = Model::read(serde_json::to_string(&found.model).unwrap().as_bytes()).unwrap();
    assert!((scored(&unseen, &read).0 - after.0).abs() < 0.5);
    // The field knows the west from the east.
    let at =
        |lng| read.field.at(onway_core::wire::start::Mode::Car, Position::from_degrees(47.0, lng).unwrap());
    let (west, east, elsewhere) = (at(7.96), at(8.04), at(20.0));
    assert!(west.known && east.known && west.value > east.value + 0.8, "{west:?} {east:?}");
    assert_eq!(elsewhere, Local::default());
}

#[test]
fn with_few_trips_it_is_no_worse_than_the_model_built_in() {
    for (trips, users) in [(1, 1), (3, 1), (6, 2), (20, 1), (20, 5)] {
        let found = fitted(&city(trips, users, 3));
        found.model.check().unwrap();
        let unseen = city(40, 20, 4);
        let (before, after) = (scored(&unseen, Model::built_in()), scored(&unseen, &found.model));
        let worse = (after.0 / before.0).max(after.1 / before.1);
        assert!(worse < 1.02, "{trips} trips of {users}: {before:?} {after:?}");
    }
}

#[test]
fn the_same_trips_and_seed_give_the_same_model() {
    let trips = city(40, 8, 5);
    let text = |found: Fitted| serde_json::to_string(&found.model).unwrap();
    assert_eq!(text(fitted(&trips)), text(fitted(&trips)));
}

#[test]
fn a_user_sees_a_field_without_their_own_trips() {
    let trips = city(8, 2, 6);
    let (_, lessons) = lessons(&trips);
    let ways = |kept: Option<usize>| {
        let kept = lessons.iter().filter(move |lesson| kept.is_none_or(|user| lesson.user == user));
        Grid::new(kept.map(|l| Way { user: l.user, mode: l.mode, track: &l.track }))
    };
    let (both, first) = (ways(None), ways(Some(0)));
    for lesson in lessons.iter().filter(|lesson| lesson.user == 0) {
        for (_, position) in lesson.track.iter().step_by(7) {
            assert!(both.without(None, lesson.mode, *position).known);
            assert!(!first.without(Some(0), lesson.mode, *position).known);
            assert!(first.without(Some(0), lesson.mode, *position).value.abs() < 1e-6);
        }
    }
}

#[test]
fn trees_find_a_step_and_leave_noise_alone() {
    let mut random = SmallRng::seed_from_u64(7);
    let row = |user: usize, random: &mut SmallRng| {
        let features = std::array::from_fn(|_| random.random::<f64>());
        let noise = random.random::<f64>() - 0.5;
        let step = if features[4] > 0.6 { 0.5 } else { 0.0 };
        Row { features, residual: step + noise * 0.4, weight: 0.05, user }
    };
    let rows: Vec<Row> = (0..4_000).map(|at| row(at % 20, &mut random)).collect();
    let trees = boost::trees(&rows, &Settings::default(), &|| ());
    let value = |at: f64| {
        let mut features = [0.5; FEATURES];
        features[4] = at;
        trees.iter().map(|tree| tree.value(&features)).sum::<f64>()
    };
    assert!((value(0.9) - 0.5).abs() < 0.06 && value(0.3).abs() < 0.06, "{} {}", value(0.9), value(0.3));
}
