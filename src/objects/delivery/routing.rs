//! Asking the routing engine, beside everything else: a delivery never waits for it.

use std::rc::Rc;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use onway_core::delivery::Delivery;
use onway_core::fix::Position;
use onway_core::routing::{self, BODY_MAX, Plan};
use worker::{Cache, Response, Result};

use super::session::Session;
use crate::beside;
use crate::config::{Config, Routing};
use crate::identity::wall;
use crate::log;
use crate::outgoing::{self, Bounds};
use crate::problem::ours;

/// A way that the engine is asked for.
pub(super) struct Way {
    engine: Routing,
    url: String,
    to: Position,
}

impl Session {
    /// Whether the engine is to be asked now. Notes it in the delivery, which the caller is about to write.
    pub(super) fn way_to_ask(&self, delivery: &mut Delivery) -> Option<Way> {
        let engine = Config::new(&self.env).routing()?;
        let wall = wall();
        let (from, to) = delivery.way_to_ask(wall, engine.pause)?;
        delivery.note_asked(wall);
        Some(Way { url: routing::url(&engine.url, delivery.facts.mode, from, to), engine, to })
    }

    /// Asks the engine, and tells everybody what comes of it.
    pub(super) fn ask_for_way(self: &Rc<Self>, way: Way) {
        let session = Rc::clone(self);
        beside::spawn(&self.state, async move {
            let plan = match way.plan().await {
                Ok(plan) => Some(plan),
                Err(error) => {
                    log::warn("routing", error);
                    None
                }
            };
            // Where the delivery cannot be read or written the next frame says so: the error has been logged.
            drop(session.take_plan(plan));
        });
    }

    fn take_plan(
        self: &Rc<Self>,
        plan: Option<Plan>,
    ) -> std::result::Result<(), onway_core::rejection::Rejection> {
        let Some(mut delivery) = self.take()? else { return Ok(()) };
        let outcome = delivery.take_plan(plan, delivery.facts.clock.now(wall()));
        let written =
            if outcome.changed { self.write(&mut delivery, &outcome).map_err(ours) } else { Ok(()) };
        if written.is_ok() {
            self.broadcast(&delivery, &outcome);
            self.keep(delivery);
        }
        written
    }
}

impl Way {
    async fn plan(&self) -> Result<Plan> {
        // No other address has this one, and its name says nothing to those who list a cache.
        let key =
            format!("https://onway.invalid/route/{}", Base64UrlUnpadded::encode_string(self.url.as_bytes()));
        let parse = |body: &[u8]| routing::parse(body, self.to).map_err(|error| error.to_string().into());
        if let Some(mut cached) = Cache::default().get(&key, false).await? {
            return parse(&cached.bytes().await?);
        }
        let bounds = Bounds { time: self.engine.timeout, bytes: BODY_MAX, any_status: true };
        let body = outgoing::get(&self.url, bounds).await?;
        let plan = parse(&body)?;
        if self.engine.cached > Duration::ZERO {
            let response = Response::from_bytes(body)?;
            response.headers().set("Cache-Control", &format!("max-age={}", self.engine.cached.as_secs()))?;
            if let Err(error) = Cache::default().put(&key, response).await {
                log::warn("routing", format!("the answer could not be cached: {error}"));
            }
        }
        Ok(plan)
    }
}
