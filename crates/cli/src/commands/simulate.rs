//! `onway simulate`: one driver on the road, to be followed in a browser, or many.

use std::collections::HashSet;
use std::io::Write;
use std::time::Duration;

use clap::Args;
use geo::Point;
use onway_core::auth::Role;
use onway_core::status::Status;
use onway_core::wire::ServerFrame;
use onway_core::wire::start::{Mode, Place, StartRequest};

use crate::args::{self, Gap};
use crate::client::Report;
use crate::client::backoff::Backoff;
use crate::client::http::Server;
use crate::client::line::{self, Command, Config, Event, Line};
use crate::client::outbox::Numbered;
use crate::clock;
use crate::commands::SecretArgs;
use crate::commands::fleet::{self, FleetArgs, Setting};
use crate::error::Error;
use crate::fleet::roster::{self, Roster};
use crate::progress::Progress;
use crate::simulation::{Course, Extent, Request, Simulation};

/// How long the tokens hold. A loop signs new ones for each delivery.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);
/// Time between two fixes.
const INTERVAL: Duration = Duration::from_secs(2);
/// How long the last reports may take to be acknowledged, the reconnections included.
const CLOSING: Duration = Duration::from_secs(120);
/// Length of a route where nothing says it, in metres.
const DISTANCE_M: f64 = 3_000.0;
/// How long a customer who follows a loop has to read "delivered" before the next delivery starts.
const BETWEEN: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Where the service runs
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    /// foot, bicycle, scooter, car, van or truck
    #[arg(long, default_value = "scooter", value_parser = args::mode)]
    mode: Mode,
    /// Mean speed, stops included, in m/s unless it says km/h: 8, 8m/s, 30km/h [default: the mode's]
    #[arg(long, value_parser = args::speed)]
    speed: Option<f64>,
    /// Time between two fixes [default: 2s; 5s with --drivers]
    #[arg(long, value_parser = args::duration)]
    interval: Option<Duration>,
    /// Error of the position in metres: standard deviation on each axis
    #[arg(long, default_value = "5", value_parser = args::not_negative, value_name = "METRES")]
    noise: f64,
    /// A time without a network, such as 60s@300s: for 60 s from 300 s after the start. Fixes wait and are
    /// sent after it. May be given more than once
    #[arg(long = "gap", value_parser = args::gap, value_name = "LASTING@FROM")]
    gaps: Vec<Gap>,
    /// Start here, as lat,lng
    #[arg(long, default_value = "5.6037,-0.1870", value_parser = args::place, allow_hyphen_values = true)]
    from: Point,
    /// Drive to here, as lat,lng [default: wherever the seed says]
    #[arg(long, value_parser = args::place, conflicts_with_all = ["distance", "duration"], allow_hyphen_values = true)]
    to: Option<Point>,
    /// Drive along this encoded polyline (precision 5)
    #[arg(long, conflicts_with_all = ["from", "to", "distance", "duration"], allow_hyphen_values = true)]
    route: Option<String>,
    /// Length of the route in metres [default: 3000]
    #[arg(long, value_parser = args::positive, conflicts_with = "duration", value_name = "METRES")]
    distance: Option<f64>,
    /// Length of the drive in time, at the mean speed
    #[arg(long, value_parser = args::duration)]
    duration: Option<Duration>,
    /// Start another delivery when one is delivered, for ever
    #[arg(long = "loop")]
    again: bool,
    /// What the route, the driver and the errors are made from
    #[arg(long, default_value = "1")]
    seed: u64,
    /// The driver's id
    #[arg(long, default_value = "RIDER-1", value_name = "ID")]
    driver: String,
    /// The customer's id
    #[arg(long, default_value = "CUSTOMER-1", value_name = "ID")]
    customer: String,
    /// A token that may start deliveries, instead of one signed with the secret
    #[arg(long, value_name = "JWT")]
    token: Option<String>,
    /// The driver's token, instead of one signed with the secret; without either it is --token, which
    /// must then be an admin's
    #[arg(long, value_name = "JWT", requires = "token")]
    driver_token: Option<String>,
    #[command(flatten)]
    secret: SecretArgs,
    #[command(flatten)]
    fleet: FleetArgs,
}

pub async fn run(args: SimulateArgs) -> Result<(), Error> {
    if args.fleet.drivers.is_some() {
        let setting = args.setting()?;
        return fleet::run(args.fleet, setting).await;
    }
    let server = Server::new(&args.url)?;
    let mut backoff = Backoff::new(clock::unix_ms().cast_unsigned());
    deliver(&args, &server, 0).await?;
    if !args.again {
        return Ok(());
    }
    let mut round = 1;
    loop {
        tokio::time::sleep(BETWEEN).await;
        match deliver(&args, &server, round).await {
            Ok(()) => round += 1,
            // A development server restarts now and then.
            Err(error) if error.is_passing() => {
                let wait = backoff.next(error.retry_after());
                eprintln!("{error}; next attempt in {:.1} s", wait.as_secs_f64());
                tokio::time::sleep(wait).await;
                continue;
            }
            Err(error) => return Err(error),
        }
        backoff.reset();
    }
}

/// One delivery from its start to its end.
async fn deliver(args: &SimulateArgs, server: &Server, round: u64) -> Result<(), Error> {
    let seed = args.seed.wrapping_add(round);
    let request =
        Request { course: args.course(), mode: args.mode, speed: args.speed, noise_m: args.noise, seed };
    let mut simulation = Simulation::new(&request)?;
    let (dispatcher_token, driver_token) = args.tokens()?;
    let started = server.start(&dispatcher_token, &args.start(&simulation)?).await?;
    println!("tracking {}", server.page(&started.tracking_id));
    // Whoever reads the link from a pipe waits for it.
    std::io::stdout().flush().ok();

    let driver = line::open(Config {
        who: "the driver",
        server: server.clone(),
        tracking_id: started.tracking_id,
        driver_id: None,
        token: driver_token,
        seed: seed ^ clock::unix_ms().cast_unsigned(),
        stamped: true,
    });
    let progress = Progress::new(&simulation);
    let mut road = Road { line: driver, progress, next: 0, unanswered: HashSet::new() };
    road.drive(args, &mut simulation).await
}

/// The driver's line and what is known of it.
struct Road {
    line: Line,
    progress: Progress,
    next: i64,
    /// Reports without an answer; no more than the outbox holds.
    unanswered: HashSet<i64>,
}

impl Road {
    async fn drive(&mut self, args: &SimulateArgs, simulation: &mut Simulation) -> Result<(), Error> {
        let begun = clock::monotonic();
        let mut ticks = tokio::time::interval(args.interval.unwrap_or(INTERVAL));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let (mut reports, mut silent) = (0_u64, false);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                event = self.line.events.recv() => {
                    self.hear(event)?;
                    continue;
                }
            }
            let elapsed = clock::monotonic() - begun;
            let in_gap = args.gaps.iter().any(|gap| gap.covers(elapsed));
            if in_gap != silent {
                silent = in_gap;
                self.progress.note(if silent { "out of the network" } else { "back in the network" });
                self.order(if silent { Command::Pause } else { Command::Resume }).await?;
            }
            let fix = simulation.fix(elapsed, clock::unix_ms());
            self.progress.driven(simulation.driven_m(elapsed), fix.speed.unwrap_or_default());
            self.report(Report::Fix(fix)).await?;
            // The customer sees the goods taken, then on their way.
            match reports {
                0 => self.report_status(Status::PickedUp).await?,
                1 => self.report_status(Status::InTransit).await?,
                _ => {}
            }
            reports += 1;
            if elapsed >= simulation.duration() {
                break;
            }
        }
        if silent {
            self.order(Command::Resume).await?;
        }
        self.report_status(Status::Delivered).await?;
        self.finish().await
    }

    /// Waits until everything is acknowledged.
    async fn finish(&mut self) -> Result<(), Error> {
        let acknowledged = async {
            while !self.unanswered.is_empty() {
                let event = self.line.events.recv().await;
                self.hear(event)?;
            }
            Ok(())
        };
        let what = "the last acknowledgements";
        let silent = Error::Silent { what, seconds: CLOSING.as_secs(), trouble: String::new() };
        tokio::time::timeout(CLOSING, acknowledged).await.unwrap_or(Err(silent))?;
        self.progress.finish();
        Ok(())
    }

    fn hear(&mut self, event: Option<Event>) -> Result<(), Error> {
        match event {
            None => return Err(Error::Report("the driver's line is gone".into())),
            Some(Event::Ended(error)) => return Err(error),
            Some(Event::Connected { again: true }) => self.progress.note("connected again"),
            Some(Event::Interrupted { why, wait }) => {
                let wait = wait.as_secs_f64();
                self.progress.note(&format!("{why}; next attempt in {wait:.1} s"));
            }
            Some(Event::Acknowledged { number, .. }) => drop(self.unanswered.remove(&number)),
            Some(Event::Refused { number, why }) => {
                if let Some(number) = number {
                    self.unanswered.remove(&number);
                }
                self.progress.note(&format!("the service says {why}"));
            }
            Some(Event::Dropped { number }) => {
                self.unanswered.remove(&number);
                self.progress.note("too many fixes wait: the oldest is dropped");
            }
            Some(Event::Frame { frame: ServerFrame::LocationUpdate { data }, .. }) => {
                self.progress.published(data.eta.eta_seconds);
            }
            Some(Event::Connected { again: false } | Event::Sent { .. } | Event::Frame { .. }) => {}
        }
        Ok(())
    }

    async fn report_status(&mut self, status: Status) -> Result<(), Error> {
        self.progress.reached(status);
        self.report(Report::Status(status)).await
    }

    async fn report(&mut self, report: Report) -> Result<(), Error> {
        let number = self.next;
        self.next += 1;
        self.unanswered.insert(number);
        self.order(Command::Send(Numbered { number, report })).await
    }

    async fn order(&mut self, command: Command) -> Result<(), Error> {
        if self.line.commands.send(command).await.is_ok() {
            return Ok(());
        }
        // The line has ended: its last event says why.
        loop {
            let event = self.line.events.recv().await;
            self.hear(event)?;
        }
    }
}

impl SimulateArgs {
    fn course(&self) -> Course {
        match (&self.route, self.to) {
            (Some(encoded), _) => Course::Along(encoded.clone()),
            (None, Some(to)) => Course::Between(self.from, to),
            (None, None) => Course::From(self.from, self.extent().unwrap_or(Extent::Metres(DISTANCE_M))),
        }
    }

    fn extent(&self) -> Option<Extent> {
        self.duration.map(Extent::Lasting).or(self.distance.map(Extent::Metres))
    }

    /// What these say of a fleet.
    fn setting(&self) -> Result<Setting, Error> {
        Ok(Setting {
            url: self.url.clone(),
            signer: self.secret.signer(TOKEN_TTL)?,
            roster: Roster {
                area: roster::city(self.from),
                stores: Vec::new(),
                drivers: 1,
                deliveries: 1,
                mode: self.mode,
                speed: self.speed,
                noise_m: self.noise,
                extent: self.extent(),
                seed: self.seed,
            },
            interval: self.interval,
            again: self.again,
        })
    }

    /// Tokens of the dispatcher and of the driver.
    fn tokens(&self) -> Result<(String, String), Error> {
        let now_ms = clock::unix_ms();
        let signed = |role, sub: &str| self.secret.signer(TOKEN_TTL)?.sign(role, sub, None, now_ms);
        let start = match &self.token {
            Some(token) => token.clone(),
            None => signed(Role::Dispatcher, "simulate")?,
        };
        let drive = match &self.driver_token {
            Some(token) => token.clone(),
            None => match signed(Role::Driver, &self.driver) {
                Err(Error::NoSecret { .. }) => start.clone(),
                signed => signed?,
            },
        };
        Ok((start, drive))
    }

    fn start(&self, simulation: &Simulation) -> Result<StartRequest, Error> {
        let place = |at: Point| Place { lat: at.y(), lng: at.x(), address: None };
        Ok(StartRequest {
            driver_id: Some(self.driver.clone()),
            customer_id: Some(self.customer.clone()),
            pickup: Some(place(simulation.route.start())),
            mode: Some(self.mode),
            route: Some(simulation.route.encode()?),
            ..StartRequest::new(format!("SIM-{:x}", clock::unix_ms()), place(simulation.route.end()))
        })
    }
}
