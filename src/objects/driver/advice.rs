//! How often the driver's phone is asked to report.

use onway_core::rejection::Rejection;
use onway_core::sampling::{self, Sampling};
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
        let interest = self.interest.get().unwrap_or_default();
        let situation = driver.situation(self.last.borrow().as_ref(), interest);
        let advised = sampling::sampling(&situation, self.sampling.get());
        if self.sampling.replace(Some(advised)) != Some(advised) {
            let Sampling { interval_s, min_displacement_m } = advised;
            self.send_all(&DriverFrame::Sampling { interval_s, min_displacement_m }, Attachment::is_driver);
        }
        Ok(())
    }
}
