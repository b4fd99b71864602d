//! The HTTP API: which path and method reach which handler.

mod body;
mod follow;
mod page;
mod record;
mod service;
mod tracking;

use onway_core::rejection::Rejection;
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
    let method = request.inner().method();
    let config = Config::new(env);
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        [""] => {
            allow(&method, READ)?;
            page::landing(env).await
        }
        ["health"] => {
            allow(&method, READ)?;
            service::health()
        }
        ["tracking", "start"] => {
            allow(&method, WRITE)?;
            tracking::start(request, env, &config).await
        }
        ["tracking", "update", id] => {
            allow(&method, WRITE)?;
            tracking::update(request, id, env, &config).await
        }
        ["tracking", id] => {
            allow(&method, READ)?;
            tracking::read(&request, id, env, &config).await
        }
        ["tracking", id, "status"] => {
            allow(&method, WRITE)?;
            tracking::set_status(request, id, env, &config).await
        }
        ["tracking", id, "history"] => {
            allow(&method, READ)?;
            record::history(&request, id, env, &config).await
        }
        ["tracking", id, "events"] => {
            allow(&method, READ)?;
            record::timeline(&request, id, env, &config).await
        }
        ["track", id] => {
            allow(&method, READ)?;
            page::track(&request, id, env, &config).await
        }
        ["ws", "tracking"] | ["ws", "tracking", ""] => {
            allow(&method, READ)?;
            follow::by_query(&request, env, &config).await
        }
        ["ws", "tracking", id] => {
            allow(&method, READ)?;
            follow::by_path(&request, id, env, &config).await
        }
        #[cfg(feature = "test-utils")]
        ["test", "panic", id] => service::test(DeliveryRequest::Panic, id, env, &config).await,
        #[cfg(feature = "test-utils")]
        ["test", "counters", id] => service::test(DeliveryRequest::Counters, id, env, &config).await,
        #[cfg(feature = "test-utils")]
        ["test", "forget", id] => service::test(DeliveryRequest::Forget, id, env, &config).await,
        _ => Err(Rejection::NotFound("there is nothing here; /openapi.json lists what there is".into())),
    }
}

const READ: &[&str] = &["GET", "HEAD"];
const WRITE: &[&str] = &["POST"];

fn allow(method: &str, allowed: &[&str]) -> std::result::Result<(), Rejection> {
    if allowed.contains(&method) {
        return Ok(());
    }
    Err(Rejection::MethodNotAllowed { method: method.into(), allowed: allowed.join(", ") })
}
