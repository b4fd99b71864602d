//! One driver: presence, duty, the order of its deliveries, and its line to all of them.
//!
//! In the normal case nothing is written for a position: it is passed on to the deliveries that it is for,
//! and acknowledged once they have it. What a delivery cannot take is written here and tried again.

mod advice;
mod alarm;
mod answers;
mod keys;
mod leaving;
mod line;
mod relay;
mod session;
mod store;
mod telling;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use worker::{
    DurableObject, Env, Error, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
};

use self::session::Session;
use super::exports::export;
use crate::contract::{Ask, DriverRequest};
use crate::{problem, sockets};

#[wasm_bindgen]
#[derive(Clone)]
pub struct DriverObject {
    session: Rc<Session>,
}

export!(DriverObject);

// What a panic interrupts is taken out of its cell before, so nothing half-changed is ever found.
impl UnwindSafe for DriverObject {}
impl RefUnwindSafe for DriverObject {}

impl DurableObject for DriverObject {
    fn new(state: State, env: Env) -> Self {
        Self { session: Rc::new(Session::new(state, env)) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let asked = match DriverRequest::read(&request) {
            Ok(asked) => asked,
            Err(rejection) => return problem::response(&rejection),
        };
        let body = request.bytes().await?;
        let answer = self.session.answer(asked, &body).await;
        answer.or_else(|rejection| problem::response(&rejection))
    }

    async fn alarm(&self) -> Result<Response> {
        match self.session.ring().await {
            Ok(()) => Response::empty(),
            Err(rejection) => Err(Error::RustError(rejection.to_string())),
        }
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        self.session.receive(&socket, &message)
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
