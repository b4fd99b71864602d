//! What passes between a delivery and its driver: it tells of each change, and hears where it stands among
//! the stops and whether the driver is there.

use serde::{Deserialize, Serialize};

use super::CONTACT_SPAN;
use crate::clock::Millis;
use crate::delivery::{Act, Delivery, EntryKind, Event, Outcome};
use crate::driver::{Away, Heading, News};
use crate::fix::Position;
use crate::status::Status;
use crate::wire::driver::{EmergencyView, Interest};

/// What the driver's object is known to have heard: whose the delivery is, and its status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    pub driver_id: Option<String>,
    pub status: Status,
}

/// What the driver's object says, and its calls for help that are open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Driven {
    #[serde(default)]
    pub told: Option<Told>,
    /// Where the driver goes before.
    #[serde(default)]
    pub ahead: Vec<Position>,
    /// Whether somebody has put the stops in order.
    #[serde(default)]
    ordered: bool,
    /// Which order of the stops it was last told of.
    #[serde(default)]
    order: u64,
    /// The driver reports to this delivery by itself, and so is on the way with it.
    #[serde(default)]
    direct: bool,
    /// Whether the driver is there, as its object says.
    #[serde(default)]
    pub online: bool,
    /// When that was last said to have changed.
    #[serde(default)]
    pub since: Option<Millis>,
    #[serde(default)]
    pub reason: Option<Away>,
    #[serde(default)]
    pub emergencies: Vec<EmergencyView>,
}

impl Driven {
    /// Of a new driver.
    pub fn told(told: Option<Told>) -> Self {
        Self { told, ..Self::default() }
    }
}

/// Most open calls for help that a delivery shows.
const EMERGENCIES_MAX: usize = 5;

/// The driver came or went, as it is kept for those who were away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PresenceEvent {
    pub seq: u64,
    pub online: bool,
    pub reason: Option<Away>,
}

impl Delivery {
    /// Whose objects have to hear what: the driver's, and that of the driver before.
    pub fn news(&self) -> Vec<(String, News)> {
        let current = Told { driver_id: self.carrier().cloned(), status: self.status() };
        let told = self.live.driven.told.as_ref();
        if told == Some(&current) || (told.is_none() && current.driver_id.is_none()) {
            return Vec::new();
        }
        let former =
            told.and_then(|told| told.driver_id.clone()).filter(|id| Some(id) != current.driver_id.as_ref());
        let news = News {
            tracking_id: self.facts.tracking_id.as_str().to_owned(),
            seq: self.live.revision,
            order_id: self.facts.order_id.clone(),
            driver_id: current.driver_id.clone(),
            store_id: self.facts.store_id.clone(),
            status: current.status,
            at: self.live.timeline.last().map_or(self.facts.started, |reached| reached.at),
            pickup: self.facts.pickup.clone(),
            dropoff: self.facts.dropoff.clone(),
        };
        former.into_iter().chain(current.driver_id).map(|whom| (whom, news.clone())).collect()
    }

    /// Whether a driver does not know yet that the delivery has come, or gone.
    pub fn awaits_driver(&self) -> bool {
        let told = self.live.driven.told.as_ref().and_then(|told| told.driver_id.as_ref());
        told != self.carrier()
    }

    /// The driver who has it; nobody has one that expired before its end.
    fn carrier(&self) -> Option<&String> {
        let left = self.live.outbox.is_closing() && self.ended().is_none();
        self.facts.driver_id.as_ref().filter(|_| !left)
    }

    /// The objects have heard these news.
    pub fn news_heard(&mut self, news: &News) {
        self.live.driven.told = Some(Told { driver_id: news.driver_id.clone(), status: news.status });
    }

    /// Takes what the driver's object says.
    pub fn take_heading(&mut self, heading: Heading, now: Millis) -> Outcome {
        let mut outcome = Outcome::default();
        if self.status().is_final() {
            return outcome;
        }
        let Heading { ordered, mut stops_before, mut ahead, online, reason, order } = heading;
        let driven = &mut self.live.driven;
        driven.ordered = ordered;
        let order = order.filter(|order| order.n > driven.order);
        driven.order = order.as_ref().map_or(driven.order, |order| order.n);
        if driven.direct && !ordered {
            stops_before = 0;
            ahead.clear();
        }
        let presence = (driven.online, driven.reason) != (online, reason);
        let moved = (self.live.stops_before, &driven.ahead) != (stops_before, &ahead);
        if driven.online != online {
            driven.since = Some(now);
        }
        (driven.online, driven.reason) = (online, reason);
        driven.ahead = ahead;
        self.live.stops_before = stops_before;
        if presence {
            let seq = self.next_seq();
            outcome.events.push(Event::Presence(PresenceEvent { seq, online, reason }));
        }
        if moved {
            self.live.eta = None;
            self.refresh_eta();
            self.publish_eta(now, false);
            outcome.events.push(Event::Estimated { seq: self.next_seq() });
        }
        outcome.changed = presence || moved || order.is_some();
        if let Some(order) = order {
            self.note(Act::of(EntryKind::Reordered, Some(order.by), now));
        }
        outcome.hidden = self.note_shown(Some(now), now);
        self.live.revision += u64::from(outcome.changed);
        outcome
    }

    /// The driver reports to this delivery by itself. Where nobody has put its stops in order, it is the next.
    pub(super) fn note_direct(&mut self) {
        let driven = &mut self.live.driven;
        driven.direct = true;
        if !driven.ordered {
            driven.ahead.clear();
            self.live.stops_before = 0;
        }
    }

    /// Whether the driver is there: on a socket here, as its own object says, or by a message since.
    pub fn is_driver_online(&self, connected: bool, now: Millis) -> bool {
        connected || self.live.driven.online || (self.was_heard_since() && self.driver_in_contact(now))
    }

    /// From when on the driver who is there is not any more, should nothing else be heard; `None`: not by time alone.
    pub fn driver_online_until(&self, connected: bool, now: Millis) -> Option<Millis> {
        let by_message = !connected && !self.live.driven.online && self.is_driver_online(connected, now);
        self.live.contact.filter(|_| by_message).map(|contact| contact.plus(CONTACT_SPAN + 1))
    }

    /// Whether a message has come since the driver's own object said anything else.
    fn was_heard_since(&self) -> bool {
        self.live.contact >= self.live.driven.since
    }

    /// Takes a call for help, or that somebody has it. Whether that is news.
    pub fn take_emergency(&mut self, emergency: EmergencyView) -> bool {
        let open = &mut self.live.driven.emergencies;
        let before = open.clone();
        open.retain(|known| known.id != emergency.id);
        if emergency.acknowledged_at.is_none() {
            open.push(emergency);
            let surplus = open.len().saturating_sub(EMERGENCIES_MAX);
            open.drain(..surplus);
        }
        *open != before
    }

    /// How closely it is followed; `watched`: somebody but the driver has a socket open.
    pub fn interest(&self, watched: bool, now: Millis) -> Interest {
        let eta_s = self.live.eta.map(|eta| eta.at.since(now).max(0) / 1000);
        let here = self.live.recent.live_position();
        let place = match (&self.facts.pickup, self.status()) {
            (Some(pickup), Status::Created | Status::Assigned) => pickup.position(),
            _ => self.facts.dropoff.position(),
        };
        Interest { watched, remaining_m: here.map(|here| here.metres_to(place).round()), eta_s }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::delivery::tests::{after, driver, fixes, started, status};
    use crate::visibility::{self, Audience};

    fn heading(stops: &[(f64, f64)], online: bool) -> Heading {
        Heading {
            ordered: true,
            stops_before: stops.len() as u32,
            ahead: stops.iter().map(|(lat, lng)| Position::from_degrees(*lat, *lng).unwrap()).collect(),
            online,
            reason: None,
            order: None,
        }
    }

    #[test]
    fn news_are_due_until_they_are_heard() {
        let mut delivery = started(json!({}));
        let [(whom, news)] = &delivery.news()[..] else { panic!("one driver is to hear") };
        assert_eq!((whom.as_str(), news.status), ("d", Status::Assigned));
        assert!(delivery.awaits_driver());
        delivery.news_heard(&news.clone());
        assert!(delivery.news().is_empty() && !delivery.awaits_driver());
        driver(&mut delivery, fixes(&[(1, 5.60)]), 1).unwrap();
        assert!(delivery.news().is_empty(), "a position is no news");
        driver(&mut delivery, status(Status::PickedUp), 2).unwrap();
        let news = delivery.news()[0].1.clone();
        assert_eq!(news.status, Status::PickedUp);
        // Told of late, while more has happened.
        driver(&mut delivery, status(Status::InTransit), 3).unwrap();
        delivery.news_heard(&news);
        assert_eq!(delivery.news()[0].1.status, Status::InTransit);
        delivery.facts.driver_id = Some("d2".into());
        let whom: Vec<_> = delivery.news().into_iter().map(|(whom, _)| whom).collect();
        assert_eq!(whom, ["d", "d2"]);
    }

    #[test]
    fn stops_before_make_the_eta_later_and_hide_the_position() {
        let mut delivery = started(json!({}));
        driver(&mut delivery, status(Status::PickedUp), 1).unwrap();
        driver(&mut delivery, fixes(&[(2, 5.60)]), 2).unwrap();
        let direct = delivery.live.eta.unwrap().at;
        let outcome = delivery.take_heading(heading(&[(5.62, -0.25), (5.66, -0.22)], true), after(3));
        assert!(outcome.changed);
        assert!(matches!(outcome.events[..], [Event::Presence(_), Event::Estimated { .. }]), "{outcome:?}");
        let later = delivery.live.eta.unwrap().at;
        assert!(later.since(direct) > 2 * 60_000, "{direct:?} {later:?}");
        let seen = visibility::snapshot(&delivery, Audience::Public, after(3), false);
        assert_eq!((seen.progress.stops_before, seen.current_location), (Some(2), None));
        assert!(!delivery.take_heading(heading(&[(5.62, -0.25), (5.66, -0.22)], true), after(4)).changed);
        delivery.take_heading(heading(&[], true), after(5));
        assert_eq!(delivery.live.eta.unwrap().at, direct);
    }

    #[test]
    fn a_driver_who_reports_here_by_itself_is_on_the_way_here_unless_stops_are_ordered() {
        let mut delivery = started(json!({}));
        let unordered = Heading { ordered: false, ..heading(&[(5.62, -0.25), (5.66, -0.22)], true) };
        delivery.take_heading(unordered.clone(), after(1));
        assert_eq!(delivery.live.stops_before, 2);
        driver(&mut delivery, fixes(&[(2, 5.60)]), 2).unwrap();
        assert_eq!(delivery.live.stops_before, 0);
        delivery.take_heading(unordered, after(3));
        assert_eq!(delivery.live.stops_before, 0);
        delivery.take_heading(heading(&[(5.62, -0.25)], true), after(4));
        driver(&mut delivery, fixes(&[(5, 5.601)]), 5).unwrap();
        assert_eq!(delivery.live.stops_before, 1);
    }

    #[test]
    fn presence_is_told_and_kept() {
        let mut delivery = started(json!({}));
        assert!(!delivery.is_driver_online(false, after(1)));
        delivery.take_heading(heading(&[], true), after(1));
        assert!(delivery.is_driver_online(false, after(1_000)), "its object would say so");
        let away = Heading { reason: Some(Away::PageHidden), ..heading(&[], false) };
        let outcome = delivery.take_heading(away, after(2));
        let [Event::Presence(event)] = &outcome.events[..] else { panic!("{outcome:?}") };
        assert_eq!((event.online, event.reason), (false, Some(Away::PageHidden)));
        assert!(!delivery.is_driver_online(false, after(2)));
    }

    #[test]
    fn a_call_for_help_shows_until_somebody_has_it() {
        let mut delivery = started(json!({}));
        let call = EmergencyView {
            id: "e1".into(),
            driver_id: "d1".into(),
            at: 5,
            message: None,
            lat: None,
            lng: None,
            location_at: None,
            tracking_ids: vec![],
            acknowledged_at: None,
            acknowledged_by: None,
        };
        assert!(delivery.take_emergency(call.clone()));
        assert!(!delivery.take_emergency(call.clone()));
        for audience in Audience::ALL {
            let seen = visibility::snapshot(&delivery, audience, after(1), false).details.emergencies;
            let theirs = matches!(audience, Audience::Store | Audience::Operator);
            assert_eq!(seen.len(), usize::from(theirs), "{audience:?}");
        }
        assert!(delivery.take_emergency(EmergencyView { acknowledged_at: Some(9), ..call }));
        assert!(delivery.live.driven.emergencies.is_empty());
    }
}
