//! The HTTP API: which endpoint has which handler. The paths and methods are in `onway_core::routes`.

mod body;
mod follow;
mod page;
mod record;
mod service;
mod tracking;

use onway_core::routes::{self, Endpoint};
use worker::{Env, Request, Response, Result};

use crate::config::Config;
#[cfg(feature = "test-utils")]
use crate::contract::DeliveryRequest;
use crate::problem::{self, Answer};

/// Answers a request; what a handler refuses becomes a problem.
pub async fn route(request: Request, env: &Env) -> Result<Response> {
    match dispatch(request, env).await {
        Ok(response) => Ok(response),
        Err(rejection) => problem::response(&rejection),
    }
}

async fn dispatch(request: Request, env: &Env) -> Answer {
    let path = request.path();
    let config = Config::new(env);
    #[cfg(feature = "test-utils")]
    if let Some((asked, id)) = test_route(&path) {
        return service::test(asked, id, env, &config).await;
    }
    let (endpoint, id) = routes::find(&request.inner().method(), &path)?;
    match endpoint {
        Endpoint::Landing => page::landing(env).await,
        Endpoint::Health => service::health(),
        Endpoint::Document => page::document(request, env).await,
        Endpoint::Start => tracking::start(request, env, &config).await,
        Endpoint::Update => tracking::update(request, id, env, &config).await,
        Endpoint::Read => tracking::read(&request, id, env, &config).await,
        Endpoint::SetStatus => tracking::set_status(request, id, env, &config).await,
        Endpoint::History => record::history(&request, id, env, &config).await,
        Endpoint::Timeline => record::timeline(&request, id, env, &config).await,
        Endpoint::Page => page::track(&request, id, env, &config).await,
        Endpoint::FollowByQuery => follow::by_query(&request, env, &config).await,
        Endpoint::Follow => follow::by_path(&request, id, env, &config).await,
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
        _ => None,
    }
}
