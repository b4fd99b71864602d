//! What the Worker, the deliveries and the drivers ask of a hub.

use std::rc::Rc;

use onway_core::auth::Caller;
use onway_core::bucket::RETRY_AFTER;
use onway_core::counts::HubCounts;
use onway_core::fleet::filter::Filter;
use onway_core::fleet::load::UNWATCHED;
use onway_core::fleet::model::Heard;
use onway_core::fleet::report::Report;
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::wire::frames::{PING, PONG};
use onway_core::wire::input;
use serde_json::{Map, Value};
use worker::{Response, WebSocketPair};
use worker_sys::WebSocketRequestResponsePair;

use super::session::Session;
use super::watching::{Attachment, Client};
use crate::contract::FleetRequest;
use crate::identity::wall;
use crate::log;
use crate::problem::{Answer, ours};
use crate::sockets;
use crate::sockets::{refuse, switching_protocols};

/// Most dashboards of a hub: each may have a filter of its own, for which all that has changed is gone through.
const DASHBOARDS_MAX: usize = 300;

impl Session {
    pub(super) fn answer(self: &Rc<Self>, asked: FleetRequest, body: Vec<u8>) -> Answer {
        match asked {
            FleetRequest::Hear => self.hear(body),
            FleetRequest::Erase { tracking_id } => self.erase(&tracking_id),
            FleetRequest::Emergency => self.alert(&body),
            FleetRequest::Follow { by, subprotocol } => self
                .follow(by, subprotocol)
                .or_else(|rejection| refuse(&rejection, subprotocol).map_err(ours)),
            FleetRequest::List { filter, after, most } => self.list(&filter, &after, most),
            FleetRequest::Statistics => self.statistics(),
            FleetRequest::Count => self.count(),
            #[cfg(feature = "test-utils")]
            FleetRequest::Forget => {
                self.forget_all();
                Response::empty().map_err(ours)
            }
            #[cfg(feature = "test-utils")]
            FleetRequest::Timers => Response::from_json(&(Rc::strong_count(&self.timers) - 1)).map_err(ours),
        }
    }

    /// A delivery reports. What is told at once is durable before the answer leaves.
    fn hear(self: &Rc<Self>, body: Vec<u8>) -> Answer {
        let report: Report = own_json::read(&body).map_err(|_| Rejection::Internal)?;
        let wall = wall();
        let mut model = self.take()?;
        let pace = self.load.borrow_mut().count(wall, self.dashboards() > 0);
        {
            let mut counts = self.counts.borrow_mut();
            counts.reports += 1;
            counts.lag_ms = counts.lag_ms.max(report.lag_ms(wall));
        }
        let (id, expires) = (report.tracking_id.clone(), report.facts.expires);
        let heard = model.hear(report);
        self.counts.borrow_mut().slow_answers +=
            u64::from(!heard.is_known() || self.load.borrow().is_too_much());
        let written = match &heard {
            Heard::Facts { evicted } => {
                let text = String::from_utf8(body).map_err(|_| Rejection::Internal)?;
                let evicted = evicted.as_ref().map_or(Ok(()), |evicted| self.store.delete(evicted));
                evicted.and_then(|()| self.store.put(id, expires, text))
            }
            _ => Ok(()),
        };
        self.keep(model);
        if let Err(error) = written {
            // It is told again.
            self.forget_model();
            return Err(ours(error));
        }
        if !heard.is_known() {
            // The delivery comes again as it does where nobody answers.
            return Err(Rejection::Unavailable { retry_after: (UNWATCHED / 1_000) as u32 });
        }
        if heard.is_news() {
            self.changed();
            self.tell_soon();
        }
        Response::from_json(&pace).map_err(ours)
    }

    /// Nothing stays of a delivery: what a checkpoint has of it is written anew.
    fn erase(self: &Rc<Self>, tracking_id: &str) -> Answer {
        let mut model = self.take()?;
        let was_there = model.erase(tracking_id);
        self.keep(model);
        let erased = match self.store.erase(tracking_id).map_err(ours) {
            Ok(true) => self.checkpoint(),
            erased => erased.map(drop),
        };
        if erased.is_err() {
            // Whoever asks again finds what is stored.
            self.forget_model();
        }
        erased?;
        if was_there {
            // What it had counted stays.
            self.changed();
            self.tell_soon();
        }
        Response::empty().map_err(ours)
    }

    fn alert(&self, body: &[u8]) -> Answer {
        let view = input::json(body)?;
        let is_open = view.get("acknowledged_at").is_none_or(Value::is_null);
        let kind = if is_open { "emergency_alert" } else { "emergency_acknowledged" };
        self.send_all(&format!("{{\"type\":\"{kind}\",\"data\":{view}}}"));
        Response::empty().map_err(ours)
    }

    fn follow(self: &Rc<Self>, by: Caller, subprotocol: bool) -> Answer {
        let attachment = Attachment { by, filter: Filter::default() };
        // The Worker found it valid; that may have been the last of it.
        if attachment.has_expired(wall()) {
            return Err(Rejection::InvalidToken("it has expired".into()));
        }
        if self.dashboards() >= DASHBOARDS_MAX {
            return Err(Rejection::RateLimited { retry_after: RETRY_AFTER });
        }
        let pair = WebSocketPair::new().map_err(ours)?;
        if !self.answers_pings.replace(true) {
            let answer = WebSocketRequestResponsePair::new(PING, PONG).map_err(|error| ours(error.into()))?;
            self.state.set_websocket_auto_response(&answer);
        }
        self.state.accept_web_socket(&pair.server);
        sockets::attach(&pair.server, &attachment).map_err(ours)?;
        let client = Client::new(pair.server, attachment);
        self.with_clients(|clients| clients.push(client));
        self.tell(true);
        log::connect(&self.env, &self.state, "hub", "");
        switching_protocols(pair.client, subprotocol).map_err(ours)
    }

    fn list(&self, filter: &Filter, after: &str, most: usize) -> Answer {
        let mut model = self.take()?;
        model.age(wall());
        let named = |(id, json): (&str, String)| (id.to_owned(), json.into());
        let found: Map<String, Value> = model.list(filter, after).take(most).map(named).collect();
        self.keep(model);
        Response::ok(Value::Object(found).to_string()).map_err(ours)
    }

    fn statistics(&self) -> Answer {
        let mut model = self.take()?;
        model.age(wall());
        let found = model.statistics(wall());
        self.keep(model);
        Response::from_json(&(found, self.dashboards())).map_err(ours)
    }

    /// As the last checkpoint has it: what was told never becomes less, and to ask writes nothing.
    fn count(self: &Rc<Self>) -> Answer {
        let lag_ms = self.counts.borrow().lag_ms;
        // Tests wait for no alarm.
        #[cfg(feature = "test-utils")]
        self.checkpoint()?;
        let model = self.take()?;
        let counted = self.counted.get();
        let counts = HubCounts {
            gauges: model.gauges(),
            entries: model.len() as u64,
            dashboards: self.dashboards() as u64,
            lag_ms,
            // While nothing has changed since, it is as good as new.
            checkpoint_at: counted.checkpoint_at.filter(|_| self.dirty.get()).or(Some(wall().0)),
            ..counted
        };
        self.keep(model);
        Response::from_json(&counts).map_err(ours)
    }
}
