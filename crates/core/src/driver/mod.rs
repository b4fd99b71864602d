//! The driver: duty, presence, the ordered list of stops, and what waits to be said.
//!
//! Deliveries are authoritative for their own state and who drives them; they tell the driver of each
//! change ([`News`]). The driver is authoritative for the order of its stops, its presence and its duty, and
//! tells each delivery where it stands ([`Heading`]). Both are told at least once and by their newest state,
//! so repetition and loss of what lies between change nothing.

pub mod emergency;
pub mod mailbox;
mod ordering;
pub mod presence;
pub mod schedule;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::fix::{Fix, Position};
use crate::rejection::Rejection;
use crate::sampling::{Phase, Situation};
use crate::status::Status;
use crate::wire::driver::Interest;
use crate::wire::start::Place;

pub use emergency::{Acknowledged, Emergency};
pub use mailbox::{Letter, Mailbox};
pub use ordering::Order;
pub use presence::{Away, Presence};
pub use schedule::Schedule;

/// Most deliveries of a driver at a time.
pub const STOPS_MAX: usize = 100;
/// So many deliveries that have left are remembered, against news that come late.
const LEFT_MAX: usize = 32;
/// So many that were taken from the driver, or declined, are remembered: they name the driver until they end, and are
/// told should it be erased. A delivery lasts a day, and nobody declines more in one.
const PARTED_MAX: usize = 64;
/// To so many of those that ended last a position is passed on that comes late.
const ENDED_MAX: usize = 4;
/// A position this far ahead of now has a wrong clock, in ms.
const AHEAD_MAX: i64 = 120_000;
/// A delivery that is not the next one gets a position so often, in ms.
pub const FEED_SPAN: i64 = 60_000;

/// What a delivery says of itself: its newest state, as of `seq`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct News {
    pub tracking_id: String,
    pub seq: u64,
    pub order_id: String,
    /// Whom it is assigned to now.
    pub driver_id: Option<String>,
    pub store_id: Option<String>,
    pub status: Status,
    pub at: Millis,
    pub pickup: Option<Place>,
    pub dropoff: Place,
}

/// What the driver says to a delivery: where it stands among the stops, and whether the driver is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Heading {
    /// Somebody has put the stops in this order.
    #[serde(default)]
    pub ordered: bool,
    pub stops_before: u32,
    /// Where the driver goes before, in order.
    pub ahead: Vec<Position>,
    pub online: bool,
    #[serde(default)]
    pub reason: Option<Away>,
    /// Who last put this one in another place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

/// A delivery of this driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    pub tracking_id: String,
    pub order_id: String,
    pub store_id: Option<String>,
    pub status: Status,
    pub seq: u64,
    pub pickup: Option<Place>,
    pub dropoff: Place,
    /// What the delivery has been told.
    #[serde(default)]
    pub told: Option<Heading>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

impl Stop {
    /// Where the driver goes for it next.
    pub fn place(&self) -> &Place {
        match (&self.pickup, self.status) {
            (Some(pickup), Status::Created | Status::Assigned) => pickup,
            _ => &self.dropoff,
        }
    }
}

/// The newest position, kept while on duty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastFix {
    pub position: Position,
    pub time: Millis,
    #[serde(default)]
    pub accuracy: Option<f64>,
    #[serde(default)]
    pub speed: Option<f64>,
    #[serde(default)]
    pub battery: Option<u8>,
}

impl From<&Fix> for LastFix {
    fn from(fix: &Fix) -> Self {
        let Fix { position, time, accuracy, speed, battery, .. } = *fix;
        Self { position, time, accuracy, speed, battery }
    }
}

impl LastFix {
    /// Whether it is newer than `last`, at the wall's `wall`. A clock that runs ahead must not freeze the newest.
    pub fn follows(&self, last: Option<&Self>, wall: Millis) -> bool {
        self.time <= wall.plus(AHEAD_MAX) && last.is_none_or(|last| self.time > last.time)
    }
}

/// What changes, and when each of its deliveries heard of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    pub driver_id: String,
    /// A driver is on duty from its first contact or assignment until it says otherwise.
    #[serde(default)]
    pub off_duty: bool,
    #[serde(default)]
    pub stops: Vec<Stop>,
    /// Whether somebody has put them in order.
    #[serde(default)]
    pub ordered: bool,
    #[serde(default)]
    pub presence: Presence,
    #[serde(default)]
    pub mailbox: Mailbox,
    #[serde(default)]
    pub emergencies: Vec<Emergency>,
    #[serde(default)]
    pub schedule: Schedule,
    /// Grows with what the list of drivers shows.
    #[serde(default)]
    pub revision: u64,
    /// What of it the archive has.
    #[serde(default)]
    pub archived: u64,
    /// Deliveries that have left, as of which news.
    #[serde(default)]
    left: Vec<(String, u64)>,
    /// Those that went to others before their end.
    #[serde(default)]
    pub parted: Vec<String>,
    /// Those that this driver has brought to an end, and when, the last one last.
    #[serde(default)]
    ended: Vec<(String, Millis)>,
}

/// What news came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Known already.
    Old,
    Assigned,
    /// Taken away, not ended.
    Unassigned,
    /// Another status, the last one included.
    Changed,
}

impl Driver {
    pub fn new(driver_id: String) -> Self {
        Self { driver_id, ..Self::default() }
    }

    /// Takes the news of a delivery. Letters to the driver wait in the mailbox until acknowledged.
    pub fn hear(&mut self, news: &News) -> Result<Heard, Rejection> {
        let known = self.stops.iter().position(|stop| stop.tracking_id == news.tracking_id);
        let seen = match known.and_then(|n| self.stops.get(n)) {
            Some(stop) => Some(stop.seq),
            None => self.left.iter().find(|(id, _)| *id == news.tracking_id).map(|(_, seq)| *seq),
        };
        if seen.is_some_and(|seq| news.seq <= seq) {
            return Ok(Heard::Old);
        }
        let mine = news.driver_id.as_deref() == Some(&self.driver_id);
        let heard = match known {
            _ if mine && !news.status.is_final() => self.keep_stop(known, news)?,
            None => Heard::Old,
            Some(n) => {
                self.stops.remove(n);
                if mine { Heard::Changed } else { Heard::Unassigned }
            }
        };
        if heard == Heard::Unassigned {
            self.part(&news.tracking_id);
        }
        if !mine || news.status.is_final() {
            self.left.retain(|(id, _)| *id != news.tracking_id);
            self.left.push((news.tracking_id.clone(), news.seq));
            let surplus = self.left.len().saturating_sub(LEFT_MAX);
            self.left.drain(..surplus);
        }
        if mine && known.is_some() && news.status.is_final() {
            self.ended.push((news.tracking_id.clone(), news.at));
            let surplus = self.ended.len().saturating_sub(ENDED_MAX);
            self.ended.drain(..surplus);
        }
        match heard {
            Heard::Assigned => self.mailbox.put(&news.tracking_id, true),
            Heard::Unassigned => self.mailbox.put(&news.tracking_id, false),
            Heard::Changed if news.status.is_final() => self.mailbox.withdraw(&news.tracking_id),
            Heard::Changed | Heard::Old => {}
        }
        self.revision += 1;
        Ok(heard)
    }

    fn keep_stop(&mut self, known: Option<usize>, news: &News) -> Result<Heard, Rejection> {
        let stop = Stop {
            tracking_id: news.tracking_id.clone(),
            order_id: news.order_id.clone(),
            store_id: news.store_id.clone(),
            status: news.status,
            seq: news.seq,
            pickup: news.pickup.clone(),
            dropoff: news.dropoff.clone(),
            told: None,
            order: None,
        };
        if let Some(known) = known.and_then(|n| self.stops.get_mut(n)) {
            let changed = known.status != stop.status;
            *known = Stop { told: known.told.take(), order: known.order.take(), ..stop };
            return Ok(if changed { Heard::Changed } else { Heard::Old });
        }
        if self.stops.len() >= STOPS_MAX {
            return Err(Rejection::Conflict(format!(
                "a driver has at most {STOPS_MAX} deliveries at a time"
            )));
        }
        self.stops.push(stop);
        Ok(Heard::Assigned)
    }

    /// Goes on or off duty. Nobody goes off duty with goods on board.
    pub fn set_duty(&mut self, on_duty: bool) -> Result<bool, Rejection> {
        let carrying =
            self.stops.iter().any(|stop| matches!(stop.status, Status::PickedUp | Status::InTransit));
        if !on_duty && carrying {
            return Err(Rejection::Conflict(
                "there are goods on board: deliver them, or have them reassigned, before going off duty"
                    .into(),
            ));
        }
        let changed = self.off_duty == on_duty;
        self.off_duty = !on_duty;
        self.revision += u64::from(changed);
        Ok(changed)
    }

    /// What each delivery has to be told, of those that have not been told yet. A driver whose stops nobody has
    /// ordered, and who was never heard of here, reports to each delivery by itself: none is before another.
    pub fn headings(&self) -> Vec<(String, Heading)> {
        if !self.ordered && self.presence.last_seen.is_none() {
            return Vec::new();
        }
        let mut ahead = Vec::new();
        let mut due = Vec::new();
        for (before, stop) in self.stops.iter().enumerate() {
            let heading = Heading {
                ordered: self.ordered,
                stops_before: u32::try_from(before).unwrap_or(u32::MAX),
                ahead: ahead.clone(),
                online: self.presence.online,
                reason: self.presence.reason,
                order: stop.order.clone(),
            };
            if stop.told.clone().unwrap_or_default() != heading {
                due.push((stop.tracking_id.clone(), heading));
            }
            ahead.push(stop.place().position());
        }
        due
    }

    /// A delivery has been told.
    pub fn told(&mut self, tracking_id: &str, heading: Heading) {
        if let Some(stop) = self.stops.iter_mut().find(|stop| stop.tracking_id == tracking_id) {
            stop.told = Some(heading);
        }
    }

    /// A delivery that says that it is not this driver's.
    pub fn forget(&mut self, tracking_id: &str) -> bool {
        let before = self.stops.len();
        self.stops.retain(|stop| stop.tracking_id != tracking_id);
        let forgotten = self.stops.len() < before;
        if forgotten {
            self.mailbox.put(tracking_id, false);
            self.part(tracking_id);
        }
        self.revision += u64::from(forgotten);
        forgotten
    }

    fn part(&mut self, tracking_id: &str) {
        self.parted.retain(|id| id != tracking_id);
        self.parted.push(tracking_id.to_owned());
        let surplus = self.parted.len().saturating_sub(PARTED_MAX);
        self.parted.drain(..surplus);
    }

    /// Whether the archive lacks something. A driver who was never heard of here is on no list.
    pub fn awaits_archive(&self) -> bool {
        let listed = self.presence.last_seen.is_some() || self.off_duty;
        (listed && self.archived < self.revision)
            || self.emergencies.iter().any(|emergency| !emergency.archived)
    }

    pub fn next_stop(&self) -> Option<&Stop> {
        self.stops.first()
    }

    /// The one stop of a driver that has no other: which is meant need not be said.
    pub fn only_stop(&self) -> Result<&Stop, Rejection> {
        match self.stops.as_slice() {
            [only] => Ok(only),
            _ => {
                Err(Rejection::invalid("tracking_id", "tracking_id is required: say which delivery is meant"))
            }
        }
    }

    /// What decides how often the driver's phone reports: the next stop, and how closely it is followed.
    pub fn situation(&self, last: Option<&LastFix>, interest: Interest) -> Situation {
        let phase = match self.next_stop().map(|stop| stop.status) {
            None => Phase::Idle,
            Some(Status::Created | Status::Assigned) => Phase::ToPickup,
            Some(_) => Phase::UnderWay,
        };
        let busy = phase != Phase::Idle;
        Situation {
            phase,
            distance_m: interest.remaining_m.filter(|_| busy),
            eta_s: interest.eta_s.filter(|_| busy).map(|secs| secs as f64),
            watched: interest.watched,
            speed: last.and_then(|last| last.speed),
            battery: last.and_then(|last| last.battery),
        }
    }

    /// Deliveries that ended after `oldest` was measured, by a phone that sends it late: it is theirs, too.
    pub fn ended_since(&self, oldest: Option<Millis>) -> impl Iterator<Item = String> {
        let ended = self.ended.iter().filter(move |(_, at)| oldest.is_some_and(|oldest| oldest <= *at));
        ended.map(|(id, _)| id.clone())
    }

    pub fn has(&self, tracking_id: &str) -> bool {
        self.stops.iter().any(|stop| stop.tracking_id == tracking_id)
    }
}

/// When each delivery last got a position: in memory only.
#[derive(Debug, Default)]
pub struct Feed {
    fed: Vec<(String, Millis)>,
    next: Option<String>,
}

impl Feed {
    /// Whom a position goes to: the next stop always; the others now and then, and where the next changes.
    pub fn addressees(&mut self, stops: &[Stop], wall: Millis) -> Vec<String> {
        let next = stops.first().map(|stop| stop.tracking_id.clone());
        let changed = self.next != next;
        self.next = next;
        self.fed.retain(|(id, _)| stops.iter().any(|stop| stop.tracking_id == *id));
        let mut addressees = Vec::new();
        for (n, stop) in stops.iter().enumerate() {
            let fed = self.fed.iter_mut().find(|(id, _)| *id == stop.tracking_id);
            let due = fed.as_ref().is_none_or(|(_, at)| wall.since(*at) >= FEED_SPAN);
            if n == 0 || changed || due {
                match fed {
                    Some((_, at)) => *at = wall,
                    None => self.fed.push((stop.tracking_id.clone(), wall)),
                }
                addressees.push(stop.tracking_id.clone());
            }
        }
        addressees
    }
}
