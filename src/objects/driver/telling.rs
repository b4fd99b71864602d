//! What the driver's object tells: to each delivery where it stands, to the archive what lists show.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{join, join_all};
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
            // A hub that hangs keeps no delivery waiting.
            let headings = join_all(due.into_iter().map(|(id, heading)| self.tell_delivery(id, heading)));
            let (hubs, heard) = join(self.tell_hubs(&calls), headings).await;
            let hubs = hubs?;
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
            if !(self.archive().await? && all && hubs) {
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

    /// Tells those who look after all deliveries, and the stores whose goods these are, of calls for help. Whether all
    /// have heard.
    async fn tell_hubs(&self, calls: &[Emergency]) -> Result<bool, Rejection> {
        let driver_id = self.driver()?.driver_id.clone();
        let mut letters = Vec::new();
        for (n, call) in calls.iter().enumerate() {
            let whole = EmergencyView::of(&driver_id, call);
            for (store, ids) in &call.stores {
                let own = EmergencyView { tracking_ids: ids.clone(), ..whole.clone() };
                letters.push(self.tell_hub(n, store_name(store), own));
            }
            letters.push(self.tell_hub(n, shard_name(0), whole));
        }
        let (unheard, queued) = join(join_all(letters), self.notify(&driver_id, calls)).await;
        let unheard: Vec<usize> = unheard.into_iter().flatten().collect();
        if !queued {
            return Ok(false);
        }
        self.change(|driver| {
            for (_, call) in calls.iter().enumerate().filter(|(n, _)| !unheard.contains(n)) {
                driver.spread(call);
            }
            Ok(())
        })?;
        Ok(unheard.is_empty())
    }

    /// Gives the queue, where there is one, what others are to be told of calls. Whether it has it: told again, it has the
    /// same id.
    async fn notify(&self, driver_id: &str, calls: &[Emergency]) -> bool {
        let Ok(queue) = Queue::of(&self.env) else { return true };
        let news = calls.iter().flat_map(|call| News::of_call(driver_id, call));
        let errands: Vec<Errand> = news.map(|news| Errand::Tell(Box::new(news))).collect();
        match queue.send(&errands, 0).await {
            Ok(()) => true,
            Err(error) => {
                log::error("notify", error);
                false
            }
        }
    }

    /// Tells one hub of the `n`th call; `n` where it did not hear.
    async fn tell_hub(&self, n: usize, hub: String, view: EmergencyView) -> Option<usize> {
        let Ok(body) = serde_json::to_vec(&view) else { return Some(n) };
        let asked = FleetRequest::Emergency.ask(&self.env, &hub, None, Some(body));
        let answer = beside::within(PATIENCE, asked).await;
        let heard = answer.is_some_and(|answer| answer.is_ok_and(|answer| answer.status_code() == 200));
        (!heard).then_some(n)
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

    /// Tells of a call for help, or that somebody has it: everybody on the line, and the deliveries.
    pub(super) fn spread_emergency(self: &Rc<Self>, emergency: &Emergency) -> Result<(), Rejection> {
        let driver = self.driver()?;
        let view = EmergencyView::of(&driver.driver_id, emergency);
        if view.acknowledged_at.is_some() {
            self.send_all(&DriverFrame::EmergencyAcknowledged { data: view.clone() }, |_| true);
        } else {
            self.send_all(&DriverFrame::EmergencyAlert { data: view.clone() }, |to| !to.is_driver());
        }
        let Ok(body) = serde_json::to_vec(&view) else { return Err(Rejection::Internal) };
        let session = Rc::clone(self);
        beside::spawn(&self.state, async move {
            let told = view.tracking_ids.iter().map(|id| {
                let driver_id = view.driver_id.clone();
                session.post(DeliveryRequest::Emergency { driver_id }, id, body.clone())
            });
            // A delivery that cannot hear of it now shows nothing of it; the list of emergencies does.
            join(join_all(told), session.tell()).await.1.ok();
        });
        Ok(())
    }
}
