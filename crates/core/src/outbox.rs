//! What must still leave a delivery for the archive, and when to try.
//!
//! Events and chunks of history are rows of the object, written with the change that made them: they are
//! the log. The outbox holds how far the archive has got in it, so that nothing is written per item and
//! nothing can be lost between the two. It goes out at least once, in order, and is never given up: each
//! failure doubles the time to the next attempt.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;

/// How the attempts of one destination are spaced, in ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spacing {
    /// From the first thing to send until it is sent: what follows meanwhile goes with it.
    pub delay: i64,
    /// After the first failure.
    pub retry_first: i64,
    /// After many.
    pub retry_most: i64,
}

/// An alarm that should have fired so long ago is not trusted any more, in ms: the platform drops one whose
/// handler fails too often.
const OVERDUE: i64 = 60_000;

/// An alarm may fire so much before its time, in ms, where two clocks differ.
const EARLY: i64 = 1_000;

/// How far the archive has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// The revision of the newest summary that it has.
    #[serde(default)]
    pub summary: u64,
    /// It has the summary of the start.
    pub started: bool,
    /// It has the summary of the end.
    pub ended: bool,
    /// It has the closed chunks up to this number.
    pub chunks: u32,
    /// It has the fixes after the last closed chunk, as of this revision. 0: it has none of them.
    pub tail: u64,
}

/// The outbox towards the archive, and the one alarm of the object. Times are the wall clock's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outbox {
    #[serde(default)]
    pub archived: Archived,
    /// Failures since the last success.
    #[serde(default)]
    attempts: u32,
    /// The next attempt; `None` where nothing waits.
    #[serde(default)]
    due: Option<Millis>,
    /// When something began to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Millis>,
    /// The alarm that stands.
    #[serde(default)]
    armed: Option<Millis>,
    /// It has expired: what the archive lacks goes there, then nothing stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    closing: bool,
    /// Until when an attempt counts as under way. It is lost with the memory that made it, so never stored.
    #[serde(skip)]
    under_way: Option<Millis>,
}

impl Outbox {
    /// Call after each change and each wake; `waiting`: there is something to send; `expires`: when the delivery
    /// does. Returns the alarm to set.
    pub fn arm(&mut self, waiting: bool, expires: Millis, wall: Millis, spacing: Spacing) -> Option<Millis> {
        let waiting = waiting || self.closing;
        let mut next = expires;
        if waiting {
            self.since.get_or_insert(wall);
            let due = *self.due.get_or_insert_with(|| wall.plus(spacing.delay));
            let due = self.under_way.map_or(due, |until| until.max(due));
            next = if self.closing { due } else { due.min(expires) };
        } else {
            (self.due, self.since) = (None, None);
        }
        let stands = self.armed.is_some_and(|armed| armed <= next && wall.since(armed) < OVERDUE);
        if stands {
            return None;
        }
        let at = next.max(wall);
        self.armed = Some(at);
        Some(at)
    }

    /// Call after [`Self::arm`], for what waits until `at` and for no archive. Returns the alarm to set instead.
    pub fn arm_for(&mut self, at: Millis, wall: Millis) -> Option<Millis> {
        if self.armed.is_some_and(|armed| armed <= at && wall.since(armed) < OVERDUE) {
            return None;
        }
        let at = at.max(wall);
        self.armed = Some(at);
        Some(at)
    }

    /// The alarm has fired, at `wall`: none stands any more but one that was set since. Whether that is news:
    /// then it must be stored, or an alarm that has gone would be trusted after the next wake.
    pub fn fired(&mut self, wall: Millis) -> bool {
        self.armed.take_if(|armed| *armed <= wall.plus(EARLY)).is_some()
    }

    /// Something else than the alarm has woken the object, at `wall`: one whose time has come may be lost. One whose
    /// time comes still stands, however soon it is.
    pub fn woken(&mut self, wall: Millis) {
        self.armed.take_if(|armed| *armed <= wall);
    }

    /// When what waits began to; `None` where nothing does.
    pub const fn waits_since(&self) -> Option<Millis> {
        self.since
    }

    /// Whether an attempt is due.
    pub fn is_due(&self, wall: Millis) -> bool {
        let late = |at: Millis| at <= wall.plus(EARLY);
        self.due.is_some_and(late) && self.under_way.is_none_or(late)
    }

    /// An attempt begins. Until it ends, or is known to have been lost after `timeout` ms, no other does.
    pub fn attempting(&mut self, wall: Millis, timeout: i64, spacing: Spacing) {
        self.under_way = Some(wall.plus(timeout).plus(spacing.retry_first));
    }

    pub fn succeeded(&mut self, archived: Archived) {
        *self = Self { archived, armed: self.armed, closing: self.closing, ..Self::default() };
    }

    /// It has expired: what remains to be done is due, unless the archive is failing. Whether that is news.
    pub fn close(&mut self, wall: Millis) -> bool {
        if self.attempts == 0 {
            self.due = Some(wall);
        }
        !std::mem::replace(&mut self.closing, true)
    }

    pub const fn is_closing(&self) -> bool {
        self.closing
    }

    /// `jitter`, from 0 to 1, spreads those that fail together.
    pub fn failed(&mut self, wall: Millis, spacing: Spacing, jitter: f64) {
        let doubled = spacing.retry_first.saturating_mul(1_i64 << self.attempts.min(32));
        let pause = doubled.min(spacing.retry_most) as f64 * (0.5 + jitter.clamp(0.0, 1.0) / 2.0);
        self.attempts = self.attempts.saturating_add(1);
        self.due = Some(wall.plus(pause as i64));
        self.under_way = None;
    }

    /// Failures since the last success.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPACING: Spacing = Spacing { delay: 2_000, retry_first: 1_000, retry_most: 60_000 };

    const NEVER: Millis = Millis(i64::MAX / 2);

    #[test]
    fn one_alarm_stands_for_all_that_waits() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.arm(false, NEVER, Millis(0), SPACING), Some(NEVER));
        assert_eq!(outbox.arm(true, NEVER, Millis(1_000), SPACING), Some(Millis(3_000)));
        assert_eq!(outbox.arm(true, NEVER, Millis(2_500), SPACING), None);
        outbox.fired(Millis(3_000));
        outbox.succeeded(Archived { chunks: 1, ..Archived::default() });
        assert_eq!(outbox.arm(false, NEVER, Millis(3_000), SPACING), Some(NEVER));
        assert_eq!(outbox.arm(false, NEVER, Millis(4_000), SPACING), None);
        assert_eq!(outbox.arm(true, NEVER, Millis(9_000), SPACING), Some(Millis(11_000)));
    }

    #[test]
    fn what_waits_for_no_archive_takes_an_alarm_that_comes_before() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.arm_for(Millis(9_000), Millis(0)), Some(Millis(9_000)));
        assert_eq!(outbox.arm_for(Millis(9_500), Millis(100)), None);
        assert_eq!(
            outbox.arm(true, NEVER, Millis(1_000), SPACING),
            Some(Millis(3_000)),
            "the archive does not wait for it"
        );
        assert_eq!(outbox.arm_for(Millis(9_000), Millis(1_000)), None);
        outbox.fired(Millis(3_000));
        assert_eq!(outbox.arm_for(Millis(2_000), Millis(3_000)), Some(Millis(3_000)), "at once");
        assert_eq!(outbox.arm_for(Millis(2_000), Millis(3_000 + OVERDUE)), Some(Millis(3_000 + OVERDUE)));
    }

    #[test]
    fn who_wakes_before_the_alarm_leaves_it_standing() {
        let armed = |at| {
            let mut outbox = Outbox::default();
            outbox.arm(true, NEVER, Millis(0), SPACING);
            outbox.woken(Millis(at));
            outbox.arm(true, NEVER, Millis(at), SPACING)
        };
        for at in [0, 1_000, 1_999] {
            assert_eq!(armed(at), None, "at {at}");
        }
        assert_eq!(armed(2_000), Some(Millis(2_000)));
        assert_eq!(armed(9_000), Some(Millis(9_000)));
    }

    #[test]
    fn an_alarm_that_never_fired_is_set_again() {
        let mut outbox = Outbox::default();
        outbox.arm(true, NEVER, Millis(0), SPACING);
        assert_eq!(outbox.arm(true, NEVER, Millis(2_000 + OVERDUE - 1), SPACING), None);
        let wall = Millis(2_000 + OVERDUE);
        assert_eq!(outbox.arm(true, NEVER, wall, SPACING), Some(wall));
    }

    #[test]
    fn an_attempt_that_died_with_its_process_is_made_again_at_once() {
        let mut outbox = Outbox::default();
        outbox.arm(true, NEVER, Millis(0), SPACING);
        outbox.fired(Millis(2_000));
        outbox.attempting(Millis(2_000), 20_000, SPACING);
        assert_eq!(outbox.arm(true, NEVER, Millis(2_100), SPACING), Some(Millis(23_000)));
        assert!(!outbox.is_due(Millis(2_100)));
        let stored = serde_json::to_string(&outbox).unwrap();
        let mut woken: Outbox = serde_json::from_str(&stored).unwrap();
        assert!(woken.is_due(Millis(2_200)));
        assert_eq!(woken.arm(true, NEVER, Millis(2_200), SPACING), Some(Millis(2_200)));
    }

    #[test]
    fn each_failure_doubles_the_pause_up_to_the_longest() {
        let mut outbox = Outbox::default();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            outbox.failed(Millis(0), SPACING, 1.0);
            pauses.push(outbox.due.unwrap().0);
        }
        assert_eq!(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
        assert_eq!(outbox.attempts(), 9);
        outbox.failed(Millis(0), SPACING, 0.0);
        assert_eq!(outbox.due, Some(Millis(30_000)));
        outbox.succeeded(Archived::default());
        assert_eq!(outbox.attempts(), 0);
    }

    /// An object with its row, its memory and the platform's one alarm.
    struct Object {
        stored: Outbox,
        memory: Option<Outbox>,
        alarm: Option<Millis>,
        waiting: bool,
        attempt: Option<Millis>,
        expires: Millis,
        gone: bool,
    }

    impl Object {
        const TIMEOUT: i64 = 5_000;

        fn load(&self) -> Outbox {
            Outbox { under_way: None, ..self.stored.clone() }
        }

        fn with(&mut self, wall: Millis, change: impl FnOnce(&mut Outbox)) {
            let mut outbox = self.memory.take().unwrap_or_else(|| {
                let mut woken = self.load();
                woken.fired(wall);
                woken
            });
            change(&mut outbox);
            if let Some(at) = outbox.arm(self.waiting, self.expires, wall, SPACING) {
                self.alarm = Some(at);
            }
            self.stored = outbox.clone();
            self.memory = Some(outbox);
        }

        fn ring(&mut self, wall: Millis) {
            self.alarm = None;
            let mut outbox = self.memory.take().unwrap_or_else(|| self.load());
            let news = outbox.fired(wall);
            if wall >= self.expires && outbox.close(wall) {
                // The last of it.
                self.waiting = true;
            }
            if self.waiting && outbox.is_due(wall) && self.attempt.is_none() {
                outbox.attempting(wall, Self::TIMEOUT, SPACING);
                self.attempt = Some(wall);
                self.memory = Some(outbox);
                return;
            }
            self.memory = Some(outbox);
            if news {
                self.with(wall, |_| ());
            }
        }

        fn end(&mut self, wall: Millis, well: bool, jitter: f64) {
            let Some(fired) = self.attempt.take() else { return };
            self.waiting &= !well;
            if well && self.memory.as_ref().is_some_and(Outbox::is_closing) {
                (self.gone, self.alarm) = (true, None);
                return;
            }
            self.with(wall, |outbox| {
                outbox.fired(fired);
                if well {
                    outbox.succeeded(Archived::default())
                } else {
                    outbox.failed(wall, SPACING, jitter)
                }
            });
        }
    }

    proptest! {
        /// Whatever happens, in whatever order, asleep or not: what waits goes out, and what has expired, goes.
        #[test]
        fn what_waits_always_goes_out(
            steps in proptest::collection::vec((0..7_u8, 0..20_000_i64, 0.0..1.0), 1..120),
            expires in 0..1_500_000_i64,
        ) {
            let mut wall = Millis(0);
            let mut object =
                Object { stored: Outbox::default(), memory: None, alarm: None, waiting: false, attempt: None, expires: Millis(expires), gone: false };
            for (step, passed, jitter) in steps {
                wall = wall.plus(passed);
                if object.gone {
                    prop_assert!(wall >= object.expires && object.alarm.is_none());
                    return Ok(());
                }
                match step {
                    // A change, also one that comes while an attempt is under way.
                    0 | 1 => {
                        object.waiting = true;
                        object.with(wall, |_| ());
                    }
                    // A frame that brings nothing for the archive.
                    2 => object.with(wall, |_| ()),
                    3 => object.end(wall, jitter < 0.5, jitter),
                    // The platform evicts no object that waits for an answer.
                    4 if object.attempt.is_none() => object.memory = None,
                    // A process that is killed takes its attempt along, and an alarm that was about to fire.
                    5 => {
                        (object.memory, object.attempt) = (None, None);
                        object.alarm.take_if(|at| *at <= wall);
                    }
                    _ => {}
                }
                if object.alarm.is_some_and(|at| at <= wall) {
                    object.ring(wall);
                }
                // Where nothing is in memory nobody has asked yet: the next who does sets the alarm.
                let waits = !object.gone && object.attempt.is_none() && object.memory.is_some();
                prop_assert!(!waits || object.alarm.is_some(), "at {:?}: {:?}", wall, object.stored);
            }
        }

        /// However many frames come while the archive hangs, an attempt has one alarm.
        #[test]
        fn a_hanging_archive_is_not_hurried(frames in 1..200_usize) {
            let mut outbox = Outbox::default();
            outbox.arm(true, NEVER, Millis(0), SPACING);
            outbox.fired(Millis(2_000));
            outbox.attempting(Millis(2_000), 20_000, SPACING);
            let armed = (0..frames).filter_map(|n| outbox.arm(true, NEVER, Millis(2_010 + n as i64 * 100), SPACING));
            prop_assert_eq!(armed.collect::<Vec<_>>(), vec![Millis(23_000)]);
        }
    }
}
