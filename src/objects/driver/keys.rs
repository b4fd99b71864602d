//! What a driver's phone signs in with: keys for phone trackers, and links for the app that work once.

use std::rc::Rc;

use onway_core::clock::Millis;
use onway_core::device_key;
use onway_core::fix::{self, Fix};
use onway_core::ingest;
use onway_core::invite;
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::wire::driver::{EmergencyReport, Logged, Relayed};
use onway_core::wire::frames::MessageId;
use onway_core::wire::input;
use onway_core::wire::report::{FixReport, Report};
use onway_core::wire::sign_in::{DriverInvite, KeyEntry, Keys, MadeKey, parse_invite, parse_label};
use serde_json::json;
use worker::Response;

use super::relay::Passed;
use super::session::Session;
use super::store::Key;
use crate::config::Config;
use crate::identity::wall;
use crate::problem::{Answer, ours};
use crate::reply;

/// Most keys of a driver: one for each app on each of its phones.
const KEYS_MAX: usize = 20;
/// That a key was used is written so often, in ms.
const USED_SPAN: i64 = 3_600_000;
/// Most fixes that one request of a tracker holds, with the live one apart.
const LOGGED_MAX: usize = 1_001;

impl Session {
    pub(super) fn make_key(&self, body: &[u8]) -> Answer {
        let body = input::json(body)?;
        let label = parse_label(&body)?;
        if self.store.keys().map_err(ours)?.len() >= KEYS_MAX {
            return Err(Rejection::Conflict(format!(
                "a driver has at most {KEYS_MAX} device keys: revoke one"
            )));
        }
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|_| Rejection::Internal)?;
        let ids = Config::new(&self.env).id_keys()?;
        let text = device_key::mint(&ids, random, &self.driver()?.driver_id);
        let key_id = device_key::verify(&ids, &text).ok_or(Rejection::Internal)?.key_id;
        let key = Key { key_id, hash: device_key::hash(&text), label, created: wall(), used: None };
        self.store.write_key(&key).map_err(ours)?;
        let Key { key_id, label, created, .. } = key;
        reply::json(&MadeKey { key_id, label, created_at: created.secs(), key: text }, 201)
    }

    pub(super) fn list_keys(&self) -> Answer {
        let keys = self.store.keys().map_err(ours)?.into_iter().map(entry).collect();
        reply::json(&Keys { keys }, 200)
    }

    pub(super) fn revoke_key(&self, key_id: &str) -> Answer {
        if !self.store.keys().map_err(ours)?.iter().any(|key| key.key_id == key_id) {
            return Err(Rejection::NotFound("there is no such device key".into()));
        }
        self.store.delete_key(key_id).map_err(ours)?;
        Ok(Response::empty().map_err(ours)?.with_status(204))
    }

    pub(super) fn invite(&self, body: &[u8]) -> Answer {
        let body = input::json(body)?;
        let expires = wall().plus(parse_invite(&body)?);
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| Rejection::Internal)?;
        let ids = Config::new(&self.env).id_keys()?;
        let text = invite::mint(&ids, random, &self.driver()?.driver_id, expires);
        let id = base16ct::lower::encode_string(&random);
        self.store.invite(&id, expires, wall()).map_err(ours)?;
        let path = format!("/drive#invite={text}");
        reply::json(&DriverInvite { invite: text, path, expires_at: expires.secs() }, 201)
    }

    /// A link that is taken twice has been stolen, or shared.
    pub(super) fn sign_in(&self, id: &str) -> Answer {
        if self.store.take_invite(id).map_err(ours)? {
            return Response::empty().map_err(ours);
        }
        Err(Rejection::Gone)
    }

    /// Takes what a phone tracker sent: in its deliveries, or kept for them, when this is answered.
    pub(super) async fn log(self: &Rc<Self>, key_id: &str, hash: &str, body: &[u8]) -> Answer {
        let known = self.store.keys().map_err(ours)?.into_iter().find(|key| key.key_id == key_id);
        let Some(mut key) = known.filter(|key| key.hash == hash) else {
            return Err(Rejection::InvalidToken("this device key was revoked".into()));
        };
        if key.used.is_none_or(|used| wall().since(used) >= USED_SPAN) {
            key.used = Some(wall());
            self.store.write_key(&key).map_err(ours)?;
        }
        let logged: Logged = own_json::read(body).map_err(|_| Rejection::Internal)?;
        if logged.contact {
            self.contact(true)?;
        }
        // An app repeats its alarm: that is the call which is open already.
        let known = |alarm: &String| {
            let driver = self.driver();
            driver.is_ok_and(|driver| {
                driver.open_emergencies().any(|call| call.message.as_ref() == Some(alarm))
            })
        };
        if let Some(alarm) = logged.alarm.filter(|alarm| !known(alarm)) {
            let id = format!("{key_id}-{}", wall().0);
            let report =
                EmergencyReport { id: Some(MessageId::Text(id)), message: Some(alarm), position: None };
            let emergency = self.raise(report)?;
            self.spread_emergency(&emergency)?;
        }
        let driver = self.driver()?;
        let mut locations = logged.locations;
        locations.extend(logged.ping.filter(|ping| self.has_moved(ping)));
        if !driver.off_duty && !locations.is_empty() {
            let message = json!({"type": "location_update", "locations": locations});
            let report = Report::parse(&message, wall(), LOGGED_MAX)?;
            self.note_position(
                report.fixes.iter().max_by_key(|fix| Fix::key(fix)),
                !driver.stops.is_empty(),
            )?;
            let relayed = Relayed { received: wall(), message };
            let mut addressees = self.feed.borrow_mut().addressees(&driver.stops, wall());
            addressees.extend(driver.ended_since(report.fixes.iter().map(|fix| fix.time).min()));
            let passed = futures_util::future::join_all(
                addressees.iter().map(|id| self.pass_or_keep(id, std::slice::from_ref(&relayed))),
            );
            for kept in passed.await {
                kept?;
            }
        }
        Response::empty().map_err(ours)
    }

    /// Whether a ping tells of another place than the newest position.
    fn has_moved(&self, ping: &FixReport) -> bool {
        let fix = own_json::value(&ping).ok().and_then(|value| fix::parse(&value, wall(), 0).ok());
        let last = self.last.borrow().as_ref().map(|last| last.position);
        fix.zip(last).is_some_and(|(fix, last)| ingest::has_moved(&fix, last))
    }

    /// Passes messages on, and keeps them where the delivery cannot take them.
    async fn pass_or_keep(&self, tracking_id: &str, items: &[Relayed]) -> Result<(), Rejection> {
        match self.call(tracking_id, items).await {
            Passed::Taken(answer) => self.note_interest(tracking_id, &answer),
            Passed::Useless(_) => self.drop_stop(tracking_id),
            Passed::Failed => {
                for item in items {
                    self.spill(tracking_id, item)?;
                }
            }
        }
        Ok(())
    }
}

fn entry(key: Key) -> KeyEntry {
    KeyEntry {
        key_id: key.key_id,
        label: key.label,
        created_at: key.created.secs(),
        last_used_at: key.used.map(Millis::secs),
    }
}
