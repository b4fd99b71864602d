//! The alarm: brings to D1 what it lacks, and who looked, and ends what has expired.

use std::rc::Rc;

use onway_core::archive::{Held, NumberedChunk, Work};
use onway_core::clock::Millis;
use onway_core::delivery::Delivery;
use onway_core::rejection::Rejection;

use super::session::Session;
use crate::archive::{Database, reason};
use crate::config::Config;
use crate::identity::wall;
use crate::log;
use crate::problem::ours;

/// What an alarm is for.
enum Due {
    Nothing,
    Archive(Box<Waiting>),
    Leave(Held),
}

/// What an attempt sends.
struct Waiting {
    tracking_id: String,
    work: Work,
    closed: Vec<NumberedChunk>,
}

impl Session {
    /// Makes one attempt. One that D1 refuses ends well: attempts are counted and spaced by the delivery
    /// itself, since the platform gives up after a few.
    pub(super) async fn drain(self: &Rc<Self>) -> Result<(), Rejection> {
        let fired = wall();
        self.sockets.close_silent(&self.state, fired);
        self.expire(fired)?;
        self.look()?;
        self.count_now()?;
        // What fails has been logged, and keeps nothing else from leaving.
        self.tell_driver().await.ok();
        self.report().await;
        self.notify().await;
        // First: what has left needs no alarm of its own any more.
        let noted = self.drain_access(fired).await;
        self.archive(fired).await.and(noted)?;
        self.arm_for_access()
    }

    async fn archive(self: &Rc<Self>, fired: Millis) -> Result<(), Rejection> {
        let Waiting { tracking_id, work, closed } = match self.due(fired)? {
            Due::Nothing => return Ok(()),
            Due::Archive(waiting) => *waiting,
            Due::Leave(held) => return self.leave(held).await,
        };
        let config = Config::new(&self.env);
        let written = match Database::of(&self.env, config.archive_timeout()) {
            Ok(database) => database.write(&tracking_id, &work, &closed).await,
            Err(error) => Err(error),
        };
        // Meanwhile others may have changed the delivery: it is taken anew.
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(()) };
        delivery.live.outbox.fired(fired);
        match written {
            Ok(()) => delivery.live.outbox.succeeded(work.then),
            Err(error) => {
                let attempts = delivery.live.outbox.attempts() + 1;
                self.tally.d1_failed();
                log::error("archive", format!("attempt {attempts} failed: {}", reason(&error)));
                delivery.live.outbox.failed(wall(), config.archive_spacing(), js_sys::Math::random());
            }
        }
        if let Some(held) = delivery.held() {
            self.keep(delivery);
            return self.leave(held).await;
        }
        let kept = self.write_outbox(&mut delivery);
        self.keep(delivery);
        kept.map_err(ours)
    }

    /// What is due: with what the archive lacks go the closed chunks that belong to it.
    fn due(&self, fired: Millis) -> Result<Due, Rejection> {
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(Due::Nothing) };
        let news = delivery.live.outbox.fired(fired);
        if let Some(held) = delivery.held().filter(|_| delivery.live.outbox.is_due(fired)) {
            self.keep(delivery);
            return Ok(Due::Leave(held));
        }
        let waiting = if delivery.live.outbox.is_due(fired) {
            delivery.archive_work().map(|work| {
                let closed = self.store.chunks(work.chunks.clone())?;
                Ok(Waiting { tracking_id: delivery.facts.tracking_id.as_str().to_owned(), work, closed })
            })
        } else {
            None
        };
        let stored = match &waiting {
            Some(_) => {
                let config = Config::new(&self.env);
                let timeout = config.archive_timeout().as_millis() as i64;
                delivery.live.outbox.attempting(fired, timeout, config.archive_spacing());
                Ok(())
            }
            None => {
                let unheard =
                    !delivery.news().is_empty() || (self.fleet.untold.get() && self.awaits_fleet(&delivery));
                if news && delivery.live.outbox.is_due(fired) && unheard {
                    // The driver's object, or a hub, did not hear.
                    let spacing = Config::new(&self.env).archive_spacing();
                    delivery.live.outbox.failed(fired, spacing, js_sys::Math::random());
                }
                // An alarm that came for nothing must not be trusted after the next wake, and what waits has one.
                match self.plan(&mut delivery) {
                    Some(pause) => self.store.write_live(&delivery).and_then(|()| self.set_alarm(pause)),
                    None if news => self.store.write_live(&delivery),
                    None => Ok(()),
                }
            }
        };
        self.keep(delivery);
        let waiting = stored.and(waiting.transpose()).map_err(ours)?;
        Ok(waiting.map_or(Due::Nothing, |waiting| Due::Archive(Box::new(waiting))))
    }

    /// Writes how far the archive has got, and sets the next alarm.
    pub(super) fn write_outbox(&self, delivery: &mut Delivery) -> worker::Result<()> {
        let alarm = self.plan(delivery);
        delivery.live.asked = self.sockets.asked_after(0);
        self.count(delivery);
        self.store.write_live(delivery)?;
        alarm.map_or(Ok(()), |pause| self.set_alarm(pause))
    }
}
