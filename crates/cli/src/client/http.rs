//! The service over HTTP.

use std::time::Duration;

use onway_core::wire::report::UpdateRequest;
use onway_core::wire::{Counts, Problem, Snapshot, StartRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::http::Uri;
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::error::{Error, Refusal};

/// The longest that one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A server, by its origin.
#[derive(Debug, Clone)]
pub struct Server {
    /// Without a slash at the end.
    origin: String,
    agent: Agent,
}

impl Server {
    /// The server at an `http` or `https` URL.
    pub fn new(url: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Url { url: url.to_owned(), why: why.to_owned() };
        let uri: Uri = url.parse().map_err(|_| wrong("this is no URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("only http:// and https:// are known"));
        }
        let host = uri.host().ok_or_else(|| wrong("it names no host"))?;
        let mut config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT));
        // A proxy of the environment is for the world outside, not for this machine.
        if matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
            config = config.proxy(None);
        }
        Ok(Self { origin: url.trim_end_matches('/').to_owned(), agent: config.build().into() })
    }

    /// `POST /tracking/start`.
    pub async fn start(&self, token: &str, request: &StartRequest) -> Result<Snapshot, Error> {
        self.post("/tracking/start".into(), token, request).await
    }

    /// `POST /tracking/update/{id}`: what became of the fixes.
    pub async fn update(
        &self,
        tracking_id: &str,
        token: &str,
        request: &UpdateRequest,
    ) -> Result<Counts, Error> {
        self.post(format!("/tracking/update/{tracking_id}"), token, request).await
    }

    /// The page on which a customer follows the delivery.
    pub fn page(&self, tracking_id: &str) -> String {
        format!("{}/track/{tracking_id}", self.origin)
    }

    /// The URL of a socket: `ws` for `http`, `wss` for `https`.
    pub fn socket(&self, path_and_query: &str) -> String {
        let rest = self.origin.strip_prefix("http").unwrap_or(&self.origin);
        format!("ws{rest}{path_and_query}")
    }

    async fn post<T: DeserializeOwned + Send + 'static>(
        &self,
        path: String,
        token: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let contract = |why: String| Error::Contract { path: path.clone(), why };
        let body = serde_json::to_vec(body).map_err(|why| contract(why.to_string()))?;
        let request = self
            .agent
            .post(format!("{}{path}", self.origin))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json");
        // The client blocks; a thread of the pool waits for it.
        let answer = tokio::task::spawn_blocking(move || {
            let mut answer = request.send(&body)?;
            let text = answer.body_mut().read_to_string()?;
            Ok::<_, ureq::Error>((answer, text))
        });
        let (answer, text) = answer
            .await
            .map_err(|why| contract(why.to_string()))?
            .map_err(|why| Error::Unreachable { url: self.origin.clone(), why: why.to_string() })?;
        if !answer.status().is_success() {
            return Err(refused("POST", path, &answer, &text));
        }
        serde_json::from_str(&text).map_err(|why| contract(why.to_string()))
    }
}

/// What a failed answer says, as `application/problem+json` or in whatever words it came.
fn refused(method: &'static str, path: String, answer: &Response<Body>, text: &str) -> Error {
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get("Retry-After").and_then(|value| value.to_str().ok()?.parse().ok());
    let problem = serde_json::from_str::<Problem>(text).ok();
    let (title, detail, field) = match problem {
        Some(problem) => (problem.title, problem.detail, problem.field.unwrap_or_default()),
        None => {
            (answer.status().canonical_reason().unwrap_or_default().to_owned(), excerpt(text), String::new())
        }
    };
    Box::new(Refusal { method, path, status, title, detail, field, retry_after }).into()
}

/// The first words of an answer that is no problem document, on one line.
fn excerpt(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_pages_share_the_origin() {
        let server = Server::new("https://track.example.org/").unwrap();
        assert_eq!(server.socket("/ws/tracking/TRK-1"), "wss://track.example.org/ws/tracking/TRK-1");
        assert_eq!(server.page("TRK-1"), "https://track.example.org/track/TRK-1");
        let local = Server::new("http://127.0.0.1:8787").unwrap();
        assert_eq!(local.socket("/ws"), "ws://127.0.0.1:8787/ws");
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for wrong in ["", "127.0.0.1:8787", "ftp://x", "http://", "not a url"] {
            assert!(matches!(Server::new(wrong), Err(Error::Url { .. })), "{wrong}");
        }
    }
}
