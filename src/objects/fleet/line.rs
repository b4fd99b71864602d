//! What dashboards say.

use std::rc::Rc;

use onway_core::auth::Caller;
use onway_core::bucket::Verdict;
use onway_core::fleet::filter::Filter;
use onway_core::rejection::Rejection;
use onway_core::wire::frames::{FRAME_MAX, MessageId, ServerFrame};
use onway_core::wire::input;
use onway_core::wire::report::message_id;
use serde_json::Value;
use worker::{WebSocket, WebSocketIncomingMessage};

use super::session::Session;
use super::watching::Client;
use crate::beside;
use crate::config::Config;
use crate::identity::{check, wall};
use crate::problem::ours;
use crate::sockets::{self, send};

impl Session {
    /// Answers one message. Whatever it holds, the socket gets an answer or a close.
    pub(super) fn receive(self: &Rc<Self>, socket: &WebSocket, message: &WebSocketIncomingMessage) {
        let (text, length) = match message {
            WebSocketIncomingMessage::String(text) => (Some(text.as_str()), text.len()),
            WebSocketIncomingMessage::Binary(bytes) => (None, bytes.len()),
        };
        if length > FRAME_MAX {
            return self.end(socket, &Rejection::TooLarge { limit: FRAME_MAX });
        }
        let pace = Config::new(&self.env).pace();
        let known =
            self.with_client(socket, |client| (client.frames.judge(wall(), pace), client.attachment.clone()));
        let Some((verdict, attachment)) = known else { return self.end(socket, &Rejection::Gone) };
        if let Verdict::Close(retry_after) = verdict {
            let rejection = Rejection::RateLimited { retry_after };
            send(socket, &ServerFrame::refusal(&rejection, None)).ok();
            return self.end(socket, &rejection);
        }
        let body = match text {
            Some(text) => input::json(text.as_bytes()),
            None => Err(Rejection::invalid("type", "messages are JSON in text frames")),
        };
        let kind = body.as_ref().ok().and_then(|body| body.get("type")).and_then(Value::as_str);
        if attachment.has_expired(wall()) && kind != Some("auth") {
            return self.end(socket, &Rejection::InvalidToken(String::new()));
        }
        let id = body.as_ref().map_or(Ok(None), message_id);
        let handled = match (&body, &id, kind) {
            (Err(rejection), ..) | (_, Err(rejection), _) => Err(rejection.clone()),
            (Ok(body), _, Some(kind)) => match verdict {
                Verdict::Wait(pause) if !matches!(kind, "auth" | "ack") => {
                    Err(Rejection::RateLimited { retry_after: (pause / 1_000) as u32 + 1 })
                }
                _ => self.handle(socket, attachment.by, kind, body),
            },
            _ => Err(Rejection::invalid("type", "a message is an object with a type")),
        };
        if let Err(rejection) = handled {
            let id: Option<MessageId> = id.ok().flatten();
            send(socket, &ServerFrame::refusal(&rejection, id)).ok();
        }
    }

    fn handle(
        self: &Rc<Self>,
        socket: &WebSocket,
        by: Caller,
        kind: &str,
        body: &Value,
    ) -> Result<(), Rejection> {
        match kind {
            "ping" => send(socket, &ServerFrame::Pong).map_err(ours),
            // Whoever answers keeps up.
            "ack" => {
                let seq = body.get("seq").and_then(Value::as_u64).unwrap_or(u64::MAX);
                self.with_client(socket, |client| client.watcher.answered(seq));
                Ok(())
            }
            "get" => {
                self.with_client(socket, |client| client.watcher.renew());
                self.tell(true);
                Ok(())
            }
            "subscribe" => {
                let filter = Filter::of_message(body)?;
                let kept = self.with_client(socket, |client| {
                    client.attachment.filter = filter;
                    client.watcher.renew();
                    sockets::attach(&client.socket, &client.attachment)
                });
                self.tell(true);
                kept.unwrap_or(Ok(())).map_err(ours)
            }
            "auth" => self.renew(socket, by, body),
            _ => Err(Rejection::invalid("type", "this type of message is not known")),
        }
    }

    /// Takes a new token for a socket. It may not make its holder anybody else.
    fn renew(self: &Rc<Self>, socket: &WebSocket, known: Caller, body: &Value) -> Result<(), Rejection> {
        let token = body.get("token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Rejection::invalid("token", "token must be a JWT"))?.to_owned();
        let (session, socket) = (Rc::clone(self), socket.clone());
        beside::spawn(&self.state, async move {
            match check(&token, &Config::new(&session.env)).await {
                Ok(by) if known.is_same(&by) => {
                    let kept = session.with_client(&socket, |client| {
                        client.attachment.by = by;
                        sockets::attach(&client.socket, &client.attachment)
                    });
                    kept.unwrap_or(Ok(())).map_err(ours).ok();
                }
                Ok(_) => session.end(&socket, &Rejection::Forbidden(String::new())),
                Err(rejection) => session.end(&socket, &rejection),
            }
        });
        Ok(())
    }

    fn with_client<T>(&self, socket: &WebSocket, see: impl FnOnce(&mut Client) -> T) -> Option<T> {
        self.with_clients(|clients| clients.iter_mut().find(|client| client.socket == *socket).map(see))
    }

    fn end(&self, socket: &WebSocket, rejection: &Rejection) {
        self.left(socket);
        sockets::close(socket, rejection);
    }
}
