//! The one alarm of a driver's object, for its three reasons.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;

/// After the first failure, in ms; each doubles it.
const RETRY_FIRST: i64 = 1_000;
const RETRY_MOST: i64 = 60_000;
/// A task that is under way is taken for lost after so long, in ms.
const UNDER_WAY: i64 = 30_000;
/// An alarm may fire so much before its time, in ms.
const EARLY: i64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// See whether the driver has gone.
    Presence,
    /// Bring to the archive, and tell the deliveries, what they lack.
    Tell,
    /// Send what a delivery could not take.
    Spill,
}

/// Times are the wall clock's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    #[serde(default)]
    presence: Option<Millis>,
    #[serde(default)]
    tell: Option<Millis>,
    #[serde(default)]
    spill: Option<Millis>,
    #[serde(default)]
    tell_failures: u32,
    #[serde(default)]
    spill_failures: u32,
    /// The alarm that stands.
    #[serde(default)]
    armed: Option<Millis>,
}

impl Schedule {
    const fn slot(&mut self, task: Task) -> &mut Option<Millis> {
        match task {
            Task::Presence => &mut self.presence,
            Task::Tell => &mut self.tell,
            Task::Spill => &mut self.spill,
        }
    }

    /// The task is due at `at`, or before.
    pub fn plan(&mut self, task: Task, at: Millis) {
        let slot = self.slot(task);
        *slot = Some(slot.map_or(at, |planned| planned.min(at)));
    }

    /// The task failed: it waits twice as long as the last time.
    pub fn failed(&mut self, task: Task, wall: Millis, jitter: f64) {
        let failures = match task {
            Task::Spill => &mut self.spill_failures,
            _ => &mut self.tell_failures,
        };
        let pause = RETRY_FIRST.saturating_mul(1_i64 << (*failures).min(16)).min(RETRY_MOST);
        *failures = failures.saturating_add(1);
        let pause = pause as f64 * (0.5 + jitter.clamp(0.0, 1.0) / 2.0);
        *self.slot(task) = Some(wall.plus(pause as i64));
    }

    pub fn succeeded(&mut self, task: Task) {
        *self.slot(task) = None;
        match task {
            Task::Spill => self.spill_failures = 0,
            Task::Tell => self.tell_failures = 0,
            Task::Presence => {}
        }
    }

    /// Whether the task is due. It then counts as under way for a while, and is due again should it be lost.
    pub fn begin(&mut self, task: Task, wall: Millis) -> bool {
        let slot = self.slot(task);
        let due = slot.is_some_and(|at| at <= wall.plus(EARLY));
        if due {
            *slot = Some(wall.plus(UNDER_WAY));
        }
        due
    }

    pub const fn is_planned(&self, task: Task) -> bool {
        match task {
            Task::Presence => self.presence.is_some(),
            Task::Tell => self.tell.is_some(),
            Task::Spill => self.spill.is_some(),
        }
    }

    /// The alarm has fired, or may be lost.
    pub fn fired(&mut self, wall: Millis) {
        self.armed.take_if(|armed| *armed <= wall.plus(EARLY));
    }

    /// The object has lost its memory, and what was under way with it.
    pub fn woken(&mut self, wall: Millis) {
        self.fired(wall);
        for slot in [&mut self.tell, &mut self.spill].into_iter().flatten() {
            *slot = wall.min(*slot);
        }
    }

    /// The alarm to set, where none that is soon enough stands.
    pub fn arm(&mut self, wall: Millis) -> Option<Millis> {
        let due = [self.presence, self.tell, self.spill].into_iter().flatten().min()?;
        if self.armed.is_some_and(|armed| armed <= due && wall.since(armed) < RETRY_MOST) {
            return None;
        }
        let at = due.max(wall);
        self.armed = Some(at);
        Some(at)
    }
}
