//! Who is calling: JSON Web Tokens (RFC 7519) against given keys and a given time.
//!
//! A token is taken apart ([`token`]), checked with a key that its header may name and never choose
//! ([`check`], [`hs256`], [`jwk`], [`keyring`]), and only then read ([`claims`]).

pub mod check;
pub mod claims;
pub mod hs256;
mod json;
pub mod jwk;
pub mod keyring;
pub mod token;

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::rejection::Rejection;

/// What a caller is, by the token's role claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    Driver,
    Customer,
    Store,
    Dispatcher,
    Admin,
}

impl Role {
    /// Reads a role by any of its names, without regard to case.
    pub fn parse(text: &str) -> Option<Self> {
        const NAMES: [(&str, Role); 10] = [
            ("driver", Role::Driver),
            ("rider", Role::Driver),
            ("delivery_person", Role::Driver),
            ("customer", Role::Customer),
            ("client", Role::Customer),
            ("store", Role::Store),
            ("merchant", Role::Store),
            ("restaurant", Role::Store),
            ("dispatcher", Role::Dispatcher),
            ("admin", Role::Admin),
        ];
        if text.eq_ignore_ascii_case("superadmin") {
            return Some(Self::Admin);
        }
        NAMES.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, role)| role)
    }
}

/// A caller whose token held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    pub subject: String,
    pub role: Role,
    #[serde(default)]
    pub store_id: Option<String>,
    /// No frame leaves for this caller after it. Wall clock, leeway included.
    pub expires: Millis,
}

impl Caller {
    /// Whether a token of `other` may go on with what this one began: nobody becomes anybody else by it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }

    /// A store is that of the claim alone: others may name one for what they look at.
    fn identity(&self) -> (&str, Role, Option<&str>) {
        let store = self.store_id.as_deref().filter(|_| self.role == Role::Store);
        (&self.subject, self.role, store)
    }
}

/// RFC 7518, 3.2: a secret of HS256 is at least as long as the hash, in bytes.
pub const SECRET_MIN: usize = 32;

/// Seconds that a token is honoured past `exp`, or before `nbf` and `iat`, for clocks that differ.
pub const LEEWAY_SECS: i64 = 60;

fn refuse(why: &str) -> Rejection {
    Rejection::InvalidToken(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_renews_what_its_own_holder_began() {
        let caller = |subject: &str, role, store: Option<&str>| Caller {
            subject: subject.into(),
            role,
            store_id: store.map(str::to_owned),
            expires: Millis(subject.len() as i64),
        };
        let known = caller("a", Role::Store, Some("s1"));
        for (other, expected) in [
            (Caller { expires: Millis(9), ..known.clone() }, true),
            (caller("b", Role::Store, Some("s1")), false),
            (caller("a", Role::Store, Some("s2")), false),
            (caller("a", Role::Store, None), false),
            (caller("a", Role::Dispatcher, Some("s1")), false),
        ] {
            assert_eq!(known.is_same(&other), expected, "{other:?}");
        }
        let desk = caller("a", Role::Dispatcher, None);
        assert!(desk.is_same(&caller("a", Role::Dispatcher, Some("s1"))), "only a store has a store");
    }
}
