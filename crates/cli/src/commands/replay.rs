//! `onway replay`: recorded trips through a running service, and whether it kept its promises.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use onway_core::clock::RATES;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use tokio::task::JoinSet;

use crate::client::http::Server;
use crate::commands::SecretArgs;
use crate::error::Error;
use crate::replay::report::{RunReport, TripReport};
use crate::replay::session::{self, Protocol, Setting};
use crate::trips::{self, Reading, Trip};
use crate::{args, clock};

/// How long the tokens of a run hold: longer than any run.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);

/// What is shown is smoothed: so far at most from the fix that was sent, in metres.
const SMOOTHED_M: f64 = 100.0;

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Trips as NDJSON, GPX or CSV, gzip or not; - is the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the service runs, with ALLOW_SIM_CLOCK=1
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    /// Only so many trips
    #[arg(long, value_name = "N")]
    trips: Option<usize>,
    /// How many times faster than recorded
    #[arg(long, default_value = "60", value_parser = rate, value_name = "TIMES")]
    speed: f64,
    /// How the driver reports; the customer always watches on a socket
    #[arg(long, value_enum, default_value = "ws")]
    protocol: Protocol,
    /// How many trips at once
    #[arg(long, default_value = "8", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    parallel: u16,
    /// Draws the trips in an order of this seed, instead of the file's, and seeds the waits
    #[arg(long)]
    seed: Option<u64>,
    /// How far a shown position may be from the one sent, in metres: the service smooths
    #[arg(long, default_value_t = SMOOTHED_M, value_parser = args::positive, value_name = "METRES")]
    tolerance: f64,
    /// Print the report as one JSON object too, on the standard output; the table then goes to the
    /// standard error
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    secret: SecretArgs,
}

/// Runs the trips. True where everything acknowledged was seen once and in order.
pub async fn run(args: ReplayArgs) -> Result<bool, Error> {
    let trips = chosen(&args)?;
    let progress = bar(trips.iter().map(|trip| trip.points.len() as u64).sum());
    let setting = Arc::new(Setting {
        server: Server::new(&args.url)?,
        signer: args.secret.signer(TOKEN_TTL)?,
        protocol: args.protocol,
        rate: args.speed,
        seed: args.seed.unwrap_or_default(),
        run: format!("{:x}", clock::unix_ms()),
        progress: progress.clone(),
    });
    let begun = clock::monotonic();
    let reports = all(&setting, trips, &args).await?;
    progress.finish_and_clear();

    let report = RunReport::of(reports, (clock::monotonic() - begun).as_secs_f64());
    if args.json {
        eprintln!("{}", report.table());
        let json = serde_json::to_string(&report).map_err(|why| Error::Report(why.to_string()))?;
        println!("{json}");
    } else {
        println!("{}", report.table());
    }
    for text in [report.interruptions(), report.complaints()] {
        if !text.is_empty() {
            eprintln!("{text}");
        }
    }
    Ok(report.ok)
}

/// The trips of all files, in the order they run.
fn chosen(args: &ReplayArgs) -> Result<Vec<Trip>, Error> {
    let now_ms = clock::unix_ms();
    let mut trips = Vec::new();
    for file in &args.files {
        trips.extend(trips::read_file(file, &args.reading, now_ms)?);
    }
    let unusable: usize = trips.iter().map(|trip| trip.unusable).sum();
    if unusable > 0 {
        eprintln!("left out {unusable} rows without a valid time or position");
    }
    if let Some(seed) = args.seed {
        trips.shuffle(&mut SmallRng::seed_from_u64(seed));
    }
    trips.truncate(args.trips.unwrap_or(usize::MAX));
    if trips.is_empty() { Err(Error::NoTrips) } else { Ok(trips) }
}

/// Runs all trips, so many at once. What stops every trip alike stops the run.
async fn all(setting: &Arc<Setting>, trips: Vec<Trip>, args: &ReplayArgs) -> Result<Vec<TripReport>, Error> {
    let (tolerance, count) = (args.tolerance, trips.len());
    let mut waiting = trips.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut reports: Vec<Option<TripReport>> = Vec::new();
    reports.resize_with(count, || None);
    loop {
        while running.len() < usize::from(args.parallel)
            && let Some((index, trip)) = waiting.next()
        {
            let setting = Arc::clone(setting);
            running.spawn(async move {
                let mut outcome = session::drive(&setting, &trip, index).await;
                let hopeless =
                    outcome.error.take_if(|error| outcome.tracking_id.is_empty() && error.is_for_all());
                (index, hopeless, TripReport::of(&trip, outcome, tolerance))
            });
        }
        let Some(done) = running.join_next().await else { break };
        let (index, hopeless, report) = done.map_err(|why| Error::Report(why.to_string()))?;
        if let Some(error) = hopeless {
            return Err(error);
        }
        if setting.progress.is_hidden() {
            let (seen, points) = (report.fates.seen, report.points);
            eprintln!("{}: {seen} of {points} fixes seen, {}", report.trip, report.result());
        }
        reports[index] = Some(report);
    }
    Ok(reports.into_iter().flatten().collect())
}

/// A bar on a terminal; elsewhere lines tell of the trips.
fn bar(fixes: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(fixes), ProgressDrawTarget::stderr());
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {pos} of {len} fixes, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// A rate that the service's clock can run at.
fn rate(text: &str) -> Result<f64, String> {
    let known = args::positive(text).ok().filter(|rate| RATES.contains(rate));
    known.ok_or_else(|| format!("must be a number from {} to {}", RATES.start(), RATES.end()))
}
