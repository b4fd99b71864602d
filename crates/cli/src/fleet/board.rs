//! What came of a fleet's reports: counts, and how long they took, in memory that does not grow with the run.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use onway_core::wire::Counts;
use onway_core::wire::fleet::FleetMoving;

use crate::replay::interruptions::Interruptions;

/// Fixes of a delivery that may wait to be seen on a dashboard: a dashboard that is a minute behind by fixes a
/// second still finds its own. The oldest go, and count as passed over.
const WAITING_MAX: usize = 64;
/// The longest time that is told from longer ones, in µs: an hour.
const LONGEST_US: u64 = 3_600_000_000;
/// Digits of a time that are right.
const DIGITS: u8 = 3;

/// Written by all drivers and dashboards.
#[derive(Debug, Default)]
pub struct Board(Mutex<Tally>);

#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Drivers that have connected.
    pub connected: usize,
    /// Drivers that are on the road.
    pub departed: usize,
    /// Drivers that have given up.
    pub lost: usize,
    pub delivered: u64,
    /// Fixes.
    pub sent: u64,
    pub acknowledged: u64,
    /// Of those, the ones that the position filter did not believe.
    pub filtered: u64,
    /// Reports that the service would not have, and those that found no room to wait.
    pub refused: u64,
    /// From a fix being sent to its acknowledgement.
    pub acknowledgement: Times,
    /// From a fix being sent to its being on the dashboard.
    pub lag: Times,
    /// Fixes that a dashboard never saw, since it saw a newer one.
    pub passed_over: u64,
    /// Of all dashboards' sockets.
    pub frames: u64,
    pub bytes: u64,
    /// By tracking id: seconds of the fixes, oldest first, and when they were sent.
    waiting: HashMap<String, VecDeque<(i64, Instant)>>,
    /// Why connections broke or could not be made, reports were refused, drivers gave up.
    pub troubles: Interruptions,
    /// What was sent before is not counted.
    begun: Option<Instant>,
}

/// How long something took, over and over.
#[derive(Debug, Clone)]
pub struct Times(Histogram<u64>);

impl Board {
    /// From now on everything is counted anew; who has connected stays so, and what is on its way is not counted.
    pub fn begin(&self, now: Instant) {
        let mut tally = self.lock();
        let Tally { connected, departed, lost, .. } = *tally;
        let troubles = std::mem::take(&mut tally.troubles);
        *tally = Tally { connected, departed, lost, troubles, begun: Some(now), ..Tally::default() };
    }

    pub fn look<T>(&self, at: impl FnOnce(&Tally) -> T) -> T {
        at(&self.lock())
    }

    pub fn write(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    /// A fix of this time, in Unix seconds, went out. `watched` where a dashboard is to see it.
    pub fn sent(&mut self, tracking_id: &str, secs: i64, at: Instant, watched: bool) {
        self.sent += 1;
        if !watched {
            return;
        }
        let waiting = self.waiting.entry(tracking_id.to_owned()).or_default();
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
            self.passed_over += 1;
        }
        waiting.push_back((secs, at));
    }

    /// What was sent at one instant is acknowledged at another.
    pub fn acknowledged(&mut self, counts: &Counts, sent: Instant, at: Instant) {
        if self.begun.is_some_and(|begun| sent < begun) {
            return;
        }
        self.acknowledged += 1;
        self.filtered += counts.filtered as u64;
        self.acknowledgement.add(at.saturating_duration_since(sent));
    }

    /// A dashboard shows this of a delivery.
    pub fn shown(&mut self, tracking_id: &str, moving: &FleetMoving, at: Instant) {
        let (Some(location), Some(waiting)) = (&moving.current_location, self.waiting.get_mut(tracking_id))
        else {
            return;
        };
        while let Some((secs, sent)) =
            waiting.front().copied().filter(|(secs, _)| *secs <= location.timestamp)
        {
            waiting.pop_front();
            // Of several in one second, the newest is what it shows.
            let newest = waiting.front().is_none_or(|(secs, _)| *secs > location.timestamp);
            if newest && secs == location.timestamp {
                self.lag.add(at.saturating_duration_since(sent));
            } else {
                self.passed_over += 1;
            }
        }
    }

    /// A delivery has ended: what was not seen until now will not be.
    pub fn ended(&mut self, tracking_id: &str) {
        self.delivered += 1;
        self.waiting.remove(tracking_id);
    }
}

impl Times {
    pub fn add(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_micros()).unwrap_or(LONGEST_US).max(1));
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time within which this share of all was done, in ms; `None` without any.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(share) as f64 / 1_000.0)
    }
}

impl Default for Times {
    fn default() -> Self {
        // These bounds are always valid: the lowest is 1 µs, and there are at most five digits.
        let empty = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        Self(empty.unwrap_or_else(|_| unreachable!("a histogram of 1 µs to an hour")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onway_core::wire::fleet::FleetLocation;
    use onway_core::wire::snapshot::LocationState;

    fn moving(timestamp: Option<i64>) -> FleetMoving {
        let location =
            |timestamp| FleetLocation { lat: 5.6, lng: -0.2, timestamp, heading: None, speed: None };
        FleetMoving {
            current_location: timestamp.map(location),
            location_state: LocationState::Live,
            eta_at: None,
            remaining_m: None,
            stops_before: 0,
            off_route: false,
            driver_online: true,
            battery: None,
            seq: 1,
            updated_at: 0,
        }
    }

    #[test]
    fn the_lag_of_a_fix_ends_with_the_first_frame_that_shows_it() {
        let start = crate::clock::monotonic();
        let after = |ms| start + Duration::from_millis(ms);
        let mut tally = Tally::default();
        for (secs, ms) in [(100, 0), (102, 2_000), (104, 4_000), (106, 6_000)] {
            tally.sent("TRK-1", secs, after(ms), true);
        }
        tally.sent("TRK-2", 104, after(4_000), true);
        for (tracking_id, timestamp, ms) in [
            ("TRK-1", None, 1_000),
            ("TRK-1", Some(99), 1_000),
            ("TRK-1", Some(100), 1_500),
            ("TRK-1", Some(100), 2_500),
            ("TRK-1", Some(104), 5_000),
            ("TRK-1", Some(105), 5_500),
            ("TRK-3", Some(104), 5_500),
        ] {
            tally.shown(tracking_id, &moving(timestamp), after(ms));
        }
        assert_eq!((tally.sent, tally.lag.count(), tally.passed_over), (5, 2, 1));
        let [shortest, longest] = [0.0, 1.0].map(|share| tally.lag.quantile_ms(share).unwrap());
        assert!((shortest - 1_000.0).abs() < 2.0 && (longest - 1_500.0).abs() < 2.0, "{shortest} {longest}");
    }

    #[test]
    fn what_nobody_shows_takes_no_more_room_than_its_bound() {
        let now = crate::clock::monotonic();
        let mut tally = Tally::default();
        for secs in 0..10 * WAITING_MAX as i64 {
            tally.sent("TRK-1", secs, now, true);
            tally.sent("TRK-2", secs, now, false);
        }
        assert_eq!(tally.waiting.values().map(VecDeque::len).sum::<usize>(), WAITING_MAX);
        assert_eq!(tally.passed_over, 9 * WAITING_MAX as u64);
        tally.ended("TRK-1");
        assert!(tally.waiting.is_empty());
    }

    #[test]
    fn what_was_on_its_way_when_counting_begins_is_not_counted() {
        let start = crate::clock::monotonic();
        let after = |ms| start + Duration::from_millis(ms);
        let board = Board::default();
        board.write(|tally| {
            tally.connected = 1;
            tally.sent("TRK-1", 100, start, true);
        });
        board.begin(after(10));
        board.write(|tally| {
            tally.acknowledged(&Counts::default(), start, after(20));
            tally.shown("TRK-1", &moving(Some(100)), after(30));
            tally.sent("TRK-1", 105, after(40), true);
            tally.acknowledged(&Counts::default(), after(40), after(50));
        });
        let counts = |tally: &Tally| (tally.connected, tally.sent, tally.acknowledged, tally.lag.count());
        assert_eq!(board.look(counts), (1, 1, 1, 0));
    }
}
