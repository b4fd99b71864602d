//! `GET /tracking?mine`: a customer's own deliveries.

use serde::{Deserialize, Serialize};

use crate::archive::Summary;
use crate::clock::Millis;
use crate::rejection::Rejection;
use crate::status::Status;
use crate::wire::handover::RatingView;
use crate::wire::snapshot::WindowView;
use crate::wire::start::Place;

/// Deliveries on a page.
pub const PAGE: usize = 20;

/// The body of `GET /tracking?mine`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnDeliveries {
    /// The newest first. A delivery is listed a few seconds after its start.
    pub deliveries: Vec<OwnDelivery>,
    /// Where the next page begins: send it as `cursor`. Null on the last page.
    pub next_cursor: Option<String>,
    /// Unix milliseconds.
    pub server_time: i64,
}

/// A delivery as its customer finds it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnDelivery {
    pub tracking_id: String,
    pub order_id: String,
    pub status: Status,
    /// Unix seconds.
    pub started_at: i64,
    /// Unix seconds; null while it runs.
    pub ended_at: Option<i64>,
    pub dropoff: Place,
    pub window: Option<WindowView>,
    /// Unix seconds; null where there is none.
    pub eta_at: Option<i64>,
    pub rating: Option<RatingView>,
    /// Its page can be opened no more.
    pub expired: bool,
}

/// What a delivery says of itself.
#[derive(Clone, Debug)]
pub enum Now {
    Here(Current),
    /// It has expired.
    Gone,
    /// It did not answer: what the archive has is the newest that is known.
    Unknown,
}

/// What a delivery's own snapshot adds, as long as it can be read.
#[derive(Clone, Debug, Deserialize)]
pub struct Current {
    pub status: Status,
    pub eta_at: Option<i64>,
    #[serde(default)]
    pub rating: Option<RatingView>,
}

impl OwnDelivery {
    /// From what the archive has, and from the delivery itself.
    pub fn of(summary: Summary, now: Now) -> Self {
        let expired = matches!(now, Now::Gone);
        let current = if let Now::Here(current) = now { Some(current) } else { None };
        let archived = summary.rest.handover.rating.as_ref().map(RatingView::from);
        let window = summary.window.map(WindowView::from);
        Self {
            tracking_id: summary.tracking_id,
            order_id: summary.order_id,
            status: current.as_ref().map_or(summary.status, |current| current.status),
            started_at: summary.started.secs(),
            ended_at: summary.ended.map(Millis::secs),
            dropoff: summary.rest.dropoff,
            window,
            eta_at: current.as_ref().and_then(|current| current.eta_at),
            expired,
            rating: current.and_then(|current| current.rating).or(archived),
        }
    }
}

/// Reads the cursor of a page: the start and the tracking id of the last delivery before it.
pub fn read_cursor(text: &str) -> Result<(Millis, String), Rejection> {
    let read = text.split_once('.').and_then(|(at, id)| Some((Millis(at.parse().ok()?), id.to_owned())));
    read.ok_or_else(|| Rejection::invalid("cursor", "cursor must be the next_cursor of the page before"))
}

/// Where the page after this delivery begins.
pub fn cursor(last: &Summary) -> String {
    format!("{}.{}", last.started.0, last.tracking_id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::delivery::tests::{driver, started, status};

    #[test]
    fn one_that_does_not_answer_is_shown_as_the_archive_has_it_and_not_as_expired() {
        let mut delivery = started(json!({}));
        driver(&mut delivery, status(Status::PickedUp), 1).unwrap();
        let here = Now::Here(Current { status: Status::InTransit, eta_at: Some(9), rating: None });
        let cases = [
            (here, Status::InTransit, Some(9), false),
            (Now::Unknown, Status::PickedUp, None, false),
            (Now::Gone, Status::PickedUp, None, true),
        ];
        for (now, status, eta_at, expired) in cases {
            let asked = format!("{now:?}");
            let own = OwnDelivery::of(Summary::of(&delivery), now);
            assert_eq!((own.status, own.eta_at, own.expired), (status, eta_at, expired), "{asked}");
        }
    }
}
