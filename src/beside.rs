//! What goes on after an event has been answered.

use std::future::Future;

use worker::State;

/// Lets `work` go on beside everything else. It is boxed: what the platform wraps around it is then compiled
/// once, and not for each kind of work.
pub fn spawn(state: &State, work: impl Future<Output = ()> + 'static) {
    let work: std::pin::Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
    state.wait_until(work);
}
