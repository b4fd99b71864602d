//! A driver that sends its fixes as fast as they are acknowledged, or at a pace of its owner's.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use onway_core::status::Status;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::bench::fixes::Fixes;
use crate::bench::peer::{Peer, Socket};
use crate::client::Report;
use crate::error::Error;

/// So long an acknowledgement may take before the run is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A driver's socket to one delivery.
pub struct Driver {
    socket: Socket,
    fixes: Fixes,
    sent: i64,
}

impl Driver {
    /// Connects, and takes the goods on their way, so that everybody may see where they are.
    pub async fn depart(peer: &Peer, id: &str, fixes: Fixes) -> Result<Self, Error> {
        let mut driver = Self { socket: peer.drive(id).await?, fixes, sent: 0 };
        driver.report(&Report::Status(Status::InTransit)).await?;
        driver.acknowledged().await?;
        Ok(driver)
    }

    /// Sends the fix of this number.
    pub async fn send(&mut self, number: usize) -> Result<(), Error> {
        self.report(&Report::Fix(self.fixes.at(number))).await
    }

    async fn report(&mut self, report: &Report) -> Result<(), Error> {
        self.sent += 1;
        let frame = report.frame(self.sent, None)?;
        self.socket.send(Message::text(frame)).await.map_err(|why| lost(&why.to_string()))
    }

    /// Waits for the acknowledgement of what was sent last. An error where it was not taken.
    pub async fn acknowledged(&mut self) -> Result<(), Error> {
        let silent = |_| Error::Silent {
            seconds: PATIENCE.as_secs(),
            what: "an acknowledgement",
            trouble: String::new(),
        };
        timeout(PATIENCE, self.answer()).await.map_err(silent)?
    }

    async fn answer(&mut self) -> Result<(), Error> {
        let id = format!("\"id\":{}", self.sent);
        while let Some(message) = self.socket.next().await {
            let message = message.map_err(|why| lost(&why.to_string()))?;
            let Message::Text(text) = message else {
                if let Message::Close(close) = message {
                    return Err(lost(&close.map_or_else(String::new, |close| close.to_string())));
                }
                continue;
            };
            if text.contains("\"error\"") && !text.contains("\"ack\"") {
                return Err(Error::Report(format!("the server refused what the driver sent: {text}")));
            }
            if text.contains("\"ack\"") && text.replace(": ", ":").contains(&id) {
                return Ok(());
            }
        }
        Err(lost("it ended"))
    }
}

fn lost(why: &str) -> Error {
    Error::Report(format!("the driver's socket was lost: {why}"))
}
