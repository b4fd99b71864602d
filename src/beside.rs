//! What goes on after an event has been answered, and what is not waited for without end.

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, join5, select};
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

/// Does `work` for each item, five at a time: the platform has six connections.
pub async fn five_at_a_time<T>(items: impl IntoIterator<Item = T>, work: impl AsyncFn(T)) {
    let items = RefCell::new(items.into_iter());
    let lane = async || {
        loop {
            let Some(item) = items.borrow_mut().next() else { break };
            work(item).await;
        }
    };
    join5(lane(), lane(), lane(), lane(), lane()).await;
}

/// The furthest alarm, in ms: a hundred years. Where it rings, the next is set.
const PAUSE_MAX: i64 = 100 * 365 * 86_400_000;

/// Sets the alarm, `pause` ms from now, within the synchronous section of a write: the first poll makes the call.
pub fn set_alarm(state: &State, pause: i64) -> Result<()> {
    let storage = state.storage();
    let mut setting = Box::pin(async move { storage.set_alarm(pause.min(PAUSE_MAX)).await });
    match (&mut setting).now_or_never() {
        Some(set) => set,
        None => {
            spawn(state, setting.map(|set| drop(set.map_err(ours))));
            Ok(())
        }
    }
}
