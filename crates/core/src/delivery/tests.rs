use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::auth::Role;
use crate::recent::NoArchive;
use crate::tracking_id::IdKeys;
use crate::visibility::rules::Rules;
use crate::visibility::{self, Audience};
use crate::wire::frames::ServerFrame;
use crate::wire::snapshot::LocationState;

const START: Millis = Millis(1_700_000_000_000);

pub(crate) fn started(extra: Value) -> Delivery {
    let mut body = json!({"order_id": "O-1", "driver_id": "d", "customer_id": "c", "store_id": "s",
        "pickup": {"lat": 5.60, "lng": -0.20}, "dropoff": {"lat": 5.65, "lng": -0.20},
        "phone": "+233201234567", "instructions": "ring twice", "metadata": {"secret": "m"}});
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    let keys = IdKeys::new(1, "a secret of the tests, over 32 bytes long", None).unwrap();
    let request = StartRequest::parse(&body).unwrap();
    let start = Start {
        tracking_id: keys.issue([1; 16]),
        epoch: "e1".into(),
        driver_alias: request.driver_id.as_ref().map(|_| "DRV-ALIAS".into()),
        request,
        default_visibility: Visibility::Public,
        default_rules: Rules::default(),
        default_fences: Default::default(),
        model: None,
        wall: START,
    };
    Delivery::start(start).0
}

pub(crate) fn caller(role: Role) -> Caller {
    let subject = if role == Role::Customer { "c" } else { "d" };
    Caller { subject: subject.into(), role, store_id: Some("s".into()), expires: Millis(i64::MAX) }
}

pub(crate) fn after(secs: i64) -> Millis {
    START.plus(secs * 1000)
}

pub(crate) fn fixes(rows: &[(i64, f64)]) -> Command {
    let rows: Vec<_> = rows
        .iter()
        .map(|(secs, lat)| json!({"lat": lat, "lng": -0.2, "timestamp": after(*secs).0}))
        .collect();
    Command::Report(Report::parse(&json!({"locations": rows}), START, 1_000).unwrap())
}

pub(crate) fn status(status: Status) -> Command {
    Command::Status(StatusReport {
        note: Some("by the gate".into()),
        reason: Some("r".into()),
        ..StatusReport::of(status)
    })
}

pub(crate) fn driver(delivery: &mut Delivery, command: Command, secs: i64) -> Result<Outcome, Rejection> {
    delivery.apply(command, &caller(Role::Driver), after(secs), &NoArchive)
}

#[test]
fn with_a_driver_it_starts_assigned_and_without_created() {
    assert_eq!(started(json!({})).status(), Status::Assigned);
    assert_eq!(started(json!({"driver_id": null})).status(), Status::Created);
}

#[test]
fn what_was_skipped_is_recorded_at_the_same_instant() {
    let mut delivery = started(json!({}));
    let outcome = driver(&mut delivery, status(Status::Delivered), 60).unwrap();
    assert_eq!(outcome.events.len(), 1);
    let timeline: Vec<_> = delivery.live.timeline.iter().map(|r| (r.status, r.at)).collect();
    assert_eq!(
        timeline,
        [
            (Status::Assigned, START),
            (Status::PickedUp, after(60)),
            (Status::InTransit, after(60)),
            (Status::Delivered, after(60))
        ]
    );
}

#[test]
fn the_same_status_again_is_no_event_and_a_step_back_is_refused() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, status(Status::InTransit), 1).unwrap();
    let again = driver(&mut delivery, status(Status::InTransit), 2).unwrap();
    assert!(again.events.is_empty() && !again.changed);
    let before = delivery.clone();
    assert_eq!(driver(&mut delivery, status(Status::PickedUp), 3).unwrap_err().status().0, 409);
    assert_eq!(delivery, before);
}

#[test]
fn at_is_clamped_between_the_previous_status_and_now() {
    for (at, expected) in [(-50, 10), (15, 15), (500, 20)] {
        let mut delivery = started(json!({}));
        driver(&mut delivery, status(Status::PickedUp), 10).unwrap();
        let report = StatusReport { at: Some(after(at)), ..StatusReport::of(Status::InTransit) };
        driver(&mut delivery, Command::Status(report), 20).unwrap();
        assert_eq!(delivery.reached(Status::InTransit), Some(after(expected)));
    }
}

#[test]
fn who_may_not_is_refused_and_nothing_changes() {
    let cases = [
        (Role::Customer, status(Status::PickedUp), 403),
        (Role::Customer, fixes(&[(1, 5.6)]), 403),
        (Role::Store, status(Status::Failed), 403),
        (Role::Driver, status(Status::Cancelled), 403),
        (Role::Dispatcher, fixes(&[(1, 5.6)]), 403),
    ];
    for (role, command, expected) in cases {
        let mut delivery = started(json!({}));
        let before = delivery.clone();
        let refused = delivery.apply(command, &caller(role), after(5), &NoArchive).unwrap_err();
        assert_eq!(refused.status().0, expected, "{role:?}");
        assert_eq!(delivery, before);
    }
}

#[test]
fn a_customer_and_a_store_cancel_before_the_pickup_only() {
    for role in [Role::Customer, Role::Store] {
        let mut delivery = started(json!({}));
        assert!(delivery.apply(status(Status::Cancelled), &caller(role), after(1), &NoArchive).is_ok());
        let mut delivery = started(json!({}));
        driver(&mut delivery, status(Status::PickedUp), 1).unwrap();
        let refused =
            delivery.apply(status(Status::Cancelled), &caller(role), after(2), &NoArchive).unwrap_err();
        assert_eq!(refused.status().0, 403);
    }
}

#[test]
fn the_five_counts_are_disjoint_and_sum_to_what_was_sent() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, fixes(&[(10, 5.600), (20, 5.601)]), 30).unwrap();
    let body = json!({"locations": [
        {"lat": 5.601, "lng": -0.2, "timestamp": after(20).0}, // known
        {"lat": 5.6005, "lng": -0.2, "timestamp": after(15).0}, // late
        {"lat": 5.602, "lng": -0.2, "timestamp": after(30).0}, // new
        {"lat": 5.7, "lng": -0.2, "timestamp": after(31).0}, // a jump
        {"lat": 5.6, "lng": -0.2, "timestamp": after(500).0}, // the future
        {"lat": 5.6, "lng": -0.2, "timestamp": after(-61).0}, // before the start
        {"lat": 95, "lng": -0.2},
    ]});
    let report = Report::parse(&body, after(30), 1_000).unwrap();
    let outcome = driver(&mut delivery, Command::Report(report), 30).unwrap();
    let counts = outcome.counts;
    assert_eq!((counts.accepted, counts.duplicates, counts.late, counts.filtered), (1, 1, 1, 3));
    assert_eq!((counts.rejected.len(), counts.sent()), (1, 7));
    assert!(outcome.wrong_clock);
}

#[test]
fn a_fix_from_the_future_does_not_freeze_the_position() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, fixes(&[(10, 5.6)]), 10).unwrap();
    driver(&mut delivery, fixes(&[(10_000, 5.61)]), 11).unwrap();
    driver(&mut delivery, fixes(&[(20, 5.601)]), 20).unwrap();
    assert_eq!(delivery.live.recent.live().unwrap().time, after(20));
}

#[test]
fn an_illegal_status_keeps_the_positions() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, status(Status::InTransit), 1).unwrap();
    let body = json!({"lat": 5.6, "lng": -0.2, "timestamp": after(5).0, "status": "ASSIGNED"});
    let report = Report::parse(&body, after(5), 10).unwrap();
    let outcome = driver(&mut delivery, Command::Report(report), 5).unwrap();
    assert_eq!(outcome.conflict.unwrap().status().0, 409);
    assert_eq!(outcome.counts.accepted, 1);
    assert_eq!(delivery.status(), Status::InTransit);
    assert_eq!(delivery.live.recent.live().unwrap().time, after(5));
}

#[test]
fn a_message_is_decided_whole_then_told_status_first() {
    let mut delivery = started(json!({}));
    let body = json!({"lat": 5.6, "lng": -0.2, "timestamp": after(5).0, "status": "IN_TRANSIT"});
    let report = Report::parse(&body, after(5), 10).unwrap();
    let outcome = driver(&mut delivery, Command::Report(report), 5).unwrap();
    let frames: Vec<_> = outcome
        .events
        .iter()
        .filter_map(|event| visibility::frame(&delivery, event, Audience::Public, after(5)))
        .collect();
    match frames.as_slice() {
        [ServerFrame::StatusUpdate { data: status }, ServerFrame::LocationUpdate { data: location }] => {
            assert_eq!(location.status, Status::InTransit);
            assert_eq!((status.seq, location.seq), (2, 3));
            assert!(status.eta_seconds.is_some());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn after_the_end_no_position_is_kept() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, fixes(&[(10, 5.6)]), 10).unwrap();
    driver(&mut delivery, status(Status::Delivered), 100).unwrap();
    let late = driver(&mut delivery, fixes(&[(90, 5.601)]), 110).unwrap();
    assert_eq!(late.counts.accepted, 1);
    let beyond = driver(&mut delivery, fixes(&[(105, 5.602)]), 110).unwrap();
    assert_eq!((beyond.counts.filtered, beyond.changed), (1, false));
    assert_eq!(delivery.live.recent.live().unwrap().time, after(90));
}

#[test]
fn it_expires_a_day_after_the_promise_and_an_hour_after_the_end() {
    let spans = Spans { active: 86_400_000, finished: 3_600_000 };
    let plain = started(json!({}));
    assert!(!plain.has_expired(spans, after(86_399)) && plain.has_expired(spans, after(86_400)));
    let promised = started(json!({"window": {"to": after(7_200).0}}));
    assert!(!promised.has_expired(spans, after(93_599)) && promised.has_expired(spans, after(93_600)));
    let mut ended = started(json!({}));
    driver(&mut ended, status(Status::Delivered), 10).unwrap();
    assert!(!ended.has_expired(spans, after(3_609)) && ended.has_expired(spans, after(3_610)));
}

#[test]
fn sent_again_a_report_changes_nothing() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, fixes(&[(10, 5.6), (20, 5.601)]), 20).unwrap();
    let again = driver(&mut delivery, fixes(&[(10, 5.6), (20, 5.601)]), 25).unwrap();
    assert_eq!((again.counts.duplicates, again.changed, again.events.len()), (2, false, 0));
}

#[test]
fn each_audience_sees_its_part_in_each_state() {
    // Status, audience, location state, whether an ETA is shown.
    use LocationState::{Hidden, Live};
    let cases = [
        (Status::Assigned, Audience::Public, Hidden, false),
        (Status::Assigned, Audience::Customer, Hidden, false),
        (Status::Assigned, Audience::Driver, Live, false),
        (Status::Assigned, Audience::Store, Live, true),
        (Status::Assigned, Audience::Operator, Live, false),
        (Status::PickedUp, Audience::Public, Live, true),
        (Status::InTransit, Audience::Customer, Live, true),
        (Status::InTransit, Audience::Operator, Live, true),
        (Status::Delivered, Audience::Public, Hidden, false),
        (Status::Delivered, Audience::Customer, Hidden, false),
        (Status::Delivered, Audience::Store, Live, false),
    ];
    for (wanted, audience, location_state, has_eta) in cases {
        let mut delivery = started(json!({}));
        driver(&mut delivery, fixes(&[(10, 5.61), (20, 5.612)]), 20).unwrap();
        driver(&mut delivery, status(wanted), 30).unwrap();
        let seen = visibility::snapshot(&delivery, audience, after(31), false);
        assert_eq!(seen.location_state, location_state, "{wanted} {audience:?}");
        assert_eq!(seen.current_location.is_some(), location_state != Hidden, "{wanted} {audience:?}");
        assert_eq!(seen.eta.eta_seconds.is_some(), has_eta, "{wanted} {audience:?}");
        assert_eq!(seen.trail.is_empty(), location_state == Hidden, "{wanted} {audience:?}");
    }
}

#[test]
fn the_position_ages_into_stale_and_lost() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, fixes(&[(10, 5.61)]), 20).unwrap();
    driver(&mut delivery, status(Status::InTransit), 20).unwrap();
    for (secs, state) in [
        (100, LocationState::Live),
        (101, LocationState::Stale),
        (610, LocationState::Stale),
        (611, LocationState::Lost),
    ] {
        assert_eq!(visibility::location_state(&delivery, Audience::Public, after(secs)), state, "{secs}");
    }
    let seen = visibility::snapshot(&delivery, Audience::Public, after(50_000), false);
    assert_eq!((seen.eta.eta_seconds, seen.eta.eta_at), (Some(0), Some(after(50_000).secs())));
}

#[test]
fn where_the_driver_came_from_before_the_pickup_is_no_customers() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, status(Status::PickedUp), 100).unwrap();
    // A phone that was offline on the way to the store sends all of it at once.
    let outcome =
        driver(&mut delivery, fixes(&[(70, 5.59), (80, 5.591), (90, 5.592), (105, 5.6)]), 110).unwrap();
    let trail = |audience| match visibility::frame(&delivery, &outcome.events[0], audience, after(110)) {
        Some(ServerFrame::LocationUpdate { data }) => data.trail,
        other => panic!("{other:?}"),
    };
    assert_eq!(trail(Audience::Public), None);
    assert_eq!(trail(Audience::Customer), None);
    assert_eq!(trail(Audience::Driver).map(|line| line.len() > 10), Some(true));
}

#[test]
fn a_second_position_in_the_same_instant_is_told_too() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, fixes(&[(10, 5.6)]), 10).unwrap();
    let outcome = driver(&mut delivery, fixes(&[(10, 5.6001)]), 10).unwrap();
    assert_eq!((outcome.counts.accepted, outcome.events.len()), (1, 1));
}

#[test]
fn a_fix_that_was_filtered_for_its_clock_is_known_when_it_comes_again() {
    let mut delivery = started(json!({}));
    assert_eq!(driver(&mut delivery, fixes(&[(200, 5.6)]), 10).unwrap().counts.filtered, 1);
    assert_eq!(driver(&mut delivery, fixes(&[(200, 5.6)]), 100).unwrap().counts.duplicates, 1);
}

#[test]
fn the_last_message_sent_again_is_a_duplicate() {
    let mut delivery = started(json!({}));
    let body = json!({"lat": 5.6, "lng": -0.2, "timestamp": after(12).0, "status": "DELIVERED"});
    for (accepted, duplicates) in [(1, 0), (0, 1)] {
        let report = Report::parse(&body, after(10), 10).unwrap();
        let counts = driver(&mut delivery, Command::Report(report), 10).unwrap().counts;
        assert_eq!((counts.accepted, counts.duplicates), (accepted, duplicates));
    }
}

#[test]
fn fixes_with_a_wrong_clock_do_not_fill_chunks() {
    let mut delivery = started(json!({}));
    let mut chunks = 0;
    for i in 0..100 {
        let outcome = driver(&mut delivery, fixes(&[(i * 5, 5.6), (-4_000 - i, 5.6)]), i * 5).unwrap();
        chunks += outcome.chunks.len();
    }
    assert_eq!(chunks, 0);
}

#[test]
fn while_others_come_first_the_location_is_hidden_and_the_eta_coarse() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, fixes(&[(10, 5.61)]), 20).unwrap();
    driver(&mut delivery, status(Status::InTransit), 20).unwrap();
    delivery.live.stops_before = 2;
    let seen = visibility::snapshot(&delivery, Audience::Customer, after(21), false);
    assert_eq!(
        (seen.location_state, seen.current_location, seen.progress.remaining_m),
        (LocationState::Hidden, None, None)
    );
    assert_eq!((seen.eta.eta_seconds.unwrap() % 300, seen.eta.eta_at.unwrap() % 300), (0, 0));
    assert_eq!(
        visibility::snapshot(&delivery, Audience::Operator, after(21), false).location_state,
        LocationState::Live
    );
}

/// What must never reach an audience, wherever it could be hidden in what they get.
#[test]
fn nothing_that_is_denied_is_in_what_an_audience_gets() {
    let mut delivery = started(json!({"order_id": "O-1"}));
    let body = json!({"lat": 5.61, "lng": -0.2, "timestamp": after(5).0, "battery": 42, "status": "IN_TRANSIT", "note": "by the gate"});
    let report = Report::parse(&body, after(5), 10).unwrap();
    let outcome = driver(&mut delivery, Command::Report(report), 5).unwrap();
    let everything = |audience| {
        let mut all =
            serde_json::to_string(&visibility::snapshot(&delivery, audience, after(6), false)).unwrap();
        for event in &outcome.events {
            all += &serde_json::to_string(&visibility::frame(&delivery, event, audience, after(6))).unwrap();
        }
        all
    };
    let secrets =
        ["\"d\"", "+233201234567", "\"c\"", "\"s\"", "secret", "by the gate", "battery", "raw", "ring twice"];
    let denied: [(Audience, &[usize]); 5] = [
        (Audience::Public, &[0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (Audience::Customer, &[0, 1, 2, 3, 4, 5, 6, 7]),
        (Audience::Driver, &[2, 3, 4]),
        (Audience::Store, &[]),
        (Audience::Operator, &[]),
    ];
    for (audience, denied) in denied {
        let all = everything(audience);
        for (i, secret) in secrets.iter().enumerate() {
            assert_eq!(all.contains(secret), !denied.contains(&i), "{audience:?} {secret}");
        }
    }
}

proptest! {
    #[test]
    fn no_body_panics(body in json_value()) {
        let _ = Report::parse(&body, START, 10);
        let _ = StartRequest::parse(&body);
        let _ = crate::wire::report::parse_status(&body);
        let _ = crate::wire::report::message_id(&body);
    }

    #[test]
    fn over_any_order_and_repetition_the_result_is_the_same(
        steps in proptest::collection::vec((1..4_i64, -2_000..2_000_i32), 5..60),
        keys in proptest::collection::vec(any::<u32>(), 120),
    ) {
        let mut lat = 56_000_000;
        let mut secs = 0;
        let messages: Vec<_> = steps.iter().map(|(dt, dlat)| {
            secs += dt;
            lat += dlat;
            (secs, f64::from(lat) / 1e7)
        }).collect();
        let mut shuffled: Vec<_> = messages.iter().chain(&messages).zip(&keys).collect();
        shuffled.sort_by_key(|(_, key)| **key);
        let (mut clean, mut messy) = (started(json!({})), started(json!({})));
        for message in &messages {
            driver(&mut clean, fixes(&[*message]), 200).unwrap();
        }
        for (message, _) in shuffled {
            driver(&mut messy, fixes(&[*message]), 200).unwrap();
        }
        prop_assert_eq!(messy.live.recent.window(), clean.live.recent.window());
        prop_assert_eq!(messy.live.recent.live(), clean.live.recent.live());
        prop_assert_eq!(messy.status(), clean.status());
    }

    #[test]
    fn stored_and_loaded_it_is_the_same(
        steps in proptest::collection::vec((1..40_i64, 0..30_000_i32, 0..9u8), 1..120),
    ) {
        let mut delivery = started(json!({}));
        let (mut secs, mut lat) = (0, 56_000_000);
        for (dt, dlat, wanted) in steps {
            (secs, lat) = (secs + dt, lat + dlat);
            let _ = driver(&mut delivery, fixes(&[(secs, f64::from(lat) / 1e7)]), secs);
            if wanted < 4 && secs > 100 {
                let _ = driver(&mut delivery, status(Status::ALL[usize::from(wanted)]), secs);
            }
        }
        let facts: Facts = serde_json::from_str(&serde_json::to_string(&delivery.facts).unwrap()).unwrap();
        let stored = delivery.live.store();
        let mut read: StoredLive = serde_json::from_str(&serde_json::to_string(&stored).unwrap()).unwrap();
        (read.recent.window, read.recent.open, read.recent.trail) =
            (stored.recent.window.clone(), stored.recent.open.clone(), stored.recent.trail.clone());
        let loaded = Delivery::load(facts, read, delivery.guidance.clone()).unwrap();
        prop_assert_eq!(
            visibility::snapshot(&loaded, Audience::Operator, after(secs), false),
            visibility::snapshot(&delivery, Audience::Operator, after(secs), false)
        );
    }
}

/// JSON with the names that our readers look for.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof![Just("FAILED"), Just("2024-01-01T00:00:00Z"), Just("car")].prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        let key = prop_oneof![
            Just("lat"),
            Just("lng"),
            Just("lon"),
            Just("location"),
            Just("locations"),
            Just("status"),
            Just("timestamp"),
            Just("sent_at"),
            Just("dropoff"),
            Just("order_id"),
            Just("id"),
            Just("route"),
            Just("clock"),
            Just("window"),
            Just("metadata"),
            Just("accuracy"),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::hash_map(key.prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
