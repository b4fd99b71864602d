//! Corrections of what was said at the start.

use crate::clock::Millis;
use crate::delivery::{Act, Actor, Delivery, EntryKind, Facts, Outcome};
use crate::eta::Corridor;
use crate::geofence::Fence;
use crate::rejection::Rejection;
use crate::route::Route;
use crate::wire::correction::Correction;

impl Delivery {
    /// Takes a correction; what is so already changes nothing.
    pub(super) fn correct(
        &mut self,
        correction: Correction,
        by: &Actor,
        now: Millis,
    ) -> Result<Outcome, Rejection> {
        let status = self.status();
        if status.is_final() {
            return Err(Rejection::Conflict(format!("a delivery that is {status} cannot be corrected")));
        }
        let before = self.facts.clone();
        let Correction { dropoff, window, phone, instructions, visibility, visibility_rules, route } =
            correction;
        let facts = &mut self.facts;
        facts.window = window.unwrap_or(facts.window);
        facts.phone = phone.unwrap_or_else(|| facts.phone.take());
        facts.instructions = instructions.unwrap_or_else(|| facts.instructions.take());
        facts.visibility = visibility.unwrap_or(facts.visibility);
        // Those that are not named stay as they are.
        facts.rules = facts.rules.with(&visibility_rules.unwrap_or_default());
        let another_place =
            dropoff.as_ref().is_some_and(|place| place.position() != facts.dropoff.position());
        facts.dropoff = dropoff.unwrap_or_else(|| facts.dropoff.clone());
        // A route to the former place leads nowhere.
        facts.route = route.unwrap_or_else(|| facts.route.take().filter(|_| !another_place));
        if *facts == before {
            return Ok(Outcome::default());
        }
        let about = corrected(&before, facts);
        self.note(Act { about, ..Act::of(EntryKind::Corrected, Some(by.clone()), now) });
        let another_way = another_place || self.facts.route != before.route;
        if another_way {
            self.go_another_way(another_place, now);
        }
        Ok(Outcome { facts_changed: true, guided: another_way, ..self.noted(now) })
    }

    /// Begins the ETA anew with another destination, or another route there.
    fn go_another_way(&mut self, another_place: bool, now: Millis) {
        self.guidance.plan = None;
        if another_place {
            self.guidance.corridor = Corridor::default();
            self.live.passing.dropoff = Fence::default();
            self.live.journey.aim(self.facts.dropoff.position());
        }
        self.route = self.route_text().and_then(Route::decode);
        self.follow_anew();
        // The former one is no measure of how far it may jump.
        self.live.eta = None;
        self.refresh_eta();
        self.publish_eta(now, true);
    }
}

/// The names of what differs.
fn corrected(before: &Facts, after: &Facts) -> Vec<String> {
    let fields = [
        ("dropoff", before.dropoff != after.dropoff),
        ("window", before.window != after.window),
        ("phone", before.phone != after.phone),
        ("instructions", before.instructions != after.instructions),
        ("visibility", before.visibility != after.visibility),
        ("visibility_rules", before.rules != after.rules),
        ("route", before.route != after.route),
    ];
    fields.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::auth::{Caller, Role};
    use crate::delivery::tests::{after, driver, fixes, started, status};
    use crate::delivery::{Change, Event};
    use crate::recent::NoArchive;
    use crate::status::Status;
    use crate::wire::start::Visibility;

    fn correct(delivery: &mut Delivery, role: Role, body: &Value, secs: i64) -> Result<Outcome, Rejection> {
        let subject = match role {
            Role::Customer => "c",
            Role::Driver => "d",
            _ => "x",
        };
        let by = Caller { subject: subject.into(), role, store_id: None, expires: Millis(i64::MAX) };
        let command = Change::Correct.command(body, &str::to_owned)?;
        delivery.apply(command, &by, after(secs), &NoArchive)
    }

    #[test]
    fn another_place_is_another_eta() {
        let mut delivery = started(json!({"route": "_p~iF~ps|U_ulLnnqC"}));
        driver(&mut delivery, status(Status::PickedUp), 1).unwrap();
        driver(&mut delivery, fixes(&[(2, 5.60), (60, 5.61)]), 60).unwrap();
        let (eta, left) = (delivery.live.eta.unwrap().at, delivery.remaining_metres().unwrap());
        let outcome =
            correct(&mut delivery, Role::Dispatcher, &json!({"dropoff": {"lat": 5.75, "lng": -0.2}}), 61)
                .unwrap();
        assert!(outcome.facts_changed && outcome.guided);
        assert!(matches!(outcome.events[..], [Event::Changed(_)]));
        assert_eq!(delivery.facts.route, None, "the former route does not lead there");
        assert!(delivery.live.eta.unwrap().at > eta && delivery.remaining_metres().unwrap() > left);
        assert!((0.0..0.2).contains(&delivery.progress().unwrap()));
        let again =
            correct(&mut delivery, Role::Dispatcher, &json!({"dropoff": {"lat": 5.75, "lng": -0.2}}), 62);
        assert_eq!(again, Ok(Outcome::default()));
    }

    #[test]
    fn who_may_correct_what() {
        let place = json!({"dropoff": {"lat": 5.7, "lng": -0.2}});
        let words = json!({"instructions": "ring twice"});
        let both = json!({"instructions": "ring twice", "phone": "+233201234567"});
        for (role, body, allowed) in [
            (Role::Customer, &words, true),
            (Role::Customer, &place, false),
            (Role::Customer, &both, false),
            (Role::Driver, &words, false),
            (Role::Driver, &place, false),
            (Role::Dispatcher, &both, true),
            (Role::Admin, &place, true),
        ] {
            let mut delivery = started(json!({"customer_id": "c"}));
            let corrected = correct(&mut delivery, role, body, 1);
            assert_eq!(corrected.is_ok(), allowed, "{role:?} {body} {corrected:?}");
        }
        let mut ended = started(json!({}));
        driver(&mut ended, status(Status::Delivered), 1).unwrap();
        assert!(matches!(correct(&mut ended, Role::Admin, &words, 2), Err(Rejection::Conflict(_))));
    }

    #[test]
    fn what_is_removed_is_gone() {
        let mut delivery =
            started(json!({"phone": "+233201234567", "instructions": "x", "window": {"to": 1_800_000_000}}));
        let body = json!({"phone": null, "instructions": null, "window": null, "visibility": "private"});
        correct(&mut delivery, Role::Admin, &body, 1).unwrap();
        let facts = &delivery.facts;
        assert_eq!((&facts.phone, &facts.instructions, facts.window), (&None, &None, None));
        assert_eq!(facts.visibility, Visibility::Private);
    }
}
