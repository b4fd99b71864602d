//! What clients say over their sockets.

use std::rc::Rc;
use std::time::Duration;

use onway_core::bucket::{Verdict, too_soon};
use onway_core::clock::Millis;
use onway_core::delivery::{Change, Command, Outcome};
use onway_core::link;
use onway_core::permission::{Action, Party};
use onway_core::rejection::Rejection;
use onway_core::wire::ServerFrame;
use onway_core::wire::frames::MessageId;
use onway_core::wire::report::{Counts, FRAME_FIXES_MAX, Report, carries_status, parse_status};
use onway_core::wire::spoken::Spoken;
use serde_json::Value;
use worker::{Delay, Result, WebSocket, WebSocketIncomingMessage};

use super::links::party_of;
use super::session::Session;
use crate::beside;
use crate::config::Config;
use crate::identity::{check, wall};
use crate::problem::ours;
use crate::sockets::{self, Attachment};

/// How a message ends.
enum Said {
    /// The socket stays open.
    Done,
    Close(Rejection),
}

/// Positions that came too soon: taken with the next that may, and acknowledged then.
pub struct Held {
    socket: WebSocket,
    attachment: Attachment,
    body: Value,
    id: Option<MessageId>,
    received: Millis,
}

/// What became of one of them.
struct Taken {
    counts: Counts,
    conflict: Option<Rejection>,
    wrong_clock: bool,
}

/// Most that are held: beyond, they are taken at once.
const HELD_MAX: usize = 200;
/// What is taken also where it comes too soon: it is not said again, or it is what the service has asked for.
const MUST_BE_HEARD: [&str; 6] = ["location_update", "status_update", "accept", "decline", "auth", "ack"];

impl Session {
    /// Answers one message. Whatever it holds, the socket gets an answer or a close.
    pub(super) async fn receive(
        self: &Rc<Self>,
        socket: &WebSocket,
        message: WebSocketIncomingMessage,
    ) -> Result<()> {
        let said = match sockets::text_of(&message) {
            Ok(text) => self.said(socket, text).await?,
            Err(rejection) => Said::Close(rejection),
        };
        if let Said::Close(rejection) = said {
            self.sockets.forget(socket);
            sockets::close(socket, &rejection);
        }
        Ok(())
    }

    async fn said(self: &Rc<Self>, socket: &WebSocket, text: Option<&str>) -> Result<Said> {
        let Some(attachment) = self.sockets.attachment(&self.state, socket) else {
            return Ok(Said::Close(Rejection::Gone));
        };
        let verdict = self.sockets.judge(&attachment, wall(), Config::new(&self.env).pace());
        if let Verdict::Close(retry_after) = verdict {
            return Ok(self.too_often(socket, &attachment, retry_after));
        }
        let spoken = Spoken::read(text);
        if attachment.has_lapsed(wall()) {
            return Ok(Said::Close(link::refusal()));
        }
        if attachment.has_expired(wall()) && spoken.kind() != Some("auth") {
            return Ok(Said::Close(Rejection::InvalidToken("it has expired".into())));
        }
        let handled = match spoken.parts() {
            Err(rejection) => Err(rejection),
            Ok((kind, body, id)) => match verdict {
                Verdict::Wait(pause) if kind == "location_update" && !carries_status(body) => {
                    let (socket, body, received) = (socket.clone(), body.clone(), wall());
                    self.hold(Held { socket, attachment, body, id, received }, pause);
                    Ok(())
                }
                Verdict::Wait(pause) if !MUST_BE_HEARD.contains(&kind) => Err(too_soon(pause)),
                _ => self.handle(socket, attachment, kind, body, id).await,
            },
        };
        match handled {
            Ok(()) => Ok(Said::Done),
            Err(rejection @ (Rejection::Gone | Rejection::InvalidToken(_))) => Ok(Said::Close(rejection)),
            Err(rejection @ Rejection::Forbidden(_)) if spoken.kind() == Some("auth") => {
                Ok(Said::Close(rejection))
            }
            Err(rejection) => {
                // Past the end of its token a socket is renewed or closed: an error does not leave, either.
                let known = self.sockets.attachment(&self.state, socket);
                if known.is_some_and(|attachment| attachment.has_expired(wall())) {
                    let waits = matches!(rejection, Rejection::Unavailable { .. });
                    let ended = Rejection::InvalidToken("it has expired".into());
                    return Ok(Said::Close(if waits { rejection } else { ended }));
                }
                sockets::send(socket, &ServerFrame::refusal(&rejection, spoken.id()))?;
                Ok(Said::Done)
            }
        }
    }

    async fn handle(
        self: &Rc<Self>,
        socket: &WebSocket,
        attachment: Attachment,
        kind: &str,
        body: &Value,
        id: Option<MessageId>,
    ) -> std::result::Result<(), Rejection> {
        match kind {
            "ping" => sockets::send(socket, &ServerFrame::Pong).map_err(ours),
            "get" => {
                let delivery = self.take_live()?;
                let data = Box::new(self.snapshot(&delivery, attachment.audience));
                self.keep(delivery);
                sockets::send(socket, &ServerFrame::InitialState { data }).map_err(ours)
            }
            "auth" => self.renew(socket, body).await,
            "location_update" | "status_update" | "accept" | "decline" => {
                self.command(socket, &attachment, id, |now| Self::command_of(body, now, FRAME_FIXES_MAX))
            }
            // Whoever answers keeps up.
            "ack" => {
                let seq = body.get("seq").and_then(Value::as_u64).unwrap_or(u64::MAX);
                self.sockets.answer(socket, attachment, seq).map_err(ours)
            }
            _ => Err(Rejection::invalid("type", "this type of message is not known")),
        }
    }

    /// What a message of the driver asks for.
    pub(super) fn command_of(
        body: &Value,
        now: Millis,
        fixes_max: usize,
    ) -> std::result::Result<Command, Rejection> {
        match body.get("type").and_then(Value::as_str) {
            Some("location_update") => Report::parse(body, now, fixes_max).map(Command::Report),
            Some("status_update") => parse_status(body).map(Command::Status),
            Some("accept") => Change::Accept.command(body, &str::to_owned),
            Some("decline") => Change::Decline.command(body, &str::to_owned),
            _ => Err(Rejection::invalid("type", "this type of message is not known")),
        }
    }

    /// Carries out a command: the acknowledgement first, then what everybody hears.
    fn command(
        self: &Rc<Self>,
        socket: &WebSocket,
        attachment: &Attachment,
        id: Option<MessageId>,
        read: impl FnOnce(Millis) -> std::result::Result<Command, Rejection>,
    ) -> std::result::Result<(), Rejection> {
        let by = attachment.by.as_ref().ok_or(Rejection::Unauthenticated)?;
        // What came before it goes before it.
        self.take_held();
        let mut delivery = self.take_live()?;
        let now = delivery.facts.clock.now(wall());
        let applied = read(now).and_then(|command| self.apply(&mut delivery, command, by));
        let told = applied.and_then(|mut outcome| {
            self.acknowledge(socket, id.clone(), std::mem::take(&mut outcome.counts))?;
            if let Some(conflict) = &outcome.conflict {
                sockets::send(socket, &ServerFrame::refusal(conflict, id)).map_err(ours)?;
            }
            if outcome.wrong_clock {
                sockets::send(socket, &ServerFrame::wrong_clock()).map_err(ours)?;
            }
            self.broadcast(&delivery, &outcome);
            Ok(())
        });
        self.keep(delivery);
        told
    }

    fn acknowledge(
        &self,
        socket: &WebSocket,
        id: Option<MessageId>,
        counts: Counts,
    ) -> std::result::Result<(), Rejection> {
        let Some(id) = id else { return Ok(()) };
        sockets::send(socket, &ServerFrame::Ack { id, counts }).map_err(ours)
    }

    /// Takes a new token for a socket. It may not make its holder anybody else.
    async fn renew(&self, socket: &WebSocket, body: &Value) -> std::result::Result<(), Rejection> {
        let token = body
            .get("token")
            .and_then(Value::as_str)
            .ok_or_else(|| Rejection::invalid("token", "token must be a JWT"))?;
        let by = check(token, &Config::new(&self.env)).await?;
        // Other events may have come while the token was checked: from here on nothing waits.
        let mut attachment = self.sockets.attachment(&self.state, socket).ok_or(Rejection::Gone)?;
        if attachment.by.as_ref().is_some_and(|known| !known.is_same(&by)) {
            return Err(Rejection::Forbidden(
                "a token renews the socket of its own subject and role only".into(),
            ));
        }
        let delivery = self.take_live()?;
        let party = party_of(&delivery, Some(&by), attachment.link.is_some());
        let permitted = delivery.permit(party, Some(&by), Action::See);
        self.keep(delivery);
        permitted?;
        attachment.link.take_if(|_| party != Party::Link);
        self.sockets.renew(socket, attachment, by, party.into()).map_err(ours)
    }

    /// Ends a socket on which far too much comes. Past the end of its token it hears only that.
    fn too_often(self: &Rc<Self>, socket: &WebSocket, attachment: &Attachment, retry_after: u32) -> Said {
        self.take_held();
        if attachment.has_expired(wall()) {
            return Said::Close(Rejection::InvalidToken("it has expired".into()));
        }
        let rejection = Rejection::RateLimited { retry_after };
        sockets::send(socket, &ServerFrame::refusal(&rejection, None)).ok();
        Said::Close(rejection)
    }

    /// Keeps positions that came too soon, until there is room for one more: `pause` ms. The object does not
    /// hibernate before; what an eviction loses was never acknowledged.
    fn hold(self: &Rc<Self>, frame: Held, pause: i64) {
        let mut held = self.held.borrow_mut();
        held.push(frame);
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

    /// Takes all that is held: decided one by one, written and told as one.
    fn take_held(self: &Rc<Self>) {
        let held = self.held.take();
        if held.is_empty() {
            return;
        }
        let mut taken = Vec::new();
        match self.take_live() {
            Ok(mut delivery) => {
                let outcome = self.settle(&mut delivery, &mut |delivery| {
                    let mut whole = Outcome::default();
                    for Held { attachment, body, received, .. } in &held {
                        let by = attachment.by.as_ref().ok_or(Rejection::Unauthenticated);
                        let now = delivery.facts.clock.now(*received);
                        let applied = by.and_then(|by| {
                            let command = Self::command_of(body, now, FRAME_FIXES_MAX)?;
                            delivery.apply(command, by, now, &self.store)
                        });
                        taken.push(applied.map(|mut outcome| {
                            let counts = std::mem::take(&mut outcome.counts);
                            let (conflict, wrong_clock) = (outcome.conflict.take(), outcome.wrong_clock);
                            whole.join(outcome);
                            Taken { counts, conflict, wrong_clock }
                        }));
                    }
                    Ok(whole)
                });
                if outcome.is_err() {
                    taken.clear();
                }
                self.answer_held(held, taken, outcome.as_ref().err());
                if let Ok(outcome) = &outcome {
                    self.broadcast(&delivery, outcome);
                }
                self.keep(delivery);
            }
            Err(rejection) => self.answer_held(held, taken, Some(&rejection)),
        }
    }

    /// Tells each what became of it; `failed`: of all.
    fn answer_held(
        &self,
        held: Vec<Held>,
        taken: Vec<std::result::Result<Taken, Rejection>>,
        failed: Option<&Rejection>,
    ) {
        let mut taken = taken.into_iter();
        for Held { socket, attachment, id, .. } in held {
            // A newer token may have come meanwhile.
            let known = self.sockets.attachment(&self.state, &socket).unwrap_or(attachment);
            if known.has_expired(wall()) {
                sockets::close(&socket, &Rejection::InvalidToken(String::new()));
                continue;
            }
            let refused = match taken.next() {
                Some(Ok(Taken { counts, conflict, wrong_clock })) => {
                    self.acknowledge(&socket, id.clone(), counts).ok();
                    if wrong_clock {
                        sockets::send(&socket, &ServerFrame::wrong_clock()).ok();
                    }
                    conflict
                }
                Some(Err(rejection)) => Some(rejection),
                None => failed.cloned(),
            };
            match refused {
                Some(rejection @ Rejection::Gone) => sockets::close(&socket, &rejection),
                Some(rejection) => drop(sockets::send(&socket, &ServerFrame::refusal(&rejection, id))),
                None => {}
            }
        }
    }
}
