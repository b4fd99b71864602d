//! What was sent, what was answered, and what the watcher saw: the evidence of one trip.

use std::time::Instant;

use onway_core::fix::Position;
use onway_core::status::Status;
use onway_core::wire::snapshot::{EtaView, Location};
use onway_core::wire::{Counts, ServerFrame};

use crate::trips::Point;

/// What became of a fix, by its acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    Duplicate,
    Late,
    Filtered,
    /// Counted as rejected, or refused with an error; why.
    Rejected(String),
}

/// One fix on its way.
#[derive(Debug)]
pub struct Entry {
    pub time_ms: i64,
    pub position: Position,
    /// When it first went on the wire.
    pub sent: Option<Instant>,
    /// How often it went on the wire.
    pub times_sent: u32,
    pub outcome: Option<Outcome>,
}

impl Entry {
    /// Whether the watcher has to see it: it was accepted, or was sent again and is known, which is the
    /// answer when the first acknowledgement was lost.
    pub fn must_be_seen(&self) -> bool {
        match self.outcome {
            Some(Outcome::Accepted) => true,
            Some(Outcome::Duplicate) => self.times_sent > 1,
            _ => false,
        }
    }

    /// Whether the watcher may see it: all but what the service said it does not believe. Without an
    /// answer it may have arrived.
    pub fn may_be_seen(&self) -> bool {
        matches!(self.outcome, None | Some(Outcome::Accepted | Outcome::Duplicate))
    }
}

/// What kind of frame the watcher saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Snapshot,
    Location,
    Status,
    Resumed,
}

/// One frame that the watcher saw.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Instant,
    pub kind: Kind,
    /// Where the delivery stands, where the frame says so.
    pub status: Option<Status>,
    pub seq: u64,
    /// The delivery's now, in Unix milliseconds.
    pub server_time_ms: i64,
    /// Time in Unix seconds and place of the current location, where one was shown.
    pub shown: Option<(i64, Position)>,
    /// The positions since the last frame, the current one last; empty where there is none but it.
    pub trail: Vec<Position>,
    pub eta: EtaView,
}

/// What the watcher lived through, in order.
#[derive(Debug, Clone)]
pub enum Watched {
    Frame(Seen),
    /// Its socket was opened again: what came between may be missing.
    Reconnected,
}

/// The evidence of one trip.
#[derive(Debug, Default)]
pub struct Ledger {
    pub fixes: Vec<Entry>,
    pub watched: Vec<Watched>,
    /// Errors of the service that name no fix, and trails that cannot be read.
    pub complaints: Vec<String>,
}

impl Ledger {
    /// A ledger for these fixes, none of them sent.
    pub fn of(points: &[Point]) -> Self {
        let entry = |point: &Point| Entry {
            time_ms: point.time_ms,
            position: Position::from_degrees(point.lat, point.lng)
                .unwrap_or(Position { lat_e7: 0, lng_e7: 0 }),
            sent: None,
            times_sent: 0,
            outcome: None,
        };
        Self { fixes: points.iter().map(entry).collect(), ..Self::default() }
    }

    pub fn sent(&mut self, fix: usize, at: Instant) {
        if let Some(entry) = self.fixes.get_mut(fix) {
            entry.sent.get_or_insert(at);
            entry.times_sent += 1;
        }
    }

    /// Notes the five counts of a message that held this one fix.
    pub fn acknowledged(&mut self, fix: usize, counts: &Counts) {
        let outcome = match counts {
            Counts { accepted: 1, .. } => Outcome::Accepted,
            Counts { duplicates: 1, .. } => Outcome::Duplicate,
            Counts { late: 1, .. } => Outcome::Late,
            Counts { filtered: 1, .. } => Outcome::Filtered,
            Counts { rejected, .. } => {
                Outcome::Rejected(rejected.first().map_or("counted nowhere", |first| &first.field).to_owned())
            }
        };
        if counts.sent() != 1 {
            self.complaints.push(format!("fix {fix} was acknowledged as {} fixes", counts.sent()));
        }
        if let Some(entry) = self.fixes.get_mut(fix) {
            entry.outcome = Some(outcome);
        }
    }

    /// Notes an error about this fix. An acknowledgement says more, before or after.
    pub fn refused(&mut self, fix: usize, why: String) {
        if let Some(entry) = self.fixes.get_mut(fix) {
            entry.outcome.get_or_insert(Outcome::Rejected(why));
        }
    }

    /// How many fixes are on the wire without an answer.
    pub fn unanswered(&self) -> usize {
        self.fixes.iter().filter(|entry| entry.sent.is_some() && entry.outcome.is_none()).count()
    }

    pub fn watched(&mut self, frame: ServerFrame, at: Instant) {
        let place = |location: &Location| {
            Position::from_degrees(location.lat, location.lng).map(|place| (location.timestamp, place))
        };
        let seen = match frame {
            ServerFrame::InitialState { data } => Seen {
                at,
                kind: Kind::Snapshot,
                status: Some(data.status),
                seq: data.seq,
                server_time_ms: data.server_time,
                shown: data.current_location.as_ref().and_then(place),
                trail: Vec::new(),
                eta: data.eta,
            },
            ServerFrame::LocationUpdate { data } => Seen {
                at,
                kind: Kind::Location,
                status: Some(data.status),
                seq: data.seq,
                server_time_ms: data.server_time,
                shown: data.current_location.as_ref().and_then(place),
                trail: self.trail(data.trail.as_deref()),
                eta: data.eta,
            },
            ServerFrame::StatusUpdate { data } => Seen {
                status: Some(data.status),
                ..Self::plain(at, Kind::Status, data.seq, data.server_time)
            },
            ServerFrame::Resumed { data } => Self::plain(at, Kind::Resumed, data.seq, data.server_time),
            _ => return,
        };
        self.watched.push(Watched::Frame(seen));
    }

    /// The watcher's socket was opened again.
    pub fn reconnected(&mut self) {
        self.watched.push(Watched::Reconnected);
    }

    /// The newest time that the watcher was shown, in Unix seconds.
    pub fn shown_until(&self) -> Option<i64> {
        self.frames().filter_map(|seen| seen.shown).map(|(time, _)| time).max()
    }

    pub fn frames(&self) -> impl Iterator<Item = &Seen> {
        self.watched.iter().filter_map(|watched| match watched {
            Watched::Frame(seen) => Some(seen),
            Watched::Reconnected => None,
        })
    }

    fn plain(at: Instant, kind: Kind, seq: u64, server_time_ms: i64) -> Seen {
        Seen {
            at,
            kind,
            status: None,
            seq,
            server_time_ms,
            shown: None,
            trail: Vec::new(),
            eta: EtaView::default(),
        }
    }

    fn trail(&mut self, encoded: Option<&str>) -> Vec<Position> {
        let Some(encoded) = encoded else { return Vec::new() };
        match polyline::decode_polyline(encoded, 5) {
            Ok(line) => {
                line.points().filter_map(|point| Position::from_degrees(point.y(), point.x())).collect()
            }
            Err(why) => {
                self.complaints.push(format!("a trail cannot be read: {why}"));
                Vec::new()
            }
        }
    }
}
