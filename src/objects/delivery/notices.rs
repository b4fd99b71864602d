//! What a delivery gives to the queue: noted with the change that it comes from, sent beside everything else, at least
//! once.

use std::cell::Cell;
use std::rc::Rc;

use onway_core::clock::Millis;
use onway_core::delivery::{Delivery, Outcome};
use onway_core::notice::message::{Errand, JITTER, News};
use onway_core::outbox::Spacing;
use onway_core::rejection::Rejection;

use super::session::Session;
use crate::config::Config;
use crate::identity::wall;
use crate::notify::queue::Queue;
use crate::problem::ours;
use crate::{beside, log};

/// Whether the queue takes what it is given. It fails apart from everything else: nothing waits for it.
#[derive(Default)]
pub(super) struct Notifying {
    busy: Cell<bool>,
    /// Since it last took something.
    failures: Cell<u32>,
    /// When it is to be tried again; `None` while it takes everything.
    next: Cell<Option<Millis>>,
}

impl Notifying {
    /// What waits now has been left by an object that is gone.
    pub(super) fn woken(&self, delivery: &Delivery, wall: Millis) {
        let waits = !delivery.live.noticed.pending().is_empty();
        self.next.set(waits.then_some(wall));
    }

    fn pauses(&self, wall: Millis) -> bool {
        self.next.get().is_some_and(|next| next > wall)
    }
}

impl Session {
    /// Notes what is to be told of a change that is about to be written.
    pub(super) fn notice(&self, delivery: &mut Delivery, outcome: &Outcome) {
        let now = delivery.facts.clock.now(wall());
        delivery.notice(outcome, Config::new(&self.env).thresholds(), now);
        if !Queue::is_bound(&self.env) {
            // Nobody is told now, nor once there is a queue: it would be long past.
            delivery.live.noticed.sent(u64::MAX);
        }
    }

    /// Notes that it has ended for everybody.
    pub(super) fn notice_expiry(&self, delivery: &mut Delivery) {
        if Queue::is_bound(&self.env) {
            delivery.notice_expiry(delivery.facts.clock.now(wall()));
        }
    }

    /// When time alone may bring something about, or the queue is to be tried again.
    pub(super) fn next_look(&self, delivery: &Delivery) -> Option<Millis> {
        if !Queue::is_bound(&self.env) {
            return None;
        }
        let again = self.notifying.next.get().filter(|_| !delivery.live.noticed.pending().is_empty());
        // Of what has expired nothing more comes about.
        let limits = Config::new(&self.env).thresholds();
        let look = (!self.has_expired(delivery)).then(|| delivery.next_look(limits)).flatten();
        look.map(|at| delivery.facts.clock.wall(at)).into_iter().chain(again).min()
    }

    /// Notes what time alone has brought about, and writes it.
    pub(super) fn look(&self) -> Result<(), Rejection> {
        if !Queue::is_bound(&self.env) {
            return Ok(());
        }
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(()) };
        let now = delivery.facts.clock.now(wall());
        let is_news =
            !self.has_expired(&delivery) && delivery.notice_time(Config::new(&self.env).thresholds(), now);
        let written = if is_news { self.store.write_live(&delivery) } else { Ok(()) };
        self.keep(delivery);
        written.map_err(ours)
    }

    /// Gives the queue what waits, beside everything else. Should that fail, the alarm does.
    pub(super) fn notify_soon(self: &Rc<Self>, delivery: &Delivery) {
        let waits = !delivery.live.noticed.pending().is_empty();
        if !waits || self.notifying.busy.get() || self.notifying.pauses(wall()) {
            return;
        }
        let session = Rc::clone(self);
        beside::spawn(&self.state, async move {
            session.notify().await;
            if session.notifying.next.get().is_some() {
                // What fails has been logged; the next wake sends it.
                session.arm_for_news().ok();
            }
        });
    }

    /// Gives the queue all that waits, unless it has just refused.
    pub(super) async fn notify(&self) {
        let Notifying { busy, failures, next } = &self.notifying;
        if self.notifying.pauses(wall()) || busy.replace(true) {
            return;
        }
        // While it is on its way no alarm is set for it.
        next.set(None);
        let sent = self.send_notices().await;
        busy.set(false);
        match sent {
            Ok(()) => {
                failures.set(0);
                next.set(None);
            }
            Err(error) => {
                log::error("notify", error);
                let Spacing { retry_first, retry_most, .. } = Config::new(&self.env).archive_spacing();
                let pause = retry_first.saturating_mul(1 << failures.get().min(32)).min(retry_most);
                // What failed together is not tried again together.
                let pause = pause + (pause as f64 * JITTER * js_sys::Math::random()) as i64;
                failures.set(failures.get() + 1);
                next.set(Some(wall().plus(pause)));
            }
        }
    }

    async fn send_notices(&self) -> Result<(), Rejection> {
        // Each round takes what has come meanwhile; more than a few would be a loop of our own making.
        for _ in 0..8 {
            let Some(delivery) = self.take_for_alarm()? else { return Ok(()) };
            let now = delivery.facts.clock.now(wall());
            // Where a number is of no use it does not travel.
            let has_sms = Config::new(&self.env).text("SMS_PROVIDER").is_some();
            let connected = self.sockets.is_driver_connected(&self.state);
            let pending = delivery.live.noticed.pending();
            let last = pending.last().map(|notice| notice.seq);
            let errands: Vec<Errand> = pending
                .iter()
                .map(|notice| {
                    let mut news = News::of(&delivery, notice, now, connected);
                    news.phone.take_if(|_| !has_sms);
                    Errand::Tell(Box::new(news))
                })
                .collect();
            self.keep(delivery);
            let Some(last) = last else { return Ok(()) };
            match Queue::of(&self.env) {
                Ok(queue) => queue.send(&errands, 0).await.map_err(ours)?,
                // It was taken away: nobody is to be told any more.
                Err(_) => log::warn("notify", "there is no queue any more: what waits for it is dropped"),
            }
            if let Some(mut delivery) = self.take_for_alarm()? {
                delivery.live.noticed.sent(last);
                // Else whoever hibernates before the next frame would send it all again.
                let written = self.store.write_live(&delivery);
                self.keep(delivery);
                written.map_err(ours)?;
            }
        }
        Ok(())
    }
}
