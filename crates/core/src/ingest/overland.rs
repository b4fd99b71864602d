//! Overland for iOS: batches of GeoJSON features (its README, and `GLManager.m`). Speeds are in m/s, and what
//! is unknown is −1.

use serde_json::Value;

use super::measured::{Measured, number_in, time_in};
use super::{Reading, Refusal, Request, bounded};
use crate::clock::Millis;
use crate::fix::Fix;
use crate::wire::input;

pub fn read(request: &Request<'_>, reading: &mut Reading) -> Result<(), Refusal> {
    let body = input::json(request.body).unwrap_or_default();
    let locations = body.get("locations").and_then(Value::as_array);
    let current = body.get("current").filter(|current| !current.is_null());
    if locations.is_none() && current.is_none() {
        reading.rejected += 1;
        return Ok(());
    }
    reading.contact = true;
    for feature in bounded(locations.map_or(&[][..], Vec::as_slice))? {
        let properties = feature.get("properties").unwrap_or(&Value::Null);
        // Actions may lie somewhere and finished trips do, and neither is a position.
        if properties.get("action").is_some_and(|action| !action.is_null())
            || properties.get("type").and_then(Value::as_str) == Some("trip")
        {
            reading.ignored += 1;
        } else {
            reading.take(fix(feature, properties, request.received));
        }
    }
    reading.live = current.and_then(|feature| {
        fix(feature, feature.get("properties").unwrap_or(&Value::Null), request.received)
    });
    Ok(())
}

fn fix(feature: &Value, properties: &Value, received: Millis) -> Option<Fix> {
    let geometry = feature.get("geometry")?;
    let coordinates =
        geometry.get("coordinates").filter(|_| geometry.get("type") == Some(&"Point".into()))?;
    Measured {
        lng: coordinates.get(0)?.as_f64(),
        lat: coordinates.get(1)?.as_f64(),
        time: time_in(properties, "timestamp", received),
        accuracy: number_in(properties, "horizontal_accuracy"),
        speed: number_in(properties, "speed"),
        heading: number_in(properties, "course"),
        altitude: number_in(properties, "altitude"),
        battery: number_in(properties, "battery_level").map(|level| level * 100.0),
    }
    .fix()
}
