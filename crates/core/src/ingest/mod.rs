//! What the phone trackers send that drivers already have: five protocols into one kind of fix.
//!
//! Each protocol has its own units, its own way to say "unknown", and its own reply. A client that does not
//! get the reply it expects sends the same again, and often nothing else any more. So whatever arrives is
//! answered with what empties the client's queue, and what could not be used is counted.

mod gpslogger;
mod measured;
mod osmand;
mod overland;
mod owntracks;
mod params;
pub mod setup;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::fix::{Fix, Position};
use crate::wire::report::REQUEST_FIXES_MAX;

/// Whose format a request has: the path's segment after `/log/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Protocol {
    /// OsmAnd's online tracking, and whatever else fills in a URL: query, form or JSON.
    Osmand,
    /// The same, as Traccar Client sends it.
    Traccar,
    Owntracks,
    Overland,
    Gpslogger,
}

impl Protocol {
    pub const ALL: [Self; 5] =
        [Self::Osmand, Self::Traccar, Self::Owntracks, Self::Overland, Self::Gpslogger];

    /// Reads a segment of a path, which has one spelling.
    pub fn parse(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == segment)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Osmand => "osmand",
            Self::Traccar => "traccar",
            Self::Owntracks => "owntracks",
            Self::Overland => "overland",
            Self::Gpslogger => "gpslogger",
        }
    }
}

/// What a tracker sent. Its key, in the path, has said whose it is: names of devices are not looked at.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Without the question mark.
    pub query: Option<&'a str>,
    pub content_type: Option<&'a str>,
    pub body: &'a [u8],
    pub received: Millis,
}

/// What a request held. Each message of it is counted once: in `fixes`, `rejected` or `ignored`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// In the order sent.
    pub fixes: Vec<Fix>,
    /// Where the phone is now, beside a backlog that is still being sent (Overland's `current`).
    pub live: Option<Fix>,
    /// OwnTracks' ping: see [`Reading::ping_moved`]. Counted as ignored.
    pub ping: Option<Fix>,
    /// Could not be read.
    pub rejected: u32,
    /// Understood, and no position of the phone: heartbeats, actions, finished trips, settings.
    pub ignored: u32,
    /// Whether this shows that the app is alive.
    pub contact: bool,
    /// What the app calls the alarm, at most [`ALARM_MAX`] characters.
    pub alarm: Option<String>,
    pub reply: Reply,
}

/// An answer, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub content_type: Option<&'static str>,
    pub body: &'static str,
}

/// Why a request is not taken at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The key is forged or revoked.
    UnknownKey,
    /// The body, or the number of fixes in it.
    TooLarge,
    /// Our fault: to be sent again.
    Unavailable,
    /// Too often.
    TooMany,
}

/// Longest name of an alarm that is kept, in characters.
pub const ALARM_MAX: usize = 64;
/// How far a ping must lie from the last position to count as moved where it has no accuracy, in metres.
const PING_MOVED_M: f64 = 100.0;

/// Reads a request. Never fails: what cannot be read is counted, and gets the reply that stops retries.
pub fn read(protocol: Protocol, request: &Request<'_>) -> Reading {
    let mut reading = Reading::answered(understood(protocol));
    let decode = match protocol {
        Protocol::Osmand | Protocol::Traccar => osmand::read,
        Protocol::Owntracks => owntracks::read,
        Protocol::Overland => overland::read,
        Protocol::Gpslogger => gpslogger::read,
    };
    match decode(request, &mut reading) {
        Ok(()) => reading,
        Err(why) => Reading::answered(refusal(protocol, why)),
    }
}

/// The reply that takes a message off the client's queue.
const fn understood(protocol: Protocol) -> Reply {
    match protocol {
        Protocol::Osmand | Protocol::Traccar | Protocol::Gpslogger => {
            Reply { status: 200, content_type: None, body: "" }
        }
        // Some builds queue a message again for any other body.
        Protocol::Owntracks => json(200, "[]"),
        // Anything else is a failure, whatever the status.
        Protocol::Overland => json(200, r#"{"result":"ok"}"#),
    }
}

/// The reply to what is not taken. Clients keep the message and try again, but for GPSLogger, which gives up
/// after three attempts, and OwnTracks on iOS, which drops it and alerts its user where the status is 4xx: what is
/// only too often is 503 there.
pub const fn refusal(protocol: Protocol, why: Refusal) -> Reply {
    let (status, text, error) = match why {
        Refusal::UnknownKey => (
            401,
            "this device key is not valid: set the app up again",
            r#"{"error":"this device key is not valid: set the app up again"}"#,
        ),
        Refusal::TooLarge => {
            (413, "too much in one request", r#"{"error":"too much in one request: send smaller batches"}"#)
        }
        Refusal::TooMany if !matches!(protocol, Protocol::Owntracks) => {
            (429, "too many requests", r#"{"error":"too many requests: send less often"}"#)
        }
        Refusal::TooMany | Refusal::Unavailable => (503, "try again later", r#"{"error":"try again later"}"#),
    };
    match protocol {
        // Shown to the driver as a notification.
        Protocol::Overland => json(status, error),
        Protocol::Owntracks => json(status, "[]"),
        _ => Reply { status, content_type: Some("text/plain"), body: text },
    }
}

const fn json(status: u16, body: &'static str) -> Reply {
    Reply { status, content_type: Some("application/json"), body }
}

/// Whether a ping lies apart from the last position by more than it may be wrong.
pub fn has_moved(ping: &Fix, last: Position) -> bool {
    ping.position.metres_to(last) > ping.accuracy.unwrap_or(PING_MOVED_M)
}

impl Reading {
    const fn answered(reply: Reply) -> Self {
        Self {
            fixes: Vec::new(),
            live: None,
            ping: None,
            rejected: 0,
            ignored: 0,
            contact: false,
            alarm: None,
            reply,
        }
    }

    /// The ping, if it shows that the phone has moved since `last`. On iOS a ping carries the time of its
    /// sending with a position that may be old, so that one which agrees with the last position is a
    /// heartbeat, and one with nothing to compare to proves nothing.
    pub fn ping_moved(&self, last: Option<Position>) -> Option<&Fix> {
        self.ping.as_ref().zip(last).filter(|(ping, last)| has_moved(ping, *last)).map(|(ping, _)| ping)
    }

    /// Whether the driver asked for help.
    pub fn is_sos(&self) -> bool {
        self.alarm.as_deref().is_some_and(is_sos)
    }

    fn take(&mut self, fix: Option<Fix>) {
        match fix {
            Some(fix) => self.fixes.push(fix),
            None => self.rejected += 1,
        }
    }

    /// Something that was understood and holds no position.
    fn heartbeat(&mut self) {
        self.ignored += 1;
        self.contact = true;
    }

    /// Of several alarms the call for help counts.
    fn raise(&mut self, alarm: &str) {
        let alarm: String = alarm.trim().chars().filter(|c| !c.is_control()).take(ALARM_MAX).collect();
        if !alarm.is_empty() && (self.alarm.is_none() || is_sos(&alarm)) {
            self.alarm = Some(alarm);
        }
    }
}

fn is_sos(alarm: &str) -> bool {
    alarm.eq_ignore_ascii_case("sos")
}

/// A batch that is small enough to be taken.
fn bounded<T>(batch: &[T]) -> Result<&[T], Refusal> {
    if batch.len() > REQUEST_FIXES_MAX { Err(Refusal::TooLarge) } else { Ok(batch) }
}

#[cfg(test)]
mod tests;
