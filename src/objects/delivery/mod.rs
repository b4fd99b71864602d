//! One delivery: authoritative for its location, status, ETA and watchers.
//!
//! State: a [`Delivery`](onway_core::delivery::Delivery) in memory, which is a cache of the rows in
//! `store`, and the sockets. Each event is handled in one synchronous section: decide in the core, write,
//! set the alarm, acknowledge, broadcast. The output gate holds all that is sent until the writes are
//! durable, so nothing is acknowledged or shown that could be lost. A panic loses the memory of this
//! object alone; the next event loads it from its rows.

mod access;
mod answers;
mod driver;
mod fleet;
mod frames;
mod handover;
mod leaving;
mod links;
mod notices;
mod outbox;
mod record;
mod routing;
mod session;
mod store;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use onway_core::rejection::Rejection;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::{
    DurableObject, Env, Error, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
};

use self::session::Session;
use super::exports::export;
use crate::contract::{Ask, DeliveryRequest};
use crate::{models, problem, sockets};

#[wasm_bindgen]
#[derive(Clone)]
pub struct DeliveryObject {
    /// Shared with the timer of a frame that waits.
    session: Rc<Session>,
}

export!(DeliveryObject);

// What a panic interrupts is taken out of its cell before, so nothing half-changed is ever found.
impl UnwindSafe for DeliveryObject {}
impl RefUnwindSafe for DeliveryObject {}

impl DurableObject for DeliveryObject {
    fn new(state: State, env: Env) -> Self {
        Self { session: Rc::new(Session::new(state, env)) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let asked = match DeliveryRequest::read(&request) {
            Ok(asked) => asked,
            Err(rejection) => return problem::response(&rejection),
        };
        let body = request.bytes().await?;
        if let DeliveryRequest::Start { repeatable, .. } = &asked {
            if *repeatable && self.session.was_here().await {
                return problem::response(&Rejection::Gone);
            }
            self.session.learn(models::current(self.session.env()).await);
        }
        let answer = match asked {
            DeliveryRequest::Prove { by, kind } => self.session.prove(&by, kind, body).await,
            DeliveryRequest::Proof { by, id } => self.session.proof(by.as_ref(), &id).await,
            DeliveryRequest::Erase { by, judge } => self.session.erase(&by, judge).await,
            DeliveryRequest::Finish => self.session.finish().await,
            asked => self.session.answer(asked, &body),
        };
        answer.or_else(|rejection| problem::response(&rejection))
    }

    async fn alarm(&self) -> Result<Response> {
        // A failure of our own storage is left to the platform, which tries again.
        match self.session.drain().await {
            Ok(()) => Response::empty(),
            Err(rejection) => Err(Error::RustError(rejection.to_string())),
        }
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        self.session.receive(&socket, message).await
    }

    async fn websocket_close(
        &self,
        socket: WebSocket,
        code: usize,
        reason: String,
        _clean: bool,
    ) -> Result<()> {
        self.session.left(&socket, code, &reason);
        sockets::close_back(&socket, code, reason);
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _error: Error) -> Result<()> {
        self.session.left(&socket, 1006, "");
        Ok(())
    }
}
