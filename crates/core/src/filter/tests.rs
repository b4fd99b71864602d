use super::*;

/// Metres east of a point at the equator, to degrees.
fn at(secs: i64, metres: f64) -> Fix {
    let position = Position::from_degrees(0.01, metres / 111_195.0).unwrap();
    Fix { accuracy: Some(5.0), ..Fix::new(Millis::from_secs(secs), position) }
}

fn verdicts(fixes: &[(i64, f64)], mode: Mode) -> String {
    let mut filter = Filter::default();
    let letter = |verdict| match verdict {
        Verdict::Accepted => 'a',
        Verdict::Late => 'l',
        Verdict::Filtered(_) => 'f',
    };
    fixes.iter().map(|(secs, metres)| letter(filter.step(&at(*secs, *metres), mode))).collect()
}

/// A name, how they travel, seconds and metres of each fix, and the letters of the verdicts.
type Case = (&'static str, Mode, &'static [(i64, f64)], &'static str);

#[test]
fn tracks_are_judged_as_the_table_says() {
    let cases: [Case; 7] = [
        ("a steady drive", Mode::Car, &[(0, 0.0), (5, 70.0), (10, 140.0), (15, 210.0)], "aaaa"),
        ("one spike", Mode::Car, &[(0, 0.0), (5, 70.0), (10, 5_000.0), (15, 210.0)], "aafa"),
        (
            "a spike that a car could, a walker could not",
            Mode::Foot,
            &[(0, 0.0), (10, 300.0), (20, 20.0)],
            "afa",
        ),
        (
            "a burst of three that agree",
            Mode::Car,
            &[(0, 0.0), (5, 3_000.0), (6, 3_010.0), (7, 3_020.0), (8, 60.0)],
            "afffa",
        ),
        (
            "a first fix that was wrong",
            Mode::Car,
            &[(0, 90_000.0), (5, 0.0), (10, 50.0), (15, 100.0), (20, 150.0), (25, 200.0)],
            "afffaa",
        ),
        ("a long tunnel", Mode::Car, &[(0, 0.0), (600, 9_000.0)], "aa"),
        ("two positions in one second", Mode::Car, &[(0, 0.0), (0, 30.0)], "aa"),
    ];
    for (name, mode, fixes, expected) in cases {
        assert_eq!(verdicts(fixes, mode), expected, "{name}");
    }
}

#[test]
fn zero_zero_is_no_position() {
    let mut fix = at(0, 0.0);
    fix.position = Position::default();
    assert_eq!(Filter::default().step(&fix, Mode::Car), Verdict::Filtered(Reason::NullIsland));
}
