//! The parts of a view, each for one audience.

use super::rules::Element;
use super::{Audience, TRAIL_POINTS, sees};
use crate::clock::Millis;
use crate::delivery::{Delivery, Reached};
use crate::eta::{self, Corridor, Estimate, Journey, Model, Situation};
use crate::fix::{Fix, Position};
use crate::status::Status;
use crate::thinning::thinned;
use crate::track::{Recorded, polyline};
use crate::wire::handover::{ProofView, RatingView};
use crate::wire::snapshot::{
    ClockView, Details, EtaView, Location, ProgressView, RawLocation, TimelineEntry, WindowView,
};

/// Where the location is hidden, the ETA is as coarse as this, in seconds.
const COARSE_ETA: i64 = 300;

pub fn location(delivery: &Delivery, audience: Audience, now: Millis) -> Option<Location> {
    let fix = delivery.live.recent.live().filter(|_| sees(delivery, audience, Element::Location, now))?;
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

pub fn driver_name(delivery: &Delivery, audience: Audience) -> Option<String> {
    let facts = &delivery.facts;
    if audience.is_inside() { facts.driver_id.clone() } else { facts.driver_alias.clone() }
}

pub fn entries(delivery: &Delivery) -> Vec<TimelineEntry> {
    let entry = |reached: &Reached| TimelineEntry { status: reached.status, at: reached.at.secs() };
    delivery.live.timeline.iter().map(entry).collect()
}

pub fn trail(delivery: &Delivery, audience: Audience, now: Millis) -> String {
    if !sees(delivery, audience, Element::Location, now) {
        return String::new();
    }
    let Some(shown) = shown_from(delivery, audience, now) else { return String::new() };
    let mut points: Vec<_> = delivery
        .live
        .recent
        .believed()
        .filter(|recorded| shown.holds(recorded.fix.time, recorded.place()))
        .map(Recorded::place)
        .collect();
    if points.is_empty() {
        points.extend(delivery.live.recent.live_position());
    }
    line(&points)
}

/// Which of the positions are theirs to see.
pub struct Shown<'a> {
    delivery: &'a Delivery,
    /// `None` for those inside.
    since: Option<Millis>,
}

impl Shown<'_> {
    pub fn holds(&self, time: Millis, place: Position) -> bool {
        let Some(since) = self.since else { return true };
        let rule = self.delivery.facts.rules.of(Element::Location);
        time >= since && rule.is_near(self.delivery, place)
    }
}

/// `None` where no trail is theirs. Where a driver came from, and went while hidden, is nobody's outside.
pub fn shown_from(delivery: &Delivery, audience: Audience, now: Millis) -> Option<Shown<'_>> {
    if !sees(delivery, audience, Element::History, now) {
        return None;
    }
    // Where it has become visible by time alone, only what comes is shown.
    let since = delivery.live.shown_since.unwrap_or(Millis(i64::MAX));
    Some(Shown { delivery, since: Some(since).filter(|_| !audience.is_inside()) })
}

pub fn line(points: &[Position]) -> String {
    let kept = thinned(points, TRAIL_POINTS);
    polyline(kept.into_iter().filter_map(|at| points.get(at).copied()))
}

pub fn eta_view(delivery: &Delivery, audience: Audience, now: Millis) -> EtaView {
    let estimate = delivery.live.eta.or_else(|| eta_to_pickup(delivery, audience));
    let Some(estimate) = estimate.filter(|_| sees(delivery, audience, Element::Eta, now)) else {
        return EtaView::default();
    };
    let left = |at: Millis| (at.since(now).max(0) + 500) / 1000;
    let seconds = left(estimate.at);
    let hidden = !sees(delivery, audience, Element::Location, now);
    let (seconds, at, range) = if hidden {
        let range = coarse_range(left(estimate.low), left(estimate.high));
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

const fn coarse(secs: i64, up: i64) -> i64 {
    (secs + up).div_euclid(COARSE_ETA) * COARSE_ETA
}

/// A span of seconds that holds this one and says no more.
pub const fn coarse_range(low: i64, high: i64) -> [i64; 2] {
    [coarse(low, 0), coarse(high, COARSE_ETA - 1)]
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

pub fn progress(delivery: &Delivery, audience: Audience, now: Millis) -> ProgressView {
    let is_shown = sees(delivery, audience, Element::Location, now);
    let on_the_way = is_shown && delivery.status().is_under_way();
    let left = delivery.remaining_metres().filter(|_| on_the_way);
    ProgressView {
        remaining_m: left.map(|metres| metres.round() as i64),
        progress: delivery.progress().filter(|_| on_the_way).map(|part| (part * 100.0).round() / 100.0),
        stops_before: sees(delivery, audience, Element::StopsBefore, now)
            .then_some(delivery.live.stops_before),
        off_route: is_shown && delivery.is_off_route(),
    }
}

pub fn details(delivery: &Delivery, audience: Audience, now: Millis) -> Details {
    let facts = &delivery.facts;
    let clock =
        facts.clock.simulation().map(|(origin, rate)| ClockView { origin: origin.0 as f64 / 1000.0, rate });
    let mut details = Details { clock, ..Details::default() };
    if sees(delivery, audience, Element::Route, now) {
        details.route = delivery.route_text().map(str::to_owned);
    }
    if audience == Audience::Public {
        return details;
    }
    details.instructions = facts.instructions.clone();
    let handover = &delivery.live.handover;
    details.proof = handover.proofs.iter().map(ProofView::from).collect();
    if audience != Audience::Driver {
        details.rating = handover.rating.as_ref().map(RatingView::from);
        details.handover_code = facts.handover_code.clone();
    }
    if !audience.is_inside() {
        return details;
    }
    details.phone = facts.phone.clone();
    details.window = facts.window.map(WindowView::from);
    details.mode = Some(facts.mode);
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
