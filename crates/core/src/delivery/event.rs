//! What happened, and what a command came to.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::delivery::PresenceEvent;
use crate::fix::Position;
use crate::geofence::{Crossing, FencedPlace};
use crate::rejection::Rejection;
use crate::status::Status;
use crate::track::Chunk;
use crate::wire::report::Counts;

/// Something that happened, in the order of `seq`.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Kept, for those who were away.
    Status(StatusEvent),
    /// Another driver, or one who has agreed, or a correction, while the status stays: told by the whole state. Kept.
    Changed(StatusEvent),
    /// A newer position. `path` holds those since the last, smoothed, with their times, this one last.
    Moved { seq: u64, path: Vec<(Millis, Position)> },
    /// Another ETA without another position.
    Estimated { seq: u64 },
    /// Kept, as a status is.
    Presence(PresenceEvent),
    /// Kept, as a status is.
    Geofence(GeofenceEvent),
}

/// An event that is kept for those who were away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeptEvent {
    Status(StatusEvent),
    Presence(PresenceEvent),
    Geofence(GeofenceEvent),
}

impl Event {
    /// Its number.
    pub const fn seq(&self) -> u64 {
        match self {
            Self::Status(event) | Self::Changed(event) => event.seq,
            Self::Presence(event) => event.seq,
            Self::Geofence(event) => event.seq,
            Self::Moved { seq, .. } | Self::Estimated { seq } => *seq,
        }
    }

    /// What is kept of it, with its number.
    pub fn kept(&self) -> Option<(u64, KeptEvent)> {
        match self {
            Self::Status(event) | Self::Changed(event) => Some((event.seq, KeptEvent::Status(event.clone()))),
            Self::Presence(event) => Some((event.seq, KeptEvent::Presence(event.clone()))),
            Self::Geofence(event) => Some((event.seq, KeptEvent::Geofence(*event))),
            Self::Moved { .. } | Self::Estimated { .. } => None,
        }
    }
}

impl From<KeptEvent> for Event {
    fn from(kept: KeptEvent) -> Self {
        match kept {
            KeptEvent::Status(event) => Self::Status(event),
            KeptEvent::Presence(event) => Self::Presence(event),
            KeptEvent::Geofence(event) => Self::Geofence(event),
        }
    }
}

/// A status reached, as it is kept for those who were away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusEvent {
    pub seq: u64,
    pub status: Status,
    pub at: Millis,
    pub note: Option<String>,
    /// More than the status has changed: whoever follows is told the whole state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// The driver came near a place, is there, or has left it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeofenceEvent {
    pub seq: u64,
    pub crossing: Crossing,
    pub place: FencedPlace,
    /// Of the fix.
    pub at: Millis,
}

/// What a command came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub events: Vec<Event>,
    /// Of a report.
    pub counts: Counts,
    /// Chunks of history that are full, with their numbers.
    pub chunks: Vec<(u32, Chunk)>,
    /// Whether there is anything to store.
    pub changed: bool,
    /// The positions were kept, the status was not.
    pub conflict: Option<Rejection>,
    /// A fix was dated in the future.
    pub wrong_clock: bool,
    /// What the ETA rests on has changed.
    pub guided: bool,
    /// Those outside do not see the location any more, while the driver is under way.
    pub hidden: bool,
    /// Another driver has it, or it was corrected: who may see it may be others.
    pub facts_changed: bool,
}

impl Outcome {
    /// What this and then `next` came to, to be stored and told as one; the counts stay apart.
    pub fn join(&mut self, next: Self) {
        for event in next.events {
            match (self.events.last_mut(), event) {
                (Some(Event::Moved { seq, path }), Event::Moved { seq: newer, path: more }) => {
                    *seq = newer;
                    path.extend(more);
                }
                (_, event) => self.events.push(event),
            }
        }
        self.chunks.extend(next.chunks);
        self.changed |= next.changed;
        self.guided |= next.guided;
        self.hidden |= next.hidden;
        self.facts_changed |= next.facts_changed;
    }

    /// How many broadcasts it causes; positions may wait for others, and count once.
    pub fn broadcasts(&self) -> u64 {
        let told = |event: &Event| match event {
            Event::Status(StatusEvent { whole, .. }) => 1 + u64::from(*whole),
            _ => 1,
        };
        self.events.iter().map(told).sum::<u64>() + u64::from(self.hidden)
    }
}
