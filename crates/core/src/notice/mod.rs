//! What people and other systems are told of a delivery: one vocabulary for webhooks, push messages and texts.

pub mod endpoint;
pub mod message;
pub mod push;
pub mod signature;
pub mod sms;
pub mod texts;
pub mod webhook;

use base32ct::{Base32Unpadded, Encoding};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Millis;
use crate::delivery::GeofenceEvent;
use crate::geofence::{Crossing, FencedPlace};
use crate::status::Status;

/// Bytes of a digest that make an id.
const ID_BYTES: usize = 15;

/// What is told. A kind that is added is a minor version of the vocabulary; none changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Kind {
    #[serde(rename = "delivery.created")]
    Created,
    /// A driver has it.
    #[serde(rename = "delivery.assigned")]
    Assigned,
    /// The driver agreed.
    #[serde(rename = "delivery.accepted")]
    Accepted,
    /// The driver would not, or it was taken away: it has none.
    #[serde(rename = "delivery.declined")]
    Declined,
    #[serde(rename = "delivery.picked_up")]
    PickedUp,
    #[serde(rename = "delivery.in_transit")]
    InTransit,
    /// The driver is near a place.
    #[serde(rename = "delivery.approaching")]
    Approaching,
    /// The driver stands at a place.
    #[serde(rename = "delivery.arrived")]
    Arrived,
    /// The driver has left the pickup.
    #[serde(rename = "delivery.departed")]
    Departed,
    #[serde(rename = "delivery.delivered")]
    Delivered,
    #[serde(rename = "delivery.failed")]
    Failed,
    #[serde(rename = "delivery.cancelled")]
    Cancelled,
    /// It cannot be read any more.
    #[serde(rename = "delivery.expired")]
    Expired,
    /// It will come, or should have come, later than was promised.
    #[serde(rename = "delivery.delayed")]
    Delayed,
    /// The ETA is another than the one told last.
    #[serde(rename = "delivery.eta_changed")]
    EtaChanged,
    /// The driver has left the planned way.
    #[serde(rename = "delivery.off_route")]
    OffRoute,
    /// Nothing was heard of the driver's position for long.
    #[serde(rename = "delivery.stale")]
    Stale,
    /// After silence, a position.
    #[serde(rename = "delivery.resumed")]
    Resumed,
    /// A driver calls for help: for those who run the operation.
    #[serde(rename = "emergency")]
    Emergency,
    /// None of a delivery: that an endpoint hears.
    #[serde(rename = "test")]
    Test,
}

impl Kind {
    pub const ALL: [Self; 20] = [
        Self::Created,
        Self::Assigned,
        Self::Accepted,
        Self::Declined,
        Self::PickedUp,
        Self::InTransit,
        Self::Approaching,
        Self::Arrived,
        Self::Departed,
        Self::Delivered,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
        Self::Delayed,
        Self::EtaChanged,
        Self::OffRoute,
        Self::Stale,
        Self::Resumed,
        Self::Emergency,
        Self::Test,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "delivery.created",
            Self::Assigned => "delivery.assigned",
            Self::Accepted => "delivery.accepted",
            Self::Declined => "delivery.declined",
            Self::PickedUp => "delivery.picked_up",
            Self::InTransit => "delivery.in_transit",
            Self::Approaching => "delivery.approaching",
            Self::Arrived => "delivery.arrived",
            Self::Departed => "delivery.departed",
            Self::Delivered => "delivery.delivered",
            Self::Failed => "delivery.failed",
            Self::Cancelled => "delivery.cancelled",
            Self::Expired => "delivery.expired",
            Self::Delayed => "delivery.delayed",
            Self::EtaChanged => "delivery.eta_changed",
            Self::OffRoute => "delivery.off_route",
            Self::Stale => "delivery.stale",
            Self::Resumed => "delivery.resumed",
            Self::Emergency => "emergency",
            Self::Test => "test",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The status that it says was reached.
    pub const fn status(self) -> Option<Status> {
        match self {
            // Without a driver it is what it was before it had one.
            Self::Created | Self::Declined => Some(Status::Created),
            Self::Assigned => Some(Status::Assigned),
            Self::PickedUp => Some(Status::PickedUp),
            Self::InTransit => Some(Status::InTransit),
            Self::Delivered => Some(Status::Delivered),
            Self::Failed => Some(Status::Failed),
            Self::Cancelled => Some(Status::Cancelled),
            _ => None,
        }
    }
}

impl From<Crossing> for Kind {
    fn from(crossing: Crossing) -> Self {
        match crossing {
            Crossing::Approaching => Self::Approaching,
            Crossing::Arrived => Self::Arrived,
            Crossing::Departed => Self::Departed,
        }
    }
}

/// Something that is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub kind: Kind,
    /// Its place among all that is told of the delivery, from 1 on.
    pub seq: u64,
    /// In the delivery's time.
    pub at: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<FencedPlace>,
}

impl Notice {
    /// The crossing of a fence that it tells of.
    pub fn crossing(&self) -> Option<GeofenceEvent> {
        let crossing = Crossing::ALL.into_iter().find(|crossing| Kind::from(*crossing) == self.kind)?;
        Some(GeofenceEvent { seq: self.seq, crossing, place: self.place?, at: self.at })
    }

    /// The same each time that it is told: who hears it twice can tell. `epoch`: of the delivery.
    pub fn id(&self, epoch: &str) -> String {
        id_of(&[epoch, self.kind.name(), &self.seq.to_string()])
    }
}

/// An id that follows from what it is made of.
pub fn id_of(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\n"));
    let short = digest.get(..ID_BYTES).unwrap_or_default();
    format!("evt_{}", Base32Unpadded::encode_string(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_written_as_it_is_named() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
        assert_eq!(Kind::named("delivery.lost"), None);
    }

    #[test]
    fn an_id_is_that_of_one_event_alone() {
        let notice = |kind, seq| Notice { kind, seq, at: Millis(7), place: None };
        let id = notice(Kind::Delivered, 4).id("epoch");
        assert_eq!(id, notice(Kind::Delivered, 4).id("epoch"));
        assert!(id.starts_with("evt_") && id.len() == 28, "{id}");
        for other in [
            notice(Kind::Failed, 4).id("epoch"),
            notice(Kind::Delivered, 5).id("epoch"),
            notice(Kind::Delivered, 4).id("e"),
        ] {
            assert_ne!(id, other);
        }
    }
}
