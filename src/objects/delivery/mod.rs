//! One delivery: authoritative for its location, status, ETA and watchers.
//!
//! State: a [`Delivery`] in memory, which is a cache of the rows in [`Store`], and the sockets. Each event
//! is handled in one synchronous section: decide in the core, write, acknowledge, broadcast. The output
//! gate holds all that is sent until the writes are durable, so nothing is acknowledged or shown that
//! could be lost. A panic loses the memory of this object alone; the next event loads it from its rows.

mod frames;
mod store;

use std::cell::RefCell;
use std::panic::{RefUnwindSafe, UnwindSafe};

use onway_core::auth::Caller;

use onway_core::delivery::{Command, Delivery, Event, Outcome, Start};
use onway_core::permission::Action;
use onway_core::rejection::Rejection;
use onway_core::tracking_id::TrackingId;
use onway_core::visibility::{self, Audience};
use onway_core::wire::report::{REQUEST_FIXES_MAX, Report, Updated, parse_status};
use onway_core::wire::{ServerFrame, Snapshot, StartRequest, input};
use worker::{
    DurableObject, Env, Error, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
    durable_object,
};

use self::store::Store;
use crate::config::Config;
use crate::contract::DeliveryRequest;
use crate::identity::wall;
use crate::problem::{self, Answer, ours};
use crate::sockets::{self, Attachment, Sockets};

#[durable_object]
pub struct DeliveryObject {
    state: State,
    env: Env,
    store: Store,
    sockets: Sockets,
    /// `None` until an event needs it, and after a panic.
    cached: RefCell<Option<Delivery>>,
}

// What a panic interrupts is taken out of its cell before, so nothing half-changed is ever found.
impl UnwindSafe for DeliveryObject {}
impl RefUnwindSafe for DeliveryObject {}

impl DurableObject for DeliveryObject {
    fn new(state: State, env: Env) -> Self {
        let store = Store::new(state.storage().sql());
        Self { state, env, store, sockets: Sockets::default(), cached: RefCell::default() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let asked = match DeliveryRequest::read(&request) {
            Ok(asked) => asked,
            Err(rejection) => return problem::response(&rejection),
        };
        let body = request.bytes().await?;
        self.answer(asked, &body).or_else(|rejection| problem::response(&rejection))
    }

    async fn alarm(&self) -> Result<Response> {
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        self.receive(&socket, message).await
    }

    async fn websocket_close(
        &self,
        socket: WebSocket,
        code: usize,
        reason: String,
        _clean: bool,
    ) -> Result<()> {
        self.sockets.forget(&socket);
        // Closing back completes the handshake. 1005 stands for a close without a code, and is answered by
        // one; 1006 and 1015 stand for a connection that is gone.
        match code {
            1006 | 1015 => {}
            1005 => drop(socket.close::<String>(None, None)),
            _ => drop(socket.close(u16::try_from(code).ok(), Some(reason))),
        }
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _error: Error) -> Result<()> {
        self.sockets.forget(&socket);
        Ok(())
    }
}

impl DeliveryObject {
    fn answer(&self, asked: DeliveryRequest, body: &[u8]) -> Answer {
        match asked {
            DeliveryRequest::Start { by } => self.start(&by, body),
            DeliveryRequest::Update { by } => self.update(&by, body),
            DeliveryRequest::SetStatus { by } => self.set_status(&by, body),
            DeliveryRequest::Read { by, if_none_match } => self.read(by.as_ref(), if_none_match.as_deref()),
            DeliveryRequest::Follow { by, subprotocol, since, epoch } => self
                .follow(by, subprotocol, since, epoch.as_deref())
                .or_else(|rejection| sockets::refuse(&rejection, subprotocol).map_err(ours)),
            #[cfg(feature = "test-utils")]
            #[allow(clippy::panic, reason = "it is what the route is for")]
            DeliveryRequest::Panic => panic!("a test asked for it"),
            #[cfg(feature = "test-utils")]
            DeliveryRequest::Rows => {
                let rows = serde_json::json!({ "rows_written": self.store.rows_written() });
                Response::from_json(&rows).map_err(ours)
            }
        }
    }

    fn start(&self, by: &Caller, body: &[u8]) -> Answer {
        let request: StartRequest = serde_json::from_slice(body).map_err(|_| Rejection::Internal)?;
        let delivery = match self.take()? {
            Some(delivery) if delivery.was_started_with(&request) => delivery,
            Some(delivery) => {
                self.keep(delivery);
                return Err(Rejection::invalid(
                    "Idempotency-Key",
                    "this Idempotency-Key has started a delivery with another body",
                ));
            }
            None => self.create(request)?,
        };
        let expired = self.has_expired(&delivery);
        let snapshot = self.snapshot(&delivery, delivery.party(Some(by)).into());
        self.keep(delivery);
        if expired {
            return Err(Rejection::Gone);
        }
        let response = Response::from_json(&snapshot).map_err(ours)?.with_status(201);
        let location = format!("/tracking/{}", snapshot.tracking_id);
        response.headers().set("Location", &location).map_err(ours)?;
        Ok(response)
    }

    fn create(&self, request: StartRequest) -> std::result::Result<Delivery, Rejection> {
        let config = Config::new(&self.env);
        let tracking_id = TrackingId::trusted(self.state.id().name().ok_or(Rejection::Internal)?);
        let keys = config.id_keys()?;
        let alias = request.driver_id.as_deref().map(|driver| keys.driver_alias(&tracking_id, driver));
        let (delivery, outcome) = Delivery::start(Start {
            tracking_id,
            epoch: epoch()?,
            driver_alias: alias,
            request,
            default_visibility: config.default_visibility(),
            wall: wall(),
        });
        self.store.create(&delivery, &outcome).map_err(ours)?;
        Ok(delivery)
    }

    fn update(&self, by: &Caller, body: &[u8]) -> Answer {
        let body = input::json(body)?;
        let mut delivery = self.take_live()?;
        let now = delivery.facts.clock.now(wall());
        let applied = Report::parse(&body, now, REQUEST_FIXES_MAX)
            .and_then(|report| self.apply(&mut delivery, Command::Report(report), by));
        let answer = applied.and_then(|outcome| {
            self.broadcast(&delivery, &outcome.events);
            match outcome.conflict {
                Some(conflict) => problem::with_counts(&conflict, Some(outcome.counts)).map_err(ours),
                None => {
                    let snapshot = self.snapshot(&delivery, delivery.party(Some(by)).into());
                    Response::from_json(&Updated { snapshot, counts: outcome.counts }).map_err(ours)
                }
            }
        });
        self.keep(delivery);
        answer
    }

    fn set_status(&self, by: &Caller, body: &[u8]) -> Answer {
        let report = parse_status(&input::json(body)?)?;
        let mut delivery = self.take_live()?;
        let answer = self.apply(&mut delivery, Command::Status(report), by).and_then(|outcome| {
            self.broadcast(&delivery, &outcome.events);
            Response::from_json(&self.snapshot(&delivery, delivery.party(Some(by)).into())).map_err(ours)
        });
        self.keep(delivery);
        answer
    }

    fn read(&self, by: Option<&Caller>, if_none_match: Option<&str>) -> Answer {
        let delivery = self.take_live()?;
        let audience = see(&delivery, by);
        let seen = audience.map(|audience| (self.snapshot(&delivery, audience), audience));
        self.keep(delivery);
        let (snapshot, audience) = seen?;
        let tag = format!(
            "W/\"{}-{}-{}-{}\"",
            snapshot.epoch,
            snapshot.seq,
            audience.name(),
            snapshot.location_state.name()
        );
        // Weak comparison (RFC 9110, 8.8.3.2): with or without `W/`.
        let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
        let known = |listed: &str| listed.trim() == "*" || strong(listed) == strong(&tag);
        let unchanged = if_none_match.is_some_and(|tags| tags.split(',').any(known));
        let response = if unchanged {
            Response::empty().map_err(ours)?.with_status(304)
        } else {
            Response::from_json(&snapshot).map_err(ours)?
        };
        for (name, value) in
            [("ETag", tag.as_str()), ("Cache-Control", "private, no-cache"), ("Vary", "Authorization")]
        {
            response.headers().set(name, value).map_err(ours)?;
        }
        Ok(response)
    }

    fn follow(
        &self,
        by: Option<Caller>,
        subprotocol: bool,
        since: Option<u64>,
        epoch: Option<&str>,
    ) -> Answer {
        let delivery = self.take_live()?;
        let answer = see(&delivery, by.as_ref()).and_then(|audience| {
            let attachment = Attachment { by, audience };
            // The Worker found it valid; that may have been the last of it.
            if attachment.has_expired(wall()) {
                return Err(Rejection::InvalidToken("it has expired".into()));
            }
            let (response, socket) = self
                .sockets
                .accept(&self.state, attachment, subprotocol)
                .map_err(ours)?
                .ok_or_else(|| Rejection::Forbidden("too many sockets follow this delivery".into()))?;
            for frame in self.greeting(&delivery, audience, since, epoch)? {
                sockets::send(&socket, &frame).map_err(ours)?;
            }
            Ok(response)
        });
        self.keep(delivery);
        answer
    }

    /// Decides and writes; what was refused has changed nothing.
    fn apply(
        &self,
        delivery: &mut Delivery,
        command: Command,
        by: &Caller,
    ) -> std::result::Result<Outcome, Rejection> {
        let now = delivery.facts.clock.now(wall());
        let outcome = delivery.apply(command, by, now, &self.store)?;
        if outcome.changed
            && let Err(error) = self.store.write(delivery, &outcome)
        {
            // What could not be written has not happened.
            if let Some(stored) = self.store.load().map_err(ours)? {
                *delivery = stored;
            }
            return Err(ours(error));
        }
        Ok(outcome)
    }

    fn broadcast(&self, delivery: &Delivery, events: &[Event]) {
        let (wall, now) = (wall(), delivery.facts.clock.now(wall()));
        for event in events {
            let frame = |audience| visibility::frame(delivery, event, audience, now);
            self.sockets.broadcast(&self.state, wall, frame);
        }
    }

    fn snapshot(&self, delivery: &Delivery, audience: Audience) -> Snapshot {
        let now = delivery.facts.clock.now(wall());
        visibility::snapshot(delivery, audience, now, self.sockets.is_driver_connected(&self.state))
    }

    /// What a new socket is told first: what it missed, or the whole state.
    fn greeting(
        &self,
        delivery: &Delivery,
        audience: Audience,
        since: Option<u64>,
        epoch: Option<&str>,
    ) -> std::result::Result<Vec<ServerFrame>, Rejection> {
        let now = delivery.facts.clock.now(wall());
        let resumable = since.filter(|since| delivery.can_resume(*since, epoch));
        let Some(since) = resumable else {
            return Ok(vec![ServerFrame::InitialState { data: Box::new(self.snapshot(delivery, audience)) }]);
        };
        let missed = self.store.events_after(since).map_err(ours)?;
        let connected = self.sockets.is_driver_connected(&self.state);
        Ok(visibility::resume(delivery, &missed, audience, now, connected))
    }

    /// Takes the delivery out of its cell; `None` where this object is empty.
    fn take(&self) -> std::result::Result<Option<Delivery>, Rejection> {
        if let Some(delivery) = self.cached.take() {
            return Ok(Some(delivery));
        }
        self.store.load().map_err(ours)
    }

    /// The same, for what only a delivery that has not expired can answer.
    fn take_live(&self) -> std::result::Result<Delivery, Rejection> {
        let delivery = self.take()?.ok_or(Rejection::Gone)?;
        if self.has_expired(&delivery) {
            self.keep(delivery);
            return Err(Rejection::Gone);
        }
        Ok(delivery)
    }

    fn has_expired(&self, delivery: &Delivery) -> bool {
        delivery.has_expired(Config::new(&self.env).spans(), delivery.facts.clock.now(wall()))
    }

    fn keep(&self, delivery: Delivery) {
        self.cached.replace(Some(delivery));
    }
}

/// The audience that `by` belongs to, where it may see the delivery at all.
fn see(delivery: &Delivery, by: Option<&Caller>) -> std::result::Result<Audience, Rejection> {
    let party = delivery.party(by);
    delivery.permit(party, by, Action::See)?;
    Ok(party.into())
}

fn epoch() -> std::result::Result<String, Rejection> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| Rejection::Internal)?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
