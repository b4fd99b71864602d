//! One WebSocket to the service: how it opens and what its end means.

use std::time::Duration;

use onway_core::wire::Problem;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config, tungstenite};

use crate::error::{Error, Refusal};

/// The longest that opening a socket may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// What a socket reads at a time: most frames are smaller. The library's own 128 KB would be much for a fleet.
const READ_BUFFER: usize = 8 * 1024;
/// The subprotocol that the service speaks.
const PROTOCOL: &str = "onway.v1";

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a socket as the holder of this token.
pub async fn connect(who: &'static str, url: &str, token: &str) -> Result<Socket, Error> {
    let wrong = |why: String| Error::Url { url: url.to_owned(), why };
    let uri: Uri = url.parse().map_err(|_| wrong("this is no URL".into()))?;
    // The path holds an id, and ids are secrets: a message names the server alone.
    let server = format!(
        "{}://{}",
        uri.scheme_str().unwrap_or_default(),
        uri.authority().map_or("", |at| at.as_str())
    );
    let unreachable = |why: String| Error::Unreachable { url: server.clone(), why };
    let request = ClientRequestBuilder::new(uri)
        .with_sub_protocol(PROTOCOL)
        .with_sub_protocol(format!("bearer.{token}"));
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let opening = connect_async_with_config(request, Some(config), true);
    match tokio::time::timeout(CONNECT_TIMEOUT, opening).await {
        Err(_) => Err(unreachable("no answer".into())),
        Ok(Ok((socket, _))) => Ok(socket),
        Ok(Err(tungstenite::Error::Http(answer))) => {
            let problem =
                answer.body().as_deref().and_then(|body| serde_json::from_slice::<Problem>(body).ok());
            let status = answer.status();
            let title = status.canonical_reason().unwrap_or_default().to_owned();
            let (title, detail) =
                problem.map_or((title, String::new()), |problem| (problem.title, problem.detail));
            let path = format!("{who}'s socket");
            let (status, field) = (status.as_u16(), String::new());
            let refusal = Refusal { method: "GET", path, status, title, detail, field, retry_after: None };
            Err(Box::new(refusal).into())
        }
        Ok(Err(why)) => Err(unreachable(why.to_string())),
    }
}

/// What a client does after its socket closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The conversation is over.
    Done,
    /// Connect again after a wait.
    Retry,
    /// Another attempt would fare the same.
    GiveUp,
}

/// What the contract says about a close: 1000 ends it, 1008 too unless for the rate or for slowness,
/// anything else is a deployment or the network.
pub fn after(close: Option<&CloseFrame>) -> Next {
    match close.map(|frame| (u16::from(frame.code), frame.reason.as_str())) {
        Some((1000, _)) => Next::Done,
        Some((1008, "Rate limit" | "Too slow")) => Next::Retry,
        Some((1008, _)) => Next::GiveUp,
        _ => Next::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;
    use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

    /// The first byte of a TLS handshake (RFC 8446, section 5.1).
    const HANDSHAKE: u8 = 22;

    #[tokio::test]
    async fn a_wss_url_speaks_tls_and_an_end_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("wss://{}/ws/tracking/TRK-1", listener.local_addr().unwrap());
        let greeting = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_u8().await.unwrap()
        };
        let (first, opened) = tokio::join!(greeting, connect("the tester", &url, "a.b.c"));
        assert_eq!(first, HANDSHAKE);
        assert!(matches!(opened, Err(error @ Error::Unreachable { .. }) if error.is_passing()));
    }

    #[test]
    fn each_close_means_what_the_contract_says() {
        let cases = [
            (1000, "", Next::Done),
            (1008, "Rate limit", Next::Retry),
            (1008, "Too slow", Next::Retry),
            (1008, "Invalid token", Next::GiveUp),
            (1008, "Tracking not found", Next::GiveUp),
            (1008, "Replaced", Next::GiveUp),
            (1001, "", Next::Retry),
            (1006, "", Next::Retry),
            (1012, "deploying", Next::Retry),
        ];
        for (code, reason, next) in cases {
            let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
            assert_eq!(after(Some(&frame)), next, "{code} {reason}");
        }
        assert_eq!(after(None), Next::Retry);
    }
}
