//! One trip on the wire: start the delivery, drive it at the trip's pace, watch it, and keep the
//! evidence.
//!
//! The delivery runs on a simulated clock that shows the trip's first time when it starts. A fix goes
//! out when that clock reaches the fix's own time, so the service sees the trip as it happened.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use onway_core::status::Status;
use onway_core::wire::ServerFrame;
use onway_core::wire::report::FixReport;

use crate::client::http::Server;
use crate::client::line::{self, Command, Config, Event, Line};
use crate::client::outbox::{Numbered, UNACKNOWLEDGED_MAX};
use crate::client::{Report, post};
use crate::clock;
use crate::error::Error;
use crate::replay::begin::{Begun, begin};
use crate::replay::interruptions::Interruptions;
use crate::replay::ledger::Ledger;
use crate::token::Signer;
use crate::trips::{Point, Trip};

/// Messages with a status are numbered from here, above any number of fixes.
const STATUS_NUMBERS: i64 = 1 << 40;
/// Without any news for so long, the trip is given up.
const QUIET_MAX: Duration = Duration::from_secs(60);
/// How long the watcher may take to be shown what is already acknowledged. More than any coalescing.
const SETTLING: Duration = Duration::from_secs(10);

/// How a driver reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// Frames on a socket
    Ws,
    /// POST /tracking/update/{id}
    Http,
}

/// What all trips of a run share.
#[derive(Debug)]
pub struct Setting {
    pub server: Server,
    pub signer: Signer,
    pub protocol: Protocol,
    /// Simulated seconds per second.
    pub rate: f64,
    pub seed: u64,
    /// Makes ids of drivers and customers those of this run alone.
    pub run: String,
    pub progress: ProgressBar,
}

/// What came of a trip.
#[derive(Debug)]
pub struct Outcome {
    pub tracking_id: String,
    pub ledger: Ledger,
    /// How often a socket had to be opened again.
    pub reconnections: usize,
    /// Why connections broke or could not be made.
    pub interruptions: Interruptions,
    /// Why it ended before its end.
    pub error: Option<Error>,
}

/// Drives one trip, the `index`-th of the run.
pub async fn drive(setting: &Setting, trip: &Trip, index: usize) -> Outcome {
    let mut outcome = Outcome {
        tracking_id: String::new(),
        ledger: Ledger::of(&trip.points),
        reconnections: 0,
        interruptions: Interruptions::default(),
        error: None,
    };
    outcome.error = match begin(setting, trip, index).await {
        Ok(begun) => {
            outcome.tracking_id.clone_from(&begun.tracking_id);
            let mut session = Session::open(setting, begun, outcome.ledger);
            let error = session.run(trip).await.err();
            outcome.ledger = session.ledger;
            outcome.reconnections = session.reconnections;
            outcome.interruptions = session.interruptions;
            error
        }
        Err(error) => Some(error),
    };
    outcome
}

struct Session<'a> {
    setting: &'a Setting,
    driver: Line,
    watcher: Line,
    ledger: Ledger,
    /// Messages with a status, and the answer.
    statuses: HashMap<i64, Option<Result<(), String>>>,
    driver_connected: bool,
    /// Whether the watcher has heard something on the socket that is open now.
    watcher_follows: bool,
    reconnections: usize,
    interruptions: Interruptions,
    /// Why the last of them.
    trouble: Option<String>,
    server_time_ms: i64,
    read_at: Instant,
}

impl<'a> Session<'a> {
    fn open(setting: &'a Setting, begun: Begun, ledger: Ledger) -> Self {
        let config = |who, token, seed| Config {
            who,
            server: setting.server.clone(),
            tracking_id: begun.tracking_id.clone(),
            driver_id: None,
            token,
            seed,
            // The times of a recorded trip are right by the delivery's clock, not by this machine's.
            stamped: false,
        };
        let watcher = line::open(config("the watching customer", begun.customer_token, begun.seed));
        let driver = config("the driver", begun.driver_token, begun.seed.wrapping_add(1));
        Self {
            setting,
            driver: match setting.protocol {
                Protocol::Ws => line::open(driver),
                Protocol::Http => post::open(driver),
            },
            watcher,
            ledger,
            statuses: HashMap::new(),
            driver_connected: false,
            watcher_follows: false,
            reconnections: 0,
            interruptions: Interruptions::default(),
            trouble: None,
            server_time_ms: begun.server_time_ms,
            read_at: begun.read_at,
        }
    }

    async fn run(&mut self, trip: &Trip) -> Result<(), Error> {
        self.until("the watcher's first frame", |session| session.watcher_follows).await?;
        self.until("the driver's connection", |session| session.driver_connected).await?;
        self.report_status(Status::PickedUp).await?;
        self.report_status(Status::InTransit).await?;

        let mut reached_ms = trip.start_ms();
        for (fix, point) in trip.points.iter().enumerate() {
            // A fix recorded out of order is sent when it was recorded: right after the one before.
            reached_ms = reached_ms.max(point.time_ms);
            self.until_time(reached_ms).await?;
            let room = |session: &Self| session.ledger.unanswered() < UNACKNOWLEDGED_MAX;
            self.until("acknowledgements", room).await?;
            self.send(fix as i64, Report::Fix(fix_report(point))).await?;
        }
        self.until("acknowledgements", |session| session.all_answered(trip.points.len())).await?;
        let last =
            self.ledger.fixes.iter().filter(|entry| entry.must_be_seen()).map(|entry| entry.time_ms).max();
        // Delivered, the location is hidden: what is on its way to the watcher comes first.
        self.until("the watcher to come back", |session| session.watcher_follows).await?;
        self.settle(|session| session.ledger.shown_until() >= last.map(|time_ms| time_ms.div_euclid(1_000)))
            .await?;
        self.report_status(Status::Delivered).await?;
        let told =
            |session: &Self| session.ledger.frames().any(|seen| seen.status == Some(Status::Delivered));
        self.settle(told).await?;
        if !told(self) {
            self.ledger.complaints.push("the watcher was never told DELIVERED".into());
        }
        Ok(())
    }

    async fn report_status(&mut self, status: Status) -> Result<(), Error> {
        let number = STATUS_NUMBERS + self.statuses.len() as i64;
        self.statuses.insert(number, None);
        self.send(number, Report::Status(status)).await?;
        self.until("the answer to a status", |session| session.statuses[&number].is_some()).await?;
        match self.statuses.get(&number) {
            Some(Some(Err(why))) => Err(Error::Report(format!("the service would not have {status}: {why}"))),
            _ => Ok(()),
        }
    }

    async fn send(&mut self, number: i64, report: Report) -> Result<(), Error> {
        let command = Command::Send(Numbered { number, report });
        if self.driver.commands.send(command).await.is_ok() {
            return Ok(());
        }
        // The line has ended: its last event says why.
        loop {
            self.hear(None).await?;
        }
    }

    /// Listens until the delivery's clock shows this time.
    async fn until_time(&mut self, time_ms: i64) -> Result<(), Error> {
        let ahead_s = (time_ms - self.server_time_ms) as f64 / 1_000.0 / self.setting.rate;
        let due = self.read_at + Duration::from_secs_f64(ahead_s.max(0.0));
        loop {
            let now = clock::monotonic();
            if now >= due {
                return Ok(());
            }
            self.hear(Some(due - now)).await?;
        }
    }

    /// Listens until this holds. Gives up when there is no news for long.
    async fn until(&mut self, what: &'static str, holds: impl Fn(&Self) -> bool) -> Result<(), Error> {
        let mut news = clock::monotonic();
        while !holds(self) {
            if self.hear(Some(QUIET_MAX)).await? {
                news = clock::monotonic();
            }
            if clock::monotonic() - news >= QUIET_MAX {
                let trouble = self.trouble.clone().map(|why| format!(" ({why})")).unwrap_or_default();
                return Err(Error::Silent { what, seconds: QUIET_MAX.as_secs(), trouble });
            }
        }
        Ok(())
    }

    /// Listens until this holds, or for as long as it may take. What is then missing, the verdict says.
    async fn settle(&mut self, holds: impl Fn(&Self) -> bool) -> Result<(), Error> {
        let end = clock::monotonic() + SETTLING;
        loop {
            let now = clock::monotonic();
            if holds(self) || now >= end {
                return Ok(());
            }
            self.hear(Some(end - now)).await?;
        }
    }

    /// Takes in the next event of either line. False where there was none in that time, or only trouble.
    async fn hear(&mut self, within: Option<Duration>) -> Result<bool, Error> {
        let over = tokio::time::sleep(within.unwrap_or(QUIET_MAX));
        tokio::select! {
            Some(event) = self.driver.events.recv() => self.driver_event(event),
            Some(event) = self.watcher.events.recv() => self.watcher_event(event),
            () = over => Ok(false),
        }
    }

    fn driver_event(&mut self, event: Event) -> Result<bool, Error> {
        match event {
            Event::Connected { again } => {
                self.driver_connected = true;
                self.reconnections += usize::from(again);
                return Ok(false);
            }
            Event::Sent { number, at } => {
                if let Some(fix) = fix_of(number) {
                    self.ledger.sent(fix, at);
                }
            }
            Event::Acknowledged { number, counts } => match fix_of(number) {
                Some(fix) => {
                    self.ledger.acknowledged(fix, &counts);
                    self.setting.progress.inc(1);
                }
                None => drop(self.statuses.insert(number, Some(Ok(())))),
            },
            Event::Refused { number: Some(number), why } => match fix_of(number) {
                Some(fix) => self.ledger.refused(fix, why),
                None => drop(self.statuses.insert(number, Some(Err(why)))),
            },
            Event::Refused { number: None, why } => self.complain("the driver", &why),
            Event::Dropped { number } => {
                return Err(Error::Report(format!("message {number} found no room to wait in")));
            }
            Event::Interrupted { why, .. } => {
                self.interrupted("the driver", &why);
                return Ok(false);
            }
            // The driver hears of its own delivery too: the watcher's evidence is what counts.
            Event::Frame { .. } => {}
            Event::Ended(error) => return Err(error),
        }
        Ok(true)
    }

    fn watcher_event(&mut self, event: Event) -> Result<bool, Error> {
        match event {
            Event::Connected { again } => {
                if again {
                    self.reconnections += 1;
                    self.ledger.reconnected();
                }
                // A server that accepts and hangs up at once is no news.
                return Ok(false);
            }
            Event::Sent { .. } | Event::Dropped { .. } => {}
            Event::Frame { frame: ServerFrame::Pong, .. } => {}
            Event::Frame { frame, at } => {
                self.watcher_follows = true;
                self.ledger.watched(frame, at);
            }
            Event::Acknowledged { number, .. } => {
                self.complain(
                    "the watcher",
                    &format!("an acknowledgement, of {number}, that it never asked for"),
                );
            }
            Event::Refused { why, .. } => self.complain("the watcher", &why),
            Event::Interrupted { why, .. } => {
                self.watcher_follows = false;
                self.interrupted("the watcher", &why);
                return Ok(false);
            }
            Event::Ended(error) => return Err(error),
        }
        Ok(true)
    }

    fn interrupted(&mut self, who: &str, why: &str) {
        let why = format!("{who}: {why}");
        self.interruptions.note(&why);
        self.trouble = Some(why);
    }

    fn complain(&mut self, who: &str, why: &str) {
        self.ledger.complaints.push(format!("{who} was told: {why}"));
    }

    fn all_answered(&self, fixes: usize) -> bool {
        self.ledger.fixes.iter().filter(|entry| entry.outcome.is_some()).count() == fixes
    }
}

/// Which fix a message was, if it was one.
fn fix_of(number: i64) -> Option<usize> {
    usize::try_from(number).ok().filter(|_| number < STATUS_NUMBERS)
}

fn fix_report(point: &Point) -> FixReport {
    FixReport {
        lat: point.lat,
        lng: point.lng,
        timestamp: Some(point.time_ms.into()),
        accuracy: point.accuracy,
        speed: point.speed,
        ..FixReport::default()
    }
}
