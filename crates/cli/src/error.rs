//! Everything that stops the tool, each with what to do about it.

use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No secret to sign tokens with.
    #[error(
        "no signing secret: set {name}, or put {name}=… into .dev.vars in this directory or one above \
         (make dev writes that file), or name the file with --dev-vars"
    )]
    NoSecret { name: String },
    #[error("{path} cannot be read: {why}")]
    File { path: PathBuf, why: String },
    #[error("the token could not be signed")]
    Signing,
    #[error("--url {url}: {why}; it should look like http://127.0.0.1:8787")]
    Url { url: String, why: String },
    /// Nobody listens, or the network is down.
    #[error("{url} cannot be reached: {why}; is the Worker running (make dev) and is --url right?")]
    Unreachable { url: String, why: String },
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    #[error("the server's answer to {path} is not what the contract says: {why}")]
    Contract { path: String, why: String },
    /// The server closed a socket for good.
    #[error("{who}'s socket was closed {code} {reason:?}{advice}", advice = part("; ", close_advice(reason)))]
    Closed { who: &'static str, code: u16, reason: String },
    #[error("no news for {seconds} s while waiting for {what}{trouble}; is the server still running?")]
    Silent { seconds: u64, what: &'static str, trouble: String },
    #[error(
        "the server did not take a simulated clock ({0}), and recorded trips need one: start it with \
         ALLOW_SIM_CLOCK=1 (in .dev.vars, as make dev does). A production deployment refuses it on purpose"
    )]
    NoSimulatedClock(String),
    #[error("this is no usable route: {0}")]
    Route(String),
    #[error("{file}, line {line}: {why}")]
    Trip { file: String, line: usize, why: String },
    #[error("D1: {0}")]
    Database(String),
    #[error("there is no trip in what was given")]
    NoTrips,
    /// A benchmark of somebody else's machine.
    #[error(
        "{host} is not this machine: a benchmark loads a server to its limit, and counts its processor time; \
         run it beside the server, with an address such as http://127.0.0.1:8787"
    )]
    NotLoopback { host: String },
    #[error(
        "{needed} open files are needed, one for each socket, and this process may have {allowed}: raise the \
         hard limit (ulimit -Hn, as root) or lower --watchers"
    )]
    TooFewFiles { needed: u64, allowed: u64 },
    #[error("process {pid} cannot be measured: is it running, and yours?")]
    Unmeasurable { pid: u32 },
    #[error("{0}")]
    Report(String),
}

/// An answer of the server other than success: `application/problem+json`, or what it sent instead.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path} was answered {status} {title}{detail}{field}{advice}",
    detail = part(": ", detail), field = part("; field: ", field), advice = part("; ", advice(*status)))]
pub struct Refusal {
    pub method: &'static str,
    pub path: String,
    pub status: u16,
    pub title: String,
    pub detail: String,
    /// The field at fault, where one is.
    pub field: String,
    /// Seconds, where the server says when to come back.
    pub retry_after: Option<u64>,
}

impl Error {
    /// Whether trying again later may help: the network, the server's own faults, its rate limit.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(refusal) => refusal.status == 429 || refusal.status >= 500,
            _ => false,
        }
    }

    /// Whether every other delivery would fare the same.
    pub fn is_for_all(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::NoSimulatedClock(_) | Self::Signing | Self::Contract { .. } => {
                true
            }
            Self::Refused(refusal) => matches!(refusal.status, 401 | 403 | 404),
            _ => false,
        }
    }

    /// How long the server asked to wait before trying again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after.map(Duration::from_secs),
            _ => None,
        }
    }
}

/// A part of a message that is left out where there is nothing to say.
fn part(before: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{before}{text}") }
}

fn advice(status: u16) -> &'static str {
    match status {
        401 => "the token does not hold there: is JWT_SECRET the server's, or --token still valid?",
        403 => "that role may not do this: check the token's role and subject",
        404 => "no such delivery or route: check --url and the tracking id",
        410 => "that delivery is over: start another",
        422 => "the request is at fault: see the field",
        429 => "too many requests: lower --parallel or --speed",
        500.. => "the server's own fault: see its log",
        _ => "",
    }
}

fn close_advice(reason: &str) -> &'static str {
    match reason {
        "Invalid token" => "is JWT_SECRET the server's, or has the token expired?",
        "Tracking not found" => "no such delivery: check --url and the tracking id",
        "Not allowed" => "the token's role and subject do not allow it",
        "Session expired" => "that delivery is over: start another",
        "Replaced" => "the same driver connected elsewhere: use another --driver",
        "Too slow" => "this machine could not keep up: lower --parallel or --speed",
        _ => "",
    }
}
