//! What a day asks of the service. Whoever asks tries again while the service is away, as a phone does.

use std::time::{Duration, Instant};

use onway_core::auth::Role;
use onway_core::ingest::Protocol;
use onway_core::status::Status;
use onway_core::wire::snapshot::Snapshot;
use onway_core::wire::start::StartRequest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::backoff::Backoff;
use crate::client::http::Server;
use crate::clock;
use crate::day::leg::Sample;
use crate::day::tracker;
use crate::error::Error;
use crate::token::Signer;

/// So long a service may be away before the day is given up.
const AWAY_MAX: Duration = Duration::from_secs(120);

/// The service, as one driver and its dispatcher know it.
pub struct Service {
    server: Server,
    driver_id: String,
    dispatcher: String,
    driver: String,
    backoff: Backoff,
    /// How often nobody answered.
    pub interruptions: usize,
}

#[derive(Deserialize)]
struct MadeKey {
    key: String,
}

#[derive(Deserialize)]
struct Page {
    points: Vec<Value>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Record {
    status: Value,
    events: Value,
}

impl Service {
    pub fn new(server: Server, signer: &Signer, driver_id: &str, seed: u64) -> Result<Self, Error> {
        let sign = |role, sub: &str| signer.sign(role, sub, None, clock::unix_ms());
        Ok(Self {
            server,
            driver_id: driver_id.to_owned(),
            dispatcher: sign(Role::Dispatcher, "day")?,
            driver: sign(Role::Driver, driver_id)?,
            backoff: Backoff::new(seed),
            interruptions: 0,
        })
    }

    /// Starts a delivery, and says what its clock shows.
    pub async fn start(&self, request: &StartRequest) -> Result<Snapshot, Error> {
        let started = self.server.start(&self.dispatcher, request).await;
        let snapshot = started.map_err(|error| match error {
            Error::Refused(refusal) if refusal.field.starts_with("clock") => {
                Error::NoSimulatedClock(refusal.detail)
            }
            other => other,
        })?;
        if snapshot.details.clock.is_none() {
            return Err(Error::NoSimulatedClock("it ignored the clock".into()));
        }
        Ok(snapshot)
    }

    /// A key for the driver's phone.
    pub async fn device_key(&mut self) -> Result<String, Error> {
        let path = format!("/drivers/{}/device-keys", self.driver_id);
        let (server, token) = (self.server.clone(), self.dispatcher.clone());
        let made: MadeKey =
            self.persist(async || server.send("POST", path.clone(), &token, &json!({})).await).await?;
        Ok(made.key)
    }

    /// Puts the stops in this order.
    pub async fn order(&mut self, tracking_ids: &[String]) -> Result<Value, Error> {
        let path = format!("/drivers/{}/deliveries", self.driver_id);
        let (server, token) = (self.server.clone(), self.dispatcher.clone());
        let body = json!({"tracking_ids": tracking_ids});
        self.persist(async || server.send("PUT", path.clone(), &token, &body).await).await
    }

    /// The driver says how far a delivery is. The report's id makes a repetition one.
    pub async fn report(&mut self, tracking_id: &str, status: Status, at: i64) -> Result<Value, Error> {
        let path = format!("/tracking/{tracking_id}/status");
        let (server, token) = (self.server.clone(), self.driver.clone());
        let body = json!({"status": status, "at": at, "id": format!("day-{status}")});
        self.persist(async || server.send("POST", path.clone(), &token, &body).await).await
    }

    /// The phone's app sends positions, until they are taken.
    pub async fn log(&mut self, protocol: Protocol, key: &str, fixes: &[Sample]) -> Result<(), Error> {
        let request = tracker::request(protocol, fixes);
        let name = format!("/log/{}/…", protocol.name());
        let path = format!("/log/{}/{key}{}", protocol.name(), request.query);
        let server = self.server.clone();
        let answer = self
            .persist(async || {
                let body = request.body.clone();
                server.send_plain(request.method, &path, &name, request.content_type, body).await
            })
            .await?;
        if answer == tracker::answer(protocol) {
            return Ok(());
        }
        Err(Error::Contract { path: name.clone(), why: format!("the app does not know {answer:?}") })
    }

    /// A delivery as its dispatcher sees it.
    pub async fn snapshot(&mut self, tracking_id: &str) -> Result<Value, Error> {
        self.get(format!("/tracking/{tracking_id}")).await
    }

    /// The driver, with its deliveries in the order of its stops.
    pub async fn driver(&mut self) -> Result<Value, Error> {
        self.get(format!("/tracking/driver/{}", self.driver_id)).await
    }

    /// Each fix of a delivery with its verdict, in the order of time.
    pub async fn history(&mut self, tracking_id: &str) -> Result<Vec<Value>, Error> {
        let mut points = Vec::new();
        let mut query = String::new();
        loop {
            let page: Page = self.get(format!("/tracking/{tracking_id}/history{query}")).await?;
            points.extend(page.points);
            match page.next_cursor {
                Some(cursor) => query = format!("?cursor={cursor}"),
                None => return Ok(points),
            }
        }
    }

    /// The last status of a delivery, and how it came to it.
    pub async fn timeline(&mut self, tracking_id: &str) -> Result<(Value, Value), Error> {
        let record: Record = self.get(format!("/tracking/{tracking_id}/events")).await?;
        // What a dispatcher does to the day is done by the wall clock.
        let is_status = |event: &&Value| event["type"] == "status";
        let events = record.events.as_array().into_iter().flatten().filter(is_status).cloned().collect();
        Ok((record.status, events))
    }

    async fn get<T: serde::de::DeserializeOwned>(&mut self, path: String) -> Result<T, Error> {
        let (server, token) = (self.server.clone(), self.dispatcher.clone());
        self.persist(async || server.get(path.clone(), &token).await).await
    }

    /// Tries until it gets an answer, or has tried for too long.
    async fn persist<T>(&mut self, mut attempt: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
        let mut away: Option<Instant> = None;
        loop {
            let error = match attempt().await {
                Err(error) if error.is_passing() => error,
                done => {
                    self.backoff.reset();
                    return done;
                }
            };
            self.interruptions += 1;
            if *away.get_or_insert_with(clock::monotonic) + AWAY_MAX < clock::monotonic() {
                return Err(error);
            }
            tokio::time::sleep(self.backoff.next(error.retry_after())).await;
        }
    }
}
