//! Hibernatable sockets: who is connected, and fan-out.
//!
//! What a socket is lives in its attachment, which outlasts hibernation. Memory holds a list of them,
//! made anew from the platform's when an event finds none.

use std::cell::{Cell, RefCell};

use onway_core::auth::{Caller, Role};
use onway_core::clock::Millis;
use onway_core::rejection::Rejection;
use onway_core::visibility::Audience;
use onway_core::wire::ServerFrame;
use onway_core::wire::frames::{PING, PONG};
use serde::{Deserialize, Serialize};
use worker::{Error, Response, Result, State, WebSocket, WebSocketPair};
use worker_sys::WebSocketRequestResponsePair;

use crate::identity::SUBPROTOCOL;

/// What is known of a socket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attachment {
    /// `None` for the public.
    pub by: Option<Caller>,
    pub audience: Audience,
}

impl Attachment {
    /// Whether its token has run out: nothing leaves any more.
    pub fn has_expired(&self, wall: Millis) -> bool {
        self.by.as_ref().is_some_and(|by| wall >= by.expires)
    }
}

struct Client {
    socket: WebSocket,
    attachment: Attachment,
}

impl Client {
    fn is_driver(&self) -> bool {
        self.attachment.audience == Audience::Driver
    }
}

/// The sockets of one object.
#[derive(Default)]
pub struct Sockets {
    /// `None` until an event needs it.
    clients: RefCell<Option<Vec<Client>>>,
    /// Whether the platform has been told to answer pings since the object woke.
    answers_pings: Cell<bool>,
    #[cfg(feature = "test-utils")]
    pub counts: Counts,
}

/// What the budgets are about, since the object woke.
#[cfg(feature = "test-utils")]
#[derive(Default)]
pub struct Counts {
    pub broadcasts: Cell<usize>,
    pub serializations: Cell<usize>,
    pub attachments: Cell<usize>,
}

#[cfg(feature = "test-utils")]
fn count(counter: &Cell<usize>) {
    counter.set(counter.get() + 1);
}

/// Most sockets of one object: the platform's limit, less some for those that are closing.
const SOCKETS_MAX: usize = 32_000;

impl Sockets {
    /// Accepts a socket. Returns the answer to its upgrade, and the socket to send to.
    pub fn accept(
        &self,
        state: &State,
        attachment: Attachment,
        subprotocol: bool,
    ) -> Result<Option<(Response, WebSocket)>> {
        self.restore(state);
        if self.connected() >= SOCKETS_MAX {
            // Of these some may have gone.
            self.clients.take();
            self.restore(state);
            if self.connected() >= SOCKETS_MAX {
                return Ok(None);
            }
        }
        let pair = WebSocketPair::new()?;
        if !self.answers_pings.replace(true) {
            state.set_websocket_auto_response(&WebSocketRequestResponsePair::new(PING, PONG)?);
        }
        state.accept_websocket_with_tags(&pair.server, &[attachment.audience.name()]);
        pair.server.serialize_attachment(&attachment)?;
        #[cfg(feature = "test-utils")]
        count(&self.counts.attachments);
        let client = Client { socket: pair.server.clone(), attachment };
        if let Some(clients) = self.clients.borrow_mut().as_mut() {
            clients.push(client);
        }
        Ok(Some((switching_protocols(pair.client, subprotocol)?, pair.server)))
    }

    /// What is known of a socket. Drivers write often: theirs is found among the few drivers.
    pub fn attachment(&self, state: &State, socket: &WebSocket) -> Option<Attachment> {
        self.restore(state);
        let clients = self.clients.borrow();
        let mut drivers = clients.iter().flatten().filter(|client| client.is_driver());
        match drivers.find(|client| client.socket == *socket) {
            Some(client) => Some(client.attachment.clone()),
            None => socket.deserialize_attachment().ok().flatten(),
        }
    }

    /// Gives a socket another identity.
    pub fn renew(&self, socket: &WebSocket, attachment: &Attachment) -> Result<()> {
        socket.serialize_attachment(attachment)?;
        if let Some(clients) = self.clients.borrow_mut().as_mut() {
            for client in clients.iter_mut().filter(|client| client.socket == *socket) {
                client.attachment = attachment.clone();
            }
        }
        Ok(())
    }

    /// Lets the sockets of drivers see what they may now, after another driver was assigned; who was the
    /// driver, and is it no more, is closed.
    pub fn reassign(&self, state: &State, audience: impl Fn(&Caller) -> Audience) {
        self.restore(state);
        let mut clients = self.clients.borrow_mut();
        let Some(clients) = clients.as_mut() else { return };
        clients.retain_mut(|client| {
            let Some(by) = client.attachment.by.as_ref().filter(|by| by.role == Role::Driver) else {
                return true;
            };
            let fresh = audience(by);
            if fresh == client.attachment.audience {
                return true;
            }
            if client.is_driver() {
                close(&client.socket, &Rejection::Forbidden(String::new()));
                return false;
            }
            client.attachment.audience = fresh;
            client.socket.serialize_attachment(&client.attachment).is_ok()
        });
    }

    /// Forgets a driver's socket that has closed. The place of a watcher's is not looked for among thousands:
    /// the next broadcast finds that it takes no frame.
    pub fn forget(&self, socket: &WebSocket) {
        if let Some(clients) = self.clients.borrow_mut().as_mut() {
            clients.retain(|client| !client.is_driver() || client.socket != *socket);
        }
    }

    pub fn is_driver_connected(&self, state: &State) -> bool {
        self.restore(state);
        let clients = self.clients.borrow();
        clients.iter().flatten().any(Client::is_driver)
    }

    /// Whether anybody but the driver follows.
    pub fn is_watched(&self, state: &State) -> bool {
        self.restore(state);
        let clients = self.clients.borrow();
        clients.iter().flatten().any(|client| !client.is_driver())
    }

    /// Sends to everybody what `frame` makes for their audience, serialized once for each.
    pub fn broadcast(&self, state: &State, wall: Millis, frame: impl Fn(Audience) -> Option<ServerFrame>) {
        self.restore(state);
        #[cfg(feature = "test-utils")]
        count(&self.counts.broadcasts);
        let mut clients = self.clients.borrow_mut();
        let Some(clients) = clients.as_mut() else { return };
        for audience in Audience::ALL {
            if !clients.iter().any(|client| client.attachment.audience == audience) {
                continue;
            }
            let Some(text) = frame(audience).and_then(|frame| serde_json::to_string(&frame).ok()) else {
                continue;
            };
            #[cfg(feature = "test-utils")]
            count(&self.counts.serializations);
            clients.retain(|client| {
                if client.attachment.audience != audience {
                    return true;
                }
                if client.attachment.has_expired(wall) {
                    close(&client.socket, &Rejection::InvalidToken(String::new()));
                    return false;
                }
                // A socket that cannot take a frame has closed: its close event may still be on the way.
                client.socket.send_with_str(&text).is_ok()
            });
        }
    }

    pub fn forget_all(&self) {
        self.clients.take();
    }

    /// Closes all of them.
    pub fn close_all(&self, state: &State, rejection: &Rejection) {
        for socket in state.get_websockets() {
            close(&socket, rejection);
        }
        self.forget_all();
    }

    fn connected(&self) -> usize {
        self.clients.borrow().as_ref().map_or(0, Vec::len)
    }

    fn restore(&self, state: &State) {
        if self.clients.borrow().is_some() {
            return;
        }
        let client = |socket: WebSocket| {
            let attachment = socket.deserialize_attachment().ok().flatten()?;
            Some(Client { socket, attachment })
        };
        let clients = state.get_websockets().into_iter().filter_map(client).collect();
        *self.clients.borrow_mut() = Some(clients);
    }
}

/// Sends one frame; a socket that has closed takes none.
pub fn send(socket: &WebSocket, frame: &ServerFrame) -> Result<()> {
    let text = serde_json::to_string(frame).map_err(|error| Error::RustError(error.to_string()))?;
    // The close event of a dead socket follows by itself.
    socket.send_with_str(text).ok();
    Ok(())
}

/// Closes with the code and reason of a refusal.
pub fn close(socket: &WebSocket, rejection: &Rejection) {
    let (code, reason) = rejection.close();
    // Fails only where it is closed already.
    socket.close(Some(code), Some(reason)).ok();
}

/// Answers an upgrade that is refused: accepted and closed at once, since a browser shows a script no
/// HTTP status.
pub fn refuse(rejection: &Rejection, subprotocol: bool) -> Result<Response> {
    let pair = WebSocketPair::new()?;
    pair.server.accept()?;
    close(&pair.server, rejection);
    switching_protocols(pair.client, subprotocol)
}

pub fn switching_protocols(client: WebSocket, subprotocol: bool) -> Result<Response> {
    let response = Response::from_websocket(client)?;
    // Frames are small: an empty list of extensions keeps the runtime from compressing each for each socket.
    response.headers().set("Sec-WebSocket-Extensions", "")?;
    if subprotocol {
        response.headers().set("Sec-WebSocket-Protocol", SUBPROTOCOL)?;
    }
    Ok(response)
}
