//! What each audience may see: one function from a delivery, an audience and the time to a view.
//!
//! | | public, link | customer | driver | store | dispatcher, admin |
//! |---|---|---|---|---|---|
//! | location, trail | from pickup, one stop before at most, until the end | the same | always | always | always |
//! | ETA | under way | under way | under way | also to the pickup | under way |
//! | driver | alias | alias | id | id | id |
//! | instructions | – | yes | yes | yes | yes |
//! | phone, window, mode, route | – | – | yes | yes | yes |
//! | battery, raw fix, notes | – | – | yes | yes | yes |
//! | customer, store, visibility, metadata, calls for help | – | – | – | yes | yes |

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::delivery::{Delivery, Event, KeptEvent, Reached};
use crate::eta::{self, Corridor, Estimate, Journey, Model, Situation};
use crate::fix::{Fix, Position};
use crate::permission::Party;
use crate::status::Status;
use crate::thinning::thinned;
use crate::track::{Recorded, polyline};
use crate::wire::frames::{EtaUpdate, LocationUpdate, PresenceUpdate, Resumed, ServerFrame, StatusUpdate};
use crate::wire::snapshot::{
    ClockView, Details, EtaView, Location, LocationState, ProgressView, RawLocation, Snapshot, TimelineEntry,
    WindowView,
};

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
const STALE_AFTER: i64 = 90_000;
/// Older than this, it is lost, in ms.
const LOST_AFTER: i64 = 600_000;
/// Most points of a trail.
pub const TRAIL_POINTS: usize = 60;
/// Most events that somebody who was away is told one by one.
pub const MISSED_MAX: usize = 100;
/// Where the location is hidden, the ETA is as coarse as this, in seconds.
const COARSE_ETA: i64 = 300;

/// How fresh the position is that `audience` sees.
pub fn location_state(delivery: &Delivery, audience: Audience, now: Millis) -> LocationState {
    if !sees_location(delivery, audience) {
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
        current_location: location(delivery, audience),
        location_state: location_state(delivery, audience, now),
        pickup: facts.pickup.clone(),
        dropoff: facts.dropoff.clone(),
        eta: eta_view(delivery, audience, now),
        progress: progress(delivery, audience),
        driver_online: delivery.is_driver_online(driver_connected, now),
        timeline: timeline(delivery),
        trail: trail(delivery, audience),
        details: details(delivery, audience),
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
        Event::Assigned(_) => None,
        Event::Estimated { seq } => Some(ServerFrame::EtaUpdate {
            data: EtaUpdate {
                tracking_id: delivery.facts.tracking_id.as_str().to_owned(),
                eta: eta_view(delivery, audience, now),
                progress: progress(delivery, audience),
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
        Event::Moved { seq, path } => sees_location(delivery, audience).then(|| {
            ServerFrame::LocationUpdate { data: Box::new(moved(delivery, audience, now, *seq, path)) }
        }),
    }
}

/// What somebody who was away is told: the events missed, the newest position, and where that leaves them.
/// Where they missed more than [`MISSED_MAX`], or another driver, the whole state instead.
pub fn resume(
    delivery: &Delivery,
    missed: &[KeptEvent],
    audience: Audience,
    now: Millis,
    driver_connected: bool,
) -> Vec<ServerFrame> {
    let is_whole = |event: &KeptEvent| matches!(event, KeptEvent::Status(event) if event.whole);
    if missed.len() > MISSED_MAX || missed.iter().any(is_whole) {
        let data = Box::new(snapshot(delivery, audience, now, driver_connected));
        return vec![ServerFrame::InitialState { data }];
    }
    let seq = delivery.live.seq;
    let events = missed.iter().cloned().map(Event::from);
    let mut frames: Vec<_> = events.filter_map(|event| frame(delivery, &event, audience, now)).collect();
    if location(delivery, audience).is_some() {
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
    let from = shown_from(delivery, audience);
    let path: Vec<_> = path.iter().filter(|(time, _)| *time >= from).map(|(_, position)| *position).collect();
    LocationUpdate {
        tracking_id: facts.tracking_id.as_str().to_owned(),
        order_id: facts.order_id.clone(),
        driver_id: driver_name(delivery, audience),
        status: delivery.status(),
        current_location: location(delivery, audience),
        location_state: location_state(delivery, audience, now),
        trail: (path.len() > 1).then(|| line(&path)),
        eta: eta_view(delivery, audience, now),
        progress: progress(delivery, audience),
        seq,
        updated_at: delivery.live.updated.secs(),
        server_time: now.0,
    }
}

/// Notes are for those inside; who declined it, and why, is not for other drivers.
pub fn sees_note(audience: Audience, status: Status) -> bool {
    audience.is_inside() && (audience != Audience::Driver || status != Status::Created)
}

/// From pickup until the end, while at most one stop comes before.
fn sees_location(delivery: &Delivery, audience: Audience) -> bool {
    audience.is_inside() || (delivery.status().is_under_way() && delivery.live.stops_before <= 1)
}

fn location(delivery: &Delivery, audience: Audience) -> Option<Location> {
    let fix = delivery.live.recent.live().filter(|_| sees_location(delivery, audience))?;
    let inside = audience.is_inside();
    let recent = &delivery.live.recent;
    let position = recent.live_position().unwrap_or(fix.position);
    let shown = recent.filter().shown(fix.time, delivery.facts.mode);
    Some(Location {
        lat: position.lat(),
        lng: position.lng(),
        timestamp: fix.time.secs(),
        accuracy: fix.accuracy,
        heading: fix.heading.or_else(|| tenths(shown?.heading?)).map(|heading| heading % 360.0),
        speed: fix.speed.or_else(|| tenths(shown?.speed)),
        address: fix.address.clone(),
        battery: fix.battery.filter(|_| inside),
        raw: inside.then(|| RawLocation {
            lat: fix.position.lat(),
            lng: fix.position.lng(),
            timestamp: fix.time.secs(),
            accuracy: fix.accuracy,
        }),
    })
}

/// To 0.1: the filter knows no better.
fn tenths(value: f64) -> Option<f64> {
    Some((value * 10.0).round() / 10.0)
}

fn driver_name(delivery: &Delivery, audience: Audience) -> Option<String> {
    let facts = &delivery.facts;
    if audience.is_inside() { facts.driver_id.clone() } else { facts.driver_alias.clone() }
}

fn timeline(delivery: &Delivery) -> Vec<TimelineEntry> {
    let entry = |reached: &Reached| TimelineEntry { status: reached.status, at: reached.at.secs() };
    delivery.live.timeline.iter().map(entry).collect()
}

fn trail(delivery: &Delivery, audience: Audience) -> String {
    if !sees_location(delivery, audience) {
        return String::new();
    }
    let from = shown_from(delivery, audience);
    let mut points: Vec<_> = delivery
        .live
        .recent
        .believed()
        .filter(|recorded| recorded.fix.time >= from)
        .map(Recorded::place)
        .collect();
    if points.is_empty() {
        points.extend(delivery.live.recent.live_position());
    }
    line(&points)
}

/// From when on the way is theirs to see: where a driver came from is no customer's.
fn shown_from(delivery: &Delivery, audience: Audience) -> Millis {
    let pickup = delivery.reached(Status::PickedUp).filter(|_| !audience.is_inside());
    pickup.unwrap_or(Millis(i64::MIN))
}

fn line(points: &[Position]) -> String {
    let kept = thinned(points, TRAIL_POINTS);
    polyline(kept.into_iter().filter_map(|at| points.get(at).copied()))
}

fn eta_view(delivery: &Delivery, audience: Audience, now: Millis) -> EtaView {
    let Some(estimate) = delivery.live.eta.or_else(|| eta_to_pickup(delivery, audience)) else {
        return EtaView::default();
    };
    let left = |at: Millis| (at.since(now).max(0) + 500) / 1000;
    let seconds = left(estimate.at);
    let hidden = !sees_location(delivery, audience);
    let coarse = |secs: i64, up: i64| (secs + up) / COARSE_ETA * COARSE_ETA;
    let (seconds, at, range) = if hidden {
        let range = [coarse(left(estimate.low), 0), coarse(left(estimate.high), COARSE_ETA - 1)];
        (coarse(seconds, COARSE_ETA / 2).max(COARSE_ETA), coarse(now.secs() + seconds, COARSE_ETA - 1), range)
    } else {
        (seconds, now.secs() + seconds, [left(estimate.low), left(estimate.high)])
    };
    EtaView {
        eta_seconds: Some(seconds),
        eta_at: Some(at),
        eta_range: Some(range),
        eta_source: Some(estimate.source),
        eta_confidence: Some(estimate.confidence),
    }
}

/// A store plans by when the driver comes to fetch the goods.
fn eta_to_pickup(delivery: &Delivery, audience: Audience) -> Option<Estimate> {
    let pickup = delivery.facts.pickup.as_ref()?;
    let fix: &Fix = delivery.live.recent.live()?;
    (audience == Audience::Store && delivery.status() == Status::Assigned).then(|| {
        eta::estimate(
            Model::built_in(),
            &Situation {
                mode: delivery.facts.mode,
                now: fix.time,
                here: fix.position,
                destination: pickup.position(),
                ahead: &[],
                way: None,
                journey: &Journey::default(),
                corridor: &Corridor::default(),
            },
        )
    })
}

fn progress(delivery: &Delivery, audience: Audience) -> ProgressView {
    let sees = sees_location(delivery, audience);
    let on_the_way = sees && delivery.status().is_under_way();
    let left = delivery.remaining_metres().filter(|_| on_the_way);
    ProgressView {
        remaining_m: left.map(|metres| metres.round() as i64),
        progress: delivery.progress().filter(|_| on_the_way).map(|part| (part * 100.0).round() / 100.0),
        stops_before: delivery.live.stops_before,
        off_route: sees && delivery.is_off_route(),
    }
}

fn details(delivery: &Delivery, audience: Audience) -> Details {
    let facts = &delivery.facts;
    let clock =
        facts.clock.simulation().map(|(origin, rate)| ClockView { origin: origin.0 as f64 / 1000.0, rate });
    let mut details = Details { clock, ..Details::default() };
    if audience == Audience::Public {
        return details;
    }
    details.instructions = facts.instructions.clone();
    if !audience.is_inside() {
        return details;
    }
    details.phone = facts.phone.clone();
    details.window =
        facts.window.map(|w| WindowView { from: w.from.map(Millis::secs), to: w.to.map(Millis::secs) });
    details.mode = Some(facts.mode);
    details.route = delivery.route_text().map(str::to_owned);
    details.accepted_at = delivery.live.accepted_at.map(Millis::secs);
    details.fixes = Some(delivery.live.fixes.clone());
    if audience != Audience::Driver {
        details.emergencies.clone_from(&delivery.live.driven.emergencies);
        details.customer_id = facts.customer_id.clone();
        details.store_id = facts.store_id.clone();
        details.visibility = Some(facts.visibility);
        details.metadata = facts.metadata.clone();
    }
    details
}
