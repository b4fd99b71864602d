//! One day of one driver: twelve doors, or however many, by one phone.

use std::time::{Duration, Instant};

use onway_core::clock::Millis;
use onway_core::ingest::Protocol;
use onway_core::status::Status;
use onway_core::wire::start::{ClockRequest, Place, StartRequest, Window};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use serde_json::{Value, json};

use crate::client::http::Server;
use crate::clock;
use crate::day::leg::{Leg, Sample};
use crate::day::network::{self, Fate, Post, Posts, Rates};
use crate::day::observe::{self, Moment, Stop};
use crate::day::progress::Progress;
use crate::day::service::Service;
use crate::day::tracker;
use crate::error::Error;
use crate::token::Signer;

/// How often what is still on its way is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The driver hands over so long after the last fix, in seconds.
const AT_THE_DOOR_S: i64 = 60;
/// Deliveries are promised so far ahead, in ms, that none expires before its turn.
const PROMISED_MS: i64 = 30 * 86_400_000;

/// What all days of a run have in common.
pub struct Setting {
    pub server: Server,
    pub signer: Signer,
    pub legs: Vec<Leg>,
    /// How many times faster than the wall's the deliveries' clocks run.
    pub rate: f64,
    /// How long to wait for what is on its way within the service.
    pub patience: Duration,
}

/// One day.
#[derive(Debug, Clone)]
pub struct Plan {
    pub driver_id: String,
    pub protocol: Protocol,
    pub rates: Rates,
    pub seed: u64,
    /// Messages of each leg, in its parts.
    posts: Vec<[Posts; 3]>,
    rng: SmallRng,
}

/// What the phone did.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Sent {
    /// That reached the service.
    pub requests: usize,
    pub requests_lost: usize,
    pub answers_lost: usize,
    /// Fixes that came again.
    pub repeated: usize,
    /// Fixes that came after newer ones.
    pub late: usize,
    /// How often the service was away.
    pub interruptions: usize,
}

/// A day that is over.
pub struct Driven {
    pub stops: Vec<Stop>,
    pub sent: Sent,
}

impl Plan {
    /// A day over this network. `forgotten` fixes, of so many legs and by their numbers, are never sent.
    pub fn new(
        driver_id: String,
        protocol: Protocol,
        legs: &[Leg],
        rates: Rates,
        seed: u64,
        forgotten: &[(usize, usize)],
    ) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let batch = tracker::batch(protocol);
        let of_leg = |leg: &Leg| {
            let times: Vec<_> = leg.fixes.iter().map(|fix| fix.time).collect();
            let [half, near] = parts(times.len());
            let parts = [0..half, half..near, near..times.len()];
            parts.map(|part| network::plan(&times, part, batch, rates, &mut rng))
        };
        let mut posts: Vec<_> = legs.iter().map(of_leg).collect();
        for (leg, fix) in forgotten {
            posts.get_mut(*leg).into_iter().flatten().for_each(|part| part.forget(*fix));
        }
        Self { driver_id, protocol, rates, seed, posts, rng }
    }

    /// How many messages there are.
    pub fn steps(&self) -> u64 {
        self.posts.iter().flatten().map(|part| part.iter().count() as u64).sum()
    }
}

/// Where a leg is halfway, and near the door: how many of its fixes come before.
const fn parts(fixes: usize) -> [usize; 2] {
    [fixes / 2, fixes - fixes / 4]
}

/// Drives the day.
pub async fn drive(setting: &Setting, plan: Plan, progress: &Progress) -> Result<Driven, Error> {
    let service = Service::new(setting.server.clone(), &setting.signer, &plan.driver_id, plan.seed)?;
    let mut day = Day {
        setting,
        service,
        plan,
        key: String::new(),
        deliveries: Vec::new(),
        stops: Vec::new(),
        sent: Sent::default(),
    };
    day.begin().await?;
    for n in 0..setting.legs.len() {
        day.leg(n, progress).await?;
    }
    day.end().await?;
    day.sent.interruptions = day.service.interruptions;
    Ok(Driven { stops: day.stops, sent: day.sent })
}

/// A delivery that has been started.
struct Delivery {
    tracking_id: String,
    /// What its clock showed, in Unix milliseconds, and when.
    showed: i64,
    read_at: Instant,
}

/// What has reached the service of a leg.
struct Phone<'a> {
    n: usize,
    /// Of each fix.
    arrived: Vec<bool>,
    progress: &'a Progress,
}

struct Day<'a> {
    setting: &'a Setting,
    service: Service,
    plan: Plan,
    key: String,
    deliveries: Vec<Delivery>,
    stops: Vec<Stop>,
    sent: Sent,
}

impl Day<'_> {
    /// Starts all deliveries, the last first, and puts them in order.
    async fn begin(&mut self) -> Result<(), Error> {
        for leg in self.setting.legs.iter().rev() {
            let started = self.service.start(&self.request(leg)).await?;
            let (showed, read_at) = (started.server_time, clock::monotonic());
            self.deliveries.insert(0, Delivery { tracking_id: started.tracking_id, showed, read_at });
        }
        let all = self.setting.legs.len();
        self.until(async |service| {
            let driver = service.driver().await?;
            let is_known = observe::stops(&driver).count() == all;
            Ok(((), is_known))
        })
        .await?;
        let ids: Vec<_> = self.deliveries.iter().map(|delivery| delivery.tracking_id.clone()).collect();
        self.service.order(&ids).await?;
        self.key = self.service.device_key().await?;
        Ok(())
    }

    /// A delivery whose clock begins with its leg: so nothing waits for the day to pass.
    fn request(&self, leg: &Leg) -> StartRequest {
        let place = |fix: Option<&Sample>| {
            let at = fix.map_or((0.0, 0.0), |fix| (fix.lat, fix.lng));
            Place { lat: at.0, lng: at.1, address: None }
        };
        let origin = Millis::from_secs(leg.begins());
        StartRequest {
            driver_id: Some(self.plan.driver_id.clone()),
            pickup: Some(place(leg.fixes.first())),
            mode: Some(leg.mode),
            window: Some(Window { from: None, to: Some(origin.plus(PROMISED_MS)) }),
            clock: Some(ClockRequest { origin, rate: self.setting.rate }),
            ..StartRequest::new(leg.order(), place(leg.fixes.last()))
        }
    }

    /// Drives to one door.
    async fn leg(&mut self, n: usize, progress: &Progress) -> Result<(), Error> {
        let Some(leg) = self.setting.legs.get(n) else { return Ok(()) };
        let Some([first, second, third]) = self.plan.posts.get_mut(n).map(std::mem::take) else {
            return Ok(());
        };
        let [half, near] = parts(leg.fixes.len());
        self.stops.push(Stop::default());
        let mut phone = Phone { n, arrived: vec![false; leg.fixes.len()], progress };

        self.report(n, Status::PickedUp, leg.begins()).await?;
        let (before, after) = first.driving.split_at(first.driving.len() / 2);
        self.post(&mut phone, before).await?;
        let under_way = leg.fixes.get(half / 2).map_or(leg.begins(), |fix| fix.time);
        self.report(n, Status::InTransit, under_way).await?;
        self.post(&mut phone, after).await?;
        self.post(&mut phone, &first.behind).await?;
        self.look(n, Moment::Halfway, half).await?;
        self.post(&mut phone, &second.driving).await?;
        self.post(&mut phone, &second.behind).await?;
        self.look(n, Moment::NearTheDoor, near).await?;
        self.post(&mut phone, &third.driving).await?;
        self.report(n, Status::Delivered, leg.arrives() + AT_THE_DOOR_S).await?;
        // The app that sends positions knows nothing of deliveries, and may come behind.
        self.post(&mut phone, &third.behind).await?;
        if self.happens(self.plan.rates.duplication) {
            // A phone that was offline repeats what was never acknowledged, also after later statuses.
            self.report(n, Status::PickedUp, leg.begins()).await?;
        }
        self.look(n, Moment::Delivered, leg.fixes.len()).await
    }

    async fn report(&mut self, n: usize, status: Status, at: i64) -> Result<(), Error> {
        self.wait_for(n, at).await;
        let times = if self.happens(self.plan.rates.loss) { 2 } else { 1 };
        if let Some(delivery) = self.deliveries.get(n) {
            for _ in 0..times {
                self.service.report(&delivery.tracking_id, status, at).await?;
            }
        }
        Ok(())
    }

    /// Sends messages, each once its newest fix has been measured.
    async fn post(&mut self, phone: &mut Phone<'_>, posts: &[Post]) -> Result<(), Error> {
        let n = phone.n;
        for Post { fixes, fate } in posts {
            phone.progress.step();
            let leg = self.setting.legs.get(n);
            let measured: Vec<Sample> =
                fixes.iter().filter_map(|fix| leg.and_then(|leg| leg.fixes.get(*fix)).copied()).collect();
            self.wait_for(n, measured.iter().map(|fix| fix.time).max().unwrap_or_default()).await;
            if *fate == Fate::RequestLost {
                self.sent.requests_lost += 1;
                continue;
            }
            self.service.log(self.plan.protocol, &self.key, &measured).await?;
            self.sent.requests += 1;
            self.sent.answers_lost += usize::from(*fate == Fate::AnswerLost);
            let newest = phone.arrived.iter().rposition(|arrived| *arrived);
            for fix in fixes {
                let Some(arrived) = phone.arrived.get_mut(*fix) else { continue };
                let is_late = newest.is_some_and(|newest| newest > *fix) && !*arrived;
                self.sent.late += usize::from(is_late);
                self.sent.repeated += usize::from(std::mem::replace(arrived, true));
            }
        }
        Ok(())
    }

    /// Keeps what is seen of a delivery and its driver, once everything has arrived.
    async fn look(&mut self, n: usize, moment: Moment, fixes: usize) -> Result<(), Error> {
        let Some(id) = self.deliveries.get(n).map(|delivery| delivery.tracking_id.clone()) else {
            return Ok(());
        };
        let done = moment == Moment::Delivered;
        let next = if done { n + 1 } else { n };
        let orders: Vec<_> = self.setting.legs.iter().skip(next).map(Leg::order).collect();
        let seen = self
            .until(async |service| {
                let known = observe::own_fixes(service.history(&id).await?).len();
                let driver = service.driver().await?;
                let snapshot = service.snapshot(&id).await?;
                let stops: Vec<_> = observe::stops(&driver).collect();
                let in_order = stops.len() == orders.len()
                    && stops.iter().zip(&orders).enumerate().all(|(before, (stop, order))| {
                        stop["order_id"] == **order && stop["stops_before"] == before
                    });
                let is_told = snapshot["driver_online"] == true && (done || snapshot["stops_before"] == 0);
                Ok((observe::seen(&snapshot, &driver), known == fixes && in_order && is_told))
            })
            .await?;
        if let Some(stop) = self.stops.get_mut(n) {
            stop.seen.push((moment, seen));
        }
        Ok(())
    }

    /// Keeps what is left of all deliveries: no late repetition and no kill may have changed it.
    async fn end(&mut self) -> Result<(), Error> {
        for (delivery, stop) in self.deliveries.iter().zip(&mut self.stops) {
            stop.fixes = observe::own_fixes(self.service.history(&delivery.tracking_id).await?);
            let (status, events) = self.service.timeline(&delivery.tracking_id).await?;
            stop.seen.push((Moment::DayIsOver, json!({"status": status, "events": events})));
        }
        let driver = self.service.driver().await?;
        let left: Vec<Value> = observe::stops(&driver).collect();
        if let Some(stop) = self.stops.last_mut() {
            stop.seen.push((Moment::DayIsOver, json!({"stops_left": left, "online": driver["online"]})));
        }
        Ok(())
    }

    /// Asks until the answer is as expected, or for as long as is allowed; the last answer.
    async fn until<T>(
        &mut self,
        mut ask: impl AsyncFnMut(&mut Service) -> Result<(T, bool), Error>,
    ) -> Result<T, Error> {
        let begun = clock::monotonic();
        loop {
            let (answer, expected) = ask(&mut self.service).await?;
            if expected || clock::monotonic() - begun > self.setting.patience {
                return Ok(answer);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until a delivery's clock shows this time, in Unix seconds.
    async fn wait_for(&self, n: usize, at: i64) {
        let Some(Delivery { showed, read_at, .. }) = self.deliveries.get(n) else { return };
        let ahead_ms = (at * 1_000 - showed).max(0) as f64 / self.setting.rate;
        let due = *read_at + Duration::from_secs_f64(ahead_ms / 1_000.0);
        tokio::time::sleep_until(due.into()).await;
    }

    fn happens(&mut self, chance: f64) -> bool {
        self.plan.rng.random_bool(chance)
    }
}
