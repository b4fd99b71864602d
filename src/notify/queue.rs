//! The queue itself. Without its binding nothing is told, and nothing is kept to be told.

use std::time::Duration;

use onway_core::notice::message::Errand;
use wasm_bindgen::JsValue;
use worker::{BatchMessageBuilder, Env, Error, QueueContentType, RawMessageBuilder, Result};

use crate::beside;

/// The binding.
const BINDING: &str = "EVENTS";
/// The platform takes 100 messages and 256 KB at once.
const BATCH_MAX: usize = 100;
/// One that takes longer has not taken it: what else has to be done waits for it.
const PATIENCE: Duration = Duration::from_secs(10);
const BATCH_BYTES_MAX: usize = 200 * 1024;

pub struct Queue(worker::Queue);

impl Queue {
    /// Whether there is one.
    pub fn is_bound(env: &Env) -> bool {
        env.queue(BINDING).is_ok()
    }

    pub fn of(env: &Env) -> Result<Self> {
        env.queue(BINDING).map(Self)
    }

    /// Sends errands, to be carried out after `delay` seconds. Those that went before one that fails are sent.
    pub async fn send(&self, errands: &[Errand], delay: u32) -> Result<()> {
        let mut texts = Vec::with_capacity(errands.len());
        for errand in errands {
            texts.push(serde_json::to_string(errand).map_err(|error| Error::RustError(error.to_string()))?);
        }
        let mut batch = BatchMessageBuilder::new();
        let (mut count, mut bytes) = (0, 0);
        for text in texts {
            if count == BATCH_MAX || (count > 0 && bytes + text.len() > BATCH_BYTES_MAX) {
                self.hand_over(std::mem::replace(&mut batch, BatchMessageBuilder::new())).await?;
                (count, bytes) = (0, 0);
            }
            (count, bytes) = (count + 1, bytes + text.len());
            let message = RawMessageBuilder::new(text.as_str().into()).delay_seconds(delay);
            batch = batch.message(message.build_with_content_type(QueueContentType::Text));
        }
        if count > 0 {
            self.hand_over(batch).await?;
        }
        Ok(())
    }

    async fn hand_over(&self, batch: BatchMessageBuilder<JsValue>) -> Result<()> {
        let sent = beside::within(PATIENCE, self.0.send_raw_batch(batch.build())).await;
        sent.unwrap_or_else(|| Err(Error::RustError("the queue does not answer".into())))
    }
}
