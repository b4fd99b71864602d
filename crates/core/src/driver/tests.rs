use proptest::prelude::*;
use serde_json::json;

use super::mailbox::LETTERS_MAX;
use super::presence::{CONTACT_SPAN, GRACE};
use super::schedule::Task;
use super::*;
use crate::auth::{Caller, Role};

fn news(id: &str, seq: u64, driver: Option<&str>, status: Status) -> News {
    News {
        tracking_id: id.into(),
        seq,
        order_id: format!("O-{id}"),
        driver_id: driver.map(Into::into),
        store_id: Some("s1".into()),
        status,
        at: Millis(seq as i64),
        pickup: None,
        dropoff: serde_json::from_value(json!({"lat": 5.6 + seq as f64 / 1e3, "lng": -0.2})).unwrap(),
    }
}

fn with_stops(ids: &[&str]) -> Driver {
    let mut driver = Driver::new("d1".into());
    for id in ids {
        assert_eq!(driver.hear(&news(id, 1, Some("d1"), Status::Assigned)), Ok(Heard::Assigned));
    }
    driver
}

fn by(role: Role, store: Option<&str>) -> Caller {
    Caller { subject: "desk".into(), role, store_id: store.map(Into::into), expires: Millis(i64::MAX) }
}

fn order(driver: &Driver) -> Vec<&str> {
    driver.stops.iter().map(|stop| stop.tracking_id.as_str()).collect()
}

#[test]
fn a_delivery_comes_changes_and_goes() {
    let mut driver = with_stops(&["a"]);
    let hear = |driver: &mut Driver, seq, whom, status| driver.hear(&news("a", seq, whom, status)).unwrap();
    assert_eq!(hear(&mut driver, 1, Some("d1"), Status::Assigned), Heard::Old, "told again");
    assert_eq!(hear(&mut driver, 3, Some("d1"), Status::PickedUp), Heard::Changed);
    assert_eq!(hear(&mut driver, 2, Some("d1"), Status::Assigned), Heard::Old, "overtaken");
    assert_eq!(hear(&mut driver, 4, Some("d2"), Status::PickedUp), Heard::Unassigned);
    assert_eq!(hear(&mut driver, 3, Some("d1"), Status::PickedUp), Heard::Old, "it has left");
    assert_eq!(order(&driver), Vec::<&str>::new());
    assert_eq!(driver.mailbox.waiting().len(), 1, "the newest of each delivery");
    assert_eq!(hear(&mut driver, 5, Some("d1"), Status::PickedUp), Heard::Assigned);
    assert_eq!(hear(&mut driver, 6, Some("d1"), Status::Delivered), Heard::Changed);
    assert_eq!(hear(&mut driver, 6, Some("d1"), Status::Delivered), Heard::Old);
    assert!(driver.stops.is_empty() && driver.mailbox.waiting().is_empty(), "it has ended");
}

#[test]
fn what_comes_late_is_also_for_those_that_have_ended_since() {
    let mut driver = with_stops(&["a", "b", "c", "d"]);
    for (id, at, status) in [("a", 10, Status::Delivered), ("b", 20, Status::Failed)] {
        driver.hear(&news(id, at, Some("d1"), status)).unwrap();
    }
    driver.hear(&news("c", 30, Some("d2"), Status::Assigned)).unwrap();
    let ended_since = |oldest: Option<i64>| driver.ended_since(oldest.map(Millis)).collect::<Vec<_>>();
    assert_eq!(ended_since(Some(5)), ["a", "b"]);
    assert_eq!(ended_since(Some(20)), ["b"]);
    assert_eq!([ended_since(Some(21)), ended_since(None)], [Vec::<String>::new(), Vec::new()]);

    let many: Vec<_> = (0..2 * ENDED_MAX).map(|n| format!("x{n}")).collect();
    let mut driver = with_stops(&many.iter().map(String::as_str).collect::<Vec<_>>());
    for id in &many {
        driver.hear(&news(id, 9, Some("d1"), Status::Delivered)).unwrap();
    }
    assert_eq!(driver.ended_since(Some(Millis(1))).collect::<Vec<_>>(), many[ENDED_MAX..], "bounded");
}

#[test]
fn letters_wait_in_order_until_acknowledged() {
    let mut driver = with_stops(&["a", "b", "c"]);
    let ids: Vec<_> = driver.mailbox.waiting().iter().map(|letter| letter.id).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert!(driver.mailbox.acknowledge(2));
    assert!(!driver.mailbox.acknowledge(2));
    assert_eq!(driver.mailbox.waiting().len(), 2);
    for n in 0..2 * LETTERS_MAX {
        driver.mailbox.put(&format!("x{n}"), true);
    }
    assert_eq!(driver.mailbox.waiting().len(), LETTERS_MAX);
}

#[test]
fn stops_are_ordered_by_name() {
    let mut driver = with_stops(&["a", "b", "c"]);
    driver.order(&["c".into(), "a".into()], &by(Role::Dispatcher, None)).unwrap();
    assert_eq!(order(&driver), ["c", "a", "b"]);
    for (ids, why) in [(vec!["x"], "no delivery"), (vec!["a", "a"], "twice")] {
        let ids: Vec<String> = ids.into_iter().map(Into::into).collect();
        let refused = driver.order(&ids, &by(Role::Dispatcher, None)).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(order(&driver), ["c", "a", "b"], "what was refused has changed nothing");
}

#[test]
fn a_store_orders_its_own_among_the_places_that_they_have() {
    let mut driver = with_stops(&["a", "b", "c", "d"]);
    for stop in driver.stops.iter_mut().filter(|stop| ["b", "d"].contains(&stop.tracking_id.as_str())) {
        stop.store_id = Some("s2".into());
    }
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    for (store, asked) in [(Some("s2"), ["d", "a"]), (Some("s3"), ["a", "c"]), (None, ["a", "c"])] {
        let refused = driver.order(&ids(&asked), &by(Role::Store, store)).unwrap_err().to_string();
        assert!(refused.contains("no delivery"), "{refused}");
    }
    driver.order(&ids(&["d"]), &by(Role::Store, Some("s2"))).unwrap();
    assert_eq!(order(&driver), ["a", "d", "c", "b"]);
    let told: Vec<_> =
        driver.headings().into_iter().map(|(id, heading)| (id, heading.order.is_some())).collect();
    let expected = [("a", false), ("d", true), ("c", false), ("b", true)];
    assert_eq!(told, expected.map(|(id, moved)| (id.to_owned(), moved)));
}

#[test]
fn what_went_to_another_is_remembered_and_what_ended_is_not() {
    let mut driver = with_stops(&["a", "b", "c"]);
    driver.hear(&news("a", 2, Some("d2"), Status::Assigned)).unwrap();
    driver.hear(&news("b", 2, Some("d1"), Status::Delivered)).unwrap();
    driver.forget("c");
    assert_eq!(driver.parted, ["a", "c"]);
}

#[test]
fn each_delivery_is_told_where_it_stands_once() {
    let mut driver = with_stops(&["a", "b"]);
    assert_eq!(driver.headings(), [], "nobody knows in which order");
    driver.presence.contact(Millis(5), false);
    let told: Vec<_> = driver.headings();
    assert_eq!(
        told.iter().map(|(id, h)| (id.as_str(), h.stops_before, h.ahead.len())).collect::<Vec<_>>(),
        [("a", 0, 0), ("b", 1, 1)]
    );
    for (id, heading) in told {
        driver.told(&id, heading);
    }
    assert_eq!(driver.headings(), []);
    driver.order(&["b".into()], &by(Role::Dispatcher, None)).unwrap();
    assert_eq!(driver.headings().len(), 2);
    assert!(driver.headings().iter().all(|(_, heading)| heading.online && heading.ordered));
    let mut unheard = with_stops(&["a", "b"]);
    unheard.order(&["b".into()], &by(Role::Dispatcher, None)).unwrap();
    assert_eq!(unheard.headings().len(), 2, "that the first is ordered is news, too");
}

#[test]
fn nobody_goes_off_duty_with_goods_on_board() {
    let mut driver = with_stops(&["a"]);
    assert_eq!(driver.set_duty(true), Ok(false));
    assert_eq!(driver.set_duty(false), Ok(true));
    driver.set_duty(true).unwrap();
    driver.hear(&news("a", 2, Some("d1"), Status::PickedUp)).unwrap();
    assert!(matches!(driver.set_duty(false), Err(Rejection::Conflict(_))));
    assert!(!driver.off_duty);
}

#[test]
fn the_next_stop_gets_each_position_the_others_one_a_minute() {
    let mut driver = with_stops(&["a", "b"]);
    let mut feed = Feed::default();
    let at = |feed: &mut Feed, driver: &Driver, s: i64| feed.addressees(&driver.stops, Millis(s * 1000));
    assert_eq!(at(&mut feed, &driver, 0), ["a", "b"]);
    assert_eq!(at(&mut feed, &driver, 5), ["a"]);
    assert_eq!(at(&mut feed, &driver, 59), ["a"]);
    assert_eq!(at(&mut feed, &driver, 60), ["a", "b"]);
    driver.order(&["b".into()], &by(Role::Dispatcher, None)).unwrap();
    assert_eq!(at(&mut feed, &driver, 61), ["b", "a"], "a change of stop");
    assert_eq!(at(&mut feed, &driver, 62), ["b"]);
    assert_eq!(at(&mut feed, &Driver::default(), 63), Vec::<String>::new());
}

#[test]
fn the_newest_position_is_by_its_time_but_not_by_a_clock_that_runs_ahead() {
    let at = |s: i64| LastFix::from(&Fix::new(Millis(s * 1000), Position::default()));
    let cases = [
        (None, 10, true),
        (Some(9), 10, true),
        (Some(10), 10, false),
        (Some(11), 10, false),
        (None, 131, false),
    ];
    for (last, time, expected) in cases {
        assert_eq!(at(time).follows(last.map(at).as_ref(), Millis(10_000)), expected, "{last:?} {time}");
    }
}

#[test]
fn which_delivery_is_meant_need_not_be_said_where_there_is_one() {
    assert!(with_stops(&[]).only_stop().is_err());
    assert_eq!(with_stops(&["a"]).only_stop().unwrap().tracking_id, "a");
    assert!(with_stops(&["a", "b"]).only_stop().is_err());
}

#[test]
fn how_often_to_report_depends_on_the_next_stop_and_who_looks() {
    let interest = Interest { watched: true, remaining_m: Some(250.0), eta_s: Some(40) };
    let mut driver = with_stops(&["a"]);
    let seen = |driver: &Driver| {
        let situation = driver.situation(None, interest);
        (situation.phase, situation.distance_m, situation.watched)
    };
    assert_eq!(seen(&driver), (Phase::ToPickup, Some(250.0), true));
    driver.hear(&news("a", 2, Some("d1"), Status::PickedUp)).unwrap();
    assert_eq!(seen(&driver), (Phase::UnderWay, Some(250.0), true));
    driver.hear(&news("a", 3, Some("d1"), Status::Delivered)).unwrap();
    assert_eq!(seen(&driver), (Phase::Idle, None, true), "what was said of the last stop is over");
}

#[test]
fn a_driver_goes_after_a_while_without_a_socket() {
    let mut presence = Presence::default();
    assert!(presence.contact(Millis(0), false));
    assert!(!presence.contact(Millis(1), false));
    assert!(presence.explain(Some(Away::PageHidden)));
    assert!(!presence.explain(Some(Away::PageHidden)));
    assert!(!presence.judge(false, Millis(GRACE)), "it may come back");
    assert!(!presence.judge(true, Millis(GRACE * 99)), "its socket is open");
    assert!(presence.judge(false, Millis(1 + GRACE)));
    assert!(!presence.judge(false, Millis(GRACE * 99)), "it is told once");
    assert_eq!(presence.reason, Some(Away::PageHidden));
    assert!(presence.contact(Millis(0), true));
    assert!(!presence.judge(false, Millis(CONTACT_SPAN)), "a tracker has no socket");
    assert!(presence.judge(false, Millis(1 + CONTACT_SPAN)));
}

#[test]
fn an_emergency_stays_open_until_somebody_has_it() {
    let mut driver = with_stops(&["a"]);
    let call = |id: &str| Emergency {
        id: id.into(),
        at: Millis(5),
        message: None,
        position: None,
        position_at: None,
        tracking_ids: Vec::new(),
        stores: Default::default(),
        acknowledged: None,
        archived: false,
        spread: false,
        heard: Default::default(),
    };
    let raised = driver.raise(call("e1")).unwrap().unwrap();
    assert_eq!(raised.tracking_ids, ["a"]);
    assert_eq!(raised.stores.into_iter().collect::<Vec<_>>(), [("s1".to_owned(), vec!["a".to_owned()])]);
    assert_eq!(driver.raise(call("e1")), Ok(None), "sent again");
    assert_eq!(driver.open_emergencies().count(), 1);
    assert!(driver.acknowledge("e1", "boss", Millis(9)).is_some());
    let later = driver.acknowledge("e1", "other", Millis(10)).unwrap();
    assert_eq!(later.acknowledged.unwrap().by, "boss");
    assert_eq!(driver.acknowledge("e2", "boss", Millis(9)), None);
    let refused: Vec<_> = (0..50).map(|n| driver.raise(call(&format!("x{n}"))).is_err()).collect();
    assert_eq!(refused.iter().filter(|refused| **refused).count(), 31, "none that is open makes room");
    for known in &mut driver.emergencies {
        (known.archived, known.spread) = (true, true);
    }
    assert!(driver.raise(call("y")).is_ok(), "the acknowledged one does");
}

#[test]
fn a_call_is_told_to_each_until_it_has_heard() {
    use super::emergency::Listener::{self, Delivery, Desk, Queue, Store};
    let mut driver = with_stops(&["a"]);
    let row = br#"{"id":"e1","at":5,"tracking_ids":[]}"#;
    let call: Emergency = crate::own_json::read(row).unwrap();
    driver.raise(call).unwrap();
    let unheard = |driver: &Driver| -> Vec<Listener> {
        driver.unspread().iter().flat_map(Emergency::unheard).collect()
    };
    assert_eq!(unheard(&driver), [Desk, Queue, Store("s1".into()), Delivery("a".into())]);
    let told = driver.unspread().remove(0);
    driver.spread(&told, [Desk, Delivery("a".into())]);
    assert_eq!(unheard(&driver), [Queue, Store("s1".into())], "nobody is told twice");
    let kept = serde_json::to_vec(&driver.emergencies[0]).unwrap();
    assert_eq!(crate::own_json::read::<Emergency>(&kept).unwrap(), driver.emergencies[0]);
    driver.spread(&told, [Queue, Store("s1".into())]);
    assert!(driver.unspread().is_empty() && driver.emergencies[0].heard.is_empty());
    // That somebody has it is news to all of them; who heard of the call meanwhile has not heard that.
    driver.acknowledge("e1", "boss", Millis(9));
    driver.spread(&told, [Desk]);
    assert_eq!(unheard(&driver).len(), 4);
    // Of a row from before it was kept who has heard all are told once more, unless all had.
    let row = br#"{"id":"e2","at":5,"tracking_ids":["a"],"spread":true}"#;
    assert!(crate::own_json::read::<Emergency>(row).unwrap().unheard().is_empty());
}

proptest! {
    /// Whatever news come, in whatever order: the newest of each delivery decides.
    #[test]
    fn the_newest_news_decide(seqs in Just((1..12_u64).collect::<Vec<_>>()).prop_shuffle(), last in 1..12_u64) {
        let status = |seq: u64| if seq == last { Status::Delivered } else { Status::PickedUp };
        let whom = |seq: u64| if seq.is_multiple_of(3) { "d2" } else { "d1" };
        let mut driver = Driver::new("d1".into());
        for seq in &seqs {
            driver.hear(&news("a", *seq, Some(whom(*seq)), status(*seq))).unwrap();
        }
        prop_assert_eq!(driver.has("a"), whom(11) == "d1" && last != 11);
    }

    /// What is planned always has an alarm that is soon enough.
    #[test]
    fn what_is_planned_is_armed(steps in proptest::collection::vec((0..5_u8, 0..40_000_i64), 1..60)) {
        let (mut schedule, mut wall, mut alarm) = (Schedule::default(), Millis(0), None::<Millis>);
        for (step, passed) in steps {
            wall = wall.plus(passed);
            if alarm.take_if(|at| *at <= wall).is_some() {
                schedule.fired(wall);
                for task in [Task::Presence, Task::Tell, Task::Spill] {
                    if schedule.begin(task, wall) {
                        if step == 4 { schedule.failed(task, wall, 0.5) } else { schedule.succeeded(task) }
                    }
                }
            }
            match step {
                0 => schedule.plan(Task::Presence, wall.plus(20_000)),
                1 => schedule.plan(Task::Tell, wall),
                2 => schedule.plan(Task::Spill, wall.plus(1_000)),
                _ => {}
            }
            if let Some(at) = schedule.arm(wall) {
                alarm = Some(at);
            }
            let planned = [Task::Presence, Task::Tell, Task::Spill].into_iter().any(|task| schedule.is_planned(task));
            prop_assert!(!planned || alarm.is_some(), "{:?}", schedule);
        }
    }
}
