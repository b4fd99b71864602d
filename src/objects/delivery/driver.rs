//! Between a delivery and its driver's object.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use onway_core::auth::Caller;
use onway_core::delivery::{Command, Delivery};
use onway_core::driver::Heading;
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::visibility::Audience;
use onway_core::wire::ServerFrame;
use onway_core::wire::driver::{EmergencyView, RelayAnswer, RelayResult, Relayed};
use onway_core::wire::report::{REQUEST_FIXES_MAX, message_id};
use worker::{Delay, Response};

use super::session::Session;
use crate::beside;
use crate::contract::{Ask, DriverRequest};
use crate::identity::wall;
use crate::problem::{Answer, ours};

/// Most fixes of a message that is passed on: a tracker's whole request, and where it is now.
const RELAYED_FIXES_MAX: usize = REQUEST_FIXES_MAX + 1;
/// An object that takes longer is told again later.
const PATIENCE: Duration = Duration::from_secs(5);
/// Who erases a delivery waits so often, so long, for its driver's object.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

impl Session {
    /// Carries out what the driver's line passes on, as if the driver had said it here.
    pub(super) fn relay(self: &Rc<Self>, by: &Caller, body: &[u8]) -> Answer {
        #[cfg(feature = "test-utils")]
        if self.broken.get() {
            return Err(Rejection::Internal);
        }
        let items: Vec<Relayed> = own_json::read(body).map_err(|_| Rejection::Internal)?;
        let mut delivery = self.take_live()?;
        if delivery.facts.driver_id.as_deref() != Some(&by.subject) {
            self.keep(delivery);
            return Err(Rejection::Forbidden("this delivery is another driver's".into()));
        }
        let mut results = Vec::with_capacity(items.len());
        for Relayed { received, message } in items {
            let now = delivery.facts.clock.now(received);
            let applied = Self::command_of(&message, now, RELAYED_FIXES_MAX)
                .map(Command::relayed)
                .and_then(|command| self.apply(&mut delivery, command, by));
            let id = message_id(&message).ok().flatten();
            let refusal = |refused: &Rejection| own_json::value(&ServerFrame::refusal(refused, id)).ok();
            results.push(match applied {
                Ok(outcome) => {
                    self.broadcast(&delivery, &outcome);
                    let refused = match &outcome.conflict {
                        Some(conflict) => refusal(conflict),
                        None if outcome.wrong_clock => own_json::value(&ServerFrame::wrong_clock()).ok(),
                        None => None,
                    };
                    RelayResult { counts: outcome.counts, refused }
                }
                // What is our fault is tried again, all of it.
                Err(error @ Rejection::Internal) => {
                    self.keep(delivery);
                    return Err(error);
                }
                Err(refused) => RelayResult { refused: refusal(&refused), ..RelayResult::default() },
            });
        }
        let now = delivery.facts.clock.now(wall());
        let interest = delivery.interest(self.sockets.is_watched(&self.state), now);
        self.keep(delivery);
        Response::from_json(&RelayAnswer { results, interest }).map_err(ours)
    }

    /// Takes where the delivery stands among the driver's stops.
    pub(super) fn head(self: &Rc<Self>, driver_id: &str, body: &[u8]) -> Answer {
        let heading: Heading = own_json::read(body).map_err(|_| Rejection::Internal)?;
        let mut delivery = self.take_driven(driver_id)?;
        let now = delivery.facts.clock.now(wall());
        let outcome = delivery.take_heading(heading, now);
        let written = if outcome.changed { self.write(&mut delivery, &outcome) } else { Ok(()) };
        if written.is_ok() {
            self.broadcast(&delivery, &outcome);
            self.spread(&delivery, &outcome);
            self.keep(delivery);
        }
        written.map_err(ours)?;
        Response::empty().map_err(ours)
    }

    /// Takes a call for help, or that somebody has it, and tells those whom it concerns.
    pub(super) fn alert(self: &Rc<Self>, driver_id: &str, body: &[u8]) -> Answer {
        let mut emergency: EmergencyView = own_json::read(body).map_err(|_| Rejection::Internal)?;
        let mut delivery = self.take_driven(driver_id)?;
        // What else the driver carries is not for those who follow this one.
        emergency.tracking_ids = vec![delivery.facts.tracking_id.as_str().to_owned()];
        if delivery.take_emergency(emergency.clone()) {
            if let Err(error) = self.store.write_live(&delivery) {
                return Err(ours(error));
            }
            // Not for all: it asks nobody whether they keep up.
            self.tell(&delivery, None, &|audience| {
                matches!(audience, Audience::Store | Audience::Operator)
                    .then(|| ServerFrame::EmergencyAlert { data: emergency.clone() })
            });
            self.report_soon();
        }
        self.keep(delivery);
        Response::empty().map_err(ours)
    }

    fn take_driven(&self, driver_id: &str) -> Result<Delivery, Rejection> {
        let delivery = self.take_live()?;
        if delivery.facts.driver_id.as_deref() == Some(driver_id) {
            return Ok(delivery);
        }
        self.keep(delivery);
        Err(Rejection::Forbidden("this delivery is another driver's".into()))
    }

    /// Tells the driver's object what it does not know yet, beside everything else. Should that fail, the
    /// alarm tells it.
    pub(super) fn spread_news(self: &Rc<Self>, delivery: &Delivery) {
        if delivery.news().is_empty() || self.telling.replace(true) {
            return;
        }
        let session = Rc::clone(self);
        beside::spawn(&self.state, async move {
            session.telling.set(false);
            // What fails has been logged; it waits for the alarm.
            if session.tell_driver().await.is_err() || session.untold.get() {
                session.arm_for_news().ok();
            }
        });
    }

    /// Tells until the newest is known. That it is known need not be stored: telling it twice changes nothing,
    /// and the archive's next attempt stores it anyway.
    pub(super) async fn tell_driver(self: &Rc<Self>) -> Result<(), Rejection> {
        if self.telling.replace(true) {
            return Ok(());
        }
        let told = self.tell_all().await;
        self.telling.set(false);
        self.untold.set(told != Ok(true));
        told.map(drop)
    }

    /// The same, before everything is forgotten here: it waits until all is told.
    pub(super) async fn tell_driver_all(self: &Rc<Self>) -> Result<(), Rejection> {
        for _ in 0..TRIES {
            self.tell_driver().await?;
            let delivery = self.take_for_alarm()?.ok_or(Rejection::Gone)?;
            let told = delivery.news().is_empty();
            self.keep(delivery);
            if told {
                return Ok(());
            }
            Delay::from(PAUSE).await;
        }
        Err(Rejection::Unavailable { retry_after: 5 })
    }

    /// Whether a driver's object has heard. A refusal is an answer: it has too many deliveries, and reads this one
    /// by itself.
    async fn tell_one(&self, whom: &str, body: Vec<u8>) -> bool {
        let asked = DriverRequest::Hear.ask(&self.env, whom, None, Some(body));
        let answer = beside::within(PATIENCE, asked).await;
        answer.is_some_and(|answer| answer.is_ok_and(|answer| answer.status_code() < 500))
    }

    /// Sets the alarm for what the driver's object has not heard.
    pub(super) fn arm_for_news(&self) -> Result<(), Rejection> {
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(()) };
        let armed = self.write_outbox(&mut delivery);
        self.keep(delivery);
        armed.map_err(ours)
    }

    /// Whether everybody has heard.
    async fn tell_all(&self) -> Result<bool, Rejection> {
        // Each round takes what has changed meanwhile; more than a few would be a loop of our own making.
        for _ in 0..8 {
            let Some(delivery) = self.take_for_alarm()? else { return Ok(true) };
            let due = delivery.news();
            self.keep(delivery);
            let Some((_, news)) = due.first().cloned() else { return Ok(true) };
            let body = serde_json::to_vec(&news).map_err(|_| Rejection::Internal)?;
            let asked = due.iter().map(|(whom, _)| self.tell_one(whom, body.clone()));
            if join_all(asked).await.contains(&false) {
                return Ok(false);
            }
            if let Some(mut delivery) = self.take_for_alarm()? {
                delivery.news_heard(&news);
                self.keep(delivery);
            }
        }
        Ok(false)
    }
}
