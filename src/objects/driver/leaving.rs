//! The end of a driver's object: what names the driver elsewhere is told to forget it, then everything is deleted.

use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use onway_core::rejection::Rejection;
use worker::{Delay, Response};

use super::session::Session;
use crate::contract::DeliveryRequest;
use crate::problem::{Answer, ours};

/// What is on its way is waited for so often, so long: longer than any call that it makes.
const TRIES: u32 = 60;
const PAUSE: Duration = Duration::from_millis(100);

impl Session {
    /// Forgets the driver, keys and alarm included. What fails is asked for again.
    pub(super) async fn erase(self: &Rc<Self>) -> Answer {
        self.permit_leaving()?;
        for (socket, _) in self.clients() {
            socket.close(Some(1008), Some("Not allowed")).ok();
        }
        self.part_with_all().await?;
        self.come_to_rest().await?;
        // Meanwhile it may have been given another.
        self.permit_leaving()?;
        let storage = self.state.storage();
        let mut deleting = Box::pin(async move { storage.delete_all().await });
        let done = (&mut deleting).now_or_never();
        self.forget_all();
        self.store.emptied();
        match done {
            Some(done) => done.map_err(ours)?,
            None => deleting.await.map_err(ours)?,
        }
        Ok(Response::empty().map_err(ours)?.with_status(204))
    }

    fn permit_leaving(&self) -> Result<(), Rejection> {
        if self.driver()?.stops.is_empty() {
            return Ok(());
        }
        Err(Rejection::Conflict(
            "this driver has deliveries under way: it can be erased once they have ended".into(),
        ))
    }

    /// Deliveries that went to others, and that are open, know who declined them.
    async fn part_with_all(&self) -> Result<(), Rejection> {
        let driver = self.driver()?;
        let asked = driver.parted.iter().map(|id| {
            let driver_id = driver.driver_id.clone();
            self.post(DeliveryRequest::ForgetDriver { driver_id, judge: false }, id, Vec::new())
        });
        let forgot = |status: Option<u16>| matches!(status, Some(200..=299 | 404 | 410));
        if join_all(asked).await.into_iter().all(forgot) {
            return Ok(());
        }
        Err(Rejection::Unavailable { retry_after: 5 })
    }

    /// Waits for what is on its way: what it wrote when it comes back would stay.
    async fn come_to_rest(&self) -> Result<(), Rejection> {
        for _ in 0..TRIES {
            if !self.telling.get() && self.lanes.borrow().is_empty() {
                return Ok(());
            }
            Delay::from(PAUSE).await;
        }
        Err(Rejection::Unavailable { retry_after: 5 })
    }
}
