//! `onway filter`: what the position filter makes of recorded trips, a line a fix.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use onway_core::filter::Reason;
use serde::Serialize;

use crate::clock;
use crate::error::Error;
use crate::score::pipeline::Pipeline;
use crate::trips::{self, Reading};

#[derive(Debug, Args)]
pub struct FilterArgs {
    /// Trips as NDJSON, GPX or CSV, gzip or not; - is the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    reading: Reading,
}

/// What is printed of a fix.
#[derive(Serialize)]
struct Line<'a> {
    trip_id: &'a str,
    i: usize,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// Where the driver is shown after it; null before the first that is believed.
    shown: Option<[f64; 2]>,
}

pub fn run(args: &FilterArgs) -> Result<(), Error> {
    let trips = trips::read_file(&args.file, &args.reading, clock::unix_ms())?;
    if trips.is_empty() {
        return Err(Error::NoTrips);
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    for trip in &trips {
        let mut pipeline = Pipeline::new(trip.mode);
        for point in &trip.points {
            let judged = pipeline.take(point);
            let line = Line {
                trip_id: &trip.id,
                i: point.row,
                verdict: judged.verdict,
                reason: judged.reason,
                shown: judged.shown.map(|shown| [shown.position.lat(), shown.position.lng()]),
            };
            let text = serde_json::to_string(&line).map_err(|why| Error::Report(why.to_string()))?;
            if writeln!(out, "{text}").is_err() {
                // Whoever read has read enough.
                return Ok(());
            }
        }
    }
    out.flush().or(Ok(()))
}
