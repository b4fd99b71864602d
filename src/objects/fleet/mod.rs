//! A hub: a live read model of many deliveries, for dashboards, lists and counts.
//!
//! State: a [`Model`](onway_core::fleet::model::Model) in memory. What a delivery is told at once is a row before it
//! is answered; positions are written by a checkpoint a minute, and the next reports bring those that an eviction
//! loses. Nothing depends on a hub: a delivery tells again what a hub has not heard.

mod answers;
mod line;
mod session;
mod store;
mod watching;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use worker::{
    DurableObject, Env, Error, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
};

use self::session::Session;
use super::exports::export;
use crate::contract::{Ask, FleetRequest};
use crate::{log, problem, sockets};

#[wasm_bindgen]
#[derive(Clone)]
pub struct FleetObject {
    session: Rc<Session>,
}

export!(FleetObject);

// What a panic interrupts is taken out of its cell before, so nothing half-changed is ever found.
impl UnwindSafe for FleetObject {}
impl RefUnwindSafe for FleetObject {}

impl DurableObject for FleetObject {
    fn new(state: State, env: Env) -> Self {
        Self { session: Rc::new(Session::new(state, env)) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let asked = match FleetRequest::read(&request) {
            Ok(asked) => asked,
            Err(rejection) => return problem::response(&rejection),
        };
        let body = request.bytes().await?;
        self.session.answer(asked, body).or_else(|rejection| problem::response(&rejection))
    }

    async fn alarm(&self) -> Result<Response> {
        match self.session.ring() {
            Ok(()) => Response::empty(),
            Err(rejection) => Err(Error::RustError(rejection.to_string())),
        }
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        self.session.receive(&socket, &message);
        Ok(())
    }

    async fn websocket_close(
        &self,
        socket: WebSocket,
        code: usize,
        reason: String,
        _clean: bool,
    ) -> Result<()> {
        log::disconnect(&self.session.env, &self.session.state, "hub", "", code, &reason);
        self.session.left(&socket);
        sockets::close_back(&socket, code, reason);
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _error: Error) -> Result<()> {
        self.session.left(&socket);
        Ok(())
    }
}
