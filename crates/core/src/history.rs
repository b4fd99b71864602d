//! The track of a delivery as it is asked for: a span of time, a page, thinned out, in one of four formats.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::archive::Summary;
use crate::clock::Millis;
use crate::delivery::{Act, Acts, EntryKind, Reached};
use crate::filter::Verdict;
use crate::fix::{Fix, Position};
use crate::published::Sample;
use crate::recent::Key;
use crate::rejection::Rejection;
use crate::status::Status;
use crate::thinning::thinned;
use crate::track::{Recorded, polyline};
use crate::visibility::{Audience, sees_note};
use crate::wire::history::{
    GeoJsonHistory, GeoJsonProperties, Geometry, History, HistoryPoint, PointVerdict, PolylineHistory,
    PublishedEta, Timeline, TimelineEvent,
};

/// Most points of a page: about 1 MB of JSON, nearly three hours at a fix a second.
pub const PAGE_POINTS: usize = 10_000;

/// What is asked of a track.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Query {
    #[serde(default)]
    pub since: Option<Millis>,
    #[serde(default)]
    pub until: Option<Millis>,
    /// Only believed fixes then, those that shape the line.
    #[serde(default)]
    pub max_points: Option<usize>,
    /// The last fix of the page before.
    #[serde(default)]
    pub after: Option<Key>,
    #[serde(default)]
    pub format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Json,
    GeoJson,
    Gpx,
    /// An encoded polyline, in JSON.
    Polyline,
}

impl Format {
    const ALL: [(Self, &'static str); 4] =
        [(Self::Json, "json"), (Self::GeoJson, "geojson"), (Self::Gpx, "gpx"), (Self::Polyline, "polyline")];

    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(format, _)| *format == self).map_or("json", |(_, name)| name)
    }

    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::Polyline => "application/json",
            Self::GeoJson => "application/geo+json",
            Self::Gpx => "application/gpx+xml",
        }
    }
}

impl Query {
    /// Reads a query string's parameters and the `Accept` header.
    pub fn parse(
        parameter: impl Fn(&str) -> Option<String>,
        accept: Option<&str>,
    ) -> Result<Self, Rejection> {
        let time = |name: &'static str| parameter(name).map(|text| read_time(name, &text)).transpose();
        let (since, until) = (time("since")?, time("until")?);
        if since.zip(until).is_some_and(|(since, until)| since > until) {
            return Err(Rejection::invalid("until", "until must not be before since"));
        }
        Ok(Self {
            since,
            until,
            max_points: parameter("max_points").map(|text| read_max_points(&text)).transpose()?,
            after: parameter("cursor").map(|text| read_cursor(&text)).transpose()?,
            format: read_format(parameter("format").as_deref(), accept)?,
        })
    }

    /// The span of time that can hold an answer.
    pub fn span(&self) -> (Millis, Millis) {
        let since =
            self.since.unwrap_or(Millis(i64::MIN)).max(self.after.map_or(Millis(i64::MIN), |key| key.0));
        (since, self.until.unwrap_or(Millis(i64::MAX)))
    }

    fn wants(&self, fix: &Fix) -> bool {
        let (since, until) = self.span();
        (since..=until).contains(&fix.time) && self.after.is_none_or(|after| fix.key() > after)
    }
}

/// Whose track it is.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    pub tracking_id: &'a str,
    pub order_id: &'a str,
}

/// A page of a track, from all fixes that may belong to it, in any order.
pub fn page(recorded: Vec<Recorded>, query: &Query, named: Named<'_>, now: Millis) -> Page {
    let mut fixes: Vec<_> = recorded.into_iter().filter(|recorded| query.wants(&recorded.fix)).collect();
    fixes.sort_by_key(|recorded| recorded.fix.key());
    fixes.dedup_by_key(|recorded| recorded.fix.id());
    // Only its own JSON says of each fix what was made of it.
    if query.format != Format::Json || query.max_points.is_some() {
        fixes.retain(|recorded| is_believed(recorded.verdict));
    }
    if let Some(most) = query.max_points {
        let points: Vec<_> = fixes.iter().map(Recorded::place).collect();
        let kept = thinned(&points, most);
        fixes = kept.into_iter().filter_map(|at| fixes.get(at).cloned()).collect();
    }
    let more = fixes.len() > PAGE_POINTS;
    fixes.truncate(PAGE_POINTS);
    let next_cursor = fixes.last().filter(|_| more).map(|recorded| cursor(recorded.fix.key()));
    match query.format {
        Format::Json => Page::Json(History {
            tracking_id: named.tracking_id.to_owned(),
            order_id: named.order_id.to_owned(),
            points: fixes.into_iter().map(point).collect(),
            next_cursor,
            server_time: now.0,
        }),
        Format::GeoJson => Page::GeoJson(geojson(&fixes, named, next_cursor, now)),
        Format::Gpx => Page::Gpx(gpx(&fixes, named), next_cursor),
        Format::Polyline => Page::Polyline(PolylineHistory {
            tracking_id: named.tracking_id.to_owned(),
            order_id: named.order_id.to_owned(),
            polyline: polyline(fixes.iter().map(Recorded::place)),
            times: fixes.iter().map(|recorded| recorded.fix.time.secs()).collect(),
            next_cursor,
            server_time: now.0,
        }),
    }
}

/// A page in the format that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    Json(History),
    GeoJson(GeoJsonHistory),
    /// The document, and where the next page begins.
    Gpx(String, Option<String>),
    Polyline(PolylineHistory),
}

impl Page {
    /// The body.
    pub fn text(&self) -> serde_json::Result<String> {
        match self {
            Self::Json(page) => serde_json::to_string(page),
            Self::GeoJson(page) => serde_json::to_string(page),
            Self::Gpx(document, _) => Ok(document.clone()),
            Self::Polyline(page) => serde_json::to_string(page),
        }
    }

    /// Where the next page begins.
    pub fn next_cursor(&self) -> Option<&str> {
        match self {
            Self::Json(page) => page.next_cursor.as_deref(),
            Self::GeoJson(page) => page.next_cursor.as_deref(),
            Self::Gpx(_, next_cursor) => next_cursor.as_deref(),
            Self::Polyline(page) => page.next_cursor.as_deref(),
        }
    }
}

/// The timeline as `audience` may see it.
pub fn timeline(summary: &Summary, audience: Audience, now: Millis) -> Timeline {
    let sees = |reached: &Reached| sees_note(audience, reached.status);
    let audits = matches!(audience, Audience::Store | Audience::Operator);
    let reached = |reached: &Reached| TimelineEvent {
        note: reached.note.clone().filter(|_| sees(reached)),
        reason: reached.reason.clone().filter(|_| sees(reached)),
        by: reached.by.clone().filter(|_| audits),
        ..TimelineEvent::of(EntryKind::Status, reached.status, reached.at)
    };
    let done = |act: &Act, status: Status| TimelineEvent {
        by: act.by.clone(),
        driver_id: act.driver.clone(),
        former_driver_id: act.former.clone(),
        about: act.about.clone(),
        ..TimelineEvent::of(act.kind, status, act.at)
    };
    let Acts { acts, omitted } = &summary.rest.acts;
    let mut acts = acts.iter().filter(|_| audits).peekable();
    let mut events = Vec::new();
    let mut status = Status::Created;
    for (n, step) in summary.timeline.iter().enumerate() {
        // What a phone reports late happened before what was done meanwhile.
        while let Some(act) = acts.next_if(|act| (act.at, act.after) <= (step.at, n)) {
            events.push(done(act, status));
        }
        events.push(reached(step));
        status = step.status;
    }
    events.extend(acts.map(|act| done(act, status)));
    let eta = |sample: &Sample| PublishedEta {
        at: sample.0,
        eta_at: sample.1,
        eta_range: [sample.2 - sample.0, sample.3 - sample.0],
    };
    Timeline {
        tracking_id: summary.tracking_id.clone(),
        order_id: summary.order_id.clone(),
        status: summary.status,
        events,
        omitted: *omitted * u32::from(audits),
        etas: summary.etas.iter().map(eta).collect(),
        server_time: now.0,
    }
}

/// A late fix was not judged, but it is where somebody was.
const fn is_believed(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Accepted | Verdict::Late)
}

fn point(recorded: Recorded) -> HistoryPoint {
    let Recorded { fix, verdict, shown } = recorded;
    let (verdict, reason) = match verdict {
        Verdict::Accepted => (PointVerdict::Accepted, None),
        Verdict::Late => (PointVerdict::Late, None),
        Verdict::Filtered(reason) => (PointVerdict::Filtered, Some(reason)),
    };
    HistoryPoint {
        lat: fix.position.lat(),
        lng: fix.position.lng(),
        timestamp: HistoryPoint::seconds(fix.time.0),
        verdict,
        reason,
        shown: shown.map(|position| [position.lat(), position.lng()]),
        accuracy: fix.accuracy,
        speed: fix.speed,
        heading: fix.heading,
        altitude: fix.altitude,
        battery: fix.battery,
        address: fix.address,
    }
}

fn geojson(fixes: &[Recorded], named: Named<'_>, next_cursor: Option<String>, now: Millis) -> GeoJsonHistory {
    let coordinates: Vec<_> =
        fixes.iter().map(Recorded::place).map(|position| [position.lng(), position.lat()]).collect();
    let geometry = match coordinates.as_slice() {
        [] => None,
        [only] => Some(Geometry::Point(*only)),
        _ => Some(Geometry::LineString(coordinates)),
    };
    GeoJsonHistory {
        kind: "Feature".into(),
        geometry,
        properties: GeoJsonProperties {
            tracking_id: named.tracking_id.to_owned(),
            order_id: named.order_id.to_owned(),
            coord_times: fixes.iter().map(|recorded| recorded.fix.time.iso_8601()).collect(),
        },
        next_cursor,
        server_time: now.0,
    }
}

/// GPX 1.1, the format that devices and map programs exchange: one track of one segment.
fn gpx(fixes: &[Recorded], named: Named<'_>) -> String {
    let mut document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"Onway\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n<trk><name>{}</name><trkseg>\n",
        escaped(named.order_id)
    );
    for recorded in fixes {
        let (place, fix) = (recorded.place(), &recorded.fix);
        document += &format!("<trkpt lat=\"{}\" lon=\"{}\">", place.lat(), place.lng());
        if let Some(altitude) = fix.altitude {
            document += &format!("<ele>{altitude}</ele>");
        }
        document += &format!("<time>{}</time></trkpt>\n", fix.time.iso_8601());
    }
    document + "</trkseg></trk></gpx>\n"
}

/// Text between two tags.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(crate) fn read_time(name: &'static str, text: &str) -> Result<Millis, Rejection> {
    // In a query string `+` stands for a space: an offset as +01:00 arrives so.
    let text = text.replace(' ', "+");
    let value = text.parse::<f64>().map_or_else(|_| Value::from(text), Value::from);
    Millis::parse(&value).ok_or_else(|| {
        Rejection::invalid(name, format!("{name} must be Unix seconds, Unix milliseconds or ISO 8601"))
    })
}

fn read_max_points(text: &str) -> Result<usize, Rejection> {
    let number = text.parse().ok().filter(|number| (2..=PAGE_POINTS).contains(number));
    number.ok_or_else(|| {
        Rejection::invalid("max_points", format!("max_points must be a whole number from 2 to {PAGE_POINTS}"))
    })
}

fn read_format(format: Option<&str>, accept: Option<&str>) -> Result<Format, Rejection> {
    let named = |wanted: &str| Format::ALL.into_iter().find(|(_, name)| *name == wanted);
    let accepted = |format: &Format| {
        *format != Format::Json && accept.is_some_and(|accept| accept.contains(format.content_type()))
    };
    match format {
        Some(name) => named(name).map(|(format, _)| format).ok_or_else(|| {
            Rejection::invalid("format", "format must be one of json, geojson, gpx, polyline")
        }),
        None => Ok([Format::GeoJson, Format::Gpx].into_iter().find(accepted).unwrap_or_default()),
    }
}

/// A cursor is the key of a fix, as `time.lat.lng.device time`.
fn cursor((time, at, device): Key) -> String {
    format!("{}.{}.{}.{}", time.0, at.lat_e7, at.lng_e7, device.0)
}

fn read_cursor(text: &str) -> Result<Key, Rejection> {
    let key = || {
        let mut parts = text.split('.');
        let time = Millis(parts.next()?.parse().ok()?);
        let position = Position { lat_e7: parts.next()?.parse().ok()?, lng_e7: parts.next()?.parse().ok()? };
        let device = Millis(parts.next()?.parse().ok()?);
        parts.next().is_none().then_some((time, position, device))
    };
    key().ok_or_else(|| Rejection::invalid("cursor", "cursor must be the next_cursor of an earlier answer"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Reason;

    const NAMED: Named<'_> = Named { tracking_id: "TRK-X", order_id: "O-1 <&>" };

    fn query(parameters: &[(&str, &str)], accept: Option<&str>) -> Result<Query, Rejection> {
        let get = |name: &str| parameters.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned());
        Query::parse(get, accept)
    }

    fn recorded(secs: i64, lat_e7: i32, verdict: Verdict) -> Recorded {
        Recorded {
            fix: Fix::new(Millis::from_secs(secs), Position { lat_e7, lng_e7: 10_000_000 }),
            verdict,
            shown: None,
        }
    }

    fn points(page: Page) -> (Vec<HistoryPoint>, Option<String>) {
        match page {
            Page::Json(history) => (history.points, history.next_cursor),
            other => panic!("asked for JSON, got {other:?}"),
        }
    }

    #[test]
    fn a_query_is_read_or_refused_with_its_field() {
        let cases: [(&[(&str, &str)], &str); 14] = [
            (&[("since", "yesterday")], "since"),
            (&[("until", "")], "until"),
            (&[("max_points", "")], "max_points"),
            (&[("since", "-1")], "since"),
            (&[("since", "NaN")], "since"),
            (&[("until", "1e400")], "until"),
            (&[("since", "200"), ("until", "100")], "until"),
            (&[("max_points", "1")], "max_points"),
            (&[("max_points", "10001")], "max_points"),
            (&[("max_points", "-5")], "max_points"),
            (&[("max_points", "2.5")], "max_points"),
            (&[("format", "kml")], "format"),
            (&[("cursor", "1.2.3")], "cursor"),
            (&[("cursor", "'; DROP TABLE chunk")], "cursor"),
        ];
        for (parameters, field) in cases {
            match query(parameters, None) {
                Err(Rejection::Invalid { field: at, .. }) => assert_eq!(at, field),
                other => panic!("{parameters:?}: {other:?}"),
            }
        }
        let read = query(
            &[("since", "2024-01-01T01:10:50 01:00"), ("until", "1704067850500"), ("cursor", "1.-2.3.4")],
            Some("text/html, application/geo+json;q=0.9"),
        );
        let expected = Query {
            since: Some(Millis(1_704_067_850_000)),
            until: Some(Millis(1_704_067_850_500)),
            max_points: None,
            after: Some((Millis(1), Position { lat_e7: -2, lng_e7: 3 }, Millis(4))),
            format: Format::GeoJson,
        };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn a_page_is_in_the_order_of_time_with_each_fix_once() {
        let fixes = [(30, 3), (10, 1), (20, 2), (10, 1), (40, 4)];
        let fixes = fixes.map(|(secs, lat)| recorded(secs, lat, Verdict::Accepted)).to_vec();
        let asked = query(&[("since", "10"), ("until", "30")], None).unwrap();
        let (points, next) = points(page(fixes, &asked, NAMED, Millis(0)));
        let times: Vec<_> = points.iter().map(|point| point.timestamp.as_i64().unwrap()).collect();
        assert_eq!((times, next), (vec![10, 20, 30], None));
    }

    #[test]
    fn all_is_told_with_its_verdict_and_only_what_is_believed_is_drawn() {
        let fixes = vec![
            recorded(1, 0, Verdict::Accepted),
            recorded(2, 900_000_000, Verdict::Filtered(Reason::Speed)),
            recorded(3, 100, Verdict::Late),
        ];
        let (all, _) = points(page(fixes.clone(), &Query::default(), NAMED, Millis(0)));
        assert_eq!(all[1].verdict, PointVerdict::Filtered);
        assert_eq!(all[1].reason, Some(Reason::Speed));
        let (drawn, _) =
            points(page(fixes.clone(), &query(&[("max_points", "50")], None).unwrap(), NAMED, Millis(0)));
        assert_eq!(drawn.len(), 2);
        let asked = query(&[("format", "geojson")], None).unwrap();
        let text = |asked: &Query| page(fixes.clone(), asked, NAMED, Millis(0)).text().unwrap();
        let json: Value = serde_json::from_str(&text(&asked)).unwrap();
        assert_eq!(json["geometry"]["type"], "LineString");
        assert_eq!(json["geometry"]["coordinates"], serde_json::json!([[1.0, 0.0], [1.0, 0.00001]]));
        assert_eq!(json["properties"]["coordTimes"][0], "1970-01-01T00:00:01Z");
        let json: Value =
            serde_json::from_str(&text(&query(&[("format", "polyline")], None).unwrap())).unwrap();
        assert_eq!((&json["polyline"], &json["times"]), (&"?_ibEA?".into(), &serde_json::json!([1, 3])));
        for asked in [query(&[("format", "gpx")], None), query(&[], Some("application/gpx+xml"))] {
            let gpx = text(&asked.unwrap());
            assert_eq!(gpx.matches("<trkpt ").count(), 2);
            assert!(
                gpx.contains("<trkpt lat=\"0.00001\" lon=\"1\"><time>1970-01-01T00:00:03Z</time></trkpt>")
            );
            assert!(gpx.contains("<name>O-1 &lt;&amp;&gt;</name>"), "{gpx}");
        }
    }

    #[test]
    fn pages_join_without_gap_or_repetition() {
        let count = PAGE_POINTS + 500;
        // Several fixes share each second.
        let all: Vec<_> = (0..count).map(|i| recorded(i as i64 / 3, i as i32, Verdict::Accepted)).collect();
        let (first, next) = points(page(all.clone(), &Query::default(), NAMED, Millis(0)));
        let asked = query(&[("cursor", &next.unwrap())], None).unwrap();
        let (second, end) = points(page(all, &asked, NAMED, Millis(0)));
        assert_eq!((first.len(), second.len(), end), (PAGE_POINTS, 500, None));
        let seen: Vec<_> =
            first.iter().chain(&second).map(|point| (point.lat * 1e7).round() as usize).collect();
        assert_eq!(seen, (0..count).collect::<Vec<_>>());
    }

    #[test]
    fn fractions_of_a_second_are_kept() {
        assert_eq!(HistoryPoint::seconds(1_500).to_string(), "1.5");
        assert_eq!(HistoryPoint::seconds(2_000).to_string(), "2");
    }
}
