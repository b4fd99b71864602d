//! Hibernatable sockets: who is connected, and fan-out.
//!
//! What a socket is lives in its attachment, which outlasts hibernation. Memory holds a list of them,
//! made anew from the platform's when an event finds none.

mod attachment;
mod frames;
mod telling;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use onway_core::auth::Caller;
use onway_core::bucket::{Frames, Pace, Places, Verdict};
use onway_core::clock::Millis;
use onway_core::keeping_up::{Asked, SILENCE_MAX};
use onway_core::permission::Party;
use onway_core::rejection::Rejection;
use onway_core::visibility::Audience;
use onway_core::wire::frames::{PING, PONG};
use wasm_bindgen::JsCast;
use worker::{Response, Result, State, WebSocket, WebSocketPair};
use worker_sys::WebSocketRequestResponsePair;

pub use self::attachment::{Attachment, Pass, attach, attached};
pub use self::frames::{close, close_back, refuse, send, switching_protocols, text_of};
pub use self::telling::Told;
use crate::identity::wall;

struct Client {
    socket: WebSocket,
    attachment: Attachment,
    /// When it was last told the newest, where it is slow.
    told: Option<Millis>,
    /// Something newer than what it was told waits for it.
    owed: bool,
    /// When it last said anything but a ping.
    heard: Option<Millis>,
}

impl Client {
    const fn new(socket: WebSocket, attachment: Attachment) -> Self {
        Self { socket, attachment, told: None, owed: false, heard: None }
    }

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
    /// How often they were told and asked; `None` until the delivery is loaded.
    asked: RefCell<Option<Asked>>,
    /// The frames of those who have sent any lately.
    frames: RefCell<HashMap<u32, Frames>>,
    /// Frames sent to all of them, since the object woke.
    sent: Cell<u64>,
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
/// Most sockets whose frames are counted before those that have drained are forgotten.
const COUNTED_MAX: usize = 1_024;

impl Sockets {
    /// Accepts a socket. Returns the answer to its upgrade, and the socket to send to.
    pub fn accept(
        &self,
        state: &State,
        mut attachment: Attachment,
        places: Places,
        subprotocol: bool,
    ) -> Result<Option<(Response, WebSocket)>> {
        self.restore(state);
        if !self.has_room(&attachment, places) {
            // Of these some may have gone.
            self.clients.take();
            self.restore(state);
            if !self.has_room(&attachment, places) {
                return Ok(None);
            }
        }
        let newest = self.clients.borrow().iter().flatten().map(|client| client.attachment.id).max();
        attachment.id = newest.unwrap_or(0).wrapping_add(1);
        attachment.answered = self.asked_of(attachment.audience);
        self.frames.borrow_mut().remove(&attachment.id);
        let pair = WebSocketPair::new()?;
        if !self.answers_pings.replace(true) {
            state.set_websocket_auto_response(&WebSocketRequestResponsePair::new(PING, PONG)?);
        }
        state.accept_websocket_with_tags(&pair.server, &[attachment.audience.name()]);
        attach(&pair.server, &attachment)?;
        #[cfg(feature = "test-utils")]
        count(&self.counts.attachments);
        let client = Client::new(pair.server.clone(), attachment);
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
            None => attached(socket),
        }
    }

    /// Gives a socket another identity.
    pub fn renew(
        &self,
        socket: &WebSocket,
        mut known: Attachment,
        by: Caller,
        audience: Audience,
    ) -> Result<()> {
        if known.audience != audience {
            known.answered = self.asked_of(audience);
        }
        (known.by, known.audience) = (Some(by), audience);
        self.attach(socket, known)
    }

    /// Takes a watcher's answer to the frame `seq`.
    pub fn answer(&self, socket: &WebSocket, mut known: Attachment, seq: u64) -> Result<()> {
        let answered = self.asked.borrow().as_ref().map_or(0, |asked| asked.answered(known.audience, seq));
        if answered <= known.answered {
            return Ok(());
        }
        known.answered = answered;
        self.attach(socket, known)
    }

    fn attach(&self, socket: &WebSocket, attachment: Attachment) -> Result<()> {
        attach(socket, &attachment)?;
        #[cfg(feature = "test-utils")]
        count(&self.counts.attachments);
        let mut clients = self.clients.borrow_mut();
        if let Some(client) =
            clients.iter_mut().flatten().find(|client| client.attachment.id == attachment.id)
        {
            client.attachment = attachment;
        }
        Ok(())
    }

    /// Counts a frame of a socket.
    pub fn judge(&self, attachment: &Attachment, wall: Millis, pace: Pace) -> Verdict {
        let mut clients = self.clients.borrow_mut();
        if let Some(client) =
            clients.iter_mut().flatten().find(|client| client.attachment.id == attachment.id)
        {
            client.heard = Some(wall);
        }
        let mut frames = self.frames.borrow_mut();
        if frames.len() > COUNTED_MAX {
            frames.retain(|_, frames| !frames.is_drained(wall, pace));
        }
        frames.entry(attachment.id).or_default().judge(wall, pace)
    }

    /// Closes those whose token has run out, and those that have pinged before and say nothing any more.
    pub fn close_silent(&self, state: &State, wall: Millis) {
        self.restore(state);
        let mut clients = self.clients.borrow_mut();
        let Some(clients) = clients.as_mut() else { return };
        clients.retain(|client| {
            if let Some(ended) = client.attachment.ended(wall) {
                close(&client.socket, &ended);
                return false;
            }
            let is_silent = client.heard.is_none_or(|heard| wall.since(heard) > SILENCE_MAX)
                && has_stopped_pinging(state, &client.socket, wall);
            if is_silent {
                // Nobody reads it: the code is for the record.
                client.socket.close(Some(1001), Some("Silent")).ok();
            }
            !is_silent
        });
    }

    /// Takes note of how often watchers were told, where an eviction has forgotten it.
    pub fn recall(&self, stored: &Asked) {
        self.asked.borrow_mut().get_or_insert_with(|| stored.clone());
    }

    /// How often watchers will have been told after so many broadcasts more.
    pub fn asked_after(&self, broadcasts: u64) -> Asked {
        self.asked.borrow().as_ref().map(|asked| asked.after(broadcasts)).unwrap_or_default()
    }

    /// Frames that fan-out has sent since the object woke.
    pub const fn frames_sent(&self) -> u64 {
        self.sent.get()
    }

    fn asked_of(&self, audience: Audience) -> u32 {
        self.asked.borrow().as_ref().map_or(0, |asked| asked.of(audience))
    }

    fn has_room(&self, attachment: &Attachment, places: Places) -> bool {
        let clients = self.clients.borrow();
        let (mut all, mut of_audience, mut of_person) = (0, 0, 0);
        for Client { attachment: other, .. } in clients.iter().flatten() {
            all += 1;
            of_audience += usize::from(other.audience == attachment.audience);
            let person = |one: &Attachment| one.by.as_ref().map(|by| (by.role, by.subject.clone()));
            of_person += usize::from(other.by.is_some() && person(other) == person(attachment));
        }
        all < SOCKETS_MAX && places.have_room(attachment.audience, of_audience, of_person)
    }

    /// Lets each socket see what it may now, after another driver was assigned or the delivery was corrected.
    /// Who may not see it any more is closed, and so is who was the driver.
    pub fn see_anew(
        &self,
        state: &State,
        see: impl Fn(&Attachment) -> std::result::Result<Party, Rejection>,
    ) {
        self.restore(state);
        let mut clients = self.clients.borrow_mut();
        let Some(clients) = clients.as_mut() else { return };
        clients.retain_mut(|client| {
            let party = see(&client.attachment);
            let fresh = party.as_ref().map(|party| Audience::from(*party));
            if fresh == Ok(client.attachment.audience) {
                return true;
            }
            let Some(fresh) = fresh.ok().filter(|_| !client.is_driver()) else {
                close(&client.socket, &Rejection::Forbidden(String::new()));
                return false;
            };
            client.attachment.audience = fresh;
            client.attachment.link.take_if(|_| party != Ok(Party::Link));
            client.attachment.answered = self.asked_of(fresh);
            attach(&client.socket, &client.attachment).is_ok()
        });
    }

    /// Tells the sockets of a share link how long it holds; `None`: it does not any more, and they close.
    pub fn change_link(&self, state: &State, id: &str, pass: Option<&Pass>) {
        self.restore(state);
        let mut clients = self.clients.borrow_mut();
        let Some(clients) = clients.as_mut() else { return };
        clients.retain_mut(|client| {
            if client.attachment.link.as_ref().is_none_or(|link| link.id != id) {
                return true;
            }
            client.attachment.link = pass.cloned();
            if pass.is_none() {
                close(&client.socket, &Rejection::Forbidden(String::new()));
            }
            pass.is_some() && attach(&client.socket, &client.attachment).is_ok()
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

    pub fn forget_all(&self) {
        self.clients.take();
        self.asked.take();
        self.frames.take();
    }

    /// Closes all of them.
    pub fn close_all(&self, state: &State, rejection: &Rejection) {
        for socket in state.get_websockets() {
            close(&socket, rejection);
        }
        self.forget_all();
    }

    fn restore(&self, state: &State) {
        if self.clients.borrow().is_some() {
            return;
        }
        let client = |socket: WebSocket| {
            let attachment = attached(&socket)?;
            Some(Client::new(socket, attachment))
        };
        let mut clients: Vec<_> = state.get_websockets().into_iter().filter_map(client).collect();
        // What a driver said before an eviction is not known: it counts as having said something.
        for client in clients.iter_mut().filter(|client| client.is_driver()) {
            client.heard = Some(wall());
        }
        *self.clients.borrow_mut() = Some(clients);
    }
}

/// Whether a socket that has pinged before has not done so for too long. What the platform answers by itself it
/// keeps the time of; the `worker` crate does not know of that.
pub fn has_stopped_pinging(state: &State, socket: &WebSocket, wall: Millis) -> bool {
    let ask = || {
        let name = "getWebSocketAutoResponseTimestamp".into();
        let ask: js_sys::Function = js_sys::Reflect::get(state.as_raw(), &name).ok()?.dyn_into().ok()?;
        let at: js_sys::Date = ask.call1(state.as_raw(), socket.as_ref()).ok()?.dyn_into().ok()?;
        Some(Millis(at.get_time() as i64))
    };
    ask().is_some_and(|pinged| wall.since(pinged) > SILENCE_MAX)
}
