use serde_json::{Value, json};

use super::rules::{Element, GivenRules, Rules};
use super::*;
use crate::delivery::tests::{after, driver, fixes, started, status};
use crate::driver::Heading;
use crate::rejection::Rejection;

/// Where a delivery from 5.60 to 5.65 can stand: assigned, under way and far, near with two stops before, near
/// and next, delivered.
const PHASES: [&str; 5] = ["assigned", "far", "queued", "near", "delivered"];

fn heading(stops_before: u32) -> Heading {
    Heading { ordered: true, stops_before, ahead: Vec::new(), online: true, reason: None, order: None }
}

fn in_phase(phase: &str, rules: Value) -> (Delivery, Millis) {
    let route = "_p~iF~ps|U_ulLnnqC";
    let mut delivery = started(json!({"visibility_rules": rules, "route": route}));
    driver(&mut delivery, fixes(&[(1, 5.60)]), 1).unwrap();
    if phase == "assigned" {
        return (delivery, after(2));
    }
    driver(&mut delivery, status(Status::PickedUp), 2).unwrap();
    driver(&mut delivery, fixes(&[(10, 5.601)]), 10).unwrap();
    if phase == "far" {
        return (delivery, after(11));
    }
    let way: Vec<_> = (1..48).map(|n| (10 + n * 10, 5.601 + n as f64 * 0.001)).collect();
    driver(&mut delivery, fixes(&way), 480).unwrap();
    if phase == "queued" {
        delivery.take_heading(heading(2), after(481));
    }
    if phase == "delivered" {
        driver(&mut delivery, status(Status::Delivered), 481).unwrap();
    }
    (delivery, after(482))
}

/// What a rule comes to in each phase, for those outside.
fn outcomes() -> [(Value, &'static str); 9] {
    let all = json!({"active": true, "within_stops": 1, "within_m": 500, "within_s": 300});
    [
        (json!("always"), "yyyyy"),
        (json!("never"), "-----"),
        (json!({"active": true}), "-yyy-"),
        (json!({"within_stops": 1}), "yy-yy"),
        (json!({"within_m": 500}), "--yyy"),
        (json!({"within_s": 300}), "--yy-"),
        (json!({"active": true, "within_stops": 1}), "-y-y-"),
        (json!({"active": true, "within_m": 500}), "--yy-"),
        (all, "---y-"),
    ]
}

#[test]
fn those_outside_are_told_what_their_frames_would_show_them() {
    let notice = |kind, place| Notice { kind, seq: 1, at: after(480), place };
    for (rules, kind, place, expected) in [
        (json!({}), Kind::Approaching, Some(FencedPlace::Dropoff), true),
        (json!({}), Kind::Arrived, Some(FencedPlace::Pickup), false),
        (json!({}), Kind::Departed, Some(FencedPlace::Pickup), true),
        (json!({"location": "never"}), Kind::Approaching, Some(FencedPlace::Dropoff), false),
        (json!({"location": "never"}), Kind::Departed, Some(FencedPlace::Pickup), false),
        (json!({"location": "never"}), Kind::EtaChanged, None, true),
        (json!({"location": "never"}), Kind::Delivered, None, true),
        (json!({"eta": "never"}), Kind::EtaChanged, None, false),
        (json!({"eta": "never"}), Kind::Approaching, Some(FencedPlace::Dropoff), true),
    ] {
        let (delivery, now) = in_phase("near", rules.clone());
        let told = tells_outside(&delivery, &notice(kind, place), now);
        assert_eq!(told, expected, "{rules} {kind:?} {place:?}");
    }
}

#[test]
fn each_audience_sees_each_element_by_each_rule_in_each_phase() {
    for (rule, row) in outcomes() {
        for (element, name) in Element::ALL {
            for (phase, cell) in PHASES.into_iter().zip(row.chars()) {
                let (delivery, now) = in_phase(phase, json!({"location": "always", name: rule}));
                for audience in Audience::ALL {
                    let seen = snapshot(&delivery, audience, now, false);
                    let holds = audience.is_inside() || cell == 'y';
                    let under_way = !["assigned", "delivered"].contains(&phase);
                    let (is_seen, expected) = match element {
                        Element::Location => (seen.location_state != LocationState::Hidden, holds),
                        Element::Route => {
                            (seen.details.route.is_some(), if audience.is_inside() { true } else { holds })
                        }
                        Element::Eta => (
                            seen.eta.eta_at.is_some(),
                            holds && (under_way || (audience == Audience::Store && phase == "assigned")),
                        ),
                        Element::StopsBefore => (seen.progress.stops_before.is_some(), holds),
                        Element::History => (!seen.trail.is_empty(), holds),
                    };
                    assert_eq!(is_seen, expected, "{audience:?} {name} {rule} {phase}");
                    let is_hidden = seen.location_state == LocationState::Hidden;
                    assert_eq!(seen.current_location.is_none(), is_hidden, "{audience:?} {name} {phase}");
                    if is_hidden {
                        let progress = &seen.progress;
                        assert_eq!(
                            (progress.remaining_m, progress.progress, progress.off_route),
                            (None, None, false)
                        );
                        assert_eq!(seen.trail, "");
                        assert!(seen.eta.eta_at.is_none_or(|at| at % 300 == 0), "{:?}", seen.eta);
                    }
                }
            }
        }
    }
}

#[test]
fn without_rules_it_is_as_the_contract_says() {
    for (phase, location) in PHASES.into_iter().zip("-y-y-".chars()) {
        let (delivery, now) = in_phase(phase, Value::Null);
        for audience in [Audience::Public, Audience::Customer] {
            let seen = snapshot(&delivery, audience, now, false);
            assert_eq!(seen.current_location.is_some(), location == 'y', "{phase}");
            assert_eq!(seen.details.route, None);
            assert!(seen.progress.stops_before.is_some());
            assert_eq!(seen.eta.eta_at.is_some(), !["assigned", "delivered"].contains(&phase));
        }
    }
    let stored: Rules = serde_json::from_value(serde_json::to_value(Rules::default()).unwrap()).unwrap();
    assert_eq!(stored, Rules::default());
}

#[test]
fn what_a_deployment_says_is_overruled_element_by_element() {
    let given = |value| GivenRules::parse(&value).unwrap();
    let deployment = Rules::default().with(&given(json!({"location": "never", "eta": "never"})));
    let rules = deployment.with(&given(json!({"eta": "ALWAYS", "route": null})));
    assert_eq!(rules.of(Element::Location), deployment.of(Element::Location));
    assert_eq!(rules.of(Element::Eta), Rules::default().of(Element::Eta));
    assert_eq!(rules.of(Element::Route), Rules::default().of(Element::Route));
}

#[test]
fn what_is_not_understood_is_refused() {
    for rules in [
        json!([]),
        json!("never"),
        json!({"trail": "never"}),
        json!({"location": "sometimes"}),
        json!({"location": true}),
        json!({"location": []}),
        json!({"location": {}}),
        json!({"location": {"within_m": null}}),
        json!({"location": {"within_km": 5}}),
        json!({"location": {"within_m": 5, "within_km": 5}}),
        json!({"location": {"within_m": "5"}}),
        json!({"location": {"within_m": -1}}),
        json!({"location": {"within_m": 1e9}}),
        json!({"location": {"within_stops": 1.5}}),
        json!({"location": {"within_s": 86_401}}),
        json!({"location": {"active": false}}),
        json!({"location": {"active": "true"}}),
    ] {
        let refused = GivenRules::parse(&rules);
        assert!(matches!(refused, Err(Rejection::Invalid { .. })), "{rules}");
    }
}

/// Latitudes of a trail, in thousandths of a degree.
fn trail_of(delivery: &Delivery, now: Millis) -> Vec<i64> {
    let text = snapshot(delivery, Audience::Public, now, false).trail;
    let line = polyline::decode_polyline(&text, 5).unwrap();
    line.points().map(|point| (point.y() * 1000.0).round() as i64).collect()
}

#[test]
fn what_was_hidden_is_never_shown_later() {
    let mut delivery =
        started(json!({"visibility_rules": {"location": {"active": true, "within_m": 1_500}}}));
    driver(&mut delivery, status(Status::PickedUp), 1).unwrap();
    let drive = |delivery: &mut Delivery, secs: i64, lats: std::ops::RangeInclusive<i64>| {
        let rows: Vec<_> = lats.zip(secs..).map(|(lat, n)| (n * 10, lat as f64 / 1000.0)).collect();
        let outcome = driver(delivery, fixes(&rows), rows.last().unwrap().0).unwrap();
        (outcome.hidden, after(rows.last().unwrap().0))
    };
    let (hidden, now) = drive(&mut delivery, 1, 5_600..=5_630);
    assert_eq!((hidden, trail_of(&delivery, now)), (false, vec![]));
    // It comes within, by a whole report at once: what lies outside stays hidden.
    let (_, now) = drive(&mut delivery, 40, 5_631..=5_640);
    assert_eq!(trail_of(&delivery, now), [5_640]);
    let (_, now) = drive(&mut delivery, 50, 5_641..=5_644);
    assert_eq!(trail_of(&delivery, now), [5_640, 5_641, 5_642, 5_643, 5_644]);
    // It leaves: all is hidden, and who follows is told at once.
    let (hidden, now) = drive(&mut delivery, 54, 5_645..=5_666);
    let seen = snapshot(&delivery, Audience::Public, now, false);
    assert_eq!((hidden, seen.location_state, seen.trail.as_str()), (true, LocationState::Hidden, ""));
    let (hidden, now) = drive(&mut delivery, 76, 5_666..=5_667);
    assert_eq!((hidden, trail_of(&delivery, now)), (false, vec![]));
    // And back.
    let rows: Vec<_> = (0..9).map(|n| (790 + n * 10, 5.666 - n as f64 / 1000.0)).collect();
    driver(&mut delivery, fixes(&rows), 870).unwrap();
    assert_eq!(trail_of(&delivery, after(870)), [5_658]);
}

#[test]
fn a_stop_less_shows_the_driver_from_now_on() {
    let (mut delivery, _) = in_phase("queued", Value::Null);
    assert_eq!(trail_of(&delivery, after(482)), Vec::<i64>::new());
    delivery.take_heading(heading(1), after(483));
    assert_eq!(trail_of(&delivery, after(483)), [5_648]);
    driver(&mut delivery, fixes(&[(490, 5.649)]), 490).unwrap();
    assert_eq!(trail_of(&delivery, after(490)), [5_649]);
    let hidden = delivery.take_heading(heading(2), after(491)).hidden;
    assert!(hidden);
}

#[test]
fn time_alone_can_show_the_driver_and_what_is_sent_is_decided_then() {
    let (mut delivery, now) =
        in_phase("far", json!({"location": {"within_s": 300}, "eta": {"within_s": 300}}));
    let left = delivery.live.eta.unwrap().at.since(now) / 1000;
    assert!(left > 300, "{left}");
    let moved = Event::Moved { seq: 9, path: Vec::new() };
    let frame_at =
        |delivery: &Delivery, secs| frame(delivery, &moved, Audience::Customer, now.plus(secs * 1000));
    assert_eq!(frame_at(&delivery, 0), None);
    let later = now.plus((left - 200) * 1000);
    let seen = snapshot(&delivery, Audience::Customer, later, false);
    assert_eq!((seen.location_state != LocationState::Hidden, seen.eta.eta_at.is_some()), (true, true));
    assert_eq!(trail_of(&delivery, later), [5_601]);
    assert!(matches!(frame_at(&delivery, left - 200), Some(ServerFrame::LocationUpdate { .. })));
    // Resuming while it is hidden tells the whole state: who comes back may have seen it.
    let told = resume(&delivery, &[], Audience::Customer, now, false);
    assert!(matches!(&told[..], [ServerFrame::InitialState { data }] if data.current_location.is_none()));
    driver(&mut delivery, status(Status::Delivered), 900).unwrap();
    assert!(snapshot(&delivery, Audience::Customer, later, false).current_location.is_none());
}

#[test]
fn the_timeline_has_the_etas_that_its_audience_was_shown() {
    let exact = |delivery: &Delivery, audience, now| {
        let told = timeline(delivery, audience, now).etas;
        (told.len(), told.iter().any(|eta| eta.eta_at % 300 != 0))
    };
    for (phase, rules, outside) in [
        ("far", Value::Null, (true, true)),
        ("queued", Value::Null, (true, false)),
        ("delivered", Value::Null, (true, false)),
        ("near", json!({"location": "never"}), (true, false)),
        ("near", json!({"eta": "never"}), (false, false)),
        ("far", json!({"eta": {"within_s": 300}}), (false, false)),
    ] {
        let (delivery, now) = in_phase(phase, rules.clone());
        let inside = exact(&delivery, Audience::Store, now);
        assert!(inside.0 > 0 && inside.1, "{phase} {rules}");
        let (count, is_exact) = exact(&delivery, Audience::Customer, now);
        assert_eq!((count == inside.0, is_exact), outside, "{phase} {rules}");
        assert!(count == 0 || count == inside.0);
    }
}
