//! The state of one hub, and what every handler needs of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::AbortHandle;
use onway_core::clock::Millis;
use onway_core::counts::HubCounts;
use onway_core::fleet::load::Load;
use onway_core::fleet::model::Model;
use onway_core::fleet::watcher::Room;
use onway_core::fleet::{shard_named, shard_of};
use onway_core::rejection::Rejection;
use worker::{Env, State};

use super::store::{Counted, Store};
use super::watching::Client;
use crate::beside;
use crate::config::Config;
use crate::identity::wall;
use crate::problem::ours;
use crate::sockets::{self, has_stopped_pinging};

/// From the first change to the checkpoint that has it, in ms.
const CHECKPOINT_AFTER: i64 = 60_000;
/// An alarm is not set further ahead, in ms.
const ALARM_MOST: i64 = 86_400_000;

pub struct Session {
    pub(super) state: State,
    pub(super) env: Env,
    pub(super) store: Store,
    /// A cache of the rows, and newer than they are; `None` until an event needs it.
    model: RefCell<Option<Model>>,
    pub(super) load: RefCell<Load>,
    pub(super) counts: RefCell<HubCounts>,
    /// What the last checkpoint has of them.
    pub(super) counted: Cell<HubCounts>,
    /// `None` until an event needs them.
    pub(super) clients: RefCell<Option<Vec<Client>>>,
    pub(super) answers_pings: Cell<bool>,
    /// For whole states.
    pub(super) room: RefCell<Room>,
    /// When dashboards were last told, and when they are to be told next.
    pub(super) told: Cell<Option<Millis>>,
    pub(super) due: Cell<Option<Millis>>,
    /// The timer for that.
    pub(super) timer: RefCell<Option<AbortHandle>>,
    /// Each timer that waits has one of these.
    #[cfg(feature = "test-utils")]
    pub(super) timers: Rc<()>,
    /// Whether there is something that no checkpoint has, and an alarm for it.
    pub(super) dirty: Cell<bool>,
}

impl Session {
    pub fn new(state: State, env: Env) -> Self {
        let store = Store::new(state.storage().sql());
        Self {
            state,
            env,
            store,
            model: RefCell::default(),
            load: RefCell::default(),
            counts: RefCell::default(),
            counted: Cell::default(),
            clients: RefCell::default(),
            answers_pings: Cell::default(),
            room: RefCell::default(),
            told: Cell::default(),
            due: Cell::default(),
            timer: RefCell::default(),
            #[cfg(feature = "test-utils")]
            timers: Rc::default(),
            dirty: Cell::default(),
        }
    }

    /// Takes the model out of its cell.
    pub(super) fn take(&self) -> Result<Model, Rejection> {
        if let Some(model) = self.model.take() {
            return Ok(model);
        }
        let (shard, shards) = (self.shard(), self.shards());
        // With another number of shards a delivery is another's: it tells that one.
        let mine = |id: &str| shard.is_none_or(|shard| shard_of(id, shards) == shard);
        let (model, counted) = self.store.load(wall(), mine).map_err(ours)?;
        self.counts.replace(counted.counts);
        self.counted.set(counted.counts);
        Ok(model)
    }

    pub(super) fn keep(&self, model: Model) {
        self.model.replace(Some(model));
    }

    pub(super) fn shard(&self) -> Option<u32> {
        self.state.id().name().and_then(|name| shard_named(&name))
    }

    pub(super) fn shards(&self) -> u32 {
        Config::new(&self.env).fleet_shards()
    }

    /// Something has changed that the next checkpoint is to have.
    pub(super) fn changed(self: &Rc<Self>) {
        if !self.dirty.replace(true) {
            self.arm(wall().plus(CHECKPOINT_AFTER));
        }
    }

    /// Sets the alarm, unless one stands that is sooner: what an eviction has forgotten of it is asked.
    fn arm(self: &Rc<Self>, at: Millis) {
        let (storage, session) = (self.state.storage(), Rc::clone(self));
        beside::spawn(&self.state, async move {
            let stands = storage.get_alarm().await.ok().flatten();
            if stands.is_none_or(|stands| stands > at.0)
                && storage.set_alarm(at.since(wall()).max(0)).await.map_err(ours).is_err()
            {
                // It has been logged: the next change sets it.
                session.dirty.set(false);
            }
        });
    }

    /// The alarm: writes a checkpoint, and lets go of what has expired.
    pub fn ring(self: &Rc<Self>) -> Result<(), Rejection> {
        self.close_silent();
        self.checkpoint()?;
        let model = self.take()?;
        let next = model.next_expiry();
        self.keep(model);
        if let Some(next) = next {
            // What expires later finds the alarm set again: the platform takes no time that is too far away.
            let now = wall();
            self.arm(next.clamp(now.plus(CHECKPOINT_AFTER), now.plus(ALARM_MOST)));
        }
        Ok(())
    }

    /// Makes durable what is known now.
    pub(super) fn checkpoint(self: &Rc<Self>) -> Result<(), Rejection> {
        let (mut model, wall) = (self.take()?, wall());
        let before = model.len();
        model.age(wall);
        let counted = {
            let mut counts = self.counts.borrow_mut();
            counts.checkpoint_at = Some(wall.0);
            counts.totals.raise(&model.totals());
            Counted { left: model.left(), counts: *counts }
        };
        let written = self.store.checkpoint(&model, &counted, wall);
        let has_aged = model.len() < before;
        self.keep(model);
        written.map_err(ours)?;
        self.counted.set(counted.counts);
        self.dirty.set(false);
        self.counts.borrow_mut().lag_ms = 0;
        if has_aged {
            self.tell_soon();
        }
        Ok(())
    }

    /// Closes those whose token has run out, and those that have pinged before and say nothing any more.
    fn close_silent(&self) {
        let wall = wall();
        self.with_clients(|clients| {
            clients.retain(|client| {
                let ended = client.attachment.has_expired(wall);
                if ended {
                    sockets::close(&client.socket, &Rejection::InvalidToken(String::new()));
                }
                let silent = !ended
                    && client.is_silent(wall)
                    && has_stopped_pinging(&self.state, &client.socket, wall);
                if silent {
                    client.socket.close(Some(1001), Some("Silent")).ok();
                }
                !ended && !silent
            });
        });
        self.rest();
    }

    /// As if the object had been evicted: what follows finds nothing in memory.
    #[cfg(feature = "test-utils")]
    pub(super) fn forget_all(&self) {
        self.model.take();
        self.load.take();
        self.counts.take();
        self.clients.take();
        self.dirty.take();
        self.told.take();
    }

    /// What is in memory may not be what is stored.
    pub(super) fn forget_model(&self) {
        self.model.take();
    }
}
