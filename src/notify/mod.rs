//! What leaves through the queue: what is to be told goes in with the change that made it, and comes out as errands,
//! one for each receiver. What each is about is in `onway_core::notice`.

pub mod endpoints;
pub mod push;
pub mod queue;
pub mod sms;
pub mod webhook;
mod wording;

use onway_core::notice::Kind;
use onway_core::notice::message::{Errand, Fate, News, is_late};
use onway_core::own_json;
use worker::{Context, Env, MessageBatch, MessageExt, QueueRetryOptionsBuilder, RawMessage, Result};

use crate::identity::wall;
use crate::{archive, log};
use queue::Queue;

/// After a fault of ours, so long as it lasts already, within these, in seconds: a hundred tries are four days.
const RETRY_FIRST_S: i64 = 1;
const RETRY_MOST_S: i64 = 3_600;

/// What is to be done, and the message that says so.
type Task = (RawMessage, Errand);

/// Carries out a batch: all of it at once, so that nobody waits for who does not answer.
pub async fn consume(batch: MessageBatch<()>, env: &Env, context: &Context) -> Result<()> {
    log::learn(env);
    let mut lanes: Vec<(String, Vec<Task>)> = Vec::new();
    for message in batch.raw_iter() {
        let text = message.body().as_string().unwrap_or_default();
        // What a newer version has written is for that one, should it come back; else it is put aside in the end.
        let Ok(errand) = own_json::read::<Errand>(text.as_bytes()) else {
            log::error("notify", "a message of the queue cannot be read");
            put_off(&message, RETRY_MOST_S);
            continue;
        };
        match receiver(&errand) {
            Some(receiver) => match lanes.iter_mut().find(|(known, _)| *known == receiver) {
                Some((_, lane)) => lane.push((message, errand)),
                None => lanes.push((receiver.to_owned(), vec![(message, errand)])),
            },
            None => lanes.push((String::new(), vec![(message, errand)])),
        }
    }
    futures_util::future::join_all(lanes.into_iter().map(|(_, lane)| go_through(lane, env, context))).await;
    Ok(())
}

/// To whom an errand goes that may be one of many to the same receiver.
fn receiver(errand: &Errand) -> Option<&str> {
    match errand {
        Errand::Webhook { endpoint, .. } => Some(endpoint),
        _ => None,
    }
}

/// The first errand to a receiver shows whether it answers: the platform has six connections, and one that hangs must
/// not have them all. The others then go at once, or are put off.
async fn go_through(lane: Vec<Task>, env: &Env, context: &Context) {
    let mut tasks = lane.into_iter();
    let Some(first) = tasks.next() else { return };
    let hangs = settle(first, env, context, false).await;
    futures_util::future::join_all(tasks.map(|task| settle(task, env, context, hangs))).await;
}

/// Does what a message says. Whether its receiver hangs.
async fn settle((message, errand): Task, env: &Env, context: &Context, hangs: bool) -> bool {
    let queued = message.timestamp().as_millis() as i64;
    match carry_out(errand, env, context, queued, hangs).await {
        Ok(hangs) => {
            message.ack();
            hangs
        }
        // Ours: the platform tries again, and puts it aside in the end.
        Err(error) => {
            log::error("notify", archive::reason(&error));
            put_off(&message, ((wall().0 - queued) / 1000).clamp(RETRY_FIRST_S, RETRY_MOST_S));
            false
        }
    }
}

fn put_off(message: &RawMessage, secs: i64) {
    message.retry_with_options(&QueueRetryOptionsBuilder::new().with_delay_seconds(secs as u32).build());
}

/// Does what an errand says that is in the queue since `queued`, in Unix milliseconds. Whether its receiver hangs.
async fn carry_out(errand: Errand, env: &Env, context: &Context, queued: i64, hangs: bool) -> Result<bool> {
    let late = |happened| is_late(happened, queued, wall().0);
    let fate = match &errand {
        Errand::Tell(news) => return spread(news, late(news.happened), env).await.map(|()| false),
        Errand::Sms(sms::Message { id, .. }) | Errand::Push { id, .. } if late(None) => {
            log::warn("notify", format!("{id} comes too late for people: it is dropped"));
            Fate::Over
        }
        Errand::Webhook { waits, .. } if hangs => Fate::PutOff { secs: webhook::put_off(env, *waits) },
        Errand::Webhook { .. } => webhook::carry_out(&errand, env, context).await?,
        Errand::Sms(message) => sms::carry_out(message, env).await?,
        Errand::Push { subscription, payload, tries, .. } => {
            push::carry_out(subscription, payload, *tries, env).await?
        }
    };
    match fate {
        Fate::Over => Ok(false),
        Fate::Again { secs } => Queue::of(env)?.send(&[again(errand)], secs).await.map(|()| false),
        Fate::PutOff { secs } => Queue::of(env)?.send(&[later(errand)], secs).await.map(|()| true),
        Fate::Waiting { secs } => {
            if let Some(secs) = secs {
                Queue::of(env)?.send(&[again(errand)], secs).await?;
            }
            Ok(true)
        }
    }
}

/// Sends an errand for each who wants to hear. What comes late is for other systems alone.
async fn spread(news: &News, is_late: bool, env: &Env) -> Result<()> {
    let mut errands = webhook::wanted(news, env).await?;
    if news.kind == Kind::Expired {
        push::forget(&news.tracking_id, env).await?;
    } else if !is_late {
        errands.extend(sms::wanted(news, env));
        errands.extend(push::wanted(news, env).await?);
    }
    Queue::of(env)?.send(&errands, 0).await
}

/// The same once more, after an attempt.
fn again(mut errand: Errand) -> Errand {
    match &mut errand {
        Errand::Tell(_) => {}
        Errand::Webhook { tries, .. }
        | Errand::Push { tries, .. }
        | Errand::Sms(sms::Message { tries, .. }) => *tries += 1,
    }
    errand
}

/// The same, put off without an attempt.
fn later(mut errand: Errand) -> Errand {
    if let Errand::Webhook { waits, .. } = &mut errand {
        *waits += 1;
    }
    errand
}
