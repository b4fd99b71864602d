//! What goes on after an event has been answered, and what is not waited for without end.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use worker::{Delay, Result, State};

use crate::problem::ours;

/// Lets `work` go on beside everything else. It is boxed: what the platform wraps around it is then compiled
/// once, and not for each kind of work.
pub fn spawn(state: &State, work: impl Future<Output = ()> + 'static) {
    let work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
    state.wait_until(work);
}

/// What `work` comes to; `None` where it takes longer.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(Delay::from(limit))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

/// Sets the alarm, `pause` ms from now, within the synchronous section of a write: the first poll makes the call.
pub fn set_alarm(state: &State, pause: i64) -> Result<()> {
    let storage = state.storage();
    let mut setting = Box::pin(async move { storage.set_alarm(pause).await });
    match (&mut setting).now_or_never() {
        Some(set) => set,
        None => {
            spawn(state, setting.map(|set| drop(set.map_err(ours))));
            Ok(())
        }
    }
}
