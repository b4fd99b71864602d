//! Who did what: who brought a status about, and what else was done to a delivery.

use serde::{Deserialize, Serialize};

use crate::auth::{Caller, Role};
use crate::clock::Millis;
use crate::delivery::{Delivery, Outcome};

/// Most acts that are kept beside the statuses: they are written with each frame. A day in which everything goes
/// wrong takes a dozen.
pub const ACTS_MAX: usize = 50;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Actor {
    pub role: Role,
    /// Of the token, for staff alone: which driver and whose customer it was the delivery says itself, and so nothing
    /// is left of them here once they are erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl From<&Caller> for Actor {
    fn from(by: &Caller) -> Self {
        let is_staff = !matches!(by.role, Role::Driver | Role::Customer);
        Self { role: by.role, subject: is_staff.then(|| by.subject.clone()) }
    }
}

/// What an entry of the timeline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EntryKind {
    /// A status was reached.
    Status,
    /// A driver has it, in the place of another or of none.
    Assigned,
    /// It was taken from its driver, or the driver declined.
    Unassigned,
    /// The driver agreed.
    Accepted,
    /// Somebody put the driver's stops in another order.
    Reordered,
    Corrected,
    LinkCreated,
    LinkChanged,
    LinkRevoked,
    /// It was shown that it was handed over.
    Proof,
    /// The customer, or who has a link, said how it was.
    Rated,
    /// Personal data were erased.
    Erased,
    /// The driver is near a place, which `about` names; has been there; has left it.
    Approaching,
    Arrived,
    Departed,
    /// It will come, or should have come, later than was promised.
    Delayed,
    /// The driver has left the planned way.
    OffRoute,
    /// Nothing was heard of the driver's position for long; there is one again.
    Stale,
    Resumed,
}

/// Something that was done, and is no status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub kind: EntryKind,
    pub at: Millis,
    /// How many statuses had been reached.
    pub after: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    /// Who has it, or has it no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Who had it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former: Option<String>,
    /// Names of fields, the id of a link, the kind of a proof.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

impl Act {
    pub(super) const fn of(kind: EntryKind, by: Option<Actor>, at: Millis) -> Self {
        Self { kind, at, after: 0, by, driver: None, former: None, about: Vec::new() }
    }
}

/// What was done, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Acts {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<Act>,
    /// How many there was no room for.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Acts {
    /// How many there have been.
    pub const fn count(&self) -> usize {
        self.acts.len() + self.omitted as usize
    }

    fn push(&mut self, act: Act) {
        if self.acts.len() >= ACTS_MAX {
            // What comes and goes goes first. Whoever is not staff cannot push out what staff did.
            let is_passing =
                |act: &Act| matches!(act.kind, EntryKind::Stale | EntryKind::Resumed | EntryKind::OffRoute);
            let is_staffs = |act: &Act| act.by.as_ref().is_some_and(|by| by.subject.is_some());
            let others = || self.acts.iter().position(|act| !is_staffs(act));
            self.acts.remove(self.acts.iter().position(is_passing).or_else(others).unwrap_or(0));
            self.omitted += 1;
        }
        self.acts.push(act);
    }
}

impl Delivery {
    /// Notes who started it.
    pub fn started_by(&mut self, by: &Caller) {
        if let Some(first) = self.live.timeline.first_mut() {
            first.by = Some(by.into());
        }
    }

    pub(super) fn note(&mut self, act: Act) {
        let after = self.live.timeline.len();
        self.live.acts.push(Act { after, ..act });
    }

    /// Notes what became of a share link.
    pub fn note_link(&mut self, kind: EntryKind, link_id: &str, by: &Caller, now: Millis) -> Outcome {
        self.note(Act { about: vec![link_id.to_owned()], ..Act::of(kind, Some(by.into()), now) });
        self.live.revision += 1;
        Outcome { changed: true, ..Outcome::default() }
    }

    /// Forgets that a driver who has been erased once had it. Whether it knew.
    pub fn forget_driver(&mut self, driver_id: &str) -> bool {
        if self.facts.driver_id.as_deref() == Some(driver_id) {
            return false;
        }
        let mut knew = false;
        let live = &mut self.live;
        for named in live.acts.acts.iter_mut().flat_map(|act| [&mut act.driver, &mut act.former]) {
            knew |= named.take_if(|named| named == driver_id).is_some();
        }
        for note in live.timeline.iter_mut().filter_map(|reached| reached.note.as_mut()) {
            let rest = note.strip_prefix("declined by ").and_then(|rest| rest.strip_prefix(driver_id));
            if let Some(rest) = rest.filter(|rest| rest.is_empty() || rest.starts_with(": ")) {
                *note = format!("declined{rest}");
                knew = true;
            }
        }
        let is_theirs = |told: &mut super::Told| told.driver_id.as_deref() == Some(driver_id);
        knew |= live.driven.told.take_if(is_theirs).is_some();
        live.revision += u64::from(knew);
        knew
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::archive::Summary;
    use crate::delivery::tests::{after, driver, started, status};
    use crate::delivery::{Change, Command};
    use crate::history;
    use crate::recent::NoArchive;
    use crate::status::Status;
    use crate::visibility::Audience;
    use crate::wire::history::TimelineEvent;
    use crate::wire::report::StatusReport;

    fn caller(role: Role) -> Caller {
        let subject = match role {
            Role::Driver => "d",
            Role::Customer => "c",
            _ => "staff",
        };
        Caller { subject: subject.into(), role, store_id: Some("s".into()), expires: Millis(i64::MAX) }
    }

    fn change(delivery: &mut Delivery, role: Role, asked: Change, body: serde_json::Value, secs: i64) {
        let command = asked.command(&body, &str::to_owned).unwrap();
        delivery.apply(command, &caller(role), after(secs), &NoArchive).unwrap();
    }

    fn told(delivery: &Delivery, audience: Audience) -> Vec<TimelineEvent> {
        history::timeline(&Summary::of(delivery), audience, after(999)).events
    }

    fn lived() -> Delivery {
        let mut delivery = started(json!({"customer_id": "c", "store_id": "s"}));
        delivery.started_by(&caller(Role::Store));
        change(&mut delivery, Role::Driver, Change::Decline, json!({"reason": "flat tyre"}), 1);
        change(&mut delivery, Role::Dispatcher, Change::Assign, json!({"driver_id": "e"}), 2);
        change(&mut delivery, Role::Dispatcher, Change::Assign, json!({"driver_id": "d"}), 3);
        change(&mut delivery, Role::Driver, Change::Accept, json!({}), 4);
        change(&mut delivery, Role::Customer, Change::Correct, json!({"instructions": "ring"}), 5);
        let forced = Command::Status(StatusReport {
            reason: Some("phone broken".into()),
            ..StatusReport::of(Status::InTransit)
        });
        delivery.apply(forced, &caller(Role::Dispatcher), after(6), &NoArchive).unwrap();
        delivery.note_link(EntryKind::LinkCreated, "l1", &caller(Role::Customer), after(7));
        driver(&mut delivery, status(Status::Delivered), 8).unwrap();
        delivery
    }

    #[test]
    fn staff_read_who_did_what_in_the_order_in_which_it_happened() {
        use EntryKind::{Accepted, Assigned, Corrected, LinkCreated, Status as Step, Unassigned};
        let delivery = lived();
        let expected = [
            (Step, Status::Assigned, "store staff"),
            (Step, Status::Created, "driver "),
            (Unassigned, Status::Created, "driver "),
            (Step, Status::Assigned, "dispatcher staff"),
            (Assigned, Status::Assigned, "dispatcher staff"),
            (Assigned, Status::Assigned, "dispatcher staff"),
            (Accepted, Status::Assigned, "driver "),
            (Corrected, Status::Assigned, "customer "),
            (Step, Status::PickedUp, "dispatcher staff"),
            (Step, Status::InTransit, "dispatcher staff"),
            (LinkCreated, Status::InTransit, "customer "),
            (Step, Status::Delivered, "driver "),
        ];
        for audience in [Audience::Store, Audience::Operator] {
            let events = told(&delivery, audience);
            let seen: Vec<_> = events
                .iter()
                .map(|event| {
                    let by = event.by.as_ref().unwrap();
                    let role = serde_json::to_value(by.role).unwrap();
                    let who = format!("{} {}", role.as_str().unwrap(), by.subject.as_deref().unwrap_or(""));
                    (event.kind, event.status, who)
                })
                .collect();
            assert_eq!(seen, expected.map(|(kind, status, who)| (kind, status, who.to_owned())));
            let about = |at: usize| (events[at].driver_id.as_deref(), events[at].former_driver_id.as_deref());
            assert_eq!(
                (about(2), about(4), about(5)),
                ((Some("d"), None), (Some("e"), None), (Some("d"), Some("e")))
            );
            assert_eq!(
                (&events[7].about[..], &events[10].about[..]),
                (&["instructions".into()][..], &["l1".into()][..])
            );
            assert_eq!(
                (events[8].reason.as_deref(), events[9].reason.as_deref()),
                (None, Some("phone broken"))
            );
        }
    }

    #[test]
    fn others_read_the_statuses_alone_and_nobody_s_name() {
        let delivery = lived();
        for audience in [Audience::Public, Audience::Customer, Audience::Driver] {
            let events = told(&delivery, audience);
            assert_eq!(events.len(), delivery.live.timeline.len(), "{audience:?}");
            assert!(
                events.iter().all(|event| event.kind == EntryKind::Status && event.by.is_none()),
                "{audience:?}"
            );
        }
    }

    #[test]
    fn what_a_phone_reports_late_stands_where_it_happened() {
        let mut delivery = started(json!({}));
        change(&mut delivery, Role::Dispatcher, Change::Correct, json!({"instructions": "ring"}), 60);
        let late = StatusReport { at: Some(after(30)), ..StatusReport::of(Status::PickedUp) };
        driver(&mut delivery, Command::Status(late), 90).unwrap();
        let kinds: Vec<_> =
            told(&delivery, Audience::Operator).iter().map(|event| (event.kind, event.at)).collect();
        let expected = [(EntryKind::Status, 0), (EntryKind::Status, 30), (EntryKind::Corrected, 60)];
        assert_eq!(kinds, expected.map(|(kind, secs)| (kind, after(secs).secs())));
    }

    #[test]
    fn there_are_so_many_and_those_of_staff_are_the_last_to_go() {
        let mut delivery = started(json!({"customer_id": "c"}));
        delivery.note_link(EntryKind::LinkCreated, "staff's", &caller(Role::Store), after(1));
        for n in 0..2 * ACTS_MAX {
            delivery.note_link(EntryKind::LinkCreated, &n.to_string(), &caller(Role::Customer), after(2));
        }
        let Acts { acts, omitted } = &delivery.live.acts;
        assert_eq!((acts.len(), *omitted as usize), (ACTS_MAX, ACTS_MAX + 1));
        assert_eq!(acts[0].about, ["staff's"]);
        assert_eq!(acts[ACTS_MAX - 1].about, [(2 * ACTS_MAX - 1).to_string()]);
        let size = serde_json::to_vec(&delivery.live.acts).unwrap().len();
        assert!(size < 128 * ACTS_MAX, "{size} bytes with each frame");
    }

    #[test]
    fn nothing_names_a_driver_who_was_erased_but_the_one_it_has() {
        let mut delivery = started(json!({}));
        change(&mut delivery, Role::Driver, Change::Decline, json!({"reason": "no"}), 1);
        change(&mut delivery, Role::Store, Change::Assign, json!({"driver_id": "e"}), 2);
        let names = |delivery: &Delivery, id: &str| {
            let text = serde_json::to_string(&(&delivery.facts, delivery.live.store())).unwrap();
            text.contains(&format!("\"{id}\"")) || text.contains(&format!("by {id}"))
        };
        assert!(names(&delivery, "d"));
        assert!(!delivery.forget_driver("e"), "it has the delivery");
        assert!(delivery.forget_driver("d") && !delivery.forget_driver("d"));
        assert!(!names(&delivery, "d") && names(&delivery, "e"));
        assert_eq!(delivery.live.timeline[1].note.as_deref(), Some("declined: no"));
    }
}
