//! `onway day`: whether a driver's day is the same over a bad network as over a good one.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures_util::future::try_join_all;
use onway_core::clock::RATES;
use onway_core::ingest::Protocol;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::client::http::Server;
use crate::commands::SecretArgs;
use crate::day::drive::{self, Driven, Plan, Setting};
use crate::day::leg::{self, Cut, Leg};
use crate::day::network::Rates;
use crate::day::progress::Progress;
use crate::day::report::{self, DayReport};
use crate::error::Error;
use crate::trips::{self, Reading, Trip};
use crate::{args, clock};

/// How long the tokens of a run hold: longer than any run.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);
/// Most stops: a driver has so many at a time.
const STOPS_MAX: i64 = onway_core::driver::STOPS_MAX as i64;
const DAY_S: i64 = 86_400;
/// The day begins yesterday, so long after midnight UTC, in seconds.
const BEGINS_S: i64 = 8 * 3_600;

/// What `onway day --help` says.
pub const ABOUT: &str = "\
Drives a day twice on a running service, each time as a new driver with the same stops and the same positions:
first over a good network, then over a bad one, where requests and answers get lost, messages come again, and
later ones come first, within the 64 fixes and 5 minutes in which the service promises to put them in order.
Ends with status 1 where the two days leave anything different behind.

The service may be killed and started again meanwhile, at the same address and on the same state: the phone
tries again until it is back. It must run with ALLOW_SIM_CLOCK=1.

Compared are, halfway, near the door and after the delivery: status, timeline, current_location, location_state,
remaining_m, progress, off_route, trail, stops_before, driver_online, and the driver's online, on_duty and stops
in their order; once the day is over, of each delivery all fixes with verdict, reason and smoothed position, and
all statuses with their times and notes.";

/// Whose format the phone speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum App {
    /// OsmAnd's online tracking: a query
    Osmand,
    /// Traccar Client: a form or JSON, by turns
    Traccar,
    /// OwnTracks in HTTP mode: JSON
    Owntracks,
    /// Overland: batches of GeoJSON
    Overland,
    /// GPSLogger's custom URL: a query
    Gpslogger,
    /// A day for each of them, at the same time
    All,
}

#[derive(Debug, Args)]
pub struct DayArgs {
    /// Trips as NDJSON, GPX or CSV, gzip or not; - is the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the service runs, with ALLOW_SIM_CLOCK=1
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    /// How the phone reports
    #[arg(long, value_enum, default_value = "all")]
    protocol: App,
    /// How many deliveries; where there are fewer trips, they come again
    #[arg(long, default_value = "12", value_name = "N", value_parser = clap::value_parser!(i64).range(1..=STOPS_MAX))]
    stops: i64,
    /// What the network's faults are made from, and which trips are driven
    #[arg(long, default_value = "1")]
    seed: u64,
    /// The chance that a message's request or answer is lost
    #[arg(long, default_value = "0.1", value_parser = chance, value_name = "SHARE")]
    loss: f64,
    /// The chance that a message comes again
    #[arg(long, default_value = "0.1", value_parser = chance, value_name = "SHARE")]
    duplication: f64,
    /// The chance that others overtake a message
    #[arg(long, default_value = "0.2", value_parser = chance, value_name = "SHARE")]
    disorder: f64,
    /// A fix every so long at most
    #[arg(long, default_value = "5s", value_parser = args::duration)]
    every: Duration,
    /// The longest way to a stop; what is left of a trip is not driven
    #[arg(long, default_value = "15m", value_parser = args::duration)]
    leg: Duration,
    /// How many times faster the deliveries' clocks run. Nobody waits for the day to pass, but for its longest leg
    #[arg(long, default_value = "100", value_parser = rate, value_name = "TIMES")]
    speed: f64,
    /// How long to wait for what the service still has on its way
    #[arg(long, default_value = "10s", value_parser = args::duration)]
    patience: Duration,
    /// So many fixes are never sent over the bad network: to see that the comparison notices
    #[arg(long, default_value = "0", value_name = "N")]
    forget: usize,
    /// Print lines of JSON on the standard output: {run, per_cent} as it goes on, then a report a protocol. The
    /// table then goes to the standard error
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    secret: SecretArgs,
}

/// Drives all days. True where no day differs from its clean one.
pub async fn run(args: DayArgs) -> Result<bool, Error> {
    let setting = Setting {
        server: Server::new(&args.url)?,
        signer: args.secret.signer(TOKEN_TTL)?,
        legs: args.legs()?,
        rate: args.speed,
        patience: args.patience,
    };
    let run = format!("{:x}", clock::unix_ms());
    let plans = |name: &'static str, rates, forgotten: &[(usize, usize)]| -> Vec<Plan> {
        let plan = |protocol: &Protocol| {
            let driver = format!("day-{run}-{}-{name}", protocol.name());
            let seed = args.seed.wrapping_mul(31).wrapping_add(*protocol as u64);
            Plan::new(driver, *protocol, &setting.legs, rates, seed, forgotten)
        };
        args.protocols().iter().map(plan).collect()
    };
    let clean = all(&setting, "clean", plans("clean", Rates::GOOD, &[]), args.json).await?;
    let bad = plans("disturbed", args.rates(), &args.forgotten(&setting.legs));
    let disturbed = all(&setting, "disturbed", bad, args.json).await?;

    let reports: Vec<_> = clean
        .iter()
        .zip(&disturbed)
        .zip(args.protocols())
        .map(|((clean, disturbed), protocol)| DayReport::of(*protocol, clean, disturbed))
        .collect();
    let planned: usize = setting.legs.iter().map(|leg| leg.fixes.len()).sum();
    if args.json {
        eprintln!("{}", report::table(&reports));
        for report in &reports {
            let json = serde_json::to_string(report).map_err(|why| Error::Report(why.to_string()))?;
            println!("{json}");
        }
    } else {
        println!("{}", report::table(&reports));
    }
    if let Some(report) = reports.iter().find(|report| report.fixes[0] != planned) {
        let (name, known) = (report.protocol.name(), report.fixes[0]);
        let why = format!("{name}: of {planned} fixes of the good day the service knows {known}");
        return Err(Error::Report(why));
    }
    let differences = report::differences(&reports);
    if !differences.is_empty() {
        eprintln!("{differences}");
    }
    Ok(differences.is_empty())
}

/// Drives these days side by side.
async fn all(
    setting: &Setting,
    run: &'static str,
    plans: Vec<Plan>,
    json: bool,
) -> Result<Vec<Driven>, Error> {
    let progress = Progress::new(run, plans.iter().map(Plan::steps).sum(), json);
    let days = plans.into_iter().map(|plan| drive::drive(setting, plan, &progress));
    let driven = try_join_all(days).await;
    progress.finish();
    driven
}

impl DayArgs {
    fn legs(&self) -> Result<Vec<Leg>, Error> {
        let now_ms = clock::unix_ms();
        let mut trips: Vec<Trip> = Vec::new();
        for file in &self.files {
            trips.extend(trips::read_file(file, &self.reading, now_ms)?);
        }
        trips.shuffle(&mut SmallRng::seed_from_u64(self.seed));
        let seconds = |span: Duration| span.as_secs_f64().ceil() as i64;
        let cut = Cut { every_s: seconds(self.every), longest_s: seconds(self.leg) };
        let today = (now_ms / 1_000).div_euclid(DAY_S) * DAY_S;
        leg::plan(&trips, usize::try_from(self.stops).unwrap_or(1), cut, today - DAY_S + BEGINS_S)
    }

    fn rates(&self) -> Rates {
        Rates { loss: self.loss, duplication: self.duplication, disorder: self.disorder }
    }

    fn protocols(&self) -> &'static [Protocol] {
        match self.protocol {
            App::All => &Protocol::ALL,
            App::Osmand => &[Protocol::Osmand],
            App::Traccar => &[Protocol::Traccar],
            App::Owntracks => &[Protocol::Owntracks],
            App::Overland => &[Protocol::Overland],
            App::Gpslogger => &[Protocol::Gpslogger],
        }
    }

    /// Which fixes are never sent: legs, and numbers of their fixes.
    fn forgotten(&self, legs: &[Leg]) -> Vec<(usize, usize)> {
        let mut rng = SmallRng::seed_from_u64(self.seed);
        let mut one = |_| {
            let leg = rng.random_range(0..legs.len());
            (leg, rng.random_range(0..legs[leg].fixes.len()))
        };
        (0..self.forget).map(&mut one).collect()
    }
}

/// A chance, from 0 to below 1.
fn chance(text: &str) -> Result<f64, String> {
    let share = args::not_negative(text).ok().filter(|share| *share < 1.0);
    share.ok_or_else(|| "must be a number from 0 to below 1".to_owned())
}

/// A rate that the service's clock can run at.
fn rate(text: &str) -> Result<f64, String> {
    let known = args::positive(text).ok().filter(|rate| RATES.contains(rate));
    known.ok_or_else(|| format!("must be a number from {} to {}", RATES.start(), RATES.end()))
}
