//! What the ETA of a delivery rests on: the learned model, the way as a routing engine or the operator has
//! it, and how far along it the driver is.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::delivery::{Delivery, Event, Outcome};
use crate::eta::{self, Corridor, Estimate, Model, Situation, shown};
use crate::filter::Verdict;
use crate::fix::Position;
use crate::route::{Along, Route};
use crate::routing::{Asked, Began, Plan};
use crate::status::Status;
use crate::track::Recorded;

/// What was learned or asked: it rarely changes, and is stored apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Guidance {
    /// The deployment's own, without its pace field; the built-in one where there is none.
    #[serde(default)]
    pub model: Option<Model>,
    /// What the pace field says of the way.
    #[serde(default)]
    pub corridor: Corridor,
    /// The way that the routing engine sees.
    #[serde(default)]
    pub plan: Option<Plan>,
}

/// How the route is followed: it changes with each position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Following {
    #[serde(default)]
    pub along: Along,
    #[serde(default)]
    began: Option<Began>,
    #[serde(default)]
    asked: Asked,
}

impl Guidance {
    /// What a new delivery takes of the deployment's model.
    pub fn of(
        model: Option<&Model>,
        from: Option<Position>,
        to: Position,
        mode: crate::wire::start::Mode,
    ) -> Self {
        let Some(model) = model else { return Self::default() };
        let corridor = from.map_or_else(Corridor::default, |from| model.corridor(from, to, mode));
        Self { model: Some(model.without_field()), corridor, plan: None }
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Delivery {
    /// The way that the routing engine is to be asked for at the wall's `now`, at least `pause` ms after the last.
    pub fn way_to_ask(&self, now: Millis, pause: i64) -> Option<(Position, Position)> {
        let Following { along, asked, .. } = &self.live.following;
        if self.status().is_final() || !asked.may_ask(now, pause) {
            return None;
        }
        let under_way = self.status().is_under_way();
        let here = self.position().filter(|_| under_way);
        let from = here.or_else(|| self.facts.pickup.as_ref().map(|pickup| pickup.position()))?;
        let is_lost = under_way && along.is_off;
        (is_lost || self.route.is_none()).then(|| (from, self.facts.dropoff.position()))
    }

    /// Notes that the routing engine is asked.
    pub fn note_asked(&mut self, now: Millis) {
        self.live.following.asked.note(now);
    }

    /// Takes what the routing engine answered; `None` where that was of no use.
    pub fn take_plan(&mut self, plan: Option<Plan>, now: Millis) -> Outcome {
        self.live.following.asked.ended(plan.is_some());
        let mut outcome = Outcome::default();
        let Some(plan) = plan.filter(|_| !self.status().is_final()) else { return outcome };
        self.route = Route::decode(&plan.polyline);
        self.guidance.plan = Some(plan);
        self.follow_anew();
        self.refresh_eta();
        self.publish_eta(now, false);
        if self.live.eta.is_some() {
            outcome.events.push(Event::Estimated { seq: self.next_seq() });
        }
        self.live.revision += 1;
        (outcome.changed, outcome.guided) = (true, true);
        outcome.hidden = self.note_shown(None, now);
        outcome
    }

    /// The encoded route that is followed: the engine's, or the operator's.
    pub fn route_text(&self) -> Option<&str> {
        let planned = self.guidance.plan.as_ref().map(|plan| plan.polyline.as_str());
        planned.or(self.facts.route.as_deref())
    }

    /// Whether the driver has left the route.
    pub fn is_off_route(&self) -> bool {
        self.status().is_under_way() && self.live.following.along.is_off
    }

    /// Metres left to the dropoff: along the route where one is followed, by the great circle otherwise.
    pub fn remaining_metres(&self) -> Option<f64> {
        let position = self.position()?;
        let ahead = &self.live.driven.ahead;
        if let Some(left) = self.route_left().filter(|_| ahead.is_empty()) {
            return Some(left);
        }
        let places = ahead.iter().copied().chain(std::iter::once(self.facts.dropoff.position()));
        Some(places.scan(position, |from, to| Some(std::mem::replace(from, to).metres_to(to))).sum())
    }

    /// The part of the way that is behind, from 0 to 1.
    pub fn progress(&self) -> Option<f64> {
        let left = self.remaining_metres()?;
        let whole = match (&self.route, self.route_left(), self.live.following.began) {
            (Some(route), Some(_), Some(began)) => route.length() - began.metres,
            _ => self.live.journey.origin_metres()?,
        };
        (whole >= 1.0).then(|| (1.0 - left / whole).clamp(0.0, 1.0))
    }

    /// Metres left along the route, and from its end to the dropoff; `None` where none is followed.
    fn route_left(&self) -> Option<f64> {
        let Following { along, began, .. } = &self.live.following;
        let route = self.route.as_ref().filter(|_| began.is_some() && !along.is_off)?;
        let end = route.end().map_or(0.0, |end| end.metres_to(self.facts.dropoff.position()));
        Some(route.left(along) + end)
    }

    /// Computes the ETA anew from the live position.
    pub(super) fn refresh_eta(&mut self) {
        let before = self.live.eta.take();
        if !self.status().is_under_way() {
            return;
        }
        let Some((time, position)) = self.live.recent.live().map(|fix| fix.time).zip(self.position()) else {
            return;
        };
        self.follow(time, position);
        let metres = position.metres_to(self.facts.dropoff.position());
        self.live.journey.observe(time, position, metres);
        self.live.measured.observe(time, position, self.facts.dropoff.position());
        let fresh = self.estimate(time, position);
        self.live.eta = Some(shown::settled(before.as_ref(), fresh, time));
    }

    /// What came late, or in a batch, may hold the first position: the way began there.
    pub(super) fn begin_earlier(&mut self) {
        let Some(picked_up) = self.reached(Status::PickedUp) else { return };
        let under_way = |known: &&Recorded| known.verdict == Verdict::Accepted && known.fix.time >= picked_up;
        if let Some(first) = self.live.recent.window().iter().find(under_way) {
            let metres = first.place().metres_to(self.facts.dropoff.position());
            self.live.journey.began_before(first.fix.time, metres);
        }
    }

    /// Takes note of the ETA that goes out now.
    pub(super) fn publish_eta(&mut self, now: Millis, always: bool) {
        if let Some(estimate) = &self.live.eta {
            self.live.published.note(estimate, now, always);
        }
    }

    /// Forgets how far along the route the driver before was.
    pub(super) fn follow_anew(&mut self) {
        (self.live.following.along, self.live.following.began) = (Along::default(), None);
    }

    fn follow(&mut self, at: Millis, position: Position) {
        let Some(route) = &self.route else { return };
        let following = &mut self.live.following;
        following.along = route.advance(&following.along, position);
        if !following.along.is_off {
            following.began.get_or_insert(Began { at, metres: following.along.metres });
        }
    }

    fn estimate(&self, now: Millis, here: Position) -> Estimate {
        let Guidance { model, corridor, plan } = &self.guidance;
        let model = model.as_ref().unwrap_or_else(|| Model::built_in());
        let Following { along, began, .. } = &self.live.following;
        // A route leads straight to the dropoff.
        let way = self.route_left().filter(|_| self.live.driven.ahead.is_empty());
        let situation = Situation {
            mode: self.facts.mode,
            now,
            here,
            destination: self.facts.dropoff.position(),
            way,
            ahead: &self.live.driven.ahead,
            journey: &self.live.journey,
            corridor,
        };
        match (plan, &self.route, began, way) {
            (Some(plan), Some(route), Some(began), Some(_)) => {
                eta::by_plan(model, &situation, plan.left(route, along, *began, now))
            }
            _ => eta::estimate(model, &situation),
        }
    }

    /// Where the driver is shown.
    fn position(&self) -> Option<Position> {
        self.live.recent.live_position()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::delivery::tests::{after, driver, fixes, started, status};
    use crate::track::polyline;
    use crate::visibility::{self, Audience};
    use crate::wire::frames::ServerFrame;
    use crate::wire::snapshot::EtaSource;

    /// From the pickup a kilometre east, six to the north, and back west to the dropoff.
    fn roundabout() -> String {
        let corners = [(5.60, -0.20), (5.60, -0.191), (5.65, -0.191), (5.65, -0.20)];
        polyline(corners.map(|(lat, lng)| Position::from_degrees(lat, lng).unwrap()))
    }

    fn plan(seconds: f64) -> Plan {
        Plan { polyline: roundabout(), seconds }
    }

    fn under_way(extra: serde_json::Value) -> Delivery {
        let mut delivery = started(extra);
        driver(&mut delivery, status(Status::PickedUp), 0).unwrap();
        driver(&mut delivery, fixes(&[(1, 5.60)]), 1).unwrap();
        delivery
    }

    fn source(delivery: &Delivery) -> Option<EtaSource> {
        delivery.live.eta.map(|eta| eta.source)
    }

    #[test]
    fn the_operators_route_is_the_way_left() {
        let delivery = under_way(json!({"route": roundabout()}));
        let left = delivery.remaining_metres().unwrap();
        assert!((left - 7_550.0).abs() < 30.0, "{left}");
        assert_eq!((source(&delivery), delivery.progress()), (Some(EtaSource::Route), Some(0.0)));
        let arrival = |delivery: &Delivery| delivery.live.eta.map(|eta| eta.at);
        assert!(arrival(&delivery) > arrival(&under_way(json!({}))));
    }

    #[test]
    fn progress_begins_at_the_first_position_also_where_that_comes_late() {
        let whole = [(1, 5.60), (20, 5.602), (40, 5.604), (60, 5.606)];
        let progress = |order: [usize; 4]| {
            let mut delivery = started(json!({}));
            driver(&mut delivery, status(Status::PickedUp), 0).unwrap();
            for n in order {
                driver(&mut delivery, fixes(&[whole[n]]), 60).unwrap();
            }
            delivery.progress().unwrap()
        };
        let in_order = progress([0, 1, 2, 3]);
        assert!(in_order > 0.1, "{in_order}");
        for order in [[1, 0, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1]] {
            assert_eq!(progress(order), in_order, "{order:?}");
        }
        let mut batch = started(json!({}));
        driver(&mut batch, status(Status::PickedUp), 0).unwrap();
        driver(&mut batch, fixes(&whole), 60).unwrap();
        assert_eq!(batch.progress(), Some(in_order));
    }

    #[test]
    fn the_engine_is_asked_at_the_start_and_off_the_route() {
        let mut delivery = started(json!({}));
        let pickup = Position::from_degrees(5.60, -0.20).unwrap();
        let dropoff = Position::from_degrees(5.65, -0.20).unwrap();
        assert_eq!(delivery.way_to_ask(after(0), 60_000), Some((pickup, dropoff)));
        delivery.note_asked(after(0));
        assert_eq!(delivery.way_to_ask(after(30), 60_000), None, "not twice in a minute");
        let outcome = delivery.take_plan(Some(plan(600.0)), after(1));
        assert!(outcome.guided && outcome.changed && outcome.events.is_empty());
        assert_eq!(delivery.way_to_ask(after(300), 60_000), None, "it has a plan");
        driver(&mut delivery, status(Status::PickedUp), 300).unwrap();
        driver(&mut delivery, fixes(&[(300, 5.60)]), 300).unwrap();
        assert_eq!(source(&delivery), Some(EtaSource::Route));
        // Straight to the north, a kilometre beside the route.
        for n in 1..10 {
            driver(&mut delivery, fixes(&[(300 + n * 60, 5.60 + 0.004 * n as f64)]), 300 + n * 60).unwrap();
        }
        assert!(delivery.is_off_route());
        assert_eq!(source(&delivery), Some(EtaSource::History));
        let here = delivery.position().unwrap();
        assert_eq!(delivery.way_to_ask(after(900), 60_000), Some((here, dropoff)));
        driver(&mut delivery, status(Status::Delivered), 901).unwrap();
        assert_eq!(delivery.way_to_ask(after(2_000), 60_000), None);
    }

    #[test]
    fn a_new_plan_is_told_to_those_who_see_the_eta() {
        let mut delivery = under_way(json!({}));
        assert_eq!(source(&delivery), Some(EtaSource::History));
        let outcome = delivery.take_plan(Some(plan(1_200.0)), after(2));
        let [event] = &outcome.events[..] else { panic!("{outcome:?}") };
        let Some(ServerFrame::EtaUpdate { data }) =
            visibility::frame(&delivery, event, Audience::Public, after(2))
        else {
            panic!("no frame")
        };
        assert_eq!((data.eta.eta_source, data.eta.eta_seconds), (Some(EtaSource::Route), Some(1_199)));
        assert_eq!((data.seq, data.progress.remaining_m), (delivery.live.seq, Some(7_552)));
    }

    #[test]
    fn an_engine_that_fails_leaves_everything_as_it_was() {
        let mut delivery = under_way(json!({}));
        let before = delivery.clone();
        delivery.note_asked(after(2));
        let outcome = delivery.take_plan(None, after(5));
        assert_eq!((outcome.changed, outcome.events.len()), (false, 0));
        assert_eq!((delivery.live.eta, delivery.live.seq), (before.live.eta, before.live.seq));
        assert_eq!(delivery.way_to_ask(after(70), 60_000), None, "a failure doubles the pause");
        assert!(delivery.way_to_ask(after(123), 60_000).is_some());
    }
}
