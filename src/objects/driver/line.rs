//! The driver's line: what it says, and what it is told.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use base32ct::{Base32UpperUnpadded, Encoding};
use onway_core::bucket::{Verdict, too_soon};
use onway_core::driver::{Away, Emergency, LastFix, emergency};
use onway_core::fix::Fix;
use onway_core::rejection::Rejection;
use onway_core::wire::driver::{
    DriverFrame, EmergencyReport, Unassigned, parse_duty, parse_emergency, parse_presence,
};
use onway_core::wire::frames::{MessageId, ServerFrame};
use onway_core::wire::input::Fields;
use onway_core::wire::report::{Counts, FRAME_FIXES_MAX, Report, carries_status, parse_status};
use onway_core::wire::spoken::Spoken;
use serde_json::Value;
use worker::{Delay, Result, WebSocket, WebSocketIncomingMessage};

use super::relay::Waiting;
use super::session::{Attachment, Session, send};
use crate::api::tracking::known_id;
use crate::beside;
use crate::config::Config;
use crate::identity::{check, wall};
use crate::problem::ours;
use crate::sockets;

/// The newest position is written so often while deliveries take it, in ms.
const POSITION_SPAN: i64 = 60_000;

/// Most messages that are held: beyond, they are passed on at once.
const HELD_MAX: usize = 200;

type Handled = std::result::Result<(), Rejection>;

impl Session {
    /// Answers one message. Whatever it holds, the socket gets an answer or a close.
    pub(super) fn receive(
        self: &Rc<Self>,
        socket: &WebSocket,
        message: &WebSocketIncomingMessage,
    ) -> Result<()> {
        let text = match sockets::text_of(message) {
            Ok(text) => text,
            Err(rejection) => {
                sockets::close(socket, &rejection);
                return Ok(());
            }
        };
        let Some(attachment) = sockets::attached::<Attachment>(socket) else {
            sockets::close(socket, &Rejection::Gone);
            return Ok(());
        };
        let verdict = self.judge(socket);
        if let Verdict::Close(retry_after) = verdict {
            self.take_held();
            let rejection = Rejection::RateLimited { retry_after };
            // Past the end of its token it closes for that.
            send(socket, &ServerFrame::refusal(&rejection, None));
            sockets::close(socket, &rejection);
            return Ok(());
        }
        let spoken = Spoken::read(text);
        if wall() >= attachment.by.expires && spoken.kind() != Some("auth") {
            sockets::close(socket, &Rejection::InvalidToken(String::new()));
            return Ok(());
        }
        let handled = spoken.parts().and_then(|(kind, body, id)| match verdict {
            Verdict::Wait(pause)
                if kind == "location_update" && attachment.is_driver() && !carries_status(body) =>
            {
                self.hold(socket, body, id, pause);
                Ok(())
            }
            Verdict::Wait(pause) if matches!(kind, "get" | "ping") => Err(too_soon(pause)),
            _ => {
                // What came before it goes before it.
                self.take_held();
                self.handle(socket, &attachment, kind, body, id)
            }
        });
        if let Err(rejection) = handled {
            send(socket, &ServerFrame::refusal(&rejection, spoken.id()));
        }
        Ok(())
    }

    fn handle(
        self: &Rc<Self>,
        socket: &WebSocket,
        attachment: &Attachment,
        kind: &str,
        body: &Value,
        id: Option<MessageId>,
    ) -> Handled {
        match kind {
            "ping" => send(socket, &ServerFrame::Pong),
            "get" => self.greet(socket.clone(), attachment.clone()),
            "auth" => self.renew(socket, attachment, body)?,
            // What others may not say, the driver's own socket may.
            _ if !attachment.is_driver() => {
                return Err(Rejection::Forbidden("only the driver speaks on its line".into()));
            }
            "location_update" => return self.locate(socket, body, id),
            "status_update" | "accept" | "decline" => return self.pass_to_one(socket, kind, body, id),
            "duty" => {
                self.set_duty(parse_duty(body)?)?;
                acknowledge(socket, id);
            }
            "presence" => {
                let reason = parse_presence(body)?;
                let news = self.change(|driver| {
                    let news = driver.presence.explain(reason);
                    driver.revision += u64::from(news);
                    Ok(news)
                })?;
                acknowledge(socket, id);
                if news {
                    self.presence_changed()?;
                }
            }
            "emergency" => {
                let view = self.raise(parse_emergency(body)?)?;
                acknowledge(socket, id);
                self.spread_emergency(&view)?;
            }
            "ack" => {
                if let Some(MessageId::Number(letter)) = id {
                    let letter = u64::try_from(letter).unwrap_or_default();
                    self.change(|driver| Ok(driver.mailbox.acknowledge(letter)))?;
                }
            }
            _ => return Err(Rejection::invalid("type", "this type of message is not known")),
        }
        Ok(())
    }

    /// Keeps positions that came too soon, until there is room for one more: `pause` ms. What an eviction loses was
    /// never acknowledged.
    fn hold(self: &Rc<Self>, socket: &WebSocket, body: &Value, id: Option<MessageId>, pause: i64) {
        let mut held = self.held.borrow_mut();
        held.push((socket.clone(), body.clone(), id));
        let count = held.len();
        drop(held);
        if count >= HELD_MAX {
            self.take_held();
        } else if count == 1 {
            let session = Rc::clone(self);
            beside::spawn(&self.state, async move {
                Delay::from(Duration::from_millis(pause.unsigned_abs())).await;
                session.take_held();
            });
        }
    }

    /// Passes all that is held on, which the deliveries hear in one call.
    fn take_held(self: &Rc<Self>) {
        for (socket, body, id) in self.held.take() {
            if let Err(rejection) = self.locate(&socket, &body, id.clone()) {
                send(&socket, &ServerFrame::refusal(&rejection, id));
            }
        }
    }

    /// Takes positions: for the next stop, and now and then for the others.
    fn locate(self: &Rc<Self>, socket: &WebSocket, body: &Value, id: Option<MessageId>) -> Handled {
        let report = Report::parse(body, wall(), FRAME_FIXES_MAX)?;
        self.contact(false)?;
        let driver = self.driver()?;
        let fixes = report.fixes.len() + report.rejected.len();
        let named = named(body)?;
        if driver.off_duty && report.status.is_some() {
            return Err(Rejection::Conflict("off duty no position is kept: send the status alone".into()));
        }
        if driver.off_duty {
            // Understood, and not kept.
            let counts =
                Counts { filtered: report.fixes.len(), rejected: report.rejected, ..Counts::default() };
            if let Some(id) = id {
                send(socket, &DriverFrame::Ack { id, counts });
            }
            return Ok(());
        }
        self.note_position(report.fixes.iter().max_by_key(|fix| fix.key()), !driver.stops.is_empty())?;
        let is_named = named.is_some() || report.status.is_some();
        let addressees = match named {
            Some(one) => vec![self.known(&one)?],
            // A status is one delivery's.
            None if report.status.is_some() => vec![driver.only_stop()?.tracking_id.clone()],
            None => {
                let mut addressees = self.feed.borrow_mut().addressees(&driver.stops, wall());
                addressees.extend(driver.ended_since(report.fixes.iter().map(|fix| fix.time).min()));
                addressees
            }
        };
        if addressees.is_empty() {
            let counts =
                Counts { accepted: report.fixes.len(), rejected: report.rejected, ..Counts::default() };
            if let Some(id) = id {
                send(socket, &DriverFrame::Ack { id, counts });
            }
            // Where a delivery takes it, its answer says how often to report.
            return self.advise();
        }
        self.pass(addressees, body, Waiting::new(socket.clone(), id, fixes, !is_named));
        Ok(())
    }

    /// Keeps the newest position; `taken`: deliveries have it, too.
    pub(super) fn note_position(self: &Rc<Self>, newest: Option<&Fix>, taken: bool) -> Handled {
        let Some(fix) = newest.map(LastFix::from) else { return Ok(()) };
        if !fix.follows(self.last.borrow().as_ref(), wall()) {
            return Ok(());
        }
        let due = self.position_written.get().is_none_or(|at| wall().since(at) >= POSITION_SPAN);
        if !taken || due {
            self.store.write_position(&fix).map_err(ours)?;
            self.position_written.set(Some(wall()));
        }
        self.last.replace(Some(fix));
        if due {
            self.change(|driver| {
                driver.revision += 1;
                Ok(())
            })?;
            self.tell_soon();
        }
        Ok(())
    }

    /// Passes a message on to the delivery that it names; it need not where the driver has one alone.
    fn pass_to_one(
        self: &Rc<Self>,
        socket: &WebSocket,
        kind: &str,
        body: &Value,
        id: Option<MessageId>,
    ) -> Handled {
        if kind == "status_update" {
            parse_status(body)?;
        }
        self.contact(false)?;
        let tracking_id = match named(body)? {
            Some(one) => self.known(&one)?,
            None => self.driver()?.only_stop()?.tracking_id.clone(),
        };
        self.pass(vec![tracking_id], body, Waiting::new(socket.clone(), id, 0, false));
        Ok(())
    }

    /// The tracking id, if it is one of ours.
    fn known(&self, text: &str) -> std::result::Result<String, Rejection> {
        Ok(known_id(text, &Config::new(&self.env))?.as_str().to_owned())
    }

    /// Takes a call for help; the same `id` again is the same call.
    pub(super) fn raise(&self, report: EmergencyReport) -> std::result::Result<Emergency, Rejection> {
        // Loading it loads the newest position, too.
        let driver_id = self.driver()?.driver_id.clone();
        let wall = wall();
        let id = match report.id {
            Some(MessageId::Text(text)) => text,
            Some(MessageId::Number(number)) => number.to_string(),
            None => random_id()?,
        };
        let last = self.last.borrow().clone();
        let (position, position_at) = match (report.position, last) {
            (Some(position), _) => (Some(position), Some(wall)),
            (None, Some(last)) => (Some(last.position), Some(last.time)),
            (None, None) => (None, None),
        };
        let emergency = Emergency {
            // An id that the phone chose is unique for its driver alone.
            id: emergency::id_of(&driver_id, &id),
            at: wall,
            message: report.message,
            position,
            position_at,
            tracking_ids: Vec::new(),
            stores: BTreeMap::new(),
            acknowledged: None,
            archived: false,
            spread: false,
            heard: Default::default(),
        };
        self.change(|driver| {
            if let Some(raised) = driver.raise(emergency.clone())? {
                return Ok(raised);
            }
            let known = driver.emergencies.iter().find(|known| known.id == emergency.id);
            Ok(known.cloned().unwrap_or(emergency))
        })
    }

    /// Goes on or off duty; off duty nothing is kept.
    pub(super) fn set_duty(self: &Rc<Self>, on_duty: bool) -> Handled {
        let changed = self.change(|driver| {
            let changed = driver.set_duty(on_duty)?;
            if !on_duty {
                driver.presence.explain(Some(Away::OffDuty));
            } else if driver.presence.reason == Some(Away::OffDuty) {
                driver.presence.explain(None);
            }
            Ok(changed)
        })?;
        if !on_duty {
            self.store.forget_position().map_err(ours)?;
            self.last.take();
            self.position_written.take();
        }
        if changed {
            self.presence_changed()?;
        }
        Ok(())
    }

    /// Takes a new token for a socket. It may not make its holder anybody else.
    fn renew(&self, socket: &WebSocket, attachment: &Attachment, body: &Value) -> Handled {
        let token = body
            .get("token")
            .and_then(Value::as_str)
            .ok_or_else(|| Rejection::invalid("token", "token must be a JWT"))?
            .to_owned();
        let (socket, known, env) = (socket.clone(), attachment.by.clone(), self.env.clone());
        beside::spawn(&self.state, async move {
            match check(&token, &Config::new(&env)).await {
                Ok(by) if known.is_same(&by) => {
                    // A socket that has closed needs no renewal.
                    sockets::attach(&socket, &Attachment { by }).ok();
                }
                Ok(_) => sockets::close(&socket, &Rejection::Forbidden(String::new())),
                Err(rejection) => sockets::close(&socket, &rejection),
            }
        });
        Ok(())
    }

    /// Delivers the letters that wait, each with its delivery's snapshot.
    pub(super) async fn deliver_letters(&self) -> Handled {
        for letter in self.driver()?.mailbox.waiting().to_vec() {
            let frame = if letter.assigned {
                match self.snapshot(&letter.tracking_id).await {
                    Ok(Some(data)) => DriverFrame::Assignment { id: letter.id, data },
                    // It is over, or another's: there is nothing left to say.
                    Ok(None) => {
                        self.change(|driver| Ok(driver.mailbox.acknowledge(letter.id)))?;
                        continue;
                    }
                    // One that does not answer now keeps no other waiting.
                    Err(_) => continue,
                }
            } else {
                let data = Unassigned { tracking_id: letter.tracking_id };
                DriverFrame::Unassignment { id: letter.id, data }
            };
            self.send_all(&frame, Attachment::is_driver);
        }
        Ok(())
    }
}

/// The delivery that a message names, by any name of the field.
fn named(body: &Value) -> std::result::Result<Option<String>, Rejection> {
    Fields::of(body, "body")?.text("tracking_id", 256)
}

fn acknowledge(socket: &WebSocket, id: Option<MessageId>) {
    if let Some(id) = id {
        send(socket, &DriverFrame::Ack { id, counts: Counts::default() });
    }
}

fn random_id() -> std::result::Result<String, Rejection> {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).map_err(|_| Rejection::Internal)?;
    Ok(Base32UpperUnpadded::encode_string(&bytes))
}
