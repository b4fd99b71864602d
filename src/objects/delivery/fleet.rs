//! What a delivery tells the hubs: its shard, and its store's.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use onway_core::clock::Millis;
use onway_core::delivery::{Delivery, Event, Outcome};
use onway_core::fleet::load::UNWATCHED;
use onway_core::fleet::report::{Circumstances, Report};
use onway_core::fleet::reporting::{HUBS, digest};
use onway_core::fleet::{SHARDS_MAX, shard_name};
use onway_core::rejection::Rejection;
use worker::{Delay, WebSocket};

use super::session::Session;
use crate::beside;
use crate::config::Config;
use crate::contract::{Ask, FleetRequest, said};
use crate::identity::wall;
use crate::log;
use crate::problem::ours;

/// A hub that takes longer is told again later.
const PATIENCE: Duration = Duration::from_secs(5);
/// From a socket that comes or goes until it is told how many there are, in ms, at least: for all that do meanwhile.
const COUNT_AFTER: i64 = 5_000;

#[derive(Default)]
pub struct Telling {
    /// Whether a report is on its way; what comes meanwhile makes one more.
    busy: Cell<bool>,
    again: Cell<bool>,
    /// Whether a hub has not heard what it must: then the alarm tells it.
    pub untold: Cell<bool>,
    /// Which hubs are to be told of the newest position.
    moved: Cell<[bool; HUBS]>,
    /// Whether a position that was not told, or a number of sockets, waits for its time.
    waiting: Cell<bool>,
    /// When a hub is to hear how many sockets there are: the alarm tells it.
    pub uncounted: Cell<Option<Millis>>,
    /// When the last report was made: no two have the same time.
    last: Cell<Millis>,
    #[cfg(feature = "test-utils")]
    pub sent: Cell<usize>,
}

/// A report that is to be sent.
struct Due {
    at: usize,
    hub: String,
    digest: u64,
    sockets: u64,
    body: Vec<u8>,
    /// Whether it must be heard.
    urgent: bool,
}

impl Session {
    /// Notes a newer position before it is written: that its time came is written with it.
    pub(super) fn note_moved(&self, delivery: &mut Delivery, outcome: &Outcome) {
        if outcome.events.iter().any(|event| matches!(event, Event::Moved { .. })) {
            self.is_moved(delivery.live.reporting.moved(wall()));
        }
    }

    fn is_moved(&self, due: [bool; HUBS]) {
        let mut moved = self.fleet.moved.get();
        for (moved, due) in moved.iter_mut().zip(due) {
            *moved |= due;
        }
        self.fleet.moved.set(moved);
    }

    /// Tells the hubs what concerns them of what was written, beside everything else.
    pub(super) fn spread(self: &Rc<Self>, delivery: &Delivery, outcome: &Outcome) {
        self.notify_soon(delivery);
        let is_news = |event: &Event| !matches!(event, Event::Moved { .. } | Event::Estimated { .. });
        if outcome.facts_changed
            || outcome.events.iter().any(is_news)
            || self.fleet.moved.get().contains(&true)
        {
            self.report_soon();
        } else if !outcome.events.is_empty()
            && let Some(pause) = delivery.live.reporting.pause(wall())
        {
            // Whoever watches sees where it came to stand, too.
            self.move_in(pause);
        }
    }

    /// Tells how many sockets there are, a little later, where a hub wants to hear of this delivery by then. Else the
    /// next report tells it, or the alarm: the object hibernates until then. `leaving`: a socket that has just closed.
    pub(super) fn count_soon(self: &Rc<Self>, leaving: Option<&WebSocket>) {
        if self.fleet.waiting.get() {
            return;
        }
        // What fails has been logged.
        let Ok(Some(mut delivery)) = self.take() else { return };
        // Of all who come and go meanwhile the sockets are counted once.
        let due = self.fleet.uncounted.get().or_else(|| self.count_due(&delivery, leaving));
        self.count_by(&mut delivery, due).ok();
        self.keep(delivery);
    }

    /// Has hubs told how many sockets there are, a little later, or by the alarm.
    fn count_by(self: &Rc<Self>, delivery: &mut Delivery, due: Option<Millis>) -> Result<(), Rejection> {
        let later = due.filter(|due| *due > wall().plus(COUNT_AFTER));
        self.fleet.uncounted.set(later);
        if later.is_some() {
            return self.arm_again(delivery);
        }
        if due.is_some() {
            self.move_in(COUNT_AFTER);
        }
        Ok(())
    }

    /// The alarm: has hubs told how many sockets there are, where they do not know it and it is time.
    pub(super) fn count_now(&self) -> Result<(), Rejection> {
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(()) };
        if self.count_due(&delivery, None).is_some_and(|due| due <= wall()) {
            self.is_moved(delivery.live.reporting.moved(wall()));
        }
        // Whoever does not hear it now is told a pace later.
        self.fleet.uncounted.set(self.count_due(&delivery, None));
        self.keep(delivery);
        Ok(())
    }

    /// When a hub is to hear how many sockets there are.
    fn count_due(&self, delivery: &Delivery, leaving: Option<&WebSocket>) -> Option<Millis> {
        let is_over = self.has_expired(delivery);
        (!is_over).then(|| delivery.count_due(self.open_sockets(leaving), wall())).flatten()
    }

    /// How many sockets are open. One that has just closed may still be among them.
    fn open_sockets(&self, leaving: Option<&WebSocket>) -> u64 {
        let is_open = |socket: &&WebSocket| {
            socket.as_ref().ready_state() <= web_sys::WebSocket::OPEN && leaving != Some(*socket)
        };
        self.state.get_websockets().iter().filter(is_open).count() as u64
    }

    /// Tells the hubs whose time has come, after `pause` ms. The object does not hibernate before.
    fn move_in(self: &Rc<Self>, pause: i64) {
        if self.fleet.waiting.replace(true) {
            return;
        }
        let session = Rc::clone(self);
        beside::spawn(&self.state, async move {
            Delay::from(Duration::from_millis(pause.unsigned_abs())).await;
            session.fleet.waiting.set(false);
            if let Ok(Some(mut delivery)) = session.take() {
                session.is_moved(delivery.live.reporting.moved(wall()));
                session.keep(delivery);
                session.report_soon();
            }
        });
    }

    /// Reports beside everything else. Should that fail, the alarm tells what must be heard.
    pub(super) fn report_soon(self: &Rc<Self>) {
        if self.fleet.busy.replace(true) {
            self.fleet.again.set(true);
            return;
        }
        let session = Rc::clone(self);
        beside::spawn(&self.state, async move {
            session.fleet.busy.set(false);
            session.report().await;
            if session.fleet.untold.get() {
                // What fails has been logged; the next wake tells it.
                session.arm_for_news().ok();
            }
        });
    }

    /// Whether a hub has not heard what it must.
    pub(super) fn awaits_fleet(&self, delivery: &Delivery) -> bool {
        !self.has_expired(delivery) && self.reports(delivery).iter().any(|due| due.urgent)
    }

    /// Tells until the hubs know the newest.
    pub(super) async fn report(self: &Rc<Self>) {
        if self.fleet.busy.replace(true) {
            return;
        }
        let mut heard = Ok(true);
        // More rounds than a few would be a loop of our own making.
        for _ in 0..8 {
            self.fleet.again.set(false);
            heard = self.report_once().await;
            if !self.fleet.again.get() {
                break;
            }
        }
        self.fleet.busy.set(false);
        // What has come during the last round, the alarm tells.
        self.fleet.untold.set(heard != Ok(true) || self.fleet.again.get());
    }

    /// Whether all that must be heard was.
    async fn report_once(self: &Rc<Self>) -> Result<bool, Rejection> {
        let Some(delivery) = self.take_for_alarm()? else { return Ok(true) };
        let gone = self.has_expired(&delivery);
        let due = if gone { Vec::new() } else { self.reports(&delivery) };
        self.keep(delivery);
        self.fleet.moved.take();
        let mut told = Vec::with_capacity(due.len());
        for due in &due {
            told.push(self.tell_hub(&due.hub, due.body.clone()).await);
        }
        let (mut all, mut another_pace) = (true, false);
        let unheard = told.contains(&None);
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(true) };
        for (due, pace) in due.iter().zip(told) {
            match pace {
                Some(pace) => {
                    another_pace |= delivery.live.reporting.heard(due.at, due.digest, due.sockets, pace);
                }
                None => all &= !due.urgent,
            }
        }
        // Whoever hibernates between two positions would not know it by the next.
        let written = if another_pace { self.store.write_live(&delivery).map_err(ours) } else { Ok(()) };
        // Who has come or gone meanwhile, or another hub is not to hear of yet, the alarm tells.
        let uncounted = self.count_due(&delivery, None);
        // A hub that does not answer is not asked again at once.
        let earliest = if unheard { wall().plus(UNWATCHED) } else { Millis(0) };
        let armed = self.count_by(&mut delivery, uncounted.map(|due| due.max(earliest)));
        self.keep(delivery);
        written.and(armed)?;
        Ok(all)
    }

    /// What is to be reported now.
    fn reports(&self, delivery: &Delivery) -> Vec<Due> {
        let config = Config::new(&self.env);
        let at = wall().max(self.fleet.last.get().plus(1));
        let sockets = self.open_sockets(None);
        let now = Circumstances {
            at,
            expires: delivery.facts.clock.wall(delivery.expires(config.spans())),
            connected: self.sockets.is_driver_connected(&self.state),
            totals: delivery.live.totals,
            gauges: delivery.gauges(sockets),
        };
        let moved = self.fleet.moved.get();
        let mut found = Vec::new();
        for (at, (hub, party)) in delivery.hubs(config.fleet_shards()).into_iter().enumerate() {
            let report = Report::of(delivery, party, now);
            let digest = digest(&hub, &report, delivery.live.driven.online);
            let urgent = !delivery.live.reporting.has_heard(at, digest);
            if (urgent || moved.get(at) == Some(&true))
                && let Ok(body) = serde_json::to_vec(&report)
            {
                found.push(Due { at, hub, digest, sockets, body, urgent });
            }
        }
        self.fleet.last.set(at);
        found
    }

    /// In how many ms the hub wants the next position; `None` where it has not heard.
    async fn tell_hub(&self, hub: &str, body: Vec<u8>) -> Option<i64> {
        #[cfg(feature = "test-utils")]
        self.fleet.sent.set(self.fleet.sent.get() + 1);
        let asked = FleetRequest::Hear.ask(&self.env, hub, None, Some(body));
        let mut answer = beside::within(PATIENCE, asked).await?.ok()?;
        if answer.status_code() != 200 {
            return None;
        }
        said(&mut answer).await.ok()
    }

    /// Takes it out of the hubs; `everywhere`: out of those, too, that had it with another number of shards.
    pub(super) async fn leave_fleet(&self, everywhere: bool) -> Result<(), Rejection> {
        let Some(delivery) = self.take_for_alarm()? else { return Ok(()) };
        let shards = Config::new(&self.env).fleet_shards();
        let mut hubs: Vec<String> = delivery.hubs(shards).into_iter().map(|(hub, _)| hub).collect();
        let asked = FleetRequest::Erase { tracking_id: delivery.facts.tracking_id.as_str().to_owned() };
        self.keep(delivery);
        if everywhere {
            hubs.extend((0..shards).map(shard_name));
        }
        let all = Cell::new(true);
        let leave = async |hub: String| {
            let answer = beside::within(PATIENCE, asked.ask(&self.env, &hub, None, None)).await;
            let left = matches!(answer, Some(Ok(answer)) if answer.status_code() == 200);
            all.set(all.get() && left);
        };
        beside::five_at_a_time(hubs, &leave).await;
        if !all.get() {
            log::error("fleet", "a hub does not let go of a delivery");
            return Err(Rejection::Unavailable { retry_after: 5 });
        }
        if everywhere {
            // There may have been more once. One of them drops all that it has by being woken.
            beside::five_at_a_time((shards..SHARDS_MAX).map(shard_name), &leave).await;
        }
        if !all.get() {
            // Where the platform allows no more requests it does so by itself, when it next wakes.
            log::warn("fleet", "a hub of a former number of shards may still have a delivery for a day");
        }
        Ok(())
    }
}
