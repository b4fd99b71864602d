//! What the Worker and the deliveries ask of a driver's object.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use onway_core::access::Look;
use onway_core::auth::{Caller, Role};
use onway_core::bucket::RETRY_AFTER;
use onway_core::driver::{Heard, News};
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::wire::driver::{
    DriverFrame, DriverState, EmergencyView, StopStatus, parse_duty, parse_emergency, parse_order,
};
use onway_core::wire::frames::{PING, PONG};
use onway_core::wire::input;
use serde_json::{Value, json};
use worker::{Response, WebSocket, WebSocketPair};
use worker_sys::WebSocketRequestResponsePair;

use super::session::{Attachment, Session, send};
use crate::beside;
use crate::contract::{Ask, DeliveryRequest, DriverRequest, said};
use crate::identity::wall;
use crate::log;
use crate::problem::{Answer, ours};
use crate::reply;
use crate::sockets;
use crate::sockets::{refuse, switching_protocols};

/// A delivery that takes longer is shown as far as it is known here.
const PATIENCE: Duration = Duration::from_secs(3);
/// Most sockets on a driver's line: the driver's one, and those who look after it.
const SOCKETS_MAX: usize = 100;

/// What is to be answered.
struct Answered {
    /// `None`: the state of all, as it is then.
    answer: Option<Response>,
    /// Whether others are told first.
    tells: bool,
}

impl Session {
    pub(super) async fn answer(self: &Rc<Self>, asked: DriverRequest, body: &[u8]) -> Answer {
        match asked {
            DriverRequest::Log { key_id, hash } => return self.log(&key_id, &hash, body).await,
            DriverRequest::Erase => return self.erase().await,
            _ => {}
        }
        let Answered { answer, tells } = self.answer_at_once(asked, body)?;
        if tells {
            self.tell().await?;
        }
        match answer {
            Some(answer) => Ok(answer),
            None => Response::from_json(&self.whole().await?).map_err(ours),
        }
    }

    /// What needs nobody else; in one place, since each that waited would be code of its own.
    fn answer_at_once(self: &Rc<Self>, asked: DriverRequest, body: &[u8]) -> Result<Answered, Rejection> {
        let answer = match asked {
            DriverRequest::Follow { by, subprotocol } => self
                .follow(by, subprotocol)
                .or_else(|rejection| refuse(&rejection, subprotocol).map_err(ours))?,
            DriverRequest::Read => return Ok(Answered { answer: None, tells: false }),
            DriverRequest::SetDuty => {
                self.set_duty(parse_duty(&input::json(body)?)?)?;
                return Ok(Answered { answer: None, tells: false });
            }
            DriverRequest::Order { by } => {
                let ids = parse_order(&input::json(body)?)?;
                self.change(|driver| driver.order(&ids, &by))?;
                // Where the driver is, and what else it carries, is not for stores.
                let is_store = by.role == Role::Store;
                let answer = is_store.then(|| Response::empty().map(|empty| empty.with_status(204)));
                return Ok(Answered { answer: answer.transpose().map_err(ours)?, tells: true });
            }
            DriverRequest::Raise => self.raise_by_http(body)?,
            DriverRequest::Acknowledge { by, id } => {
                let known = self.change(|driver| Ok(driver.acknowledge(&id, &by.subject, wall())))?;
                let emergency =
                    known.ok_or_else(|| Rejection::NotFound("there is no such emergency".into()))?;
                self.spread_emergency(&emergency)?;
                let answer = reply::json(&EmergencyView::of(&self.driver()?.driver_id, &emergency), 200)?;
                return Ok(Answered { answer: Some(answer), tells: true });
            }
            DriverRequest::Hear => self.hear(body)?,
            DriverRequest::MakeKey => self.make_key(body)?,
            DriverRequest::ListKeys => self.list_keys()?,
            DriverRequest::RevokeKey { key_id } => self.revoke_key(&key_id)?,
            DriverRequest::Invite => self.invite(body)?,
            DriverRequest::SignIn { id } => self.sign_in(&id)?,
            DriverRequest::Export => self.export()?,
            #[cfg(feature = "test-utils")]
            DriverRequest::Forget => {
                self.forget_all();
                Response::empty().map_err(ours)?
            }
            DriverRequest::Log { .. } | DriverRequest::Erase => return Err(Rejection::Internal),
        };
        Ok(Answered { answer: Some(answer), tells: false })
    }

    fn follow(self: &Rc<Self>, by: Caller, subprotocol: bool) -> Answer {
        let attachment = Attachment { by };
        if wall() >= attachment.by.expires {
            return Err(Rejection::InvalidToken("it has expired".into()));
        }
        let clients: Vec<_> = self.clients().collect();
        if clients.len() >= SOCKETS_MAX && !attachment.is_driver() {
            return Err(Rejection::RateLimited { retry_after: RETRY_AFTER });
        }
        if attachment.is_driver() {
            // A phone that comes back by another network may not know that its old socket is dead.
            for (former, _) in clients.iter().filter(|(_, known)| known.is_driver()) {
                former.close(Some(1008), Some("Replaced")).ok();
            }
        }
        let pair = WebSocketPair::new().map_err(ours)?;
        if !self.answers_pings.replace(true) {
            let answer = WebSocketRequestResponsePair::new(PING, PONG).map_err(|error| ours(error.into()))?;
            self.state.set_websocket_auto_response(&answer);
        }
        self.state.accept_web_socket(&pair.server);
        sockets::attach(&pair.server, &attachment).map_err(ours)?;
        if attachment.is_driver() {
            self.contact(false)?;
        }
        log::connect(&self.env, &self.state, "driver", attachment.audience());
        self.greet(pair.server.clone(), attachment);
        switching_protocols(pair.client, subprotocol).map_err(ours)
    }

    /// Tells a socket the whole state; a driver its letters, too.
    pub(super) fn greet(self: &Rc<Self>, socket: WebSocket, attachment: Attachment) {
        let session = Rc::clone(self);
        beside::spawn(&self.state, async move {
            if let Ok(data) = session.whole().await {
                send(&socket, &DriverFrame::DriverState { data: Box::new(data) });
            }
            if attachment.is_driver() {
                // What fails has been logged; the letters wait for the next connection.
                session.deliver_letters().await.ok();
                session.sampling.take();
                session.advise().ok();
            }
        });
    }

    /// The driver and the snapshots of its deliveries, as the driver sees them.
    async fn whole(&self) -> Result<DriverState, Rejection> {
        let driver = self.driver()?;
        let snapshots = join_all(driver.stops.iter().map(|stop| self.snapshot(&stop.tracking_id))).await;
        let deliveries = snapshots
            .into_iter()
            .zip(&driver.stops)
            // One that does not answer now is shown as far as it is known here.
            .map(|(snapshot, stop)| {
                snapshot.ok().flatten().unwrap_or_else(|| {
                    json!({
                        "tracking_id": stop.tracking_id, "order_id": stop.order_id, "status": stop.status,
                        "pickup": stop.pickup, "dropoff": stop.dropoff,
                    })
                })
            })
            .collect();
        Ok(DriverState::of(&driver, self.last.borrow().as_ref(), deliveries, wall()))
    }

    /// A delivery's snapshot as the driver sees it; `None` where it is over, or another's.
    pub(super) async fn snapshot(&self, tracking_id: &str) -> Result<Option<Value>, Rejection> {
        let by = Some(self.caller(self.driver()?.as_ref()));
        let asked = DeliveryRequest::Read { by, if_none_match: None, link: None, look: Some(Look::Read) };
        let asked = asked.ask(&self.env, tracking_id, None, None);
        let mut answer = beside::within(PATIENCE, asked).await.ok_or(Rejection::Internal)??;
        match answer.status_code() {
            200 => said(&mut answer).await.map(Some),
            400..=499 => Ok(None),
            _ => Err(Rejection::Internal),
        }
    }

    /// All that is held here, as it is stored; of the keys what does not work.
    fn export(&self) -> Answer {
        let (driver, last) = (self.driver()?, self.store.position().map_err(ours)?);
        let keys = self.store.keys().map_err(ours)?;
        let keys: Vec<_> =
            keys.into_iter().map(|key| json!([key.key_id, key.label, key.created, key.used])).collect();
        reply::json(&json!({"state": *driver, "position": last, "keys": keys}), 200)
    }

    fn raise_by_http(self: &Rc<Self>, body: &[u8]) -> Answer {
        let body = input::json(body)?;
        let emergency = self.raise(parse_emergency(&body)?)?;
        self.spread_emergency(&emergency)?;
        reply::json(&EmergencyView::of(&self.driver()?.driver_id, &emergency), 201)
    }

    /// A delivery says what has become of it.
    fn hear(self: &Rc<Self>, body: &[u8]) -> Answer {
        let news: News = own_json::read(body).map_err(|_| Rejection::Internal)?;
        let heard = self.change(|driver| driver.hear(&news))?;
        if heard == Heard::Changed {
            let data = StopStatus {
                tracking_id: news.tracking_id.clone(),
                status: news.status,
                at: news.at.secs(),
                seq: news.seq,
            };
            self.send_all(&DriverFrame::StatusUpdate { data }, |_| true);
        }
        if heard != Heard::Old {
            let session = Rc::clone(self);
            beside::spawn(&self.state, async move {
                if session.is_connected() {
                    // A letter waits until it is acknowledged, whatever becomes of this.
                    session.deliver_letters().await.ok();
                }
                session.tell().await.ok();
            });
        }
        Response::empty().map_err(ours)
    }
}
