//! What dashboards say.

use std::rc::Rc;

use onway_core::auth::Caller;
use onway_core::bucket::{Verdict, too_soon};
use onway_core::fleet::filter::Filter;
use onway_core::rejection::Rejection;
use onway_core::wire::frames::ServerFrame;
use onway_core::wire::spoken::Spoken;
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
        let text = match sockets::text_of(message) {
            Ok(text) => text,
            Err(rejection) => return self.end(socket, &rejection),
        };
        let pace = Config::new(&self.env).pace();
        let known =
            self.with_client(socket, |client| (client.frames.judge(wall(), pace), client.attachment.clone()));
        let Some((verdict, attachment)) = known else { return self.end(socket, &Rejection::Gone) };
        if let Verdict::Close(retry_after) = verdict {
            let rejection = Rejection::RateLimited { retry_after };
            send(socket, &ServerFrame::refusal(&rejection, None)).ok();
            return self.end(socket, &rejection);
        }
        let spoken = Spoken::read(text);
        if attachment.has_expired(wall()) && spoken.kind() != Some("auth") {
            return self.end(socket, &Rejection::InvalidToken(String::new()));
        }
        let handled = spoken.parts().and_then(|(kind, body, _)| match verdict {
            Verdict::Wait(pause) if !matches!(kind, "auth" | "ack") => Err(too_soon(pause)),
            _ => self.handle(socket, attachment.by, kind, body),
        });
        if let Err(rejection) = handled {
            send(socket, &ServerFrame::refusal(&rejection, spoken.id())).ok();
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
