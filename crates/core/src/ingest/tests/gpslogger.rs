//! Templates of GPSLogger, as filled in.

use super::*;

const AT: &str = "lat=5.6045&lon=-0.1875";

fn query(text: &str) -> Reading {
    read(Protocol::Gpslogger, &request(Some(text), None, ""))
}

#[test]
fn every_token_has_its_unit() {
    let all = (Some(8.5), Some(6.1), Some(90.0), Some(20.0), Some(71));
    let cases = [
        // `%ALL`.
        (
            "lat=5.6045&lon=-0.1875&sat=9&desc=&alt=20.0&acc=8.5&dir=90.0&prov=gps&spd_kph=21.96&spd=6.1&timestamp=1704067790\
             &timeoffset=2024-01-01T01:09:50.000+01:00&time=2024-01-01T00:09:50.000Z&starttimestamp=1704060000\
             &date=2024-01-01&batt=71.0&ischarging=false&aid=1f&ser=1f&filename=20240101&profile=Default&hdop=1.1\
             &vdop=1.2&pdop=1.3&dist=900",
            THEN,
            all,
        ),
        (AT, NOW.secs(), NOTHING),
        ("latitude=5.6045&longitude=-0.1875&time=2024-01-01T00:09:50.000Z", THEN, NOTHING),
        ("lat=5.6045&lng=-0.1875&timestamp=1704067790000", THEN, NOTHING),
        ("lat=5.6045&lon=-0.1875&time=2024-01-01T01:09:50.000+01:00", THEN, NOTHING),
        ("lat=5.6045&lon=-0.1875&accuracy=8.5&speed=6.1&bearing=90&altitude=20&battery=71", NOW.secs(), all),
        (
            "lat=5.6045&lon=-0.1875&spd_ms=6.1&heading=90&batt=71",
            NOW.secs(),
            (None, Some(6.1), Some(90.0), None, Some(71)),
        ),
        ("lat=5.6045&lon=-0.1875&spd_kph=36", NOW.secs(), (None, Some(10.0), None, None, None)),
        // Unknown is 0.0, null, or empty.
        ("lat=5.6045&lon=-0.1875&acc=0.0&spd=0.0&dir=0.0&alt=0.0&batt=0.0&timestamp=0", NOW.secs(), NOTHING),
        (
            "lat=5.6045&lon=-0.1875&acc=null&spd=null&dir=null&alt=null&batt=null&timestamp=null",
            NOW.secs(),
            NOTHING,
        ),
        ("lat=5.6045&lon=-0.1875&acc=&spd=&dir=&alt=&batt=&timestamp=", NOW.secs(), NOTHING),
        ("lat=5.6045&lon=-0.1875&acc=%25ACC&spd=-1&batt=101", NOW.secs(), NOTHING),
        ("lat=1&lat=5.6045&lon=-0.1875", NOW.secs(), NOTHING),
    ];
    for (text, secs, expected) in cases {
        let expected = fix(Millis::from_secs(secs), expected);
        assert_eq!(only_fix(query(text)), expected, "{text}");
        assert_eq!(only_fix(read(Protocol::Gpslogger, &request(None, None, text))), expected, "{text}");
    }
}

#[test]
fn a_body_may_be_json_of_the_drivers_own() {
    let all = (Some(8.5), Some(6.1), Some(90.0), Some(20.0), Some(71));
    let bodies = [
        r#"{"lat":5.6045,"lon":-0.1875,"timestamp":1704067790,"acc":8.5,"spd":6.1,"dir":90,"alt":20,"batt":71}"#,
        r#"{"lat":"5.6045","lon":"-0.1875","time":"2024-01-01T00:09:50Z","acc":"8.5","spd":"6.1","dir":"90.0","alt":"20","batt":"71","x":[],"y":null}"#,
    ];
    for body in bodies {
        let reading = read(Protocol::Gpslogger, &request(Some("a=b"), Some("application/json"), body));
        assert_eq!(only_fix(reading), fix(Millis::from_secs(THEN), all), "{body}");
    }
    for body in ["{", r#"{"lat":1,"lat":2}"#] {
        assert_eq!(
            counts(&read(Protocol::Gpslogger, &request(None, None, body))),
            (0, 1, 0, false),
            "{body}"
        );
    }
}

#[test]
fn what_is_no_position_is_a_heartbeat_or_rejected() {
    let heartbeat = (0, 0, 1, true);
    let rejected = (0, 1, 0, true);
    let cases = [
        ("timestamp=1704067790&batt=71", heartbeat),
        ("lat=0.0&lon=0.0&timestamp=1704067790", heartbeat),
        ("lat=&lon=&aid=1f", heartbeat),
        ("lat=null&lon=null&time=2024-01-01T00:09:50.000Z", heartbeat),
        ("lat=5.6&lon=", rejected),
        ("lat=%25LAT&lon=%25LON", rejected),
        ("lat=95&lon=6", rejected),
        ("lat=5&lon=6&timestamp=soon", rejected),
        ("lat=5&lon=6&timestamp=-1", rejected),
        ("desc=hello", (0, 1, 0, false)),
    ];
    for (text, expected) in cases {
        assert_eq!(counts(&query(text)), expected, "{text}");
    }
    assert_eq!(only_fix(query("lat=0.0&lon=6")).position.lat(), 0.0);
}
