//! What is known of a socket. It outlasts hibernation.

use js_sys::JSON;
use onway_core::auth::Caller;
use onway_core::clock::Millis;
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::visibility::Audience;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::{Result, WebSocket};
use worker_sys::ext::WebSocketExt;

/// Keeps what is known of a socket with it.
pub fn attach(socket: &WebSocket, known: &impl Serialize) -> Result<()> {
    let value = JSON::parse(&serde_json::to_string(known)?)?;
    Ok(platform(socket).serialize_attachment(value)?)
}

/// What is known of a socket.
pub fn attached<T: DeserializeOwned>(socket: &WebSocket) -> Option<T> {
    let value = platform(socket).deserialize_attachment().ok()?;
    // Dashboards that connected under an earlier version have it as text.
    let text = value.as_string().or_else(|| JSON::stringify(&value).ok()?.as_string())?;
    own_json::read(text.as_bytes()).ok()
}

fn platform(socket: &WebSocket) -> &web_sys::WebSocket {
    socket.as_ref()
}

/// What is known of a socket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attachment {
    /// `None` for the public.
    pub by: Option<Caller>,
    pub audience: Audience,
    /// The share link that lets it see what it sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Pass>,
    /// Tells the sockets of an object apart.
    #[serde(default)]
    pub(super) id: u32,
    /// How many of the questions to its audience it has answered, or were asked before it came.
    #[serde(default)]
    pub(super) answered: u32,
}

/// A share link, to a socket that came by it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pass {
    pub id: String,
    /// Wall clock.
    pub until: Option<Millis>,
}

impl Attachment {
    pub const fn new(by: Option<Caller>, audience: Audience, link: Option<Pass>) -> Self {
        Self { by, audience, link, id: 0, answered: 0 }
    }

    /// Whether its token has run out: nothing leaves any more.
    pub fn has_expired(&self, wall: Millis) -> bool {
        self.by.as_ref().is_some_and(|by| wall >= by.expires)
    }

    /// Whether its share link is over: no token mends that.
    pub fn has_lapsed(&self, wall: Millis) -> bool {
        self.link.as_ref().and_then(|link| link.until).is_some_and(|until| wall >= until)
    }

    /// What it is to be closed with, where it may hear no more.
    pub(super) fn ended(&self, wall: Millis) -> Option<Rejection> {
        if self.has_lapsed(wall) {
            return Some(Rejection::Forbidden(String::new()));
        }
        self.has_expired(wall).then(|| Rejection::InvalidToken(String::new()))
    }
}
