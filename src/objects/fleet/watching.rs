//! Dashboards: each is told the whole, and then at most once a second what has changed for it.

use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::abortable;
use onway_core::auth::Caller;
use onway_core::bucket::Frames;
use onway_core::clock::Millis;
use onway_core::fleet::filter::Filter;
use onway_core::fleet::model::Model;
use onway_core::fleet::paging::{self, Stamp};
use onway_core::fleet::watcher::{Next, Watcher};
use onway_core::keeping_up::SILENCE_MAX;
use onway_core::rejection::Rejection;
use serde::{Deserialize, Serialize};
use worker::{Delay, WebSocket};

use super::session::Session;
use crate::beside;
use crate::identity::wall;
use crate::sockets;

/// From one change that dashboards are told to the next, in ms.
const TICK: i64 = 1_000;
/// What will have grown old later than this finds somebody who looks, in ms: a timer keeps the object awake.
const AHEAD_MAX: i64 = 600_000;

/// What is known of a socket. It outlasts hibernation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attachment {
    pub by: Caller,
    #[serde(default)]
    pub filter: Filter,
}

impl Attachment {
    pub fn has_expired(&self, wall: Millis) -> bool {
        wall >= self.by.expires
    }
}

pub struct Client {
    pub socket: WebSocket,
    pub attachment: Attachment,
    pub watcher: Watcher,
    pub frames: Frames,
}

impl Client {
    pub fn new(socket: WebSocket, attachment: Attachment) -> Self {
        Self { socket, attachment, watcher: Watcher::default(), frames: Frames::default() }
    }

    pub fn is_silent(&self, wall: Millis) -> bool {
        wall.since(self.frames.last()) > SILENCE_MAX
    }
}

/// Frames that were made: for whom, and since when.
struct Made {
    since: Option<u64>,
    filter: Filter,
    frames: Vec<String>,
}

impl Session {
    /// Lets `see` look at the dashboards, or change them.
    pub(super) fn with_clients<T>(&self, see: impl FnOnce(&mut Vec<Client>) -> T) -> T {
        let mut clients = self.clients.borrow_mut();
        see(clients.get_or_insert_with(|| {
            let client = |socket: WebSocket| {
                let attachment = sockets::attached(&socket)?;
                Some(Client::new(socket, attachment))
            };
            self.state.get_websockets().into_iter().filter_map(client).collect()
        }))
    }

    pub(super) fn dashboards(&self) -> usize {
        self.with_clients(|clients| clients.len())
    }

    /// Tells dashboards what has changed, a second after they were last told.
    pub(super) fn tell_soon(self: &Rc<Self>) {
        if self.dashboards() > 0 {
            let next = self.told.get().map_or(Millis(0), |told| told.plus(TICK));
            self.tell_at(next.min(wall().plus(TICK)));
        }
    }

    /// Tells them at `at`, or before. The object does not hibernate until then.
    fn tell_at(self: &Rc<Self>, at: Millis) {
        let at = at.max(wall());
        if self.due.get().is_some_and(|due| due <= at) {
            return;
        }
        self.due.set(Some(at));
        let session = Rc::clone(self);
        #[cfg(feature = "test-utils")]
        let waits = Rc::clone(&self.timers);
        let (ringing, timer) = abortable(async move {
            #[cfg(feature = "test-utils")]
            let _waits = waits;
            let pause = at.since(wall()).max(0);
            if pause > 0 {
                Delay::from(Duration::from_millis(pause.unsigned_abs())).await;
            }
            session.timer.take();
            // What was forgotten since is told by whatever comes.
            if session.due.get() == Some(at) {
                session.due.take();
                session.tell(false);
            }
        });
        if let Some(later) = self.timer.replace(Some(timer)) {
            later.abort();
        }
        beside::spawn(&self.state, ringing.map(drop));
    }

    /// Keeps no timer for nobody: the object may hibernate.
    pub(super) fn rest(&self) {
        if self.dashboards() == 0 {
            self.due.take();
            if let Some(timer) = self.timer.take() {
                timer.abort();
            }
        }
    }

    /// Tells those who are new, or ask for it, the whole; `new`: them alone.
    pub(super) fn tell(self: &Rc<Self>, new: bool) {
        let wall = wall();
        // What fails has been logged: the next change tries again.
        let Ok(mut model) = self.take() else { return };
        model.age(wall);
        let stamp = Stamp { shard: self.shard(), shards: self.shards(), seq: model.tick(), wall };
        let has_changed = model.has_changed();
        let mut made: Vec<Made> = Vec::new();
        let mut room = self.room.take();
        room.renew(wall);
        let mut wait: Option<i64> = None;
        self.with_clients(|clients| {
            clients.retain_mut(|client| {
                if client.attachment.has_expired(wall) {
                    sockets::close(&client.socket, &Rejection::InvalidToken(String::new()));
                    return false;
                }
                let since = client.watcher.since;
                if new && since.is_some() {
                    return true;
                }
                let news = has_changed || since.is_some_and(|since| since < model.tick());
                match client.watcher.next(model.tick(), news, wall, &room) {
                    Next::Nothing => true,
                    Next::Wait(pause) => {
                        wait = Some(wait.map_or(pause, |known| known.min(pause)));
                        true
                    }
                    Next::TooSlow => {
                        client.socket.close(Some(1008), Some("Too slow")).ok();
                        false
                    }
                    Next::Tell { ask } => {
                        let sent = send(client, since, ask, &model, stamp, &mut made);
                        if since.is_none() {
                            room.take(sent.unwrap_or_default());
                        }
                        sent.is_some()
                    }
                }
            });
        });
        self.room.replace(room);
        model.advance();
        let ageing = model.next_ageing(wall).filter(|at| at.since(wall) < AHEAD_MAX);
        self.keep(model);
        if !new {
            self.told.set(Some(wall));
        }
        if self.dashboards() > 0 {
            let next = ageing.into_iter().chain(wait.map(|wait| wall.plus(wait))).min();
            // Who is left out now is told with the next tick.
            let rest = (new && has_changed).then_some(wall.plus(TICK));
            if let Some(at) = next.into_iter().chain(rest).min() {
                self.tell_at(at.max(wall.plus(TICK)));
            }
        }
        self.rest();
    }

    /// Sends to all of them.
    pub(super) fn send_all(&self, text: &str) {
        let wall = wall();
        self.with_clients(|clients| {
            for client in clients.iter().filter(|client| !client.attachment.has_expired(wall)) {
                // A socket that cannot take a frame has closed.
                client.socket.send_with_str(text).ok();
            }
        });
    }

    pub(super) fn left(&self, socket: &WebSocket) {
        self.with_clients(|clients| clients.retain(|client| client.socket != *socket));
        self.rest();
    }
}

/// Sends what has changed since, or the whole: made once for all who want the same. How many bytes; `None`: the socket
/// does not take it.
fn send(
    client: &Client,
    since: Option<u64>,
    ask: bool,
    model: &Model,
    stamp: Stamp,
    made: &mut Vec<Made>,
) -> Option<usize> {
    let filter = &client.attachment.filter;
    let at = match made.iter().position(|made| made.since == since && made.filter == *filter) {
        Some(at) => at,
        None => {
            let changes = since.and_then(|since| model.changes(since, filter));
            let frames = match changes {
                Some(changes) => paging::update(&changes, stamp),
                None => {
                    let all: Vec<_> = model.list(filter, "").map(|(_, json)| json).collect();
                    paging::state(&all, stamp)
                }
            };
            made.push(Made { since, filter: filter.clone(), frames });
            made.len() - 1
        }
    };
    let Made { frames, .. } = made.get(at)?;
    let empty = if ask && frames.is_empty() { Some(paging::nothing(stamp)) } else { None };
    let count = frames.len();
    let sent = frames.iter().chain(&empty).enumerate().all(|(n, frame)| {
        let sent = match frame.strip_suffix('}').filter(|_| ask && n + 1 >= count) {
            Some(open) => client.socket.send_with_str(format!("{open},\"ack\":true}}")),
            None => client.socket.send_with_str(frame),
        };
        sent.is_ok()
    });
    sent.then(|| frames.iter().map(String::len).sum())
}
