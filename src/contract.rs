//! What the Worker and the objects say to each other.
//!
//! A request is one [`DeliveryRequest`], [`DriverRequest`] or [`FleetRequest`] in a header (base64url of JSON, since headers
//! hold no UTF-8), and the client's own body, untouched: a delivery's object reads it against its own clock.
//! The answer is the one that the client gets. During a deployment the two sides may be of different versions: new fields
//! get `#[serde(default)]`.

use std::future::Future;
use std::pin::Pin;

use base64ct::{Base64UrlUnpadded, Encoding};
use onway_core::access::Look;
use onway_core::auth::Caller;
use onway_core::delivery::{Change, ProofKind};
use onway_core::fleet::filter::Filter;
use onway_core::history::Query;
use onway_core::own_json;
use onway_core::rejection::Rejection;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use web_sys::RequestInit;
use worker::{Env, Headers, ObjectNamespace, Request, Response, Stub};

use crate::problem::ours;

/// The header that carries the request.
const HEADER: &str = "onway-request";

/// What is asked of a delivery's object.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryRequest {
    /// The body is a `StartRequest` with its owners settled.
    Start {
        by: Caller,
        /// Under a key: the same may have been started before, and be over.
        #[serde(default)]
        repeatable: bool,
    },
    /// The body is an update.
    Update { by: Caller },
    /// The body is a status report.
    SetStatus { by: Caller },
    /// The body goes with what is asked.
    Change { by: Caller, asked: Change },
    /// The body is a rating.
    Rate { by: Option<Caller>, link: Option<String> },
    /// The body is a proof: an image, or JSON with a code where no kind is given.
    Prove { by: Caller, kind: Option<ProofKind> },
    /// The image of a proof.
    Proof { by: Option<Caller>, id: String },
    Read {
        by: Option<Caller>,
        #[serde(default)]
        if_none_match: Option<String>,
        /// The hash of a share link.
        #[serde(default)]
        link: Option<String>,
        /// How it is looked at; `None` where nobody looks, and only whether somebody may is asked.
        #[serde(default)]
        look: Option<Look>,
    },
    /// The track.
    History { by: Option<Caller>, query: Query },
    /// What happened, and which ETAs were published.
    Timeline {
        by: Option<Caller>,
        #[serde(default)]
        link: Option<String>,
    },
    /// Share links; the body goes with what is asked of them.
    Links { by: Caller, asked: LinkRequest },
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
        #[serde(default)]
        link: Option<String>,
    },
    /// Messages that the driver's object passes on; the body is a list of `Relayed`.
    Relay { by: Caller },
    /// Whether there is anything.
    Wake,
    /// What is held of persons.
    Export,
    /// It need not be read any longer: to the archive with it.
    Finish,
    /// A driver is being erased: it may have had this, and may have it still; `judge`: only whether that may be. 204
    /// where it has it no more, 200 where it had it to the end.
    ForgetDriver {
        driver_id: String,
        #[serde(default)]
        judge: bool,
    },
    /// Personal data; `judge`: only whether that may be.
    Erase { by: Caller, judge: bool },
    /// Where the delivery stands among the driver's stops; the body is a `Heading`.
    Heading { driver_id: String },
    /// A call for help of the driver, or that somebody has it; the body is an `EmergencyView`.
    Emergency { driver_id: String },
    /// Fails whatever is relayed from now on, until it forgets.
    #[cfg(feature = "test-utils")]
    Break,
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

/// What is asked of a delivery's share links.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkRequest {
    /// The body is a `LinkChange`; `origin` is where the service is.
    Make {
        origin: String,
    },
    List,
    /// The body is a `LinkChange`.
    Change {
        id: String,
    },
    Revoke {
        id: String,
    },
}

/// What is asked of a driver's object. Who may ask follows from the caller and the path: the Worker has judged.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverRequest {
    /// The driver's line: an upgrade.
    Follow {
        by: Caller,
        #[serde(default)]
        subprotocol: bool,
    },
    /// The active deliveries, in stop order.
    Read,
    /// The body is `{"on_duty"}`.
    SetDuty,
    /// The body is `{"tracking_ids"}`.
    Order {
        by: Caller,
    },
    /// The body is an emergency's.
    Raise,
    /// Somebody has it.
    Acknowledge {
        by: Caller,
        id: String,
    },
    /// A delivery says what has become of it; the body is `News`.
    Hear,
    /// Positions from a phone tracker under a key; the body is `Logged`.
    Log {
        key_id: String,
        hash: String,
    },
    /// A key for a phone tracker; the body is `{"label"}`.
    MakeKey,
    ListKeys,
    RevokeKey {
        key_id: String,
    },
    /// A sign-in link, which works once.
    Invite,
    /// Takes the place of a sign-in link.
    SignIn {
        id: String,
    },
    /// What is held of the driver.
    Export,
    /// Personal data.
    Erase,
    /// Forgets all that is in memory, as an eviction does.
    #[cfg(feature = "test-utils")]
    Forget,
}

/// What is asked of a hub: a shard's object, or a store's.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FleetRequest {
    /// The body is a `Report`. The answer: in how many ms to tell the next position.
    Hear,
    /// A delivery has been erased.
    Erase { tracking_id: String },
    /// A call for help, or that somebody has it; the body is an `EmergencyView`.
    Emergency,
    /// A dashboard: an upgrade.
    Follow {
        by: Caller,
        #[serde(default)]
        subprotocol: bool,
    },
    /// The answer: ids and JSON, in the order of ids.
    List { filter: Filter, after: String, most: usize },
    /// The answer: `Statistics`, and how many dashboards there are.
    Statistics,
    /// The answer: `HubCounts`.
    Count,
    /// Forgets all that is in memory, as an eviction does.
    #[cfg(feature = "test-utils")]
    Forget,
    /// The answer: how many timers keep the object awake.
    #[cfg(feature = "test-utils")]
    Timers,
}

impl Ask for FleetRequest {
    const BINDING: &'static str = "FLEET";

    fn is_upgrade(&self) -> bool {
        matches!(self, Self::Follow { .. })
    }
}

impl Ask for DeliveryRequest {
    const BINDING: &'static str = "DELIVERY";

    fn is_upgrade(&self) -> bool {
        matches!(self, Self::Follow { .. })
    }
}

impl Ask for DriverRequest {
    const BINDING: &'static str = "DRIVER";

    fn is_upgrade(&self) -> bool {
        matches!(self, Self::Follow { .. })
    }
}

/// A kind of object, by what can be asked of it.
pub trait Ask: Serialize + DeserializeOwned {
    /// The binding of the objects.
    const BINDING: &'static str;

    fn is_upgrade(&self) -> bool;

    /// Reads the request on the object's side.
    fn read(request: &Request) -> Result<Self, Rejection> {
        let header = request.headers().get(HEADER).map_err(ours)?.ok_or(Rejection::Internal)?;
        let json = Base64UrlUnpadded::decode_vec(&header).map_err(|_| Rejection::Internal)?;
        own_json::read(&json).map_err(|_| Rejection::Internal)
    }

    /// Asks the object named `name`; `hint` says where it should live, should this be its first request.
    fn ask(&self, env: &Env, name: &str, hint: Option<&'static str>, body: Option<Vec<u8>>) -> Asking {
        match serde_json::to_vec(self) {
            Ok(json) => send(env, Self::BINDING, name, hint, to_http(&json, self.is_upgrade(), body)),
            Err(_) => Box::pin(std::future::ready(Err(Rejection::Internal))),
        }
    }
}

/// Reads the answer of an object.
pub async fn said<T: DeserializeOwned>(answer: &mut Response) -> Result<T, Rejection> {
    own_json::read(&answer.bytes().await.map_err(ours)?).map_err(|_| Rejection::Internal)
}

/// An answer that is on its way. Boxed, as what many handlers wait for: each would hold a copy of its code.
pub type Asking = Pin<Box<dyn Future<Output = Result<Response, Rejection>>>>;

fn send(
    env: &Env,
    binding: &'static str,
    name: &str,
    hint: Option<&'static str>,
    request: Result<Request, Rejection>,
) -> Asking {
    let (env, name) = (env.clone(), name.to_owned());
    Box::pin(async move {
        let namespace = env.durable_object(binding).map_err(ours)?;
        stub(&namespace, &name, hint)?.fetch_with_request(request?).await.map_err(ours)
    })
}

fn to_http(json: &[u8], is_upgrade: bool, body: Option<Vec<u8>>) -> Result<Request, Rejection> {
    let headers = Headers::new();
    headers.set(HEADER, &Base64UrlUnpadded::encode_string(json)).map_err(ours)?;
    if is_upgrade {
        headers.set("Upgrade", "websocket").map_err(ours)?;
    }
    // The platform's own: `worker`'s carries every option of a request to Cloudflare's network.
    let init = RequestInit::new();
    init.set_headers(headers.as_ref());
    if let Some(body) = body {
        init.set_method("POST");
        init.set_body(&js_sys::Uint8Array::from(body.as_slice()));
    }
    let request = web_sys::Request::new_with_str_and_init("https://object/", &init);
    request.map(Request::from).map_err(|error| ours(error.into()))
}

fn stub(namespace: &ObjectNamespace, name: &str, hint: Option<&str>) -> Result<Stub, Rejection> {
    match hint {
        Some(hint) => namespace.get_by_name_with_location_hint(name, hint),
        None => namespace.get_by_name(name),
    }
    .map_err(ours)
}
