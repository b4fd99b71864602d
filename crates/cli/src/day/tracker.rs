//! What each phone tracker sends for a position, byte for byte as its app does, and the answer that lets it
//! forget the position.

use jiff::Timestamp;
use onway_core::ingest::Protocol;
use serde_json::{Value, json};

use crate::day::leg::Sample;

/// Metres per second in a knot, and in a kilometre per hour.
const KNOT: f64 = 1852.0 / 3600.0;
const KM_H: f64 = 1.0 / 3.6;
/// Most positions that Overland is let send at once. The other apps send one by one.
const BATCH: usize = 10;

/// A request of an app, to `/log/{protocol}/{key}` and what comes behind that.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub method: &'static str,
    /// With its question mark.
    pub query: String,
    pub content_type: Option<&'static str>,
    pub body: Option<String>,
}

/// How many positions the app sends in one request.
pub const fn batch(protocol: Protocol) -> usize {
    match protocol {
        Protocol::Overland => BATCH,
        _ => 1,
    }
}

/// What the app waits for, with status 200.
pub const fn answer(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Osmand | Protocol::Traccar | Protocol::Gpslogger => "",
        Protocol::Owntracks => "[]",
        Protocol::Overland => r#"{"result":"ok"}"#,
    }
}

/// The request for these positions; only Overland's may be several.
pub fn request(protocol: Protocol, fixes: &[Sample]) -> Request {
    match (protocol, fixes) {
        (Protocol::Osmand, [fix, ..]) => query(osmand(fix)),
        (Protocol::Gpslogger, [fix, ..]) => query(gpslogger(fix)),
        // Older versions send a form, newer ones JSON: a fix is always sent as the same.
        (Protocol::Traccar, [fix, ..]) if fix.time % 2 == 0 => Request {
            content_type: Some("application/x-www-form-urlencoded"),
            body: Some(traccar_form(fix)),
            ..post()
        },
        (Protocol::Traccar, [fix, ..]) => with_json(&traccar_json(fix)),
        (Protocol::Owntracks, [fix, ..]) => with_json(&owntracks(fix)),
        _ => with_json(&overland(fixes)),
    }
}

const fn post() -> Request {
    Request { method: "POST", query: String::new(), content_type: None, body: None }
}

fn query(parameters: String) -> Request {
    Request { method: "GET", query: format!("?{parameters}"), ..post() }
}

fn with_json(body: &Value) -> Request {
    Request { content_type: Some("application/json"), body: Some(body.to_string()), ..post() }
}

fn iso(fix: &Sample) -> String {
    Timestamp::from_second(fix.time).map_or_else(|_| String::new(), |time| time.to_string())
}

/// The template that Onway hands out: times in ms, speeds in m/s, and 0 for what is unknown.
fn osmand(fix: &Sample) -> String {
    let Sample { time, lat, lng, .. } = fix;
    let [accuracy, speed, heading] =
        [fix.accuracy, fix.speed, fix.heading].map(|value| value.map_or(String::new(), |v| v.to_string()));
    format!(
        "lat={lat}&lon={lng}&timestamp={time}000&accuracy={accuracy}&altitude=&spd_ms={speed}&bearing={heading}"
    )
}

/// The template that Onway hands out: an unknown value is 0.0.
fn gpslogger(fix: &Sample) -> String {
    let Sample { time, lat, lng, .. } = fix;
    let known = |value: Option<f64>| value.unwrap_or_default();
    let (accuracy, speed, heading) = (known(fix.accuracy), known(fix.speed), known(fix.heading));
    format!(
        "lat={lat}&lon={lng}&timestamp={time}&acc={accuracy:?}&spd={speed:?}&dir={heading:?}&alt=0.0&batt=71.0"
    )
}

/// Traccar Client up to version 8: speeds in knots, and 0 for what is unknown.
fn traccar_form(fix: &Sample) -> String {
    let Sample { time, lat, lng, .. } = fix;
    let accuracy = fix.accuracy.unwrap_or_default();
    let mut form = format!("id=day&timestamp={time}&lat={lat}&lon={lng}&accuracy={accuracy}&batt=71");
    let knots = fix.speed.map(|speed| ("speed", speed / KNOT));
    for (name, value) in [knots, fix.heading.map(|heading| ("bearing", heading))].into_iter().flatten() {
        form += &format!("&{name}={value}");
    }
    form
}

/// Traccar Client from version 9 on: −1 for what is unknown.
fn traccar_json(fix: &Sample) -> Value {
    let known = |value: Option<f64>| value.unwrap_or(-1.0);
    json!({
        "device_id": "day",
        "location": {
            "timestamp": iso(fix),
            "coords": {
                "latitude": fix.lat, "longitude": fix.lng, "accuracy": known(fix.accuracy),
                "speed": known(fix.speed), "heading": known(fix.heading), "altitude": 0.0,
            },
            "is_moving": true,
            "battery": {"level": 0.71, "is_charging": false},
        },
    })
}

/// Speeds in km/h; what is unknown is left out.
fn owntracks(fix: &Sample) -> Value {
    let mut message = json!({
        "_type": "location", "tid": "da", "lat": fix.lat, "lon": fix.lng, "tst": fix.time, "batt": 71,
    });
    let speed = fix.speed.map(|speed| ("vel", speed / KM_H));
    let rest = [fix.accuracy.map(|accuracy| ("acc", accuracy)), fix.heading.map(|heading| ("cog", heading))];
    for (name, value) in rest.into_iter().chain([speed]).flatten() {
        message[name] = value.into();
    }
    message
}

/// A batch of GeoJSON features: −1 for what is unknown.
fn overland(fixes: &[Sample]) -> Value {
    let known = |value: Option<f64>| value.unwrap_or(-1.0);
    let feature = |fix: &Sample| {
        json!({
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [fix.lng, fix.lat]},
            "properties": {
                "timestamp": iso(fix), "horizontal_accuracy": known(fix.accuracy),
                "speed": known(fix.speed), "course": known(fix.heading), "battery_level": 0.71,
                "motion": ["driving"], "device_id": "day",
            },
        })
    };
    json!({"locations": fixes.iter().map(feature).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use onway_core::clock::Millis;
    use onway_core::fix::Fix;
    use onway_core::ingest;

    const BARE: Sample = Sample {
        time: 1_704_067_850,
        lat: -10.931_753,
        lng: 37.048_02,
        speed: None,
        accuracy: None,
        heading: None,
    };
    const FULL: Sample = Sample {
        time: 1_704_067_851,
        lat: 5.604_512_3,
        speed: Some(6.12),
        accuracy: Some(8.5),
        heading: Some(90.3),
        ..BARE
    };

    fn read(protocol: Protocol, fixes: &[Sample]) -> Vec<Fix> {
        let Request { query, content_type, body, .. } = request(protocol, fixes);
        let body = body.unwrap_or_default();
        let asked = ingest::Request {
            query: query.strip_prefix('?'),
            content_type,
            body: body.as_bytes(),
            received: Millis(0),
        };
        let reading = ingest::read(protocol, &asked);
        assert_eq!((reading.reply.status, reading.reply.body), (200, answer(protocol)));
        assert_eq!((reading.rejected, reading.ignored), (0, 0));
        reading.fixes
    }

    /// The service's own decoders read what the apps mean.
    #[test]
    fn every_protocol_says_where_and_when_and_what_is_known() {
        for protocol in Protocol::ALL {
            // Both forms of Traccar, by an even and an odd second.
            for (sample, shift) in [(BARE, 0), (BARE, 1), (FULL, 0), (FULL, 1)] {
                let sample = Sample { time: sample.time + shift, ..sample };
                let fixes = read(protocol, &[sample]);
                let [fix] = &fixes[..] else { panic!("{protocol:?}: {fixes:?}") };
                assert_eq!(
                    (fix.time, fix.position.lat(), fix.position.lng()),
                    (Millis::from_secs(sample.time), sample.lat, sample.lng)
                );
                assert_eq!(
                    (fix.accuracy, fix.speed, fix.heading),
                    (sample.accuracy, sample.speed, sample.heading),
                    "{protocol:?}"
                );
            }
        }
    }

    #[test]
    fn overland_sends_many_at_once() {
        assert_eq!(read(Protocol::Overland, &[FULL, BARE]).len(), 2);
        assert!(
            Protocol::ALL.iter().all(|protocol| batch(*protocol) == 1 || *protocol == Protocol::Overland)
        );
    }
}
