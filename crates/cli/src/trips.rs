//! Recorded trips: one JSON object a line, gzip or not.
//!
//! A trip is kept as it was recorded, noise and order and all; only rows that hold no position at
//! all are left out, and counted.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use crate::error::Error;
use crate::mode::{self, Mode};

/// The first two bytes of a gzip stream (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The longest line that is read, so that a file of something else does not fill the memory.
const LINE_MAX: u64 = 64 << 20;

/// One fix as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The row of the recording, from 0 on.
    pub row: usize,
    /// Unix milliseconds.
    pub time_ms: i64,
    pub lat: f64,
    pub lng: f64,
    /// Metres per second, where the recording has it.
    pub speed: Option<f64>,
    /// Metres, where the recording has it.
    pub accuracy: Option<f64>,
    /// Degrees clockwise from north, where the recording has it.
    pub heading: Option<f64>,
    /// The surveyed latitude and longitude, where the recording has them.
    pub truth: Option<(f64, f64)>,
    /// What the driver was doing, where the recording says it: a letter.
    pub activity: Option<char>,
}

impl Point {
    /// A point of which only the place is known.
    #[cfg(test)]
    pub const fn new(time_ms: i64, lat: f64, lng: f64) -> Self {
        Self {
            row: 0,
            time_ms,
            lat,
            lng,
            speed: None,
            accuracy: None,
            heading: None,
            truth: None,
            activity: None,
        }
    }
}

/// One trip, with at least two points.
#[derive(Debug, Clone, PartialEq)]
pub struct Trip {
    pub id: String,
    /// Where the recording comes from: the file, where it does not say.
    pub source: String,
    pub mode: Mode,
    /// Who travelled. A trip that does not say counts as the only one of its user.
    pub user: String,
    /// Whether the file calls it like a delivery.
    pub delivery_like: bool,
    pub points: Vec<Point>,
    /// Rows without a valid time or position, left out.
    pub unusable: usize,
}

impl Trip {
    /// The earliest time, in Unix milliseconds.
    pub fn start_ms(&self) -> i64 {
        self.points.iter().map(|point| point.time_ms).min().unwrap_or(0)
    }

    /// The latest time, which is the arrival, in Unix milliseconds.
    pub fn end_ms(&self) -> i64 {
        self.points.iter().map(|point| point.time_ms).max().unwrap_or(0)
    }
}

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

/// Which column holds what.
struct Columns {
    time: usize,
    lat: usize,
    lng: usize,
    speed: Option<usize>,
    accuracy: Option<usize>,
    heading: Option<usize>,
    truth: Option<(usize, usize)>,
}

/// Reads all trips of a file, `-` being the standard input. Trips whose clock is relative are moved
/// to begin at `now_ms`.
pub fn read_file(path: &Path, now_ms: i64) -> Result<Vec<Trip>, Error> {
    if path == Path::new("-") {
        return read(std::io::stdin().lock(), "-", now_ms);
    }
    let unreadable = |why: std::io::Error| Error::File { path: path.to_owned(), why: why.to_string() };
    let file = File::open(path).map_err(unreadable)?;
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    read(file, &name, now_ms)
}

/// Reads all trips of a stream, which is gzip if it begins like it.
pub fn read(stream: impl Read, name: &str, now_ms: i64) -> Result<Vec<Trip>, Error> {
    let mut stream = BufReader::new(stream);
    let start = stream.fill_buf().map_err(|why| Error::File { path: name.into(), why: why.to_string() })?;
    if start.starts_with(&GZIP) {
        read_lines(BufReader::new(MultiGzDecoder::new(stream)), name, now_ms)
    } else {
        read_lines(stream, name, now_ms)
    }
}

fn read_lines(mut lines: impl BufRead, name: &str, now_ms: i64) -> Result<Vec<Trip>, Error> {
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
    let letters = line.activity.unwrap_or_default();
    let activities = letters.chars().map(Some).chain(std::iter::repeat(None));
    let mut points: Vec<Point> = line
        .pts
        .iter()
        .zip(activities)
        .enumerate()
        .filter_map(|(row, (values, activity))| Some(Point { row, activity, ..columns.point(values)? }))
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
        source: line
            .source
            .unwrap_or_else(|| unnamed.split(['.', ':']).next().unwrap_or_default().to_owned()),
        user: line.user.unwrap_or_else(|| unnamed.to_owned()),
        delivery_like: line.delivery_like,
        points,
        unusable,
        id,
    })
}

impl Columns {
    fn of(names: &[String]) -> Result<Self, String> {
        let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        let need =
            |wanted: &[&str]| find(wanted).ok_or_else(|| format!("no column {:?} in {names:?}", wanted[0]));
        Ok(Self {
            time: need(&["t", "time", "timestamp"])?,
            lat: need(&["lat", "latitude"])?,
            lng: need(&["lon", "lng", "longitude"])?,
            speed: find(&["speed", "speed_mps"]),
            accuracy: find(&["accuracy", "accuracy_m"]),
            heading: find(&["heading", "bearing"]),
            truth: find(&["truth_lat"]).zip(find(&["truth_lon", "truth_lng"])),
        })
    }

    /// The row's fix, if it has a time and a position on the globe.
    fn point(&self, row: &[Option<f64>]) -> Option<Point> {
        let number = |column: usize| row.get(column).copied().flatten().filter(|value| value.is_finite());
        let positive = |column: Option<usize>| column.and_then(number).filter(|value| *value >= 0.0);
        let (time, lat, lng) = (number(self.time)?, number(self.lat)?, number(self.lng)?);
        let valid =
            (0.0..1e11).contains(&time) && (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lng);
        valid.then(|| Point {
            row: 0,
            time_ms: (time * 1_000.0).round() as i64,
            lat,
            lng,
            speed: positive(self.speed),
            accuracy: positive(self.accuracy),
            heading: positive(self.heading).filter(|heading| *heading <= 360.0),
            truth: self.truth.and_then(|(lat, lng)| number(lat).zip(number(lng))),
            activity: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    const NOW: i64 = 1_800_000_000_000;

    const CAR: &str = r#"{"trip_id":"a-1","mode":"bus","cols":["t","lat","lon"],"user":"x","pts":[[1430313323,-10.93,-37.04],[1430313340.5,-10.94,-37.05]]}"#;

    fn parse(text: &str) -> Result<Vec<Trip>, Error> {
        read(text.as_bytes(), "test", NOW)
    }

    #[test]
    fn a_trip_is_read_as_recorded() {
        let trips = parse(CAR).unwrap();
        assert_eq!(trips.len(), 1);
        assert_eq!((trips[0].id.as_str(), trips[0].mode), ("a-1", Mode::Van));
        assert_eq!((trips[0].start_ms(), trips[0].end_ms()), (1_430_313_323_000, 1_430_313_340_500));
        let first = Point {
            row: 0,
            time_ms: 1_430_313_323_000,
            lat: -10.93,
            lng: -37.04,
            speed: None,
            accuracy: None,
            heading: None,
            truth: None,
            activity: None,
        };
        assert_eq!(trips[0].points[0], first);
    }

    #[test]
    fn gzip_and_blank_lines_make_no_difference() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(format!("{CAR}\n\n{CAR}\n").as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let trips = read(packed.as_slice(), "test", NOW).unwrap();
        assert_eq!(trips, parse(&format!("{CAR}\n{CAR}")).unwrap());
        assert_eq!(trips.len(), 2);
    }

    #[test]
    fn columns_are_found_by_name() {
        let trips = parse(
            r#"{"mode":"delivery_van","cols":["lat","speed_mps","lon","t"],"pts":[[1,0.5,2,10],[1.1,null,2.1,20]]}"#,
        )
        .unwrap();
        assert_eq!((trips[0].id.as_str(), trips[0].mode), ("test:1", Mode::Van));
        let points = &trips[0].points;
        assert_eq!((points[0].lat, points[0].lng, points[0].speed), (1.0, 2.0, Some(0.5)));
        assert_eq!((points[1].time_ms, points[1].speed), (20_000, None));
    }

    #[test]
    fn a_relative_clock_is_moved_to_now_and_keeps_its_differences() {
        let trips = parse(
            r#"{"cols":["t","lat","lon"],"t_absolute":false,"pos_absolute":false,"pts":[[5,1,2],[9.5,1,2],[7,1,2]]}"#,
        )
        .unwrap();
        let times: Vec<i64> = trips[0].points.iter().map(|point| point.time_ms - NOW).collect();
        assert_eq!(times, [0, 4_500, 2_000]);
    }

    #[test]
    fn rows_without_a_position_are_counted_and_left_out() {
        let trips =
            parse(r#"{"cols":["t","lat","lon"],"pts":[[1,91,2],[2,1,2],[3,null,2],[4,1],[5,1,181],[-1,1,1],[6,1,2]]}"#)
                .unwrap();
        assert_eq!((trips[0].points.len(), trips[0].unusable), (2, 5));
    }

    #[test]
    fn what_is_no_trip_is_refused_with_its_line() {
        let cases = [
            ("{}", "missing field `cols`"),
            (r#"{"cols":["t","lat"],"pts":[]}"#, "no column \"lon\""),
            (r#"{"cols":["t","lat","lon"],"pts":[[1,2,3]]}"#, "two valid positions"),
            ("nonsense", "no trip"),
        ];
        for (text, expected) in cases {
            let message = parse(&format!("{CAR}\n{text}\n")).unwrap_err().to_string();
            assert!(message.contains("test, line 2") && message.contains(expected), "{message}");
        }
    }

    /// Real recordings are not part of the repository: without them this test says so and passes.
    #[test]
    fn real_recordings_are_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/trips");
        for (file, count) in [("gotrack", 23), ("kubicka", 28), ("goal", 258), ("truth", 1)] {
            let path = root.join(format!("{file}.ndjson.gz"));
            if !path.is_file() {
                eprintln!("skipped: no {file} beside the repository");
                continue;
            }
            let trips = read_file(&path, NOW).unwrap();
            assert_eq!(trips.len(), count, "{file}");
            assert!(trips.iter().all(|trip| trip.unusable == 0 && trip.end_ms() - trip.start_ms() > 300_000));
        }
    }
}
