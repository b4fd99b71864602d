//! The service over HTTP.

use std::time::Duration;

use onway_core::wire::report::UpdateRequest;
use onway_core::wire::{Counts, Problem, Snapshot, StartRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::http::Uri;
use ureq::http::request::Builder;
use ureq::http::{Request, Response};
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

    /// The same, named by the order: a repeat, because no answer came, starts no other delivery.
    pub async fn start_once(&self, token: &str, request: &StartRequest) -> Result<Snapshot, Error> {
        let path = "/tracking/start";
        let body = serde_json::to_vec(request)
            .map_err(|why| Error::Contract { path: path.into(), why: why.to_string() })?;
        let builder = self
            .request("POST", path)
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", &request.order_id);
        self.json("POST", path.into(), builder, Some(body)).await
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

    /// The JSON that a `GET` of this path and query answers.
    pub async fn get<T: DeserializeOwned>(&self, path: String, token: &str) -> Result<T, Error> {
        let request = self.request("GET", &path).header("Authorization", format!("Bearer {token}"));
        self.json("GET", path, request, None).await
    }

    /// Sends JSON; the JSON that comes back.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: &'static str,
        path: String,
        token: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let body = serde_json::to_vec(body)
            .map_err(|why| Error::Contract { path: path.clone(), why: why.to_string() })?;
        let request = self
            .request(method, &path)
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json");
        self.json(method, path, request, Some(body)).await
    }

    /// Sends what somebody without a token sends; the text of the answer. `name` stands for the path in
    /// messages, since the path may be a secret.
    pub async fn send_plain(
        &self,
        method: &'static str,
        path_and_query: &str,
        name: &str,
        content_type: Option<&'static str>,
        body: Option<String>,
    ) -> Result<String, Error> {
        let request = self.request(method, path_and_query);
        let request = match content_type {
            Some(kind) => request.header("Content-Type", kind),
            None => request,
        };
        self.answer(method, name, request, body.map(String::into_bytes)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: String,
        token: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.send("POST", path, token, body).await
    }

    fn request(&self, method: &str, path_and_query: &str) -> Builder {
        Request::builder().method(method).uri(format!("{}{path_and_query}", self.origin))
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: &'static str,
        path: String,
        request: Builder,
        body: Option<Vec<u8>>,
    ) -> Result<T, Error> {
        let text = self.answer(method, &path, request, body).await?;
        serde_json::from_str(&text).map_err(|why| Error::Contract { path, why: why.to_string() })
    }

    /// The text of a successful answer.
    async fn answer(
        &self,
        method: &'static str,
        name: &str,
        request: Builder,
        body: Option<Vec<u8>>,
    ) -> Result<String, Error> {
        let contract = |why: String| Error::Contract { path: name.to_owned(), why };
        let agent = self.agent.clone();
        // The client blocks; a thread of the pool waits for it.
        let answer = tokio::task::spawn_blocking(move || {
            let mut answer = match body {
                Some(body) => agent.run(request.body(body)?)?,
                None => agent.run(request.body(())?)?,
            };
            let text = answer.body_mut().read_to_string()?;
            Ok::<_, ureq::Error>((answer, text))
        });
        let (answer, text) = answer
            .await
            .map_err(|why| contract(why.to_string()))?
            .map_err(|why| Error::Unreachable { url: self.origin.clone(), why: why.to_string() })?;
        if answer.status().is_success() {
            return Ok(text);
        }
        Err(refused(method, name.to_owned(), &answer, &text))
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
