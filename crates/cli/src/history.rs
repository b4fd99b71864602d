//! A deployment's own history as trips: from the pickup of each delivery to its end.

use std::collections::HashSet;

use onway_core::clock::Millis;
use onway_core::delivery::Reached;
use onway_core::eta::Model;
use onway_core::fix::Position;
use onway_core::status::Status;
use onway_core::track;
use serde::Deserialize;
use serde_json::Value;

use crate::d1::D1;
use crate::error::Error;
use crate::mode;
use crate::trips::{Point, Trip};

/// Deliveries of a page: some megabytes of positions.
const PAGE: usize = 100;
/// Most deliveries that are read: the newest. A fit of more takes hours and learns little.
pub const DELIVERIES_MAX: u64 = 20_000;
/// A track that ends further from the destination than this is not the way there, in metres.
const AWAY_METRES: f64 = 1_000.0;
/// And so is one that ends so long before the delivery, in ms.
const SILENT_MS: i64 = 15 * 60_000;
const DAY_MS: i64 = 86_400_000;

/// Delivered, and with their positions still there.
const USABLE: &str = "status = 'DELIVERED' AND stage = 0 AND ended IS NOT NULL";

/// What a deployment has.
#[derive(Debug, Clone)]
pub struct History {
    /// In the order of their starts.
    pub trips: Vec<Trip>,
    /// Deliveries that make no trip: without a pickup, positions or an end near the destination.
    pub unusable: usize,
}

/// A delivery as D1 gives it.
#[derive(Deserialize)]
struct Row {
    tracking_id: String,
    driver_id: Option<String>,
    mode: String,
    started: i64,
    timeline: String,
    lat: f64,
    lng: f64,
    /// JSON: the chunks in hexadecimal.
    chunks: String,
}

impl History {
    /// Reads the deliveries of the last `days`, counted back from the newest.
    pub fn read(d1: &D1, days: u32, step: &dyn Fn(u64, u64)) -> Result<Self, Error> {
        let count = format!("SELECT count(*) AS count, max(started) AS newest FROM delivery WHERE {USABLE}");
        let found = d1.query(&count)?;
        let Some(newest) = found.first().and_then(|row| row["newest"].as_i64()) else {
            return Err(Error::NoTrips);
        };
        let oldest = newest - i64::from(days) * DAY_MS;
        let rows = d1.query(&format!(
            "SELECT count(*) AS count, min(started) AS oldest FROM (SELECT started FROM delivery WHERE {USABLE}
             AND started >= {oldest} ORDER BY started DESC LIMIT {DELIVERIES_MAX})"
        ))?;
        let number = |name: &str| rows.first().and_then(|row| row[name].as_i64()).unwrap_or_default();
        let whole = number("count").unsigned_abs();
        let mut history = Self { trips: Vec::new(), unusable: 0 };
        let mut after = (number("oldest") - 1, String::new());
        let mut read = 0;
        loop {
            let page = page(d1, &after)?;
            let Some(last) = page.last() else { return Ok(history) };
            after = (last.started, last.tracking_id.clone());
            let is_last = page.len() < PAGE;
            read += page.len() as u64;
            for row in page {
                match row.trip() {
                    Some(trip) => history.trips.push(trip),
                    None => history.unusable += 1,
                }
            }
            step(read, whole);
            if is_last || read > DELIVERIES_MAX {
                return Ok(history);
            }
        }
    }

    /// The trips until a week before the newest, and those of that week.
    pub fn split(self) -> (Vec<Trip>, Vec<Trip>) {
        let newest = self.trips.iter().map(Trip::start_ms).max().unwrap_or_default();
        self.trips.into_iter().partition(|trip| trip.start_ms() < newest - 7 * DAY_MS)
    }
}

fn page(d1: &D1, (started, id): &(i64, String)) -> Result<Vec<Row>, Error> {
    let id = id.replace('\'', "''");
    let rows = d1.query(&format!(
        "SELECT tracking_id, driver_id, mode, started, timeline, rest ->> '$.dropoff.lat' AS lat, rest ->> '$.dropoff.lng' AS lng,
             (SELECT json_group_array(hex(fixes)) FROM chunk WHERE chunk.tracking_id = delivery.tracking_id) AS chunks
         FROM delivery WHERE {USABLE} AND started >= {started} AND (started > {started} OR tracking_id > '{id}')
         ORDER BY started, tracking_id LIMIT {PAGE}"
    ))?;
    let read = |row: Value| {
        serde_json::from_value(row)
            .map_err(|why| Error::Database(format!("a delivery cannot be read: {why}")))
    };
    rows.into_iter().map(read).collect()
}

impl Row {
    /// `None` where it makes no trip.
    fn trip(self) -> Option<Trip> {
        let timeline: Vec<Reached> = serde_json::from_str(&self.timeline).ok()?;
        let at = |status| timeline.iter().find(|reached| reached.status == status).map(|reached| reached.at);
        let (picked_up, delivered) = (at(Status::PickedUp)?, at(Status::Delivered)?);
        let chunks: Vec<String> = serde_json::from_str(&self.chunks).ok()?;
        let mut fixes = Vec::new();
        for chunk in chunks {
            fixes.extend(track::decode(&base16ct::mixed::decode_vec(chunk).ok()?).ok()?);
        }
        let mut known = HashSet::new();
        fixes.retain(|recorded| {
            (picked_up..=delivered).contains(&recorded.fix.time) && known.insert(recorded.fix.id())
        });
        fixes.sort_by_key(|recorded| recorded.fix.key());
        let destination = Position::from_degrees(self.lat, self.lng)?;
        let last = &fixes.last()?.fix;
        if last.position.metres_to(destination) > AWAY_METRES || delivered.since(last.time) > SILENT_MS {
            return None;
        }
        let mut points: Vec<Point> = fixes
            .iter()
            .map(|recorded| {
                let fix = &recorded.fix;
                let (speed, accuracy, heading) = (fix.speed, fix.accuracy, fix.heading);
                Point { speed, accuracy, heading, ..place(fix.time, fix.position) }
            })
            .collect();
        // The destination, and when it was there.
        points.push(place(delivered, destination));
        points.iter_mut().enumerate().for_each(|(row, point)| point.row = row);
        Some(Trip {
            source: "d1".into(),
            mode: mode::nearest(&self.mode),
            user: self.driver_id.unwrap_or_else(|| self.tracking_id.clone()),
            delivery_like: true,
            points,
            unusable: 0,
            id: self.tracking_id,
        })
    }
}

fn place(at: Millis, position: Position) -> Point {
    Point {
        row: 0,
        time_ms: at.0,
        lat: position.lat(),
        lng: position.lng(),
        speed: None,
        accuracy: None,
        heading: None,
        truth: None,
        activity: None,
    }
}

/// The model that a deployment has put in use; `None`: the one built in.
pub fn model_in_use(d1: &D1) -> Result<Option<Model>, Error> {
    let rows = d1.query("SELECT body FROM model ORDER BY part")?;
    let text: String = rows.iter().filter_map(|row| row["body"].as_str()).collect();
    if text.is_empty() {
        return Ok(None);
    }
    match Model::read(text.as_bytes()) {
        Ok(model) => Ok(Some(model)),
        Err(why) => {
            eprintln!("the model in D1 cannot be used, so the one built in is: {why}");
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use onway_core::filter::Verdict;
    use onway_core::fix::Fix;
    use onway_core::track::{Chunk, Recorded};

    use super::*;

    const START: i64 = 1_700_000_000_000;

    /// A delivery driven to the north, a fix of 100 m every 10 s; its dropoff so many degrees after the last.
    fn row(fixes: i64, beyond: f64, statuses: &[(&str, i64)]) -> Row {
        let fix = |n: i64| {
            Fix::new(
                Millis(START + n * 10_000),
                Position::from_degrees(5.6 + n as f64 * 0.0009, -0.2).unwrap(),
            )
        };
        let recorded: Vec<_> =
            (0..fixes).map(|n| Recorded { fix: fix(n), verdict: Verdict::Accepted, shown: None }).collect();
        let chunks: Vec<String> = recorded
            .chunks(20)
            .map(|part| base16ct::upper::encode_string(Chunk::from_iter(part).bytes()))
            .collect();
        let timeline: Vec<_> = statuses
            .iter()
            .map(|(status, secs)| serde_json::json!({"status": status, "at": START + secs * 1000, "note": null, "reason": null}))
            .collect();
        Row {
            tracking_id: "TRK-A".into(),
            driver_id: Some("d1".into()),
            mode: "van".into(),
            started: START,
            timeline: serde_json::to_string(&timeline).unwrap(),
            lat: 5.6 + (fixes - 1) as f64 * 0.0009 + beyond,
            lng: -0.2,
            chunks: serde_json::to_string(&chunks).unwrap(),
        }
    }

    #[test]
    fn a_trip_is_the_way_from_the_pickup_to_the_destination() {
        let trip = row(60, 0.001, &[("ASSIGNED", 0), ("PICKED_UP", 95), ("DELIVERED", 640)]).trip().unwrap();
        assert_eq!((trip.points.len(), trip.user.as_str(), trip.mode), (51, "d1", mode::Mode::Van));
        assert_eq!((trip.start_ms(), trip.end_ms()), (START + 100_000, START + 640_000));
        let last = trip.points.last().unwrap();
        assert!((last.lat - 5.6541).abs() < 1e-9 && last.row == 50, "{last:?}");
    }

    #[test]
    fn what_does_not_lead_to_the_destination_is_no_trip() {
        let whole = [("PICKED_UP", 0), ("DELIVERED", 600)];
        for (what, row) in [
            ("never picked up", row(60, 0.0, &[("DELIVERED", 600)])),
            ("it ends elsewhere", row(60, 0.02, &whole)),
            ("no positions", row(0, 0.0, &whole)),
            ("silent at the end", row(60, 0.0, &[("PICKED_UP", 0), ("DELIVERED", 2_000)])),
            ("no chunks", Row { chunks: "[\"7F\"]".into(), ..row(60, 0.0, &whole) }),
        ] {
            assert_eq!(row.trip(), None, "{what}");
        }
    }

    #[test]
    fn the_last_week_is_held_out() {
        let trip = |day: i64| {
            let mut trip = row(60, 0.0, &[("PICKED_UP", 0), ("DELIVERED", 600)]).trip().unwrap();
            trip.points.iter_mut().for_each(|point| point.time_ms += day * DAY_MS);
            trip
        };
        let history = History { trips: [0, 20, 23, 24, 30].map(trip).into(), unusable: 0 };
        let (taught, held) = history.split();
        assert_eq!((taught.len(), held.len()), (2, 3));
    }
}
