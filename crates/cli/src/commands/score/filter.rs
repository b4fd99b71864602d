//! `onway score filter`: the position filter on recorded trips with faults put in.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressIterator, ProgressStyle};

use crate::error::Error;
use crate::score::faults::Sizes;
use crate::score::filter::{Score, Setting, score};
use crate::score::filter_plot;
use crate::score::report::{Report, Source};
use crate::trips::{self, Reading, Trip};
use crate::{args, clock};

/// How each figure is defined.
const FIGURES: &str = "\
Faults replace recorded fixes and keep their times: a spike of 200 m to 5 km, a burst of 3 to 6 fixes displaced \
alike, 0/0, a position of 10 to 180 s before that is 50 m away or more. Each kind begins as often as the others.

  bad caught       share of these fixes that were filtered
  good dropped     share of all other fixes that were filtered; jumps in the recording count here
  > 100 m off      share of all fixes, the faulty ones too, at which the position that is shown after the fix is \
further than 100 m from where the recording has the driver at that time
  RMSE             2D, of trips with a surveyed way (truth_lat, truth_lon): raw and smoothed against the survey, \
with --noise metres of white noise on each axis added to it, no faults, and no reported speed without --speed; at turns: where \
the way of 5 s before and 5 s after differ by more than 30°, each 10 m or longer. With --noise 0: the positions \
and speeds as recorded
  on foot          metres an hour while the recording says f (on foot or stopped), without faults

Shown positions are those after the fix, for its time: after a filtered fix, the filter's forecast.";

#[derive(Debug, Args)]
#[command(after_help = FIGURES)]
pub struct FilterArgs {
    /// Trips as NDJSON, GPX or CSV, gzip or not; - is the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The seed of faults and noise
    #[arg(long, default_value = "1")]
    seed: u64,
    /// So many seeds, from --seed on, in one run
    #[arg(long, default_value = "1", value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Share of the fixes that become faults
    #[arg(long, default_value = "0.02", value_parser = share, value_name = "SHARE")]
    faults: f64,
    /// How the sizes of spikes and bursts are distributed
    #[arg(long, value_enum, default_value = "even")]
    sizes: Sizes,
    /// Leave out fixes so that at least so many seconds lie between two
    #[arg(long, default_value = "0", value_parser = args::not_negative, value_name = "SECONDS")]
    thin: f64,
    /// Let each fix report this accuracy, in metres, instead of the recorded one
    #[arg(long, value_parser = args::positive, value_name = "METRES")]
    accuracy: Option<f64>,
    /// Noise on each axis of a surveyed way, in metres
    #[arg(long, default_value = "10", value_parser = args::not_negative, value_name = "METRES")]
    noise: f64,
    /// Report the recorded speeds with the noisy surveyed way
    #[arg(long)]
    speed: bool,
    /// Print the report as one JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Draw the filter at work, on a stretch of the first trip with a burst of faults, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: &FilterArgs) -> Result<(), Error> {
    let mut trips = Vec::new();
    for file in &args.files {
        trips.extend(trips::read_file(file, &args.reading, clock::unix_ms())?);
    }
    if trips.is_empty() {
        return Err(Error::NoTrips);
    }
    if let Some(path) = &args.plot {
        filter_plot::draw(&trips, &args.setting(args.seed), path)?;
    }
    let report = report(&trips, args);
    if args.json {
        println!("{}", serde_json::to_string(&report).map_err(|why| Error::Report(why.to_string()))?);
    } else {
        println!("{}", report.table());
    }
    Ok(())
}

fn report(trips: &[Trip], args: &FilterArgs) -> Report {
    let mut sources = BTreeMap::<String, (usize, Score)>::new();
    let (mut all, mut scored) = (Score::default(), 0);
    for trip in trips.iter().progress_with(bar(trips.len() as u64)) {
        let (count, sum) = sources.entry(trip.source.clone()).or_default();
        *count += 1;
        for seed in args.seed..args.seed.saturating_add(args.seeds) {
            let score = score(trip, &args.setting(seed));
            sum.join(&score);
            all.join(&score);
        }
        scored += 1;
    }
    Report {
        sources: sources.into_iter().map(|(name, (count, sum))| (name, Source::of(count, &sum))).collect(),
        all: Source::of(scored, &all),
    }
}

impl FilterArgs {
    fn setting(&self, seed: u64) -> Setting {
        Setting {
            seed,
            faults: self.faults,
            sizes: self.sizes,
            thin_ms: Duration::from_secs_f64(self.thin.min(86_400.0)).as_millis() as i64,
            accuracy: self.accuracy,
            noise: self.noise,
            speed: self.speed,
        }
    }
}

/// A bar on a terminal; indicatif is silent elsewhere.
fn bar(trips: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {pos} of {len} trips, {eta} left");
    style.map_or_else(|_| ProgressBar::new(trips), |style| ProgressBar::new(trips).with_style(style))
}

fn share(text: &str) -> Result<f64, String> {
    let share = args::not_negative(text).ok().filter(|share| *share <= 0.5);
    share.ok_or_else(|| "must be a number from 0 to 0.5".to_owned())
}
