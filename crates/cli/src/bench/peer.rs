//! The server under load: any that speaks the contract, on this machine.

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use onway_core::auth::Role;
use onway_core::wire::StartRequest;
use onway_core::wire::start::{Mode, Place};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use ureq::Agent;

use crate::bench::fixes::Fixes;
use crate::clock;
use crate::error::{Error, Refusal};
use crate::token::Signer;

/// The longest that one request or upgrade may take: servers under load are slow.
const TIMEOUT: Duration = Duration::from_secs(30);
/// What a socket reads at a time: a frame or two. The library's own 128 KB would be gigabytes for a crowd.
const READ_BUFFER: usize = 4 * 1024;
/// The driver of all deliveries.
const DRIVER: &str = "BENCH-DRIVER";

pub type Socket = WebSocketStream<TcpStream>;

#[derive(Debug)]
pub struct Peer {
    /// Without a slash at the end.
    origin: String,
    address: SocketAddr,
    dispatcher: String,
    driver: String,
}

/// The part of an answer to a start that is needed.
#[derive(Debug, Deserialize)]
struct Started {
    tracking_id: String,
}

impl Peer {
    /// The server at this URL, which must be this machine's: load is for one's own server only.
    pub fn new(url: &str, signer: &Signer) -> Result<Self, Error> {
        let now_ms = clock::unix_ms();
        Ok(Self {
            origin: url.trim_end_matches('/').to_owned(),
            address: loopback(url)?,
            dispatcher: signer.sign(Role::Dispatcher, "bench", None, now_ms)?,
            driver: signer.sign(Role::Driver, DRIVER, None, now_ms)?,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// A new client of its own connection, which it keeps.
    pub fn agent() -> Agent {
        // A proxy of the environment is for the world outside, not for this machine.
        Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .proxy(None)
            .build()
            .into()
    }

    /// Starts a delivery that everybody may watch. Returns its id.
    pub fn start(&self) -> Result<String, Error> {
        let (lat, lng) = Fixes::destination();
        let request = StartRequest {
            driver_id: Some(DRIVER.into()),
            mode: Some(Mode::Car),
            ..StartRequest::new(format!("BENCH-{:x}", clock::unix_ms()), Place { lat, lng, address: None })
        };
        let path = "/tracking/start";
        let contract = |why: serde_json::Error| Error::Contract { path: path.into(), why: why.to_string() };
        let body = serde_json::to_vec(&request).map_err(contract)?;
        let answer = self.post(&Self::agent(), path, &self.dispatcher, &body)?;
        let started: Started = serde_json::from_str(&answer).map_err(contract)?;
        Ok(started.tracking_id)
    }

    /// Reports on a delivery as its driver.
    pub fn update(&self, agent: &Agent, id: &str, body: &[u8]) -> Result<(), Error> {
        self.post(agent, &format!("/tracking/update/{id}"), &self.driver, body).map(drop)
    }

    fn post(&self, agent: &Agent, path: &str, token: &str, body: &[u8]) -> Result<String, Error> {
        let unreachable =
            |why: ureq::Error| Error::Unreachable { url: self.origin.clone(), why: why.to_string() };
        let request = agent
            .post(format!("{}{path}", self.origin))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json");
        let mut answer = request.send(body).map_err(unreachable)?;
        let text = answer.body_mut().read_to_string().map_err(unreachable)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(text);
        }
        let title = status.canonical_reason().unwrap_or_default().to_owned();
        let detail: String = text.chars().take(200).collect();
        let (path, field) = (path.to_owned(), String::new());
        let status = status.as_u16();
        Err(Box::new(Refusal { method: "POST", path, status, title, detail, field, retry_after: None })
            .into())
    }

    /// Opens a socket to a delivery, as anybody.
    pub async fn watch(&self, id: &str) -> Result<Socket, Error> {
        self.open(id, |request| request).await
    }

    /// Opens a socket to a delivery, as its driver.
    pub async fn drive(&self, id: &str) -> Result<Socket, Error> {
        let bearer = format!("bearer.{}", self.driver);
        self.open(id, |request| request.with_sub_protocol("onway.v1").with_sub_protocol(bearer)).await
    }

    async fn open(
        &self,
        id: &str,
        with: impl FnOnce(ClientRequestBuilder) -> ClientRequestBuilder,
    ) -> Result<Socket, Error> {
        let unreachable = |why: String| Error::Unreachable { url: self.origin.clone(), why };
        let rest = self.origin.strip_prefix("http").unwrap_or(&self.origin);
        let uri: Uri = format!("ws{rest}/ws/tracking/{id}")
            .parse()
            .map_err(|_| Error::Url { url: self.origin.clone(), why: "this is no URL".into() })?;
        let request = with(ClientRequestBuilder::new(uri));
        let opening = async {
            let stream = TcpStream::connect(self.address).await.map_err(|why| why.to_string())?;
            stream.set_nodelay(true).map_err(|why| why.to_string())?;
            let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).write_buffer_size(0);
            let opened = client_async_with_config(request, stream, Some(config)).await;
            opened.map(|(socket, _)| socket).map_err(|why| why.to_string())
        };
        let opened = tokio::time::timeout(TIMEOUT, opening).await;
        opened.unwrap_or_else(|_| Err("no answer".into())).map_err(unreachable)
    }
}

/// The address of a URL, if it is this machine's.
fn loopback(url: &str) -> Result<SocketAddr, Error> {
    let wrong = |why: &str| Error::Url { url: url.to_owned(), why: why.to_owned() };
    let uri: Uri = url.parse().map_err(|_| wrong("this is no URL"))?;
    if uri.scheme_str() != Some("http") {
        return Err(wrong("only http:// is measured"));
    }
    let host = uri.host().ok_or_else(|| wrong("it names no host"))?;
    let port = uri.port_u16().unwrap_or(80);
    let name = host.trim_matches(['[', ']']);
    let found = (name, port).to_socket_addrs().map_err(|why| wrong(&why.to_string()))?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.iter().any(|address| !address.ip().is_loopback()) {
        return Err(Error::NotLoopback { host: host.to_owned() });
    }
    // Servers of a development machine listen on IPv4.
    let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    address.copied().ok_or_else(|| wrong("it has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loaded() {
        for url in ["http://127.0.0.1:8787", "http://127.3.2.1:80/", "http://[::1]:9000"] {
            assert!(loopback(url).is_ok_and(|address| address.ip().is_loopback()), "{url}");
        }
        for url in ["http://192.0.2.1:8787", "http://10.0.0.1", "http://[2001:db8::1]:80"] {
            assert!(matches!(loopback(url), Err(Error::NotLoopback { .. })), "{url}");
        }
        for url in ["", "https://127.0.0.1", "ws://127.0.0.1", "/tracking"] {
            assert!(matches!(loopback(url), Err(Error::Url { .. })), "{url}");
        }
    }
}
