//! What a delivery is: every decision of Onway, and nothing else.
//!
//! Pure Rust: no platform, no I/O, no clock, no randomness. The time is always an argument, so that
//! replaying the same commands gives the same state and nearly all tests are native and fast.

pub mod access;
pub mod archive;
pub mod auth;
pub mod bucket;
pub mod clock;
pub mod counts;
pub mod delivery;
pub mod device_key;
pub mod driver;
pub mod eta;
pub mod etag;
pub mod fanout;
pub mod filter;
pub mod fix;
pub mod fleet;
pub mod geofence;
pub mod history;
pub mod ingest;
pub mod invite;
pub mod keeping_up;
pub mod limits;
pub mod link;
pub mod log;
pub mod metrics;
pub mod motion;
pub mod notice;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod origins;
pub mod outbox;
pub mod own_json;
pub mod permission;
pub mod published;
pub mod recent;
pub mod region;
pub mod rejection;
pub mod route;
pub mod routes;
pub mod routing;
pub mod sampling;
mod sealed;
pub mod statistics;
pub mod status;
pub mod thinning;
pub mod track;
pub mod tracking_id;
pub mod visibility;

pub mod wire;
pub mod wording;
