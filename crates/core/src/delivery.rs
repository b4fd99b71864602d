//! The aggregate: what a delivery knows, and the only way it changes.
//!
//! [`Delivery::start`] and [`Delivery::apply`] are pure: the same commands at the same times give the same
//! state. They either refuse and change nothing, or say what happened as events, each with its sequence
//! number.

mod assigning;
mod audit;
mod change;
mod correcting;
mod driven;
mod event;
mod fenced;
mod guidance;
mod handover;
mod measured;
mod noticed;
mod reporting;
mod state;
mod stored;
#[cfg(test)]
pub(crate) mod tests;

use std::rc::Rc;

use crate::auth::Caller;
use crate::clock::{Clock, Millis};
use crate::counts::Totals;
use crate::eta::{Journey, Model};
use crate::fleet::reporting::Reporting;
use crate::geofence::{Fences, Passing};
use crate::keeping_up::Asked;
use crate::outbox::Outbox;
use crate::permission::{self, Action, Circumstances, Owners, Party};
use crate::published::Published;
use crate::recent::{Archive, Recent};
use crate::rejection::Rejection;
use crate::route::Route;
use crate::status::{Status, Step};
use crate::tracking_id::TrackingId;
use crate::visibility::rules::{Element, Rules};
use crate::wire::correction::Correction;
use crate::wire::report::{Report, StatusReport};
use crate::wire::snapshot::FixCounts;
use crate::wire::start::{Place, StartRequest, Visibility};

pub use audit::{ACTS_MAX, Act, Actor, Acts, EntryKind};
pub use change::Change;
pub use driven::{Driven, PresenceEvent, Told};
pub use event::{Event, GeofenceEvent, KeptEvent, Outcome, StatusEvent};
pub use guidance::{Following, Guidance};
pub use handover::{Handover, PROOFS_MAX, Proof, ProofKind, Rating};
pub use measured::{Figures, Measured};
pub use noticed::{Noticed, Thresholds};
pub use state::{Facts, Live, Reached};
pub use stored::StoredLive;

/// So long after its last message a driver without a socket counts as online, in ms.
const CONTACT_SPAN: i64 = 90_000;

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
    /// How near is near, where it does not say.
    pub default_fences: Fences,
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
            fences: start.default_fences.with(&request.geofences.unwrap_or_default()),
            metadata: request.metadata,
            clock,
            started: now,
            request_digest: digest,
        };
        let live = Live {
            seq: 1,
            timeline: vec![Reached::new(status, now)],
            acts: Acts::default(),
            recent: Recent::default(),
            fixes: FixCounts::default(),
            measured: Measured::default(),
            totals: Totals::default(),
            eta: None,
            journey: Journey::default(),
            following: Following::default(),
            passing: Passing::default(),
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
            reporting: Reporting::default(),
            noticed: Noticed::default(),
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
        let actor = Actor::from(by);
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
                self.assign((driver_id, driver_alias), &actor, now)?
            }
            Command::Unassign => {
                self.permit(party, Some(by), Action::Assign)?;
                self.release(None, &actor, now)?
            }
            Command::Accept => {
                self.permit(party, Some(by), Action::Answer)?;
                self.accept(&actor, now)?
            }
            Command::Decline { reason } => {
                self.permit(party, Some(by), Action::Answer)?;
                self.release(self.declined_note(reason.as_deref()), &actor, now)?
            }
            Command::Correct(correction) => {
                let action = if correction.is_instruction() { Action::Instruct } else { Action::Correct };
                self.permit(party, Some(by), action)?;
                self.correct(*correction, &actor, now)?
            }
            Command::Prove(proof) => {
                self.permit(party, Some(by), Action::Prove)?;
                self.prove(proof, &actor, now)?
            }
        };
        if outcome.changed {
            for reached in self.live.timeline.iter_mut().skip(steps) {
                reached.by = Some(actor.clone());
            }
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
                by: None,
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
