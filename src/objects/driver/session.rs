//! The state of one driver's object, and what every handler needs of it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use onway_core::auth::{Caller, Role};
use onway_core::bucket::{Frames, Verdict};
use onway_core::clock::Millis;
use onway_core::driver::schedule::Task;
use onway_core::driver::{Driver, Feed, LastFix};
use onway_core::keeping_up::SILENCE_MAX;
use onway_core::rejection::Rejection;
use onway_core::sampling::Sampling;
use onway_core::wire::driver::{DriverFrame, DriverPresence, Interest};
use onway_core::wire::frames::MessageId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use worker::{Env, State, WebSocket};

use super::relay::Lane;
use super::store::Store;
use crate::beside;
use crate::config::Config;
use crate::identity::wall;
use crate::log;
use crate::problem::ours;
use crate::sockets;

/// What is known of a socket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attachment {
    pub by: Caller,
}

impl Attachment {
    pub fn is_driver(&self) -> bool {
        self.by.role == Role::Driver
    }

    pub fn audience(&self) -> &'static str {
        if self.is_driver() { "driver" } else { "operator" }
    }
}

/// What is told at once is told again by the alarm so much later, should it be lost, in ms.
const TELL_AFTER: i64 = 2_000;

pub struct Session {
    pub(super) state: State,
    pub(super) env: Env,
    pub(super) store: Store,
    /// A cache of its row.
    driver: RefCell<Option<Rc<Driver>>>,
    pub(super) last: RefCell<Option<LastFix>>,
    /// When the newest position was last written.
    pub(super) position_written: Cell<Option<Millis>>,
    pub(super) feed: RefCell<Feed>,
    /// What is on the way to each delivery.
    pub(super) lanes: RefCell<HashMap<String, Lane>>,
    /// How many messages are kept for each delivery that could not take them; `None` until it is read.
    pub(super) spilled: RefCell<Option<HashMap<String, usize>>>,
    pub(super) interest: Cell<Option<Interest>>,
    pub(super) sampling: Cell<Option<Sampling>>,
    /// Whether the deliveries and the archive are being told.
    pub(super) telling: Cell<bool>,
    pub(super) answers_pings: Cell<bool>,
    /// The frames of each socket since the object woke.
    frames: RefCell<Vec<(WebSocket, Frames)>>,
    /// Positions that came too soon, with their sockets and ids.
    pub(super) held: RefCell<Vec<(WebSocket, Value, Option<MessageId>)>>,
}

impl Session {
    pub fn new(state: State, env: Env) -> Self {
        let store = Store::new(state.storage().sql());
        Self {
            state,
            env,
            store,
            driver: RefCell::default(),
            last: RefCell::default(),
            position_written: Cell::default(),
            feed: RefCell::default(),
            lanes: RefCell::default(),
            spilled: RefCell::default(),
            interest: Cell::default(),
            sampling: Cell::default(),
            telling: Cell::default(),
            answers_pings: Cell::default(),
            frames: RefCell::default(),
            held: RefCell::default(),
        }
    }

    /// The driver as it is: a new one where there are no rows.
    pub(super) fn driver(&self) -> Result<Rc<Driver>, Rejection> {
        if let Some(driver) = self.driver.borrow().as_ref() {
            return Ok(Rc::clone(driver));
        }
        let loaded = match self.store.load().map_err(ours)? {
            Some(mut driver) => {
                driver.schedule.woken(wall());
                // A socket that went with its process has told nobody.
                if driver.presence.online && !self.is_connected() {
                    driver.schedule.plan(Task::Presence, driver.presence.gone_at());
                }
                plan_telling(&mut driver);
                if let Some(at) = driver.schedule.arm(wall()) {
                    self.store.write(&driver).map_err(ours)?;
                    beside::set_alarm(&self.state, at.since(wall()).max(0)).map_err(ours)?;
                }
                driver
            }
            None => Driver::new(self.state.id().name().ok_or(Rejection::Internal)?),
        };
        self.last.replace(self.store.position().map_err(ours)?);
        let loaded = Rc::new(loaded);
        self.driver.replace(Some(Rc::clone(&loaded)));
        Ok(loaded)
    }

    /// Changes the driver: writes it where anything differs, and sets the alarm, in one synchronous section.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Driver) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let before = self.driver()?;
        let mut driver = Driver::clone(&before);
        let result = change(&mut driver)?;
        plan_telling(&mut driver);
        let alarm = driver.schedule.arm(wall());
        if driver != *before {
            self.store.write(&driver).map_err(ours)?;
        }
        self.driver.replace(Some(Rc::new(driver)));
        if let Some(at) = alarm {
            beside::set_alarm(&self.state, at.since(wall()).max(0)).map_err(ours)?;
        }
        Ok(result)
    }

    /// The driver was heard of: by a frame, a connection or a phone tracker.
    pub(super) fn contact(self: &Rc<Self>, by_tracker: bool) -> Result<(), Rejection> {
        let wall = wall();
        if self.driver()?.presence.online {
            // That it still is need not be written each time.
            if let Some(driver) = self.driver.borrow_mut().as_mut() {
                Rc::make_mut(driver).presence.contact(wall, by_tracker);
            }
            return Ok(());
        }
        self.change(|driver| {
            driver.presence.contact(wall, by_tracker);
            driver.revision += 1;
            if by_tracker {
                driver.schedule.plan(Task::Presence, driver.presence.gone_at());
            }
            Ok(())
        })?;
        self.presence_changed()
    }

    /// A socket has closed: whether the driver has gone shows a little later.
    pub(super) fn left(&self, socket: &WebSocket, code: usize, reason: &str) {
        self.frames.borrow_mut().retain(|(known, _)| known != socket);
        let closed = sockets::attached::<Attachment>(socket);
        let audience = closed.as_ref().map_or("", Attachment::audience);
        log::disconnect(&self.env, &self.state, "driver", audience, code, reason);
        if !closed.is_some_and(|closed| closed.is_driver()) {
            return;
        }
        // The platform may still list the one that has closed.
        let another = self.clients().any(|(other, known)| known.is_driver() && other != *socket);
        let planned = self.change(|driver| {
            if driver.presence.online && !another {
                // A phone tracker may go on.
                if !driver.presence.by_tracker {
                    driver.presence.contact(wall(), false);
                }
                driver.schedule.plan(Task::Presence, driver.presence.gone_at());
            }
            Ok(())
        });
        // What fails has been logged: the next contact judges again.
        planned.ok();
    }

    /// Tells the watchers of the line and the deliveries that the driver came or went.
    pub(super) fn presence_changed(self: &Rc<Self>) -> Result<(), Rejection> {
        let driver = self.driver()?;
        let frame = DriverFrame::Presence {
            data: DriverPresence {
                driver_id: driver.driver_id.clone(),
                driver_online: driver.presence.online,
                reason: driver.presence.reason,
                server_time: wall().0,
            },
        };
        self.send_all(&frame, |attachment| !attachment.is_driver());
        self.tell_soon();
        Ok(())
    }

    /// Sends to those whose attachment fits.
    pub(super) fn send_all(&self, frame: &DriverFrame, to: impl Fn(&Attachment) -> bool) {
        let Ok(text) = serde_json::to_string(frame) else { return };
        for (socket, attachment) in self.clients() {
            if to(&attachment) && wall() < attachment.by.expires {
                // A socket that cannot take a frame has closed.
                socket.send_with_str(&text).ok();
            }
        }
    }

    pub(super) fn clients(&self) -> impl Iterator<Item = (WebSocket, Attachment)> {
        let known = |socket: WebSocket| {
            let attachment = sockets::attached(&socket)?;
            Some((socket, attachment))
        };
        self.state.get_websockets().into_iter().filter_map(known)
    }

    /// Counts a frame of a socket.
    pub(super) fn judge(&self, socket: &WebSocket) -> Verdict {
        let (wall, pace) = (wall(), Config::new(&self.env).pace());
        let mut frames = self.frames.borrow_mut();
        if let Some((_, known)) = frames.iter_mut().find(|(known, _)| known == socket) {
            return known.judge(wall, pace);
        }
        let mut new = Frames::default();
        let verdict = new.judge(wall, pace);
        frames.push((socket.clone(), new));
        verdict
    }

    /// Closes those whose token has run out, and those that have pinged before and say nothing any more.
    pub(super) fn close_silent(&self) {
        let wall = wall();
        let frames = self.frames.borrow();
        for (socket, attachment) in self.clients() {
            let heard = frames.iter().find(|(known, _)| *known == socket).map(|(_, frames)| frames.last());
            // What a driver said before an eviction is not known: it counts as having said something.
            let is_silent = match heard {
                Some(heard) => wall.since(heard) > SILENCE_MAX,
                None => !attachment.is_driver(),
            };
            if wall >= attachment.by.expires {
                sockets::close(&socket, &Rejection::InvalidToken(String::new()));
            } else if is_silent && sockets::has_stopped_pinging(&self.state, &socket, wall) {
                socket.close(Some(1001), Some("Silent")).ok();
            }
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.clients().any(|(_, attachment)| attachment.is_driver())
    }

    /// The driver, as its deliveries know it.
    pub(super) fn caller(&self, driver: &Driver) -> Caller {
        Caller {
            subject: driver.driver_id.clone(),
            role: Role::Driver,
            store_id: None,
            expires: Millis(i64::MAX),
        }
    }

    pub(super) fn forget_all(&self) {
        self.driver.take();
        self.last.take();
        self.spilled.take();
        self.held.take();
        self.frames.take();
        self.feed.take();
    }
}

/// Whatever becomes of this process, the alarm tells what deliveries and the record lack.
fn plan_telling(driver: &mut Driver) {
    let lacking =
        !driver.headings().is_empty() || driver.emergencies.iter().any(|call| !call.archived || !call.spread);
    if lacking && !driver.schedule.is_planned(Task::Tell) {
        driver.schedule.plan(Task::Tell, wall().plus(TELL_AFTER));
    }
}

/// Sends one frame; a socket that has closed takes none. What was waited for may come after the end of the
/// token: then nothing leaves but the close.
pub(super) fn send(socket: &WebSocket, frame: &impl Serialize) {
    let known = sockets::attached::<Attachment>(socket);
    if known.is_some_and(|known| wall() >= known.by.expires) {
        return sockets::close(socket, &Rejection::InvalidToken(String::new()));
    }
    if let Ok(text) = serde_json::to_string(frame) {
        socket.send_with_str(text).ok();
    }
}
