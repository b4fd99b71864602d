//! A client of the service: HTTP, and sockets that come back by themselves.

pub mod backoff;
pub mod http;
pub mod line;
pub mod outbox;
pub mod post;
pub mod socket;

use onway_core::status::Status;
use onway_core::wire::ClientFrame;
use onway_core::wire::frames::{FRAME_MAX, MessageId};
use onway_core::wire::report::{FixReport, StatusReport, UpdateRequest};

use crate::error::Error;

/// What a driver says: where it is, or how far the delivery has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    Fix(FixReport),
    Status(Status),
    /// Of one delivery, on the line of a driver who may have several.
    StatusOf(String, Status),
}

impl Report {
    /// The message on a socket. `sent_at` is the clock of this machine, in Unix milliseconds, where the
    /// service is to correct the times by it.
    pub fn frame(&self, number: i64, sent_at: Option<i64>) -> Result<String, Error> {
        let id = Some(MessageId::Number(number));
        let frame = match self {
            Self::Fix(fix) => {
                ClientFrame::LocationUpdate { id, sent_at, location: Some(fix.clone()), locations: None }
            }
            Self::Status(status) | Self::StatusOf(_, status) => {
                ClientFrame::StatusUpdate(StatusReport { id, ..StatusReport::of(*status) })
            }
        };
        let wrong = |why: serde_json::Error| Error::Contract { path: "a frame".into(), why: why.to_string() };
        let text = match self {
            Self::StatusOf(tracking_id, _) => {
                let mut frame = serde_json::to_value(&frame).map_err(wrong)?;
                frame["tracking_id"] = tracking_id.as_str().into();
                frame.to_string()
            }
            _ => serde_json::to_string(&frame).map_err(wrong)?,
        };
        debug_assert!(text.len() <= FRAME_MAX);
        Ok(text)
    }

    /// The body of `POST /tracking/update/{id}`.
    pub fn body(&self, sent_at: Option<i64>) -> UpdateRequest {
        let sent_at = sent_at.map(Into::into);
        match self {
            Self::Fix(fix) => {
                UpdateRequest { location: Some(fix.clone()), sent_at, ..UpdateRequest::default() }
            }
            Self::Status(status) | Self::StatusOf(_, status) => {
                UpdateRequest { status: Some(*status), ..UpdateRequest::default() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn messages_are_as_the_contract_writes_them() {
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        let fix = FixReport {
            lat: 5.5,
            lng: -0.25,
            timestamp: Some(1_700_000_000_000_i64.into()),
            ..Default::default()
        };
        let place = json!({"lat": 5.5, "lng": -0.25, "timestamp": 1_700_000_000_000_i64});
        let fix = Report::Fix(fix);
        assert_eq!(
            read(fix.frame(7, None).unwrap()),
            json!({"type": "location_update", "id": 7, "location": place})
        );
        assert_eq!(
            serde_json::to_value(fix.body(Some(5))).unwrap(),
            json!({"location": place, "sent_at": 5})
        );

        let status = Report::Status(Status::PickedUp);
        let expected = json!({"type": "status_update", "id": 8, "status": "PICKED_UP"});
        assert_eq!(read(status.frame(8, Some(1)).unwrap()), expected);
        assert_eq!(serde_json::to_value(status.body(None)).unwrap(), json!({"status": "PICKED_UP"}));

        let status = Report::StatusOf("TRK-1".into(), Status::Delivered);
        let expected =
            json!({"type": "status_update", "id": 9, "status": "DELIVERED", "tracking_id": "TRK-1"});
        assert_eq!(read(status.frame(9, None).unwrap()), expected);
        assert_eq!(serde_json::to_value(status.body(None)).unwrap(), json!({"status": "DELIVERED"}));
    }
}
