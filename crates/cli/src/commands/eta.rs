//! `onway eta`: the ETA at each fix of recorded trips, a line of JSON each.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use onway_core::clock::Millis;
use onway_core::eta;
use serde::Serialize;

use crate::commands::models;
use crate::error::Error;
use crate::trips::Reading;
use crate::walk::Walk;

#[derive(Debug, Args)]
pub struct EtaArgs {
    /// Trips as NDJSON, GPX or CSV, gzip or not; - is the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A model of onway fit [default: the one built in]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

/// Seconds that are left at a fix, to the trip's last point; null before any fix is believed.
#[derive(Serialize)]
struct Line<'a> {
    trip_id: &'a str,
    i: usize,
    eta_s: Option<f64>,
    low_s: Option<f64>,
    high_s: Option<f64>,
}

pub fn run(args: &EtaArgs) -> Result<(), Error> {
    let model = models::read(args.model.as_deref())?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for trip in models::trips(&args.files, &args.reading, false)? {
        let Some(walk) = Walk::of(&trip) else { continue };
        let corridor = model.corridor(walk.origin, walk.destination, walk.mode);
        let mut estimate = None;
        for (point, seen) in trip.points.iter().zip(&walk.seen) {
            if seen.believed {
                estimate = Some(eta::estimate(&model, &seen.situation(&walk, &corridor)));
            }
            let left = |at: Millis| at.since(seen.at).max(0) as f64 / 1000.0;
            let line = Line {
                trip_id: &trip.id,
                i: point.row,
                eta_s: estimate.map(|estimate| left(estimate.at)),
                low_s: estimate.map(|estimate| left(estimate.low)),
                high_s: estimate.map(|estimate| left(estimate.high)),
            };
            let written = serde_json::to_writer(&mut out, &line).map_err(std::io::Error::from);
            if let Err(why) = written.and_then(|()| out.write_all(b"\n")) {
                return broken(&why);
            }
        }
    }
    out.flush().or_else(|why| broken(&why))
}

fn broken(why: &std::io::Error) -> Result<(), Error> {
    match why.kind() {
        // Who reads has seen enough.
        std::io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Error::Report(why.to_string())),
    }
}
