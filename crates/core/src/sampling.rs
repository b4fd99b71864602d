//! How often a driver's phone should report: seldom while nobody gains by it, fast near the door.

use serde::{Deserialize, Serialize};

/// What a driver is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// On duty, without a delivery.
    Idle,
    ToPickup,
    UnderWay,
    AtStop,
}

/// What decides how often to report. `None` is what is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Situation {
    pub phase: Phase,
    /// To the next stop, in metres.
    pub distance_m: Option<f64>,
    /// To the next stop, in seconds.
    pub eta_s: Option<f64>,
    /// Whether anybody looks at one of the driver's deliveries.
    pub watched: bool,
    /// Metres per second.
    pub speed: Option<f64>,
    /// Per cent. Whether it is being charged no browser and not every app says.
    pub battery: Option<u8>,
}

/// What a phone is asked to do: report so often, if it has moved so far since its last report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sampling {
    pub interval_s: u32,
    pub min_displacement_m: u32,
}

/// At the door: within this many metres, or seconds.
const DOOR: (f64, f64) = (300.0, 60.0);
/// Nearly there.
const CLOSE: (f64, f64) = (2_000.0, 300.0);
/// Farther, a position changes no plan.
const FAR: (f64, f64) = (10_000.0, 1_200.0);
/// Faster, two seconds at the door are too long, in m/s.
const FAST: f64 = 8.0;
/// Per cent under which the battery is spared.
const LOW_BATTERY: f64 = 20.0;

/// How often to report now, after `previous`.
///
/// It becomes faster at once, and slower only where it would still be slower with everything a fifth nearer to
/// a faster answer: a driver who waits at a border between two answers does not get each in turn.
pub fn sampling(situation: &Situation, previous: Option<Sampling>) -> Sampling {
    let now = interval(situation, 1.0);
    let interval_s = match previous {
        Some(previous) => previous.interval_s.clamp(interval(situation, 1.2).min(now), now),
        None => now,
    };
    Sampling { interval_s, min_displacement_m: min_displacement(interval_s) }
}

/// Seconds between reports, with all bounds wider by the factor `margin`.
fn interval(situation: &Situation, margin: f64) -> u32 {
    let within = |(metres, seconds): (f64, f64)| {
        situation.distance_m.is_some_and(|distance| distance <= metres * margin)
            || situation.eta_s.is_some_and(|eta| eta <= seconds * margin)
    };
    let is_fast = situation.speed.is_some_and(|speed| speed * margin >= FAST);
    let unspared = match situation.phase {
        Phase::Idle => 60,
        Phase::AtStop => 30,
        Phase::ToPickup | Phase::UnderWay if within(DOOR) => return if is_fast { 1 } else { 2 },
        Phase::ToPickup | Phase::UnderWay if within(CLOSE) => 5,
        Phase::ToPickup | Phase::UnderWay if within(FAR) => 10,
        Phase::ToPickup | Phase::UnderWay if situation.distance_m.or(situation.eta_s).is_none() => 10,
        Phase::ToPickup | Phase::UnderWay => 30,
    };
    let shown = match situation.phase {
        Phase::Idle | Phase::AtStop => 10,
        Phase::ToPickup | Phase::UnderWay => 4,
    };
    let interval = if situation.watched { unspared.min(shown) } else { unspared };
    let is_low = situation.battery.is_some_and(|battery| f64::from(battery) * margin < LOW_BATTERY);
    if is_low { interval * 2 } else { interval }
}

/// Metres without which a report says nothing new: under what a phone's GPS wanders while it stands, near the
/// door; and about what a slow vehicle covers in the time, elsewhere.
const fn min_displacement(interval_s: u32) -> u32 {
    match interval_s {
        0..=2 => 3,
        3..=5 => 10,
        6..=10 => 20,
        11..=30 => 50,
        _ => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Phase::{AtStop, Idle, ToPickup, UnderWay};
    use proptest::prelude::*;

    const UNKNOWN: Situation = Situation {
        phase: UnderWay,
        distance_m: None,
        eta_s: None,
        watched: false,
        speed: None,
        battery: None,
    };

    fn under_way(distance_m: f64) -> Situation {
        Situation { distance_m: Some(distance_m), ..UNKNOWN }
    }

    fn asked(situation: &Situation) -> (u32, u32) {
        let Sampling { interval_s, min_displacement_m } = sampling(situation, None);
        (interval_s, min_displacement_m)
    }

    #[test]
    fn how_often_a_phone_reports() {
        let far = under_way(15_000.0);
        let idle = Situation { phase: Idle, ..UNKNOWN };
        let stop = Situation { phase: AtStop, ..under_way(10.0) };
        let cases = [
            ("far, nobody watches", far, (30, 50)),
            ("far, watched", Situation { watched: true, ..far }, (4, 10)),
            ("far in metres, near in time", Situation { eta_s: Some(1_200.0), ..far }, (10, 20)),
            ("10 km", under_way(10_000.0), (10, 20)),
            ("2 km", under_way(2_000.0), (5, 10)),
            ("five minutes", Situation { eta_s: Some(300.0), ..far }, (5, 10)),
            ("2 km, watched", Situation { watched: true, ..under_way(2_000.0) }, (4, 10)),
            ("300 m", under_way(300.0), (2, 3)),
            ("300 m to the pickup", Situation { phase: ToPickup, ..under_way(300.0) }, (2, 3)),
            ("a minute", Situation { eta_s: Some(60.0), ..far }, (2, 3)),
            ("300 m, fast", Situation { speed: Some(8.0), ..under_way(300.0) }, (1, 3)),
            ("300 m, slow", Situation { speed: Some(7.9), ..under_way(300.0) }, (2, 3)),
            ("300 m, low battery", Situation { battery: Some(3), ..under_way(300.0) }, (2, 3)),
            ("far, low battery", Situation { battery: Some(19), ..far }, (60, 100)),
            ("far, enough battery", Situation { battery: Some(20), ..far }, (30, 50)),
            ("watched, low battery", Situation { battery: Some(19), watched: true, ..far }, (8, 20)),
            ("distance not known", UNKNOWN, (10, 20)),
            ("at the stop", stop, (30, 50)),
            ("at the stop, watched", Situation { watched: true, ..stop }, (10, 20)),
            ("idle", idle, (60, 100)),
            ("idle, watched", Situation { watched: true, ..idle }, (10, 20)),
            ("idle, low battery", Situation { battery: Some(10), ..idle }, (120, 100)),
        ];
        for (what, situation, expected) in cases {
            assert_eq!(asked(&situation), expected, "{what}");
        }
    }

    #[test]
    fn it_becomes_faster_at_once_and_slower_with_a_margin() {
        let (mut last, mut seen) = (None, Vec::new());
        for distance in
            [2_100.0, 1_990.0, 2_010.0, 1_990.0, 2_390.0, 2_410.0, 2_010.0, 301.0, 299.0, 359.0, 361.0]
        {
            last = Some(sampling(&under_way(distance), last));
            seen.extend(last.map(|last| last.interval_s));
        }
        assert_eq!(seen, [10, 5, 5, 5, 5, 10, 10, 5, 2, 2, 5]);
    }

    #[test]
    fn leaving_the_door_ends_its_rate_at_once() {
        let door = sampling(&under_way(100.0), None);
        let stop = Situation { phase: AtStop, ..under_way(100.0) };
        assert_eq!(sampling(&stop, Some(door)).interval_s, 30);
    }

    fn situation() -> impl Strategy<Value = Situation> {
        let some = |range: std::ops::Range<f64>| prop::option::of(range);
        let phase = prop::sample::select(vec![Idle, ToPickup, UnderWay, AtStop]);
        let battery = prop::option::of(0..=100_u8);
        (phase, some(0.0..15_000.0), some(0.0..2_000.0), any::<bool>(), some(0.0..40.0), battery).prop_map(
            |(phase, distance_m, eta_s, watched, speed, battery)| Situation {
                phase,
                distance_m,
                eta_s,
                watched,
                speed,
                battery,
            },
        )
    }

    fn previous() -> impl Strategy<Value = Option<Sampling>> {
        let interval =
            prop_oneof![prop::sample::select(vec![1, 2, 4, 5, 8, 10, 20, 30, 60, 120]), any::<u32>()];
        prop::option::of(interval.prop_map(|interval_s| Sampling { interval_s, min_displacement_m: 0 }))
    }

    proptest! {
        #[test]
        fn nearer_sooner_watched_and_fast_are_never_slower(
            s in situation(), last in previous(), less in 0.0..1.0_f64, more in 1.0..3.0_f64,
        ) {
            let before = sampling(&s, last).interval_s;
            let nearer = Situation { distance_m: s.distance_m.map(|d| d * less), ..s };
            let sooner = Situation { eta_s: s.eta_s.map(|eta| eta * less), ..s };
            let fast = Situation { speed: s.speed.map(|speed| speed * more), ..s };
            for other in [nearer, sooner, fast, Situation { watched: true, ..s }] {
                prop_assert!(sampling(&other, last).interval_s <= before, "{:?}", other);
            }
        }

        #[test]
        fn a_low_battery_is_never_faster_and_changes_nothing_at_the_door(s in situation(), last in previous()) {
            let full = sampling(&Situation { battery: Some(100), ..s }, last);
            let low = sampling(&Situation { battery: Some(5), ..s }, last);
            prop_assert!(low.interval_s >= full.interval_s);
            let moving = matches!(s.phase, ToPickup | UnderWay);
            prop_assert!(low == full || !moving || s.distance_m.is_none_or(|d| d > DOOR.0));
        }

        #[test]
        fn it_settles_and_stays_within_bounds(s in situation(), last in previous()) {
            let first = sampling(&s, last);
            prop_assert_eq!(sampling(&s, Some(first)), first);
            prop_assert!((1..=120).contains(&first.interval_s));
            prop_assert!(first.interval_s <= sampling(&s, None).interval_s);
        }
    }
}
