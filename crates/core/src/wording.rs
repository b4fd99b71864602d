//! What a delivery's state is called, in words for those who wait for it.

use serde::Deserialize;

use crate::eta;
use crate::status::Status;
use crate::wire::snapshot::LocationState;

/// What of a snapshot is said in words.
#[derive(Clone, Debug, Deserialize)]
pub struct Outline {
    pub status: Status,
    pub location_state: LocationState,
    pub eta_seconds: Option<i64>,
    pub eta_at: Option<i64>,
    pub remaining_m: Option<i64>,
}

/// The status as a headline.
pub const fn headline(status: Status) -> &'static str {
    match status {
        Status::Created => "Order received",
        Status::Assigned => "Driver assigned",
        Status::PickedUp => "Picked up",
        Status::InTransit => "On the way",
        Status::Delivered => "Delivered",
        Status::Failed => "Delivery failed",
        Status::Cancelled => "Cancelled",
    }
}

/// Headline and sentence where there is nothing to see, by the HTTP status of the refusal.
pub const fn refused(status: u16) -> (&'static str, &'static str) {
    match status {
        401 => ("Private delivery", "Open it with the link that was sent to you."),
        403 => ("Private delivery", "This link does not open it, or not now. Ask for another."),
        404 => ("Delivery not found", "Check the link: a character may be missing."),
        410 => ("This link has expired", "The delivery is over, and can no longer be followed."),
        429 => ("Too many requests", "Please wait a minute, then open this page again."),
        _ => ("Something went wrong", "It is our fault. Please try again in a minute."),
    }
}

/// Minutes left, as people say them.
pub fn minutes(eta_seconds: i64) -> String {
    match (eta_seconds + 30) / 60 {
        ..=0 => "arriving now".into(),
        minutes @ 1..60 => format!("in {minutes} min"),
        minutes => match minutes % 60 {
            0 => format!("in {} h", minutes / 60),
            rest => format!("in {} h {rest} min", minutes / 60),
        },
    }
}

/// One sentence on what can be seen now.
pub fn detail(seen: &Outline) -> String {
    if seen.status.is_final() {
        return match seen.status {
            Status::Delivered => "The delivery has arrived.".into(),
            Status::Failed => "The delivery could not be completed.".into(),
            _ => "The delivery was cancelled.".into(),
        };
    }
    match seen.location_state {
        LocationState::Live => match seen.remaining_m {
            Some(metres @ 1000..) => format!("{:.1} km left", metres as f64 / 1000.0),
            Some(metres) if eta::is_arriving(metres as f64) => "The driver is arriving.".into(),
            Some(metres) => format!("{metres} m left"),
            None => "The driver's position is live.".into(),
        },
        LocationState::Stale | LocationState::Lost => "Waiting for a newer position of the driver.".into(),
        LocationState::None => "The driver's position is not known yet.".into(),
        LocationState::Hidden => "The driver's position is shown once the order is on its way.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_said_as_people_say_them() {
        let cases = [
            (0, "arriving now"),
            (29, "arriving now"),
            (30, "in 1 min"),
            (840, "in 14 min"),
            (3_600, "in 1 h"),
            (5_400, "in 1 h 30 min"),
        ];
        for (seconds, text) in cases {
            assert_eq!(minutes(seconds), text, "{seconds}");
        }
    }
}
