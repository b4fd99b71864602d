//! Watchers of one delivery, each with a socket of its own, and a board on which all of them write what they
//! have seen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::bench::fixes::Fixes;
use crate::bench::frame;
use crate::bench::peer::{Peer, Socket};
use crate::clock;
use crate::error::Error;

/// Upgrades under way at once, as after a deployment.
const CONNECTING_MAX: usize = 32;
/// So long a crowd may wait for something before the run is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a frame ends that asks whether its watcher keeps up.
const ASKS: &str = r#","ack":true}"#;
/// To all that was asked until now.
const ANSWER: &str = r#"{"type":"ack"}"#;

/// A crowd; dropping it hangs up.
pub struct Crowd {
    board: Arc<Board>,
    _tasks: JoinSet<()>,
}

/// What all watchers have seen.
#[derive(Debug)]
struct Board {
    fixes: Fixes,
    watchers: usize,
    seen: Mutex<Seen>,
    changed: Notify,
}

#[derive(Debug, Default, Clone)]
struct Seen {
    /// Watchers that have been told the state.
    joined: usize,
    screens: Vec<Screen>,
    tally: Tally,
    /// Why a watcher's socket was lost.
    lost: Option<String>,
}

/// The way of one fix to the screens.
#[derive(Debug, Default, Clone, Copy)]
struct Screen {
    sent: Option<Instant>,
    /// Watchers that have it, or a newer one.
    reached: usize,
    last: Option<Instant>,
}

/// Sums over all watchers.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// `location_update` frames.
    pub frames: u64,
    /// Bytes of their text.
    pub bytes: u64,
    /// Positions that the first watcher was shown, those in trails included.
    pub positions: usize,
}

impl Crowd {
    /// Connects so many watchers, and waits until each has been told the state. `fixes` are those to come,
    /// `count` of them.
    pub async fn connect(
        peer: &Arc<Peer>,
        id: &str,
        watchers: usize,
        fixes: Fixes,
        count: usize,
    ) -> Result<Self, Error> {
        let seen = Seen { screens: vec![Screen::default(); count], ..Seen::default() };
        let board = Arc::new(Board { fixes, watchers, seen: Mutex::new(seen), changed: Notify::new() });
        let doors = Arc::new(Semaphore::new(CONNECTING_MAX));
        let mut tasks = JoinSet::new();
        for number in 0..watchers {
            let (peer, board, doors, id) =
                (Arc::clone(peer), Arc::clone(&board), Arc::clone(&doors), id.to_owned());
            tasks.spawn(async move {
                let why = watch(&peer, &board, &doors, &id, number == 0).await;
                board.write(|seen| seen.lost = Some(why));
            });
        }
        let crowd = Self { board, _tasks: tasks };
        crowd.until("all watchers to be connected", |seen| seen.joined == watchers).await?;
        Ok(crowd)
    }

    /// Notes that this fix is sent now.
    pub fn sent(&self, number: usize) {
        let now = clock::monotonic();
        if let Some(screen) = self.board.lock().screens.get_mut(number) {
            screen.sent = Some(now);
        }
    }

    /// Waits until every watcher has this fix or a newer one.
    pub async fn shown(&self, number: usize) -> Result<(), Error> {
        let all = self.board.watchers;
        let done = |seen: &Seen| seen.screens.get(number).is_some_and(|screen| screen.reached >= all);
        self.until("a fix to reach every watcher", done).await
    }

    pub fn tally(&self) -> Tally {
        self.board.lock().tally
    }

    /// From each fix sent to the last screen having it, or a newer one, in ms.
    pub fn latencies_ms(&self) -> Vec<f64> {
        let seen = self.board.lock();
        let latency = |screen: &Screen| {
            let last = screen.last.filter(|_| screen.reached >= self.board.watchers)?;
            Some(last.saturating_duration_since(screen.sent?).as_secs_f64() * 1_000.0)
        };
        seen.screens.iter().filter_map(latency).collect()
    }

    async fn until(&self, what: &'static str, done: impl Fn(&Seen) -> bool) -> Result<(), Error> {
        let waiting = async {
            loop {
                let changed = self.board.changed.notified();
                {
                    let seen = self.board.lock();
                    if let Some(why) = &seen.lost {
                        return Err(Error::Report(format!("a watcher's socket was lost: {why}")));
                    }
                    if done(&seen) {
                        return Ok(());
                    }
                }
                changed.await;
            }
        };
        let silent = |_| Error::Silent { seconds: PATIENCE.as_secs(), what, trouble: String::new() };
        timeout(PATIENCE, waiting).await.map_err(silent)?
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.lock());
        self.changed.notify_waiters();
    }

    /// Notes a position on a watcher's screen, which showed the fixes before `next` already. Returns the next
    /// one.
    fn show(&self, next: usize, number: usize, bytes: usize, positions: usize) -> usize {
        let mut seen = self.lock();
        seen.tally.frames += 1;
        seen.tally.bytes += bytes as u64;
        seen.tally.positions += positions;
        let now = clock::monotonic();
        let mut complete = false;
        for screen in seen.screens.iter_mut().take(number + 1).skip(next) {
            screen.reached += 1;
            screen.last = Some(now);
            complete |= screen.reached == self.watchers;
        }
        if complete {
            self.changed.notify_waiters();
        }
        next.max(number + 1)
    }
}

/// One watcher, until its socket is lost. Returns why.
async fn watch(peer: &Peer, board: &Board, doors: &Semaphore, id: &str, counts_positions: bool) -> String {
    let joining = async {
        let _door = doors.acquire().await.map_err(|why| why.to_string())?;
        let mut socket = peer.watch(id).await.map_err(|why| why.to_string())?;
        // The state comes first.
        text(&mut socket).await?;
        Ok(socket)
    };
    let mut socket = match joining.await {
        Ok(socket) => socket,
        Err(why) => return why,
    };
    board.write(|seen| seen.joined += 1);
    let mut next = 0;
    loop {
        let text = match text(&mut socket).await {
            Ok(text) => text,
            Err(why) => return why,
        };
        // Whoever does not answer is let go as too slow.
        if text.ends_with(ASKS)
            && let Err(why) = socket.send(Message::text(ANSWER)).await
        {
            return why.to_string();
        }
        let Some(number) = frame::shown_at(&text).and_then(|at| board.fixes.number(at)) else { continue };
        let positions = if counts_positions { frame::positions(&text) } else { 0 };
        next = board.show(next, number, text.len(), positions);
    }
}

/// The next text of a socket.
async fn text(socket: &mut Socket) -> Result<Utf8Bytes, String> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text),
            Some(Ok(Message::Close(close))) => {
                return Err(close.map_or_else(|| "closed".into(), |close| close.to_string()));
            }
            Some(Ok(_)) => {}
            Some(Err(why)) => return Err(why.to_string()),
            None => return Err("it ended".into()),
        }
    }
}
