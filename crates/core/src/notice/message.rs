//! What travels through the queue: an event for all who may want to hear it, and then an errand for each of them, so
//! that one who does not answer delays nobody else.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kind, Notice, sms};
use crate::auth::Role;
use crate::clock::Millis;
use crate::delivery::{Delivery, EntryKind};
use crate::driver::Emergency;
use crate::geofence::FencedPlace;
use crate::permission::Party;
use crate::status::Status;
use crate::visibility;
use crate::wire::driver::EmergencyView;
use crate::wire::start::Visibility;

/// An event, and the texts that different receivers get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    pub id: String,
    pub kind: Kind,
    pub seq: u64,
    /// Unix milliseconds, in the delivery's time.
    pub at: i64,
    pub tracking_id: String,
    pub order_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Of whoever started the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_by: Option<Role>,
    /// The subject of the staff's token with which it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starter: Option<String>,
    /// The driver from whom this has taken it, unless that one wanted it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_id: Option<String>,
    /// Of the customer, where it is told by text messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<FencedPlace>,
    /// The status that was reached with it, of which the order's system hears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// When it happened, in Unix milliseconds of the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened: Option<i64>,
    /// Unix seconds, as the customer may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_at: Option<i64>,
    /// Whether those outside the operation may be told: the visibility rules hide nothing of it.
    #[serde(default)]
    pub is_for_outside: bool,
    /// Whether anybody who has its id may open its page.
    #[serde(default)]
    pub is_public: bool,
    /// The body for who runs the operation, as it is sent; `None` where they hear of it by another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// The same for its store, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
}

/// The body of a webhook: `data` is the snapshot as its receiver may see it.
#[derive(Debug, Serialize)]
struct Body<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: Kind,
    seq: u64,
    /// Unix seconds.
    occurred_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<FencedPlace>,
    data: Value,
}

impl News {
    /// What is to be told of a delivery's notice. `now`: of the delivery; `connected`: a socket of the driver is open.
    pub fn of(delivery: &Delivery, notice: &Notice, now: Millis, connected: bool) -> Self {
        let facts = &delivery.facts;
        let id = notice.id(&facts.epoch);
        let started_by = delivery.live.timeline.first().and_then(|start| start.by.as_ref());
        let body = |party: Party| {
            let mut snapshot = visibility::snapshot(delivery, party.into(), now, connected);
            // It may be half of what a message of the queue holds; who wants it reads it.
            snapshot.details.route = None;
            let body = Body {
                id: &id,
                kind: notice.kind,
                seq: notice.seq,
                occurred_at: notice.at.secs(),
                place: notice.place,
                // Serializing a type of ours to memory has no error to report.
                data: crate::own_json::value(&snapshot).unwrap_or_default(),
            };
            serde_json::to_string(&body).unwrap_or_default()
        };
        Self {
            kind: notice.kind,
            seq: notice.seq,
            at: notice.at.0,
            tracking_id: facts.tracking_id.as_str().to_owned(),
            order_id: facts.order_id.clone(),
            store_id: facts.store_id.clone(),
            driver_id: facts.driver_id.clone(),
            customer_id: facts.customer_id.clone(),
            started_by: started_by.map(|by| by.role),
            starter: started_by.and_then(|by| by.subject.clone()),
            former_id: former(delivery, notice),
            phone: facts.phone.clone(),
            place: notice.place,
            status: status(delivery, notice),
            happened: Some(facts.clock.wall(notice.at).0),
            eta_at: visibility::eta_view(delivery, Party::Customer.into(), now).eta_at,
            is_for_outside: visibility::tells_outside(delivery, notice, now),
            is_public: facts.visibility == Visibility::Public,
            staff: Some(body(Party::Dispatcher)),
            store: facts.store_id.is_some().then(|| body(Party::Store)),
            id,
        }
    }

    /// A driver calls for help: for those who run the operation, and for each store with what the driver carries of it.
    /// An acknowledged call is told no more.
    pub fn of_call(driver_id: &str, call: &Emergency) -> Vec<Self> {
        if call.acknowledged.is_some() {
            return Vec::new();
        }
        let view = EmergencyView::of(driver_id, call);
        let id = super::id_of(&[Kind::Emergency.name(), &call.id]);
        let told = |view: &EmergencyView| {
            let body = Body {
                id: &id,
                kind: Kind::Emergency,
                // Calls have no numbers of their own: a driver's are sorted by their time.
                seq: call.at.0.unsigned_abs(),
                occurred_at: call.at.secs(),
                place: None,
                data: crate::own_json::value(view).unwrap_or_default(),
            };
            serde_json::to_string(&body).ok()
        };
        let news = |store_id: Option<&String>, staff, store| Self {
            id: id.clone(),
            kind: Kind::Emergency,
            seq: call.at.0.unsigned_abs(),
            at: call.at.0,
            tracking_id: String::new(),
            order_id: String::new(),
            store_id: store_id.cloned(),
            driver_id: Some(driver_id.to_owned()),
            customer_id: None,
            started_by: None,
            starter: None,
            former_id: None,
            phone: None,
            place: None,
            status: None,
            happened: Some(call.at.0),
            eta_at: None,
            is_for_outside: false,
            is_public: false,
            staff,
            store,
        };
        let stores = call.stores.iter().map(|(store, ids)| {
            let own = EmergencyView { tracking_ids: ids.clone(), ..view.clone() };
            news(Some(store), None, told(&own))
        });
        std::iter::once(news(None, told(&view), None)).chain(stores).collect()
    }
}

/// Another driver for who is on the way already is no step back.
fn status(delivery: &Delivery, notice: &Notice) -> Option<Status> {
    let status = notice.kind.status()?;
    let reached =
        || delivery.live.timeline.iter().any(|reached| reached.status == status && reached.at == notice.at);
    (status != Status::Assigned || reached()).then_some(status)
}

/// The body of a test event. `secs`: Unix seconds.
pub fn test_body(id: &str, secs: i64) -> String {
    let data = Value::Object(serde_json::Map::new());
    let body = Body { id, kind: Kind::Test, seq: 0, occurred_at: secs, place: None, data };
    serde_json::to_string(&body).unwrap_or_default()
}

fn former(delivery: &Delivery, notice: &Notice) -> Option<String> {
    let act = match notice.kind {
        Kind::Assigned => EntryKind::Assigned,
        Kind::Declined => EntryKind::Unassigned,
        _ => return None,
    };
    let act = delivery.live.acts.acts.iter().rfind(|known| known.kind == act && known.at == notice.at)?;
    let by_itself = act.by.as_ref().is_some_and(|by| by.role == Role::Driver);
    let former = if act.kind == EntryKind::Assigned { &act.former } else { &act.driver };
    former.clone().filter(|_| !by_itself)
}

/// One thing to do for one receiver. Whoever does it says what comes next: see [`Fate`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Errand {
    /// Find out who wants to hear, and send an errand to each.
    Tell(Box<News>),
    /// `POST` a body to an endpoint, of this store where it is one's. `tries`: how many went before; `waits`: how often
    /// it was put off without one, since the receiver was busy with another.
    Webhook {
        endpoint: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        store_id: Option<String>,
        id: String,
        kind: Kind,
        tracking_id: String,
        body: String,
        tries: u32,
        #[serde(default)]
        waits: u32,
    },
    /// Encrypt and send to one subscription.
    Push { subscription: String, id: String, payload: String, tries: u32 },
    /// Send a text message.
    Sms(sms::Message),
}

/// What became of an errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Done, or never to be done.
    Over,
    /// To be tried again after so many seconds.
    Again { secs: u32 },
    /// Not tried now, but after so many seconds.
    PutOff { secs: u32 },
    /// There is no answer yet: to be tried again after so many seconds, should none come meanwhile.
    Waiting { secs: Option<u32> },
}

/// What people are told this much later, in seconds, is of no use to them any more. Longer than any pause of theirs.
const LATE_S: i64 = 7_200;

/// From one attempt to the next, in seconds: over a day in all. A deployment may set its own.
pub const RETRIES: [u32; 9] = [5, 60, 300, 1_800, 7_200, 14_400, 21_600, 21_600, 21_600];
/// The longest delay of the platform's queue, in seconds.
pub const DELAY_MAX: u32 = 43_200;
/// A delay is lengthened by up to this share, so that what failed together is not repeated together.
pub const JITTER: f64 = 0.2;

/// The longest delay of what waits for another to the same receiver, in seconds.
const PUT_OFF_MAX: u32 = 300;
/// The longest that a receiver may put us off, in seconds.
const RETRY_AFTER_MAX: u32 = 3_600;

/// The delay after `tries` attempts have failed; `None` after the last. `luck` is within 0 and 1.
pub fn pause(retries: &[u32], tries: u32, luck: f64) -> Option<u32> {
    let secs = retries.get(tries.checked_sub(1)? as usize)?;
    Some(jittered(*secs, luck))
}

/// The delay of what has been put off `waits` times without an attempt.
pub fn put_off(retries: &[u32], waits: u32, luck: f64) -> u32 {
    let secs = retries.get(waits as usize).or(retries.last()).copied().unwrap_or(PUT_OFF_MAX);
    jittered(secs.min(PUT_OFF_MAX), luck)
}

fn jittered(secs: u32, luck: f64) -> u32 {
    ((f64::from(secs) * (1.0 + JITTER * luck)).round() as u32).min(DELAY_MAX)
}

/// The delay where the receiver may have asked for a longer one by `Retry-After`, in seconds.
pub fn lengthened(pause: u32, retry_after: Option<&str>) -> u32 {
    let asked = retry_after.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    pause.max(asked.min(RETRY_AFTER_MAX)).min(DELAY_MAX)
}

/// Whether people are not told any more. `queued` and `now`: Unix milliseconds.
pub fn is_late(happened: Option<i64>, queued: i64, now: i64) -> bool {
    now - happened.unwrap_or(queued).min(queued) > LATE_S * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_grow_apart_over_a_day_and_end() {
        let all: Vec<u32> = (1..=10).map_while(|tries| pause(&RETRIES, tries, 0.0)).collect();
        assert_eq!(all, RETRIES);
        assert!(RETRIES.windows(2).all(|two| two[0] <= two[1]));
        let day = RETRIES.iter().sum::<u32>();
        assert!((86_400..2 * 86_400).contains(&day), "{day}");
        assert_eq!(pause(&RETRIES, 0, 0.5), None);
        assert_eq!(pause(&[DELAY_MAX], 1, 1.0), Some(DELAY_MAX));
        assert_eq!(pause(&[100], 1, 1.0), Some(120));
    }

    #[test]
    fn what_is_put_off_comes_again_within_minutes() {
        let all: Vec<u32> = (0..5).map(|waits| put_off(&RETRIES, waits, 0.0)).collect();
        assert_eq!(all, [5, 60, 300, 300, 300]);
        assert_eq!(put_off(&[1, 2], 9, 0.0), 2);
        assert_eq!(put_off(&[], 0, 0.0), PUT_OFF_MAX);
        assert_eq!(put_off(&[100], 0, 1.0), 120);
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_pause_and_for_no_shorter_one() {
        for (said, expected) in [
            (Some("120"), 120),
            (Some(" 70 "), 70),
            (Some("7"), 60),
            (Some("86400"), RETRY_AFTER_MAX),
            (Some("-5"), 60),
            (Some("Wed, 21 Oct 2026 07:28:00 GMT"), 60),
            (None, 60),
        ] {
            assert_eq!(lengthened(60, said), expected, "{said:?}");
        }
    }

    #[test]
    fn what_waited_anywhere_is_late_after_two_hours() {
        let hours = |hours: i64| hours * 3_600_000;
        for (happened, queued, now, expected) in [
            (Some(0), 0, hours(2), false),
            (Some(0), 0, hours(2) + 1, true),
            // In the object, while the queue was away.
            (Some(0), hours(3), hours(3), true),
            // In the queue.
            (None, 0, hours(3), true),
            (None, hours(3), hours(3), false),
            // Clocks differ by a little.
            (Some(5), 0, hours(2), false),
        ] {
            assert_eq!(is_late(happened, queued, now), expected, "{happened:?} {queued} {now}");
        }
    }

    #[test]
    fn a_call_for_help_is_told_to_each_store_with_its_own_and_no_more_once_somebody_has_it() {
        let mut call: Emergency = serde_json::from_value(serde_json::json!({
            "id": "E1", "at": 1_700_000_000_500_i64, "tracking_ids": ["TRK-A", "TRK-B"],
            "stores": {"s1": ["TRK-A"], "s2": ["TRK-B"]},
        }))
        .unwrap();
        let news = News::of_call("d1", &call);
        let told = |body: &Option<String>| {
            let body: Value = serde_json::from_str(body.as_deref().unwrap()).unwrap();
            assert_eq!((&body["type"], &body["occurred_at"]), (&"emergency".into(), &1_700_000_000.into()));
            body["data"]["tracking_ids"].clone()
        };
        assert_eq!(news.len(), 3);
        assert_eq!(told(&news[0].staff), serde_json::json!(["TRK-A", "TRK-B"]));
        assert!(news[0].store.is_none() && news[1].staff.is_none());
        assert_eq!(
            (news[1].store_id.as_deref(), told(&news[1].store)),
            (Some("s1"), serde_json::json!(["TRK-A"]))
        );
        assert_eq!(
            (news[2].store_id.as_deref(), told(&news[2].store)),
            (Some("s2"), serde_json::json!(["TRK-B"]))
        );
        assert!(news.iter().all(|news| news.id == News::of_call("d1", &call)[0].id));
        call.acknowledged = Some(crate::driver::Acknowledged { at: Millis(1), by: "x".into() });
        assert_eq!(News::of_call("d1", &call), []);
    }

    #[test]
    fn a_test_event_has_the_form_of_all() {
        let body: Value = serde_json::from_str(&test_body("evt_A", 7)).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"id": "evt_A", "type": "test", "seq": 0, "occurred_at": 7, "data": {}})
        );
    }

    #[test]
    fn an_errand_is_read_as_it_was_written() {
        let errand = Errand::Webhook {
            endpoint: "ep_A".into(),
            store_id: None,
            id: "evt_A".into(),
            kind: Kind::Delivered,
            tracking_id: "TRK-A".into(),
            body: "{}".into(),
            tries: 2,
            waits: 1,
        };
        let text = serde_json::to_vec(&errand).unwrap();
        assert_eq!(crate::own_json::read::<Errand>(&text).unwrap(), errand);
    }
}
