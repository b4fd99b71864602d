//! Why a request is refused, and the one place that says what a client gets for it.

use crate::status::Status;

/// A refusal. Each variant has one HTTP status and, on a socket, one error code or close reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The body is not JSON at all.
    #[error("the body is not valid JSON: {0}")]
    NotJson(String),
    /// JSON, but a field is missing, of the wrong type or out of bounds.
    #[error("{detail}")]
    Invalid { field: String, detail: String },
    /// No token, where one is needed.
    #[error("a token is needed: send Authorization: Bearer")]
    Unauthenticated,
    /// A token that is present and does not hold.
    #[error("the token is not valid: {0}")]
    InvalidToken(String),
    /// Known, and not allowed.
    #[error("{0}")]
    Forbidden(String),
    /// The tracking id is not one of ours, or the route does not exist.
    #[error("{0}")]
    NotFound(String),
    #[error("{method} is not allowed here, only {allowed}")]
    MethodNotAllowed { method: String, allowed: String },
    /// A step that the state machine does not have.
    #[error("a delivery that is {from} cannot become {to}")]
    IllegalStep { from: Status, to: Status },
    /// Another conflict with the state.
    #[error("{0}")]
    Conflict(String),
    /// The delivery existed and is over, or its id was never used.
    #[error("this tracking session has expired")]
    Gone,
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body must be {expected}, without Content-Encoding")]
    UnsupportedMediaType { expected: &'static str },
    #[error("this path speaks WebSocket: send Upgrade: websocket")]
    UpgradeRequired,
    /// This deployment does without what it takes: the text says without what.
    #[error("{0}")]
    NotOffered(String),
    /// The deployment lacks something: the text says what to set.
    #[error("{0}")]
    Misconfigured(String),
    /// The identity provider has never answered, so no token of it can be judged: neither its holder's
    /// fault nor ours, and over in so many seconds at the earliest.
    #[error("the identity provider cannot be reached: try again in {retry_after} s")]
    Unavailable { retry_after: u32 },
    /// More often than is allowed: again in so many seconds.
    #[error("too many requests: try again in {retry_after} s")]
    RateLimited { retry_after: u32 },
    /// Our fault.
    #[error("something went wrong on our side")]
    Internal,
}

impl Rejection {
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), detail: detail.into() }
    }

    /// After how many seconds it is worth trying again, where that is known.
    pub const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Unavailable { retry_after } | Self::RateLimited { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    /// The HTTP status and the title of the problem (RFC 9457).
    pub const fn status(&self) -> (u16, &'static str) {
        match self {
            Self::NotJson(_) => (400, "Not JSON"),
            Self::Unauthenticated => (401, "Token needed"),
            Self::InvalidToken(_) => (401, "Invalid token"),
            Self::Forbidden(_) => (403, "Not allowed"),
            Self::NotFound(_) => (404, "Not found"),
            Self::MethodNotAllowed { .. } => (405, "Method not allowed"),
            Self::IllegalStep { .. } => (409, "Illegal status change"),
            Self::Conflict(_) => (409, "Conflict"),
            Self::Gone => (410, "Session expired"),
            Self::TooLarge { .. } => (413, "Too large"),
            Self::UnsupportedMediaType { .. } => (415, "Unsupported media type"),
            Self::Invalid { .. } => (422, "Invalid field"),
            Self::UpgradeRequired => (426, "Upgrade required"),
            Self::NotOffered(_) => (501, "Not offered here"),
            Self::RateLimited { .. } => (429, "Too many requests"),
            Self::Misconfigured(_) => (500, "Not configured"),
            Self::Internal => (500, "Internal error"),
            Self::Unavailable { .. } => (503, "Unavailable"),
        }
    }

    /// The code of an `error` frame on a socket that stays open.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson(_) => "not_json",
            Self::Invalid { .. } => "invalid",
            Self::Unauthenticated | Self::Forbidden(_) => "not_allowed",
            Self::InvalidToken(_) => "invalid_token",
            Self::NotFound(_) => "not_found",
            Self::IllegalStep { .. } | Self::Conflict(_) => "conflict",
            Self::Gone => "expired",
            Self::TooLarge { .. } => "too_large",
            Self::MethodNotAllowed { .. }
            | Self::UnsupportedMediaType { .. }
            | Self::UpgradeRequired
            | Self::NotOffered(_) => "unsupported",
            Self::RateLimited { .. } => "rate_limit",
            Self::Unavailable { .. } => "unavailable",
            Self::Misconfigured(_) | Self::Internal => "internal",
        }
    }

    /// Close code and reason for a socket that is refused.
    pub const fn close(&self) -> (u16, &'static str) {
        match self {
            Self::InvalidToken(_) => (1008, "Invalid token"),
            Self::NotFound(_) => (1008, "Tracking not found"),
            Self::Gone => (1008, "Session expired"),
            Self::RateLimited { .. } => (1008, "Rate limit"),
            Self::TooLarge { .. } => (1009, "Message too large"),
            Self::Misconfigured(_) | Self::Internal => (1011, "Internal error"),
            Self::Unavailable { .. } => (1013, "Try again later"),
            _ => (1008, "Not allowed"),
        }
    }
}
