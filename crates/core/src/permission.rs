//! Who may do what: the contract's table as data.

use serde::{Deserialize, Serialize};

use crate::auth::{Caller, Role};
use crate::rejection::Rejection;

/// What somebody is to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Party {
    /// The driver it is assigned to.
    Driver,
    /// The customer it is for.
    Customer,
    /// The store it comes from.
    Store,
    Dispatcher,
    Admin,
    /// Whoever holds a share link of it.
    Link,
    /// Anybody else, with or without a token.
    Public,
}

/// Whose a delivery is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Owners<'a> {
    pub driver_id: Option<&'a str>,
    pub customer_id: Option<&'a str>,
    pub store_id: Option<&'a str>,
}

impl<'a> Owners<'a> {
    pub fn new(
        driver_id: &'a Option<String>,
        customer_id: &'a Option<String>,
        store_id: &'a Option<String>,
    ) -> Self {
        Self {
            driver_id: driver_id.as_deref(),
            customer_id: customer_id.as_deref(),
            store_id: store_id.as_deref(),
        }
    }
}

impl Party {
    pub const ALL: [Self; 7] =
        [Self::Driver, Self::Customer, Self::Store, Self::Dispatcher, Self::Admin, Self::Link, Self::Public];

    /// What `caller` is to the delivery of these owners.
    pub fn of(caller: Option<&Caller>, owners: Owners<'_>) -> Self {
        let Some(caller) = caller else { return Self::Public };
        let is = |owner: Option<&str>, who: Option<&str>| owner.is_some() && owner == who;
        match caller.role {
            Role::Driver if is(owners.driver_id, Some(&caller.subject)) => Self::Driver,
            Role::Customer if is(owners.customer_id, Some(&caller.subject)) => Self::Customer,
            Role::Store if is(owners.store_id, caller.store_id.as_deref()) => Self::Store,
            Role::Dispatcher => Self::Dispatcher,
            Role::Admin => Self::Admin,
            _ => Self::Public,
        }
    }
}

/// What can be done to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    See,
    SendLocations,
    /// To the next statuses, up to delivered.
    Forward,
    Fail,
    Cancel,
    /// Give it to a driver, or take it from one.
    Assign,
    /// Accept or decline it.
    Answer,
    History,
    Timeline,
    /// Correct what was said at the start.
    Correct,
    /// Correct the instructions alone.
    Instruct,
    /// Say that it was handed over.
    Prove,
    /// Look at a proof.
    SeeProof,
    Rate,
    /// Make, list, change and revoke its share links.
    Share,
    /// Personal data, once it has ended.
    Erase,
}

/// A cell of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    Yes,
    No,
    /// Until the goods are picked up.
    BeforePickup,
    /// Until the end.
    WhileActive,
    /// Until it expires.
    WhileReadable,
    /// Where the delivery is public.
    IfPublic,
}

/// What a grant may depend on.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    pub picked_up: bool,
    pub is_final: bool,
    pub is_public: bool,
    /// What is read is the record of a delivery that has expired.
    pub has_expired: bool,
}

/// Columns: driver, customer, store, dispatcher, admin, link, public.
const TABLE: [(Action, [Grant; 7]); 16] = {
    use Grant::{BeforePickup, IfPublic, No, WhileActive, WhileReadable, Yes};
    [
        (Action::See, [Yes, Yes, Yes, Yes, Yes, Yes, IfPublic]),
        (Action::SendLocations, [Yes, No, No, No, Yes, No, No]),
        (Action::Forward, [Yes, No, No, Yes, Yes, No, No]),
        (Action::Fail, [Yes, No, No, Yes, Yes, No, No]),
        (Action::Cancel, [No, BeforePickup, BeforePickup, Yes, Yes, No, No]),
        (Action::Assign, [No, No, Yes, Yes, Yes, No, No]),
        (Action::Answer, [Yes, No, No, No, No, No, No]),
        (Action::History, [WhileActive, No, Yes, Yes, Yes, No, No]),
        (Action::Timeline, [WhileActive, WhileReadable, Yes, Yes, Yes, WhileReadable, No]),
        (Action::Share, [No, Yes, Yes, Yes, Yes, No, No]),
        (Action::Correct, [No, No, Yes, Yes, Yes, No, No]),
        (Action::Instruct, [No, Yes, Yes, Yes, Yes, No, No]),
        (Action::Prove, [Yes, No, No, No, Yes, No, No]),
        (Action::SeeProof, [WhileReadable, WhileReadable, Yes, Yes, Yes, No, No]),
        (Action::Rate, [No, Yes, No, No, No, Yes, No]),
        (Action::Erase, [No, Yes, No, No, Yes, No, No]),
    ]
};

/// Refuses what `caller`, being `party`, may not do now.
pub fn permit(
    caller: Option<&Caller>,
    party: Party,
    action: Action,
    circumstances: Circumstances,
) -> Result<(), Rejection> {
    if may(party, action, circumstances) {
        return Ok(());
    }
    Err(match caller {
        // Theirs, until it expired.
        Some(_)
            if circumstances.has_expired
                && may(party, action, Circumstances { has_expired: false, ..circumstances }) =>
        {
            Rejection::Gone
        }
        None => Rejection::Unauthenticated,
        Some(_) => Rejection::Forbidden("this delivery is not yours to do that with".into()),
    })
}

/// Whether `party` may do `action` now.
pub fn may(party: Party, action: Action, circumstances: Circumstances) -> bool {
    let column = match party {
        Party::Driver => 0,
        Party::Customer => 1,
        Party::Store => 2,
        Party::Dispatcher => 3,
        Party::Admin => 4,
        Party::Link => 5,
        Party::Public => 6,
    };
    let grant = TABLE.iter().find(|(row, _)| *row == action).and_then(|(_, row)| row.get(column));
    match grant {
        None | Some(Grant::No) => false,
        Some(Grant::Yes) => true,
        Some(Grant::BeforePickup) => !circumstances.picked_up,
        Some(Grant::WhileActive) => !circumstances.is_final && !circumstances.has_expired,
        Some(Grant::WhileReadable) => !circumstances.has_expired,
        Some(Grant::IfPublic) => circumstances.is_public,
    }
}

/// Whether `caller` may start a delivery for these owners, and with which owners it then starts: a
/// driver starts for itself, a store its own.
pub fn may_start(caller: &Caller, driver_id: Option<&str>, store_id: Option<&str>) -> Option<StartOwners> {
    let given = |id: Option<&str>| id.map(str::to_owned);
    match caller.role {
        Role::Dispatcher | Role::Admin => {
            Some(StartOwners { driver_id: given(driver_id), store_id: given(store_id) })
        }
        Role::Driver => driver_id
            .is_none_or(|id| id == caller.subject)
            .then(|| StartOwners { driver_id: Some(caller.subject.clone()), store_id: given(store_id) }),
        Role::Store => {
            let own = caller.store_id.as_deref()?;
            store_id
                .is_none_or(|id| id == own)
                .then(|| StartOwners { driver_id: given(driver_id), store_id: given(Some(own)) })
        }
        Role::Customer => None,
    }
}

/// Whose a new delivery is, by who starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartOwners {
    pub driver_id: Option<String>,
    pub store_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Millis;

    fn caller(role: Role, subject: &str, store: Option<&str>) -> Caller {
        Caller { subject: subject.into(), role, store_id: store.map(Into::into), expires: Millis(i64::MAX) }
    }

    /// Each cell of the contract's table: `y` yes, `-` no, `b` before pickup, `a` while active, `r` while
    /// readable, `p` if public.
    const CONTRACT: [(Action, &str); 16] = [
        //                       driver, customer, store, dispatcher, admin, link, public
        (Action::See, "yyyyyyp"),
        (Action::SendLocations, "y---y--"),
        (Action::Forward, "y--yy--"),
        (Action::Fail, "y--yy--"),
        (Action::Cancel, "-bbyy--"),
        (Action::Assign, "--yyy--"),
        (Action::Answer, "y------"),
        (Action::History, "a-yyy--"),
        (Action::Timeline, "aryyyr-"),
        (Action::Share, "-yyyy--"),
        (Action::Correct, "--yyy--"),
        (Action::Instruct, "-yyyy--"),
        (Action::Prove, "y---y--"),
        (Action::SeeProof, "rryyy--"),
        (Action::Rate, "-y---y-"),
        (Action::Erase, "-y--y--"),
    ];

    #[test]
    fn each_cell_is_as_the_contract_says() {
        for (action, row) in CONTRACT {
            for (party, cell) in Party::ALL.into_iter().zip(row.chars()) {
                for bits in 0..16 {
                    let now = Circumstances {
                        picked_up: bits & 1 > 0,
                        is_final: bits & 2 > 0,
                        is_public: bits & 4 > 0,
                        has_expired: bits & 8 > 0,
                    };
                    let expected = match cell {
                        'y' => true,
                        'b' => !now.picked_up,
                        'a' => !now.is_final && !now.has_expired,
                        'r' => !now.has_expired,
                        'p' => now.is_public,
                        _ => false,
                    };
                    assert_eq!(may(party, action, now), expected, "{party:?} {action:?} {now:?}");
                }
            }
        }
    }

    #[test]
    fn a_party_is_who_the_delivery_names() {
        let owners = Owners { driver_id: Some("d"), customer_id: Some("c"), store_id: Some("s") };
        let cases = [
            (caller(Role::Driver, "d", None), Party::Driver),
            (caller(Role::Driver, "e", None), Party::Public),
            (caller(Role::Customer, "c", None), Party::Customer),
            (caller(Role::Customer, "d", None), Party::Public),
            (caller(Role::Store, "x", Some("s")), Party::Store),
            (caller(Role::Store, "s", None), Party::Public),
            (caller(Role::Dispatcher, "x", None), Party::Dispatcher),
            (caller(Role::Admin, "x", None), Party::Admin),
        ];
        for (caller, party) in cases {
            assert_eq!(Party::of(Some(&caller), owners), party, "{caller:?}");
        }
        assert_eq!(Party::of(None, owners), Party::Public);
        assert_eq!(Party::of(Some(&caller(Role::Store, "x", None)), Owners::default()), Party::Public);
    }

    #[test]
    fn starting_is_for_oneself_ones_own_store_or_everybody() {
        let cases = [
            (caller(Role::Driver, "d", None), None, Some("d")),
            (caller(Role::Driver, "d", None), Some("d"), Some("d")),
            (caller(Role::Store, "x", Some("s")), None, None),
            (caller(Role::Dispatcher, "x", None), Some("e"), Some("e")),
        ];
        for (caller, asked, driver) in cases {
            let owners = may_start(&caller, asked, None).unwrap();
            assert_eq!(owners.driver_id.as_deref(), driver);
        }
        assert_eq!(may_start(&caller(Role::Driver, "d", None), Some("e"), None), None);
        assert_eq!(may_start(&caller(Role::Store, "x", Some("s")), None, Some("t")), None);
        assert_eq!(may_start(&caller(Role::Store, "x", None), None, None), None);
        assert_eq!(may_start(&caller(Role::Customer, "c", None), None, None), None);
    }
}
