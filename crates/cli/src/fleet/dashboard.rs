//! A dispatcher's dashboard: a socket to each shard of the fleet, and when each fix came to it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use onway_core::auth::Role;
use onway_core::wire::fleet::FleetFrame;
use onway_core::wire::frames::PING;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::client::backoff::Backoff;
use crate::client::socket::{self, Next, Socket};
use crate::clock;
use crate::error::Error;
use crate::fleet::driver::Fleet;

/// How often a ping goes out: the contract's.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long a shard may take to tell its state.
const PATIENCE: Duration = Duration::from_secs(60);
/// How a frame ends that asks whether its watcher keeps up.
const ASKS: &str = r#","ack":true}"#;
/// To all that was asked until now.
const ANSWER: &str = r#"{"type":"ack"}"#;

/// The sockets of a dashboard, each a task, which end with it.
pub struct Dashboard {
    pub shards: u32,
    tasks: tokio::task::JoinSet<Error>,
}

impl Dashboard {
    /// Connects to all shards, as many as the first says there are, and waits for the state of each.
    pub async fn open(fleet: &Arc<Fleet>) -> Result<Self, Error> {
        let (joined, mut news) = mpsc::channel(1);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(follow(Arc::clone(fleet), 0, joined.clone()));
        let (mut shards, mut known) = (1, 0);
        while known < shards {
            let told = tokio::time::timeout(PATIENCE, async {
                tokio::select! {
                    told = news.recv() => told.ok_or_else(|| Error::Report("a dashboard's sockets are gone".into())),
                    Some(ended) = tasks.join_next() => Err(why(ended)),
                }
            });
            let silent = Error::Silent {
                seconds: PATIENCE.as_secs(),
                what: "the state of a shard",
                trouble: String::new(),
            };
            let all = told.await.unwrap_or(Err(silent))?;
            known += 1;
            for shard in shards..all {
                tasks.spawn(follow(Arc::clone(fleet), shard, joined.clone()));
            }
            shards = shards.max(all);
        }
        Ok(Self { shards, tasks })
    }

    /// Waits for a socket that ends for good. Returns why.
    pub async fn ended(&mut self) -> Error {
        match self.tasks.join_next().await {
            Some(ended) => why(ended),
            None => std::future::pending().await,
        }
    }
}

fn why(ended: Result<Error, tokio::task::JoinError>) -> Error {
    ended.unwrap_or_else(|why| Error::Report(why.to_string()))
}

/// Follows a shard, over as many sockets as it takes. Tells how many shards there are once it knows the state.
async fn follow(fleet: Arc<Fleet>, shard: u32, joined: mpsc::Sender<u32>) -> Error {
    let mut backoff = Backoff::new(u64::from(shard));
    let url = fleet.server.socket(&format!("/ws/fleet?shard={shard}"));
    loop {
        let token = match fleet.signer.sign(Role::Admin, "simulate", None, clock::unix_ms()) {
            Ok(token) => token,
            Err(error) => return error,
        };
        let broken = match socket::connect("the dashboard", &url, &token).await {
            Ok(socket) => match watch(&fleet, socket, &mut backoff, &joined).await {
                Ok(broken) => broken,
                Err(error) => return error,
            },
            Err(error) if error.is_passing() => error.to_string(),
            Err(error) => return error,
        };
        fleet.board.write(|tally| tally.troubles.note(&format!("the dashboard: {broken}")));
        tokio::time::sleep(backoff.next(None)).await;
    }
}

/// Takes in what a socket brings until it breaks. Returns why it broke, or why no other would fare better.
async fn watch(
    fleet: &Fleet,
    mut socket: Socket,
    backoff: &mut Backoff,
    joined: &mpsc::Sender<u32>,
) -> Result<String, Error> {
    let mut pings = tokio::time::interval(PING_EVERY);
    loop {
        let message = tokio::select! {
            message = socket.next() => message,
            _ = pings.tick() => {
                if let Err(why) = socket.send(Message::text(PING)).await {
                    return Ok(why.to_string());
                }
                continue;
            }
        };
        let at = clock::monotonic();
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(close))) => {
                let (code, reason) = close
                    .as_ref()
                    .map_or((1005, String::new()), |close| (close.code.into(), close.reason.to_string()));
                return match socket::after(close.as_ref()) {
                    Next::Retry => Ok(format!("closed {code} {reason}").trim().to_owned()),
                    Next::Done | Next::GiveUp => Err(Error::Closed { who: "the dashboard", code, reason }),
                };
            }
            Some(Ok(_)) => continue,
            Some(Err(why)) => return Ok(why.to_string()),
            None => return Ok("the connection ended without a close".into()),
        };
        backoff.reset();
        if text.ends_with(ASKS)
            && let Err(why) = socket.send(Message::text(ANSWER)).await
        {
            return Ok(why.to_string());
        }
        // Frames of a later version are not for this tool.
        let frame = serde_json::from_str::<FleetFrame>(&text);
        if let Ok(FleetFrame::FleetState { data }) = &frame
            && data.page >= data.pages
        {
            // Nobody listens once the dashboard is complete.
            joined.send(data.shards).await.ok();
        }
        fleet.board.write(|tally| {
            tally.frames += 1;
            tally.bytes += text.len() as u64;
            if let Ok(FleetFrame::FleetUpdate { data }) = frame {
                let all = data.deliveries.iter().map(|delivery| (&delivery.tracking_id, &delivery.moving));
                let all = all.chain(data.moved.iter().map(|moved| (&moved.tracking_id, &moved.moving)));
                for (tracking_id, moving) in all {
                    tally.shown(tracking_id, moving, at);
                }
            }
        });
    }
}
