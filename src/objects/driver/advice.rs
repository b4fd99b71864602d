//! How often the driver's phone is asked to report.

use onway_core::rejection::Rejection;
use onway_core::sampling::{self, Phase, Sampling, Situation};
use onway_core::status::Status;
use onway_core::wire::driver::{DriverFrame, RelayAnswer};

use super::session::{Attachment, Session};

impl Session {
    /// Takes note of how closely the next stop is followed.
    pub(super) fn note_interest(&self, tracking_id: &str, answer: &RelayAnswer) {
        let is_next = self
            .driver()
            .is_ok_and(|driver| driver.next_stop().is_some_and(|stop| stop.tracking_id == tracking_id));
        if is_next {
            self.interest.set(Some(answer.interest));
            // What fails has been logged; the next position advises again.
            self.advise().ok();
        }
    }

    /// Tells the driver how often to report, where that has changed.
    pub(super) fn advise(&self) -> Result<(), Rejection> {
        let driver = self.driver()?;
        let last = self.last.borrow().clone();
        let interest = self.interest.get().unwrap_or_default();
        let phase = match driver.next_stop() {
            None => Phase::Idle,
            Some(stop) if matches!(stop.status, Status::Created | Status::Assigned) => Phase::ToPickup,
            Some(_) => Phase::UnderWay,
        };
        let busy = driver.next_stop().is_some();
        let situation = Situation {
            phase,
            distance_m: interest.remaining_m.filter(|_| busy),
            eta_s: interest.eta_s.filter(|_| busy).map(|secs| secs as f64),
            watched: interest.watched,
            speed: last.as_ref().and_then(|last| last.speed),
            battery: last.and_then(|last| last.battery),
        };
        let advised = sampling::sampling(&situation, self.sampling.get());
        if self.sampling.replace(Some(advised)) != Some(advised) {
            let Sampling { interval_s, min_displacement_m } = advised;
            self.send_all(&DriverFrame::Sampling { interval_s, min_displacement_m }, Attachment::is_driver);
        }
        Ok(())
    }
}
