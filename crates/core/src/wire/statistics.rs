//! The body of `GET /stats/deliveries`: what became of the deliveries that were started in a span of time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryStats {
    /// Unix seconds.
    pub from: i64,
    /// Unix seconds.
    pub to: i64,
    /// By which days are counted: IANA name.
    pub time_zone: String,
    pub total: DeliveryFigures,
    /// By day of the start, `YYYY-MM-DD`, in that order; each list holds the 400 that have the most at most.
    pub by_day: Vec<StatsGroup>,
    pub by_store: Vec<StatsGroup>,
    pub by_driver: Vec<StatsGroup>,
    pub by_mode: Vec<StatsGroup>,
    /// How good the published ETAs were, by how long before the end they were published.
    pub eta_error: Vec<EtaError>,
    /// What new deliveries get their ETA from.
    pub model: ModelInUse,
    /// Unix milliseconds.
    pub server_time: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatsGroup {
    /// Null: those that have none.
    pub key: Option<String>,
    #[serde(flatten)]
    pub figures: DeliveryFigures,
}

/// Figures of a group of deliveries; null where none of it has one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryFigures {
    pub deliveries: u64,
    /// How many have each status.
    pub statuses: BTreeMap<String, u64>,
    /// From the start until it was delivered, in seconds.
    pub delivery_time_p50_s: Option<f64>,
    pub delivery_time_p90_s: Option<f64>,
    /// Of the delivered ones with an end of the window, how many were in time: from 0 to 1.
    pub on_time_rate: Option<f64>,
    /// Of how many that is the rate.
    pub with_window: u64,
    /// Mean way travelled from the pickup to the end, in metres.
    pub distance_mean_m: Option<f64>,
    /// Mean time at the destination, in seconds.
    pub dwell_mean_s: Option<f64>,
    /// Mean time between two fixes, in seconds.
    pub update_interval_mean_s: Option<f64>,
    /// Mean of the stars.
    pub rating_mean: Option<f64>,
    pub ratings: u64,
}

/// How good the ETAs were that were published so long before the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EtaError {
    /// From so many seconds before the end, the next entry's excluded.
    pub horizon_s: u32,
    /// How many were published.
    pub count: u64,
    /// Mean of how far they were off, in seconds.
    pub mean_absolute_s: Option<f64>,
    /// Mean of published less actual: positive where they promised too late.
    pub bias_s: Option<f64>,
    /// How many ends were inside the published range: 0.8 is what it promises.
    pub coverage: Option<f64>,
}

/// What new deliveries get their ETA from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelInUse {
    /// `built-in`, or `deployment`: fitted on its own history.
    pub source: String,
    /// When it was fitted, in Unix seconds.
    pub fitted_at: Option<i64>,
    /// On how many trips.
    pub trips: Option<u64>,
}
