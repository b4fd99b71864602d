//! The states of a delivery and the steps between them.

use serde::{Deserialize, Serialize};

/// Where a delivery stands. Ordered as it proceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Status {
    /// Known, without a driver.
    Created,
    /// A driver has it, the goods are not picked up.
    Assigned,
    PickedUp,
    InTransit,
    /// Final.
    Delivered,
    /// Final, with a reason.
    Failed,
    /// Final.
    Cancelled,
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What a wanted status means from where the delivery stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It stands there already: no event.
    Same,
    /// Each status to record, the skipped ones first, the wanted one last.
    Through(Vec<Status>),
    /// The state machine has no such step.
    Illegal,
}

impl Status {
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Assigned,
        Self::PickedUp,
        Self::InTransit,
        Self::Delivered,
        Self::Failed,
        Self::Cancelled,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Assigned => "ASSIGNED",
            Self::PickedUp => "PICKED_UP",
            Self::InTransit => "IN_TRANSIT",
            Self::Delivered => "DELIVERED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Reads a status without regard to case; `OUT_FOR_DELIVERY` is `IN_TRANSIT`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("OUT_FOR_DELIVERY") {
            return Some(Self::InTransit);
        }
        Self::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(text))
    }

    /// Nothing leaves a final status.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Cancelled)
    }

    /// From pickup until the end: the part of a delivery that its customer follows.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::PickedUp | Self::InTransit)
    }

    /// What it means to ask for `wanted` here. The step back from `ASSIGNED` to `CREATED` is no status
    /// change that anybody may ask for: it is what decline and unassign do.
    pub fn step(self, wanted: Self) -> Step {
        if self == wanted {
            return Step::Same;
        }
        if self.is_final() {
            return Step::Illegal;
        }
        match wanted {
            Self::Failed | Self::Cancelled => Step::Through(vec![wanted]),
            _ if wanted > self => {
                Step::Through(Self::ALL.into_iter().filter(|s| *s > self && *s <= wanted).collect())
            }
            _ => Step::Illegal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Status::*;
    use super::*;
    use proptest::prelude::*;

    /// Rows: from. Columns: to, in the order of `Status::ALL`. `=` same, `>` legal, `.` illegal.
    const TABLE: [(Status, &str); 7] = [
        (Created, "=>>>>>>"),
        (Assigned, ".=>>>>>"),
        (PickedUp, "..=>>>>"),
        (InTransit, "...=>>>"),
        (Delivered, "....=.."),
        (Failed, ".....=."),
        (Cancelled, "......="),
    ];

    #[test]
    fn each_step_is_as_the_table_says() {
        for (from, row) in TABLE {
            for (to, expected) in Status::ALL.into_iter().zip(row.chars()) {
                let got = match from.step(to) {
                    Step::Same => '=',
                    Step::Through(_) => '>',
                    Step::Illegal => '.',
                };
                assert_eq!(got, expected, "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_skip_passes_through_what_it_skips() {
        assert_eq!(Assigned.step(Delivered), Step::Through(vec![PickedUp, InTransit, Delivered]));
        assert_eq!(Assigned.step(Failed), Step::Through(vec![Failed]));
    }

    #[test]
    fn statuses_match_without_regard_to_case() {
        for status in Status::ALL {
            assert_eq!(Status::parse(&status.name().to_lowercase()), Some(status));
        }
        assert_eq!(Status::parse("out_For_Delivery"), Some(InTransit));
        assert_eq!(Status::parse("LOST"), None);
        assert_eq!(Status::parse(""), None);
    }

    proptest! {
        #[test]
        fn nothing_leaves_a_final_status(wanted in proptest::collection::vec(0..7usize, 0..40)) {
            let mut status = Created;
            for wanted in wanted {
                let was_final = status.is_final().then_some(status);
                if let Step::Through(path) = status.step(Status::ALL[wanted]) {
                    status = *path.last().unwrap();
                }
                if let Some(end) = was_final {
                    prop_assert_eq!(status, end);
                }
            }
        }
    }
}
