//! What the driver's object tells: to each delivery where it stands, to the archive what lists show.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use onway_core::driver::emergency::Listener;
use onway_core::driver::schedule::Task;
use onway_core::driver::{Emergency, Heading};
use onway_core::fleet::{shard_name, store_name};
use onway_core::notice::message::{Errand, News};
use onway_core::rejection::Rejection;
use onway_core::wire::driver::{DriverFrame, EmergencyView};

use super::session::Session;
use crate::beside;
use crate::contract::{Ask, DeliveryRequest, FleetRequest};
use crate::identity::wall;
use crate::log;
use crate::notify::queue::Queue;
use crate::roster::Roster;

const PATIENCE: Duration = Duration::from_secs(5);

impl Session {
    /// Tells beside everything else.
    pub(super) fn tell_soon(self: &Rc<Self>) {
        let session = Rc::clone(self);
        beside::spawn(&self.state, async move {
            // What fails has been logged, and is tried again by the alarm.
            session.tell().await.ok();
        });
    }

    /// Tells until everybody knows the newest. What fails is tried again by the alarm.
    pub(super) async fn tell(self: &Rc<Self>) -> Result<(), Rejection> {
        if self.telling.replace(true) {
            return Ok(());
        }
        let told = self.tell_all().await;
        self.telling.set(false);
        self.change(|driver| {
            match told {
                Ok(true) => driver.schedule.succeeded(Task::Tell),
                _ => driver.schedule.failed(Task::Tell, wall(), js_sys::Math::random()),
            }
            Ok(())
        })
    }

    /// Whether everybody has heard.
    async fn tell_all(&self) -> Result<bool, Rejection> {
        // Each round tells what has changed during the one before it.
        for _ in 0..4 {
            let driver = self.driver()?;
            let due = driver.headings();
            let calls = driver.unspread();
            if due.is_empty() && calls.is_empty() && !driver.awaits_archive() {
                return Ok(true);
            }
            // Whoever hangs keeps no other waiting.
            let headings = join_all(due.into_iter().map(|(id, heading)| self.tell_delivery(id, heading)));
            let (spread, heard) = join(self.tell_calls(&calls), headings).await;
            let spread = spread?;
            let all = heard.iter().all(Option::is_some);
            self.change(|driver| {
                for (id, heading, is_mine) in heard.into_iter().flatten() {
                    if is_mine {
                        driver.told(&id, heading);
                    } else {
                        driver.forget(&id);
                    }
                }
                Ok(())
            })?;
            if !(self.archive().await? && all && spread) {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Tells one delivery; `None` where it did not answer. The last value: whether it is this driver's.
    async fn tell_delivery(&self, id: String, heading: Heading) -> Option<(String, Heading, bool)> {
        let driver_id = self.driver().ok()?.driver_id.clone();
        let body = serde_json::to_vec(&heading).ok()?;
        let status = self.post(DeliveryRequest::Heading { driver_id }, &id, body).await?;
        match status {
            200..=299 => Some((id, heading, true)),
            403 | 404 | 410 => Some((id, heading, false)),
            _ => None,
        }
    }

    /// Tells of calls for help, or that somebody has them, whoever has not heard. Whether all have.
    async fn tell_calls(&self, calls: &[Emergency]) -> Result<bool, Rejection> {
        let driver_id = self.driver()?.driver_id.clone();
        let letters = calls.iter().enumerate().flat_map(|(n, call)| {
            let driver_id = &driver_id;
            call.unheard().into_iter().map(move |to| async move {
                let heard = self.tell_call(driver_id, call, &to).await;
                (n, to, heard)
            })
        });
        let (heard, unheard): (Vec<_>, Vec<_>) =
            join_all(letters).await.into_iter().partition(|(_, _, heard)| *heard);
        self.change(|driver| {
            for (n, call) in calls.iter().enumerate() {
                let of_call = heard.iter().filter(|(of, ..)| *of == n);
                driver.spread(call, of_call.map(|(_, to, _)| to.clone()));
            }
            Ok(())
        })?;
        Ok(unheard.is_empty())
    }

    /// Tells one of a call. Whether it has heard.
    async fn tell_call(&self, driver_id: &str, call: &Emergency, to: &Listener) -> bool {
        let mut view = EmergencyView::of(driver_id, call);
        let hub = match to {
            Listener::Queue => return self.notify(driver_id, call).await,
            Listener::Delivery(id) => {
                let Ok(body) = serde_json::to_vec(&view) else { return false };
                let asked = DeliveryRequest::Emergency { driver_id: driver_id.to_owned() };
                // One that has ended, or is another's by now, need not hear.
                return matches!(self.post(asked, id, body).await, Some(200..=299 | 403 | 404 | 410));
            }
            Listener::Desk => shard_name(0),
            Listener::Store(store) => {
                view.tracking_ids = call.stores.get(store).cloned().unwrap_or_default();
                store_name(store)
            }
        };
        let Ok(body) = serde_json::to_vec(&view) else { return false };
        let asked = FleetRequest::Emergency.ask(&self.env, &hub, None, Some(body));
        let answer = beside::within(PATIENCE, asked).await;
        answer.is_some_and(|answer| answer.is_ok_and(|answer| answer.status_code() == 200))
    }

    /// Gives the queue, where there is one, what others are to be told of a call. Whether it has it: told again, it has
    /// the same id.
    async fn notify(&self, driver_id: &str, call: &Emergency) -> bool {
        let Ok(queue) = Queue::of(&self.env) else { return true };
        let news = News::of_call(driver_id, call).into_iter();
        let errands: Vec<Errand> = news.map(|news| Errand::Tell(Box::new(news))).collect();
        match queue.send(&errands, 0).await {
            Ok(()) => true,
            Err(error) => {
                log::error("notify", error);
                false
            }
        }
    }

    pub(super) async fn post(&self, request: DeliveryRequest, id: &str, body: Vec<u8>) -> Option<u16> {
        let asked = request.ask(&self.env, id, None, Some(body));
        beside::within(PATIENCE, asked).await?.ok().map(|answer| answer.status_code())
    }

    /// Brings the list of drivers and the record of emergencies up to date. Whether that went well.
    async fn archive(&self) -> Result<bool, Rejection> {
        let driver = self.driver()?;
        if !driver.awaits_archive() {
            return Ok(true);
        }
        let (revision, last) = (driver.revision, self.last.borrow().clone());
        let emergencies: Vec<Emergency> =
            driver.emergencies.iter().filter(|emergency| !emergency.archived).cloned().collect();
        let written = match Roster::of(&self.env) {
            Ok(roster) => roster.write(&driver, last.as_ref(), &emergencies).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            log::error("roster", error);
            return Ok(false);
        }
        self.change(|driver| {
            driver.archived = driver.archived.max(revision);
            for written in &emergencies {
                for known in driver.emergencies.iter_mut().filter(|known| known.id == written.id) {
                    known.archived = known.acknowledged == written.acknowledged;
                }
            }
            Ok(())
        })?;
        Ok(true)
    }

    /// Tells of a call for help, or that somebody has it: everybody on the line, and then all others.
    pub(super) fn spread_emergency(self: &Rc<Self>, emergency: &Emergency) -> Result<(), Rejection> {
        let driver = self.driver()?;
        let view = EmergencyView::of(&driver.driver_id, emergency);
        if view.acknowledged_at.is_some() {
            self.send_all(&DriverFrame::EmergencyAcknowledged { data: view }, |_| true);
        } else {
            self.send_all(&DriverFrame::EmergencyAlert { data: view }, |to| !to.is_driver());
        }
        self.tell_soon();
        Ok(())
    }
}
