use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::auth::Role;
use crate::delivery::tests::{after, caller, fixes, started, status};
use crate::delivery::{Command, Guidance, StoredLive};
use crate::notice::message::News;
use crate::recent::NoArchive;

const LIMITS: Thresholds = Thresholds { delay: 300_000, eta: 300_000, silence: 600_000 };

/// What happens, as an object lets it happen: it applies, notes, and now and then is woken by the time alone.
enum Step {
    By(Role, Command),
    Nothing,
}

fn told(delivery: &mut Delivery, steps: impl IntoIterator<Item = (i64, Step)>) -> Vec<(Kind, i64)> {
    for (secs, step) in steps {
        match step {
            Step::By(role, command) => {
                let outcome = delivery.apply(command, &caller(role), after(secs), &NoArchive).unwrap();
                delivery.notice(&outcome, LIMITS, after(secs));
            }
            Step::Nothing => drop(delivery.notice_time(LIMITS, after(secs))),
        }
    }
    let notices = delivery.live.noticed.pending();
    assert!(notices.windows(2).all(|two| two[0].seq < two[1].seq), "{notices:?}");
    notices.iter().map(|notice| (notice.kind, notice.at.since(after(0)) / 1000)).collect()
}

fn fresh(extra: serde_json::Value) -> Delivery {
    let mut delivery = started(extra);
    delivery.notice(&Outcome::default(), LIMITS, after(0));
    delivery
}

fn by_driver(command: Command) -> Step {
    Step::By(Role::Driver, command)
}

/// At 11 m/s from the pickup at 5.60 to the dropoff at 5.65, a fix every 10 s.
fn way(from: i64, count: i64) -> impl Iterator<Item = (i64, Step)> {
    (0..count).map(move |n| (from + n * 10, by_driver(fixes(&[(from + n * 10, 5.60 + 0.001 * n as f64)]))))
}

#[test]
fn a_whole_delivery_is_told_in_its_order_each_thing_once() {
    let mut delivery = fresh(json!({}));
    let mut steps = vec![(30, by_driver(Command::Accept)), (60, by_driver(status(Status::PickedUp)))];
    steps.extend(way(70, 51));
    steps.extend((0..6).map(|n| (580 + n * 5, by_driver(fixes(&[(580 + n * 5, 5.65)])))));
    steps.push((620, by_driver(status(Status::Delivered))));
    let told: Vec<Kind> = told(&mut delivery, steps).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(
        told.into_iter().filter(|kind| *kind != Kind::EtaChanged).collect::<Vec<_>>(),
        [
            Kind::Created,
            Kind::Assigned,
            Kind::Accepted,
            Kind::PickedUp,
            Kind::Departed,
            Kind::Approaching,
            Kind::Arrived,
            // Told with what was skipped on the way to it.
            Kind::InTransit,
            Kind::Delivered,
        ]
    );
}

#[test]
fn what_no_status_says_stands_in_the_timeline_too() {
    let mut delivery = fresh(json!({"window": {"to": after(100).secs()}}));
    let mut steps = vec![(60, by_driver(status(Status::PickedUp)))];
    steps.extend(way(70, 51));
    steps.extend((0..6).map(|n| (580 + n * 5, by_driver(fixes(&[(580 + n * 5, 5.65)])))));
    steps.push((5_000, Step::Nothing));
    told(&mut delivery, steps);
    let entries: Vec<_> =
        delivery.live.acts.acts.iter().map(|act| (act.kind, act.about.join(" "), act.after)).collect();
    let expected = [
        (EntryKind::Delayed, "", 2),
        (EntryKind::Departed, "pickup", 2),
        (EntryKind::Approaching, "dropoff", 2),
        (EntryKind::Arrived, "dropoff", 2),
        (EntryKind::Stale, "", 2),
    ];
    assert_eq!(entries, expected.map(|(kind, about, after)| (kind, about.to_owned(), after)));
}

#[test]
fn of_what_was_before_it_was_noted_nobody_is_told() {
    let mut delivery = fresh(json!({}));
    told(&mut delivery, [(60, by_driver(Command::Accept)), (90, by_driver(status(Status::PickedUp)))]);
    let mut stored = serde_json::to_value(delivery.live.store()).unwrap();
    stored.as_object_mut().unwrap().remove("noticed").unwrap();
    let stored: StoredLive = crate::own_json::of(&stored).unwrap();
    let mut delivery = Delivery::load(delivery.facts.clone(), stored, Guidance::default()).unwrap();
    let steps = [(120, by_driver(status(Status::InTransit)))];
    assert_eq!(told(&mut delivery, steps), [(Kind::InTransit, 120)]);
}

#[test]
fn who_has_it_is_told_as_it_changes() {
    let mut delivery = fresh(json!({"driver_id": null}));
    let assign = |to: &str| Command::Assign { driver_id: to.into(), driver_alias: "A".into() };
    let steps = vec![
        (10, Step::By(Role::Dispatcher, assign("d"))),
        (20, by_driver(Command::Decline { reason: None })),
        (30, Step::By(Role::Dispatcher, assign("e"))),
        (40, Step::By(Role::Dispatcher, Command::Unassign)),
        (50, Step::By(Role::Dispatcher, status(Status::Cancelled))),
    ];
    let expected = [
        (Kind::Created, 0),
        (Kind::Assigned, 10),
        (Kind::Declined, 20),
        (Kind::Assigned, 30),
        (Kind::Declined, 40),
        (Kind::Cancelled, 50),
    ];
    assert_eq!(told(&mut delivery, steps), expected);
}

/// What the order's system hears, and what of it people may hear, too.
fn statuses(delivery: &Delivery) -> Vec<(Status, bool)> {
    let news = |notice| News::of(delivery, notice, after(1_000), false);
    let told = |news: News| news.status.map(|status| (status, news.is_for_outside));
    delivery.live.noticed.pending().iter().map(news).filter_map(told).collect()
}

#[test]
fn another_driver_for_who_is_on_the_way_is_no_step_back() {
    let mut delivery = fresh(json!({"driver_id": null}));
    let assign = |to: &str| Command::Assign { driver_id: to.into(), driver_alias: "A".into() };
    let steps = vec![
        (10, Step::By(Role::Dispatcher, assign("d"))),
        (20, by_driver(status(Status::PickedUp))),
        (30, by_driver(status(Status::InTransit))),
        (40, Step::By(Role::Dispatcher, assign("e"))),
    ];
    assert_eq!(told(&mut delivery, steps).last(), Some(&(Kind::Assigned, 40)));
    let expected = [Status::Created, Status::Assigned, Status::PickedUp, Status::InTransit];
    assert_eq!(statuses(&delivery), expected.map(|status| (status, true)));
}

#[test]
fn a_status_that_was_skipped_is_for_systems_alone() {
    let mut delivery = fresh(json!({"driver_id": null}));
    told(&mut delivery, [(10, Step::By(Role::Dispatcher, status(Status::Delivered)))]);
    let expected = [
        (Status::Created, true),
        (Status::Assigned, false),
        (Status::PickedUp, false),
        (Status::InTransit, false),
        (Status::Delivered, true),
    ];
    assert_eq!(statuses(&delivery), expected);
}

#[test]
fn silence_is_told_once_until_a_position_ends_it() {
    let mut delivery = fresh(json!({}));
    let mut steps = vec![(0, by_driver(status(Status::InTransit)))];
    steps.extend(way(10, 3));
    steps.extend([(629, Step::Nothing), (630, Step::Nothing), (900, Step::Nothing)]);
    steps.push((1_000, by_driver(fixes(&[(1_000, 5.61)]))));
    steps.extend([(1_599, Step::Nothing), (1_600, Step::Nothing)]);
    let silence: Vec<_> = told(&mut delivery, steps)
        .into_iter()
        .filter(|(kind, _)| matches!(kind, Kind::Stale | Kind::Resumed))
        .collect();
    assert_eq!(silence, [(Kind::Stale, 630), (Kind::Resumed, 1_000), (Kind::Stale, 1_600)]);
}

#[test]
fn a_phone_that_catches_up_has_not_resumed_until_its_positions_are_new() {
    let mut delivery = fresh(json!({}));
    let mut steps = vec![(0, by_driver(status(Status::InTransit)))];
    steps.extend(way(10, 3));
    steps.push((2_000, Step::Nothing));
    for n in 0..10 {
        steps.push((2_000 + n, by_driver(fixes(&[(100 + n * 200, 5.602 + 0.001 * n as f64)]))));
        steps.push((2_000 + n, Step::Nothing));
    }
    let silence: Vec<_> = told(&mut delivery, steps)
        .into_iter()
        .filter(|(kind, _)| matches!(kind, Kind::Stale | Kind::Resumed))
        .collect();
    assert_eq!(silence, [(Kind::Stale, 2_000), (Kind::Resumed, 2_007)]);
}

#[test]
fn it_is_late_once_by_the_clock_or_by_the_eta() {
    let late = |steps: Vec<(i64, Step)>, to: i64| {
        let mut delivery = fresh(json!({"window": {"to": after(to).secs()}}));
        let looks = delivery.next_look(LIMITS);
        assert_eq!(looks, Some(after(to + 300)));
        let told = told(&mut delivery, steps);
        told.into_iter().filter(|(kind, _)| *kind == Kind::Delayed).map(|(_, at)| at).collect::<Vec<_>>()
    };
    let nobody_comes = vec![(1_199, Step::Nothing), (1_200, Step::Nothing), (2_000, Step::Nothing)];
    assert_eq!(late(nobody_comes, 900), [1_200]);
    // 5.5 km in what is left of two minutes: it will be late long before it is.
    let mut hopeless = vec![(0, by_driver(status(Status::InTransit)))];
    hopeless.extend((1..4).map(|n| (n * 10, by_driver(fixes(&[(n * 10, 5.60)])))));
    hopeless.push((700, Step::Nothing));
    assert_eq!(late(hopeless, 30).len(), 1);
    let in_time = vec![(600, Step::By(Role::Dispatcher, status(Status::Delivered))), (5_000, Step::Nothing)];
    assert!(late(in_time, 900).is_empty());
}

#[test]
fn an_eta_that_has_moved_far_is_told_and_measured_from_there() {
    let mut delivery = fresh(json!({}));
    let mut steps = vec![(0, by_driver(status(Status::InTransit)))];
    steps.extend(way(10, 10));
    let mut count = |steps| {
        let told = told(&mut delivery, steps);
        told.into_iter().filter(|(kind, _)| *kind == Kind::EtaChanged).count()
    };
    assert_eq!(count(steps), 0);
    // Half an hour later it has come no further.
    let stood = (0..10).map(|n| (1_900 + n * 10, by_driver(fixes(&[(1_900 + n * 10, 5.609)])))).collect();
    let moved = count(stood);
    assert!((1..=3).contains(&moved), "{moved}");
}

#[test]
fn an_eta_that_only_the_clock_moves_is_not_told() {
    let mut delivery = fresh(json!({}));
    let mut steps = vec![(0, by_driver(status(Status::InTransit)))];
    // Each position comes a minute later than the one before, and was measured 10 s after it.
    for n in 0..60 {
        steps.push((20 + n * 60, by_driver(fixes(&[(20 + n * 10, 5.60 + 0.000_8 * n as f64)]))));
    }
    let told = told(&mut delivery, steps);
    assert!(told.iter().all(|(kind, _)| *kind != Kind::EtaChanged), "{told:?}");
}

#[test]
fn late_fixes_tell_nothing() {
    let mut delivery = fresh(json!({}));
    let mut steps = vec![(0, by_driver(status(Status::InTransit)))];
    steps.extend(way(10, 20));
    let before = told(&mut delivery, steps);
    let late = (0..10).map(|n| (250, by_driver(fixes(&[(15 + n * 10, 5.65)])))).collect::<Vec<_>>();
    assert_eq!(told(&mut delivery, late), before);
}

#[test]
fn what_the_queue_has_does_not_wait_and_nothing_is_told_anew_after_a_wake() {
    let mut delivery = fresh(json!({}));
    let last = delivery.live.noticed.pending().last().unwrap().seq;
    let text = serde_json::to_vec(&delivery.live.store()).unwrap();
    let stored: StoredLive = crate::own_json::read(&text).unwrap();
    assert_eq!(stored, delivery.live.store());
    delivery.live.noticed.sent(last);
    assert_eq!(told(&mut delivery, [(10, Step::Nothing)]), []);
    delivery.notice(&Outcome::default(), LIMITS, after(20));
    assert_eq!(delivery.live.noticed.pending(), []);
}

proptest! {
    /// However long the queue is away, what waits is bounded, and statuses are what stays.
    #[test]
    fn what_waits_is_bounded(silences in 1..80_i64) {
        let mut delivery = fresh(json!({}));
        let mut steps = vec![(0, by_driver(status(Status::InTransit)))];
        for n in 0..silences {
            steps.push((10 + n * 700, by_driver(fixes(&[(10 + n * 700, 5.60 + 0.0001 * n as f64)]))));
            steps.push((620 + n * 700, Step::Nothing));
        }
        let told = told(&mut delivery, steps);
        prop_assert!(told.len() <= PENDING_MAX);
        for kind in [Kind::Created, Kind::Assigned, Kind::PickedUp, Kind::InTransit] {
            prop_assert!(told.iter().any(|(told, _)| *told == kind));
        }
    }
}
