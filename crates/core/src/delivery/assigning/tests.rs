use serde_json::json;

use super::*;
use crate::archive::Summary;
use crate::auth::{Caller, Role};
use crate::delivery::tests::{after, caller, driver, fixes, started, status};
use crate::delivery::{Change, Command};
use crate::delivery::{KeptEvent, StoredLive};
use crate::history;
use crate::recent::NoArchive;
use crate::visibility::{self, Audience};
use crate::wire::frames::{MessageId, ServerFrame};
use crate::wire::snapshot::LocationState;

fn other() -> Caller {
    Caller { subject: "e".into(), ..caller(Role::Driver) }
}

fn assign(driver: &str) -> Command {
    Command::Assign { driver_id: driver.into(), driver_alias: format!("alias of {driver}") }
}

/// Carries out a command of the store.
fn staff(delivery: &mut Delivery, command: Command, secs: i64) -> Result<Outcome, Rejection> {
    delivery.apply(command, &caller(Role::Store), after(secs), &NoArchive)
}

fn code(result: Result<Outcome, Rejection>) -> u16 {
    result.map_or_else(|refused| refused.status().0, |_| 200)
}

fn statuses(delivery: &Delivery) -> Vec<&'static str> {
    delivery.live.timeline.iter().map(|reached| reached.status.name()).collect()
}

fn whole(outcome: &Outcome) -> bool {
    matches!(&outcome.events[..], [Event::Status(event) | Event::Changed(event)] if event.whole)
}

/// A delivery as its object finds it again after it slept.
fn woken(delivery: &Delivery) -> Delivery {
    let live = serde_json::to_value(delivery.live.store()).unwrap();
    let mut live: StoredLive = serde_json::from_value(live).unwrap();
    let stored = delivery.live.store().recent;
    (live.recent.window, live.recent.open, live.recent.trail) = (stored.window, stored.open, stored.trail);
    Delivery::load(delivery.facts.clone(), live, delivery.guidance.clone()).unwrap()
}

/// In each status: what assigning the same driver, another, unassigning, accepting and declining come to.
const TABLE: [(&str, [u16; 5]); 7] = [
    // none yet: neither accepts nor declines
    ("CREATED", [200, 200, 200, 403, 403]),
    ("ASSIGNED", [200, 200, 200, 200, 200]),
    ("PICKED_UP", [200, 200, 409, 200, 409]),
    ("IN_TRANSIT", [200, 200, 409, 200, 409]),
    ("DELIVERED", [409, 409, 409, 409, 409]),
    ("FAILED", [409, 409, 409, 409, 409]),
    ("CANCELLED", [409, 409, 409, 409, 409]),
];

fn standing(wanted: &str) -> Delivery {
    let wanted = Status::parse(wanted).unwrap();
    if wanted == Status::Created {
        return started(json!({"driver_id": null}));
    }
    let mut delivery = started(json!({}));
    delivery.apply(status(wanted), &caller(Role::Dispatcher), after(1), &NoArchive).unwrap();
    delivery
}

#[test]
fn each_step_is_as_the_table_says() {
    for (name, row) in TABLE {
        let commands = [
            (caller(Role::Store), assign("d")),
            (caller(Role::Store), assign("e")),
            (caller(Role::Store), Command::Unassign),
            (caller(Role::Driver), Command::Accept),
            (caller(Role::Driver), Command::Decline { reason: None }),
        ];
        for ((by, command), expected) in commands.into_iter().zip(row) {
            let mut delivery = standing(name);
            let before = delivery.clone();
            let what = format!("{command:?} in {name}");
            let result = delivery.apply(command, &by, after(5), &NoArchive);
            let changed = result.as_ref().is_ok_and(|outcome| outcome.changed);
            assert_eq!(code(result), expected, "{what}");
            assert_eq!(delivery != before, changed, "{what}");
        }
    }
}

#[test]
fn only_those_who_may_assign_and_answer() {
    // Driver, customer, store, dispatcher, admin; somebody else.
    let roles = [Role::Driver, Role::Customer, Role::Store, Role::Dispatcher, Role::Admin];
    let callers: Vec<_> = roles.into_iter().map(caller).chain([other()]).collect();
    let cases = [
        (assign("e"), [403, 403, 200, 200, 200, 403]),
        (Command::Unassign, [403, 403, 200, 200, 200, 403]),
        (Command::Accept, [200, 403, 403, 403, 403, 403]),
        (Command::Decline { reason: None }, [200, 403, 403, 403, 403, 403]),
    ];
    for (command, row) in cases {
        for (by, expected) in callers.iter().zip(row) {
            let mut delivery = started(json!({}));
            let result = delivery.apply(command.clone(), by, after(5), &NoArchive);
            assert_eq!(code(result), expected, "{command:?} by {by:?}");
        }
    }
}

#[test]
fn the_first_driver_makes_it_assigned_and_the_same_again_is_no_event() {
    let mut delivery = standing("CREATED");
    let outcome = staff(&mut delivery, assign("d"), 5).unwrap();
    assert!(whole(&outcome) && outcome.facts_changed);
    assert_eq!(statuses(&delivery), ["CREATED", "ASSIGNED"]);
    let before = delivery.clone();
    let again = staff(&mut delivery, assign("d"), 6).unwrap();
    assert_eq!((again, delivery), (Outcome::default(), before));
}

#[test]
fn unassigning_and_declining_step_back_and_staff_read_why() {
    for (by, command, note) in [
        (Role::Store, Command::Unassign, None),
        (Role::Driver, Command::Decline { reason: None }, Some("declined by d")),
        (
            Role::Driver,
            Command::Decline { reason: Some("flat tyre".into()) },
            Some("declined by d: flat tyre"),
        ),
    ] {
        let mut delivery = started(json!({}));
        let outcome = delivery.apply(command, &caller(by), after(5), &NoArchive).unwrap();
        assert!(whole(&outcome));
        assert_eq!(statuses(&delivery), ["ASSIGNED", "CREATED"]);
        assert_eq!((&delivery.facts.driver_id, &delivery.facts.driver_alias), (&None, &None));
        staff(&mut delivery, assign("e"), 6).unwrap();
        for audience in Audience::ALL {
            let timeline = history::timeline(&Summary::of(&delivery), audience, after(7));
            let seen = timeline.events[1].note.as_deref();
            let staff = matches!(audience, Audience::Store | Audience::Operator);
            assert_eq!(seen, note.filter(|_| staff), "{audience:?}");
        }
    }
}

#[test]
fn the_former_driver_may_nothing_and_the_next_one_all() {
    let mut delivery = started(json!({"visibility": "private"}));
    staff(&mut delivery, assign("e"), 5).unwrap();
    assert_eq!(delivery.facts.driver_alias.as_deref(), Some("alias of e"));
    for command in [status(Status::PickedUp), fixes(&[(6, 5.6)]), Command::Accept] {
        let before = delivery.clone();
        assert_eq!(code(driver(&mut delivery, command.clone(), 6)), 403);
        assert_eq!(delivery, before);
        assert_eq!(code(delivery.clone().apply(command, &other(), after(6), &NoArchive)), 200);
    }
}

#[test]
fn nothing_of_the_former_driver_is_joined_with_the_next() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, status(Status::InTransit), 1).unwrap();
    for n in 0..200 {
        driver(&mut delivery, fixes(&[(10 + n, 5.6 + n as f64 * 1e-4)]), 10 + n).unwrap();
    }
    let outcome = staff(&mut delivery, assign("e"), 220).unwrap();
    assert_eq!(statuses(&delivery), ["ASSIGNED", "PICKED_UP", "IN_TRANSIT"]);
    let seen = visibility::snapshot(&delivery, Audience::Public, after(220), false);
    assert_eq!((seen.current_location, seen.location_state), (None, LocationState::None));
    assert_eq!((seen.trail.as_str(), seen.eta.eta_seconds, seen.driver_online), ("", None, false));
    let kept: usize = outcome.chunks.iter().map(|(_, chunk)| chunk.len()).sum();
    assert_eq!(kept + delivery.live.recent.recorded().len(), 200, "the history keeps all");
    assert_eq!(woken(&delivery), delivery);

    // Ten kilometres off, at once: no jump of one vehicle. What was measured before joins the history.
    let late = delivery.apply(fixes(&[(205, 5.7)]), &other(), after(221), &NoArchive).unwrap();
    assert_eq!((late.counts.late, late.events.len()), (1, 0));
    let taken =
        delivery.apply(fixes(&[(222, 5.7), (225, 5.7001)]), &other(), after(225), &NoArchive).unwrap();
    assert_eq!(taken.counts.accepted, 2);
    let seen = visibility::snapshot(&delivery, Audience::Public, after(225), false);
    let line = polyline::decode_polyline(&seen.trail, 5).unwrap();
    assert!(line.0.iter().all(|point| point.y > 5.69), "{line:?}");
    assert!(seen.eta.eta_seconds.is_some());
}

#[test]
fn a_clock_that_was_ahead_does_not_make_the_next_driver_late() {
    let mut delivery = started(json!({}));
    driver(&mut delivery, fixes(&[(100, 5.6)]), 10).unwrap();
    staff(&mut delivery, assign("e"), 11).unwrap();
    let taken = delivery.apply(fixes(&[(12, 5.6)]), &other(), after(12), &NoArchive).unwrap();
    assert_eq!(taken.counts.accepted, 1);
}

#[test]
fn accepting_is_kept_once_and_ends_with_the_driver() {
    let mut delivery = started(json!({}));
    let accepted = |delivery: &Delivery, audience| {
        visibility::snapshot(delivery, audience, after(9), false).details.accepted_at
    };
    assert_eq!(accepted(&delivery, Audience::Store), None);
    assert!(whole(&driver(&mut delivery, Command::Accept, 5).unwrap()));
    let again = driver(&mut delivery, Command::Accept, 6).unwrap();
    assert_eq!((again.events.len(), again.changed, delivery.live.accepted_at), (0, false, Some(after(5))));
    for audience in Audience::ALL {
        assert_eq!(accepted(&delivery, audience), audience.is_inside().then_some(after(5).secs()));
    }
    assert_eq!(woken(&delivery), delivery);
    staff(&mut delivery, assign("e"), 7).unwrap();
    assert_eq!(accepted(&delivery, Audience::Store), None);
}

#[test]
fn the_archive_has_the_last_driver() {
    let mut delivery = started(json!({}));
    staff(&mut delivery, assign("e"), 5).unwrap();
    delivery.apply(status(Status::Delivered), &other(), after(9), &NoArchive).unwrap();
    let summary = delivery.archive_work().and_then(|work| work.summary).unwrap();
    assert_eq!(summary.driver_id.as_deref(), Some("e"));
    assert!(summary.revision > 1);
}

#[test]
fn whoever_was_away_is_told_the_whole_state() {
    let event = |seq, whole| StatusEvent { seq, status: Status::Assigned, at: after(1), note: None, whole };
    let delivery = started(json!({}));
    let told = |missed: &[StatusEvent]| {
        let missed: Vec<_> = missed.iter().cloned().map(KeptEvent::Status).collect();
        let frames = visibility::resume(&delivery, &missed, Audience::Public, after(2), false);
        frames.iter().any(|frame| matches!(frame, ServerFrame::InitialState { .. }))
    };
    assert!(told(&[event(2, false), event(3, true)]));
    assert!(!told(&[event(2, false)]));
}

#[test]
fn a_delivery_changes_hands_so_often_and_no_more() {
    let mut delivery = started(json!({}));
    let mut refused = None;
    for secs in 0..200 {
        staff(&mut delivery, assign("e"), secs).unwrap();
        refused = refused.or(staff(&mut delivery, Command::Unassign, secs).err());
    }
    assert_eq!(refused.map(|refused| refused.status().0), Some(409));
    // The last driver keeps it.
    assert_eq!(delivery.live.timeline.len(), TIMELINE_MAX + 1);
}

#[test]
fn a_report_sent_again_changes_nothing_whatever_came_since() {
    let report = |wanted, id: Option<MessageId>| {
        Command::Status(StatusReport { id, at: Some(after(2)), ..StatusReport::of(wanted) })
    };
    for id in [MessageId::Number(7), MessageId::Text("7".into())] {
        let mut delivery = started(json!({}));
        driver(&mut delivery, report(Status::PickedUp, Some(id.clone())), 5).unwrap();
        for later in [Status::PickedUp, Status::InTransit, Status::Delivered] {
            driver(&mut delivery, status(later), 6).unwrap();
            delivery = woken(&delivery);
            let before = delivery.clone();
            let again = driver(&mut delivery, report(Status::PickedUp, Some(id.clone())), 7).unwrap();
            assert_eq!((again.events.len(), again.changed), (0, false));
            assert_eq!(delivery, before);
        }
        for other in [None, Some(MessageId::Number(8)), Some(MessageId::Text("8".into()))] {
            assert_eq!(code(driver(&mut delivery, report(Status::PickedUp, other), 8)), 409);
        }
        // A phone that counts anew after it was closed.
        assert_eq!(code(driver(&mut delivery, report(Status::InTransit, Some(id)), 8)), 409);
    }
}

#[test]
fn an_id_rides_on_a_report_of_positions_too() {
    let mut delivery = started(json!({}));
    let body = json!({"lat": 5.6, "lng": -0.2, "timestamp": after(5).0, "status": "PICKED_UP", "id": "x"});
    let report = |delivery: &mut Delivery| {
        let report = crate::wire::report::Report::parse(&body, after(5), 10).unwrap();
        driver(delivery, Command::Report(report), 5).unwrap()
    };
    assert_eq!(report(&mut delivery).events.len(), 2);
    driver(&mut delivery, status(Status::Delivered), 6).unwrap();
    let again = report(&mut delivery);
    assert_eq!((again.conflict, again.counts.duplicates, again.changed), (None, 1, false));
}

#[test]
fn rows_from_before_there_were_assignments_are_read() {
    let delivery = started(json!({}));
    let text = serde_json::to_string(&delivery.live.store()).unwrap();
    for new in ["accepted_at", "whole", "\"id\""] {
        assert!(!text.contains(new), "{new} is written only where it says something");
    }
    let old = r#"{"seq":1,"status":"ASSIGNED","at":1700000000000,"note":null}"#;
    let event: StatusEvent = serde_json::from_str(old).unwrap();
    assert!(!event.whole);
    assert_eq!(serde_json::to_string(&event).unwrap(), old);
}

#[test]
fn each_bad_body_names_its_field() {
    let long = "x".repeat(501);
    for (asked, body, field) in [
        (Change::Assign, json!({}), "driver_id"),
        (Change::Assign, json!([]), "body"),
        (Change::Assign, json!({"driver_id": " "}), "driver_id"),
        (Change::Assign, json!({"driver_id": 5}), "driver_id"),
        (Change::Assign, json!({"driver_id": "a", "rider_id": "b"}), "driver_id"),
        (Change::Unassign, json!(null), "body"),
        (Change::Accept, json!("x"), "body"),
        (Change::Decline, json!({"reason": 5}), "reason"),
        (Change::Cancel, json!({"reason": long}), "reason"),
    ] {
        match asked.command(&body, &str::to_owned) {
            Err(Rejection::Invalid { field: at, .. }) => assert_eq!(at, field, "{body}"),
            other => panic!("{asked:?} of {body} gave {other:?}"),
        }
    }
    for name in ["driver_id", "rider_id", "delivery_person_id"] {
        let command = Change::Assign.command(&json!({name: "d"}), &|driver| format!("alias of {driver}"));
        assert_eq!(command, Ok(assign("d")));
    }
}
