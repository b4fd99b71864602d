//! The one place that turns refusals into answers.

use onway_core::rejection::Rejection;
use onway_core::wire::Problem;
use onway_core::wire::report::Counts;
use worker::{Error, Response, Result};

use crate::log;

/// What a handler returns: an answer, or why there is none.
pub type Answer = std::result::Result<Response, Rejection>;

/// An error of the platform: logged without the request, answered as ours.
#[allow(clippy::needless_pass_by_value, reason = "the shape of `map_err`")]
pub fn ours(error: Error) -> Rejection {
    log::error("platform", error);
    Rejection::Internal
}

/// `application/problem+json` for a refusal.
pub fn response(rejection: &Rejection) -> Result<Response> {
    with_counts(rejection, None)
}

/// The same, with what became of the positions.
pub fn with_counts(rejection: &Rejection, counts: Option<Counts>) -> Result<Response> {
    let problem = Problem::new(rejection, counts);
    let response = Response::from_json(&problem)?.with_status(problem.status);
    response.headers().set("Content-Type", "application/problem+json")?;
    if let Rejection::MethodNotAllowed { allowed, .. } = rejection {
        response.headers().set("Allow", allowed)?;
    }
    if let Some(retry_after) = rejection.retry_after() {
        response.headers().set("Retry-After", &retry_after.to_string())?;
    }
    if problem.status == 401 {
        response.headers().set("WWW-Authenticate", "Bearer")?;
    }
    Ok(response)
}
