//! What each audience may see: one function from a delivery, an audience and the time to a view.
//!
//! | | public, link | customer | driver | store | dispatcher, admin |
//! |---|---|---|---|---|---|
//! | location, trail, ETA, stops before, route | by the [rules] | the same | always | always | always |
//! | ETA | under way | under way | under way | also to the pickup | under way |
//! | driver | alias | alias | id | id | id |
//! | instructions, proof | – | yes | yes | yes | yes |
//! | rating, handover code | – | yes | – | yes | yes |
//! | phone, window, mode | – | – | yes | yes | yes |
//! | battery, raw fix, notes | – | – | yes | yes | yes |
//! | customer, store, visibility, metadata, calls for help | – | – | – | yes | yes |

mod parts;
pub mod rules;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::parts::{coarse_range, details, driver_name, entries, line, shown_from, trail};
pub use self::parts::{eta_view, location, progress};
use self::rules::Element;
use crate::archive::Summary;
use crate::clock::Millis;
use crate::delivery::{Delivery, Event, GeofenceEvent, KeptEvent, Reached};
use crate::fix::Position;
use crate::geofence::{Crossing, FencedPlace};
use crate::history;
use crate::notice::{Kind, Notice};
use crate::permission::Party;
use crate::published::Sample;
use crate::status::Status;
use crate::wire::frames::{
    EtaUpdate, GeofenceUpdate, LocationUpdate, PresenceUpdate, Resumed, ServerFrame, StatusUpdate,
};
use crate::wire::history::Timeline;
use crate::wire::snapshot::{LocationState, Snapshot};

/// Those who see the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Without a token, with one of somebody else, or by a share link.
    Public,
    Customer,
    Driver,
    Store,
    /// Dispatchers and admins.
    Operator,
}

impl Audience {
    pub const ALL: [Self; 5] = [Self::Public, Self::Customer, Self::Driver, Self::Store, Self::Operator];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Customer => "customer",
            Self::Driver => "driver",
            Self::Store => "store",
            Self::Operator => "operator",
        }
    }

    /// Those who carry the delivery out, and so see all that this takes.
    pub const fn is_inside(self) -> bool {
        matches!(self, Self::Driver | Self::Store | Self::Operator)
    }
}

impl From<Party> for Audience {
    fn from(party: Party) -> Self {
        match party {
            Party::Public | Party::Link => Self::Public,
            Party::Customer => Self::Customer,
            Party::Driver => Self::Driver,
            Party::Store => Self::Store,
            Party::Dispatcher | Party::Admin => Self::Operator,
        }
    }
}

/// Older than this, a position is stale, in ms.
pub const STALE_AFTER: i64 = 90_000;
/// Older than this, it is lost, in ms.
pub const LOST_AFTER: i64 = 600_000;
/// Most points of a trail.
pub const TRAIL_POINTS: usize = 60;
/// Most events that somebody who was away is told one by one.
pub const MISSED_MAX: usize = 100;

/// How fresh the position is that `audience` sees.
pub fn location_state(delivery: &Delivery, audience: Audience, now: Millis) -> LocationState {
    if !sees(delivery, audience, Element::Location, now) {
        return LocationState::Hidden;
    }
    match delivery.live.recent.live().map(|fix| now.since(fix.time)) {
        None => LocationState::None,
        Some(age) if age > LOST_AFTER => LocationState::Lost,
        Some(age) if age > STALE_AFTER => LocationState::Stale,
        Some(_) => LocationState::Live,
    }
}

/// The delivery as `audience` may see it. `driver_connected`: a socket of the driver is open.
pub fn snapshot(delivery: &Delivery, audience: Audience, now: Millis, driver_connected: bool) -> Snapshot {
    let facts = &delivery.facts;
    Snapshot {
        tracking_id: facts.tracking_id.as_str().to_owned(),
        order_id: facts.order_id.clone(),
        driver_id: driver_name(delivery, audience),
        status: delivery.status(),
        current_location: location(delivery, audience, now),
        location_state: location_state(delivery, audience, now),
        pickup: facts.pickup.clone(),
        dropoff: facts.dropoff.clone(),
        eta: eta_view(delivery, audience, now),
        progress: progress(delivery, audience, now),
        driver_online: delivery.is_driver_online(driver_connected, now),
        timeline: entries(delivery),
        trail: trail(delivery, audience, now),
        details: details(delivery, audience, now),
        seq: delivery.live.seq,
        epoch: facts.epoch.clone(),
        updated_at: delivery.live.updated.secs(),
        server_time: now.0,
    }
}

/// The frame that tells `audience` of an event; `None` where it is none of theirs.
pub fn frame(delivery: &Delivery, event: &Event, audience: Audience, now: Millis) -> Option<ServerFrame> {
    match event {
        Event::Status(event) => {
            let eta = eta_view(delivery, audience, now);
            Some(ServerFrame::StatusUpdate {
                data: StatusUpdate {
                    tracking_id: delivery.facts.tracking_id.as_str().to_owned(),
                    status: event.status,
                    note: event.note.clone().filter(|_| sees_note(audience, event.status)),
                    at: event.at.secs(),
                    eta_seconds: eta.eta_seconds,
                    eta_at: eta.eta_at,
                    seq: event.seq,
                    server_time: now.0,
                },
            })
        }
        // Told by the whole state.
        Event::Changed(_) => None,
        Event::Estimated { seq } => Some(ServerFrame::EtaUpdate {
            data: EtaUpdate {
                tracking_id: delivery.facts.tracking_id.as_str().to_owned(),
                eta: eta_view(delivery, audience, now),
                progress: progress(delivery, audience, now),
                seq: *seq,
                server_time: now.0,
            },
        }),
        Event::Presence(event) => Some(ServerFrame::Presence {
            data: PresenceUpdate {
                driver_online: event.online,
                reason: event.reason.filter(|_| audience.is_inside()),
                seq: event.seq,
                server_time: now.0,
            },
        }),
        Event::Geofence(event) => {
            sees_crossing(delivery, audience, event, now).then(|| ServerFrame::Geofence {
                data: GeofenceUpdate {
                    event: event.crossing,
                    place: event.place,
                    at: event.at.secs(),
                    seq: event.seq,
                    server_time: now.0,
                },
            })
        }
        Event::Moved { seq, path } => sees(delivery, audience, Element::Location, now).then(|| {
            ServerFrame::LocationUpdate { data: Box::new(moved(delivery, audience, now, *seq, path)) }
        }),
    }
}

/// What somebody who was away is told: the events missed, the newest position, and where that leaves them.
/// Where they missed more than [`MISSED_MAX`], or another driver, or may not see the position, the whole state
/// instead.
pub fn resume(
    delivery: &Delivery,
    missed: &[KeptEvent],
    audience: Audience,
    now: Millis,
    driver_connected: bool,
) -> Vec<ServerFrame> {
    let is_whole = |event: &KeptEvent| matches!(event, KeptEvent::Status(event) if event.whole);
    // Who saw the position before is told that it is hidden now.
    let is_hidden = delivery.status().is_under_way() && !sees(delivery, audience, Element::Location, now);
    if missed.len() > MISSED_MAX || missed.iter().any(is_whole) || is_hidden {
        let data = Box::new(snapshot(delivery, audience, now, driver_connected));
        return vec![ServerFrame::InitialState { data }];
    }
    let seq = delivery.live.seq;
    let events = missed.iter().cloned().map(Event::from);
    let mut frames: Vec<_> = events.filter_map(|event| frame(delivery, &event, audience, now)).collect();
    if location(delivery, audience, now).is_some() {
        let data = Box::new(moved(delivery, audience, now, seq, &[]));
        frames.push(ServerFrame::LocationUpdate { data });
    }
    frames.push(ServerFrame::Resumed { data: Resumed { seq, server_time: now.0 } });
    frames
}

fn moved(
    delivery: &Delivery,
    audience: Audience,
    now: Millis,
    seq: u64,
    path: &[(Millis, Position)],
) -> LocationUpdate {
    let facts = &delivery.facts;
    let shown = shown_from(delivery, audience, now);
    let is_shown =
        |(time, place): &&(Millis, Position)| shown.as_ref().is_some_and(|shown| shown.holds(*time, *place));
    let path: Vec<_> = path.iter().filter(is_shown).map(|(_, position)| *position).collect();
    LocationUpdate {
        tracking_id: facts.tracking_id.as_str().to_owned(),
        order_id: facts.order_id.clone(),
        driver_id: driver_name(delivery, audience),
        status: delivery.status(),
        current_location: location(delivery, audience, now),
        location_state: location_state(delivery, audience, now),
        trail: (path.len() > 1).then(|| line(&path)),
        eta: eta_view(delivery, audience, now),
        progress: progress(delivery, audience, now),
        seq,
        updated_at: delivery.live.updated.secs(),
        server_time: now.0,
    }
}

/// The timeline as `audience` may see it while the delivery runs.
pub fn timeline(delivery: &Delivery, audience: Audience, now: Millis) -> Timeline {
    let mut summary = Summary::of(delivery);
    if !sees(delivery, audience, Element::Eta, now) {
        summary.etas.clear();
    } else if !sees(delivery, audience, Element::Location, now) {
        for Sample(_, at, low, high) in &mut summary.etas {
            *at = coarse_range(*at, *at)[1];
            [*low, *high] = coarse_range(*low, *high);
        }
    }
    history::timeline(&summary, audience, now)
}

/// Whether `audience` may see `element` now.
pub fn sees(delivery: &Delivery, audience: Audience, element: Element, now: Millis) -> bool {
    audience.is_inside() || delivery.facts.rules.of(element).holds(delivery, now)
}

/// Those outside hear where the driver is if they see it, and saw it then; what goes on at the pickup is not theirs.
fn sees_crossing(delivery: &Delivery, audience: Audience, event: &GeofenceEvent, now: Millis) -> bool {
    let was_shown = delivery.live.shown_since.is_some_and(|since| since <= event.at);
    let is_theirs = event.place == FencedPlace::Dropoff || event.crossing == Crossing::Departed;
    audience.is_inside() || (was_shown && is_theirs && sees(delivery, audience, Element::Location, now))
}

/// Whether those outside may be told: nothing that its frame would not show them, and no status that was skipped.
pub fn tells_outside(delivery: &Delivery, notice: &Notice, now: Millis) -> bool {
    match notice.crossing() {
        Some(event) => sees_crossing(delivery, Audience::Customer, &event, now),
        None if was_skipped(delivery, notice) => false,
        None => notice.kind != Kind::EtaChanged || sees(delivery, Audience::Customer, Element::Eta, now),
    }
}

/// Whether the status it tells of was reached only on the way to another, at the same moment.
fn was_skipped(delivery: &Delivery, notice: &Notice) -> bool {
    let Some(status) = notice.kind.status() else { return false };
    let is_at = |reached: &Reached| reached.at == notice.at;
    let skips = |two: &[Reached]| matches!(two, [a, b] if a.status == status && is_at(a) && is_at(b));
    delivery.live.timeline.windows(2).any(skips)
}

/// Notes are for those inside; who declined it, and why, is not for other drivers.
pub fn sees_note(audience: Audience, status: Status) -> bool {
    audience.is_inside() && (audience != Audience::Driver || status != Status::Created)
}
