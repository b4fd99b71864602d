//! Errors over HTTP: `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};

use crate::rejection::Rejection;
use crate::wire::frames::{MessageId, ServerFrame};
use crate::wire::report::Counts;

/// The body of any answer of 400 and above.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// The field at fault, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What became of the positions, where a message was refused for its status alone.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
}

impl Problem {
    pub fn new(rejection: &Rejection, counts: Option<Counts>) -> Self {
        let (status, title) = rejection.status();
        Self {
            kind: "about:blank".into(),
            title: title.into(),
            status,
            detail: rejection.to_string(),
            field: rejection.field().map(str::to_owned),
            counts,
        }
    }
}

impl ServerFrame {
    /// The same refusal on a socket that stays open.
    pub fn refusal(rejection: &Rejection, id: Option<MessageId>) -> Self {
        Self::Error {
            code: rejection.code().into(),
            message: rejection.to_string(),
            field: rejection.field().map(str::to_owned),
            id,
            retry_after: rejection.retry_after(),
        }
    }

    /// Tells a driver that its clock is wrong.
    pub fn wrong_clock() -> Self {
        Self::Error {
            code: "clock".into(),
            message: "positions are dated in the future: set the clock of this device".into(),
            field: Some("timestamp".into()),
            id: None,
            retry_after: None,
        }
    }
}

impl Rejection {
    fn field(&self) -> Option<&str> {
        match self {
            Self::Invalid { field, .. } => Some(field),
            _ => None,
        }
    }
}
