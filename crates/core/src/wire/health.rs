//! `GET /health`.

use serde::{Deserialize, Serialize};

/// The service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Always `ok`.
    pub status: String,
    pub version: String,
    /// Unix seconds.
    pub time: i64,
}
