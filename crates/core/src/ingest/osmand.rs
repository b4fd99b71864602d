//! The OsmAnd protocol as Traccar reads it (`OsmAndProtocolDecoder`): parameters with speeds in knots, or
//! JSON with speeds in m/s (Traccar Client 9, and any app with the same library).

use serde_json::Value;

use super::measured::{KNOT, Measured, number, number_in, time, time_in};
use super::params::Params;
use super::{Reading, Refusal, Request, bounded};
use crate::clock::Millis;
use crate::fix::Fix;
use crate::wire::input;

/// Parameters that tell a heartbeat from something else.
const TELLING: [&str; 5] = ["id", "deviceid", "timestamp", "batt", "alarm"];

pub fn read(request: &Request<'_>, reading: &mut Reading) -> Result<(), Refusal> {
    let declared = request
        .content_type
        .is_some_and(|kind| kind.get(..16).is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")));
    if declared || request.body.trim_ascii_start().starts_with(b"{") {
        return from_json(request, reading);
    }
    from_params(&Params::of(request), request.received, reading);
    Ok(())
}

fn from_params(params: &Params<'_>, received: Millis, reading: &mut Reading) {
    if let Some(alarm) = params.text(&["alarm"]) {
        reading.raise(alarm);
    }
    let valid =
        params.text(&["valid"]).is_none_or(|valid| valid == "1" || valid.eq_ignore_ascii_case("true"));
    let (lat, lng) = match params.text(&["location"]).and_then(|pair| pair.split_once(',')) {
        Some((lat, lng)) => (Some(lat), Some(lng)),
        None => (params.text(&["lat"]), params.text(&["lon"])),
    };
    match (lat.or(lng), valid) {
        (Some(_), true) => {
            reading.contact = true;
            let measured = Measured {
                lat: lat.and_then(number),
                lng: lng.and_then(number),
                time: params.text(&["timestamp"]).map_or(Some(received), time),
                accuracy: params.number(&["accuracy"]),
                // `spd_ms` is ours, for templates whose app knows m/s alone.
                speed: params.number(&["speed"]).map(|knots| knots * KNOT).or(params.number(&["spd_ms"])),
                heading: params.number(&["bearing", "heading"]),
                altitude: params.number(&["altitude"]),
                battery: params.number(&["batt"]),
            };
            reading.take(measured.fix());
        }
        // A position that the phone itself does not believe is a heartbeat.
        (Some(_), false) => reading.heartbeat(),
        (None, _) if params.text(&TELLING).is_some() => reading.heartbeat(),
        (None, _) => reading.rejected += 1,
    }
}

fn from_json(request: &Request<'_>, reading: &mut Reading) -> Result<(), Refusal> {
    let Ok(body) = input::json(request.body) else {
        reading.rejected += 1;
        return Ok(());
    };
    match body.get("location") {
        // The library can send what it has kept as one list.
        Some(Value::Array(locations)) => {
            for location in bounded(locations)? {
                take(location, &body, request.received, reading);
            }
        }
        Some(location) => take(location, &body, request.received, reading),
        None if body.get("device_id").is_some() => reading.heartbeat(),
        None => reading.rejected += 1,
    }
    Ok(())
}

fn take(location: &Value, body: &Value, received: Millis, reading: &mut Reading) {
    if !location.is_object() {
        reading.rejected += 1;
        return;
    }
    let alarm = |object: &Value| object.get("alarm").and_then(Value::as_str).map(str::to_owned);
    if let Some(alarm) = alarm(location).or_else(|| location.get("extras").and_then(alarm)) {
        reading.raise(&alarm);
    }
    match location.get("coords") {
        None | Some(Value::Null) => reading.heartbeat(),
        Some(coords) => {
            reading.contact = true;
            reading.take(measured(location, coords, body, received));
        }
    }
}

fn measured(location: &Value, coords: &Value, body: &Value, received: Millis) -> Option<Fix> {
    // Some servers of this format take the battery beside the location.
    let battery = location.get("battery").or_else(|| body.get("battery"));
    Measured {
        lat: number_in(coords, "latitude"),
        lng: number_in(coords, "longitude"),
        time: time_in(location, "timestamp", received),
        accuracy: number_in(coords, "accuracy"),
        speed: number_in(coords, "speed"),
        heading: number_in(coords, "heading"),
        altitude: number_in(coords, "altitude"),
        battery: battery.and_then(|battery| number_in(battery, "level")).map(|level| level * 100.0),
    }
    .fix()
}
