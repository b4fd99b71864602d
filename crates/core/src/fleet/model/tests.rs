use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::fleet::report::Facts;
use crate::wire::fleet::{FleetDelivery, FleetMoved};

const START: Millis = Millis(1_700_000_000_000);
const HOUR: i64 = 3_600_000;

/// Report `n` of delivery `id`: what it says follows from `n`.
fn report(id: u8, n: u64) -> Report {
    let at = START.plus(n as i64 * 1_000);
    let status = Status::ALL[(n / 3 % 7) as usize];
    let lng = (n % 5) as f64;
    let place = Position::from_degrees(5.0, lng).unwrap();
    let facts = json!({
        "tracking_id": format!("TRK-{id}"), "order_id": "O", "store_id": null, "driver_id": "d", "status": status,
        "status_at": 1, "mode": "car", "pickup": null, "dropoff": {"lat": 5.0, "lng": 0.0}, "window": null, "started_at": 1,
        "emergency": false,
    });
    let moving = json!({
        "current_location": {"lat": 5.0, "lng": lng, "timestamp": at.secs(), "heading": null, "speed": null},
        "location_state": "live", "eta_at": null, "remaining_m": null, "stops_before": 0, "off_route": false,
        "driver_online": true, "battery": null, "seq": n, "updated_at": at.secs(),
    });
    let open = |value: Value| {
        let text = value.to_string();
        text[1..text.len() - 1].to_owned()
    };
    Report {
        tracking_id: format!("TRK-{id}"),
        version: Version { revision: n / 2, at },
        facts: Facts {
            json: open(facts),
            status,
            driver_id: Some("d".into()),
            place: Position::default(),
            expires: START.plus(HOUR),
        },
        moving: Moving {
            json: open(moving),
            place: Some(place),
            fixed: Some(at),
            stale_at: Some(at.plus(90_001)),
            lost_at: Some(at.plus(600_001)),
            online_until: None,
            updated: at,
            totals: Totals { accepted: n, ..Totals::default() },
            gauges: Gauges { sockets: n % 3, ..Gauges::default() },
        },
    }
}

fn filters() -> Vec<Filter> {
    [
        json!({}),
        json!({"bbox": [1, 0, 3, 10]}),
        json!({"status": ["IN_TRANSIT", "ASSIGNED", "DELIVERED"]}),
        json!({"bbox": [3, 0, 1, 10], "status": ["CREATED", "PICKED_UP"]}),
    ]
    .iter()
    .map(|message| Filter::of_message(message).unwrap())
    .collect()
}

type Shown = BTreeMap<String, FleetDelivery>;

fn whole(model: &Model, filter: &Filter) -> Shown {
    model.list(filter, "").map(|(id, json)| (id.to_owned(), serde_json::from_str(&json).unwrap())).collect()
}

/// A dashboard: takes what it is told.
fn apply(shown: &mut Shown, changes: &Changes) {
    for id in &changes.removed {
        shown.remove(id);
    }
    for json in &changes.deliveries {
        let delivery: FleetDelivery = serde_json::from_str(json).unwrap();
        shown.insert(delivery.tracking_id.clone(), delivery);
    }
    for json in &changes.moved {
        let FleetMoved { tracking_id, moving } = serde_json::from_str(json).unwrap();
        shown.get_mut(&tracking_id).expect("what only moved is known").moving = moving;
    }
}

#[derive(Clone, Debug)]
enum Step {
    Hear(u8, u64),
    Erase(u8),
    Age(i64),
    Tick,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..6_u8, 0..40_u64).prop_map(|(id, n)| Step::Hear(id, n)),
        1 => (0..6_u8).prop_map(Step::Erase),
        1 => (0..HOUR + 100_000).prop_map(Step::Age),
        4 => Just(Step::Tick),
    ]
}

proptest! {
    #[test]
    fn any_order_and_repetition_of_reports_comes_to_the_same(
        reports in proptest::collection::vec((0..5_u8, 0..30_u64), 1..60), seed in any::<u64>(),
    ) {
        let all: Vec<_> = reports.iter().map(|(id, n)| report(*id, *n)).collect();
        let mut shuffled: Vec<_> = all.iter().chain(&all).cloned().collect();
        // A shuffle of its own, from the seed.
        let mut state = seed;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        let told = |reports: Vec<Report>| {
            let mut model = Model::new(1, Totals::default());
            for report in reports {
                model.hear(report);
            }
            let every = Filter::default();
            (whole(&model, &every), model.totals(), model.statistics(START))
        };
        prop_assert_eq!(told(all), told(shuffled));
    }

    #[test]
    fn a_dashboard_that_takes_what_changed_shows_what_there_is(
        steps in proptest::collection::vec(step(), 1..80), lag in 1..5_u64,
    ) {
        let mut model = Model::new(100, Totals::default());
        // One hears each tick, one only some of them.
        let mut shown: Vec<_> = filters().into_iter().map(|filter| {
            let first = whole(&model, &filter);
            (filter, [(first.clone(), 100_u64), (first, 100)])
        }).collect();
        for step in steps.into_iter().chain(std::iter::repeat_n(Step::Tick, lag as usize)) {
            match step {
                Step::Hear(id, n) => drop(model.hear(report(id, n))),
                Step::Erase(id) => drop(model.erase(&format!("TRK-{id}"))),
                Step::Age(span) => model.age(START.plus(span)),
                Step::Tick => {
                    for (filter, watchers) in &mut shown {
                        for ((seen, since), every) in watchers.iter_mut().zip([1, lag]) {
                            if !model.tick().is_multiple_of(every) {
                                continue;
                            }
                            let changes = model.changes(*since, filter).expect("few have left");
                            apply(seen, &changes);
                            *since = model.tick() + 1;
                            prop_assert_eq!(&*seen, &whole(&model, filter));
                        }
                    }
                    model.advance();
                }
            }
        }
    }
}

#[test]
fn only_what_moved_is_told_of_what_only_moved() {
    let mut model = Model::new(1, Totals::default());
    assert_eq!(model.hear(report(1, 0)), Heard::Facts { evicted: None });
    let again = model.hear(report(1, 0));
    assert_eq!((&again, again.is_known(), again.is_news()), (&Heard::Known, true, false));
    model.advance();
    assert!(!model.has_changed());
    assert_eq!(model.hear(report(1, 1)), Heard::Moved);
    assert!(model.has_changed());
    let changes = model.changes(2, &Filter::default()).unwrap();
    assert_eq!((changes.deliveries.len(), changes.moved.len(), changes.removed.len()), (0, 1, 0));
    assert_eq!(model.changes(3, &Filter::default()), Some(Changes::default()));
    // Nobody who looks elsewhere hears of it.
    let elsewhere = Filter::of_message(&json!({"bbox": [50, 0, 60, 1]})).unwrap();
    assert!(model.changes(2, &elsewhere).unwrap().is_empty());
}

#[test]
fn positions_grow_old_and_deliveries_expire_by_themselves() {
    let mut model = Model::new(1, Totals::default());
    model.hear(report(1, 0));
    assert_eq!(model.next_ageing(START), Some(START.plus(90_001)));
    let state = |model: &Model| {
        whole(model, &Filter::default()).into_values().next().map(|one| one.moving.location_state)
    };
    for (span, expected) in
        [(90_000, LocationState::Live), (90_001, LocationState::Stale), (600_001, LocationState::Lost)]
    {
        model.age(START.plus(span));
        assert_eq!(state(&model), Some(expected));
    }
    assert_eq!(model.next_ageing(START.plus(600_001)), Some(START.plus(HOUR)));
    model.advance();
    model.age(START.plus(HOUR));
    assert!(model.is_empty() && model.has_changed());
    assert_eq!(model.changes(2, &Filter::default()).unwrap().removed, ["TRK-1"]);
    // What it had counted stays.
    model.hear(report(2, 4));
    assert_eq!(model.totals().accepted, 4);
}

#[test]
fn a_driver_who_falls_silent_goes_by_itself_and_comes_back_with_a_report() {
    let mut model = Model::new(1, Totals::default());
    let mut told = report(1, 0);
    told.moving.online_until = Some(START.plus(60_001));
    model.hear(told);
    assert_eq!(model.next_ageing(START), Some(START.plus(60_001)));
    model.advance();
    let is_there = |model: &Model| whole(model, &Filter::default())["TRK-1"].moving.driver_online;
    model.age(START.plus(60_000));
    assert!(is_there(&model) && !model.has_changed());
    model.age(START.plus(60_001));
    assert!(!is_there(&model));
    assert_eq!(model.changes(2, &Filter::default()).unwrap().moved.len(), 1);
    assert_eq!(model.next_ageing(START.plus(60_001)), Some(START.plus(90_001)));
    model.hear(report(1, 1));
    assert!(is_there(&model));
}

#[test]
fn what_was_erased_does_not_come_back_by_a_report_that_was_on_its_way() {
    let mut model = Model::new(1, Totals::default());
    model.hear(report(1, 1));
    assert!(model.erase("TRK-1") && !model.erase("TRK-1"));
    assert_eq!(model.hear(report(1, 2)), Heard::Known);
    assert!(model.is_empty());
}

#[test]
fn what_was_counted_never_becomes_less() {
    let mut model = Model::new(1, Totals::default());
    let counted = |n, accepted, frames| {
        let mut report = report(1, n);
        report.moving.totals = Totals { accepted, frames, ..Totals::default() };
        report
    };
    model.hear(counted(1, 7, 1));
    model.hear(counted(2, 5, 9));
    assert_eq!((model.totals().accepted, model.totals().frames), (7, 9));
}

#[test]
fn a_checkpoint_brings_back_what_moved() {
    let mut model = Model::new(1, Totals::default());
    model.hear(report(1, 0));
    model.hear(report(1, 1));
    let kept: Vec<_> =
        model.moving().map(|(id, version, moving)| (id.to_owned(), version, moving.clone())).collect();
    let mut woken = Model::new(9, Totals::default());
    woken.hear(report(1, 0));
    for (id, version, moving) in kept.clone() {
        woken.recall(&id, version, moving);
    }
    assert_eq!(whole(&woken, &Filter::default()), whole(&model, &Filter::default()));
    // What is older than a row, or of another delivery, is nothing.
    woken.hear(report(1, 3));
    let newest = whole(&woken, &Filter::default());
    for (id, version, moving) in kept {
        woken.recall(&id, version, moving.clone());
        woken.recall("TRK-9", version, moving);
    }
    assert_eq!(whole(&woken, &Filter::default()), newest);
}

#[test]
fn beyond_its_bound_a_finished_one_goes_first() {
    let mut model = Model::new(1, Totals::default());
    let named = |at: usize, n: u64| Report { tracking_id: format!("TRK-{at:05}"), ..report(0, n) };
    for at in 0..ENTRIES_MAX {
        // One of them is delivered, and not the oldest.
        model.hear(named(at, if at == 77 { 13 } else { 0 }));
    }
    assert_eq!(model.hear(named(ENTRIES_MAX, 0)), Heard::Facts { evicted: Some("TRK-00077".into()) });
    assert_eq!(model.len(), ENTRIES_MAX);
    // Nobody who is under way leaves for another, nor does anybody come in who is finished.
    let refused = model.hear(named(ENTRIES_MAX + 1, 0));
    assert_eq!((&refused, refused.is_known(), refused.is_news()), (&Heard::Full, false, false));
    model.hear(named(78, 13));
    assert_eq!(model.hear(named(77, 13)), Heard::Full);
    assert_eq!(model.hear(named(ENTRIES_MAX + 1, 0)), Heard::Facts { evicted: Some("TRK-00078".into()) });
    // Who missed more departures than are remembered gets the whole.
    for at in 0..=GONE_MAX {
        model.hear(named(100 + at, 13));
        model.hear(named(ENTRIES_MAX + 2 + at, 0));
    }
    assert_eq!(model.changes(1, &Filter::default()), None);
    model.advance();
    assert_eq!(model.changes(2, &Filter::default()), Some(Changes::default()));
}
