//! A driver without a socket: each report is a `POST /tracking/update/{id}`, one after the other, tried
//! again when the network or the server is at fault. Seen from its owner it is a line like the other.

use tokio::sync::mpsc;

use crate::client::backoff::Backoff;
use crate::client::line::{COMMANDS_MAX, Command, Config, EVENTS_MAX, Event, Line};
use crate::client::outbox::Numbered;
use crate::clock;
use crate::error::Error;

/// Opens such a line in a task of its own.
pub fn open(config: Config) -> Line {
    let (commands, orders) = mpsc::channel(COMMANDS_MAX);
    let (news, events) = mpsc::channel(EVENTS_MAX);
    tokio::spawn(run(config, orders, news));
    Line { commands, events }
}

async fn run(config: Config, mut orders: mpsc::Receiver<Command>, news: mpsc::Sender<Event>) {
    let mut backoff = Backoff::new(config.seed);
    news.send(Event::Connected { again: false }).await.ok();
    while let Some(order) = orders.recv().await {
        // Without a connection there is nothing to hang up.
        let Command::Send(item) = order else { continue };
        if let Err(error) = deliver(&config, item, &mut backoff, &news).await {
            news.send(Event::Ended(error)).await.ok();
            return;
        }
    }
}

/// Posts one report until the server has answered for it. An error where no report could fare better.
async fn deliver(
    config: &Config,
    item: Numbered,
    backoff: &mut Backoff,
    news: &mpsc::Sender<Event>,
) -> Result<(), Error> {
    let number = item.number;
    loop {
        let request = item.report.body(config.stamped.then(clock::unix_ms));
        news.send(Event::Sent { number, at: clock::monotonic() }).await.ok();
        let event = match config.server.update(&config.tracking_id, &config.token, &request).await {
            Ok(counts) => Event::Acknowledged { number, counts },
            Err(error) if error.is_passing() => {
                let wait = backoff.next(error.retry_after());
                news.send(Event::Interrupted { why: error.to_string(), wait }).await.ok();
                tokio::time::sleep(wait).await;
                continue;
            }
            // The report itself is at fault: the next may do better.
            Err(Error::Refused(refusal)) if matches!(refusal.status, 409 | 413 | 422) => {
                Event::Refused { number: Some(number), why: refusal.to_string() }
            }
            Err(error) => return Err(error),
        };
        backoff.reset();
        news.send(event).await.ok();
        return Ok(());
    }
}
