//! OwnTracks in HTTP mode: one JSON object a request (booklet, `tech/http` and `tech/json`). Speeds are in
//! km/h, and what is unknown is left out or 0.

use serde_json::Value;

use super::measured::{KM_H, Measured, number_in, time_in};
use super::{Reading, Refusal, Request};
use crate::clock::Millis;
use crate::wire::input;

/// 2001-01-01, from which Overland in its OwnTracks mode counts seconds, in Unix ms.
const REFERENCE_DATE_MS: i64 = 978_307_200_000;
/// A time this much before it was received counts from there: 30 years.
const ANCIENT_MS: i64 = 30 * 365 * 86_400_000;

pub fn read(request: &Request<'_>, reading: &mut Reading) -> Result<(), Refusal> {
    // What Android sends when a friend was deleted.
    if request.body.trim_ascii().is_empty() {
        reading.heartbeat();
        return Ok(());
    }
    let message = input::json(request.body).ok();
    let kind =
        message.as_ref().and_then(|message| message.get("_type")?.as_str().map(|kind| (message, kind)));
    match kind {
        Some((message, "location")) => location(message, request.received, reading),
        // Whoever set the app up gave it a secret that we do not know: to be noticed.
        Some((_, "encrypted")) => {
            reading.rejected += 1;
            reading.contact = true;
        }
        // The last will: sent because the app is gone.
        Some((_, "lwt")) => reading.ignored += 1,
        Some(_) => reading.heartbeat(),
        None => reading.rejected += 1,
    }
    Ok(())
}

fn location(message: &Value, received: Millis, reading: &mut Reading) {
    reading.contact = true;
    let known = |name| number_in(message, name).filter(|value| *value != 0.0);
    let fix = Measured {
        lat: number_in(message, "lat"),
        lng: number_in(message, "lon"),
        time: time_in(message, "tst", received).map(|time| since_1970(time, received)),
        accuracy: known("acc"),
        speed: known("vel").map(|km_h| km_h * KM_H),
        heading: known("cog"),
        altitude: known("alt"),
        battery: number_in(message, "batt"),
    }
    .fix();
    if fix.is_some() && message.get("t").and_then(Value::as_str) == Some("p") {
        reading.heartbeat();
        reading.ping = fix;
    } else {
        reading.take(fix);
    }
}

fn since_1970(time: Millis, received: Millis) -> Millis {
    if received.since(time) > ANCIENT_MS { time.plus(REFERENCE_DATE_MS) } else { time }
}
