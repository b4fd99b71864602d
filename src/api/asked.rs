//! What comes before every handler: its body is read, its id and its caller are known. Handlers say what they need, and
//! one function waits for it: each that waited for itself would be code of its own.

use std::future::Future;
use std::mem;
use std::pin::Pin;

use onway_core::auth::Caller;
use onway_core::rejection::Rejection;
use onway_core::routes::Endpoint;
use onway_core::tracking_id::TrackingId;
use onway_core::wire::input;
use serde_json::Value;
use worker::{Env, Request};

use super::body;
use super::tracking::known_id;
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest};
use crate::identity::caller;
use crate::problem::{Answer, ours};

/// The body that a handler reads.
#[derive(Clone, Copy)]
pub enum Body {
    Without,
    Json,
    /// JSON that may be left out.
    Optional,
    /// Of any type.
    Any,
}

/// What stands in the path.
#[derive(Clone, Copy)]
pub enum Named {
    Other,
    /// A delivery: an id that we never gave out is refused before anything else is.
    Delivery,
}

/// Whose token is asked for.
#[derive(Clone, Copy)]
pub enum Who {
    /// The handler looks for itself, if at all.
    Nobody,
    /// With a token or without.
    Anybody,
    Somebody,
}

/// An answer that is on its way.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;
pub type Handled<'a> = Result<Handling<'a>, Rejection>;

/// What a handler needs, and the handler.
pub struct Way(pub Body, pub Named, pub Who, pub for<'a> fn(&'a mut Asked<'_>) -> Handled<'a>);

/// A request, and what is known of it.
pub struct Asked<'r> {
    pub request: Request,
    pub env: &'r Env,
    pub config: Config<'r>,
    pub endpoint: Endpoint,
    /// The parameters of the path.
    pub id: &'r str,
    pub second: &'r str,
    delivery: Option<TrackingId>,
    pub by: Option<Caller>,
    body: Result<Vec<u8>, Rejection>,
}

impl<'r> Asked<'r> {
    pub fn new(request: Request, env: &'r Env, endpoint: Endpoint, [id, second]: [&'r str; 2]) -> Self {
        let (config, body) = (Config::new(env), Ok(Vec::new()));
        Self { request, env, config, endpoint, id, second, delivery: None, by: None, body }
    }

    /// A body that is wrong is refused by the handler, after what comes before it.
    pub async fn answer(&mut self, Way(body, named, who, handler): Way) -> Answer {
        if !matches!(body, Body::Without) {
            self.body = body::read(&mut self.request, body).await;
        }
        if matches!(named, Named::Delivery) {
            self.delivery = Some(known_id(self.id, &self.config)?);
        }
        if !matches!(who, Who::Nobody) {
            self.by = caller(&self.request, &self.config).await?;
            if self.by.is_none() && matches!(who, Who::Somebody) {
                return Err(Rejection::Unauthenticated);
            }
        }
        handler(self)?.await
    }

    /// The caller of a request that needs one.
    pub fn by(&mut self) -> Result<Caller, Rejection> {
        self.by.take().ok_or(Rejection::Unauthenticated)
    }

    /// The delivery in the path.
    pub fn delivery(&self) -> Result<&TrackingId, Rejection> {
        self.delivery.as_ref().ok_or(Rejection::Internal)
    }

    pub fn body(&mut self) -> Result<Vec<u8>, Rejection> {
        mem::replace(&mut self.body, Ok(Vec::new()))
    }

    /// The body, and what it says.
    pub fn json(&mut self) -> Result<(Vec<u8>, Value), Rejection> {
        let body = self.body()?;
        let json = input::json(&body)?;
        Ok((body, json))
    }

    /// Asks the delivery in the path.
    pub fn pass_on(&self, request: &DeliveryRequest, body: Option<Vec<u8>>) -> Handled<'static> {
        Ok(request.ask(self.env, self.delivery()?.as_str(), None, body))
    }

    pub fn method(&self) -> String {
        self.request.inner().method()
    }

    pub fn header(&self, name: &str) -> Result<Option<String>, Rejection> {
        self.request.headers().get(name).map_err(ours)
    }

    pub fn url(&self) -> Result<web_sys::Url, Rejection> {
        web_sys::Url::new(&self.request.inner().url()).map_err(|error| ours(error.into()))
    }

    /// The parameters of the query string, by their names.
    pub fn query(&self) -> Result<impl Fn(&str) -> Option<String> + use<>, Rejection> {
        let parameters = self.url()?.search_params();
        Ok(move |name: &str| parameters.get(name))
    }
}

/// A handler that waits for more.
pub fn later<'a>(answer: impl Future<Output = Answer> + 'a) -> Handled<'a> {
    Ok(Box::pin(answer))
}
