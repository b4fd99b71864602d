//! Which places the driver passes: the fences around the pickup and the dropoff.

use crate::clock::Millis;
use crate::delivery::{Delivery, Event, GeofenceEvent, Outcome, Reached, StatusEvent};
use crate::fix::Position;
use crate::geofence::{Crossing, FencedPlace, Passing, Sighting};
use crate::status::Status;

impl Delivery {
    /// Takes the newest positions, the last one with the ETA that was computed from it. What comes late passes nothing.
    pub(super) fn pass_places(&mut self, path: &[(Millis, Position)], outcome: &mut Outcome) {
        for (n, (at, here)) in path.iter().enumerate() {
            let eta = self.live.eta.filter(|_| n + 1 == path.len()).map(|eta| eta.at.since(*at));
            match self.status() {
                Status::Assigned => self.pass_pickup_before(*at, *here, outcome),
                // Where it was before the goods were on board is past.
                Status::PickedUp | Status::InTransit if self.reached(Status::PickedUp) <= Some(*at) => {
                    self.leave_pickup(*at, *here, outcome);
                    self.pass_dropoff(*at, *here, eta, outcome);
                }
                _ => {}
            }
        }
    }

    /// Another driver has been nowhere yet; what was told of the goods is not told again.
    pub(super) fn pass_anew(&mut self) {
        if !self.status().is_under_way() {
            self.live.passing = Passing::default();
        }
    }

    fn pass_pickup_before(&mut self, at: Millis, here: Position, outcome: &mut Outcome) {
        let Some(pickup) = &self.facts.pickup else { return };
        let seen = Sighting { at, metres: here.metres_to(pickup.position()), eta: None };
        let (fences, fence) = (self.facts.fences, &mut self.live.passing.pickup);
        let approaching = fence.approach(&fences, seen);
        let arrived = fence.arrive(&fences, seen);
        self.cross(approaching, Crossing::Approaching, FencedPlace::Pickup, at, outcome);
        self.cross(arrived, Crossing::Arrived, FencedPlace::Pickup, at, outcome);
    }

    fn leave_pickup(&mut self, at: Millis, here: Position, outcome: &mut Outcome) {
        let Some(pickup) = &self.facts.pickup else { return };
        let seen = Sighting { at, metres: here.metres_to(pickup.position()), eta: None };
        let departed = self.live.passing.pickup.depart(&self.facts.fences, seen);
        self.cross(departed, Crossing::Departed, FencedPlace::Pickup, at, outcome);
        if departed && self.facts.fences.departed_is_in_transit && self.status() == Status::PickedUp {
            let before = self.live.timeline.last().map_or(at, |reached| reached.at);
            let at = at.max(before);
            self.live.timeline.push(Reached::new(Status::InTransit, at));
            let seq = self.next_seq();
            let event = StatusEvent { seq, status: Status::InTransit, at, note: None, whole: false };
            outcome.events.push(Event::Status(event));
        }
    }

    fn pass_dropoff(&mut self, at: Millis, here: Position, eta: Option<i64>, outcome: &mut Outcome) {
        let seen = Sighting { at, metres: here.metres_to(self.facts.dropoff.position()), eta };
        let (fences, fence) = (self.facts.fences, &mut self.live.passing.dropoff);
        // Who has other stops before passes by.
        let is_next = self.live.stops_before == 0;
        let approaching = is_next && fence.approach(&fences, seen);
        let arrived = fence.arrive(&fences, seen);
        self.cross(approaching, Crossing::Approaching, FencedPlace::Dropoff, at, outcome);
        self.cross(arrived, Crossing::Arrived, FencedPlace::Dropoff, at, outcome);
    }

    fn cross(
        &mut self,
        crossed: bool,
        crossing: Crossing,
        place: FencedPlace,
        at: Millis,
        outcome: &mut Outcome,
    ) {
        if crossed {
            let event = GeofenceEvent { seq: self.next_seq(), crossing, place, at };
            outcome.events.push(Event::Geofence(event));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::delivery::tests::{after, driver, fixes, started, status};
    use crate::visibility::{self, Audience};
    use crate::wire::frames::ServerFrame;

    /// The pickup is at 5.60, the dropoff at 5.65: a thousandth is 111 m.
    fn drive(delivery: &mut Delivery, way: impl IntoIterator<Item = (i64, f64)>) -> Vec<Event> {
        let report = |(secs, lat)| driver(delivery, fixes(&[(secs, lat)]), secs).unwrap().events;
        way.into_iter().flat_map(report).collect()
    }

    fn crossings(events: &[Event]) -> Vec<(Crossing, FencedPlace)> {
        let crossing = |event: &Event| match event {
            Event::Geofence(event) => Some((event.crossing, event.place)),
            _ => None,
        };
        events.iter().filter_map(crossing).collect()
    }

    fn stood(from: i64, lat: f64) -> impl Iterator<Item = (i64, f64)> {
        (0..6).map(move |n| (from + n * 5, lat))
    }

    /// From the south to the pickup, and on to the dropoff, at 11 m/s.
    fn whole(delivery: &mut Delivery) -> Vec<Event> {
        let mut events = drive(delivery, (0..15).map(|n| (n * 10, 5.585 + 0.001 * n as f64)));
        events.extend(drive(delivery, stood(150, 5.60)));
        events.extend(driver(delivery, status(Status::PickedUp), 180).unwrap().events);
        events.extend(drive(delivery, (1..50).map(|n| (180 + n * 10, 5.60 + 0.001 * n as f64))));
        events.extend(drive(delivery, stood(680, 5.65)));
        events
    }

    const ALL: [(Crossing, FencedPlace); 5] = [
        (Crossing::Approaching, FencedPlace::Pickup),
        (Crossing::Arrived, FencedPlace::Pickup),
        (Crossing::Departed, FencedPlace::Pickup),
        (Crossing::Approaching, FencedPlace::Dropoff),
        (Crossing::Arrived, FencedPlace::Dropoff),
    ];

    #[test]
    fn a_whole_way_passes_each_place_once() {
        let mut delivery = started(json!({}));
        let events = whole(&mut delivery);
        assert_eq!(crossings(&events), ALL);
        let numbers: Vec<_> = events.iter().map(Event::seq).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert_eq!(delivery.status(), Status::PickedUp, "nobody said that it is in transit");
    }

    #[test]
    fn what_comes_late_passes_nothing() {
        let mut delivery = started(json!({}));
        driver(&mut delivery, status(Status::PickedUp), 1).unwrap();
        assert_eq!(crossings(&drive(&mut delivery, [(100, 5.602)])), [ALL[2]]);
        assert_eq!(crossings(&drive(&mut delivery, [(60, 5.649), (70, 5.65), (90, 5.65)])), []);
    }

    #[test]
    fn the_way_to_the_pickup_told_after_it_passes_nothing() {
        let mut delivery = started(json!({}));
        driver(&mut delivery, status(Status::PickedUp), 100).unwrap();
        let told =
            driver(&mut delivery, fixes(&[(60, 5.597), (75, 5.598), (90, 5.599), (105, 5.6)]), 110).unwrap();
        assert_eq!(crossings(&told.events), []);
        assert_eq!(crossings(&drive(&mut delivery, [(140, 5.603)])), [ALL[2]]);
    }

    #[test]
    fn who_has_other_stops_before_passes_by() {
        let mut delivery = started(json!({}));
        driver(&mut delivery, status(Status::InTransit), 1).unwrap();
        drive(&mut delivery, [(10, 5.64)]);
        delivery.live.passing = Passing::default();
        delivery.live.driven.ahead = vec![Position::from_degrees(5.7, -0.2).unwrap()];
        // As its driver's object says.
        let heading = crate::driver::Heading {
            ordered: true,
            order: Default::default(),
            stops_before: 1,
            ahead: delivery.live.driven.ahead.clone(),
            online: true,
            reason: None,
        };
        delivery.take_heading(heading, after(11));
        let told = crossings(&drive(&mut delivery, (1..9).map(|n| (20 + n * 10, 5.64 + 0.001 * n as f64))));
        assert_eq!(told, [ALL[2]]);
    }

    #[test]
    fn leaving_the_pickup_may_be_in_transit() {
        let mut delivery = started(json!({"geofences": {"departed_is_in_transit": true}}));
        let events = whole(&mut delivery);
        assert_eq!(crossings(&events), ALL);
        let at = delivery.reached(Status::InTransit).unwrap();
        assert!((after(190)..=after(215)).contains(&at), "{at:?}");
        let told = events
            .iter()
            .filter(|event| matches!(event, Event::Status(event) if event.status == Status::InTransit));
        assert_eq!(told.count(), 1);
    }

    #[test]
    fn another_dropoff_is_come_near_to_again() {
        let mut delivery = started(json!({}));
        whole(&mut delivery);
        let by = crate::delivery::tests::caller(crate::auth::Role::Dispatcher);
        let body = json!({"dropoff": {"lat": 5.66, "lng": -0.2}});
        let command = crate::delivery::Change::Correct.command(&body, &str::to_owned).unwrap();
        delivery.apply(command, &by, after(720), &crate::recent::NoArchive).unwrap();
        let told = crossings(&drive(&mut delivery, (1..9).map(|n| (720 + n * 10, 5.65 + 0.001 * n as f64))));
        assert_eq!(told, [ALL[3]]);
    }

    #[test]
    fn those_outside_hear_of_what_they_see() {
        type Case<'a> = (Value, Audience, &'a [(Crossing, FencedPlace)]);
        let cases: [Case<'_>; 6] = [
            (json!({}), Audience::Operator, &ALL),
            (json!({}), Audience::Store, &ALL),
            (json!({}), Audience::Driver, &ALL),
            (json!({}), Audience::Customer, &ALL[2..]),
            (json!({}), Audience::Public, &ALL[2..]),
            (json!({"visibility_rules": {"location": "never"}}), Audience::Customer, &[]),
        ];
        for (extra, audience, expected) in cases {
            let mut delivery = started(extra.clone());
            let events = whole(&mut delivery);
            let seen: Vec<_> = events
                .iter()
                .filter_map(|event| visibility::frame(&delivery, event, audience, after(710)))
                .filter_map(|frame| match frame {
                    ServerFrame::Geofence { data } => Some((data.event, data.place)),
                    _ => None,
                })
                .collect();
            assert_eq!(seen, expected, "{extra} {audience:?}");
        }
    }
}
