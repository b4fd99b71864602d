//! The loads: each starts deliveries of its own, and adds what it measured.

pub mod burst;
pub mod fanout;
pub mod ingest;

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use tokio::time::sleep;

use crate::bench::peer::Peer;
use crate::bench::process::Process;
use crate::bench::series::Measures;
use crate::clock;
use crate::error::Error;

/// What all scenarios share.
pub struct Setting {
    pub peer: Arc<Peer>,
    /// The server's processes; `None` where they are not known, and then only counts and times are measured.
    pub server: Option<Process>,
    pub progress: ProgressBar,
    /// Time between two fixes that are to be broadcast each: longer than a server that coalesces may wait.
    pub interval: Duration,
    /// Fixes of one fan-out.
    pub fixes: usize,
}

/// A server counts as idle from this share of one core down.
const IDLE: f64 = 0.02;
/// How long it is watched before it is believed.
const IDLE_FOR: Duration = Duration::from_millis(250);
/// So many times at most.
const IDLE_TRIES: usize = 60;

impl Setting {
    /// Waits until the server has done what it was asked before.
    pub async fn settle(&self) {
        for _ in 0..IDLE_TRIES {
            let before = self.cpu();
            sleep(IDLE_FOR).await;
            let (Some(before), Some(after)) = (before, self.cpu()) else { return };
            if (after.saturating_sub(before)).as_secs_f64() < IDLE * IDLE_FOR.as_secs_f64() {
                return;
            }
        }
    }

    /// Starts a delivery.
    pub async fn start(&self) -> Result<String, Error> {
        let peer = Arc::clone(&self.peer);
        let started = tokio::task::spawn_blocking(move || peer.start()).await;
        started.map_err(|why| Error::Report(why.to_string()))?
    }

    /// The same with fewer fixes.
    pub fn brief(&self, fixes: usize) -> Self {
        Self { peer: Arc::clone(&self.peer), progress: self.progress.clone(), fixes, ..*self }
    }

    pub fn meter(&self) -> Meter {
        Meter {
            server: self.server,
            begun: clock::monotonic(),
            before: self.cpu(),
            own: Process::own().cpu(),
        }
    }

    pub fn memory(&self) -> Option<u64> {
        self.server?.memory()
    }

    fn cpu(&self) -> Option<Duration> {
        self.server?.cpu()
    }
}

/// Processor time from one moment on.
pub struct Meter {
    server: Option<Process>,
    begun: Instant,
    before: Option<Duration>,
    own: Option<Duration>,
}

/// What a span of time used.
#[derive(Debug, Clone, Copy)]
pub struct Used {
    /// Processor time of the server.
    pub server: Option<Duration>,
    /// Processor time of this process.
    pub own: Option<Duration>,
    pub wall: Duration,
}

impl Meter {
    pub fn new(server: Option<Process>) -> Self {
        let before = server.and_then(Process::cpu);
        Self { server, begun: clock::monotonic(), before, own: Process::own().cpu() }
    }

    pub fn read(&self) -> Used {
        let since = |now: Option<Duration>, before: Option<Duration>| Some(now?.saturating_sub(before?));
        Used {
            wall: clock::monotonic() - self.begun,
            server: since(self.server.and_then(Process::cpu), self.before),
            own: since(Process::own().cpu(), self.own),
        }
    }
}

impl Used {
    /// Processor time of the server for each of so many things, in µs.
    pub fn server_us(&self, things: u64) -> Option<f64> {
        Some(micros(self.server?) / things.max(1) as f64)
    }

    /// Adds the server's time for each of so many things, and how busy this process was meanwhile.
    pub fn note(&self, measures: &mut Measures, scenario: &str, metric: &'static str, things: u64) {
        measures.add(scenario, metric, "µs", self.server_us(things));
        let busy = self.own.map(|own| own.as_secs_f64() / self.wall.as_secs_f64() * 100.0);
        measures.add(scenario, CLIENT_BUSY, "%", busy);
    }
}

/// The load generator's share of one core: near 100 it is the bottleneck.
pub const CLIENT_BUSY: &str = "generator busy";

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
