//! The recent track of a delivery: the window in which order does not matter, and what has left it.
//!
//! The window holds the last 64 fixes of the last 5 minutes in the order of their time. A fix that comes
//! late, but falls within it, is put in its place, and the filter runs again from the checkpoint before
//! the window. A fix that leaves the window is settled: its verdict is final, and it moves on into the
//! open chunk of history and into the trail.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::filter::{self, Filter, Reason, Verdict};
use crate::fix::{Fix, FixId, Position};
use crate::thinning::thinned;
use crate::track::{self, Chunk, Recorded, Unreadable};
use crate::wire::start::Mode;

/// Most fixes in the window.
pub const WINDOW_FIXES: usize = 64;
/// Longest span of the window, in ms.
pub const WINDOW_SPAN: i64 = 5 * 60 * 1000;
/// Most fixes in a chunk of history.
pub const CHUNK_FIXES: usize = 180;
/// Longest span of a chunk of history, in ms.
pub const CHUNK_SPAN: i64 = 15 * 60 * 1000;
/// The settled trail is thinned out to half of this when it is full.
const TRAIL_MAX: usize = 128;

/// The place of a fix in a track: see [`Fix::key`].
pub type Key = (Millis, Position, Millis);

/// The chunks of history that have left the object's memory.
pub trait Archive {
    /// Whether one of them holds the same fix. Its time may differ by what `sent_at` made of it.
    fn contains(&self, fix: &Fix) -> bool;
}

/// A delivery without older chunks.
pub struct NoArchive;

impl Archive for NoArchive {
    fn contains(&self, _: &Fix) -> bool {
        false
    }
}

/// Where a fix went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It was known.
    Duplicate,
    /// Newer than all before.
    Newest(Verdict),
    /// Older than the newest, put in its place in the window.
    Between(Verdict),
    /// Older than the window: it joined the history alone, judged by itself.
    Older(Verdict),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recent {
    /// The filter before the first fix of the window.
    base: Filter,
    /// The filter after the last one: follows from `base` and `window`.
    head: Filter,
    settled_until: Option<Key>,
    window: Vec<Recorded>,
    open: Chunk,
    /// Settled fixes that were believed, thinned out; the last one is always there.
    trail: Vec<Recorded>,
    /// Identities in `open`: follows from it, made when first needed.
    known: Option<HashSet<FixId>>,
}

impl Recent {
    /// Puts a fix in its place.
    pub fn place(&mut self, fix: Fix, mode: Mode, archive: &dyn Archive) -> Placed {
        if self.holds(&fix) {
            return Placed::Duplicate;
        }
        let key = fix.key();
        let newest = self.window.last().map(|recorded| recorded.fix.key());
        if newest.is_none_or(|newest| key > newest) && self.settled_until.is_none_or(|settled| key > settled)
        {
            let recorded = judged(&mut self.head, fix, mode);
            let verdict = recorded.verdict;
            self.window.push(recorded);
            self.settle(mode);
            return Placed::Newest(verdict);
        }
        let too_old = newest.is_some_and(|newest| newest.0.since(key.0) > WINDOW_SPAN);
        if too_old || self.settled_until.is_some_and(|settled| key <= settled) {
            if archive.contains(&fix) {
                return Placed::Duplicate;
            }
            let verdict =
                if filter::is_nowhere(&fix) { Verdict::Filtered(Reason::NullIsland) } else { Verdict::Late };
            self.record(&Recorded { fix, verdict, shown: None });
            return Placed::Older(verdict);
        }
        let at = self.window.partition_point(|recorded| recorded.fix.key() < key);
        self.window.insert(at, Recorded { fix, verdict: Verdict::Late, shown: None });
        self.rerun(mode);
        let verdict = self.window.get(at).map_or(Verdict::Late, |recorded| recorded.verdict);
        self.settle(mode);
        Placed::Between(verdict)
    }

    /// Adds a fix to the history whose verdict was decided without the window.
    pub fn record_apart(&mut self, fix: Fix, verdict: Verdict, archive: &dyn Archive) -> bool {
        if self.holds(&fix) || archive.contains(&fix) {
            return false;
        }
        self.record(&Recorded { fix, verdict, shown: None });
        true
    }

    /// Whether the window or the open chunk holds the same fix.
    pub fn holds(&mut self, fix: &Fix) -> bool {
        let id = fix.id();
        self.window.iter().any(|recorded| recorded.fix.id() == id) || self.is_settled(id)
    }

    /// The newest fix that is believed.
    pub fn live(&self) -> Option<&Fix> {
        self.believed().next_back().map(|recorded| &recorded.fix)
    }

    /// Where that fix is shown: the smoothed position.
    pub fn live_position(&self) -> Option<Position> {
        self.believed().next_back().map(Recorded::place)
    }

    /// The filter after the newest fix.
    pub fn filter(&self) -> &Filter {
        &self.head
    }

    /// Believed fixes from the start on, thinned out where they have settled.
    pub fn believed(&self) -> impl DoubleEndedIterator<Item = &Recorded> {
        let recent = self.window.iter().filter(|recorded| recorded.verdict == Verdict::Accepted);
        self.trail.iter().chain(recent)
    }

    /// The fixes whose order is still open.
    pub fn window(&self) -> &[Recorded] {
        &self.window
    }

    /// The chunk that is being filled.
    pub fn open(&self) -> &Chunk {
        &self.open
    }

    /// The fixes that are in no closed chunk.
    pub fn recorded(&self) -> Vec<Recorded> {
        // What was written here can be read here.
        let mut recorded = track::decode(self.open.bytes()).unwrap_or_default();
        recorded.extend(self.window.iter().cloned());
        recorded
    }

    /// The same as a chunk.
    pub fn unarchived(&self) -> Chunk {
        let mut chunk = self.open.clone();
        self.window.iter().for_each(|recorded| chunk.push(recorded));
        chunk
    }

    /// Takes the open chunk when it is full, to be stored apart.
    pub fn take_full_chunk(&mut self) -> Option<Chunk> {
        let settled = self.open.settled_span().map_or(0, |(from, to)| to.since(from));
        if self.open.len() < CHUNK_FIXES && settled < CHUNK_SPAN {
            return None;
        }
        self.known = None;
        Some(std::mem::take(&mut self.open))
    }

    /// Begins anew at `now`, for somebody else's positions: all that was taken moves on into the history, of
    /// which the chunks that are full are returned.
    pub fn begin_anew(&mut self, now: Millis) -> Vec<Chunk> {
        let mut full = Vec::new();
        for recorded in std::mem::take(&mut self.window) {
            self.settled_until = Some(recorded.fix.key());
            self.record(&recorded);
            full.extend(self.take_full_chunk());
        }
        // A clock that was ahead must not make the next driver's positions late.
        self.settled_until = self.settled_until.map(|settled| settled.min((now, Position::default(), now)));
        (self.base, self.head) = (Filter::default(), Filter::default());
        self.trail.clear();
        full
    }

    fn rerun(&mut self, mode: Mode) {
        self.head = self.base.clone();
        for recorded in &mut self.window {
            *recorded = judged(&mut self.head, recorded.fix.clone(), mode);
        }
    }

    /// Moves on what has left the window.
    fn settle(&mut self, mode: Mode) {
        let Some(newest) = self.window.last().map(|recorded| recorded.fix.time) else { return };
        let too_many = self.window.len().saturating_sub(WINDOW_FIXES);
        let too_old = self.window.partition_point(|recorded| newest.since(recorded.fix.time) > WINDOW_SPAN);
        let leaving: Vec<_> = self.window.drain(..too_many.max(too_old)).collect();
        for recorded in leaving {
            self.base.step(&recorded.fix, mode);
            self.settled_until = Some(recorded.fix.key());
            self.record(&recorded);
            if recorded.verdict == Verdict::Accepted {
                self.trail.push(recorded);
                self.thin_trail();
            }
        }
    }

    fn thin_trail(&mut self) {
        if self.trail.len() <= TRAIL_MAX {
            return;
        }
        let points: Vec<_> = self.trail.iter().map(Recorded::place).collect();
        let kept = thinned(&points, TRAIL_MAX / 2);
        self.trail = kept.into_iter().filter_map(|at| self.trail.get(at).cloned()).collect();
    }

    fn record(&mut self, recorded: &Recorded) {
        if let Some(known) = &mut self.known {
            known.insert(recorded.fix.id());
        }
        self.open.push(recorded);
    }

    fn is_settled(&mut self, id: FixId) -> bool {
        let open = &self.open;
        self.known
            .get_or_insert_with(|| {
                let fixes = track::decode(open.bytes()).unwrap_or_default();
                fixes.iter().map(|recorded| recorded.fix.id()).collect()
            })
            .contains(&id)
    }
}

/// A fix after the filter's next step.
fn judged(filter: &mut Filter, fix: Fix, mode: Mode) -> Recorded {
    let verdict = filter.step(&fix, mode);
    let shown = filter.shown(fix.time, mode).filter(|_| verdict == Verdict::Accepted);
    Recorded { shown: shown.map(|shown| shown.position), fix, verdict }
}

/// [`Recent`] as it is stored: what is small in JSON, fixes in the codec of `track`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    base: Filter,
    settled_until: Option<Key>,
    #[serde(skip)]
    pub window: Vec<u8>,
    #[serde(skip)]
    pub open: Vec<u8>,
    #[serde(skip)]
    pub trail: Vec<u8>,
}

impl Recent {
    pub fn store(&self) -> Stored {
        Stored {
            base: self.base.clone(),
            settled_until: self.settled_until,
            window: self.window.iter().collect::<Chunk>().bytes().to_vec(),
            open: self.open.bytes().to_vec(),
            trail: self.trail.iter().collect::<Chunk>().bytes().to_vec(),
        }
    }

    pub fn load(stored: Stored, mode: Mode) -> Result<Self, Unreadable> {
        let mut recent = Self {
            base: stored.base,
            head: Filter::default(),
            settled_until: stored.settled_until,
            window: track::decode(&stored.window)?,
            open: Chunk::from_bytes(&stored.open)?,
            trail: track::decode(&stored.trail)?,
            known: None,
        };
        recent.rerun(mode);
        Ok(recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fix(secs: i64, lat_e7: i32) -> Fix {
        Fix::new(Millis::from_secs(secs), Position { lat_e7, lng_e7: 10_000_000 })
    }

    fn run(fixes: &[Fix]) -> Recent {
        let mut recent = Recent::default();
        for fix in fixes {
            recent.place(fix.clone(), Mode::Bicycle, &NoArchive);
        }
        recent
    }

    /// Every fix with its verdict, in the order of time.
    fn recorded(recent: &Recent) -> Vec<Recorded> {
        let mut all = track::decode(recent.open().bytes()).unwrap();
        all.extend(recent.window().iter().cloned());
        all.sort_by_key(|recorded| recorded.fix.key());
        all
    }

    /// Fixes a few seconds apart, some of them jumps, each possibly twice, displaced by a few places.
    fn disordered() -> impl Strategy<Value = (Vec<Fix>, Vec<Fix>)> {
        proptest::collection::vec((1..4_i64, -3_000..3_000_i32, 0..10_u8, 0..12_usize, any::<bool>()), 1..150)
            .prop_map(|steps| {
                let (mut time, mut lat) = (1_700_000_000, 50_000_000);
                let mut ordered = Vec::new();
                for (dt, dlat, jump, ..) in &steps {
                    (time, lat) = (time + dt, lat + dlat);
                    ordered.push(fix(time, if *jump == 0 { lat + 90_000 } else { lat }));
                }
                let mut shuffled: Vec<(usize, Fix)> = Vec::new();
                for (i, (.., delay, twice)) in steps.iter().enumerate() {
                    shuffled.push((i + delay, ordered[i].clone()));
                    if *twice {
                        shuffled.push((i + 20, ordered[i].clone()));
                    }
                }
                shuffled.sort_by_key(|(at, _)| *at);
                (ordered, shuffled.into_iter().map(|(_, fix)| fix).collect())
            })
    }

    proptest! {
        #[test]
        fn order_and_repetition_do_not_matter((ordered, shuffled) in disordered()) {
            let (clean, messy) = (run(&ordered), run(&shuffled));
            prop_assert_eq!(recorded(&messy), recorded(&clean));
            prop_assert_eq!(messy.live(), clean.live());
        }

        #[test]
        fn stored_and_loaded_it_goes_on_as_before((_, fixes) in disordered(), at in 0..150usize) {
            let at = at.min(fixes.len());
            let mut woken = run(&fixes[..at]);
            woken = Recent::load(woken.store(), Mode::Bicycle).unwrap();
            for fix in &fixes[at..] {
                woken.place(fix.clone(), Mode::Bicycle, &NoArchive);
            }
            woken.known = None;
            let mut slept = run(&fixes);
            slept.known = None;
            prop_assert_eq!(woken, slept);
        }

        #[test]
        fn sent_again_nothing_is_added((_, fixes) in disordered()) {
            let mut recent = run(&fixes);
            let before = recorded(&recent);
            for fix in fixes {
                prop_assert_eq!(recent.place(fix, Mode::Bicycle, &NoArchive), Placed::Duplicate);
            }
            prop_assert_eq!(recorded(&recent), before);
        }
    }

    #[test]
    fn what_is_older_than_the_window_joins_the_history_alone() {
        let mut recent = run(&(0..10).map(|i| fix(1_000 + i * 60, 1_000 * i as i32)).collect::<Vec<_>>());
        let live = recent.live().cloned();
        assert_eq!(recent.place(fix(900, 5), Mode::Bicycle, &NoArchive), Placed::Older(Verdict::Late));
        assert_eq!(recent.place(fix(900, 5), Mode::Bicycle, &NoArchive), Placed::Duplicate);
        assert_eq!(recent.live().cloned(), live);
    }

    #[test]
    fn a_late_report_of_no_position_is_no_way() {
        let mut recent = run(&(0..10).map(|i| fix(1_000 + i * 60, 1_000 * i as i32)).collect::<Vec<_>>());
        let nowhere = Fix::new(Millis::from_secs(900), Position::default());
        let expected = Verdict::Filtered(Reason::NullIsland);
        assert_eq!(recent.place(nowhere, Mode::Bicycle, &NoArchive), Placed::Older(expected));
    }

    #[test]
    fn state_stays_bounded_and_chunks_leave_when_full() {
        let mut recent = Recent::default();
        let mut chunks = Vec::new();
        for i in 0..2_000 {
            recent.place(fix(1_000 + i, (i % 7) as i32 * 100), Mode::Bicycle, &NoArchive);
            chunks.extend(recent.take_full_chunk());
        }
        let stored = recent.store();
        assert_eq!(chunks.iter().map(Chunk::len).collect::<Vec<_>>(), vec![CHUNK_FIXES; 10]);
        assert!(stored.window.len() < 1_000 && stored.open.len() < 2_500 && stored.trail.len() < 2_000);
    }
}
