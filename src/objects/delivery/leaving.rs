//! The end of the object: it expires, sees that the archive has everything, and empties itself.

use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use onway_core::archive::Held;
use onway_core::auth::Caller;
use onway_core::clock::Millis;
use onway_core::delivery::Delivery;
use onway_core::permission::Action;
use onway_core::rejection::Rejection;
use worker::Response;

use super::session::Session;
use crate::archive::{Database, reason};
use crate::beside;
use crate::config::Config;
use crate::erasure;
use crate::identity::wall;
use crate::log;
use crate::problem::{Answer, ours};
use crate::reply;

/// A start waits no longer for D1.
const PATIENCE: Duration = Duration::from_secs(2);
/// So long after its end an object stays for a queue that takes nothing, in ms.
const UNTOLD_MAX: i64 = 3 * 86_400_000;

impl Session {
    /// Ends what has expired: its sockets close, and what D1 lacks is due.
    pub(super) fn expire(&self, fired: Millis) -> Result<(), Rejection> {
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(()) };
        if self.has_expired(&delivery) && delivery.close(fired) {
            self.notice_expiry(&mut delivery);
            self.sockets.close_all(&self.state, &Rejection::Gone);
        }
        self.keep(delivery);
        Ok(())
    }

    /// Whether there is anything here. What should have gone and lost its alarm gets another by being loaded.
    pub(super) fn wake(&self) -> Answer {
        let delivery = self.take()?.ok_or(Rejection::Gone)?;
        self.keep(delivery);
        Ok(Response::empty().map_err(ours)?.with_status(204))
    }

    /// Lets go of what has ended before its time is over. Should a hub not hear of it, the end asks it again.
    pub(super) async fn finish(&self) -> Answer {
        let mut delivery = self.take()?.ok_or(Rejection::Gone)?;
        let over = self.permit_leaving(&delivery);
        let finished = over.and_then(|()| {
            if delivery.close(wall()) {
                self.notice_expiry(&mut delivery);
                self.sockets.close_all(&self.state, &Rejection::Gone);
            }
            self.write_outbox(&mut delivery).map_err(ours)
        });
        self.keep(delivery);
        finished?;
        self.leave_fleet(false).await?;
        Ok(Response::empty().map_err(ours)?.with_status(204))
    }

    /// Erases everything: D1 first, so that whatever interrupts this finds the object still there to do it again.
    pub(super) async fn erase(self: &Rc<Self>, by: &Caller, judge: bool) -> Answer {
        let mut delivery = self.take()?.ok_or(Rejection::Gone)?;
        let judged = delivery
            .permit(delivery.party(Some(by)), Some(by), Action::Erase)
            .and_then(|()| self.permit_leaving(&delivery));
        let (id, customer) = (delivery.facts.tracking_id.clone(), delivery.facts.customer_id.clone());
        let erases = judged.is_ok() && !judge;
        if erases && self.has_expired(&delivery) {
            // What never ended is nobody's stop any more.
            delivery.close(wall());
        }
        self.keep(delivery);
        judged?;
        if !erases {
            return Ok(Response::empty().map_err(ours)?.with_status(204));
        }
        // Once this is empty, nobody would tell the driver's object to forget order and address.
        self.tell_driver_all().await?;
        let receipt = erasure::erase(&self.env, &id, customer.as_deref(), by).await.map_err(ours)?;
        self.leave_fleet(true).await?;
        self.empty()?;
        reply::json(&receipt, 200)
    }

    /// What is held of persons here, and in the archive not yet, or never.
    pub(super) fn export(&self) -> Answer {
        let delivery = self.take()?.ok_or(Rejection::Gone)?;
        let held = serde_json::json!({"facts": delivery.facts, "timeline": delivery.live.timeline, "acts": delivery.live.acts});
        self.keep(delivery);
        reply::json(&held, 200)
    }

    /// Forgets that a driver who is being erased once had it. What it has is erased once that has ended, otherwise.
    pub(super) fn forget_driver(&self, driver_id: &str, judge: bool) -> Answer {
        let mut delivery = self.take()?.ok_or(Rejection::Gone)?;
        if delivery.facts.driver_id.as_deref() == Some(driver_id) {
            let judged = self.permit_leaving(&delivery);
            self.keep(delivery);
            return judged.and_then(|()| Response::empty().map_err(ours));
        }
        if !judge && delivery.forget_driver(driver_id) {
            let written = self.store.forget_driver(driver_id).and_then(|()| self.store.write_live(&delivery));
            // What could not be written has not happened: it is loaded anew.
            written.map_err(ours)?;
        }
        self.keep(delivery);
        Ok(Response::empty().map_err(ours)?.with_status(204))
    }

    fn permit_leaving(&self, delivery: &Delivery) -> Result<(), Rejection> {
        if delivery.status().is_final() || self.has_expired(delivery) {
            return Ok(());
        }
        Err(Rejection::Conflict("this delivery is under way: it can be erased once it has ended".into()))
    }

    /// Whether a delivery was here that has gone since. Where D1 does not say, a start goes on: nobody waits for it.
    pub(super) async fn was_here(&self) -> bool {
        let (Some(id), Ok(None)) = (self.state.id().name(), self.store.load()) else { return false };
        let known = match Database::of(&self.env, PATIENCE) {
            Ok(database) => database.knows(&id).await,
            Err(error) => Err(error),
        };
        known.unwrap_or_else(|error| {
            log::error(
                "archive",
                format!("whether a start is a repeated one is not known: {}", reason(&error)),
            );
            false
        })
    }

    /// Empties the object once D1 is seen to have what it must.
    pub(super) async fn leave(self: &Rc<Self>, held: Held) -> Result<(), Rejection> {
        let config = Config::new(&self.env);
        let database = Database::of(&self.env, config.archive_timeout());
        let seen = match &database {
            Ok(database) => database.holds(&held).await,
            Err(error) => Err(worker::Error::RustError(reason(error))),
        };
        let left = self.leave_fleet(false).await;
        // Meanwhile something may have come that D1 lacks.
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(()) };
        // Nor is anything here to remember who looked.
        let noted = self.access_due().is_none();
        // Hubs let go by themselves of what has had its time.
        let now = delivery.facts.clock.now(wall());
        let left = left.is_ok() || now >= delivery.expires(config.spans());
        // A queue that has been away for so long is not waited for.
        let given_up = delivery.expires(config.spans()).plus(UNTOLD_MAX) <= now;
        let told = delivery.live.noticed.pending().is_empty() || given_up;
        if noted && told && left && matches!(seen, Ok(true)) && delivery.held().as_ref() == Some(&held) {
            drop(delivery);
            self.empty()?;
            if let Ok(database) = database
                && let Err(error) = database.close(&held.tracking_id, wall()).await
            {
                // The sweep asks again.
                log::error("archive", format!("a delivery that has gone is not marked: {}", reason(&error)));
            }
            return Ok(());
        }
        match seen {
            // Whatever is amiss is written anew.
            Ok(false) => {
                log::error("archive", "D1 lacks what it had: it is sent again");
                delivery.live.outbox.archived = Default::default();
            }
            Ok(true) => {}
            Err(error) => {
                self.tally.d1_failed();
                log::error("archive", format!("what it has could not be read: {}", reason(&error)));
            }
        }
        delivery.live.outbox.failed(wall(), config.archive_spacing(), js_sys::Math::random());
        let kept = self.write_outbox(&mut delivery);
        self.keep(delivery);
        kept.map_err(ours)
    }

    /// Deletes everything, the alarm included, within one synchronous section: the first poll makes the call.
    pub(super) fn empty(&self) -> Result<(), Rejection> {
        self.sockets.close_all(&self.state, &Rejection::Gone);
        let storage = self.state.storage();
        let mut deleting = Box::pin(async move { storage.delete_all().await });
        let done = (&mut deleting).now_or_never();
        self.forget_all();
        self.store.emptied();
        match done {
            Some(done) => done.map_err(ours),
            None => {
                beside::spawn(&self.state, deleting.map(|done| drop(done.map_err(ours))));
                Ok(())
            }
        }
    }
}
