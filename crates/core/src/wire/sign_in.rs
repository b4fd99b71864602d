//! How a driver's phone is let in: keys for phone trackers, and links for the driver's page.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rejection::Rejection;
use crate::wire::input::Fields;

/// A key of a phone tracker, without what makes it work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyEntry {
    pub key_id: String,
    pub label: String,
    /// Unix seconds.
    pub created_at: i64,
    /// To the hour, in Unix seconds.
    pub last_used_at: Option<i64>,
}

/// The keys of a driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Keys {
    pub keys: Vec<KeyEntry>,
}

/// A new key: it is shown this once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadeKey {
    pub key_id: String,
    pub label: String,
    pub created_at: i64,
    pub key: String,
}

/// A sign-in link for the driver's app: it works once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DriverInvite {
    pub invite: String,
    /// To be opened on the phone, under the origin of the service.
    pub path: String,
    /// Unix seconds.
    pub expires_at: i64,
}

/// Reads `{"label"}`: what the driver calls the phone or the app.
pub fn parse_label(body: &Value) -> Result<String, Rejection> {
    Ok(Fields::of(body, "body")?.text("label", 100)?.unwrap_or_default())
}

/// Longest that a sign-in link holds, in seconds.
const INVITE_MAX: f64 = 604_800.0;
/// How long it holds where nobody says, in seconds.
const INVITE_DEFAULT: f64 = 86_400.0;

/// Reads `{"expires_in"}`, in seconds; returns milliseconds.
pub fn parse_invite(body: &Value) -> Result<i64, Rejection> {
    let secs = Fields::of(body, "body")?.number_within("expires_in", 60.0..=INVITE_MAX)?;
    Ok((secs.unwrap_or(INVITE_DEFAULT) * 1000.0) as i64)
}

/// Reads `{"invite"}`.
pub fn parse_sign_in(body: &Value) -> Result<String, Rejection> {
    let fields = Fields::of(body, "body")?;
    fields.text("invite", 1_024)?.ok_or_else(|| fields.missing("invite"))
}

/// What signing in gives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedIn {
    pub token: String,
    pub driver_id: String,
    /// Unix seconds.
    pub expires_at: i64,
}
