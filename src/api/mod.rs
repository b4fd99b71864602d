//! The HTTP API: which endpoint has which handler. The paths and methods are in `onway_core::routes`.

mod access;
mod batch;
mod body;
mod drivers;
mod emergencies;
mod follow;
mod handover;
mod links;
#[cfg(feature = "test-utils")]
mod measure;
mod mine;
mod page;
mod privacy;
mod record;
mod service;
mod sign_in;
mod trackers;
pub mod tracking;

use onway_core::rejection::Rejection;
use onway_core::routes::{self, Endpoint};
use worker::{Env, Request, Response};

use crate::config::Config;
#[cfg(feature = "test-utils")]
use crate::contract::DeliveryRequest;
use crate::headers::Asked;
use crate::problem::{self, Answer, ours};

/// Answers a request; what a handler refuses becomes a problem.
pub async fn route(request: Request, env: &Env) -> worker::Result<Response> {
    let asked = Asked::of(&request, &Config::new(env))?;
    if let Some(answer) = asked.preflight(&request)? {
        return Ok(answer);
    }
    let answer = match dispatch(request, env).await {
        Ok(response) => response,
        Err(rejection) => problem::response(&rejection)?,
    };
    asked.dress(answer)
}

async fn dispatch(request: Request, env: &Env) -> Answer {
    let path = request.path();
    let config = Config::new(env);
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
    if let Some((asked, id)) = test_route(&path) {
        return service::test(asked, id, env, &config).await;
    }
    let (endpoint, [id, second, _]) = routes::find(&request.inner().method(), &path)?;
    match endpoint {
        Endpoint::Landing => page::app(&request, env, "/index.html", &config).await,
        Endpoint::Health => service::health(),
        Endpoint::Document => page::document(request, env).await,
        Endpoint::Start => tracking::start(request, env, &config).await,
        Endpoint::Update => tracking::update(request, id, env, &config).await,
        Endpoint::Read => tracking::read(&request, id, env, &config).await,
        Endpoint::SetStatus => tracking::set_status(request, id, env, &config).await,
        Endpoint::SetStatuses => batch::set_statuses(request, env, &config).await,
        Endpoint::Change(asked) => tracking::change(request, id, asked, env, &config).await,
        Endpoint::History => record::history(&request, id, env, &config).await,
        Endpoint::Timeline => record::timeline(&request, id, env, &config).await,
        Endpoint::Rate => handover::rate(request, id, env, &config).await,
        Endpoint::Prove => handover::prove(request, id, env, &config).await,
        Endpoint::Proof => handover::proof(&request, id, second, env, &config).await,
        Endpoint::Mine => mine::list(&request, env, &config).await,
        Endpoint::MinePage => page::app(&request, env, "/deliveries.html", &config).await,
        Endpoint::Links => links::all(request, id, env, &config).await,
        Endpoint::Link => links::one(request, id, second, env, &config).await,
        Endpoint::Page => page::track(&request, id, env, &config).await,
        Endpoint::SharedPage => page::shared(&request, id, env, &config).await,
        Endpoint::FollowByQuery => follow::by_query(&request, env, &config).await,
        Endpoint::Follow => follow::by_path(&request, id, env, &config).await,
        Endpoint::DriverLine => drivers::follow(&request, id, env, &config).await,
        Endpoint::Driver => drivers::read(&request, id, env, &config).await,
        Endpoint::Drivers => drivers::list(&request, env, &config).await,
        Endpoint::Duty => drivers::duty(request, id, env, &config).await,
        Endpoint::Order => drivers::order(request, id, env, &config).await,
        Endpoint::Keys => sign_in::keys(request, id, env, &config).await,
        Endpoint::Key => sign_in::revoke(&request, id, second, env, &config).await,
        Endpoint::Invite => sign_in::invite(request, id, env, &config).await,
        Endpoint::SignIn => sign_in::sign_in(request, env, &config).await,
        Endpoint::RaiseEmergency => emergencies::raise(request, id, env, &config).await,
        Endpoint::Emergencies => emergencies::list(&request, env, &config).await,
        Endpoint::AcknowledgeEmergency => emergencies::acknowledge(&request, id, env, &config).await,
        Endpoint::AccessLog => access::list(&request, env, &config).await,
        Endpoint::Log => trackers::log(request, id, second, env, &config).await,
        Endpoint::PersonalData => privacy::erase_delivery(&request, id, env, &config).await,
        Endpoint::CustomerData => {
            privacy::of_person(&request, privacy::Person::Customer, id, env, &config).await
        }
        Endpoint::DriverData => privacy::of_person(&request, privacy::Person::Driver, id, env, &config).await,
        Endpoint::Privacy => privacy::set_privacy(request, id, env, &config).await,
        Endpoint::DrivePage => page::app(&request, env, "/drive.html", &config).await,
        Endpoint::ConnectPage => page::app(&request, env, "/drive.html", &config).await,
    }
}

/// The parameters of the query string, by their names.
fn query(request: &Request) -> Result<impl Fn(&str) -> Option<String> + use<>, Rejection> {
    let url = web_sys::Url::new(&request.inner().url()).map_err(|error| ours(error.into()))?;
    let parameters = url.search_params();
    Ok(move |name: &str| parameters.get(name))
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
