//! The routes of statistics and metrics. The functions only carry the descriptions.
#![allow(dead_code, reason = "the functions only carry attributes")]

use serde_json::{Value, json};
use utoipa::OpenApi;

use super::paths::{CallerRefused, Failed, QueryRefused};
use crate::wire::statistics::DeliveryStats;

#[derive(OpenApi)]
#[openapi(paths(delivery_stats, metrics))]
pub struct Paths;

/// An example of the answer of this schema.
pub fn answer(schema: &str) -> Option<Value> {
    if schema != "DeliveryStats" {
        return None;
    }
    let figures = |key: Option<&str>| {
        let mut figures = json!({
            "deliveries": 2, "statuses": {"DELIVERED": 2}, "delivery_time_p50_s": 1_240.0,
            "delivery_time_p90_s": 1_710.0, "on_time_rate": 0.5, "with_window": 2, "distance_mean_m": 5_320.0,
            "dwell_mean_s": 95.0, "update_interval_mean_s": 5.1, "rating_mean": 4.0, "ratings": 1,
        });
        if let Some(key) = key {
            figures["key"] = key.into();
        }
        figures
    };
    Some(json!({
        "from": 1_704_067_200, "to": 1_704_672_000, "time_zone": "Africa/Accra",
        "total": figures(None),
        "by_day": [figures(Some("2024-01-01"))],
        "by_store": [figures(Some("STORE-1"))],
        "by_driver": [figures(Some("RIDER-789"))],
        "by_mode": [figures(Some("scooter"))],
        "eta_error": [{"horizon_s": 600, "count": 20, "mean_absolute_s": 92.5, "bias_s": -14.0, "coverage": 0.8}],
        "model": {"source": "deployment", "fitted_at": 1_703_980_800, "trips": 1_840},
        "server_time": 1_704_672_000_000_i64,
    }))
}

/// What became of the deliveries that were started in a span of time, in all and by day, store, driver and mode.
///
/// For dispatchers and admins; a store sees its own. Of a delivery whose summary has gone only anonymous figures count:
/// by the day of its start in UTC, and for no driver.
#[utoipa::path(
    get, path = "/stats/deliveries", tag = "statistics",
    params(
        ("from" = Option<String>, Query, description = "Of those started then or later: Unix seconds, Unix milliseconds or ISO 8601; seven days before `to` without it, at most 400"),
        ("to" = Option<String>, Query, description = "And before then; now without it"),
        ("store_id" = Option<String>, Query, description = "Of this store"),
        ("driver_id" = Option<String>, Query, description = "Of this driver"),
        ("mode" = Option<String>, Query, description = "Of this mode"),
        ("format" = Option<String>, Query, description = "JSON, or the figures as CSV"),
    ),
    responses(
        (status = 200, description = "The figures", content(
            (DeliveryStats = "application/json"),
            (String = "text/csv; charset=utf-8; header=present"),
        )),
        QueryRefused, CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn delivery_stats() {}

/// What the service counts, as OpenMetrics text, for admins.
#[utoipa::path(
    get, path = "/metrics", tag = "service",
    responses(
        (status = 200, description = "OpenMetrics 1.0.0", body = String, content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        CallerRefused, Failed,
    ),
    security(("bearer" = [])),
)]
fn metrics() {}
