//! The aggregate: what a delivery knows, and the only way it changes.
//!
//! [`Delivery::start`] and [`Delivery::apply`] are pure: the same commands at the same times give the same
//! state. They either refuse and change nothing, or say what happened as events, each with its sequence
//! number.

mod assigning;
mod change;
mod correcting;
mod driven;
mod guidance;
mod handover;
mod reporting;
mod stored;
#[cfg(test)]
pub(crate) mod tests;

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::clock::{Clock, Millis};
use crate::eta::{Estimate, Journey, Model};
use crate::fix::Position;
use crate::keeping_up::Asked;
use crate::outbox::Outbox;
use crate::permission::{self, Action, Circumstances, Owners, Party};
use crate::published::Published;
use crate::recent::{Archive, Key, Recent};
use crate::rejection::Rejection;
use crate::route::Route;
use crate::status::{Status, Step};
use crate::track::Chunk;
use crate::tracking_id::TrackingId;
use crate::visibility::rules::{Element, Rules};
use crate::wire::correction::Correction;
use crate::wire::frames::MessageId;
use crate::wire::report::{Counts, Report, StatusReport};
use crate::wire::snapshot::FixCounts;
use crate::wire::start::{Mode, Place, StartRequest, Visibility, Window};

pub use change::Change;
pub use driven::{Driven, PresenceEvent, Told};
pub use guidance::{Following, Guidance};
pub use handover::{Handover, PROOFS_MAX, Proof, ProofKind, Rating};
pub use stored::StoredLive;

/// So long after its last message a driver without a socket counts as online, in ms.
const CONTACT_SPAN: i64 = 90_000;

/// What was said when it started; it rarely changes: see [`Outcome::facts_changed`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    pub tracking_id: TrackingId,
    /// Random, made with the storage.
    pub epoch: String,
    pub order_id: String,
    pub driver_id: Option<String>,
    /// What the driver is called towards the public and the customer.
    pub driver_alias: Option<String>,
    pub customer_id: Option<String>,
    pub store_id: Option<String>,
    pub pickup: Option<Place>,
    pub dropoff: Place,
    pub phone: Option<String>,
    pub mode: Mode,
    pub window: Option<Window>,
    pub route: Option<String>,
    pub instructions: Option<String>,
    /// What the recipient says to the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover_code: Option<String>,
    pub visibility: Visibility,
    /// What those outside see.
    #[serde(default)]
    pub rules: Rules,
    pub metadata: Option<Map<String, Value>>,
    pub clock: Clock,
    pub started: Millis,
    /// Tells a repeated start from another under the same `Idempotency-Key`.
    pub request_digest: String,
}

/// A status reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reached {
    pub status: Status,
    pub at: Millis,
    pub note: Option<String>,
    pub reason: Option<String>,
    /// Of the report, where it had one: sent again, it changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
}

impl Reached {
    const fn new(status: Status, at: Millis) -> Self {
        Self { status, at, note: None, reason: None, id: None }
    }
}

/// What changes while it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    pub seq: u64,
    pub timeline: Vec<Reached>,
    pub recent: Recent,
    /// What became of the fixes that were sent.
    pub fixes: FixCounts,
    pub eta: Option<Estimate>,
    /// What the ETA knows of the way so far.
    pub journey: Journey,
    pub following: Following,
    pub stops_before: u32,
    /// What passes between it and its driver's object.
    pub driven: Driven,
    /// The newest fix that was broadcast.
    pub shown: Option<Key>,
    /// Since when those outside see the location, in the time of fixes; `None` while it is hidden.
    pub shown_since: Option<Millis>,
    /// When the driver agreed to it.
    pub accepted_at: Option<Millis>,
    /// When the driver was last heard of.
    pub contact: Option<Millis>,
    pub updated: Millis,
    /// Grows with each change, whether or not anybody is told.
    pub revision: u64,
    /// How many chunks of history are closed.
    pub chunks: u32,
    pub published: Published,
    pub handover: Handover,
    pub outbox: Outbox,
    /// How often watchers were told, and asked whether they keep up.
    pub asked: Asked,
}

/// One delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub facts: Facts,
    pub live: Live,
    pub guidance: Guidance,
    /// The way that is followed: follows from `facts` and `guidance`.
    route: Option<Route>,
}

/// What starts a delivery: the request, and what only the platform can provide.
#[derive(Clone, Debug)]
pub struct Start {
    pub tracking_id: TrackingId,
    pub epoch: String,
    pub driver_alias: Option<String>,
    pub request: StartRequest,
    /// Visibility where the request does not say.
    pub default_visibility: Visibility,
    /// What those outside see where it does not say.
    pub default_rules: Rules,
    /// The deployment's own, where it has one.
    pub model: Option<Rc<Model>>,
    /// Wall clock.
    pub wall: Millis,
}

/// What may be asked of a running delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Report(Report),
    Status(StatusReport),
    Assign { driver_id: String, driver_alias: String },
    Unassign,
    Accept,
    Decline { reason: Option<String> },
    Correct(Box<Correction>),
    Prove(Proof),
}

impl Command {
    /// The same, as the driver's line passes it on.
    #[must_use]
    pub fn relayed(self) -> Self {
        match self {
            Self::Report(report) => Self::Report(Report { relayed: true, ..report }),
            other => other,
        }
    }
}

/// Something that happened, in the order of `seq`.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Kept, for those who were away.
    Status(StatusEvent),
    /// Another driver, or one who has agreed, or a correction, while the status stays: told by the whole state. Kept.
    Changed(StatusEvent),
    /// A newer position. `path` holds those since the last, smoothed, with their times, this one last.
    Moved { seq: u64, path: Vec<(Millis, Position)> },
    /// Another ETA without another position.
    Estimated { seq: u64 },
    /// Kept, as a status is.
    Presence(PresenceEvent),
}

/// An event that is kept for those who were away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeptEvent {
    Status(StatusEvent),
    Presence(PresenceEvent),
}

impl Event {
    /// Its number.
    pub const fn seq(&self) -> u64 {
        match self {
            Self::Status(event) | Self::Changed(event) => event.seq,
            Self::Presence(event) => event.seq,
            Self::Moved { seq, .. } | Self::Estimated { seq } => *seq,
        }
    }

    /// What is kept of it, with its number.
    pub fn kept(&self) -> Option<(u64, KeptEvent)> {
        match self {
            Self::Status(event) | Self::Changed(event) => Some((event.seq, KeptEvent::Status(event.clone()))),
            Self::Presence(event) => Some((event.seq, KeptEvent::Presence(event.clone()))),
            Self::Moved { .. } | Self::Estimated { .. } => None,
        }
    }
}

impl From<KeptEvent> for Event {
    fn from(kept: KeptEvent) -> Self {
        match kept {
            KeptEvent::Status(event) => Self::Status(event),
            KeptEvent::Presence(event) => Self::Presence(event),
        }
    }
}

/// A status reached, as it is kept for those who were away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusEvent {
    pub seq: u64,
    pub status: Status,
    pub at: Millis,
    pub note: Option<String>,
    /// More than the status has changed: whoever follows is told the whole state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// What a command came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub events: Vec<Event>,
    /// Of a report.
    pub counts: Counts,
    /// Chunks of history that are full, with their numbers.
    pub chunks: Vec<(u32, Chunk)>,
    /// Whether there is anything to store.
    pub changed: bool,
    /// The positions were kept, the status was not.
    pub conflict: Option<Rejection>,
    /// A fix was dated in the future.
    pub wrong_clock: bool,
    /// What the ETA rests on has changed.
    pub guided: bool,
    /// Those outside do not see the location any more, while the driver is under way.
    pub hidden: bool,
    /// Another driver has it, or it was corrected: who may see it may be others.
    pub facts_changed: bool,
}

impl Outcome {
    /// What this and then `next` came to, to be stored and told as one; the counts stay apart.
    pub fn join(&mut self, next: Self) {
        for event in next.events {
            match (self.events.last_mut(), event) {
                (Some(Event::Moved { seq, path }), Event::Moved { seq: newer, path: more }) => {
                    *seq = newer;
                    path.extend(more);
                }
                (_, event) => self.events.push(event),
            }
        }
        self.chunks.extend(next.chunks);
        self.changed |= next.changed;
        self.guided |= next.guided;
        self.hidden |= next.hidden;
        self.facts_changed |= next.facts_changed;
    }

    /// How many broadcasts it causes; positions may wait for others, and count once.
    pub fn broadcasts(&self) -> u64 {
        let told = |event: &Event| match event {
            Event::Status(StatusEvent { whole, .. }) => 1 + u64::from(*whole),
            _ => 1,
        };
        self.events.iter().map(told).sum::<u64>() + u64::from(self.hidden)
    }
}

/// How long a delivery can be read, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// Not final: from the later of its start and the end of its window.
    pub active: i64,
    /// Final: from then.
    pub finished: i64,
}

impl Delivery {
    pub fn start(start: Start) -> (Self, Outcome) {
        let request = start.request;
        let digest = digest(&request);
        let clock = request.clock.map_or(Clock::WALL, |c| Clock::simulated(c.origin, c.rate, start.wall));
        let now = clock.now(start.wall);
        let status = if request.driver_id.is_some() { Status::Assigned } else { Status::Created };
        let facts = Facts {
            tracking_id: start.tracking_id,
            epoch: start.epoch,
            order_id: request.order_id,
            driver_id: request.driver_id,
            driver_alias: start.driver_alias,
            customer_id: request.customer_id,
            store_id: request.store_id,
            pickup: request.pickup,
            dropoff: request.dropoff,
            phone: request.phone,
            mode: request.mode.unwrap_or_default(),
            window: request.window,
            route: request.route,
            instructions: request.instructions,
            handover_code: request.handover_code,
            visibility: request.visibility.unwrap_or(start.default_visibility),
            rules: start.default_rules.with(&request.visibility_rules.unwrap_or_default()),
            metadata: request.metadata,
            clock,
            started: now,
            request_digest: digest,
        };
        let live = Live {
            seq: 1,
            timeline: vec![Reached::new(status, now)],
            recent: Recent::default(),
            fixes: FixCounts::default(),
            eta: None,
            journey: Journey::default(),
            following: Following::default(),
            stops_before: 0,
            driven: Driven::default(),
            shown: None,
            shown_since: None,
            accepted_at: None,
            contact: None,
            updated: now,
            revision: 1,
            chunks: 0,
            published: Published::default(),
            handover: Handover::default(),
            outbox: Outbox::default(),
            asked: Asked::default(),
        };
        let event = Event::Status(StatusEvent { seq: 1, status, at: now, note: None, whole: false });
        let from = facts.pickup.as_ref().map(Place::position);
        let guidance = Guidance::of(start.model.as_deref(), from, facts.dropoff.position(), facts.mode);
        let outcome = Outcome {
            events: vec![event],
            changed: true,
            guided: !guidance.is_empty(),
            ..Outcome::default()
        };
        let mut delivery = Self::new(facts, live, guidance);
        // Without a position this holds only where it always does.
        delivery.note_shown(Some(Millis(0)), now);
        (delivery, outcome)
    }

    fn new(facts: Facts, live: Live, guidance: Guidance) -> Self {
        let mut delivery = Self { facts, live, guidance, route: None };
        delivery.route = delivery.route_text().and_then(Route::decode);
        delivery
    }

    /// Whether `request` is the one that this delivery was started with.
    pub fn was_started_with(&self, request: &StartRequest) -> bool {
        self.facts.request_digest == digest(request)
    }

    /// Carries out a command of `by` at the delivery's `now`.
    pub fn apply(
        &mut self,
        command: Command,
        by: &Caller,
        now: Millis,
        archive: &dyn Archive,
    ) -> Result<Outcome, Rejection> {
        let party = self.party(Some(by));
        let steps = self.live.timeline.len();
        let mut outcome = match command {
            Command::Status(report) => {
                self.permit_status(party, report.status)?;
                let event = self.reach(&report, now)?;
                let mut outcome = Outcome { changed: event.is_some(), ..Outcome::default() };
                outcome.events.extend(event.map(Event::Status));
                outcome
            }
            Command::Report(report) => {
                if !report.fixes.is_empty() {
                    self.permit(party, Some(by), Action::SendLocations)?;
                }
                if let Some(status) = &report.status {
                    self.permit_status(party, status.status)?;
                }
                self.take(report, party, now, archive)
            }
            Command::Assign { driver_id, driver_alias } => {
                self.permit(party, Some(by), Action::Assign)?;
                self.assign(driver_id, driver_alias, now)?
            }
            Command::Unassign => {
                self.permit(party, Some(by), Action::Assign)?;
                self.release(None, now)?
            }
            Command::Accept => {
                self.permit(party, Some(by), Action::Answer)?;
                self.accept(now)?
            }
            Command::Decline { reason } => {
                self.permit(party, Some(by), Action::Answer)?;
                self.release(self.declined_note(reason.as_deref()), now)?
            }
            Command::Correct(correction) => {
                let action = if correction.is_instruction() { Action::Instruct } else { Action::Correct };
                self.permit(party, Some(by), action)?;
                self.correct(*correction, now)?
            }
            Command::Prove(proof) => {
                self.permit(party, Some(by), Action::Prove)?;
                self.prove(proof, now)?
            }
        };
        if outcome.changed {
            self.live.revision += 1;
            let reached = self.live.timeline.last().filter(|_| self.live.timeline.len() > steps);
            outcome.hidden = self.note_shown(reached.map(|reached| reached.at), now);
        }
        Ok(outcome)
    }

    /// Notes whether those outside see the location now: what was hidden is never shown later. `at` is when what
    /// lets them see it came about, where that is not the newest position. Whether it is hidden from now on.
    fn note_shown(&mut self, at: Option<Millis>, now: Millis) -> bool {
        let rule = self.facts.rules.of(Element::Location);
        if !rule.holds(self, now) {
            let was_shown = self.live.shown_since.take().is_some();
            return was_shown && self.status().is_under_way();
        }
        let newest = self.live.recent.live().map_or(now, |fix| fix.time);
        let since = at.filter(|_| !rule.follows_the_way()).unwrap_or(newest);
        self.live.shown_since.get_or_insert(since);
        false
    }

    /// What somebody is to this delivery.
    pub fn party(&self, caller: Option<&Caller>) -> Party {
        let Facts { driver_id, customer_id, store_id, .. } = &self.facts;
        Party::of(caller, Owners::new(driver_id, customer_id, store_id))
    }

    /// Refuses what `caller`, being `party`, may not do now.
    pub fn permit(&self, party: Party, caller: Option<&Caller>, action: Action) -> Result<(), Rejection> {
        permission::permit(caller, party, action, self.circumstances())
    }

    /// What permissions depend on, while it can be read.
    pub fn circumstances(&self) -> Circumstances {
        Circumstances {
            picked_up: self.reached(Status::PickedUp).is_some(),
            is_final: self.status().is_final(),
            is_public: self.facts.visibility == Visibility::Public,
            has_expired: false,
        }
    }

    pub fn status(&self) -> Status {
        self.live.timeline.last().map_or(Status::Created, |reached| reached.status)
    }

    /// Whether a report of this status would be news.
    pub fn would_reach(&self, status: Status) -> bool {
        matches!(self.status().step(status), Step::Through(_))
    }

    /// When a status was reached.
    pub fn reached(&self, status: Status) -> Option<Millis> {
        self.live.timeline.iter().find(|reached| reached.status == status).map(|reached| reached.at)
    }

    /// When it ended.
    pub fn ended(&self) -> Option<Millis> {
        self.live.timeline.last().filter(|reached| reached.status.is_final()).map(|reached| reached.at)
    }

    /// Whether it can no longer be read.
    pub fn has_expired(&self, spans: Spans, now: Millis) -> bool {
        now >= self.expires(spans) || self.live.outbox.is_closing()
    }

    /// From when on it cannot be read.
    pub fn expires(&self, spans: Spans) -> Millis {
        let window_end = self.facts.window.and_then(|window| window.to);
        match self.ended() {
            // One that was reported late, by a phone that was offline, is read as long as any other.
            Some(ended) => ended.max(self.live.updated).plus(spans.finished),
            None => window_end.unwrap_or_default().max(self.facts.started).plus(spans.active),
        }
    }

    /// Whether somebody who saw `since` of `epoch` can be told what came after.
    pub fn can_resume(&self, since: u64, epoch: Option<&str>) -> bool {
        epoch == Some(&self.facts.epoch) && since <= self.live.seq
    }

    /// Whether the driver was heard of lately.
    pub fn driver_in_contact(&self, now: Millis) -> bool {
        self.live.contact.is_some_and(|contact| now.since(contact) <= CONTACT_SPAN)
    }

    fn permit_status(&self, party: Party, wanted: Status) -> Result<(), Rejection> {
        let action = match wanted {
            Status::Failed => Action::Fail,
            Status::Cancelled => Action::Cancel,
            _ => Action::Forward,
        };
        let refusal = Rejection::Forbidden(format!("this is not yours to set to {wanted}"));
        self.permit(party, None, action).map_err(|_| refusal)
    }

    /// Takes a status; `None` where it stands there already, or the report has been taken before.
    fn reach(&mut self, report: &StatusReport, now: Millis) -> Result<Option<StatusEvent>, Rejection> {
        // A phone that begins to count anew may use an id for another status.
        let is_known = |reached: &Reached| reached.id == report.id && reached.status == report.status;
        if report.id.is_some() && self.live.timeline.iter().any(is_known) {
            return Ok(None);
        }
        let path = match self.status().step(report.status) {
            Step::Same => return Ok(None),
            Step::Illegal => return Err(Rejection::IllegalStep { from: self.status(), to: report.status }),
            Step::Through(path) => path,
        };
        let before = self.live.timeline.last().map_or(self.facts.started, |reached| reached.at);
        let at = report.at.unwrap_or(now).min(now).max(before);
        for status in path {
            let wanted = status == report.status;
            self.live.timeline.push(Reached {
                status,
                at,
                note: report.note.clone().filter(|_| wanted),
                reason: report.reason.clone().filter(|_| wanted),
                id: report.id.clone().filter(|_| wanted),
            });
        }
        self.refresh_eta();
        self.publish_eta(now, true);
        self.live.updated = now;
        let (seq, status, note) = (self.next_seq(), report.status, report.note.clone());
        Ok(Some(StatusEvent { seq, status, at, note, whole: false }))
    }

    fn next_seq(&mut self) -> u64 {
        self.live.seq += 1;
        self.live.seq
    }
}

/// SHA-256 of a request in its canonical form, in hexadecimal.
fn digest(request: &StartRequest) -> String {
    use sha2::{Digest, Sha256};
    // Serializing a type of ours to memory has no error to report.
    let bytes = serde_json::to_vec(request).unwrap_or_default();
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}
