//! Examples of requests and answers. The tests read them with the parsers and types they are examples of.

use serde_json::{Value, json};

use crate::rejection::Rejection;
use crate::status::Status;
use crate::wire::problem::Problem;
use crate::wire::report::{Counts, Rejected};

pub const TRACKING_ID: &str = "TRK-AEAQCAIBAEAQCAIBAEAQCAIBAEVL5MNNM2WLVZI6";

/// A track as a polyline.
pub fn polyline() -> Value {
    json!({"tracking_id": TRACKING_ID, "order_id": "ORD-12345", "polyline": "ga~a@re_@CaA", "times": [1_704_067_845, 1_704_067_850], "next_cursor": null, "server_time": 1_704_067_850_123_i64})
}

pub fn start() -> Value {
    json!({
        "order_id": "ORD-12345", "driver_id": "RIDER-789", "customer_id": "CUST-42", "store_id": "STORE-7", "mode": "scooter",
        "pickup": {"lat": 5.6145, "lng": -0.2057, "address": "12 Liberation Road"},
        "dropoff": {"lat": 5.6037, "lng": -0.1869},
        "phone": "+233201234567", "window": {"from": 1_704_067_200, "to": "2024-01-01T01:00:00Z"},
        "instructions": "Ring twice", "metadata": {"fragile": true},
        "visibility_rules": {"location": {"active": true, "within_m": 2_000}, "history": "never"},
    })
}

/// Each way of giving a position, and a status alone.
pub fn updates() -> Value {
    json!({
        "location": {"summary": "One fix", "value": {"location": {"lat": 5.6045, "lng": -0.1875, "accuracy": 8, "speed": 6.1, "heading": 90, "timestamp": 1_704_067_850}}},
        "flat": {"summary": "The same, flat", "value": {"latitude": 5.6045, "longitude": -0.1875, "timestamp": "2024-01-01T00:10:50Z"}},
        "batch": {"summary": "What was recorded while offline", "value": {"sent_at": 1_704_067_860_000_i64, "locations": [
            {"lat": 5.6044, "lng": -0.1880, "timestamp": 1_704_067_845}, {"lat": 5.6045, "lng": -0.1875, "timestamp": 1_704_067_850},
        ]}},
        "status": {"summary": "A status alone", "value": {"status": "PICKED_UP", "note": "All there"}},
    })
}

pub fn status() -> Value {
    json!({
        "forward": {"value": {"status": "PICKED_UP"}},
        "failed": {"value": {"status": "FAILED", "reason": "Nobody was there", "at": "2024-01-01T00:20:00Z"}},
    })
}

pub fn batch() -> Value {
    json!({"updates": [
        {"tracking_id": TRACKING_ID, "status": "DELIVERED", "note": "Left at the desk"},
        {"tracking_id": "TRK-UNKNOWN", "status": "DELIVERED"},
    ]})
}

pub fn batch_answer() -> Value {
    json!({"server_time": 1_704_067_850_123_i64, "results": [
        {"tracking_id": TRACKING_ID, "ok": true},
        {"tracking_id": "TRK-UNKNOWN", "ok": false, "problem": problem(404, false)},
    ]})
}

pub fn snapshot() -> Value {
    json!({
        "tracking_id": TRACKING_ID, "order_id": "ORD-12345", "driver_id": "RIDER-789", "status": "IN_TRANSIT",
        "current_location": {"lat": 5.6045, "lng": -0.1875, "timestamp": 1_704_067_850, "accuracy": 8.0, "heading": 90.0, "speed": 6.1, "address": null},
        "location_state": "live", "pickup": null, "dropoff": {"lat": 5.6037, "lng": -0.1869},
        "eta_seconds": 180, "eta_at": 1_704_068_030, "eta_range": [150, 240], "eta_source": "history", "eta_confidence": "medium",
        "remaining_m": 1_500, "progress": 0.62, "stops_before": 0, "off_route": false, "driver_online": true,
        "timeline": [{"status": "ASSIGNED", "at": 1_704_067_200}, {"status": "IN_TRANSIT", "at": 1_704_067_500}],
        "trail": "_rma@~fd@R_@", "seq": 17, "epoch": "9f3c2a7be10d4c58", "updated_at": 1_704_067_850, "server_time": 1_704_067_850_123_i64,
    })
}

pub fn updated() -> Value {
    let mut answer = snapshot();
    for (name, count) in [
        ("accepted", json!(1)),
        ("duplicates", json!(0)),
        ("late", json!(0)),
        ("filtered", json!(0)),
        ("rejected", json!([{"index": 1, "field": "lng"}])),
    ] {
        answer[name] = count;
    }
    answer
}

pub fn history() -> Value {
    json!({
        "tracking_id": TRACKING_ID, "order_id": "ORD-12345", "next_cursor": null, "server_time": 1_704_067_850_123_i64,
        "points": [
            {"lat": 5.6044, "lng": -0.1880, "timestamp": 1_704_067_845, "verdict": "accepted", "accuracy": 8.0},
            {"lat": 5.9045, "lng": -0.1875, "timestamp": 1_704_067_850, "verdict": "filtered", "reason": "speed"},
        ],
    })
}

pub fn timeline() -> Value {
    json!({
        "tracking_id": TRACKING_ID, "order_id": "ORD-12345", "status": "PICKED_UP", "server_time": 1_704_067_850_123_i64,
        "events": [
            {"type": "status", "status": "ASSIGNED", "at": 1_704_067_200, "note": null, "reason": null, "by": {"role": "store", "subject": "till-2"}},
            {"type": "corrected", "status": "ASSIGNED", "at": 1_704_067_320, "note": null, "reason": null, "by": {"role": "dispatcher", "subject": "desk-1"}, "about": ["dropoff", "window"]},
            {"type": "assigned", "status": "ASSIGNED", "at": 1_704_067_380, "note": null, "reason": null, "by": {"role": "dispatcher", "subject": "desk-1"}, "driver_id": "RIDER-789", "former_driver_id": "RIDER-456"},
            {"type": "status", "status": "PICKED_UP", "at": 1_704_067_500, "note": "All there", "reason": null, "by": {"role": "driver"}},
        ],
        "omitted": 0,
        "etas": [{"at": 1_704_067_500, "eta_at": 1_704_068_030, "eta_range": [420, 700]}],
    })
}

pub fn health() -> Value {
    json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "time": 1_704_067_850})
}

/// A problem of this status; `counts` where positions were kept.
pub fn problem(status: u16, counts: bool) -> Option<Problem> {
    let counts = counts.then(|| Counts {
        accepted: 2,
        rejected: vec![Rejected { index: 1, field: "lng".into() }],
        ..Counts::default()
    });
    let rejections = [
        Rejection::NotJson("expected value at line 1 column 1".into()),
        Rejection::Unauthenticated,
        Rejection::Forbidden("this delivery is not yours to do that with".into()),
        Rejection::NotFound("there is no such tracking id".into()),
        Rejection::IllegalStep { from: Status::Delivered, to: Status::InTransit },
        Rejection::Gone,
        Rejection::TooLarge { limit: crate::wire::input::BODY_MAX },
        Rejection::UnsupportedMediaType { expected: "application/json" },
        Rejection::invalid("lat", "lat must be a number from -90 to 90"),
        Rejection::UpgradeRequired,
        Rejection::RateLimited { retry_after: 10 },
        Rejection::Internal,
        Rejection::NotOffered("no bucket PROOFS is bound here".into()),
        Rejection::Unavailable { retry_after: 30 },
    ];
    rejections
        .iter()
        .find(|rejection| rejection.status().0 == status)
        .map(|rejection| Problem::new(rejection, counts))
}
