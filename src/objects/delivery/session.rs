//! The state of one object, and what every handler needs of it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use onway_core::access::AccessLog;
use onway_core::auth::Caller;
use onway_core::clock::Millis;
use onway_core::counts::Totals;
use onway_core::delivery::{Command, Delivery, Event, Outcome, StatusEvent};
use onway_core::eta::Model;
use onway_core::fanout::{Due, Fanout, Moved, Ticket};
use onway_core::permission::Action;
use onway_core::rejection::Rejection;
use onway_core::visibility::{self, Audience};
use onway_core::wire::{ServerFrame, Snapshot};
use worker::{Delay, Env, Result, State, WebSocket};

use super::fleet::Telling;
use super::frames::Held;
use super::links::party_of;
use super::notices::Notifying;
use super::store::Store;
use crate::beside;
use crate::config::Config;
use crate::identity::wall;
use crate::log;
use crate::problem::ours;
use crate::sockets::{Attachment, Sockets, Told, attached};

/// What changes a delivery, decided once.
pub type Decide<'a> = &'a mut dyn FnMut(&mut Delivery) -> std::result::Result<Outcome, Rejection>;

/// What is counted since the object woke.
#[derive(Default)]
pub(super) struct Tally {
    alarms: Cell<u64>,
    d1_errors: Cell<u64>,
    /// What the delivery has of it.
    known: Cell<Totals>,
}

impl Tally {
    /// An attempt to reach D1 has failed.
    pub(super) fn d1_failed(&self) {
        self.d1_errors.set(self.d1_errors.get() + 1);
    }
}

pub struct Session {
    pub(super) state: State,
    pub(super) env: Env,
    pub(super) store: Store,
    pub(super) sockets: Sockets,
    fanout: RefCell<Fanout>,
    /// Frames of the driver that came too soon, until they are taken together.
    pub(super) held: RefCell<Vec<Held>>,
    /// Whether somebody who is slow is to be told the newest.
    catching_up: Cell<bool>,
    /// The ETA model that a delivery started here takes.
    model: RefCell<Option<Rc<Model>>>,
    /// `None` until an event needs it, and after a panic.
    cached: RefCell<Option<Delivery>>,
    /// Who looked; `None` until an event needs it.
    pub(super) access: RefCell<Option<AccessLog>>,
    /// When the archive was last asked to take it.
    pub(super) access_tried: Cell<Option<Millis>>,
    /// Whether the driver's object is being told.
    pub(super) telling: Cell<bool>,
    /// Whether it has not heard what it was told: then the alarm tells it again.
    pub(super) untold: Cell<bool>,
    pub(super) notifying: Notifying,
    pub(super) tally: Tally,
    pub(super) fleet: Telling,
    #[cfg(feature = "test-utils")]
    pub(super) broken: Cell<bool>,
}

impl Session {
    pub fn new(state: State, env: Env) -> Self {
        let store = Store::new(state.storage().sql());
        Self {
            state,
            env,
            store,
            sockets: Sockets::default(),
            fanout: RefCell::default(),
            held: RefCell::default(),
            catching_up: Cell::default(),
            model: RefCell::default(),
            cached: RefCell::default(),
            access: RefCell::default(),
            access_tried: Cell::default(),
            telling: Cell::default(),
            untold: Cell::default(),
            notifying: Notifying::default(),
            tally: Tally::default(),
            fleet: Telling::default(),
            #[cfg(feature = "test-utils")]
            broken: Cell::default(),
        }
    }

    pub(super) fn env(&self) -> &Env {
        &self.env
    }

    pub(super) fn learn(&self, model: Option<Rc<Model>>) {
        self.model.replace(model);
    }

    pub(super) fn model(&self) -> Option<Rc<Model>> {
        self.model.borrow().clone()
    }

    /// Decides and writes; what was refused has changed nothing.
    pub(super) fn apply(
        self: &Rc<Self>,
        delivery: &mut Delivery,
        command: Command,
        by: &Caller,
    ) -> std::result::Result<Outcome, Rejection> {
        let now = delivery.facts.clock.now(wall());
        // Whoever follows sees the position from before the status before it, and no other driver's.
        let is_news = match &command {
            Command::Status(report) => delivery.would_reach(report.status),
            Command::Assign { .. } | Command::Unassign | Command::Decline { .. } => true,
            Command::Report(_) | Command::Accept | Command::Correct(_) | Command::Prove(_) => false,
        };
        if is_news {
            self.flush(delivery);
        }
        let mut command = Some(command);
        self.settle(delivery, &mut |delivery| {
            delivery.apply(command.take().ok_or(Rejection::Internal)?, by, now, &self.store)
        })
    }

    /// Lets `decide` change the delivery, and writes what it came to.
    pub(super) fn settle(
        self: &Rc<Self>,
        delivery: &mut Delivery,
        decide: Decide<'_>,
    ) -> std::result::Result<Outcome, Rejection> {
        let outcome = decide(delivery);
        self.store.forget_decoded();
        let outcome = outcome?;
        let way = if outcome.changed { self.way_to_ask(delivery) } else { None };
        if outcome.changed
            && let Err(error) = self.write(delivery, &outcome)
        {
            // What could not be written has not happened.
            if let Some(stored) = self.store.load().map_err(ours)? {
                *delivery = stored;
            }
            return Err(ours(error));
        }
        if let Some(way) = way {
            self.ask_for_way(way);
        }
        self.spread_news(delivery);
        self.spread(delivery, &outcome);
        Ok(outcome)
    }

    /// Writes what changed, and sets the alarm that it needs. Both are durable together.
    pub(super) fn write(&self, delivery: &mut Delivery, outcome: &Outcome) -> Result<()> {
        self.notice(delivery, outcome);
        let alarm = self.plan(delivery);
        self.note_moved(delivery, outcome);
        delivery.live.asked = self.sockets.asked_after(outcome.broadcasts());
        self.count(delivery);
        self.store.write(delivery, outcome)?;
        alarm.map_or(Ok(()), |pause| self.set_alarm(pause))
    }

    /// The alarm to set once the delivery is written, in ms from now.
    pub(super) fn plan(&self, delivery: &mut Delivery) -> Option<i64> {
        let unreported = self.fleet.untold.get() && self.awaits_fleet(delivery);
        self.fleet.untold.set(unreported);
        let untold = unreported || (self.untold.get() && !delivery.news().is_empty());
        let (wall, waiting) = (wall(), delivery.awaits_archive() || delivery.awaits_driver() || untold);
        let config = Config::new(&self.env);
        let expires = delivery.facts.clock.wall(delivery.expires(config.spans()));
        let alarm = delivery.live.outbox.arm(waiting, expires, wall, config.archive_spacing());
        let counted = self.fleet.uncounted.get().filter(|_| expires > wall);
        let sooner = self.access_due().into_iter().chain(self.next_look(delivery)).chain(counted).min();
        let earlier = sooner.and_then(|at| delivery.live.outbox.arm_for(at, wall));
        earlier.or(alarm).map(|at| at.since(wall))
    }

    /// Adds what was counted since the last time to what is stored. It goes with what is written anyhow.
    pub(super) fn count(&self, delivery: &mut Delivery) {
        let Tally { alarms, d1_errors, known } = &self.tally;
        let fresh = Totals {
            frames: self.sockets.frames_sent(),
            rows: self.store.rows_written() as u64,
            alarms: alarms.get(),
            d1_errors: d1_errors.get(),
            ..Totals::default()
        };
        let before = known.replace(fresh);
        delivery.live.totals.add(&Totals {
            frames: fresh.frames - before.frames,
            rows: fresh.rows - before.rows,
            alarms: fresh.alarms - before.alarms,
            d1_errors: fresh.d1_errors - before.d1_errors,
            ..Totals::default()
        });
    }

    /// Sets the alarm, in the synchronous section of the write.
    pub(super) fn set_alarm(&self, pause: i64) -> Result<()> {
        self.tally.alarms.set(self.tally.alarms.get() + 1);
        beside::set_alarm(&self.state, pause)
    }

    /// Tells everybody what happened. Positions keep their pace: one that comes too soon waits.
    pub(super) fn broadcast(self: &Rc<Self>, delivery: &Delivery, outcome: &Outcome) {
        if outcome.facts_changed {
            self.sockets.see_anew(&self.state, |attachment| {
                let by = attachment.by.as_ref();
                let party = party_of(delivery, by, attachment.link.is_some());
                delivery.permit(party, by, Action::See).map(|()| party)
            });
        }
        for event in &outcome.events {
            match event {
                Event::Status(StatusEvent { whole, .. }) => {
                    self.flush(delivery);
                    self.send(delivery, event);
                    if *whole {
                        self.send_whole(delivery, |_| true);
                    }
                }
                Event::Changed(_) => {
                    self.flush(delivery);
                    self.send_whole(delivery, |_| true);
                }
                Event::Estimated { .. } | Event::Presence(_) | Event::Geofence(_) => {
                    self.flush(delivery);
                    self.send(delivery, event);
                }
                Event::Moved { seq, path } => {
                    let moved = Moved { seq: *seq, path: path.clone() };
                    let due = self.fanout.borrow_mut().offer(moved, wall());
                    match due {
                        Due::Now(moved) => self.send_moved(delivery, moved),
                        Due::In(pause, ticket) => self.send_later(pause, ticket),
                        Due::Waiting => {}
                    }
                }
            }
        }
        if outcome.hidden {
            // What they may not see any more is not left on their screens.
            self.send_whole(delivery, |audience| !audience.is_inside());
        }
    }

    /// Sends the position that waits, after `pause` ms. The object does not hibernate before.
    fn send_later(self: &Rc<Self>, pause: i64, ticket: Ticket) {
        let session = Rc::clone(self);
        beside::spawn(&self.state, async move {
            Delay::from(Duration::from_millis(pause.unsigned_abs())).await;
            let waited = session.fanout.borrow_mut().take(ticket, wall());
            // Without a delivery there is nothing to tell; an error has been logged.
            if let (Some(moved), Ok(Some(delivery))) = (waited, session.take()) {
                session.send_moved(&delivery, moved);
                session.keep(delivery);
            }
        });
    }

    /// Sends the position that waits, since something with a later number follows.
    fn flush(self: &Rc<Self>, delivery: &Delivery) {
        let waited = self.fanout.borrow_mut().flush(wall());
        if let Some(moved) = waited {
            self.send_moved(delivery, moved);
        }
    }

    fn send_moved(self: &Rc<Self>, delivery: &Delivery, Moved { seq, path }: Moved) {
        self.send(delivery, &Event::Moved { seq, path });
    }

    fn send(self: &Rc<Self>, delivery: &Delivery, event: &Event) {
        let now = delivery.facts.clock.now(wall());
        self.tell(delivery, Some(event.seq()), &|audience| visibility::frame(delivery, event, audience, now));
    }

    /// Tells everybody what `frame` makes for them; a `seq` counts.
    pub(super) fn tell(self: &Rc<Self>, delivery: &Delivery, seq: Option<u64>, frame: Told<'_>) {
        let whole = self.whole(delivery);
        let pause = self.sockets.broadcast(&self.state, wall(), seq, frame, &whole);
        self.catch_up_later(pause);
    }

    /// Tells those who are slow the newest, after `pause` ms. The object does not hibernate before.
    fn catch_up_later(self: &Rc<Self>, pause: Option<i64>) {
        let Some(pause) = pause.filter(|_| !self.catching_up.replace(true)) else { return };
        let session = Rc::clone(self);
        beside::spawn(&self.state, async move {
            Delay::from(Duration::from_millis(pause.unsigned_abs())).await;
            session.catching_up.set(false);
            if let Ok(Some(delivery)) = session.take() {
                let whole = session.whole(&delivery);
                let next = session.sockets.catch_up_all(&session.state, wall(), &whole);
                drop(whole);
                session.keep(delivery);
                session.catch_up_later(next);
            }
        });
    }

    /// The whole state for each audience. Whether the driver is there is asked now: not while the sockets are
    /// gone through.
    fn whole<'d>(&self, delivery: &'d Delivery) -> impl Fn(Audience) -> Option<ServerFrame> + use<'d> {
        let now = delivery.facts.clock.now(wall());
        let connected = self.sockets.is_driver_connected(&self.state);
        move |audience| {
            let data = Box::new(visibility::snapshot(delivery, audience, now, connected));
            Some(ServerFrame::InitialState { data })
        }
    }

    /// Tells those who are meant all, in the place of what they know.
    fn send_whole(self: &Rc<Self>, delivery: &Delivery, is_meant: impl Fn(Audience) -> bool) {
        let whole = self.whole(delivery);
        self.tell(delivery, Some(delivery.live.seq), &|audience| {
            whole(audience).filter(|_| is_meant(audience))
        });
    }

    pub(super) fn snapshot(&self, delivery: &Delivery, audience: Audience) -> Snapshot {
        let now = delivery.facts.clock.now(wall());
        visibility::snapshot(delivery, audience, now, self.sockets.is_driver_connected(&self.state))
    }

    /// What a new socket is told first: what it missed, or the whole state.
    pub(super) fn greeting(
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

    /// A socket has closed.
    pub(super) fn left(self: &Rc<Self>, socket: &WebSocket, code: usize, reason: &str) {
        let attachment: Option<Attachment> = attached(socket);
        let audience = attachment.map_or("", |attachment| attachment.audience.name());
        log::disconnect(&self.env, &self.state, "delivery", audience, code, reason);
        self.sockets.forget(socket);
        self.count_soon(Some(socket));
    }

    /// Takes the delivery out of its cell; `None` where this object is empty.
    pub(super) fn take(&self) -> std::result::Result<Option<Delivery>, Rejection> {
        if let Some(delivery) = self.cached.take() {
            return Ok(Some(delivery));
        }
        let mut loaded = self.store.load().map_err(ours)?;
        if let Some(delivery) = &mut loaded {
            self.sockets.recall(&delivery.live.asked);
            // An alarm whose time has come and that did not wake the object may be lost: it is set again.
            delivery.live.outbox.woken(wall());
            self.untold.set(true);
            self.fleet.untold.set(true);
            self.notifying.woken(delivery, wall());
            if let Some(pause) = self.plan(delivery) {
                self.store.write_live(delivery).and_then(|()| self.set_alarm(pause)).map_err(ours)?;
            }
        }
        Ok(loaded)
    }

    /// The same, where it is the alarm that asks: none is set again.
    pub(super) fn take_for_alarm(&self) -> std::result::Result<Option<Delivery>, Rejection> {
        match self.cached.take() {
            Some(delivery) => Ok(Some(delivery)),
            None => {
                let loaded = self.store.load().map_err(ours)?;
                if let Some(delivery) = &loaded {
                    self.sockets.recall(&delivery.live.asked);
                }
                Ok(loaded)
            }
        }
    }

    /// The same, for what only a delivery that has not expired can answer.
    pub(super) fn take_live(&self) -> std::result::Result<Delivery, Rejection> {
        let delivery = self.take()?.ok_or(Rejection::Gone)?;
        if self.has_expired(&delivery) {
            self.keep(delivery);
            return Err(Rejection::Gone);
        }
        Ok(delivery)
    }

    pub(super) fn has_expired(&self, delivery: &Delivery) -> bool {
        delivery.has_expired(Config::new(&self.env).spans(), delivery.facts.clock.now(wall()))
    }

    pub(super) fn keep(&self, delivery: Delivery) {
        self.cached.replace(Some(delivery));
    }

    /// As if the object had been evicted: what follows finds nothing in memory.
    pub(super) fn forget_all(&self) {
        self.cached.take();
        self.access.take();
        #[cfg(feature = "test-utils")]
        self.broken.take();
        self.fanout.take();
        self.held.take();
        self.sockets.forget_all();
    }

    #[cfg(feature = "test-utils")]
    pub(super) fn counters(&self) -> serde_json::Value {
        let cached = self.cached.take();
        let totals = cached.as_ref().map(|delivery| delivery.live.totals);
        self.cached.replace(cached);
        serde_json::json!({
            "totals": totals,
            "rows_written": self.store.rows_written(),
            "alarms": self.tally.alarms.get(),
            "broadcasts": self.sockets.counts.broadcasts.get(),
            "serializations": self.sockets.counts.serializations.get(),
            "attachments": self.sockets.counts.attachments.get(),
            "reports": self.fleet.sent.get(),
        })
    }
}
