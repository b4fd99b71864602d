//! Recorded trips: NDJSON, GPX or CSV, gzip or not.
//!
//! A trip is kept as it was recorded, noise and order and all; only rows that hold no position at
//! all are left out, and counted.

mod columns;
mod draft;
mod gpx;
mod ndjson;
mod table;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use clap::{Args, ValueEnum};
use flate2::read::MultiGzDecoder;

use crate::args;
use crate::error::Error;
use crate::mode::Mode;

/// The first two bytes of a gzip stream (RFC 1952, section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The largest GPX or CSV file, unpacked, in bytes: it is read as a whole, and weeks of a fix a second are less.
const FILE_MAX: u64 = 256 << 20;

/// How recordings are read, where they do not say it themselves.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Reading {
    /// How the files are written [default: as their name ends, .gpx or .csv, also before .gz; else ndjson]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Mean speed in GPX and CSV without times, in m/s unless it says km/h: 8, 8m/s, 30km/h
    #[arg(long, value_parser = args::speed, value_name = "SPEED")]
    pace: Option<f64>,
    /// How they were travelled in GPX and CSV that do not say it [default: car]
    #[arg(long, value_parser = args::mode)]
    mode: Option<Mode>,
}

/// How recordings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A JSON object a line, each a trip
    Ndjson,
    /// GPX 1.0 or 1.1, each track a trip
    Gpx,
    /// A table with named columns, a row a fix
    Csv,
}

impl Format {
    /// By the name of a file.
    fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        match name.strip_suffix(".gz").unwrap_or(&name).rsplit_once('.') {
            Some((_, "gpx")) => Self::Gpx,
            Some((_, "csv" | "tsv")) => Self::Csv,
            _ => Self::Ndjson,
        }
    }
}

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

/// Reads all trips of a file, `-` being the standard input. Trips whose clock is relative, and those whose times
/// are made up, are moved to begin at `now_ms`.
pub fn read_file(path: &Path, reading: &Reading, now_ms: i64) -> Result<Vec<Trip>, Error> {
    if path == Path::new("-") {
        return read(std::io::stdin().lock(), "-", reading, now_ms);
    }
    let unreadable = |why: std::io::Error| Error::File { path: path.to_owned(), why: why.to_string() };
    let file = File::open(path).map_err(unreadable)?;
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    read(file, &name, reading, now_ms)
}

/// Reads all trips of a stream, which is gzip if it begins like it.
pub fn read(stream: impl Read, name: &str, reading: &Reading, now_ms: i64) -> Result<Vec<Trip>, Error> {
    let mut stream = BufReader::new(stream);
    let unreadable = |why: String| Error::File { path: name.into(), why };
    let start = stream.fill_buf().map_err(|why| unreadable(why.to_string()))?;
    let mut stream: Box<dyn BufRead + '_> = if start.starts_with(&GZIP) {
        Box::new(BufReader::new(MultiGzDecoder::new(stream)))
    } else {
        Box::new(stream)
    };
    let format = reading.format.unwrap_or_else(|| Format::of(name));
    if format == Format::Ndjson {
        return ndjson::read(stream, name, now_ms);
    }
    let mut text = String::new();
    let length = stream.by_ref().take(FILE_MAX).read_to_string(&mut text);
    match length.map_err(|why| unreadable(why.to_string()))? as u64 {
        FILE_MAX => return Err(unreadable(format!("it is larger than {} MB", FILE_MAX >> 20))),
        _ if format == Format::Gpx => gpx::read(&text, name),
        _ => table::read(&text, name),
    }?
    .into_iter()
    .map(|draft| draft.finish(name, reading, now_ms))
    .collect()
}

/// The file's name without what its format adds.
fn stem(name: &str) -> &str {
    name.split(['.', ':']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
