//! What outlives a delivery's object: a summary with its timeline and its published ETAs, and the track.
//!
//! The summary is written at the start and at the end, a chunk of the track once it is closed, the rest of
//! the track after the end. Each carries the revision of the state that it was made from: an attempt that
//! was thought lost, and arrives after a later one, changes nothing. Once the delivery has expired all of it
//! goes there, and when the archive is seen to have it, nothing stays in the object.

use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::clock::{Clock, Millis};
use crate::counts::Gauges;
use crate::delivery::{Acts, Delivery, Figures, Handover, Reached};
use crate::outbox::Archived;
use crate::permission::{Circumstances, Owners, Party};
use crate::published::Sample;
use crate::status::Status;
use crate::wire::start::{Mode, Place, Visibility, Window};

/// Most chunks that one attempt writes: a driver that was offline for a day closes many at once.
pub const CHUNKS_PER_ATTEMPT: u32 = 16;

/// A delivery as the archive keeps it. Neither phone, instructions, metadata nor route are in it: they
/// serve while it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub tracking_id: String,
    /// Grows with each change of the delivery.
    pub revision: u64,
    pub order_id: String,
    pub driver_id: Option<String>,
    pub customer_id: Option<String>,
    pub store_id: Option<String>,
    pub mode: Mode,
    pub status: Status,
    pub visibility: Visibility,
    pub started: Millis,
    pub ended: Option<Millis>,
    pub window: Option<Window>,
    pub timeline: Vec<Reached>,
    pub etas: Vec<Sample>,
    pub rest: Rest,
}

/// What is kept and nobody searches for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rest {
    pub epoch: String,
    pub pickup: Option<Place>,
    pub dropoff: Place,
    pub clock: Clock,
    #[serde(default)]
    pub handover: Handover,
    #[serde(default)]
    pub acts: Acts,
    /// For statistics.
    pub figures: Figures,
}

impl Summary {
    pub fn of(delivery: &Delivery) -> Self {
        let Delivery { facts, live, .. } = delivery;
        Self {
            tracking_id: facts.tracking_id.as_str().to_owned(),
            revision: live.revision,
            order_id: facts.order_id.clone(),
            driver_id: facts.driver_id.clone(),
            customer_id: facts.customer_id.clone(),
            store_id: facts.store_id.clone(),
            mode: facts.mode,
            status: delivery.status(),
            visibility: facts.visibility,
            started: facts.started,
            ended: delivery.ended(),
            window: facts.window,
            timeline: live.timeline.clone(),
            etas: live.published.samples().to_vec(),
            rest: Rest {
                epoch: facts.epoch.clone(),
                pickup: facts.pickup.clone(),
                dropoff: facts.dropoff.clone(),
                clock: facts.clock,
                handover: live.handover.clone(),
                acts: live.acts.clone(),
                figures: delivery.figures(),
            },
        }
    }

    /// What `caller` is to this delivery.
    pub fn party(&self, caller: Option<&Caller>) -> Party {
        let Self { driver_id, customer_id, store_id, .. } = self;
        Party::of(caller, Owners::new(driver_id, customer_id, store_id))
    }

    /// What its permissions depend on, after it has expired.
    pub fn circumstances(&self) -> Circumstances {
        Circumstances {
            picked_up: self.timeline.iter().any(|reached| reached.status == Status::PickedUp),
            is_final: self.status.is_final(),
            is_public: self.visibility == Visibility::Public,
            has_expired: true,
        }
    }
}

/// A chunk of the track as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberedChunk {
    /// From 1 on.
    pub n: u32,
    /// In the codec of [`crate::track`].
    pub bytes: Vec<u8>,
}

/// What the archive lacks.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// Of the state that all of this is made from.
    pub revision: u64,
    pub summary: Option<Summary>,
    /// Numbers of closed chunks: the object's rows hold them.
    pub chunks: std::ops::RangeInclusive<u32>,
    /// The fixes after the last closed chunk, once it has ended.
    pub tail: Option<NumberedChunk>,
    /// What the archive has when this is written.
    pub then: Archived,
}

/// What the archive must be seen to have before the object forgets the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub tracking_id: String,
    /// Of the summary.
    pub summary: u64,
    pub chunks: u32,
    /// Of the fixes after the last closed chunk; `None` where there are none.
    pub tail: Option<u64>,
}

impl Delivery {
    /// It has expired: everything goes to the archive, and the driver's object hears that it has gone. Whether
    /// that is news.
    pub fn close(&mut self, wall: Millis) -> bool {
        let news = self.live.outbox.close(wall);
        // What never ended changes by this.
        self.live.revision += u64::from(news && self.ended().is_none());
        news
    }

    /// What the archive must be seen to have; `None` while the object is still needed.
    pub fn held(&self) -> Option<Held> {
        let outbox = &self.live.outbox;
        if !outbox.is_closing() || self.awaits_archive() || self.awaits_driver() {
            return None;
        }
        Some(Held {
            tracking_id: self.facts.tracking_id.as_str().to_owned(),
            summary: outbox.archived.summary,
            chunks: self.live.chunks,
            tail: Some(outbox.archived.tail).filter(|_| !self.live.recent.unarchived().is_empty()),
        })
    }

    /// How it is now, for `/metrics`.
    pub fn gauges(&self, sockets: u64) -> Gauges {
        let chunks = self.live.chunks.saturating_sub(self.live.outbox.archived.chunks);
        let outbox = u64::from(self.lacks_summary()) + u64::from(chunks) + u64::from(self.lacks_tail());
        let since = self.live.outbox.waits_since().filter(|_| outbox > 0);
        Gauges { sockets, outbox, waiting_since: since.map(|since| since.0) }
    }

    /// Whether nothing of it is to come.
    fn is_over(&self) -> bool {
        self.ended().is_some() || self.live.outbox.is_closing()
    }

    /// Whether the archive lacks anything.
    pub fn awaits_archive(&self) -> bool {
        let archived = self.live.outbox.archived;
        self.lacks_summary() || archived.chunks < self.live.chunks || self.lacks_tail()
    }

    /// What to write next; `None` where the archive has all.
    pub fn archive_work(&self) -> Option<Work> {
        if !self.awaits_archive() {
            return None;
        }
        let archived = self.live.outbox.archived;
        let last = self.live.chunks.min(archived.chunks.saturating_add(CHUNKS_PER_ATTEMPT));
        // The rest of the track has the number after the last closed chunk, and comes after them.
        let with_tail = self.lacks_tail() && last == self.live.chunks;
        let tail = Some(self.live.recent.unarchived())
            .filter(|rest| with_tail && !rest.is_empty())
            .map(|rest| NumberedChunk { n: self.live.chunks + 1, bytes: rest.bytes().to_vec() });
        let summary = self.lacks_summary().then(|| Summary::of(self));
        Some(Work {
            revision: self.live.revision,
            chunks: archived.chunks + 1..=last,
            then: Archived {
                summary: if summary.is_some() { self.live.revision } else { archived.summary },
                started: true,
                ended: archived.ended || self.is_over(),
                chunks: last,
                tail: if with_tail { self.live.revision } else { archived.tail },
            },
            summary,
            tail,
        })
    }

    fn lacks_summary(&self) -> bool {
        let archived = self.live.outbox.archived;
        !archived.started
            || (self.is_over() && !archived.ended)
            || (self.live.outbox.is_closing() && archived.summary < self.live.revision)
    }

    fn lacks_tail(&self) -> bool {
        self.is_over() && self.live.outbox.archived.tail < self.live.revision
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::auth::Role;
    use crate::delivery::{Command, Start};
    use crate::recent::NoArchive;
    use crate::track::{Recorded, decode};
    use crate::tracking_id::IdKeys;
    use crate::visibility::rules::Rules;
    use crate::wire::StartRequest;
    use crate::wire::report::{Report, StatusReport};

    const START: Millis = Millis(1_700_000_000_000);

    /// The archive as its SQL makes it: a row gives way to a later revision only.
    #[derive(Default)]
    struct Held {
        summary: Option<Summary>,
        chunks: BTreeMap<u32, (u64, Vec<u8>)>,
    }

    impl Held {
        fn write(&mut self, work: &Work, closed: &[NumberedChunk]) {
            if let Some(summary) = &work.summary
                && self.summary.as_ref().is_none_or(|held| summary.revision > held.revision)
            {
                self.summary = Some(summary.clone());
            }
            for chunk in closed.iter().chain(&work.tail) {
                if self.chunks.get(&chunk.n).is_none_or(|(revision, _)| work.revision > *revision) {
                    self.chunks.insert(chunk.n, (work.revision, chunk.bytes.clone()));
                }
            }
        }

        fn fixes(&self) -> Vec<Recorded> {
            sorted(self.chunks.values().flat_map(|(_, bytes)| decode(bytes).unwrap()).collect())
        }
    }

    fn sorted(mut fixes: Vec<Recorded>) -> Vec<Recorded> {
        fixes.sort_by_key(|recorded| recorded.fix.key());
        fixes
    }

    struct Object {
        delivery: Delivery,
        chunks: Vec<NumberedChunk>,
        now: Millis,
    }

    impl Object {
        fn new() -> Self {
            let body = json!({"order_id": "O", "driver_id": "d", "dropoff": {"lat": 5.65, "lng": -0.2}});
            let start = Start {
                tracking_id: IdKeys::new(1, "a secret of the tests, over 32 bytes long", None)
                    .unwrap()
                    .issue([1; 16]),
                epoch: "e".into(),
                driver_alias: None,
                request: StartRequest::parse(&body).unwrap(),
                default_visibility: Visibility::Public,
                default_rules: Rules::default(),
                default_fences: Default::default(),
                model: None,
                wall: START,
            };
            Self { delivery: Delivery::start(start).0, chunks: Vec::new(), now: START }
        }

        fn apply(&mut self, command: Command) {
            let by =
                Caller { subject: "d".into(), role: Role::Driver, store_id: None, expires: Millis(i64::MAX) };
            let outcome = self.delivery.apply(command, &by, self.now, &NoArchive).unwrap();
            let closed = outcome.chunks.iter();
            self.chunks
                .extend(closed.map(|(n, chunk)| NumberedChunk { n: *n, bytes: chunk.bytes().to_vec() }));
        }

        /// `late` seconds before now.
        fn drive(&mut self, fixes: usize, late: i64) {
            let rows: Vec<_> = (0..fixes)
                .map(|_| {
                    self.now = self.now.plus(2_000);
                    let secs = self.now.since(START) / 1000;
                    json!({"lat": 5.6 + secs as f64 * 1e-6, "lng": -0.2, "timestamp": self.now.plus(-late * 1000).0})
                })
                .collect();
            self.apply(Command::Report(Report::parse(&json!({"locations": rows}), self.now, 1_000).unwrap()));
        }

        fn end(&mut self) {
            self.apply(Command::Status(StatusReport::of(Status::Delivered)));
        }

        fn closed(&self, work: &Work) -> Vec<NumberedChunk> {
            self.chunks.iter().filter(|chunk| work.chunks.contains(&chunk.n)).cloned().collect()
        }

        /// All fixes that were taken.
        fn recorded(&self) -> Vec<Recorded> {
            let mut all: Vec<_> =
                self.chunks.iter().flat_map(|chunk| decode(&chunk.bytes).unwrap()).collect();
            all.extend(self.delivery.live.recent.recorded());
            sorted(all)
        }
    }

    proptest! {
        /// Attempts fail before or after they took effect, and arrive late: in the end the archive has each
        /// fix once, and the last status.
        #[test]
        fn nothing_is_lost_and_nothing_is_there_twice(
            steps in proptest::collection::vec((0..7_u8, 1..120_usize, 0..700_i64), 1..40),
        ) {
            let (mut object, mut held) = (Object::new(), Held::default());
            let mut under_way: Vec<(Work, Vec<NumberedChunk>)> = Vec::new();
            for (step, fixes, late) in steps {
                match step {
                    0 | 1 => object.drive(fixes, 0),
                    2 => object.drive(fixes.min(20), late),
                    3 => object.end(),
                    4 => if let Some(work) = object.delivery.archive_work() {
                        let closed = object.closed(&work);
                        held.write(&work, &closed);
                        object.delivery.live.outbox.succeeded(work.then);
                    },
                    // No answer came: it may yet take effect.
                    5 => if let Some(work) = object.delivery.archive_work() {
                        let closed = object.closed(&work);
                        under_way.push((work, closed));
                    },
                    _ => if let Some((work, closed)) = under_way.pop() {
                        held.write(&work, &closed);
                    },
                }
            }
            object.end();
            while let Some(work) = object.delivery.archive_work() {
                let closed = object.closed(&work);
                prop_assert!(closed.len() <= CHUNKS_PER_ATTEMPT as usize);
                held.write(&work, &closed);
                object.delivery.live.outbox.succeeded(work.then);
            }
            for (work, closed) in under_way {
                held.write(&work, &closed);
            }
            prop_assert_eq!(held.fixes(), object.recorded());
            let summary = held.summary.unwrap();
            prop_assert_eq!(summary.status, Status::Delivered);
            prop_assert_eq!(&summary.timeline, &object.delivery.live.timeline);
        }
    }

    #[test]
    fn what_has_expired_is_archived_whole_before_it_may_go() {
        for ended in [false, true] {
            let mut object = Object::new();
            let work = object.delivery.archive_work().unwrap();
            object.delivery.live.outbox.succeeded(work.then);
            object.drive(10, 0);
            if ended {
                object.end();
                let work = object.delivery.archive_work().unwrap();
                object.delivery.live.outbox.succeeded(work.then);
            }
            assert!(object.delivery.close(object.now) && !object.delivery.close(object.now));
            assert_eq!(object.delivery.held(), None, "the driver does not know");
            for (_, news) in object.delivery.news() {
                assert_eq!((news.driver_id.is_none(), news.seq), (!ended, object.delivery.live.revision));
                object.delivery.news_heard(&news);
            }
            let work = object.delivery.archive_work();
            assert_eq!(work.is_none(), ended, "what has ended is there already");
            if let Some(work) = work {
                assert_eq!((object.delivery.held(), work.tail.is_some()), (None, true));
                object.delivery.live.outbox.succeeded(work.then);
            }
            let held = object.delivery.held().unwrap();
            let revision = object.delivery.live.revision;
            assert_eq!((held.summary, held.chunks, held.tail), (revision, 0, Some(revision)));
        }
    }

    #[test]
    fn the_summary_is_written_at_the_start_and_at_the_end() {
        let mut object = Object::new();
        let work = object.delivery.archive_work().unwrap();
        assert!(work.summary.is_some() && work.tail.is_none());
        object.delivery.live.outbox.succeeded(work.then);
        object.drive(10, 0);
        assert_eq!(object.delivery.archive_work(), None);
        object.end();
        let work = object.delivery.archive_work().unwrap();
        assert_eq!(work.summary.as_ref().map(|summary| summary.status), Some(Status::Delivered));
        assert_eq!(work.tail.as_ref().map(|tail| decode(&tail.bytes).unwrap().len()), Some(10));
        object.delivery.live.outbox.succeeded(work.then);
        assert!(!object.delivery.awaits_archive());
    }
}
