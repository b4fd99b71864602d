//! How fast a fleet's drivers come and depart.

use std::time::Duration;

use tokio::sync::{AcquireError, Mutex, Semaphore, SemaphorePermit};
use tokio::time::{Interval, MissedTickBehavior};

use crate::error::Error;

/// Drivers that start and connect at once: a server under load answers each of them late, and all the same.
const STARTING_MAX: usize = 32;

/// So many at once, and one each so often.
pub struct Doors {
    open: Semaphore,
    /// A permit for each driver, once all are there: what it takes to start deliveries does not slow those on the road.
    road: Semaphore,
    pace: Mutex<Interval>,
}

impl Doors {
    /// So many a second.
    pub fn new(rate: f64) -> Self {
        let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { open: Semaphore::new(STARTING_MAX), road: Semaphore::new(0), pace: Mutex::new(pace) }
    }

    /// All drivers are there, so many: they depart.
    pub fn depart(&self, drivers: usize) {
        self.road.add_permits(drivers);
    }

    /// Waits for a place among those that start and connect; it is free again when it is dropped.
    pub async fn enter(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.open.acquire().await.map_err(closed)
    }

    /// Waits until a driver departs.
    pub async fn leave(&self) -> Result<(), Error> {
        self.road.acquire().await.map_err(closed)?.forget();
        self.wait().await;
        Ok(())
    }

    /// Waits until it is the next one's turn.
    pub async fn wait(&self) {
        self.pace.lock().await.tick().await;
    }
}

fn closed(why: AcquireError) -> Error {
    Error::Report(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn nobody_departs_before_all_are_there() {
        let doors = Doors::new(1e6);
        assert!(doors.leave().now_or_never().is_none());
        doors.depart(1);
        assert!(doors.leave().await.is_ok());
        assert!(doors.leave().now_or_never().is_none(), "one departs for each that is there");
    }
}
