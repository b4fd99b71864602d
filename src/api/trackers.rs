//! `/log/{protocol}/{key}`: positions from phone trackers, each answered as it expects.

use onway_core::device_key;
use onway_core::fix::Fix;
use onway_core::ingest::{self, Protocol, Refusal, Reply};
use onway_core::limits::Limit;
use onway_core::rejection::Rejection;
use onway_core::wire::driver::Logged;
use onway_core::wire::report::FixReport;
use worker::Response;

use super::asked::Asked;
use crate::contract::{Ask, DriverRequest};
use crate::identity::wall;
use crate::limits;
use crate::problem::{Answer, ours};

/// `GET`, `POST` and `PUT /log/{protocol}/{key}`
pub async fn log(asked: &mut Asked<'_>) -> Answer {
    let protocol = Protocol::parse(asked.id).ok_or_else(|| {
        Rejection::NotFound("trackers are osmand, traccar, owntracks, overland, gpslogger".into())
    })?;
    match taken(asked, protocol).await {
        Ok(written) => reply(&written),
        Err(refusal) => {
            let forged = refusal == Refusal::UnknownKey
                && limits::failed(&asked.request, &asked.config).await.is_err();
            reply(&ingest::refusal(protocol, if forged { Refusal::TooMany } else { refusal }))
        }
    }
}

async fn taken(asked: &mut Asked<'_>, protocol: Protocol) -> Result<Reply, Refusal> {
    let key = asked.second;
    let ours = |_| Refusal::Unavailable;
    limits::admit(&asked.request, &asked.config).map_err(|_| Refusal::TooMany)?;
    let known = device_key::verify(&asked.config.id_keys().map_err(ours)?, key).ok_or(Refusal::UnknownKey)?;
    let counted = limits::count_as(Limit::Trackers, known.key_id.clone(), &asked.config).await;
    counted.map_err(|_| Refusal::TooMany)?;
    let body = match asked.body() {
        Ok(body) => body,
        Err(Rejection::TooLarge { .. }) => return Err(Refusal::TooLarge),
        Err(_) => return Err(Refusal::Unavailable),
    };
    let url = asked.url().map_err(ours)?.search();
    let content_type = asked.header("Content-Type").ok().flatten();
    let reading = ingest::read(
        protocol,
        &ingest::Request {
            query: url.strip_prefix('?'),
            content_type: content_type.as_deref(),
            body: &body,
            received: wall(),
        },
    );
    if reading.reply.status != 200 {
        return Ok(reading.reply);
    }
    let logged = Logged {
        locations: reading.fixes.iter().chain(&reading.live).map(report).collect(),
        contact: reading.contact,
        alarm: reading.alarm.clone().filter(|_| reading.is_sos()),
        ping: reading.ping.as_ref().map(report),
    };
    let reply = reading.reply;
    let body = serde_json::to_vec(&logged).map_err(|_| Refusal::Unavailable)?;
    // Also what holds nothing of use goes to the object: a revoked key must hear of it.
    let request = DriverRequest::Log { key_id: known.key_id, hash: device_key::hash(key) };
    let answer = request.ask(asked.env, &known.driver_id, None, Some(body)).await.map_err(ours)?;
    match answer.status_code() {
        200..=299 => Ok(reply),
        401 => Err(Refusal::UnknownKey),
        _ => Err(Refusal::Unavailable),
    }
}

fn report(fix: &Fix) -> FixReport {
    FixReport {
        lat: fix.position.lat(),
        lng: fix.position.lng(),
        timestamp: Some(fix.time.0.into()),
        accuracy: fix.accuracy,
        speed: fix.speed,
        heading: fix.heading,
        altitude: fix.altitude,
        battery: fix.battery.map(f64::from),
        ..FixReport::default()
    }
}

fn reply(reply: &Reply) -> Answer {
    let response = Response::ok(reply.body).map_err(ours)?.with_status(reply.status);
    match reply.content_type {
        Some(kind) => response.headers().set("Content-Type", kind).map_err(ours)?,
        None => response.headers().delete("Content-Type").map_err(ours)?,
    }
    response.headers().set("Cache-Control", "no-store").map_err(ours)?;
    if matches!(reply.status, 429 | 503) {
        // The longest that any of the limits takes.
        response.headers().set("Retry-After", &Limit::Failures.period().to_string()).map_err(ours)?;
    }
    Ok(response)
}
