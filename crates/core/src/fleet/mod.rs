//! Many deliveries at once: what each of them tells, what a hub knows of them, and what dashboards are told.
//!
//! A hub is one object for a share of all deliveries (a shard), or for those of one store. It is a read model: what a
//! delivery is, its own object alone decides.

pub mod area;
pub mod filter;
pub mod load;
pub mod model;
pub mod paging;
pub mod report;
pub mod reporting;
pub mod watcher;

use crate::auth::{Caller, Role};
use crate::rejection::Rejection;

/// How many shards there are, unless the deployment says otherwise.
pub const SHARDS: u32 = 4;
/// Most shards: each is asked for each page of a list.
pub const SHARDS_MAX: u32 = 64;

/// The shard of a delivery: the same wherever it is asked for.
pub fn shard_of(tracking_id: &str, shards: u32) -> u32 {
    (hash(tracking_id.as_bytes()) % u64::from(shards.max(1))) as u32
}

/// The name of a shard's object.
pub fn shard_name(shard: u32) -> String {
    format!("shard/{shard}")
}

/// The name of a store's object.
pub fn store_name(store_id: &str) -> String {
    format!("store/{store_id}")
}

/// The shard that an object of this name is; `None`: it is a store's.
pub fn shard_named(name: &str) -> Option<u32> {
    name.strip_prefix("shard/")?.parse().ok()
}

/// Refuses whoever may not see the deliveries of a store, or of all (`None`).
pub fn permit(by: &Caller, store_id: Option<&str>) -> Result<(), Rejection> {
    match by.role {
        Role::Dispatcher | Role::Admin => Ok(()),
        Role::Store if store_id.is_some() && by.store_id.as_deref() == store_id => Ok(()),
        _ => Err(Rejection::Forbidden("these deliveries are not yours to see".into())),
    }
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>): the same on every machine and in every version.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Millis;

    #[test]
    fn deliveries_are_spread_evenly() {
        for shards in [1, 2, 3, 4, 7, 64] {
            let mut counts = vec![0_u32; shards as usize];
            for n in 0..6_400_u32 {
                counts[shard_of(&format!("TRK-{n:07}"), shards) as usize] += 1;
            }
            let even = 6_400 / shards;
            assert!(counts.iter().all(|count| count.abs_diff(even) <= even / 2), "{shards}: {counts:?}");
        }
    }

    #[test]
    fn the_hash_is_the_published_one() {
        for (text, expected) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(hash(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_name_says_which_shard_it_is() {
        assert_eq!(shard_named(&shard_name(3)), Some(3));
        for store in ["3", "shard/3", ""] {
            assert_eq!(shard_named(&store_name(store)), None);
        }
    }

    #[test]
    fn all_are_for_operators_and_a_store_sees_its_own() {
        let caller = |role, store: Option<&str>| Caller {
            subject: "x".into(),
            role,
            store_id: store.map(Into::into),
            expires: Millis(i64::MAX),
        };
        let cases = [
            (caller(Role::Dispatcher, None), true, true),
            (caller(Role::Admin, None), true, true),
            (caller(Role::Store, Some("s")), false, true),
            (caller(Role::Store, Some("t")), false, false),
            (caller(Role::Store, None), false, false),
            (caller(Role::Driver, Some("s")), false, false),
            (caller(Role::Customer, Some("s")), false, false),
        ];
        for (by, all, own) in cases {
            assert_eq!((permit(&by, None).is_ok(), permit(&by, Some("s")).is_ok()), (all, own), "{by:?}");
        }
    }
}
