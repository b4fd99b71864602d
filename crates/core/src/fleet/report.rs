//! What a delivery tells the hubs: ready JSON, and what a hub needs to know of it.
//!
//! The JSON is made once, by the delivery: a hub puts it together with others as it is.

use serde::{Deserialize, Serialize};

use super::filter::Seen;
use crate::clock::Millis;
use crate::counts::{Gauges, Totals};
use crate::delivery::Delivery;
use crate::fix::Position;
use crate::permission::Party;
use crate::status::Status;
use crate::visibility::{self, Audience, LOST_AFTER, STALE_AFTER};
use crate::wire::fleet::{FleetDelivery, FleetLocation, FleetMoving, FleetPlace};
use crate::wire::snapshot::{LocationState, WindowView};
use crate::wire::start::Place;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub tracking_id: String,
    pub version: Version,
    pub facts: Facts,
    pub moving: Moving,
}

/// Of two reports of a delivery the greater is the newer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version {
    /// The delivery's own.
    pub revision: u64,
    /// Wall clock: what changes without a revision.
    pub at: Millis,
}

/// What stays while it moves: durable in a hub at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Members of the object that dashboards get, without its braces.
    pub json: String,
    pub status: Status,
    pub driver_id: Option<String>,
    /// Where it is picked up, or else where it goes.
    pub place: Position,
    /// When it expires. Wall clock.
    pub expires: Millis,
}

/// What changes with each position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moving {
    /// The rest of the members.
    pub json: String,
    pub place: Option<Position>,
    /// When the position was measured; wall clock, as all of these.
    pub fixed: Option<Millis>,
    pub stale_at: Option<Millis>,
    pub lost_at: Option<Millis>,
    /// From when on the driver is not there, should no other report come; `None`: as long as none does.
    #[serde(default)]
    pub online_until: Option<Millis>,
    pub updated: Millis,
    #[serde(default)]
    pub totals: Totals,
    #[serde(default)]
    pub gauges: Gauges,
}

/// What the platform knows of a delivery at the time of a report.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    pub at: Millis,
    /// Wall clock.
    pub expires: Millis,
    /// Whether a socket of the driver is open.
    pub connected: bool,
    pub totals: Totals,
    pub gauges: Gauges,
}

impl Report {
    /// As the hub of this party sees it.
    pub fn of(delivery: &Delivery, party: Party, now: Circumstances) -> Self {
        let (facts, clock) = (&delivery.facts, delivery.facts.clock);
        let here = clock.now(now.at);
        let whole = view(delivery, party.into(), here, now.connected);
        let online_until = delivery.driver_online_until(now.connected, here);
        let fixed = delivery.live.recent.live().map(|fix| fix.time);
        let after = |span| fixed.map(|fixed| clock.wall(fixed.plus(span)));
        let (json, moving) = members(&whole);
        Self {
            tracking_id: facts.tracking_id.as_str().to_owned(),
            version: Version { revision: delivery.live.revision, at: now.at },
            facts: Facts {
                json,
                status: delivery.status(),
                driver_id: facts.driver_id.clone(),
                place: facts.pickup.as_ref().unwrap_or(&facts.dropoff).position(),
                expires: now.expires,
            },
            moving: Moving {
                json: moving,
                place: delivery.live.recent.live_position(),
                fixed: fixed.map(|fixed| clock.wall(fixed)),
                // From just after then on.
                stale_at: after(STALE_AFTER + 1),
                lost_at: after(LOST_AFTER + 1),
                online_until: online_until.map(|until| clock.wall(until)),
                updated: clock.wall(delivery.live.updated),
                totals: now.totals,
                gauges: now.gauges,
            },
        }
    }

    /// How long it was on its way when it was taken, in ms.
    pub fn lag_ms(&self, taken: Millis) -> u64 {
        taken.since(self.version.at).max(0).unsigned_abs()
    }

    pub fn seen(&self) -> Seen<'_> {
        Seen {
            status: self.facts.status,
            place: self.moving.place.unwrap_or(self.facts.place),
            driver_id: self.facts.driver_id.as_deref(),
        }
    }
}

impl Moving {
    /// How fresh the position is by now.
    pub fn state(&self, wall: Millis) -> LocationState {
        let is_past = |at: Option<Millis>| at.is_some_and(|at| wall >= at);
        match self.fixed {
            None => LocationState::None,
            Some(_) if is_past(self.lost_at) => LocationState::Lost,
            Some(_) if is_past(self.stale_at) => LocationState::Stale,
            Some(_) => LocationState::Live,
        }
    }

    /// Brings its JSON, which says `from`, up to date.
    pub fn age(&mut self, from: LocationState, to: LocationState) {
        let said = |state: LocationState| format!("\"location_state\":\"{}\"", state.name());
        self.json = self.json.replacen(&said(from), &said(to), 1);
    }

    /// Whether the driver, who was there, is not any more by now.
    pub fn has_lost_driver(&self, wall: Millis) -> bool {
        self.online_until.is_some_and(|until| wall >= until)
    }

    /// Brings its JSON up to date with that.
    pub fn lose_driver(&mut self) {
        self.online_until = None;
        self.json = self.json.replacen("\"driver_online\":true", "\"driver_online\":false", 1);
    }
}

/// A delivery as dashboards see it.
pub fn view(delivery: &Delivery, audience: Audience, now: Millis, connected: bool) -> FleetDelivery {
    let (facts, live) = (&delivery.facts, &delivery.live);
    let reached = live.timeline.last();
    let progress = visibility::progress(delivery, audience, now);
    let location = visibility::location(delivery, audience, now);
    let place = |place: &Place| FleetPlace { lat: place.position().lat(), lng: place.position().lng() };
    FleetDelivery {
        tracking_id: facts.tracking_id.as_str().to_owned(),
        order_id: facts.order_id.clone(),
        store_id: facts.store_id.clone(),
        driver_id: facts.driver_id.clone(),
        status: delivery.status(),
        status_at: reached.map_or(facts.started, |reached| reached.at).secs(),
        mode: facts.mode,
        pickup: facts.pickup.as_ref().map(place),
        dropoff: place(&facts.dropoff),
        window: facts.window.map(WindowView::from),
        started_at: facts.started.secs(),
        emergency: !live.driven.emergencies.is_empty(),
        moving: FleetMoving {
            battery: location.as_ref().and_then(|location| location.battery),
            current_location: location.map(|location| FleetLocation {
                lat: location.lat,
                lng: location.lng,
                timestamp: location.timestamp,
                heading: location.heading,
                speed: location.speed,
            }),
            location_state: visibility::location_state(delivery, audience, now),
            eta_at: visibility::eta_view(delivery, audience, now).eta_at,
            remaining_m: progress.remaining_m,
            stops_before: progress.stops_before.unwrap_or_default(),
            off_route: progress.off_route,
            driver_online: delivery.is_driver_online(connected, now),
            seq: live.seq,
            updated_at: live.updated.secs(),
        },
    }
}

/// The members of its JSON that stay while it moves, and those that do not.
fn members(whole: &FleetDelivery) -> (String, String) {
    // Serializing a type of ours to memory has no error to report.
    let text = |json: serde_json::Result<String>| json.unwrap_or_default();
    let moving = text(serde_json::to_string(&whole.moving)).trim_start_matches('{').to_owned();
    let whole = text(serde_json::to_string(whole));
    let facts = whole.strip_suffix(&moving).unwrap_or(&whole);
    let facts = facts.trim_start_matches('{').trim_end_matches(',').to_owned();
    (facts, moving.trim_end_matches('}').to_owned())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::delivery::tests::{after, driver, fixes, started, status};
    use serde_json::json;

    pub fn circumstances(at: Millis) -> Circumstances {
        Circumstances {
            at,
            expires: at.plus(86_400_000),
            connected: false,
            totals: Totals::default(),
            gauges: Gauges::default(),
        }
    }

    #[test]
    fn the_members_put_together_are_what_a_dashboard_sees() {
        let mut delivery = started(json!({"order_id": "\"location_state\":\"live\"},{", "store_id": "s1"}));
        driver(&mut delivery, status(Status::PickedUp), 1).unwrap();
        driver(&mut delivery, fixes(&[(2, 5.60)]), 2).unwrap();
        let now = after(3);
        let mut report = Report::of(&delivery, Party::Dispatcher, circumstances(now));
        let whole = |report: &Report| {
            let text = format!("{{{},{}}}", report.facts.json, report.moving.json);
            serde_json::from_str::<FleetDelivery>(&text).unwrap()
        };
        let seen = view(&delivery, Audience::Operator, now, false);
        assert_eq!(whole(&report), seen);
        assert_eq!(seen.moving.location_state, LocationState::Live);
        let snapshot = visibility::snapshot(&delivery, Audience::Operator, now, false);
        assert_eq!(
            (seen.moving.eta_at, seen.moving.remaining_m),
            (snapshot.eta.eta_at, snapshot.progress.remaining_m)
        );
        // It ages as the delivery's own view does.
        let fixed = report.moving.fixed.unwrap();
        for (span, state) in [
            (STALE_AFTER, LocationState::Live),
            (STALE_AFTER + 1, LocationState::Stale),
            (LOST_AFTER, LocationState::Stale),
            (LOST_AFTER + 1, LocationState::Lost),
        ] {
            let later = fixed.plus(span);
            assert_eq!(report.moving.state(later), state);
            assert_eq!(visibility::location_state(&delivery, Audience::Operator, later), state);
        }
        report.moving.age(LocationState::Live, LocationState::Lost);
        let aged = whole(&report);
        assert_eq!((aged.moving.location_state, &aged.order_id), (LocationState::Lost, &seen.order_id));
    }

    #[test]
    fn a_driver_who_only_reports_is_there_as_long_as_the_delivery_says() {
        let mut delivery = started(json!({}));
        let report = |delivery: &Delivery, at, connected| {
            Report::of(delivery, Party::Dispatcher, Circumstances { connected, ..circumstances(at) })
        };
        assert_eq!(report(&delivery, after(1), false).moving.online_until, None);
        driver(&mut delivery, fixes(&[(2, 5.60)]), 2).unwrap();
        let mut told = report(&delivery, after(3), false);
        let until = told.moving.online_until.unwrap();
        for (at, online) in [(until.plus(-1), true), (until, false)] {
            assert_eq!(view(&delivery, Audience::Operator, at, false).moving.driver_online, online);
            assert_eq!(told.moving.has_lost_driver(at), !online);
        }
        told.moving.lose_driver();
        let text = format!("{{{},{}}}", told.facts.json, told.moving.json);
        assert!(!serde_json::from_str::<FleetDelivery>(&text).unwrap().moving.driver_online);
        assert!(!told.moving.has_lost_driver(until));
        // On a socket, or where the driver's own object says so, only another report takes it back.
        assert_eq!(report(&delivery, after(3), true).moving.online_until, None);
        delivery.live.driven.online = true;
        assert_eq!(report(&delivery, after(3), false).moving.online_until, None);
    }

    #[test]
    fn a_report_of_an_old_position_has_not_been_on_its_way_for_long() {
        let mut delivery = started(json!({}));
        driver(&mut delivery, fixes(&[(2, 5.60)]), 2).unwrap();
        let report = Report::of(&delivery, Party::Dispatcher, circumstances(after(60)));
        assert_eq!(report.moving.fixed, Some(after(2)));
        for (taken, lag_ms) in [(after(60), 0), (after(60).plus(40), 40), (after(59), 0)] {
            assert_eq!(report.lag_ms(taken), lag_ms);
        }
    }

    #[test]
    fn without_a_position_it_is_where_it_begins() {
        let delivery = started(json!({"pickup": {"lat": 5.5, "lng": -0.25}}));
        let report = Report::of(&delivery, Party::Store, circumstances(after(1)));
        assert_eq!(report.seen().place, Position::from_degrees(5.5, -0.25).unwrap());
        assert_eq!(report.moving.state(after(9_000)), LocationState::None);
    }
}
