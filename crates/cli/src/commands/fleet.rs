//! `onway simulate --drivers N`: a fleet on the road, what its reports took, and when a dashboard had them.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use geo::Rect;
use indicatif::ProgressBar;
use tokio::task::JoinSet;

use crate::bench::limits;
use crate::bench::process::Process;
use crate::bench::scenarios::Meter;
use crate::client::http::Server;
use crate::commands::{bar, on_one_thread};
use crate::error::Error;
use crate::fleet::board::Tally;
use crate::fleet::dashboard::Dashboard;
use crate::fleet::doors::Doors;
use crate::fleet::driver::{self, Fleet};
use crate::fleet::report::FleetReport;
use crate::fleet::roster::Roster;
use crate::token::Signer;
use crate::{args, clock};

/// Most drivers: one port of this machine each, and there are 28,000.
const DRIVERS_MAX: i64 = 20_000;
/// Most deliveries.
const DELIVERIES_MAX: i64 = 100_000;
/// How often it is said how far it has come, on a terminal and elsewhere.
const TELL_EVERY: Duration = Duration::from_secs(1);
const LINE_EVERY: u32 = 10;
/// Time between two fixes of a driver.
const INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct FleetArgs {
    /// So many drivers at once, each on its own line, spread over a city, or within --bbox
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=DRIVERS_MAX),
        conflicts_with_all = ["driver", "customer", "to", "route", "gaps", "token", "driver_token"])]
    pub drivers: Option<i64>,
    /// With --drivers: so many deliveries, shared among them [default: one each]
    #[arg(long, value_name = "N", requires = "drivers", value_parser = clap::value_parser!(i64).range(1..=DELIVERIES_MAX))]
    deliveries: Option<i64>,
    /// With --drivers: where they are, as west,south,east,north in degrees [default: 10 km around --from]
    #[arg(long, requires = "drivers", value_parser = args::bbox, allow_hyphen_values = true)]
    bbox: Option<Rect>,
    /// With --drivers: the stores that the deliveries are of, in turn
    #[arg(long, value_name = "ID", requires = "drivers", value_delimiter = ',')]
    store_id: Vec<String>,
    /// With --drivers: end so long after all have departed [default: when all is delivered, or by Ctrl-C]
    #[arg(long, requires = "drivers", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// With --drivers: start so many deliveries a second, and let so many drivers depart
    #[arg(long, default_value = "50", requires = "drivers", value_parser = args::positive, value_name = "N")]
    rate: f64,
    /// With --drivers: each report a request, instead of a driver's line
    #[arg(long, requires = "drivers")]
    http: bool,
    /// With --drivers: open a dashboard, with an admin's token, and measure when it has the fixes
    #[arg(long, requires = "drivers")]
    watch_fleet: bool,
    /// With --drivers: the server's process on this machine, to measure; its children count
    #[arg(long, requires = "drivers", value_name = "PID")]
    server_pid: Option<u32>,
    /// With --drivers: print what was measured as one JSON object, on the standard output
    #[arg(long, requires = "drivers")]
    json: bool,
}

/// What a fleet shares with a single driver.
pub struct Setting {
    pub url: String,
    pub signer: Signer,
    /// Of one driver who brings one delivery anywhere.
    pub roster: Roster,
    pub interval: Option<Duration>,
    pub again: bool,
}

pub async fn run(args: FleetArgs, setting: Setting) -> Result<(), Error> {
    on_one_thread(|| drive(args, setting)).await
}

async fn drive(args: FleetArgs, setting: Setting) -> Result<(), Error> {
    let drivers = args.drivers.and_then(|drivers| usize::try_from(drivers).ok()).unwrap_or(1);
    let deliveries = args.deliveries.and_then(|count| usize::try_from(count).ok()).unwrap_or(drivers);
    if deliveries < drivers {
        return Err(Error::Report("--deliveries must be at least one for each of --drivers".into()));
    }
    let server = match args.server_pid {
        Some(pid) => Some(Process::new(pid).ok_or(Error::Unmeasurable { pid })?),
        None => None,
    };
    limits::allow(2 * drivers as u64)?;
    let fleet = Arc::new(Fleet {
        server: Server::new(&setting.url)?,
        signer: setting.signer,
        roster: Roster {
            area: args.bbox.unwrap_or(setting.roster.area),
            stores: args.store_id.clone(),
            drivers,
            deliveries,
            ..setting.roster
        },
        board: Default::default(),
        http: args.http,
        interval: setting.interval.unwrap_or(INTERVAL),
        again: setting.again,
        watched: args.watch_fleet,
        run: format!("{:x}", clock::unix_ms()),
        doors: Doors::new(args.rate),
    });
    let mut dashboard = match args.watch_fleet {
        true => Some(Dashboard::open(&fleet).await?),
        false => None,
    };
    let shards = dashboard.as_ref().map(|dashboard| dashboard.shards);
    let mut driving = JoinSet::new();
    for number in 0..drivers {
        driving.spawn(driver::drive(Arc::clone(&fleet), number));
    }
    let mut meter = Meter::new(server);
    let memory = || server.and_then(Process::memory);
    let mut before = memory();
    let (mut waiting, mut begun, mut view) = (true, None, View::new(drivers));
    let mut ticks = tokio::time::interval(TELL_EVERY);
    loop {
        tokio::select! {
            ended = driving.join_next() => match ended {
                None => break,
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => {
                    // What stops the first would stop all.
                    if error.is_for_all() && fleet.board.look(|tally| tally.connected) == 0 {
                        return Err(error);
                    }
                    let why = format!("a driver has given up: {error}");
                    fleet.board.write(|tally| { tally.lost += 1; tally.troubles.note(&why) });
                }
                Some(Err(why)) => return Err(Error::Report(why.to_string())),
            },
            error = ended(&mut dashboard) => return Err(error),
            _ = tokio::signal::ctrl_c() => break,
            _ = ticks.tick() => {}
        }
        let now = clock::monotonic();
        fleet.board.look(|tally| view.tell(tally));
        let [connected, departed] =
            fleet.board.look(|tally| [tally.connected, tally.departed].map(|count| count + tally.lost));
        if waiting && connected >= drivers {
            waiting = false;
            fleet.doors.depart(drivers);
        }
        match begun {
            None if departed >= drivers => {
                // What it takes to start them all is not what a fleet on the road takes.
                fleet.board.begin(now);
                (meter, before, begun) = (Meter::new(server), memory(), Some(now));
            }
            Some(begun) if args.seconds.is_some_and(|most| (now - begun).as_secs() >= u64::from(most)) => {
                break;
            }
            _ => {}
        }
    }
    let (used, after) = (meter.read(), memory());
    view.bar.finish_and_clear();
    let report = fleet.board.look(|tally| FleetReport::of(tally, &used, drivers, shards, [before, after]));
    if args.json {
        eprintln!("{}", report.table());
        println!("{}", serde_json::to_string(&report).map_err(|why| Error::Report(why.to_string()))?);
    } else {
        println!("{}", report.table());
    }
    if begun.is_none() {
        Err(Error::Report("it ended before all drivers had departed".into()))
    } else {
        Ok(())
    }
}

/// Waits for a dashboard that ends, which it does not by itself.
async fn ended(dashboard: &mut Option<Dashboard>) -> Error {
    match dashboard {
        Some(dashboard) => dashboard.ended().await,
        None => std::future::pending().await,
    }
}

/// How it shows: a bar on a terminal, a line now and then elsewhere.
struct View {
    bar: ProgressBar,
    told: u32,
}

impl View {
    fn new(drivers: usize) -> Self {
        let bar = bar(drivers as u64);
        let style = indicatif::ProgressStyle::with_template("{elapsed_precise} {wide_bar} {msg}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self { bar, told: 0 }
    }

    fn tell(&mut self, tally: &Tally) {
        let Tally { connected, departed, lost, sent, acknowledged, delivered, .. } = tally;
        let drivers = format!("{connected} drivers connected, {departed} on the road");
        let line = format!(
            "{drivers}, {lost} lost; {sent} fixes, {acknowledged} acknowledged; {delivered} delivered"
        );
        self.bar.set_position(*connected as u64);
        self.bar.set_message(line.clone());
        let seconds = self.bar.elapsed().as_secs() as u32 / LINE_EVERY;
        if self.bar.is_hidden() && seconds >= self.told {
            self.told = seconds + 1;
            eprintln!("{line}");
        }
    }
}
