//! How a driver's tracker app is set up for a device key: a deep link where the app has one, the address to
//! paste where it has none, and settings that suit deliveries.

use base64ct::{Base64, Encoding};
use serde::Serialize;
use serde_json::json;

use super::Protocol;

/// How one app is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setup {
    pub protocol: Protocol,
    pub app: &'static str,
    /// Opened on the phone, or shown to its camera as a QR code, it sets the app up.
    pub link: Option<String>,
    /// For setting it up by hand.
    pub url: String,
    /// What the link cannot do, in the order in which to do it.
    pub notes: &'static [&'static str],
}

/// The set-up of the protocol's app. `origin` is the deployment's, without a slash at its end.
pub fn setup(protocol: Protocol, origin: &str, key: &str, driver_id: &str) -> Setup {
    let base = format!("{origin}/log/{}/{key}", protocol.name());
    let (app, link, url, notes) = match protocol {
        Protocol::Traccar => ("Traccar Client", Some(traccar(&base, driver_id)), base, TRACCAR),
        Protocol::Owntracks => ("OwnTracks", Some(owntracks(&base, driver_id)), base, OWNTRACKS),
        Protocol::Overland => ("Overland", Some(overland(&base, driver_id)), base, OVERLAND),
        Protocol::Gpslogger => ("GPSLogger", None, base + GPSLOGGER_QUERY, GPSLOGGER),
        Protocol::Osmand => ("OsmAnd", None, base + OSMAND_QUERY, OSMAND),
    };
    Setup { protocol, app, link, url, notes }
}

const TRACCAR: &[&str] = &[
    "Allow the location always, and precise.",
    "Android: exempt the app from battery optimization.",
    "Switch on the service in the app.",
];
const OWNTRACKS: &[&str] = &[
    "Allow the location always, and precise.",
    "Android: exempt the app from battery optimization.",
    "Keep the app in move mode while you deliver.",
];
const OVERLAND: &[&str] = &[
    "Allow the location always, and precise.",
    "In its settings choose continuous tracking, the best accuracy, automotive navigation, and a send interval of 5 s.",
    "Switch off pausing, and do not choose the OwnTracks mode.",
];
const GPSLOGGER: &[&str] = &[
    "Under Logging details switch on Log to custom URL, and paste the address as its URL, with GET.",
    "Under Performance set the interval to 5 s, the distance filter to 0 m, and keep GPS on between fixes.",
    "Switch off that the custom URL sends its whole file again (auto send): each fix has been sent.",
    "Exempt the app from battery optimization, and start logging.",
];
const OSMAND: &[&str] = &[
    "Switch on the plugin Trip recording, and in it Online tracking with the address as its web address.",
    "Set the tracking interval to 5 s and the time buffer to at least an hour.",
    "Exempt the app from battery optimization, and start online tracking.",
];

/// Names of `%ALL`, which the decoder reads without units to guess.
const GPSLOGGER_QUERY: &str =
    "?lat=%LAT&lon=%LON&timestamp=%TIMESTAMP&acc=%ACC&spd=%SPD&dir=%DIR&alt=%ALT&batt=%BATT";
/// The app fills in metres per second for `{5}`, where the protocol's own `speed` is in knots, and the
/// accuracy in metres for `{3}`, which its documentation calls `hdop` (OsmAnd, `LiveMonitoringHelper`).
const OSMAND_QUERY: &str = "?lat={0}&lon={1}&timestamp={2}&accuracy={3}&altitude={4}&spd_ms={5}&bearing={6}";

/// Traccar Client, `lib/configuration_service.dart`. Its default is a report every 75 m or 300 s, and to stop
/// while the phone stands. `accuracy=highest` would override distance and interval.
fn traccar(url: &str, driver_id: &str) -> String {
    let settings = [
        ("url", url),
        ("id", driver_id),
        ("accuracy", "high"),
        ("distance", "20"),
        ("interval", "10"),
        ("angle", "30"),
        ("heartbeat", "60"),
        ("buffer", "true"),
        ("wakelock", "true"),
        ("stop_detection", "false"),
    ];
    link("org.traccar.client://config?", &settings)
}

/// Overland's README: the rest of its settings no link reaches.
fn overland(url: &str, driver_id: &str) -> String {
    link("overland://setup?", &[("url", url), ("device_id", driver_id), ("unique_id", "yes")])
}

fn link(start: &str, settings: &[(&str, &str)]) -> String {
    let start_len = start.len();
    let mut link = form_urlencoded::Serializer::for_suffix(start.to_owned(), start_len);
    // These apps take a plus sign for itself.
    link.extend_pairs(settings).finish().replace('+', "%20")
}

/// OwnTracks' booklet, `tech/json` and `features/remoteconfig`. HTTP mode (3) in move mode (2).
fn owntracks(url: &str, driver_id: &str) -> String {
    let plain: String = driver_id.chars().filter(char::is_ascii_alphanumeric).collect();
    let tid = plain.get(plain.len().saturating_sub(2)..).filter(|tid| tid.len() == 2).unwrap_or("dr");
    let mut settings = json!({
        "_type": "configuration",
        "mode": 3,
        "url": url,
        "auth": false,
        "deviceId": "phone",
        "tid": tid,
        "monitoring": 2,
        "locatorInterval": 10,
        "locatorDisplacement": 20,
        "moveModeLocatorInterval": 5,
        "pubExtendedData": true,
        "extendedData": true,
        "cmd": false,
        "allowRemoteLocation": false
    })
    .to_string();
    // One app takes the text as it stands, the other decodes it first. Of three bytes each, and without the
    // few characters of ASCII that make `+` and `/`, base64 is the same to both.
    while !settings.len().is_multiple_of(3) {
        settings.push(' ');
    }
    format!("owntracks:///config?inline={}", Base64::encode_string(settings.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Millis;
    use crate::ingest::{Request, read};
    use data_encoding::BASE64;

    const ORIGIN: &str = "https://track.example.com";
    const KEY: &str = "AQEBAQEBAQEB-_k";

    fn settings_of(link: &str) -> Vec<(String, String)> {
        let query = link.split_once('?').unwrap().1;
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    #[test]
    fn traccar_client_is_set_up_by_a_link() {
        let setup = setup(Protocol::Traccar, ORIGIN, KEY, "RIDER 7/ä&b=c");
        let link = setup.link.unwrap();
        assert!(link.starts_with(
            "org.traccar.client://config?url=https%3A%2F%2Ftrack.example.com%2Flog%2Ftraccar%2F"
        ));
        assert!(!link.contains('+'));
        let settings = settings_of(&link);
        assert!(settings.contains(&("url".into(), format!("{ORIGIN}/log/traccar/{KEY}"))));
        assert!(settings.contains(&("id".into(), "RIDER 7/ä&b=c".into())));
        assert!(settings.contains(&("stop_detection".into(), "false".into())));
        assert_eq!(setup.url, format!("{ORIGIN}/log/traccar/{KEY}"));
    }

    #[test]
    fn overland_is_set_up_by_a_link() {
        let setup = setup(Protocol::Overland, ORIGIN, KEY, "RIDER-789");
        assert_eq!(
            setup.link.unwrap(),
            format!(
                "overland://setup?url=https%3A%2F%2Ftrack.example.com%2Flog%2Foverland%2F{KEY}\
                 &device_id=RIDER-789&unique_id=yes"
            )
        );
    }

    #[test]
    fn owntracks_is_set_up_by_a_link_whose_base64_needs_no_escape() {
        for (driver, tid) in
            [("RIDER-789", "89"), ("7", "dr"), ("", "dr"), ("ä ?>~\u{7f}", "dr"), ("x-Y", "xY")]
        {
            let link = setup(Protocol::Owntracks, ORIGIN, KEY, driver).link.unwrap();
            let text = link.strip_prefix("owntracks:///config?inline=").unwrap();
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text}");
            let settings: serde_json::Value =
                serde_json::from_slice(&BASE64.decode(text.as_bytes()).unwrap()).unwrap();
            assert_eq!(settings["_type"], "configuration");
            assert_eq!(settings["url"], format!("{ORIGIN}/log/owntracks/{KEY}"));
            assert_eq!((&settings["mode"], &settings["monitoring"]), (&json!(3), &json!(2)));
            assert_eq!(settings["tid"], tid, "{driver}");
        }
    }

    /// Each template as its app fills it in, read by its decoder.
    #[test]
    fn a_template_is_read_as_it_is_meant() {
        let gpslogger = [
            ("%LAT", "5.6"),
            ("%LON", "-0.2"),
            ("%TIMESTAMP", "1704067850"),
            ("%ACC", "8.5"),
            ("%SPD", "6.1"),
            ("%DIR", "90.0"),
            ("%ALT", "20.0"),
            ("%BATT", "71"),
        ];
        let osmand = [
            ("{0}", "5.6"),
            ("{1}", "-0.2"),
            ("{2}", "1704067850000"),
            ("{3}", "8.5"),
            ("{4}", "20.0"),
            ("{5}", "6.1"),
            ("{6}", "90.0"),
        ];
        let templates = [
            (Protocol::Gpslogger, &gpslogger[..], "/log/gpslogger/", Some(71)),
            (Protocol::Osmand, &osmand[..], "/log/osmand/", None),
        ];
        for (protocol, tokens, path, battery) in templates {
            let setup = setup(protocol, ORIGIN, KEY, "RIDER-789");
            assert_eq!(setup.link, None);
            let filled = tokens.iter().fold(setup.url, |url, (token, value)| url.replace(token, value));
            let (address, query) = filled.split_once('?').unwrap();
            assert_eq!(address, format!("{ORIGIN}{path}{KEY}"));
            let request = Request { query: Some(query), content_type: None, body: b"", received: Millis(0) };
            let reading = read(protocol, &request);
            let fix = reading.fixes.first().unwrap();
            assert_eq!(
                (fix.time, fix.position.lat(), fix.position.lng()),
                (Millis(1_704_067_850_000), 5.6, -0.2)
            );
            assert_eq!((fix.accuracy, fix.speed, fix.heading), (Some(8.5), Some(6.1), Some(90.0)));
            assert_eq!((fix.altitude, fix.battery), (Some(20.0), battery));
        }
    }

    #[test]
    fn it_is_written_as_the_page_reads_it() {
        let written = serde_json::to_value(setup(Protocol::Osmand, ORIGIN, KEY, "d")).unwrap();
        assert_eq!((&written["protocol"], &written["app"]), (&json!("osmand"), &json!("OsmAnd")));
        assert!(written["link"].is_null() && written["notes"].is_array());
    }
}
