//! The pages: status and ETA are in the HTML, before any script runs.

use html_escape::encode_text;
use js_sys::{Array, Date, Function, Object, Reflect};
use onway_core::access::Look;
use onway_core::link;
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::wire::{Problem, json};
use onway_core::wording::{self, Outline};
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use worker::{Env, Request, Response};

use super::asked::Asked;
use super::tracking::known_id;
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest};
use crate::problem::{Answer, ours};
use crate::{headers, limits};

/// The static assets' binding.
const ASSETS: &str = "ASSETS";

/// What the page's script starts from.
#[derive(Serialize)]
struct PageData<'a> {
    tracking_id: &'a str,
    snapshot: Option<&'a Value>,
    config: PageConfig,
    problem: Option<&'a Problem>,
}

#[derive(Serialize)]
struct PageConfig {
    map_style_url: Option<String>,
    map_attribution: Option<String>,
    map_key: Option<String>,
    /// Under which push messages are sent, where they are.
    push_key: Option<String>,
    timezone: Option<String>,
    locale: Option<String>,
}

impl PageConfig {
    fn of(config: &Config<'_>) -> Self {
        Self {
            map_style_url: config.text("MAP_STYLE_URL"),
            map_attribution: config.text("MAP_ATTRIBUTION"),
            map_key: config.text("MAP_KEY"),
            push_key: config.vapid().ok().map(|vapid| vapid.key),
            timezone: config.text("TIMEZONE"),
            locale: config.text("LOCALE"),
        }
    }
}

/// A page that its script fills alone.
pub async fn app(asked: &Asked<'_>, path: &str) -> Answer {
    #[derive(Serialize)]
    struct Data {
        config: PageConfig,
    }
    let data = Data { config: PageConfig::of(&asked.config) };
    html(filled(&asset(asked.env, path).await?, &data)?, 200, &asked.request, &asked.config)
}

/// The template with what its script starts from.
fn filled(template: &str, data: &impl Serialize) -> Result<String, Rejection> {
    // Within a script element only `<` could end the data.
    let data = serde_json::to_string(data).map_err(|_| Rejection::Internal)?.replace('<', "\\u003c");
    Ok(template.replace("<!--onway:data-->", &data))
}

/// `GET /openapi.json`
pub async fn document(asked: &Asked<'_>) -> Answer {
    let request = asked.request.clone().map_err(ours)?;
    asked.env.assets(ASSETS).map_err(ours)?.fetch_request(request).await.map_err(ours)
}

/// `GET /track/{id}`
pub async fn track(asked: &Asked<'_>) -> Answer {
    page(asked, asked.id, None).await
}

/// `GET /s/{link}`: the same page; its script takes the link from the address.
pub async fn shared(asked: &Asked<'_>) -> Answer {
    let link = asked.id;
    let id = link.split('.').next().unwrap_or_default();
    let response = page(asked, id, Some(link)).await?;
    // Nobody hears more than the origin: what follows it opens the delivery.
    response.headers().set("Referrer-Policy", "strict-origin").map_err(ours)?;
    Ok(response)
}

async fn page(asked: &Asked<'_>, id: &str, link: Option<&str>) -> Answer {
    let (request, config) = (&asked.request, &asked.config);
    let template = asset(asked.env, "/track.html").await?;
    let found = outside_snapshot(request, id, link, asked.env, config).await;
    let retry_after = found.as_ref().err().and_then(Rejection::retry_after);
    let problem = found.as_ref().err().map(|rejection| Problem::new(rejection, None));
    let (snapshot, seen) = found.ok().unzip();
    let settings = PageConfig::of(config);
    let zone = settings.timezone.clone().or_else(|| visitor_timezone(request));
    let locale = settings.locale.clone().or_else(|| visitor_locale(request));
    let (headline, detail) = match (&seen, &problem) {
        (Some(seen), _) => (wording::headline(seen.status), wording::detail(seen)),
        (None, problem) => {
            let (headline, detail) = wording::refused(problem.as_ref().map_or(500, |problem| problem.status));
            (headline, detail.to_owned())
        }
    };
    let eta = seen.as_ref().map(|seen| eta(seen, zone.as_deref(), locale.as_deref())).unwrap_or_default();
    let data = PageData {
        tracking_id: id,
        snapshot: snapshot.as_ref(),
        config: settings,
        problem: problem.as_ref(),
    };
    let page = filled(&template, &data)?
        .replace("<!--onway:title-->", &encode_text(headline))
        .replace("<!--onway:headline-->", &encode_text(headline))
        .replace("<!--onway:eta-->", &encode_text(&eta))
        .replace("<!--onway:detail-->", &encode_text(&detail));
    // Whoever has a token gets the page of a private delivery, and asks again with it.
    let status = match problem {
        Some(problem) if problem.status != 401 => problem.status,
        _ => 200,
    };
    let response = html(page, status, request, config)?;
    if let Some(seconds) = retry_after {
        response.headers().set("Retry-After", &seconds.to_string()).map_err(ours)?;
    }
    Ok(response)
}

/// What the public sees, or who has the link.
async fn outside_snapshot(
    request: &Request,
    id: &str,
    link: Option<&str>,
    env: &Env,
    config: &Config<'_>,
) -> Result<(Value, Outline), Rejection> {
    let id = known_id(id, config)?;
    limits::count(request, None, config).await?;
    let link = link.map(|text| link::presented(text, &id)).transpose()?;
    let read = DeliveryRequest::Read { by: None, if_none_match: None, link, look: Some(Look::Page) };
    let mut response = read.ask(env, id.as_str(), None, None).await?;
    match response.status_code() {
        200 => {
            let text = response.text().await.map_err(ours)?;
            let whole = json::parse(text.as_bytes())?;
            let outline = own_json::of(&whole).map_err(|_| Rejection::Internal)?;
            Ok((whole, outline))
        }
        401 => Err(Rejection::Unauthenticated),
        403 => Err(link::refusal()),
        410 => Err(Rejection::Gone),
        _ => Err(Rejection::Internal),
    }
}

/// `12:40 · in 14 min`
fn eta(seen: &Outline, zone: Option<&str>, locale: Option<&str>) -> String {
    let (Some(seconds), Some(at)) = (seen.eta_seconds, seen.eta_at) else {
        return String::new();
    };
    let minutes = wording::minutes(seconds);
    match clock_time(at, zone, locale).or_else(|| clock_time(at, None, None)) {
        Some(time) => format!("{time} · {minutes}"),
        None => minutes,
    }
}

/// Hours and minutes as people there write them. `None` where the zone or the locale is none.
fn clock_time(at: i64, zone: Option<&str>, locale: Option<&str>) -> Option<String> {
    let date = Date::new(&JsValue::from_f64(at as f64 * 1000.0));
    let options = Object::new();
    let set = |name: &str, value: &str| Reflect::set(&options, &name.into(), &value.into()).ok();
    set("hour", "numeric")?;
    set("minute", "2-digit")?;
    if let Some(zone) = zone {
        set("timeZone", zone)?;
    }
    let locale = locale.map_or(JsValue::UNDEFINED, JsValue::from_str);
    let format: Function = Reflect::get(&date, &"toLocaleTimeString".into()).ok()?.dyn_into().ok()?;
    Reflect::apply(&format, &date, &Array::of2(&locale, &options)).ok()?.as_string()
}

fn visitor_timezone(request: &Request) -> Option<String> {
    let cf = Reflect::get(request.inner(), &"cf".into()).ok()?;
    Reflect::get(&cf, &"timezone".into()).ok()?.as_string()
}

fn visitor_locale(request: &Request) -> Option<String> {
    let header = request.headers().get("Accept-Language").ok()??;
    let first = header.split([',', ';']).next()?.trim();
    (!first.is_empty() && first != "*").then(|| first.to_owned())
}

async fn asset(env: &Env, path: &str) -> Result<String, Rejection> {
    let assets = env.assets(ASSETS).map_err(ours)?;
    let request = web_sys::Request::new_with_str(&format!("https://assets{path}"));
    let request = request.map(Request::from).map_err(|error| ours(error.into()))?;
    let mut response = assets.fetch_request(request).await.map_err(ours)?;
    if response.status_code() != 200 {
        return Err(Rejection::Misconfigured(format!("the asset {path} is missing: run `make web`")));
    }
    response.text().await.map_err(ours)
}

fn html(page: String, status: u16, request: &Request, config: &Config<'_>) -> Answer {
    let response = Response::from_html(page).map_err(ours)?.with_status(status);
    for (name, value) in [("Cache-Control", "no-store"), ("X-Frame-Options", "SAMEORIGIN")] {
        response.headers().set(name, value).map_err(ours)?;
    }
    for (name, value) in headers::for_page(request, config)? {
        response.headers().set(name, &value).map_err(ours)?;
    }
    Ok(response)
}
