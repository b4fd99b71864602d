//! What the Worker and a delivery's object say to each other.
//!
//! A request is one [`DeliveryRequest`] in a header (base64url of JSON, since headers hold no UTF-8), and
//! the client's own body, untouched: the object reads it against the delivery's clock. The answer is the
//! one that the client gets. During a deployment the two sides may be of different versions: new fields
//! get `#[serde(default)]`.

use data_encoding::BASE64URL_NOPAD;
use onway_core::auth::Caller;
use onway_core::history::Query;
use onway_core::rejection::Rejection;
use serde::{Deserialize, Serialize};
use worker::{Env, Headers, Method, ObjectNamespace, Request, RequestInit, Response, Stub};

use crate::problem::ours;

/// The binding of the deliveries' objects.
const BINDING: &str = "DELIVERY";
/// The header that carries the request.
const HEADER: &str = "onway-request";

/// What is asked of a delivery's object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum DeliveryRequest {
    /// The body is a `StartRequest` with its owners settled.
    Start { by: Caller },
    /// The body is an update.
    Update { by: Caller },
    /// The body is a status report.
    SetStatus { by: Caller },
    Read {
        by: Option<Caller>,
        #[serde(default)]
        if_none_match: Option<String>,
    },
    /// The track.
    History { by: Option<Caller>, query: Query },
    /// What happened, and which ETAs were published.
    Timeline { by: Option<Caller> },
    /// An upgrade.
    Follow {
        by: Option<Caller>,
        /// The client offered our subprotocol.
        #[serde(default)]
        subprotocol: bool,
        #[serde(default)]
        since: Option<u64>,
        #[serde(default)]
        epoch: Option<String>,
    },
    /// Panics, to show that nobody else notices.
    #[cfg(feature = "test-utils")]
    Panic,
    /// What has been counted since the object woke.
    #[cfg(feature = "test-utils")]
    Counters,
    /// Forgets all that is in memory, as an eviction does.
    #[cfg(feature = "test-utils")]
    Forget,
}

impl DeliveryRequest {
    /// Reads the request on the object's side.
    pub fn read(request: &Request) -> Result<Self, Rejection> {
        let header = request.headers().get(HEADER).map_err(ours)?.ok_or(Rejection::Internal)?;
        let json = BASE64URL_NOPAD.decode(header.as_bytes()).map_err(|_| Rejection::Internal)?;
        serde_json::from_slice(&json).map_err(|_| Rejection::Internal)
    }

    /// Asks the object named `name`; `hint` says where it should live, should this be its first request.
    pub async fn ask(
        &self,
        env: &Env,
        name: &str,
        hint: Option<&str>,
        body: Option<Vec<u8>>,
    ) -> Result<Response, Rejection> {
        let namespace = env.durable_object(BINDING).map_err(ours)?;
        let stub = stub(&namespace, name, hint)?;
        let request = self.to_http(body)?;
        stub.fetch_with_request(request).await.map_err(ours)
    }

    fn to_http(&self, body: Option<Vec<u8>>) -> Result<Request, Rejection> {
        let json = serde_json::to_vec(self).map_err(|_| Rejection::Internal)?;
        let headers = Headers::new();
        headers.set(HEADER, &BASE64URL_NOPAD.encode(&json)).map_err(ours)?;
        if matches!(self, Self::Follow { .. }) {
            headers.set("Upgrade", "websocket").map_err(ours)?;
        }
        let mut init = RequestInit::new();
        init.with_headers(headers);
        if let Some(body) = body {
            init.with_method(Method::Post);
            init.with_body(Some(js_sys::Uint8Array::from(body.as_slice()).into()));
        }
        Request::new_with_init("https://delivery/", &init).map_err(ours)
    }
}

fn stub(namespace: &ObjectNamespace, name: &str, hint: Option<&str>) -> Result<Stub, Rejection> {
    match hint {
        Some(hint) => namespace.get_by_name_with_location_hint(name, hint),
        None => namespace.get_by_name(name),
    }
    .map_err(ours)
}
