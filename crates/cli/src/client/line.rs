//! A socket that comes back by itself: it resumes by `seq`, sends again what was not acknowledged,
//! answers when the service asks whether it keeps up, and notices when the other side is gone.
//!
//! A line runs as a task of its own. Its owner gives commands and hears events; dropping the commands
//! closes it.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use onway_core::wire::frames::{MessageId, PING};
use onway_core::wire::{Counts, ServerFrame};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};

use crate::client::backoff::Backoff;
use crate::client::http::Server;
use crate::client::outbox::{Numbered, Outbox};
use crate::client::socket::{self, Next, Socket};
use crate::clock;
use crate::error::Error;

/// How often a ping goes out: the contract's.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How often the line looks whether the other side still answers.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Without any frame for so long, two pings and their answers included, the other side is gone.
const SILENCE_MAX: Duration = Duration::from_secs(75);
/// An acknowledgement that takes longer is not coming on this socket.
const ACK_MAX: Duration = Duration::from_secs(30);
/// Events that may wait for the owner, who reads them all the time; then the line waits.
pub const EVENTS_MAX: usize = 4_096;
/// Commands that may wait for the line, which takes them all the time; then the owner waits.
pub const COMMANDS_MAX: usize = 256;

/// What the owner wants of a line.
#[derive(Debug)]
pub enum Command {
    Send(Numbered),
    /// Hang up and stay away, as a phone without a network. Reports wait.
    Pause,
    Resume,
}

/// What an owner hears of its line.
#[derive(Debug)]
pub enum Event {
    /// A socket is open. True when it is not the first.
    Connected { again: bool },
    /// The socket broke, or none could be opened; the next attempt is after this wait.
    Interrupted { why: String, wait: Duration },
    /// A report goes on the wire, for the first time or again.
    Sent { number: i64, at: Instant },
    /// What became of a report.
    Acknowledged { number: i64, counts: Counts },
    /// The service would not have a message.
    Refused { number: Option<i64>, why: String },
    /// The outbox was full and this report went.
    Dropped { number: i64 },
    /// Any other frame of the contract's that this tool knows, and when it came.
    Frame { frame: ServerFrame, at: Instant },
    /// The last event: nothing comes after it.
    Ended(Error),
}

/// The owner's end of a line.
#[derive(Debug)]
pub struct Line {
    pub commands: mpsc::Sender<Command>,
    pub events: mpsc::Receiver<Event>,
}

/// Which socket, and as whom.
#[derive(Debug)]
pub struct Config {
    /// For messages: "the driver", "the watcher".
    pub who: &'static str,
    pub server: Server,
    pub tracking_id: String,
    /// Whose line it is, that of all of the driver's deliveries, instead of the socket of this one.
    pub driver_id: Option<String>,
    pub token: String,
    /// For the waits between attempts.
    pub seed: u64,
    /// Whether messages carry the clock of this machine, so that the service corrects their times.
    pub stamped: bool,
}

/// Opens a line in a task of its own.
pub fn open(config: Config) -> Line {
    let (commands, orders) = mpsc::channel(COMMANDS_MAX);
    let (news, events) = mpsc::channel(EVENTS_MAX);
    tokio::spawn(Worker::new(config, orders, news).run());
    Line { commands, events }
}

/// How a conversation on one socket ended.
enum End {
    Closed,
    Paused,
    Broken { why: String, asked: Option<Duration> },
    Fatal(Error),
}

/// The line's own side.
struct Worker {
    config: Config,
    orders: mpsc::Receiver<Command>,
    news: mpsc::Sender<Event>,
    outbox: Outbox,
    backoff: Backoff,
    /// Of the last frame: where to resume.
    epoch: Option<String>,
    seq: Option<u64>,
    paused: bool,
    connected_before: bool,
    /// What the last error said about coming back.
    retry_after: Option<Duration>,
}

impl Worker {
    fn new(config: Config, orders: mpsc::Receiver<Command>, news: mpsc::Sender<Event>) -> Self {
        let backoff = Backoff::new(config.seed);
        Self {
            config,
            orders,
            news,
            outbox: Outbox::default(),
            backoff,
            epoch: None,
            seq: None,
            paused: false,
            connected_before: false,
            retry_after: None,
        }
    }

    async fn run(mut self) {
        loop {
            while self.paused {
                let order = self.orders.recv().await;
                if !self.obey(order).await {
                    return;
                }
            }
            let connected = socket::connect(self.config.who, &self.url(), &self.config.token).await;
            let end = match connected {
                Ok(socket) => self.converse(socket).await,
                Err(error) if error.is_passing() => {
                    End::Broken { asked: error.retry_after(), why: error.to_string() }
                }
                Err(error) => End::Fatal(error),
            };
            match end {
                End::Closed => return,
                End::Paused => {}
                End::Fatal(error) => return self.tell(Event::Ended(error)).await,
                End::Broken { why, asked } => {
                    let wait = self.backoff.next(asked);
                    self.tell(Event::Interrupted { why, wait }).await;
                    if !self.wait(wait).await {
                        return;
                    }
                }
            }
        }
    }

    /// Talks on one socket until it ends.
    async fn converse(&mut self, mut socket: Socket) -> End {
        self.outbox.rewind();
        let again = std::mem::replace(&mut self.connected_before, true);
        self.tell(Event::Connected { again }).await;
        let mut look = tokio::time::interval(LOOK_EVERY);
        let (mut heard, mut pinged, mut acknowledged) =
            (clock::monotonic(), clock::monotonic(), clock::monotonic());
        loop {
            if !self.outbox.is_waiting_for_acks() {
                acknowledged = clock::monotonic();
            }
            if let Err(why) = self.send_reports(&mut socket).await {
                return why;
            }
            tokio::select! {
                order = self.orders.recv() => {
                    let stays = self.obey(order).await;
                    if !stays || self.paused {
                        let normal = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                        // A socket that cannot be closed properly is gone all the same.
                        let _ = tokio::time::timeout(LOOK_EVERY, socket.close(Some(normal))).await;
                        return if stays { End::Paused } else { End::Closed };
                    }
                }
                message = socket.next() => {
                    heard = clock::monotonic();
                    let reply = match message {
                        None => return broken("the connection ended without a close"),
                        Some(Err(why)) => return broken(&why.to_string()),
                        Some(Ok(Message::Close(frame))) => return self.closed(frame),
                        Some(Ok(Message::Text(text))) => {
                            self.backoff.reset();
                            let (reply, is_ack) = self.hear(&text, heard).await;
                            if is_ack {
                                acknowledged = heard;
                            }
                            reply
                        }
                        Some(Ok(_)) => None,
                    };
                    if let Some(reply) = reply
                        && let Err(why) = socket.send(reply).await
                    {
                        return broken(&why.to_string());
                    }
                }
                _ = look.tick() => {
                    let now = clock::monotonic();
                    if now - heard > SILENCE_MAX {
                        return broken("the other side has gone silent");
                    }
                    if self.outbox.is_waiting_for_acks() && now - acknowledged > ACK_MAX {
                        return broken("acknowledgements have stopped");
                    }
                    if now - pinged >= PING_EVERY {
                        pinged = now;
                        if let Err(why) = socket.send(Message::text(PING)).await {
                            return broken(&why.to_string());
                        }
                    }
                }
            }
        }
    }

    /// Puts on the wire what fits there.
    async fn send_reports(&mut self, socket: &mut Socket) -> Result<(), End> {
        let mut any = false;
        while let Some(item) = self.outbox.next() {
            let (number, sent_at) = (item.number, self.config.stamped.then(clock::unix_ms));
            let text = item.report.frame(number, sent_at).map_err(End::Fatal)?;
            self.news.send(Event::Sent { number, at: clock::monotonic() }).await.ok();
            socket.feed(Message::text(text)).await.map_err(|why| broken(&why.to_string()))?;
            any = true;
        }
        if any {
            socket.flush().await.map_err(|why| broken(&why.to_string()))?;
        }
        Ok(())
    }

    /// Takes one frame in. Returns what to answer, and whether it settled a report.
    async fn hear(&mut self, text: &str, at: Instant) -> (Option<Message>, bool) {
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            self.tell(Event::Refused { number: None, why: "a frame that is not JSON".into() }).await;
            return (None, false);
        };
        let data = &value["data"];
        if let Some(seq) = data["seq"].as_u64() {
            self.seq = Some(seq);
        }
        if let Some(epoch) = data["epoch"].as_str() {
            self.epoch = Some(epoch.to_owned());
        }
        let reply = match value["type"].as_str() {
            _ if value["ack"] == true => Some(json!({"type": "ack", "seq": data["seq"]})),
            // It comes again on each connection until it is known to have come.
            Some("assignment" | "unassignment") => Some(json!({"type": "ack", "id": value["id"]})),
            _ => None,
        };
        self.retry_after = value["retry_after"].as_u64().map(Duration::from_secs).or(self.retry_after);
        let mut is_ack = false;
        // Frames of a later version are not for this tool.
        if let Ok(frame) = serde_json::from_value(value) {
            let event = match frame {
                ServerFrame::Ack { id: MessageId::Number(number), counts } => {
                    is_ack = self.outbox.settle(number);
                    Event::Acknowledged { number, counts }
                }
                ServerFrame::Error { code, message, id, .. } => {
                    let number = match id {
                        Some(MessageId::Number(number)) => Some(number),
                        _ => None,
                    };
                    is_ack = number.is_some_and(|number| self.outbox.settle(number));
                    Event::Refused { number, why: format!("{code}: {message}") }
                }
                frame => Event::Frame { frame, at },
            };
            self.tell(event).await;
        }
        (reply.map(|reply| Message::text(reply.to_string())), is_ack)
    }

    fn closed(&mut self, frame: Option<CloseFrame>) -> End {
        let (code, reason) = frame
            .as_ref()
            .map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
        let asked = self.retry_after.take();
        match socket::after(frame.as_ref()) {
            Next::Retry => End::Broken { why: format!("closed {code} {reason}").trim().to_owned(), asked },
            Next::Done | Next::GiveUp => End::Fatal(Error::Closed { who: self.config.who, code, reason }),
        }
    }

    /// Does what the owner wants. False once the owner is gone.
    async fn obey(&mut self, order: Option<Command>) -> bool {
        match order {
            None => return false,
            Some(Command::Pause) => self.paused = true,
            Some(Command::Resume) => self.paused = false,
            Some(Command::Send(item)) => {
                if let Some(number) = self.outbox.push(item) {
                    self.tell(Event::Dropped { number }).await;
                }
            }
        }
        true
    }

    /// Lets time pass and keeps listening to the owner. False once the owner is gone.
    async fn wait(&mut self, wait: Duration) -> bool {
        let over = tokio::time::sleep(wait);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return true,
                order = self.orders.recv() => {
                    if !self.obey(order).await {
                        return false;
                    }
                }
            }
        }
    }

    /// An owner that no longer listens has dropped the commands too, which ends the line.
    async fn tell(&self, event: Event) {
        self.news.send(event).await.ok();
    }

    fn url(&self) -> String {
        let Config { server, tracking_id, driver_id, .. } = &self.config;
        if let Some(driver_id) = driver_id {
            // It begins with the state of all deliveries: there is nothing to resume.
            return server.socket(&format!("/ws/driver/{driver_id}"));
        }
        let resume = match (self.seq, &self.epoch) {
            (Some(seq), Some(epoch)) => format!("?since={seq}&epoch={epoch}"),
            _ => String::new(),
        };
        server.socket(&format!("/ws/tracking/{tracking_id}{resume}"))
    }
}

fn broken(why: &str) -> End {
    End::Broken { why: why.to_owned(), asked: None }
}

#[cfg(test)]
mod tests;
