//! Trips as one JSON object a line.

use std::io::{BufRead, Read};

use serde::Deserialize;

use crate::error::Error;
use crate::mode;
use crate::trips::columns::Columns;
use crate::trips::{Point, Trip, stem};

/// The longest line that is read, so that a file of something else does not fill the memory.
const LINE_MAX: u64 = 64 << 20;

/// A line as it stands in a file. Unknown fields are ignored.
#[derive(Deserialize)]
struct Line {
    trip_id: Option<String>,
    source: Option<String>,
    #[serde(default)]
    mode: String,
    user: Option<String>,
    #[serde(default)]
    delivery_like: bool,
    /// One letter a row.
    activity: Option<String>,
    cols: Vec<String>,
    t_absolute: Option<bool>,
    pts: Vec<Vec<Option<f64>>>,
}

/// Reads a trip a line.
pub fn read(mut lines: impl BufRead, name: &str, now_ms: i64) -> Result<Vec<Trip>, Error> {
    let mut trips = Vec::new();
    for number in 1.. {
        let wrong = |why: String| Error::Trip { file: name.to_owned(), line: number, why };
        let mut text = Vec::new();
        let length = lines
            .by_ref()
            .take(LINE_MAX)
            .read_until(b'\n', &mut text)
            .map_err(|why| wrong(why.to_string()))?;
        if length == 0 {
            break;
        }
        if length as u64 == LINE_MAX {
            return Err(wrong("the line is too long for a trip".into()));
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let line = serde_json::from_slice(&text).map_err(|why| wrong(format!("this is no trip: {why}")))?;
        trips.push(trip(line, &format!("{name}:{number}"), now_ms).map_err(wrong)?);
    }
    Ok(trips)
}

fn trip(line: Line, unnamed: &str, now_ms: i64) -> Result<Trip, String> {
    let columns = Columns::of(&line.cols)?;
    let timed = columns.time.ok_or_else(|| format!("no column \"t\" in {:?}", line.cols))?;
    let letters = line.activity.unwrap_or_default();
    let activities = letters.chars().map(Some).chain(std::iter::repeat(None));
    let mut points: Vec<Point> = line
        .pts
        .iter()
        .zip(activities)
        .enumerate()
        .filter_map(|(row, (values, activity))| {
            let time = values.get(timed).copied().flatten().filter(|time| (0.0..1e11).contains(time))?;
            let time_ms = (time * 1_000.0).round() as i64;
            Some(Point { row, activity, time_ms, ..columns.place(values)? })
        })
        .collect();
    let unusable = line.pts.len() - points.len();
    if points.len() < 2 {
        return Err(format!("a trip needs two valid positions, this has {}", points.len()));
    }
    if line.t_absolute == Some(false) {
        let moved = now_ms - points.iter().map(|point| point.time_ms).min().unwrap_or(0);
        points.iter_mut().for_each(|point| point.time_ms += moved);
    }
    let id = line.trip_id.unwrap_or_else(|| unnamed.to_owned());
    Ok(Trip {
        mode: mode::nearest(&line.mode),
        source: line.source.unwrap_or_else(|| stem(unnamed).to_owned()),
        user: line.user.unwrap_or_else(|| unnamed.to_owned()),
        delivery_like: line.delivery_like,
        points,
        unusable,
        id,
    })
}
