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
use worker::{Response, console_error};

use super::session::Session;
use crate::archive::{Database, reason};
use crate::beside;
use crate::config::Config;
use crate::erasure;
use crate::identity::wall;
use crate::problem::{Answer, ours};
use crate::reply;

/// A start waits no longer for D1.
const PATIENCE: Duration = Duration::from_secs(2);

impl Session {
    /// Ends what has expired: its sockets close, and what D1 lacks is due.
    pub(super) fn expire(&self, fired: Millis) -> Result<(), Rejection> {
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(()) };
        if self.has_expired(&delivery) && delivery.close(fired) {
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

    /// Lets go of what has ended before its time is over.
    pub(super) fn finish(&self) -> Answer {
        let mut delivery = self.take()?.ok_or(Rejection::Gone)?;
        let over = self.permit_leaving(&delivery);
        let finished = over.and_then(|()| {
            if delivery.close(wall()) {
                self.sockets.close_all(&self.state, &Rejection::Gone);
            }
            self.write_outbox(&mut delivery).map_err(ours)
        });
        self.keep(delivery);
        finished?;
        Ok(Response::empty().map_err(ours)?.with_status(204))
    }

    /// Erases everything: D1 first, so that whatever interrupts this finds the object still there to do it again.
    pub(super) async fn erase(self: &Rc<Self>, by: &Caller, judge: bool) -> Answer {
        let delivery = self.take()?.ok_or(Rejection::Gone)?;
        let judged = delivery
            .permit(delivery.party(Some(by)), Some(by), Action::Erase)
            .and_then(|()| self.permit_leaving(&delivery));
        let (id, customer) = (delivery.facts.tracking_id.clone(), delivery.facts.customer_id.clone());
        self.keep(delivery);
        judged?;
        if judge {
            return Ok(Response::empty().map_err(ours)?.with_status(204));
        }
        let receipt = erasure::erase(&self.env, &id, customer.as_deref()).await.map_err(ours)?;
        self.empty()?;
        reply::json(&receipt, 200)
    }

    /// What is held of persons here, and in the archive not yet, or never.
    pub(super) fn export(&self) -> Answer {
        let delivery = self.take()?.ok_or(Rejection::Gone)?;
        let held = serde_json::json!({"facts": delivery.facts, "timeline": delivery.live.timeline});
        self.keep(delivery);
        reply::json(&held, 200)
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
            console_error!("archive: whether a start is a repeated one is not known: {}", reason(&error));
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
        // Meanwhile something may have come that D1 lacks.
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(()) };
        // Nor is anything here to remember who looked.
        let noted = self.access_due().is_none();
        if noted && matches!(seen, Ok(true)) && delivery.held().as_ref() == Some(&held) {
            drop(delivery);
            self.empty()?;
            if let Ok(database) = database
                && let Err(error) = database.close(&held.tracking_id, wall()).await
            {
                // The sweep asks again.
                console_error!("archive: a delivery that has gone is not marked: {}", reason(&error));
            }
            return Ok(());
        }
        match seen {
            // Whatever is amiss is written anew.
            Ok(false) => {
                console_error!("archive: D1 lacks what it had: it is sent again");
                delivery.live.outbox.archived = Default::default();
            }
            Ok(true) => {}
            Err(error) => console_error!("archive: what it has could not be read: {}", reason(&error)),
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
