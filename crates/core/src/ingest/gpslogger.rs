//! GPSLogger's custom URL: a template of the driver's own, with the names of its `%ALL` and those that people
//! choose instead. Speeds are in m/s, and what is unknown is 0.0, `null` or empty.

use super::measured::{KM_H, Measured, number, time};
use super::params::Params;
use super::{Reading, Refusal, Request};
use crate::clock::Millis;
use crate::wire::input;

const LAT: [&str; 2] = ["lat", "latitude"];
const LNG: [&str; 3] = ["lon", "lng", "longitude"];
/// What a template without a position must have to be one.
const TELLING: [&str; 4] = ["timestamp", "time", "batt", "aid"];

pub fn read(request: &Request<'_>, reading: &mut Reading) -> Result<(), Refusal> {
    if request.body.trim_ascii_start().starts_with(b"{") {
        let object = input::json(request.body).unwrap_or_default();
        match Params::of_json(&object) {
            Some(params) => from_params(&params, request.received, reading),
            None => reading.rejected += 1,
        }
    } else {
        from_params(&Params::of(request), request.received, reading);
    }
    Ok(())
}

fn from_params(params: &Params<'_>, received: Millis, reading: &mut Reading) {
    let (lat, lng) = (params.text(&LAT), params.text(&LNG));
    let is_zero = |text: &str| number(text) == Some(0.0);
    let known = |names: &[&str]| params.number(names).filter(|value| *value != 0.0);
    if lat.or(lng).is_none() && params.text(&TELLING).is_none() {
        reading.rejected += 1;
    } else if lat.is_none_or(is_zero) && lng.is_none_or(is_zero) {
        reading.heartbeat();
    } else {
        reading.contact = true;
        let written = params.text(&["timestamp"]).filter(|text| !is_zero(text)).or(params.text(&["time"]));
        let measured = Measured {
            lat: lat.and_then(number),
            lng: lng.and_then(number),
            time: written.map_or(Some(received), time),
            accuracy: known(&["acc", "accuracy"]),
            speed: known(&["spd", "spd_ms", "speed"]).or(known(&["spd_kph"]).map(|km_h| km_h * KM_H)),
            heading: known(&["dir", "bearing", "heading"]),
            altitude: known(&["alt", "altitude"]),
            battery: known(&["batt", "battery"]),
        };
        reading.take(measured.fix());
    }
}
