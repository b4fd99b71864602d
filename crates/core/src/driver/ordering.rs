//! The order of a driver's stops: dispatchers put all in order, a store its own among them.

use serde::{Deserialize, Serialize};

use super::{Driver, Stop};
use crate::auth::{Caller, Role};
use crate::delivery::Actor;
use crate::rejection::Rejection;

/// That somebody put a stop in another place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Grows from one order to the next.
    pub n: u64,
    pub by: Actor,
}

impl Driver {
    /// Puts the stops in the order given; those that are not named keep theirs, behind. Of a store that holds among its
    /// own, which share the places that they have: it learns nothing of others, and moves none.
    pub fn order(&mut self, ids: &[String], by: &Caller) -> Result<(), Rejection> {
        let store = by.store_id.as_deref().filter(|_| by.role == Role::Store);
        let is_theirs =
            |stop: &Stop| by.role != Role::Store || (store.is_some() && stop.store_id.as_deref() == store);
        for (n, id) in ids.iter().enumerate() {
            if !self.stops.iter().any(|stop| stop.tracking_id == *id && is_theirs(stop)) {
                return Err(Rejection::invalid(
                    "tracking_ids",
                    format!("tracking_ids[{n}] is no delivery of this driver"),
                ));
            }
            if ids.iter().take(n).any(|other| other == id) {
                return Err(Rejection::invalid("tracking_ids", format!("tracking_ids[{n}] is there twice")));
            }
        }
        let place = |stop: &Stop| ids.iter().position(|id| *id == stop.tracking_id).unwrap_or(usize::MAX);
        let mut theirs: Vec<Stop> = self.stops.iter().filter(|stop| is_theirs(stop)).cloned().collect();
        theirs.sort_by_key(place);
        self.ordered = true;
        self.revision += 1;
        let order = Order { n: self.revision, by: by.into() };
        for (stop, next) in self.stops.iter_mut().filter(|stop| is_theirs(stop)).zip(theirs) {
            if stop.tracking_id != next.tracking_id {
                *stop = Stop { order: Some(order.clone()), ..next };
            }
        }
        Ok(())
    }
}
