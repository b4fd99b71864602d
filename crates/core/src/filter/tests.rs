use proptest::prelude::*;

use super::*;

const START: i64 = 1_700_000_000;

/// So many metres east and north of a point.
fn at(secs: f64, east: f64, north: f64) -> Fix {
    let origin = Position { lat_e7: 52_000_000, lng_e7: 133_000_000 };
    Fix::new(Millis(START * 1000 + (secs * 1000.0) as i64), moved(origin, [east, north]))
}

fn letters(fixes: &[Fix], mode: Mode) -> String {
    let mut filter = Filter::default();
    let letter = |verdict| match verdict {
        Verdict::Accepted => 'a',
        Verdict::Late => 'l',
        Verdict::Filtered(Reason::NullIsland) => 'z',
        Verdict::Filtered(Reason::Speed) => 's',
        Verdict::Filtered(Reason::Accuracy) => 'u',
        Verdict::Filtered(Reason::Stale) => 'o',
        Verdict::Filtered(Reason::Jump) => 'j',
        Verdict::Filtered(_) => '?',
    };
    fixes.iter().map(|fix| letter(filter.step(fix, mode))).collect()
}

/// A drive east at 14 m/s, a fix every `step` s, some of them displaced to the north.
fn drive(step: f64, displaced: &[f64]) -> Vec<Fix> {
    (0..)
        .zip(displaced)
        .map(|(i, north)| at(f64::from(i) * step, f64::from(i) * step * 14.0, *north))
        .collect()
}

/// A name, how they travel, the fixes, and the letters of the verdicts.
type Case = (&'static str, Mode, Vec<Fix>, &'static str);

#[test]
fn tracks_are_judged_as_the_table_says() {
    let far = 900.0;
    let cases: [Case; 11] = [
        ("a steady drive", Mode::Car, drive(5.0, &[0.0; 8]), "aaaaaaaa"),
        ("a spike", Mode::Car, drive(5.0, &[0.0, 0.0, 0.0, far, 0.0, 0.0]), "aaasaa"),
        ("a small spike", Mode::Car, drive(1.0, &[0.0, 0.0, 0.0, 0.0, 200.0, 0.0, 0.0]), "aaaasaa"),
        ("a spike at 30 s", Mode::Car, drive(30.0, &[0.0, 0.0, 0.0, 0.0, 3_000.0, 0.0, 0.0]), "aaaasaa"),
        (
            "a burst of six that agree",
            Mode::Car,
            drive(5.0, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, far, far, far, far, far, far, 0.0, 0.0]),
            "aaaaaassjjjjaa",
        ),
        (
            "a way that goes on elsewhere, for good",
            Mode::Car,
            drive(1.0, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, far, far, far, far, far, far, far, far]),
            "aaaaaassssssaa",
        ),
        ("a first fix that was wrong", Mode::Car, drive(5.0, &[90_000.0, 0.0, 0.0, 0.0, 0.0]), "asaaa"),
        ("a long tunnel", Mode::Car, vec![at(0.0, 0.0, 0.0), at(600.0, 9_000.0, 0.0)], "aa"),
        ("two positions in one second", Mode::Car, vec![at(0.0, 0.0, 0.0), at(0.0, 30.0, 0.0)], "aa"),
        (
            "what a car can, a walker cannot",
            Mode::Foot,
            vec![at(0.0, 0.0, 0.0), at(10.0, 300.0, 0.0), at(20.0, 20.0, 0.0)],
            "asa",
        ),
        (
            "an older position again",
            Mode::Car,
            vec![
                at(0.0, 0.0, 0.0),
                at(5.0, 40.0, 0.0),
                at(10.0, 80.0, 0.0),
                at(15.0, 120.0, 0.0),
                at(20.0, 40.0, 0.0),
                at(25.0, 200.0, 0.0),
            ],
            "aaaaoa",
        ),
    ];
    for (name, mode, fixes, expected) in cases {
        assert_eq!(letters(&fixes, mode), expected, "{name}");
    }
}

#[test]
fn what_says_nothing_is_dropped() {
    let null = Fix::new(Millis::from_secs(START), Position::default());
    let vague = Fix { accuracy: Some(500.0), ..at(0.0, 0.0, 0.0) };
    assert_eq!(letters(&[null, vague], Mode::Car), "zu");
}

#[test]
fn a_reported_speed_denies_a_way_that_takes_more() {
    let slow = |secs, east| Fix { speed: Some(1.0), ..at(secs, east, 0.0) };
    let fixes = [slow(0.0, 0.0), slow(5.0, 5.0), slow(10.0, 10.0), slow(15.0, 260.0), slow(20.0, 20.0)];
    assert_eq!(letters(&fixes, Mode::Car), "aaasa");
}

/// A scatter that looks like a receiver's and is always the same.
fn scatter(i: i32, metres: f64) -> f64 {
    (f64::from(i) * 2.399).sin() * metres
}

#[test]
fn parked_is_parked() {
    let mut filter = Filter::default();
    for i in 0..720 {
        filter.step(&at(f64::from(i) * 5.0, scatter(i, 8.0), scatter(i * 3 + 1, 8.0)), Mode::Van);
    }
    let shown = filter.shown(Millis::from_secs(START + 3_600), Mode::Van).unwrap();
    assert!(!shown.moving && shown.speed == 0.0);
    assert!(length(offset(at(0.0, 0.0, 0.0).position, shown.position)) < 5.0);
    assert!(filter.distance() < 1.0, "{}", filter.distance());
}

#[test]
fn the_way_travelled_is_that_of_the_road() {
    for step in [1, 10, 60] {
        let mut filter = Filter::default();
        for i in 0..(1_200 / step) {
            let metres = f64::from(i * step) * 10.0;
            filter.step(&at(f64::from(i * step), metres, scatter(i, 5.0)), Mode::Car);
        }
        let expected = f64::from(1_200 - step) * 10.0;
        let apart = (filter.distance() - expected).abs() / expected;
        assert!(apart < 0.03, "{step} s: {} of {expected}", filter.distance());
    }
}

#[test]
fn a_turn_is_followed_without_lag() {
    let mut filter = Filter::default();
    let mut worst = 0.0_f64;
    for i in 0..120 {
        let east = f64::from(i.min(60)) * 8.0;
        let north = f64::from((i - 60).max(0)) * 8.0;
        let fix = at(f64::from(i), east, north);
        filter.step(&fix, Mode::Car);
        worst = worst.max(length(offset(filter.shown(fix.time, Mode::Car).unwrap().position, fix.position)));
    }
    assert!(worst < 15.0, "{worst}");
}

#[test]
fn after_a_filtered_fix_the_shown_position_goes_on_for_a_while() {
    let mut filter = Filter::default();
    drive(5.0, &[0.0; 8]).iter().for_each(|fix| {
        filter.step(fix, Mode::Car);
    });
    let ahead = |secs: f64| {
        let shown = filter.shown(at(35.0 + secs, 0.0, 0.0).time, Mode::Car).unwrap();
        offset(at(0.0, 35.0 * 14.0, 0.0).position, shown.position)[0]
    };
    assert!((40.0..80.0).contains(&ahead(5.0)), "{}", ahead(5.0));
    assert_eq!(ahead(1e6), ahead(COASTING));
}

#[test]
fn a_state_of_the_former_filter_is_taken_for_a_new_one() {
    let former = r#"{"anchor":{"time":1,"position":{"lat_e7":1,"lng_e7":2},"accuracy":20.0},
        "suspect":[{"time":1,"position":{"lat_e7":1,"lng_e7":2},"accuracy":20.0},2]}"#;
    assert_eq!(serde_json::from_str::<Filter>(former).unwrap(), Filter::default());
}

/// Any fixes at all, in the order of time: far and near, with and without accuracy and speed.
fn hostile() -> impl Strategy<Value = Vec<Fix>> {
    let step = prop_oneof![Just(0_i64), 1..2_000_i64, 1_000..90_000_i64, 0..100_000_000_000_i64];
    let place = prop_oneof![
        (-900_000_000..=900_000_000_i32, -1_800_000_000..=1_800_000_000_i32),
        (520_000_000..520_100_000_i32, -1_000..1_000_i32),
        (899_990_000..=900_000_000_i32, 1_799_990_000..=1_800_000_000_i32),
    ];
    let accuracy = proptest::option::of(prop_oneof![Just(0.0), 0.0..100_000.0]);
    let speed = proptest::option::of(prop_oneof![Just(0.0), 0.0..1_000.0]);
    proptest::collection::vec((step, place, accuracy, speed), 1..120).prop_map(|steps| {
        let mut time = 0;
        let fix = |(step, (lat_e7, lng_e7), accuracy, speed)| {
            time += step;
            Fix { accuracy, speed, ..Fix::new(Millis(time), Position { lat_e7, lng_e7 }) }
        };
        steps.into_iter().map(fix).collect()
    })
}

proptest! {
    #[test]
    fn whatever_comes_the_state_is_finite_small_and_the_same_after_storage(
        fixes in hostile(), mode in 0..6usize, ahead in 0..1_000_000_i64,
    ) {
        let mode = Mode::ALL[mode].0;
        let (mut kept, mut stored) = (Filter::default(), Filter::default());
        let mut travelled = 0.0;
        for fix in &fixes {
            prop_assert_eq!(kept.step(fix, mode), stored.step(fix, mode));
            let text = serde_json::to_string(&stored).unwrap();
            prop_assert!(text.len() < 1_536, "{}", text.len());
            stored = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&stored, &kept);
            prop_assert!(kept.distance().is_finite() && kept.distance() >= travelled);
            travelled = kept.distance();
            if let Some(shown) = kept.shown(fix.time.plus(ahead), mode) {
                prop_assert!(shown.speed.is_finite());
                prop_assert!(shown.heading.is_none_or(|heading| (0.0..=360.0).contains(&heading)));
            }
        }
    }
}
