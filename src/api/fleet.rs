//! `/fleet`, `/ws/fleet`, `/ws/store`, `/stats/tracking` and `/health/socket`: many deliveries at once.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::future::join_all;
use onway_core::auth::{Caller, Role};
use onway_core::clock::Millis;
use onway_core::fleet::filter::Filter;
use onway_core::fleet::model::Statistics;
use onway_core::fleet::{permit, shard_name, store_name};
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::status::Status;
use onway_core::wire::driver::driver_id;
use onway_core::wire::fleet::{Recency, SocketHealth, TrackingStats};
use onway_core::wire::input;
use serde_json::{Map, Value};
#[cfg(feature = "test-utils")]
use worker::Request;
use worker::{Env, Response};

use super::asked::{Asked, Handled};
use super::tracking::known_id;
use super::{drivers, follow};
use crate::beside;
use crate::contract::{Ask, FleetRequest};
use crate::identity::wall;
use crate::problem::{Answer, ours};
use crate::reply;

/// Deliveries of a page, unless it asks for fewer, and at most.
const PAGE: usize = 500;
/// So long an answer is good for another who asks, in ms: of counts for operators, and for anybody.
const COUNTS_FRESH: i64 = 3_000;
const SOCKETS_FRESH: i64 = 10_000;
/// Hubs that are asked at once: the platform has six connections.
const AT_ONCE: usize = 5;
/// A hub is waited for so long.
const PATIENCE: Duration = Duration::from_secs(10);

thread_local! {
    static COUNTED: RefCell<Option<(Millis, Counts)>> = const { RefCell::new(None) };
}

/// Statistics, and how many dashboards there are.
type Counts = (Statistics, u64);

/// `GET /fleet`
pub async fn list(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    let (env, query) = (asked.env, asked.query()?);
    let store = query("store_id").map(|text| named(&text)).transpose()?;
    let store = own_store(&by, store)?;
    let filter = Filter::of_query(&query)?;
    let after = match query("cursor") {
        None => String::new(),
        Some(cursor) => {
            let known = known_id(&cursor, &asked.config)
                .map_err(|_| Rejection::invalid("cursor", "cursor is none of ours"));
            known?.as_str().to_owned()
        }
    };
    let limit = match query("limit") {
        None => PAGE,
        Some(text) => text.parse().ok().filter(|limit| (1..=PAGE).contains(limit)).ok_or_else(|| {
            Rejection::invalid("limit", format!("limit must be a whole number from 1 to {PAGE}"))
        })?,
    };
    let shards = asked.config.fleet_shards();
    let request = FleetRequest::List { filter, after, most: limit + 1 };
    // By their ids, in order.
    let mut found = Map::new();
    for page in ask(env, hubs(store, shards), &request).await? {
        if let Value::Object(page) = input::json(&page)? {
            found.extend(page);
        }
    }
    let more = found.len() > limit;
    let last = found.keys().nth(limit - 1).filter(|_| more);
    let next = last.map_or_else(|| "null".into(), |id| format!("\"{id}\""));
    let deliveries: Vec<_> = found.values().take(limit).filter_map(Value::as_str).collect();
    let body = format!(
        "{{\"shards\":{shards},\"deliveries\":[{}],\"next_cursor\":{next},\"server_time\":{}}}",
        deliveries.join(","),
        wall().0
    );
    reply::personal(body, "application/json")
}

/// `/ws/fleet?shard=k`
pub fn follow_shard<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let query = follow::upgrade(asked)?;
    let shard = query.get("shard").map_or(Some(0), |text| text.parse().ok());
    let shard = shard.filter(|shard| *shard < asked.config.fleet_shards());
    let hub = shard.map(shard_name).ok_or_else(|| Rejection::NotFound("there is no such shard".into()));
    follow_hub(asked, query.get("token"), None, hub)
}

/// `/ws/store/{store_id}`
pub fn follow_store<'a>(asked: &'a mut Asked<'_>) -> Handled<'a> {
    let query = follow::upgrade(asked)?;
    let store = drivers::named(asked.id);
    let known = store.clone().unwrap_or_default();
    follow_hub(asked, query.get("token"), Some(known), store.map(|store| store_name(&store)))
}

fn follow_hub<'a>(
    asked: &'a Asked<'_>,
    token: Option<String>,
    store: Option<String>,
    hub: Result<String, Rejection>,
) -> Handled<'a> {
    follow::refusing(asked, token, Ok(()), move |by, subprotocol| {
        let by = by.ok_or(Rejection::Unauthenticated)?;
        permit(&by, store.as_deref())?;
        Ok(FleetRequest::Follow { by, subprotocol }.ask(asked.env, &hub?, None, None))
    })
}

/// `GET /stats/tracking`
pub async fn statistics(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    let store = own_store(&by, None)?;
    let (found, dashboards) = match store {
        None => counted(COUNTS_FRESH, asked).await?,
        Some(store) => count(asked.env, vec![store_name(&store)]).await?,
    };
    let [statuses @ .., last_5_min, last_hour, older, sockets] = found;
    let body = TrackingStats {
        total_active_sessions: statuses.iter().sum(),
        total_websocket_connections: sockets + dashboards,
        status_distribution: Status::ALL
            .into_iter()
            .map(|status| status.name().to_owned())
            .zip(statuses)
            .collect(),
        sessions_by_recency: Recency { last_5_min, last_hour, older },
        server_time: wall().0,
    };
    reply::personal_json(&body)
}

/// `GET /health/socket`
pub async fn sockets(asked: &Asked<'_>) -> Answer {
    let ([.., sockets], dashboards) = counted(SOCKETS_FRESH, asked).await?;
    Response::from_json(&SocketHealth { status: "ok".into(), connections: sockets + dashboards })
        .map_err(ours)
}

/// What all shards have counted, as of `fresh` ms ago at most.
async fn counted(fresh: i64, asked: &Asked<'_>) -> Result<Counts, Rejection> {
    let known = COUNTED.with_borrow(|counted| *counted);
    if let Some((at, counts)) = known
        && (0..fresh).contains(&wall().since(at))
    {
        return Ok(counts);
    }
    let counts = count(asked.env, hubs(None, asked.config.fleet_shards())).await?;
    COUNTED.set(Some((wall(), counts)));
    Ok(counts)
}

async fn count(env: &Env, hubs: Vec<String>) -> Result<Counts, Rejection> {
    let mut sum = Counts::default();
    for counts in ask(env, hubs, &FleetRequest::Statistics).await? {
        let (found, dashboards): Counts = own_json::read(&counts).map_err(|_| Rejection::Internal)?;
        sum.1 += dashboards;
        for (sum, more) in sum.0.iter_mut().zip(found) {
            *sum += more;
        }
    }
    Ok(sum)
}

/// Asks each hub the same. One that does not answer fails all: a part would look like the whole.
pub async fn ask(env: &Env, hubs: Vec<String>, request: &FleetRequest) -> Result<Vec<Vec<u8>>, Rejection> {
    ask_each(env, hubs, request).await.into_iter().collect()
}

/// Asks each hub the same, and waits so long and no longer.
pub async fn ask_each(
    env: &Env,
    hubs: Vec<String>,
    request: &FleetRequest,
) -> Vec<Result<Vec<u8>, Rejection>> {
    let mut answers = Vec::with_capacity(hubs.len());
    for some in hubs.chunks(AT_ONCE) {
        let asked = some.iter().map(|hub| beside::within(PATIENCE, ask_one(env, hub, request)));
        let said = join_all(asked).await.into_iter();
        answers.extend(said.map(|said| said.unwrap_or(Err(Rejection::Internal))));
    }
    answers
}

async fn ask_one(env: &Env, hub: &str, request: &FleetRequest) -> Result<Vec<u8>, Rejection> {
    let mut answer = request.ask(env, hub, None, None).await?;
    match answer.status_code() {
        200 => answer.bytes().await.map_err(ours),
        _ => Err(Rejection::Internal),
    }
}

/// The hubs that have all, or a store's.
pub fn hubs(store: Option<String>, shards: u32) -> Vec<String> {
    match store {
        Some(store) => vec![store_name(&store)],
        None => (0..shards).map(shard_name).collect(),
    }
}

/// The store of which somebody sees the deliveries; `None`: of all.
fn own_store(by: &Caller, asked: Option<String>) -> Result<Option<String>, Rejection> {
    let store = asked.or_else(|| by.store_id.clone().filter(|_| by.role == Role::Store));
    permit(by, store.as_deref())?;
    Ok(store)
}

fn named(text: &str) -> Result<String, Rejection> {
    driver_id(text)
        .map_err(|_| Rejection::invalid("store_id", "store_id must be a plain, non-empty identifier"))
}

/// `/test/fleet/{forget|count|hear|timers}/{hub}`
#[cfg(feature = "test-utils")]
pub async fn test(mut request: Request, env: &Env) -> Answer {
    let path = request.path();
    let (asked, hub) =
        path.strip_prefix("/test/fleet/").and_then(|rest| rest.split_once('/')).unwrap_or_default();
    let (asked, body) = match asked {
        "forget" => (FleetRequest::Forget, None),
        "timers" => (FleetRequest::Timers, None),
        "hear" => (FleetRequest::Hear, Some(request.bytes().await.map_err(ours)?)),
        _ => (FleetRequest::Count, None),
    };
    asked.ask(env, hub, None, body).await
}
