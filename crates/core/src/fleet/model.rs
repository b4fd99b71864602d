//! What a hub knows: the newest report of each delivery, and since when.
//!
//! Reports may come in any order, and more than once: the newest of each delivery stays. What dashboards are told
//! follows from numbers: each tick has one, and each delivery that of its last change.

use std::collections::{BTreeMap, VecDeque};

use super::filter::{Filter, Seen};
use super::report::{Moving, Report, Version};
use crate::clock::Millis;
use crate::counts::{Gauges, Totals};
use crate::fix::Position;
use crate::status::Status;
use crate::wire::snapshot::LocationState;

/// Most deliveries of a hub, of about 1 KB each: a sixth of an object's memory. Beyond it a finished one makes
/// room for one that is under way; where there is none nobody else comes in.
pub const ENTRIES_MAX: usize = 20_000;
/// Most departures that are remembered for dashboards that are slow: who missed more gets the whole.
const GONE_MAX: usize = 2_000;
/// Most erased deliveries that are remembered: a report that was on its way does not bring one back.
const ERASED_MAX: usize = 256;

struct Entry {
    report: Report,
    /// What the JSON says.
    state: LocationState,
    /// The tick of its last change, and that of its facts.
    changed: u64,
    facts_changed: u64,
    /// As it was before that tick; `None` where it was not there.
    before: Option<Before>,
}

struct Before {
    status: Status,
    place: Position,
    driver_id: Option<String>,
}

impl Entry {
    /// Notes a change in this tick.
    fn touch(&mut self, tick: u64) {
        if self.changed < tick {
            let Seen { status, place, driver_id } = self.report.seen();
            self.before = Some(Before { status, place, driver_id: driver_id.map(str::to_owned) });
            self.changed = tick;
        }
    }

    fn json(&self) -> String {
        format!("{{{},{}}}", self.report.facts.json, self.report.moving.json)
    }
}

/// What a report came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is older than what is known, or the same.
    Known,
    /// Only what moves has changed.
    Moved,
    /// To be durable at once. Another one had to make room for it.
    Facts { evicted: Option<String> },
    /// There is no room for it.
    Full,
}

impl Heard {
    /// Whether the hub knows of it now. Else its delivery is to tell it again.
    pub fn is_known(&self) -> bool {
        *self != Self::Full
    }

    /// Whether it has changed anything.
    pub const fn is_news(&self) -> bool {
        matches!(self, Self::Moved | Self::Facts { .. })
    }
}

/// What changed for one filter since a tick, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub deliveries: Vec<String>,
    pub moved: Vec<String>,
    /// Tracking ids.
    pub removed: Vec<String>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.deliveries.is_empty() && self.moved.is_empty() && self.removed.is_empty()
    }
}

/// How many deliveries there are by status (in the order of [`Status::ALL`]), how many by recency (five minutes, an
/// hour, older), and how many sockets they have.
pub type Statistics = [u64; 11];

pub struct Model {
    entries: BTreeMap<String, Entry>,
    /// The tick that has not been told.
    tick: u64,
    /// Deliveries that have left, and in which tick.
    gone: VecDeque<(u64, String)>,
    /// Ticks up to this one have departures that are not remembered.
    forgotten: u64,
    erased: VecDeque<String>,
    /// What deliveries that have left had counted.
    left: Totals,
}

impl Model {
    /// `tick`: later than any of the same hub before, such as the time in ms.
    pub fn new(tick: u64, left: Totals) -> Self {
        Self {
            entries: BTreeMap::new(),
            tick,
            gone: VecDeque::new(),
            forgotten: tick,
            erased: VecDeque::new(),
            left,
        }
    }

    pub fn hear(&mut self, mut report: Report) -> Heard {
        let tick = self.tick;
        if let Some(entry) = self.entries.get_mut(&report.tracking_id) {
            if report.version <= entry.report.version {
                return Heard::Known;
            }
            let facts = report.facts.json != entry.report.facts.json;
            let durable = facts || report.facts.expires != entry.report.facts.expires;
            if facts || report.moving.json != entry.report.moving.json {
                entry.touch(tick);
            }
            if facts {
                entry.facts_changed = tick;
            }
            report.moving.totals.raise(&entry.report.moving.totals);
            entry.report = report;
            // What was said of its age is as of the report.
            entry.state = said(&entry.report.moving);
            return if durable { Heard::Facts { evicted: None } } else { Heard::Moved };
        }
        if self.erased.contains(&report.tracking_id) {
            return Heard::Known;
        }
        let mut evicted = None;
        if self.entries.len() >= ENTRIES_MAX {
            // Whoever had to leave while it is under way would come again with its next report, and count twice.
            evicted = if report.facts.status.is_final() { None } else { self.evict() };
            if evicted.is_none() {
                return Heard::Full;
            }
        }
        let state = said(&report.moving);
        let entry = Entry { state, changed: tick, facts_changed: tick, before: None, report };
        self.entries.insert(entry.report.tracking_id.clone(), entry);
        Heard::Facts { evicted }
    }

    /// Takes what a checkpoint knows of a delivery that is there.
    pub fn recall(&mut self, tracking_id: &str, version: Version, mut moving: Moving) {
        let Some(entry) = self.entries.get_mut(tracking_id) else { return };
        moving.totals.raise(&entry.report.moving.totals);
        entry.report.moving.totals = moving.totals;
        if entry.report.version < version {
            entry.state = said(&moving);
            (entry.report.version, entry.report.moving) = (version, moving);
        }
    }

    /// A delivery has been erased. Whether it was there.
    pub fn erase(&mut self, tracking_id: &str) -> bool {
        if self.erased.len() >= ERASED_MAX {
            self.erased.pop_front();
        }
        self.erased.push_back(tracking_id.to_owned());
        self.remove(tracking_id)
    }

    /// Lets go of what has expired, and notes which positions have become old and which drivers have gone.
    pub fn age(&mut self, wall: Millis) {
        let mut expired = Vec::new();
        for (id, entry) in &mut self.entries {
            if wall >= entry.report.facts.expires {
                expired.push(id.clone());
                continue;
            }
            let state = entry.report.moving.state(wall);
            if state != entry.state {
                entry.touch(self.tick);
                entry.report.moving.age(entry.state, state);
                entry.state = state;
            }
            if entry.report.moving.has_lost_driver(wall) {
                entry.touch(self.tick);
                entry.report.moving.lose_driver();
            }
        }
        for id in expired {
            self.remove(&id);
        }
    }

    /// When the next grows old, loses its driver or expires.
    pub fn next_ageing(&self, wall: Millis) -> Option<Millis> {
        let next = |entry: &Entry| {
            let Moving { stale_at, lost_at, online_until, .. } = entry.report.moving;
            [stale_at, lost_at, online_until, Some(entry.report.facts.expires)]
                .into_iter()
                .flatten()
                .filter(|at| *at > wall)
                .min()
        };
        self.entries.values().filter_map(next).min()
    }

    /// When the next expires.
    pub fn next_expiry(&self) -> Option<Millis> {
        self.entries.values().map(|entry| entry.report.facts.expires).min()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether anything has changed in this tick.
    pub fn has_changed(&self) -> bool {
        self.gone.back().is_some_and(|(tick, _)| *tick >= self.tick)
            || self.entries.values().any(|entry| entry.changed >= self.tick)
    }

    /// The tick that has not been told.
    pub const fn tick(&self) -> u64 {
        self.tick
    }

    /// This tick has been told: what follows is another's.
    pub const fn advance(&mut self) {
        self.tick += 1;
    }

    /// Those that fit, in the order of their ids, from after `after` on: ids and JSON.
    pub fn list<'a>(&'a self, filter: &'a Filter, after: &'a str) -> impl Iterator<Item = (&'a str, String)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let rest = self.entries.range::<str, _>((Excluded(after), Unbounded));
        rest.filter(|(_, entry)| filter.fits(entry.report.seen()))
            .map(|(id, entry)| (id.as_str(), entry.json()))
    }

    /// What has changed for somebody who was told all before tick `since`; `None` where that is not known any more.
    pub fn changes(&self, since: u64, filter: &Filter) -> Option<Changes> {
        if since < self.forgotten {
            return None;
        }
        let mut changes = Changes::default();
        // One that has come back is told of as any other where it fits.
        let is_shown =
            |id: &String| self.entries.get(id).is_some_and(|entry| filter.fits(entry.report.seen()));
        let gone = self.gone.iter().filter(|(tick, id)| *tick >= since && !is_shown(id));
        changes.removed.extend(gone.map(|(_, id)| id.clone()));
        for (id, entry) in self.entries.iter().filter(|(_, entry)| entry.changed >= since) {
            let fits = filter.fits(entry.report.seen());
            // What was before is known of one tick alone: to whoever has missed more, it may have fitted or not.
            let fitted = match &entry.before {
                _ if entry.changed > since => None,
                None => Some(false),
                Some(Before { status, place, driver_id }) => {
                    let seen = Seen { status: *status, place: *place, driver_id: driver_id.as_deref() };
                    Some(filter.fits(seen))
                }
            };
            if fits && fitted == Some(true) && entry.facts_changed < since {
                changes.moved.push(format!("{{\"tracking_id\":\"{id}\",{}}}", entry.report.moving.json));
            } else if fits {
                changes.deliveries.push(entry.json());
            } else if fitted != Some(false) {
                changes.removed.push(id.clone());
            }
        }
        Some(changes)
    }

    pub fn statistics(&self, wall: Millis) -> Statistics {
        let mut found = Statistics::default();
        for entry in self.entries.values() {
            let Report { facts, moving, .. } = &entry.report;
            let status = Status::ALL.iter().position(|status| *status == facts.status).unwrap_or_default();
            let recency = match wall.since(moving.updated) {
                ..300_000 => 7,
                300_000..3_600_000 => 8,
                _ => 9,
            };
            for (place, count) in [(status, 1), (recency, 1), (10, moving.gauges.sockets)] {
                if let Some(known) = found.get_mut(place) {
                    *known += count;
                }
            }
        }
        found
    }

    /// What all have counted, those that have left among them.
    pub fn totals(&self) -> Totals {
        let mut totals = self.left;
        for entry in self.entries.values() {
            totals.add(&entry.report.moving.totals);
        }
        totals
    }

    /// What those that have left had counted.
    pub const fn left(&self) -> Totals {
        self.left
    }

    pub fn gauges(&self) -> Gauges {
        let mut all = Gauges::default();
        for entry in self.entries.values() {
            all.add(&entry.report.moving.gauges);
        }
        all
    }

    /// For a checkpoint: what moves, of each.
    pub fn moving(&self) -> impl Iterator<Item = (&str, Version, &Moving)> {
        self.entries.iter().map(|(id, entry)| (id.as_str(), entry.report.version, &entry.report.moving))
    }

    pub fn report(&self, tracking_id: &str) -> Option<&Report> {
        self.entries.get(tracking_id).map(|entry| &entry.report)
    }

    fn remove(&mut self, tracking_id: &str) -> bool {
        let Some(entry) = self.entries.remove(tracking_id) else { return false };
        self.left.add(&entry.report.moving.totals);
        if self.gone.len() >= GONE_MAX
            && let Some((tick, _)) = self.gone.pop_front()
        {
            self.forgotten = tick + 1;
        }
        self.gone.push_back((self.tick, tracking_id.to_owned()));
        true
    }

    /// The finished one that was updated first.
    fn evict(&mut self) -> Option<String> {
        let finished = self.entries.iter().filter(|(_, entry)| entry.report.facts.status.is_final());
        let id = finished.min_by_key(|(_, entry)| entry.report.moving.updated)?.0.clone();
        self.remove(&id);
        Some(id)
    }
}

/// The state that the JSON says.
fn said(moving: &Moving) -> LocationState {
    let states = [LocationState::None, LocationState::Live, LocationState::Stale, LocationState::Lost];
    let says =
        |state: &LocationState| moving.json.contains(&format!("\"location_state\":\"{}\"", state.name()));
    states.into_iter().find(says).unwrap_or(LocationState::Hidden)
}

#[cfg(test)]
mod tests;
