//! One driver of a fleet: takes its deliveries along and brings one after the other to its door.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use geo::Point;
use onway_core::auth::Role;
use onway_core::clock::Millis;
use onway_core::status::Status;
use onway_core::wire::StartRequest;
use onway_core::wire::start::{Place, Window};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{MissedTickBehavior, interval_at};

use crate::client::Report;
use crate::client::backoff::Backoff;
use crate::client::http::Server;
use crate::client::line::{self, Command, Config, Event, Line};
use crate::client::outbox::Numbered;
use crate::client::post;
use crate::clock;
use crate::error::Error;
use crate::fleet::board::Board;
use crate::fleet::doors::Doors;
use crate::fleet::roster::{Leg, Roster};
use crate::token::Signer;

/// Deliveries that one dispatcher starts: the service lets each start 1,200 a minute, and a company of more has more.
const STARTS_EACH: usize = 500;
/// How often a start is tried. The first waits are short, the last half a minute.
const STARTS_MAX: u32 = 8;
/// How often a status is reported that the service would not have: the driver's object may not have heard of the
/// delivery yet.
const STATUS_TRIES: u32 = 4;
/// How long the last reports of a delivery may take to be acknowledged.
const CLOSING: Duration = Duration::from_secs(120);
/// Of a battery, in per cent a second: a phone that navigates lasts some five hours.
const DRAIN: f64 = 100.0 / 18_000.0;

/// What all drivers share.
pub struct Fleet {
    pub server: Server,
    pub signer: Signer,
    pub roster: Roster,
    pub board: Board,
    /// Each report a request, instead of lines.
    pub http: bool,
    pub interval: Duration,
    /// Another round after each, for ever.
    pub again: bool,
    /// Whether dashboards look at it.
    pub watched: bool,
    /// Makes ids those of this run alone: drivers of earlier runs may have deliveries left.
    pub run: String,
    pub doors: Doors,
}

/// Drives the fleet's driver of this number until it has delivered everything.
pub async fn drive(fleet: Arc<Fleet>, number: usize) -> Result<(), Error> {
    let id = format!("SIM-{}-{number}", fleet.run);
    let token = fleet.signer.sign(Role::Driver, &id, None, clock::unix_ms())?;
    let mut driver = Driver {
        rng: SmallRng::seed_from_u64(fleet.roster.seed ^ (number as u64) << 32),
        begun: clock::monotonic(),
        battery: 0.0,
        line: None,
        next: 0,
        unanswered: HashMap::new(),
        again: Vec::new(),
        fleet,
        number,
        id,
        token,
    };
    driver.battery = driver.rng.random_range(15.0..100.0);
    let (mut from, mut round) = (None, 0);
    loop {
        from = Some(driver.round(round, from).await?);
        round += 1;
        if !driver.fleet.again {
            return Ok(());
        }
    }
}

struct Driver {
    fleet: Arc<Fleet>,
    number: usize,
    id: String,
    token: String,
    rng: SmallRng,
    begun: Instant,
    /// At the beginning, in per cent.
    battery: f64,
    line: Option<Line>,
    next: i64,
    /// Reports without an answer; no more than the outbox holds.
    unanswered: HashMap<i64, Waiting>,
    /// Statuses to be reported again.
    again: Vec<(Status, u32)>,
}

/// A report without an answer.
enum Waiting {
    /// Its time, in Unix seconds, and when it first went out.
    Fix(i64, Option<Instant>),
    /// How often it has been tried.
    Status(Status, u32),
}

impl Driver {
    /// Takes the deliveries of a round along. Returns where it ends.
    async fn round(&mut self, number: u64, from: Option<Point>) -> Result<Point, Error> {
        let fleet = Arc::clone(&self.fleet);
        let round = fleet.roster.round(self.number, number, from)?;
        let (mut here, store_id, pickup) = (round.pickup, round.store_id, round.pickup);
        let mut stops = Vec::with_capacity(round.legs.len());
        {
            let _door = fleet.doors.enter().await?;
            for (stop, leg) in round.legs.into_iter().enumerate() {
                fleet.doors.wait().await;
                let order_id = format!("{}-{number}-{stop}", self.id);
                let request = self.request(order_id, &leg, pickup, store_id.clone())?;
                stops.push((self.start(&request).await?, leg));
            }
            if self.line.is_none()
                && let Some((tracking_id, _)) = stops.first()
            {
                self.connect(tracking_id.clone()).await?;
                fleet.board.write(|tally| tally.connected += 1);
            }
        }
        if number == 0 {
            fleet.doors.leave().await?;
            fleet.board.write(|tally| tally.departed += 1);
        }
        for (stop, (tracking_id, leg)) in stops.into_iter().enumerate() {
            if fleet.http && stop + number as usize > 0 {
                self.connect(tracking_id.clone()).await?;
            }
            here = leg.simulation.route.end();
            self.deliver(&tracking_id, leg).await?;
        }
        Ok(here)
    }

    async fn start(&self, request: &StartRequest) -> Result<String, Error> {
        let dispatcher = format!("simulate-{}", self.number / STARTS_EACH);
        let token = self.fleet.signer.sign(Role::Dispatcher, &dispatcher, None, clock::unix_ms())?;
        let mut backoff = Backoff::new(self.number as u64);
        let mut tries = 1;
        loop {
            match self.fleet.server.start_once(&token, request).await {
                Ok(snapshot) => return Ok(snapshot.tracking_id),
                Err(error) if error.is_passing() && tries < STARTS_MAX => {
                    let why = format!("a start: {error}");
                    self.fleet.board.write(|tally| tally.troubles.note(&why));
                    tokio::time::sleep(backoff.next(error.retry_after())).await;
                    tries += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn request(
        &self,
        order_id: String,
        leg: &Leg,
        pickup: Point,
        store_id: Option<String>,
    ) -> Result<StartRequest, Error> {
        let place = |at: Point| Place { lat: at.y(), lng: at.x(), address: None };
        let promised = clock::unix_ms() + (leg.promised_s * 1_000.0) as i64;
        let route = &leg.simulation.route;
        Ok(StartRequest {
            driver_id: Some(self.id.clone()),
            customer_id: Some(format!("{}-CUSTOMER", self.id)),
            store_id,
            pickup: Some(place(pickup)),
            mode: Some(self.fleet.roster.mode),
            window: Some(Window { from: None, to: Some(Millis(promised)) }),
            route: Some(route.encode()?),
            ..StartRequest::new(order_id, place(route.end()))
        })
    }

    /// Opens the driver's line, or by HTTP that of this delivery, and waits until it is open.
    async fn connect(&mut self, tracking_id: String) -> Result<(), Error> {
        let fleet = &self.fleet;
        let config = Config {
            who: "a driver",
            server: fleet.server.clone(),
            tracking_id,
            driver_id: Some(self.id.clone()),
            token: self.token.clone(),
            seed: fleet.roster.seed ^ clock::unix_ms().cast_unsigned() ^ self.number as u64,
            // Corrected times are others, and a dashboard would show none that was sent.
            stamped: !fleet.watched,
        };
        let mut line = if fleet.http { post::open(config) } else { line::open(config) };
        loop {
            match line.events.recv().await {
                Some(Event::Connected { .. }) => break,
                Some(Event::Interrupted { why, .. }) => {
                    self.fleet.board.write(|tally| tally.troubles.note(&why));
                }
                Some(Event::Ended(error)) => return Err(error),
                Some(_) => {}
                None => return Err(gone()),
            }
        }
        self.line = Some(line);
        Ok(())
    }

    /// Brings one delivery to its door.
    async fn deliver(&mut self, tracking_id: &str, mut leg: Leg) -> Result<(), Error> {
        for status in [Status::PickedUp, Status::InTransit] {
            self.report_status(tracking_id, status, 1).await?;
        }
        let begun = clock::monotonic();
        // A fleet's fixes come evenly, not all at once.
        let first = begun + self.fleet.interval.mul_f64(self.rng.random());
        let mut ticks = interval_at(first.into(), self.fleet.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                event = next(&mut self.line) => {
                    self.hear(tracking_id, event)?;
                    continue;
                }
            }
            for (status, tries) in std::mem::take(&mut self.again) {
                self.report_status(tracking_id, status, tries + 1).await?;
            }
            let elapsed = clock::monotonic() - begun;
            let now_ms = clock::unix_ms();
            let mut fix = leg.simulation.fix(elapsed, now_ms);
            let used = DRAIN * (clock::monotonic() - self.begun).as_secs_f64();
            fix.battery = Some((self.battery - used).max(1.0).round());
            self.report(Report::Fix(fix), Waiting::Fix(now_ms.div_euclid(1_000), None)).await?;
            if elapsed >= leg.simulation.duration() {
                break;
            }
        }
        self.report_status(tracking_id, Status::Delivered, 1).await?;
        let acknowledged = async {
            while !self.unanswered.is_empty() || !self.again.is_empty() {
                for (status, tries) in std::mem::take(&mut self.again) {
                    self.report_status(tracking_id, status, tries + 1).await?;
                }
                let event = next(&mut self.line).await;
                self.hear(tracking_id, event)?;
            }
            Ok(())
        };
        let what = "the last acknowledgements of a driver";
        let silent = Error::Silent { what, seconds: CLOSING.as_secs(), trouble: String::new() };
        tokio::time::timeout(CLOSING, acknowledged).await.unwrap_or(Err(silent))?;
        self.fleet.board.write(|tally| tally.ended(tracking_id));
        Ok(())
    }

    async fn report_status(&mut self, tracking_id: &str, status: Status, tries: u32) -> Result<(), Error> {
        self.report(Report::StatusOf(tracking_id.to_owned(), status), Waiting::Status(status, tries)).await
    }

    async fn report(&mut self, report: Report, waiting: Waiting) -> Result<(), Error> {
        let number = self.next;
        self.next += 1;
        self.unanswered.insert(number, waiting);
        let line = self.line.as_mut().ok_or_else(gone)?;
        if line.commands.send(Command::Send(Numbered { number, report })).await.is_ok() {
            return Ok(());
        }
        // The line has ended: its last event says why.
        loop {
            match line.events.recv().await {
                Some(Event::Ended(error)) => return Err(error),
                Some(_) => {}
                None => return Err(gone()),
            }
        }
    }

    fn hear(&mut self, tracking_id: &str, event: Option<Event>) -> Result<(), Error> {
        let (board, watched, now) = (&self.fleet.board, self.fleet.watched, clock::monotonic());
        match event {
            None => return Err(gone()),
            Some(Event::Ended(error)) => return Err(error),
            Some(Event::Sent { number, at }) => {
                // What goes out again counts from the first time on.
                if let Some(Waiting::Fix(secs, sent @ None)) = self.unanswered.get_mut(&number) {
                    *sent = Some(at);
                    board.write(|tally| tally.sent(tracking_id, *secs, at, watched));
                }
            }
            Some(Event::Acknowledged { number, counts }) => {
                if let Some(Waiting::Fix(_, Some(sent))) = self.unanswered.remove(&number) {
                    board.write(|tally| tally.acknowledged(&counts, sent, now));
                }
            }
            Some(Event::Refused { number, why }) => {
                let waiting = number.and_then(|number| self.unanswered.remove(&number));
                match waiting {
                    Some(Waiting::Status(status, tries)) if tries < STATUS_TRIES => {
                        self.again.push((status, tries))
                    }
                    _ => board.write(|tally| {
                        tally.refused += 1;
                        tally.troubles.note(&format!("the service says {why}"));
                    }),
                }
            }
            Some(Event::Dropped { number }) => {
                self.unanswered.remove(&number);
                board.write(|tally| {
                    tally.refused += 1;
                    tally.troubles.note("too many fixes wait: the oldest is dropped");
                });
            }
            Some(Event::Interrupted { why, .. }) => board.write(|tally| tally.troubles.note(&why)),
            Some(Event::Connected { .. } | Event::Frame { .. }) => {}
        }
        Ok(())
    }
}

/// The next event of a line; none where it is gone.
async fn next(line: &mut Option<Line>) -> Option<Event> {
    line.as_mut()?.events.recv().await
}

fn gone() -> Error {
    Error::Report("a driver's line is gone".into())
}
