//! Whether the driver is there: last contact, apart from the last position.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::own_json;

/// A driver whose socket has closed may be back within so long, in ms: nobody is told before.
pub const GRACE: i64 = 20_000;
/// A phone tracker that has not been heard of for so long is away, in ms.
pub const CONTACT_SPAN: i64 = 180_000;

/// Why a driver sends no position, as far as its phone can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Away {
    /// The page is in the background, where it may not read the position.
    PageHidden,
    PermissionDenied,
    NoGps,
    LowBattery,
    /// The app was closed.
    Closed,
    OffDuty,
}

impl Away {
    pub fn parse(text: &str) -> Option<Self> {
        own_json::of(&serde_json::Value::String(text.to_owned())).ok()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    #[serde(default)]
    pub online: bool,
    #[serde(default)]
    pub reason: Option<Away>,
    /// Any contact.
    #[serde(default)]
    pub last_seen: Option<Millis>,
    /// The last contact was a phone tracker's, which has no socket.
    #[serde(default)]
    pub by_tracker: bool,
}

impl Presence {
    /// The driver was heard of. Whether that is news.
    pub fn contact(&mut self, wall: Millis, by_tracker: bool) -> bool {
        self.by_tracker = by_tracker;
        self.last_seen = Some(self.last_seen.map_or(wall, |seen| seen.max(wall)));
        let news = !self.online;
        self.online = true;
        if news {
            self.reason = None;
        }
        news
    }

    /// Why no position comes, or that it comes again. Whether that is news.
    pub fn explain(&mut self, reason: Option<Away>) -> bool {
        std::mem::replace(&mut self.reason, reason) != reason
    }

    /// When a driver without a socket counts as gone.
    pub fn gone_at(&self) -> Millis {
        let span = if self.by_tracker { CONTACT_SPAN } else { GRACE };
        self.last_seen.unwrap_or_default().plus(span)
    }

    /// Judges a driver. Whether it has gone now.
    pub fn judge(&mut self, connected: bool, wall: Millis) -> bool {
        let silent = wall >= self.gone_at();
        let gone = self.online && !connected && silent;
        if gone {
            self.online = false;
        }
        gone
    }
}
