//! What may be asked of a delivery in a small body: who drives, and what is wrong about it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::delivery::Command;
use crate::rejection::Rejection;
use crate::status::Status;
use crate::wire::correction::Correction;
use crate::wire::input::Fields;
use crate::wire::report::{NOTE_MAX, StatusReport};
use crate::wire::start::ID_MAX;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Assign,
    Unassign,
    Accept,
    Decline,
    Cancel,
    Correct,
}

impl Change {
    /// Reads the body that goes with it. `alias` names a driver towards the public.
    pub fn command(self, body: &Value, alias: &dyn Fn(&str) -> String) -> Result<Command, Rejection> {
        let fields = Fields::of(body, "body")?;
        Ok(match self {
            Self::Assign => {
                let driver_id =
                    fields.identifier("driver_id", ID_MAX)?.ok_or_else(|| fields.missing("driver_id"))?;
                Command::Assign { driver_alias: alias(&driver_id), driver_id }
            }
            Self::Unassign => Command::Unassign,
            Self::Accept => Command::Accept,
            Self::Decline => Command::Decline { reason: fields.text("reason", NOTE_MAX)? },
            Self::Cancel => Command::Status(StatusReport {
                reason: fields.text("reason", NOTE_MAX)?,
                ..StatusReport::of(Status::Cancelled)
            }),
            Self::Correct => Command::Correct(Box::new(Correction::parse(&fields)?)),
        })
    }

    /// Whether its body may be left out.
    pub const fn goes_without_body(self) -> bool {
        !matches!(self, Self::Assign | Self::Correct)
    }
}
