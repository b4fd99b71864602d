//! The HTTP API: which endpoint has which handler. The paths and methods are in `onway_core::routes`.

mod access;
mod asked;
mod batch;
mod body;
mod drivers;
mod emergencies;
mod fleet;
mod follow;
mod handover;
mod links;
#[cfg(feature = "test-utils")]
mod measure;
mod metrics;
mod mine;
mod page;
mod privacy;
mod push;
mod record;
mod service;
mod sign_in;
mod sms;
mod statistics;
mod trackers;
pub mod tracking;
mod webhooks;

use std::future::ready;

use onway_core::routes::{self, Endpoint};
use worker::{Env, Request, Response};

use self::asked::{Asked, Body, Named, Way, Who, later};
use crate::config::Config;
#[cfg(feature = "test-utils")]
use crate::contract::DeliveryRequest;
use crate::headers;
use crate::log;
#[cfg(feature = "test-utils")]
use crate::problem::ours;
use crate::problem::{self, Answer};

/// Answers a request; what a handler refuses becomes a problem.
pub async fn route(request: Request, env: &Env) -> worker::Result<Response> {
    let asked = headers::Asked::of(&request, &Config::new(env))?;
    if let Some(answer) = asked.preflight(&request)? {
        return Ok(answer);
    }
    log::learn(env);
    let route = routes::named(&request.inner().method(), &request.path());
    let (answer, rejection) = match dispatch(request, env).await {
        Ok(response) => (response, None),
        Err(rejection) => (problem::response(&rejection)?, Some(rejection)),
    };
    if answer.status_code() >= 400 {
        log::refusal(route, answer.status_code(), rejection.as_ref());
    }
    asked.dress(answer)
}

async fn dispatch(request: Request, env: &Env) -> Answer {
    let path = request.path();
    #[cfg(feature = "test-utils")]
    if let Some(asked) = path.strip_prefix("/test/measure/") {
        return measure::run(asked);
    }
    #[cfg(feature = "test-utils")]
    if path == "/test/retention" {
        crate::retention::run(env).await.map_err(ours)?;
        return Response::empty().map_err(ours);
    }
    #[cfg(feature = "test-utils")]
    if path == "/test/push/encrypt" {
        return push::test(request).await;
    }
    #[cfg(feature = "test-utils")]
    if path.starts_with("/test/fleet/") {
        return fleet::test(request, env).await;
    }
    #[cfg(feature = "test-utils")]
    if let Some((asked, id)) = test_route(&path) {
        return service::test(asked, id, env, &Config::new(env)).await;
    }
    let (endpoint, [id, second, _]) = routes::find(&request.inner().method(), &path)?;
    let way = way(endpoint, &request.inner().method());
    Asked::new(request, env, endpoint, [id, second]).answer(way).await
}

/// What each endpoint needs, and who answers it.
fn way(endpoint: Endpoint, method: &str) -> Way {
    let read_or = |body| if matches!(method, "GET" | "HEAD" | "DELETE") { Body::Without } else { body };
    let delivery = |body, who, handler| Way(body, Named::Delivery, who, handler);
    let other = |body, who, handler| Way(body, Named::Other, who, handler);
    let page = |handler| Way(Body::Without, Named::Other, Who::Nobody, handler);
    let list = |handler| Way(Body::Without, Named::Other, Who::Somebody, handler);
    match endpoint {
        Endpoint::Landing => page(|asked| later(page::app(asked, "/index.html"))),
        Endpoint::Health => page(|_| later(ready(service::health()))),
        Endpoint::Document => page(|asked| later(page::document(asked))),
        Endpoint::Start => other(Body::Json, Who::Somebody, tracking::start),
        Endpoint::Update => delivery(Body::Json, Who::Somebody, tracking::update),
        Endpoint::Read => delivery(Body::Without, Who::Anybody, tracking::read),
        Endpoint::SetStatus => delivery(Body::Json, Who::Somebody, tracking::set_status),
        Endpoint::SetStatuses => other(Body::Json, Who::Somebody, |asked| later(batch::set_statuses(asked))),
        Endpoint::Change(change) => {
            let body = if change.goes_without_body() { Body::Optional } else { Body::Json };
            delivery(body, Who::Somebody, tracking::change)
        }
        Endpoint::History => delivery(Body::Without, Who::Anybody, |asked| later(record::history(asked))),
        Endpoint::Timeline => delivery(Body::Without, Who::Anybody, |asked| later(record::timeline(asked))),
        Endpoint::Rate => delivery(Body::Json, Who::Anybody, handover::rate),
        Endpoint::Prove => delivery(Body::Any, Who::Somebody, handover::prove),
        Endpoint::Proof => delivery(Body::Without, Who::Anybody, |asked| later(handover::proof(asked))),
        Endpoint::Mine => list(|asked| later(mine::list(asked))),
        Endpoint::MinePage => page(|asked| later(page::app(asked, "/deliveries.html"))),
        Endpoint::Links => delivery(read_or(Body::Json), Who::Somebody, links::all),
        Endpoint::Link => delivery(read_or(Body::Json), Who::Somebody, links::one),
        Endpoint::Page => page(|asked| later(page::track(asked))),
        Endpoint::SharedPage => page(|asked| later(page::shared(asked))),
        Endpoint::FollowByQuery => page(follow::by_query),
        Endpoint::Follow => page(follow::by_path),
        Endpoint::DriverLine => page(drivers::follow),
        Endpoint::Driver => list(drivers::read),
        Endpoint::Drivers => list(|asked| later(drivers::list(asked))),
        Endpoint::Duty => other(Body::Json, Who::Somebody, drivers::duty),
        Endpoint::Order => other(Body::Json, Who::Somebody, drivers::order),
        Endpoint::Keys => other(read_or(Body::Optional), Who::Somebody, sign_in::keys),
        Endpoint::Key => list(sign_in::revoke),
        Endpoint::Invite => other(Body::Optional, Who::Somebody, sign_in::invite),
        Endpoint::SignIn => other(Body::Json, Who::Nobody, |asked| later(sign_in::sign_in(asked))),
        Endpoint::RaiseEmergency => other(Body::Optional, Who::Somebody, emergencies::raise),
        Endpoint::Emergencies => list(|asked| later(emergencies::list(asked))),
        Endpoint::AcknowledgeEmergency => list(|asked| later(emergencies::acknowledge(asked))),
        Endpoint::AccessLog => list(|asked| later(access::list(asked))),
        Endpoint::DeliveryStats => list(|asked| later(statistics::deliveries(asked))),
        Endpoint::Metrics => list(|asked| later(metrics::metrics(asked))),
        Endpoint::Log => other(Body::Any, Who::Nobody, |asked| later(trackers::log(asked))),
        Endpoint::PersonalData => {
            delivery(Body::Without, Who::Somebody, |asked| later(privacy::erase_delivery(asked)))
        }
        Endpoint::CustomerData => list(|asked| later(privacy::of_person(asked, privacy::Person::Customer))),
        Endpoint::DriverData => list(|asked| later(privacy::of_person(asked, privacy::Person::Driver))),
        Endpoint::Privacy => other(Body::Json, Who::Somebody, |asked| later(privacy::set_privacy(asked))),
        Endpoint::Fleet => list(|asked| later(fleet::list(asked))),
        Endpoint::Webhooks | Endpoint::Webhook | Endpoint::Redeliver => {
            other(read_or(Body::Json), Who::Somebody, |asked| later(webhooks::answer(asked)))
        }
        Endpoint::PushKey => page(|asked| later(ready(push::key(asked)))),
        Endpoint::PushSubscriptions => {
            other(Body::Json, Who::Anybody, |asked| later(push::subscriptions(asked)))
        }
        Endpoint::TwilioReply => other(Body::Any, Who::Nobody, |asked| later(sms::twilio(asked))),
        Endpoint::WebhookAttempts | Endpoint::TestWebhook => list(|asked| later(webhooks::answer(asked))),
        Endpoint::FollowFleet => page(fleet::follow_shard),
        Endpoint::FollowStore => page(fleet::follow_store),
        Endpoint::TrackingStats => list(|asked| later(fleet::statistics(asked))),
        Endpoint::SocketHealth => page(|asked| later(fleet::sockets(asked))),
        Endpoint::DispatchPage => page(|asked| later(page::app(asked, "/dispatch.html"))),
        Endpoint::StorePage => page(|asked| later(page::app(asked, "/store.html"))),
        Endpoint::IntegrationsPage => page(|asked| later(page::app(asked, "/webhooks.html"))),
        Endpoint::DrivePage | Endpoint::ConnectPage => page(|asked| later(page::app(asked, "/drive.html"))),
    }
}

/// What only tests may ask of the delivery with this id.
#[cfg(feature = "test-utils")]
fn test_route(path: &str) -> Option<(DeliveryRequest, &str)> {
    let (asked, id) = path.strip_prefix("/test/")?.split_once('/')?;
    match asked {
        "panic" => Some((DeliveryRequest::Panic, id)),
        "counters" => Some((DeliveryRequest::Counters, id)),
        "forget" => Some((DeliveryRequest::Forget, id)),
        "break" => Some((DeliveryRequest::Break, id)),
        _ => None,
    }
}
