//! Who looked: noted here, stored where it is news, and sent to D1 with the alarm.

use onway_core::access::{AccessLog, Look, Visit, Visitor};
use onway_core::auth::Caller;
use onway_core::clock::Millis;
use onway_core::delivery::Delivery;
use onway_core::permission::Party;
use onway_core::rejection::Rejection;

use super::links::Viewer;
use super::session::Session;
use crate::archive::{Database, reason};
use crate::config::Config;
use crate::identity::wall;
use crate::log;
use crate::problem::ours;

impl Session {
    /// Notes that somebody looks. What cannot be noted is not shown.
    pub(super) fn note_visit(
        &self,
        delivery: &mut Delivery,
        viewer: &Viewer,
        by: Option<&Caller>,
        look: Look,
    ) -> Result<(), Rejection> {
        // The driver has it in hand: its page and its object read it all day.
        let is_at_work = viewer.party == Party::Driver && matches!(look, Look::Read | Look::Follow);
        if is_at_work || !Config::new(&self.env).logs_access() {
            return Ok(());
        }
        let visitor = Visitor {
            party: viewer.party,
            subject: by.map(|by| by.subject.clone()),
            link: viewer.link.as_ref().map(|link| link.id.clone()),
        };
        let mut log = self.take_access()?;
        if !log.note(visitor, look, wall()) {
            self.access.replace(Some(log));
            return Ok(());
        }
        self.store.write_access(&log).map_err(ours)?;
        self.access.replace(Some(log));
        self.arm_again(delivery)
    }

    /// When who looked is to be sent.
    pub(super) fn access_due(&self) -> Option<Millis> {
        let delay = Config::new(&self.env).access_delay();
        // Where it cannot be read the next visit says so.
        let log = self.take_access().ok()?;
        let since = log.waits_since();
        self.access.replace(Some(log));
        since.map(|since| since.max(self.access_tried.get().unwrap_or(since)).plus(delay))
    }

    /// Sends who looked, with whatever else the alarm was for.
    pub(super) async fn drain_access(&self, fired: Millis) -> Result<(), Rejection> {
        let Some(delivery) = self.take_for_alarm()? else { return Ok(()) };
        let id = delivery.facts.tracking_id.as_str().to_owned();
        self.keep(delivery);
        let Some(leaving) = self.set_access_apart(fired)? else { return Ok(()) };
        let config = Config::new(&self.env);
        let sent = match Database::of(&self.env, config.archive_timeout()) {
            Ok(database) => database.write_visits(&id, &leaving).await,
            Err(error) => Err(error),
        };
        // Meanwhile it may have been erased.
        let Some(delivery) = self.take_for_alarm()? else { return Ok(()) };
        self.keep(delivery);
        match sent {
            Ok(()) => {
                let mut log = self.take_access()?;
                log.left();
                self.store.write_access(&log).map_err(ours)?;
                self.access.replace(Some(log));
            }
            Err(error) => {
                self.tally.d1_failed();
                log::error("access log", reason(&error));
            }
        }
        Ok(())
    }

    /// What could not be sent is sent later.
    pub(super) fn arm_for_access(&self) -> Result<(), Rejection> {
        if self.access_due().is_none() {
            return Ok(());
        }
        let Some(mut delivery) = self.take_for_alarm()? else { return Ok(()) };
        let armed = self.arm_again(&mut delivery);
        self.keep(delivery);
        armed
    }

    fn set_access_apart(&self, fired: Millis) -> Result<Option<Vec<Visit>>, Rejection> {
        let mut log = self.take_access()?;
        let has_any = log.set_apart();
        if has_any {
            self.access_tried.set(Some(fired));
            self.store.write_access(&log).map_err(ours)?;
        }
        let leaving = log.leaving.clone();
        self.access.replace(Some(log));
        Ok(Some(leaving).filter(|_| has_any))
    }

    /// Sets the alarm where none stands for it.
    pub(super) fn arm_again(&self, delivery: &mut Delivery) -> Result<(), Rejection> {
        let Some(pause) = self.plan(delivery) else { return Ok(()) };
        self.store.write_live(delivery).and_then(|()| self.set_alarm(pause)).map_err(ours)
    }

    fn take_access(&self) -> Result<AccessLog, Rejection> {
        match self.access.take() {
            Some(log) => Ok(log),
            None => self.store.access().map_err(ours),
        }
    }
}
