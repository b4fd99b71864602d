//! Webhooks: a signed `POST` to each endpoint that wants to hear, and to the operator's order service.

use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::future::{Either, join, select};
use onway_core::log::Level;
use onway_core::notice::Kind;
use onway_core::notice::endpoint::{UrlParts, permit};
use onway_core::notice::message::{self, Errand, Fate, News, lengthened, pause, test_body};
use onway_core::notice::signature::{bytes_of, signatures};
use onway_core::notice::webhook::{ORDER_SERVICE, PATIENCE_MS, TIMEOUT_S, Verdict};
use onway_core::own_json;
use serde_json::{Value, json};
use worker::{Context, Delay, Env, Error, Headers, Result};

use super::endpoints::{self, Attempt, Target};
use crate::config::Config;
use crate::identity::wall;
use crate::{archive, log, outgoing};

type Working = Pin<Box<dyn Future<Output = Result<Fate>>>>;

/// An errand for each endpoint that wants to hear of it.
pub async fn wanted(news: &News, env: &Env) -> Result<Vec<Errand>> {
    let errand = |endpoint: &str, store_id: Option<&String>, body: &str| Errand::Webhook {
        endpoint: endpoint.to_owned(),
        store_id: store_id.cloned(),
        id: news.id.clone(),
        kind: news.kind,
        tracking_id: news.tracking_id.clone(),
        body: body.to_owned(),
        tries: 0,
        waits: 0,
    };
    let hears = |target: &&Target| {
        target.kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|name| name == news.kind.name()))
    };
    let mut errands = Vec::new();
    if let Some(body) = &news.staff {
        let all = endpoints::of(env, None).await?;
        errands.extend(all.iter().filter(hears).map(|target| errand(&target.id, None, body)));
    }
    if let (Some(store_id), Some(body)) = (&news.store_id, &news.store) {
        let own = endpoints::of(env, Some(store_id)).await?;
        errands.extend(own.iter().filter(hears).map(|target| errand(&target.id, Some(store_id), body)));
    }
    if let Some(status) = news.status.filter(|_| Config::new(env).order_service().is_some()) {
        let body = json!({
            "order_id": news.order_id, "tracking_id": news.tracking_id, "status": status.name(),
            "at": news.at.div_euclid(1000), "seq": news.seq,
        });
        errands.push(errand(ORDER_SERVICE, None, &body.to_string()));
    }
    Ok(errands)
}

/// Sends it. One that does not answer soon is waited for beside everything else.
pub async fn carry_out(errand: &Errand, env: &Env, context: &Context) -> Result<Fate> {
    let tries = match errand {
        Errand::Webhook { tries, .. } => *tries,
        _ => return Ok(Fate::Over),
    };
    let working: Working = Box::pin(attempt(errand.clone(), env.clone()));
    match select(working, pin!(Delay::from(Duration::from_millis(PATIENCE_MS)))).await {
        Either::Left((fate, _)) => fate,
        Either::Right(((), working)) => {
            context.wait_until(async move {
                // A timer of the platform wakes the task that saw it first, which was not this one: one more does.
                let timer = Delay::from(Duration::from_secs(TIMEOUT_S.into()));
                if let (Err(error), ()) = join(working, timer).await {
                    log::error("webhook", archive::reason(&error));
                }
            });
            // Not before this attempt is over.
            let next = next_pause(env, tries).map(|secs| secs.max(TIMEOUT_S + 1));
            Ok(Fate::Waiting { secs: next })
        }
    }
}

/// After how many seconds an errand that has been tried `tries` times before is tried again.
pub fn next_pause(env: &Env, tries: u32) -> Option<u32> {
    pause(&Config::new(env).webhook_retries(), tries + 1, js_sys::Math::random())
}

/// After how many seconds one comes again that was put off `waits` times before.
pub fn put_off(env: &Env, waits: u32) -> u32 {
    message::put_off(&Config::new(env).webhook_retries(), waits, js_sys::Math::random())
}

async fn attempt(errand: Errand, env: Env) -> Result<Fate> {
    let Errand::Webhook { endpoint, store_id, id, kind, tracking_id, body, tries, .. } = &errand else {
        return Ok(Fate::Over);
    };
    // Deleted or disabled meanwhile; or an attempt that was not waited for has been answered after all.
    let Some(target) = target(&env, endpoint, store_id.as_deref(), body).await? else {
        return Ok(Fate::Over);
    };
    if endpoints::is_over(&env, endpoint, id, tracking_id).await? {
        return Ok(Fate::Over);
    }
    let began = wall();
    let headers = Headers::new();
    headers.set("Content-Type", "application/json")?;
    headers.set("User-Agent", "Onway")?;
    headers.set("webhook-id", id)?;
    headers.set("webhook-timestamp", &began.secs().to_string())?;
    let secrets = target.secret.iter().chain(&target.former).map(String::as_str);
    let signature = signatures(secrets, id, began.secs(), body);
    if !signature.is_empty() {
        headers.set("webhook-signature", &signature)?;
    }
    if endpoint == ORDER_SERVICE {
        headers.set("Idempotency-Key", id)?;
    }
    let answered =
        outgoing::post(&target.url, &headers, &body.as_str().into(), Duration::from_secs(TIMEOUT_S.into()))
            .await;
    let (status, retry_after, error) = match answered {
        Ok(answered) => (Some(answered.status), answered.retry_after, None),
        Err(error) => (None, None, Some(in_short(&archive::reason(&error)))),
    };
    let next = next_pause(&env, *tries);
    let made = Attempt {
        endpoint,
        event: id,
        kind: kind.name(),
        tracking_id,
        body,
        began,
        n: tries + 1,
        is_last: next.is_none(),
        status,
        error: error.as_deref(),
    };
    if endpoints::note(&env, &made).await? {
        log::write(Level::Warn, "webhook disabled", &[("endpoint", endpoint)]);
    }
    Ok(match (Verdict::of(status), next) {
        (Verdict::Failed, Some(pause)) => Fate::Again { secs: lengthened(pause, retry_after.as_deref()) },
        _ => Fate::Over,
    })
}

/// The first line of what went wrong, of at most so many characters as one reads in a list.
fn in_short(error: &str) -> String {
    error.lines().next().unwrap_or_default().chars().take(200).collect()
}

/// Where an errand goes now; `None` where it is not to go there any more.
async fn target(env: &Env, endpoint: &str, store_id: Option<&str>, body: &str) -> Result<Option<Target>> {
    if endpoint != ORDER_SERVICE {
        let is_meant = |target: &&Target| target.id == endpoint;
        let known = endpoints::of(env, store_id).await?;
        if let Some(target) = known.iter().find(is_meant) {
            return Ok(Some(target.clone()));
        }
        // It may have been made since.
        let fresh = endpoints::read(env, store_id).await?;
        return Ok(fresh.iter().find(is_meant).cloned());
    }
    let config = Config::new(env);
    let Some(base) = config.order_service() else { return Ok(None) };
    let body: Value = own_json::read(body.as_bytes()).map_err(|error| Error::RustError(error.to_string()))?;
    let order = body.get("order_id").and_then(Value::as_str).unwrap_or_default();
    if matches!(order, "." | "..") {
        log::error(
            "webhook",
            "an order whose id is dots has no address: the order service hears nothing of it",
        );
        return Ok(None);
    }
    let url = format!("{base}/orders/{}/status", String::from(js_sys::encode_uri_component(order)));
    let secret = config.text("ORDER_SERVICE_SECRET");
    if secret.as_ref().is_some_and(|secret| bytes_of(secret).is_none()) {
        log::error("webhook", "ORDER_SERVICE_SECRET is no whsec_ secret: the order service hears nothing");
        return Ok(None);
    }
    match normalized(&url, &config) {
        Ok(url) => Ok(Some(Target { id: String::new(), url, kinds: None, secret, former: None })),
        Err(why) => {
            log::error("webhook", format!("ORDER_SERVICE_URL {why}: the order service hears nothing"));
            Ok(None)
        }
    }
}

/// The URL as the platform's parser writes it, where webhooks may go there; or why not.
pub fn normalized(url: &str, config: &Config<'_>) -> std::result::Result<String, &'static str> {
    let url = web_sys::Url::new(url).map_err(|_| "must be a URL")?;
    let (protocol, hostname, href) = (url.protocol(), url.hostname(), url.href());
    let parts = UrlParts {
        protocol: &protocol,
        hostname: &hostname,
        has_credentials: !url.username().is_empty() || !url.password().is_empty(),
        bytes: href.len(),
    };
    permit(parts, config.allows_local_endpoints()).map(|()| href)
}

/// A test event for an endpoint.
pub fn test(endpoint: &str, store_id: Option<&str>, id: &str) -> Errand {
    let now = wall();
    Errand::Webhook {
        endpoint: endpoint.to_owned(),
        store_id: store_id.map(str::to_owned),
        id: id.to_owned(),
        kind: Kind::Test,
        tracking_id: String::new(),
        body: test_body(id, now.secs()),
        tries: 0,
        waits: 0,
    }
}
