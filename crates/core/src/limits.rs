//! How often somebody may ask: which limit a request counts against, and as whom.
//!
//! These limits are the platform's rate-limit bindings: approximate, and counted in each of its locations. What
//! has to be exact is counted in the object, by [`crate::bucket`].

use crate::auth::{Caller, Role};
use crate::routes::Endpoint;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// New deliveries.
    Starts,
    /// New sockets.
    Upgrades,
    Reads,
    Writes,
    /// Positions under a phone tracker's key.
    Trackers,
    /// Tokens, keys and invites that did not hold.
    Failures,
}

impl Limit {
    pub const ALL: [Self; 6] =
        [Self::Starts, Self::Upgrades, Self::Reads, Self::Writes, Self::Trackers, Self::Failures];

    /// The one that a request counts against; `None` where it costs next to nothing.
    pub fn of(method: &str, endpoint: Endpoint) -> Option<Self> {
        Some(match endpoint {
            Endpoint::Landing
            | Endpoint::Health
            | Endpoint::SocketHealth
            | Endpoint::Document
            | Endpoint::DrivePage
            | Endpoint::DispatchPage
            | Endpoint::StorePage
            | Endpoint::IntegrationsPage
            | Endpoint::ConnectPage => return None,
            Endpoint::Start => Self::Starts,
            Endpoint::Follow
            | Endpoint::FollowByQuery
            | Endpoint::DriverLine
            | Endpoint::FollowFleet
            | Endpoint::FollowStore => Self::Upgrades,
            Endpoint::Log => Self::Trackers,
            _ if matches!(method, "GET" | "HEAD") => Self::Reads,
            _ => Self::Writes,
        })
    }

    /// The name of its binding. `wrangler.toml` says how many there may be, and why.
    pub const fn binding(self) -> &'static str {
        match self {
            Self::Starts => "LIMIT_STARTS",
            Self::Upgrades => "LIMIT_UPGRADES",
            Self::Reads => "LIMIT_READS",
            Self::Writes => "LIMIT_WRITES",
            Self::Trackers => "LIMIT_TRACKERS",
            Self::Failures => "LIMIT_FAILURES",
        }
    }

    /// Its period, in seconds: after so long whoever was refused may ask again. The same as in `wrangler.toml`.
    pub const fn period(self) -> u32 {
        match self {
            Self::Starts | Self::Failures => 60,
            _ => 10,
        }
    }
}

/// As whom a request counts: a person by its subject; the token of a store, a dispatcher or an admin may serve a
/// whole company, so that it counts for each delivery or driver (`named`) apart. Without a token `named` counts,
/// for each network apart, so that who is slowed down is whoever asks too often, and nobody else who follows.
pub fn key(by: Option<&Caller>, named: &str, network: &str) -> String {
    match by {
        Some(Caller { subject, role: role @ (Role::Driver | Role::Customer), .. }) => {
            format!("{role:?} {subject}")
        }
        Some(Caller { subject, role, .. }) => format!("{role:?} {subject} {named}"),
        None => format!("{named} {network}"),
    }
}

/// The network of an address: IPv4 as it is, of IPv6 the /64, since whoever has one address there has them all.
pub fn network(address: &str) -> String {
    if !address.contains(':') {
        return address.to_owned();
    }
    let groups = address.split(':').take(4).take_while(|group| !group.is_empty());
    groups.collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Millis;
    use crate::routes::find;

    #[test]
    fn each_request_counts_against_one_limit() {
        let cases = [
            ("GET", "/health", None),
            ("GET", "/", None),
            ("GET", "/drive", None),
            ("POST", "/tracking/start", Some(Limit::Starts)),
            ("GET", "/tracking/a", Some(Limit::Reads)),
            ("HEAD", "/track/a", Some(Limit::Reads)),
            ("GET", "/drivers", Some(Limit::Reads)),
            ("POST", "/tracking/update/a", Some(Limit::Writes)),
            ("PUT", "/drivers/a/duty", Some(Limit::Writes)),
            ("DELETE", "/drivers/a/device-keys/b", Some(Limit::Writes)),
            ("GET", "/ws/tracking/a", Some(Limit::Upgrades)),
            ("GET", "/ws/tracking/", Some(Limit::Upgrades)),
            ("GET", "/ws/driver/a", Some(Limit::Upgrades)),
            ("GET", "/log/osmand/a", Some(Limit::Trackers)),
            ("POST", "/log/overland/a", Some(Limit::Trackers)),
        ];
        for (method, path, expected) in cases {
            let (endpoint, _) = find(method, path).unwrap();
            assert_eq!(Limit::of(method, endpoint), expected, "{method} {path}");
        }
    }

    #[test]
    fn a_key_tells_apart_who_would_slow_down_whom() {
        let by = |role| Caller { subject: "x".into(), role, store_id: None, expires: Millis(0) };
        let (driver, customer, desk) = (by(Role::Driver), by(Role::Customer), by(Role::Dispatcher));
        let same = [
            ((Some(&driver), "a", "1"), (Some(&driver), "b", "2"), true),
            ((Some(&driver), "a", "1"), (Some(&customer), "a", "1"), false),
            ((Some(&desk), "a", "1"), (Some(&desk), "a", "2"), true),
            ((Some(&desk), "a", "1"), (Some(&desk), "b", "1"), false),
            ((None, "a", "1"), (None, "a", "2"), false),
            ((None, "a", "1"), (None, "b", "1"), false),
            ((None, "", "1"), (None, "", "1"), true),
        ];
        for (one, other, expected) in same {
            let [one_key, other_key] = [one, other].map(|(by, named, network)| key(by, named, network));
            assert_eq!(one_key == other_key, expected, "{one:?} {other:?}");
        }
    }

    #[test]
    fn a_network_is_an_address_or_a_64() {
        for (address, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
            ("2001:db8:1:2:ffff::1", "2001:db8:1:2"),
            ("2001:db8::1", "2001:db8"),
            ("::1", ""),
            ("", ""),
        ] {
            assert_eq!(network(address), expected, "{address}");
        }
    }

    #[test]
    fn the_bindings_are_those_of_the_deployment() {
        let written = include_str!("../../../wrangler.toml");
        let bound: Vec<_> = written.split("[[ratelimits]]").skip(1).collect();
        assert_eq!(bound.len(), Limit::ALL.len());
        for limit in Limit::ALL {
            let name = format!("name = \"{}\"", limit.binding());
            let one = bound.iter().find(|one| one.contains(&name)).unwrap_or_else(|| panic!("{name}"));
            assert!(one.contains(&format!("period = {} }}", limit.period())), "{name}");
        }
    }
}
