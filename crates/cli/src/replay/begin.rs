//! The start of a trip's delivery: from its first point to its last, with a driver and a customer.

use std::time::Instant;

use onway_core::auth::Role;
use onway_core::clock::Millis;
use onway_core::wire::start::{ClockRequest, Place};
use onway_core::wire::{Snapshot, StartRequest};

use crate::clock;
use crate::error::Error;
use crate::replay::session::Setting;
use crate::trips::{Point, Trip};

/// Longest order id that the service takes.
const ORDER_ID_MAX: usize = 128;

/// A delivery that exists, and who takes part.
pub struct Begun {
    pub tracking_id: String,
    pub driver_token: String,
    pub customer_token: String,
    pub seed: u64,
    /// The delivery's time, in Unix milliseconds, and the wall clock's when it was read.
    pub server_time_ms: i64,
    pub read_at: Instant,
}

/// Starts the delivery, on a simulated clock that shows the trip's first time.
pub async fn begin(setting: &Setting, trip: &Trip, index: usize) -> Result<Begun, Error> {
    let driver = format!("replay-driver-{}-{index}", setting.run);
    let customer = format!("replay-customer-{}-{index}", setting.run);
    let sign = |role, sub: &str| setting.signer.sign(role, sub, None, clock::unix_ms());
    let place = |point: Option<&Point>| point.map(|at| Place { lat: at.lat, lng: at.lng, address: None });
    let Some(dropoff) = place(trip.points.last()) else { return Err(Error::NoTrips) };
    let request = StartRequest {
        driver_id: Some(driver.clone()),
        customer_id: Some(customer.clone()),
        pickup: place(trip.points.first()),
        mode: Some(trip.mode),
        clock: Some(ClockRequest { origin: Millis(trip.start_ms()), rate: setting.rate }),
        ..StartRequest::new(trip.id.chars().take(ORDER_ID_MAX).collect(), dropoff)
    };
    let started = setting.server.start(&sign(Role::Dispatcher, "replay")?, &request).await;
    let snapshot: Snapshot = started.map_err(|error| match error {
        Error::Refused(refusal) if refusal.field.starts_with("clock") => {
            Error::NoSimulatedClock(refusal.detail)
        }
        other => other,
    })?;
    if snapshot.details.clock.is_none() {
        return Err(Error::NoSimulatedClock("it ignored the clock".into()));
    }
    Ok(Begun {
        tracking_id: snapshot.tracking_id,
        driver_token: sign(Role::Driver, &driver)?,
        customer_token: sign(Role::Customer, &customer)?,
        seed: setting.seed.wrapping_add(2 * index as u64),
        server_time_ms: snapshot.server_time,
        read_at: clock::monotonic(),
    })
}
