//! What clients say over their sockets.

use std::rc::Rc;

use onway_core::clock::Millis;
use onway_core::delivery::{Assignment, Command};
use onway_core::link;
use onway_core::permission::{Action, Party};
use onway_core::rejection::Rejection;
use onway_core::wire::ServerFrame;
use onway_core::wire::frames::{FRAME_MAX, MessageId};
use onway_core::wire::input;
use onway_core::wire::report::{Counts, FRAME_FIXES_MAX, Report, message_id, parse_status};
use serde_json::Value;
use worker::{Result, WebSocket, WebSocketIncomingMessage};

use super::session::Session;
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

impl Session {
    /// Answers one message. Whatever it holds, the socket gets an answer or a close.
    pub(super) async fn receive(
        self: &Rc<Self>,
        socket: &WebSocket,
        message: WebSocketIncomingMessage,
    ) -> Result<()> {
        let (text, length) = match &message {
            WebSocketIncomingMessage::String(text) => (Some(text.as_str()), text.len()),
            WebSocketIncomingMessage::Binary(bytes) => (None, bytes.len()),
        };
        match self.said(socket, text, length).await? {
            Said::Done => Ok(()),
            Said::Close(rejection) => {
                self.sockets.forget(socket);
                sockets::close(socket, &rejection);
                Ok(())
            }
        }
    }

    async fn said(self: &Rc<Self>, socket: &WebSocket, text: Option<&str>, length: usize) -> Result<Said> {
        if length > FRAME_MAX {
            return Ok(Said::Close(Rejection::TooLarge { limit: FRAME_MAX }));
        }
        let Some(attachment) = self.sockets.attachment(&self.state, socket) else {
            return Ok(Said::Close(Rejection::Gone));
        };
        let body = match text {
            Some(text) => input::json(text.as_bytes()),
            None => Err(Rejection::invalid("type", "messages are JSON in text frames")),
        };
        let kind = body.as_ref().ok().and_then(|body| body.get("type")).and_then(Value::as_str);
        if attachment.has_lapsed(wall()) {
            return Ok(Said::Close(link::refusal()));
        }
        if attachment.has_expired(wall()) && kind != Some("auth") {
            return Ok(Said::Close(Rejection::InvalidToken("it has expired".into())));
        }
        let id = body.as_ref().map_or(Ok(None), message_id);
        let handled = match (&body, &id, kind) {
            (Err(rejection), ..) | (_, Err(rejection), _) => Err(rejection.clone()),
            (Ok(body), Ok(id), Some(kind)) => self.handle(socket, attachment, kind, body, id.clone()).await,
            _ => Err(Rejection::invalid("type", "a message is an object with a type")),
        };
        match handled {
            Ok(()) => Ok(Said::Done),
            Err(rejection @ (Rejection::Gone | Rejection::InvalidToken(_))) => Ok(Said::Close(rejection)),
            Err(rejection @ Rejection::Forbidden(_)) if kind == Some("auth") => Ok(Said::Close(rejection)),
            Err(rejection) => {
                // Past the end of its token a socket is renewed or closed: an error does not leave, either.
                let known = self.sockets.attachment(&self.state, socket);
                if known.is_some_and(|attachment| attachment.has_expired(wall())) {
                    let waits = matches!(rejection, Rejection::Unavailable { .. });
                    let ended = Rejection::InvalidToken("it has expired".into());
                    return Ok(Said::Close(if waits { rejection } else { ended }));
                }
                sockets::send(socket, &ServerFrame::refusal(&rejection, id.ok().flatten()))?;
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
            // Whoever answers a frame that asked for it need not hear of it again.
            "ack" => Ok(()),
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
            Some("accept") => Assignment::Accept.command(body, &str::to_owned),
            Some("decline") => Assignment::Decline.command(body, &str::to_owned),
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
        let attachment = self.sockets.attachment(&self.state, socket).ok_or(Rejection::Gone)?;
        if attachment.by.as_ref().is_some_and(|known| (&known.subject, known.role) != (&by.subject, by.role))
        {
            return Err(Rejection::Forbidden(
                "a token renews the socket of its own subject and role only".into(),
            ));
        }
        let delivery = self.take_live()?;
        let party = match (delivery.party(Some(&by)), &attachment.link) {
            // Who came by a link, and is nobody else here, goes on by it.
            (Party::Public, Some(_)) => Party::Link,
            (party, _) => party,
        };
        let permitted = delivery.permit(party, Some(&by), Action::See);
        self.keep(delivery);
        permitted?;
        let link = attachment.link.filter(|_| party == Party::Link);
        let attachment = Attachment { by: Some(by), audience: party.into(), link };
        self.sockets.renew(socket, &attachment).map_err(ours)
    }
}
