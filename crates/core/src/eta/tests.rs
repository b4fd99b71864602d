//! What holds of every ETA, whatever the trip and whatever the model.

use super::model::{BANDS, NUMBERS_MAX, TREES_MAX, Tree, Unusable};
use super::pace::{CORRIDOR_MAX, Cells, Field, Local, SIDES, VALUE_MAX, cell, middle};
use super::*;
use proptest::prelude::*;
use serde_json::json;

const HOME: (f64, f64) = (5.6, -0.18);

fn place(north_m: f64, east_m: f64) -> Position {
    let degrees = |metres: f64| metres / 111_195.0;
    Position::from_degrees(HOME.0 + degrees(north_m), HOME.1 + degrees(east_m)).unwrap()
}

/// Somebody who goes straight to the destination at this speed, `metres` being left, and began at `from`.
fn on_the_way(model: &Model, mode: Mode, from: f64, metres: f64, speed: f64) -> (Estimate, Millis) {
    let mut journey = Journey::default();
    let destination = place(0.0, 0.0);
    let secs = ((from - metres) / speed) as i64;
    for at in (0..=secs).step_by(10) {
        let left = from - at as f64 * speed;
        journey.observe(Millis::from_secs(at), place(left, 0.0), left);
    }
    let now = Millis::from_secs(secs);
    let here = place(metres, 0.0);
    let corridor = model.corridor(place(from, 0.0), destination, mode);
    let situation = Situation {
        mode,
        now,
        here,
        destination,
        way: None,
        ahead: &[],
        journey: &journey,
        corridor: &corridor,
    };
    (estimate(model, &situation), now)
}

/// A model with a tree and a field in which all of the city is slow.
fn fitted(slow: f64) -> Model {
    let mut model = Model::built_in().clone();
    let cells = |side: f64| {
        let around = (-20..20).flat_map(|north| (-20..20).map(move |east| (north, east)));
        Cells::new(around.map(|(n, e)| (cell(place(f64::from(n) * 500.0, f64::from(e) * 500.0), side), slow)))
    };
    model.field = Field(std::array::from_fn(|_| SIDES.map(cells)));
    model.trees = vec![Tree { nodes: vec![(9, 8.0)], leaves: vec![-0.1, 0.1] }];
    model
}

#[test]
fn at_the_start_three_kilometres_take_what_they_took_others() {
    let cases = [(Mode::Foot, 3_240), (Mode::Bicycle, 1_019), (Mode::Car, 554), (Mode::Truck, 641)];
    for (mode, secs) in cases {
        let typical = Model::built_in().power(mode).secs(3_000.0);
        assert_eq!(typical.round() as i64, secs, "{mode:?}");
    }
}

#[test]
fn a_slow_trip_is_expected_to_stay_slow_and_a_fast_one_fast() {
    let secs = |speed| {
        let (eta, now) = on_the_way(Model::built_in(), Mode::Car, 6_000.0, 3_000.0, speed);
        eta.at.since(now)
    };
    assert!(secs(2.0) > secs(6.0) && secs(6.0) > secs(15.0));
}

#[test]
fn where_others_were_slow_it_takes_longer() {
    let secs = |model: &Model| {
        let (eta, now) = on_the_way(model, Mode::Car, 4_000.0, 4_000.0, 6.0);
        eta.at.since(now)
    };
    assert!(secs(&fitted(0.5)) > secs(&fitted(0.0)) && secs(&fitted(0.0)) > secs(&fitted(-0.5)));
}

#[test]
fn stops_before_this_one_take_their_time() {
    let journey = Journey::default();
    let at = |ahead: &[Position]| {
        let situation = Situation {
            mode: Mode::Van,
            now: Millis(0),
            here: place(2_000.0, 0.0),
            destination: place(0.0, 0.0),
            way: None,
            ahead,
            journey: &journey,
            corridor: &Corridor::default(),
        };
        estimate(Model::built_in(), &situation).at
    };
    let dwell = |stops: i64| stops * (Model::built_in().dwell_secs * 1000.0) as i64;
    let here = place(2_000.0, 0.0);
    assert!(at(&[place(1_000.0, 0.0)]).since(at(&[])) > dwell(1), "two short ways take longer than one");
    let there = [place(0.0, 0.0); 3];
    assert_eq!(at(&there).since(at(&[])), dwell(3));
    assert!(
        at(&[place(1_000.0, 3_000.0), here]).since(at(&[here])) > dwell(1) + 600_000,
        "a detour takes its time"
    );
}

proptest! {
    #[test]
    fn an_eta_is_finite_in_order_and_never_in_the_past(
        fixes in proptest::collection::vec((-1_000_i64..1_000_000, -9e4..9e4, -9e4..9e4), 0..40),
        now in -1_000_000..100_000_000_i64, (north, east) in (-9e4..9e4, -9e4..9e4), mode in 0..6usize,
        slow in -3.0..3.0,
    ) {
        let (model, mode) = (fitted(slow), Mode::ALL[mode].0);
        let (mut journey, destination) = (Journey::default(), place(0.0, 0.0));
        for (at, north, east) in fixes {
            let position = place(north, east);
            journey.observe(Millis::from_secs(at), position, position.metres_to(destination));
        }
        let here = place(north, east);
        let corridor = model.corridor(here, destination, mode);
        let now = Millis(now);
        let situation =
            Situation { mode, now, here, destination, way: None, ahead: &[], journey: &journey, corridor: &corridor };
        let eta = estimate(&model, &situation);
        prop_assert!(now <= eta.low && eta.low <= eta.at && eta.at <= eta.high);
        prop_assert!(eta.high.since(now) < 100 * 86_400_000);
    }

    #[test]
    fn farther_takes_longer_with_the_model_built_in(
        near in 100.0..20_000.0, more in 1.2..5.0, speed in 1.0..25.0, mode in 0..6usize,
    ) {
        let (mode, model) = (Mode::ALL[mode].0, Model::built_in());
        let secs = |metres: f64| {
            let (eta, now) = on_the_way(model, mode, metres + 2_000.0, metres, speed);
            eta.at.since(now)
        };
        prop_assert!(secs(near) <= secs(near * more));
    }

    #[test]
    fn a_corridor_is_bounded_and_survives_storage(
        from in (-90.0..90.0, -180.0..180.0), to in (-90.0..90.0, -180.0..180.0), here in (-90.0..90.0, -180.0..180.0),
    ) {
        let place = |(lat, lng)| Position::from_degrees(lat, lng).unwrap();
        let slow = |_| Local { value: 0.5, known: true };
        let corridor = Corridor::new(place(from), place(to), slow);
        prop_assert!(corridor.len() <= CORRIDOR_MAX);
        let ahead = corridor.ahead(place(here));
        prop_assert!((0.0..=0.6).contains(&ahead.line) && (0.0..=1.0).contains(&ahead.known));
        let text = serde_json::to_string(&corridor).unwrap();
        prop_assert!(text.len() < 600, "{}", text.len());
        prop_assert_eq!(serde_json::from_str::<Corridor>(&text).unwrap(), corridor);
    }

    #[test]
    fn a_corridor_sees_the_cells_that_it_crosses(
        (north, east) in (-12_000.0..12_000.0, -12_000.0..12_000.0), share in 0.0..1.0,
    ) {
        let (from, to): (Position, Position) = (place(north, east), place(0.0, 0.0));
        let here = place(north * share, east * share);
        // The farther north, the slower.
        let pace = |position: Position| (position.lat() - HOME.0) * 5.0;
        let corridor = Corridor::new(from, to, |at| Local { value: pace(at), known: true });
        let ahead = corridor.ahead(here);
        prop_assert!((ahead.here - pace(here)).abs() < 0.08, "{} {}", ahead.here, pace(here));
        prop_assert!((ahead.destination - pace(to)).abs() < 0.08);
        prop_assert!((ahead.line - pace(here) / 2.0).abs() < 0.08 && ahead.known == 1.0);
    }

    #[test]
    fn a_cell_holds_its_middle_and_is_as_wide_as_high(lat in -75.0..75.0, lng in -179.0..179.0) {
        for side in SIDES {
            let position = Position::from_degrees(lat, lng).unwrap();
            let own = cell(position, side);
            let middle = middle(own, side).unwrap();
            prop_assert_eq!(cell(middle, side), own);
            prop_assert!(middle.metres_to(position) < side * 111_195.0 * 0.8);
        }
    }
}

#[test]
fn outside_the_corridor_the_mean_holds() {
    let slow = |_| Local { value: 1.0, known: true };
    let corridor = Corridor::new(place(5_000.0, 0.0), place(0.0, 0.0), slow);
    let ahead = corridor.ahead(place(5_000.0, 9_000.0));
    assert_eq!(ahead.here, 0.0);
    assert!(ahead.line < 0.6 && ahead.destination > 0.9 && ahead.known < 0.6);
}

#[test]
fn the_state_is_small_and_a_parked_driver_covers_nothing() {
    let mut journey = Journey::default();
    for at in 0..7_200_i64 {
        let noise = (at * 37 % 17) as f64 - 8.0;
        journey.observe(Millis::from_secs(at), place(1_000.0 + noise, noise), 1_000.0);
    }
    assert!(serde_json::to_string(&journey).unwrap().len() < 512);
    let features = journey.features(
        Model::built_in().power(Mode::Car),
        Mode::Car,
        Millis::from_secs(7_200),
        place(1_000.0, 0.0),
        1_000.0,
        &Corridor::default(),
    );
    assert_eq!(features[10], 100_f64.ln(), "{features:?}");
}

#[test]
fn a_row_from_before_is_read() {
    let journey: Journey =
        serde_json::from_value(json!({"origin": [1_700_000_000_000_i64, 5_000.0]})).unwrap();
    assert_eq!(journey.origin_metres(), Some(5_000.0));
    assert_eq!(serde_json::from_value::<Journey>(json!({"origin": null})).unwrap(), Journey::default());
}

#[test]
fn a_model_is_the_same_after_its_file() {
    let model = fitted(0.4);
    let text = serde_json::to_vec(&model).unwrap();
    assert_eq!(Model::read(&text).unwrap(), model);
}

#[test]
fn hostile_models_are_refused_with_what_is_wrong() {
    let tree = json!({"nodes": [[9, 8.0]], "leaves": [-0.1, 0.1]});
    let cases = [
        ("/version", json!(2), "version 2"),
        ("/power/3/0", json!(1e9), "power laws"),
        ("/power/3/1", json!(-1.0), "power laws"),
        ("/power/3/1", json!(null), "invalid type"),
        ("/weights/0", json!(1e300), "weights"),
        ("/dwell_secs", json!(-1), "seconds of a stop"),
        ("/band", json!([[-0.5, 0.5]]), "rows of the band"),
        ("/band/0", json!([0.5, -0.5]), "rows of the band"),
        ("/trees", json!(vec![tree.clone(); TREES_MAX + 1]), "numbers in its trees"),
        ("/trees/0/leaves", json!([0.1]), "tree 0"),
        ("/trees/0/nodes", json!([]), "tree 0"),
        ("/trees/0/nodes", json!([[99, 1.0]]), "tree 0"),
        ("/trees/0/nodes", json!([[-1, 1.0]]), "invalid value"),
        ("/trees/0/nodes", json!([[9, 1e200]]), "tree 0"),
        ("/trees/0/leaves", json!([1e30, 0.0]), "tree 0"),
        ("/field/0/0", json!("%%"), "Base64"),
        ("/field/0/0", json!("/w=="), "in the middle"),
        ("/field/0/0", json!("BQEAAQ=="), "twice"),
        ("/field/0/0", json!("/////w8B/////w8B"), "nowhere on the globe"),
    ];
    for (at, value, expected) in cases {
        let mut model = serde_json::to_value(fitted(0.2)).unwrap();
        *model.pointer_mut(at).unwrap() = value;
        let message = Model::read(model.to_string().as_bytes()).unwrap_err().to_string();
        assert!(message.contains(expected), "{at}: {message}");
    }
    let long = vec![b' '; model::TEXT_MAX + 1];
    assert!(matches!(Model::read(&long), Err(Unusable::TooLong)));
    assert!(Model::built_in().check().is_ok() && Model::built_in().band.len() == BANDS);
    const { assert!(NUMBERS_MAX < 10_000 && VALUE_MAX < 2.0) };
}

#[test]
fn what_is_published_moves_only_when_it_is_worth_it() {
    let at = |secs| Millis::from_secs(secs);
    let estimate = |secs: i64| Estimate {
        at: at(secs),
        low: at(secs - 60),
        high: at(secs + 60),
        source: EtaSource::History,
        confidence: Confidence::High,
    };
    // Before, computed, now, and what is published: all in seconds.
    let cases = [
        (1_200, 1_230, 0, 1_200),
        (1_200, 1_300, 0, 1_300),
        (1_200, 1_100, 0, 1_100),
        (1_200, 1_205, 1_150, 1_200),
        (1_200, 1_220, 1_150, 1_220),
        (1_200, 1_205, 1_204, 1_204),
        (1_200, 1_205, 1_300, 1_300),
    ];
    for (before, fresh, now, expected) in cases {
        let shown = shown::settled(Some(&estimate(before)), estimate(fresh), at(now));
        assert_eq!(shown.at, at(expected), "{before} {fresh} {now}");
        assert!(at(now) <= shown.low && shown.low <= shown.at && shown.at <= shown.high);
    }
    assert_eq!(shown::settled(None, estimate(50), at(0)), estimate(50).clamped());
    assert!(is_arriving(99.0) && !is_arriving(101.0));
}

impl Estimate {
    fn clamped(self) -> Self {
        Self { low: self.low.max(Millis(0)), ..self }
    }
}
