//! When a delivery tells the hubs: what concerns people at once and until it is heard, positions now and then.

use serde::{Deserialize, Serialize};

use super::load::{UNWATCHED, WATCHED};
use super::report::Report;
use super::{hash, shard_name, shard_of, store_name};
use crate::clock::Millis;
use crate::delivery::Delivery;
use crate::permission::Party;

/// Most hubs of a delivery: its shard, and its store's.
pub const HUBS: usize = 2;

/// What the hubs are known to have heard, in the order of [`Delivery::hubs`]. Written with whatever else changes: what
/// an eviction forgets of it is told once more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reporting([Told; HUBS]);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    /// The [`digest`] of what it has heard.
    #[serde(default)]
    digest: u64,
    /// When it was last told a position, whether or not it heard. Wall clock.
    #[serde(default)]
    moved: Millis,
    /// The pace that it asked for, in ms; 0 until it has.
    #[serde(default)]
    pace: i64,
    /// How many sockets it has heard that the delivery has; `None` until it has heard anything.
    #[serde(default)]
    sockets: Option<u64>,
}

impl Told {
    const fn pace(&self) -> i64 {
        if self.pace > 0 { self.pace } else { UNWATCHED }
    }

    /// Whether it is time for the next. A clock that was set back must not silence it.
    fn is_due(&self, wall: Millis) -> bool {
        !(0..self.pace()).contains(&wall.since(self.moved))
    }
}

impl Reporting {
    /// There is a newer position. Which hubs are to be told of it now: that counts as done.
    pub fn moved(&mut self, wall: Millis) -> [bool; HUBS] {
        self.0.each_mut().map(|told| {
            let due = told.is_due(wall);
            if due {
                told.moved = wall;
            }
            due
        })
    }

    /// When the first of so many hubs that know of another number of sockets is to hear of this one, and no sooner than
    /// it asked for; `None`: they know it. Who has heard nothing yet is told that with the rest.
    pub fn count_due(&self, hubs: usize, sockets: u64, wall: Millis) -> Option<Millis> {
        let others =
            self.0.iter().take(hubs).filter(|told| told.sockets.is_some_and(|known| known != sockets));
        others.map(|told| if told.is_due(wall) { wall } else { told.moved.plus(told.pace()) }).min()
    }

    /// In how many ms a position that was not told is to be, where a dashboard watches.
    pub fn pause(&self, wall: Millis) -> Option<i64> {
        let watched = self.0.iter().filter(|told| told.pace() <= WATCHED);
        watched.map(|told| (told.pace() - wall.since(told.moved)).clamp(0, WATCHED)).min()
    }

    pub fn has_heard(&self, hub: usize, digest: u64) -> bool {
        self.0.get(hub).is_some_and(|told| told.digest == digest)
    }

    /// A hub has heard, and says how often it wants to hear of positions. Whether that is another pace.
    pub fn heard(&mut self, hub: usize, digest: u64, sockets: u64, pace: i64) -> bool {
        let Some(told) = self.0.get_mut(hub) else { return false };
        (told.digest, told.sockets) = (digest, Some(sockets));
        let pace = pace.clamp(WATCHED, UNWATCHED);
        let is_another = told.pace() != pace;
        told.pace = pace;
        is_another
    }
}

impl Delivery {
    /// When a hub that knows of another number of sockets is to hear of this one.
    pub fn count_due(&self, sockets: u64, wall: Millis) -> Option<Millis> {
        let hubs = 1 + usize::from(self.facts.store_id.is_some());
        self.live.reporting.count_due(hubs, sockets, wall)
    }

    /// The hubs that are told of it, and as whom.
    pub fn hubs(&self, shards: u32) -> Vec<(String, Party)> {
        let shard = shard_name(shard_of(self.facts.tracking_id.as_str(), shards));
        let store = self.facts.store_id.as_deref().map(|store| (store_name(store), Party::Store));
        std::iter::once((shard, Party::Dispatcher)).chain(store).collect()
    }
}

/// What a hub is told at once and until it has heard it, as a number: the same for the same.
pub fn digest(hub: &str, report: &Report, online: bool) -> u64 {
    hash(format!("{hub} {online} {}", report.facts.json).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::circumstances;
    use super::*;
    use crate::delivery::tests::{after, driver, fixes, started, status};
    use crate::status::Status;
    use serde_json::json;

    fn now(delivery: &Delivery, at: Millis) -> u64 {
        digest(
            "shard/0",
            &Report::of(delivery, Party::Dispatcher, circumstances(at)),
            delivery.live.driven.online,
        )
    }

    #[test]
    fn what_concerns_people_is_news_and_a_position_is_not() {
        let mut delivery = started(json!({}));
        let first = now(&delivery, after(0));
        driver(&mut delivery, fixes(&[(1, 5.60)]), 1).unwrap();
        assert_eq!(now(&delivery, after(900)), first);
        driver(&mut delivery, status(Status::PickedUp), 2).unwrap();
        let second = now(&delivery, after(2));
        assert_ne!(second, first);
        delivery.live.driven.online = true;
        assert_ne!(now(&delivery, after(2)), second);
        // Another hub has not heard.
        let report = Report::of(&delivery, Party::Dispatcher, circumstances(after(2)));
        assert_ne!(digest("shard/1", &report, true), digest("shard/0", &report, true));
        let hubs = |delivery: &Delivery| delivery.hubs(1).into_iter().map(|(hub, _)| hub).collect::<Vec<_>>();
        assert_eq!(hubs(&delivery), ["shard/0", "store/s"]);
        delivery.facts.store_id = None;
        assert_eq!(hubs(&delivery), ["shard/0"]);
    }

    #[test]
    fn positions_keep_the_pace_that_each_hub_asks_for() {
        let mut reporting = Reporting::default();
        let start = Millis(1_700_000_000_000);
        let told = |reporting: &mut Reporting, from: i64, secs: i64| {
            let mut counts = [0; HUBS];
            for second in from..from + secs {
                let due = reporting.moved(start.plus(second * 1_000));
                for (count, due) in counts.iter_mut().zip(due) {
                    *count += i32::from(due);
                }
            }
            counts
        };
        assert_eq!(told(&mut reporting, 0, 600), [10, 10]);
        assert_eq!(reporting.pause(start), None);
        assert!(reporting.heard(1, 7, 0, WATCHED) && !reporting.heard(1, 8, 0, WATCHED));
        assert!(reporting.has_heard(1, 8) && !reporting.has_heard(0, 8) && !reporting.has_heard(HUBS, 8));
        assert_eq!(told(&mut reporting, 600, 600), [10, 120]);
        assert_eq!(reporting.pause(start.plus(1_199_000)), Some(1_000));
        // A hub cannot ask for more than is of use, nor for silence.
        reporting.heard(1, 9, 0, 1);
        assert_eq!(told(&mut reporting, 1_200, 60), [1, 12]);
        reporting.heard(1, 9, 0, i64::MAX);
        assert_eq!(told(&mut reporting, 1_260, 600), [10, 10]);
        // A clock that was set back.
        assert_eq!(reporting.moved(start), [true, true]);
    }

    #[test]
    fn another_number_of_sockets_is_told_once_the_pace_allows_it() {
        let (mut reporting, start) = (Reporting::default(), Millis(1_700_000_000_000));
        assert_eq!(reporting.count_due(HUBS, 1, start), None, "who knows nothing is told all");
        reporting.heard(0, 7, 0, UNWATCHED);
        reporting.heard(1, 7, 0, WATCHED);
        assert_eq!(reporting.count_due(HUBS, 0, start), None, "they know it");
        assert_eq!(reporting.count_due(HUBS, 1, start), Some(start), "nothing has been told lately");
        reporting.moved(start);
        let later = start.plus(1_000);
        assert_eq!(reporting.count_due(HUBS, 1, later), Some(start.plus(WATCHED)));
        reporting.heard(1, 7, 1, WATCHED);
        assert_eq!(reporting.count_due(HUBS, 1, later), Some(start.plus(UNWATCHED)));
        assert_eq!(
            reporting.count_due(HUBS, 1, start.plus(-1)),
            Some(start.plus(-1)),
            "a clock that was set back"
        );
        // A delivery of no store has one hub.
        reporting.heard(0, 7, 1, UNWATCHED);
        assert_eq!(
            (reporting.count_due(1, 1, later), reporting.count_due(1, 2, later).is_some()),
            (None, true)
        );
        reporting.heard(1, 7, 0, WATCHED);
        assert_eq!(reporting.count_due(1, 1, later), None);
    }

    #[test]
    fn rows_from_before_there_were_hubs_have_told_nobody() {
        let read: Reporting = crate::own_json::read(b"[{}, {}]").unwrap();
        assert_eq!(read, Reporting::default());
    }
}
