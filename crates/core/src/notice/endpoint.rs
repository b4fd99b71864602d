//! Endpoints: where webhooks go, what each hears of, and which addresses may be one.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use super::{Kind, signature};
use crate::rejection::Rejection;
use crate::wire::input::Fields;

/// Longest URL, in bytes.
pub const URL_MAX: usize = 2_048;
/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 200;
/// Most endpoints that hear of everything: each event is an errand for each.
pub const DEPLOYMENT_MAX: i32 = 20;
/// Most endpoints of a store.
pub const STORE_MAX: i32 = 5;
/// So long the former secret signs beside a new one, in ms: a receiver is deployed meanwhile.
pub const FORMER_MS: i64 = 86_400_000;
/// Longest id of a store, in characters.
const ID_MAX: usize = 128;
/// Names that lead inside, whoever resolves them: the last of them with `home.arpa` and addresses written backwards.
const INSIDE: [&str; 4] = ["localhost", "local", "internal", "arpa"];

/// What an endpoint is to be: what is not said stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointChange {
    pub url: Option<String>,
    /// `Some(None)`: everything.
    pub events: Option<Option<Vec<&'static str>>>,
    /// `Some(None)`: one that is made here.
    pub secret: Option<Option<String>>,
    pub enabled: Option<bool>,
    pub description: Option<Option<String>>,
    /// At its creation alone.
    pub store_id: Option<String>,
}

impl EndpointChange {
    /// Reads the body of a change.
    pub fn parse(body: &Value) -> Result<Self, Rejection> {
        let fields = Fields::of(body, "body")?;
        let url = fields.text("url", URL_MAX)?;
        if url.as_ref().is_some_and(|url| url.len() > URL_MAX) {
            return Err(Rejection::invalid("url", format!("url must have at most {URL_MAX} bytes")));
        }
        let secret = fields.text("secret", URL_MAX)?;
        if secret.as_ref().is_some_and(|secret| signature::bytes_of(secret).is_none()) {
            return Err(Rejection::invalid("secret", "secret must be whsec_ and base64 of 24 to 64 bytes"));
        }
        let enabled = match fields.get("enabled")? {
            None => None,
            Some(Value::Bool(enabled)) => Some(*enabled),
            Some(_) => return Err(Rejection::invalid("enabled", "enabled must be true or false")),
        };
        Ok(Self {
            url,
            // A merge patch (RFC 7396): null takes away.
            events: fields
                .array("events")?
                .map(|names| kinds(names).map(Some))
                .transpose()?
                .or_else(|| fields.is_null("events").then_some(None)),
            secret: secret.map(Some).or_else(|| fields.is_null("secret").then_some(None)),
            enabled,
            description: fields
                .text("description", DESCRIPTION_MAX)?
                .map(Some)
                .or_else(|| fields.is_null("description").then_some(None)),
            store_id: fields.identifier("store_id", ID_MAX)?,
        })
    }

    /// Reads the body that makes an endpoint.
    pub fn parse_new(body: &Value) -> Result<Self, Rejection> {
        let change = Self::parse(body)?;
        match change.url {
            Some(_) => Ok(change),
            None => Err(Rejection::invalid("url", "url is required")),
        }
    }
}

fn kinds(names: &[Value]) -> Result<Vec<&'static str>, Rejection> {
    let wrong = || Rejection::invalid("events", "events must be names of events, at least one");
    // More than there are would be the same again.
    if names.is_empty() || names.len() > Kind::ALL.len() {
        return Err(wrong());
    }
    let known = |name: &Value| name.as_str().and_then(Kind::named).filter(|kind| *kind != Kind::Test);
    names.iter().map(|name| known(name).map(Kind::name).ok_or_else(wrong)).collect()
}

/// What a URL consists of, once the platform's parser has normalized it.
#[derive(Clone, Copy, Debug)]
pub struct UrlParts<'a> {
    /// With its colon.
    pub protocol: &'a str,
    /// IPv6 in brackets, IPv4 as four numbers, however it was written.
    pub hostname: &'a str,
    pub has_credentials: bool,
    pub bytes: usize,
}

/// Whether we may send to it; why not. `allows_local`: for development, http and this machine, too.
pub fn permit(url: UrlParts<'_>, allows_local: bool) -> Result<(), &'static str> {
    if url.bytes > URL_MAX {
        return Err("is too long");
    }
    if url.has_credentials {
        return Err("must not have a user or a password");
    }
    match url.protocol {
        "https:" => {}
        "http:" if allows_local => {}
        _ => return Err("must begin with https://"),
    }
    if url.hostname.is_empty() || (!allows_local && leads_inside(url.hostname)) {
        return Err("must lead to a public name or address");
    }
    Ok(())
}

fn leads_inside(hostname: &str) -> bool {
    let host = hostname.strip_suffix('.').unwrap_or(hostname);
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse().map_or(true, |address: Ipv6Addr| !is_public_v6(address.segments()));
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return !is_public_v4(address.octets());
    }
    let ends_with =
        |name: &str| host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'));
    !host.contains('.') || host.ends_with('.') || INSIDE.into_iter().any(ends_with)
}

/// Whether it is in the public internet (IANA's registry of special addresses, RFC 6890).
const fn is_public_v4([a, b, c, _]: [u8; 4]) -> bool {
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

/// The same: global unicast alone, without what wraps an IPv4 address or is for examples.
const fn is_public_v6([a, b, ..]: [u16; 8]) -> bool {
    a & 0xe000 == 0x2000
        && !(a == 0x2001 && (b < 0x0200 || b == 0x0db8))
        && a != 0x2002
        && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judged(protocol: &str, hostname: &str, allows_local: bool) -> Result<(), &'static str> {
        permit(UrlParts { protocol, hostname, has_credentials: false, bytes: 40 }, allows_local)
    }

    #[test]
    fn a_url_is_public_and_https() {
        for host in [
            "shop.example",
            "shop.example.",
            "a.b.c.shop.example",
            "xn--bcher-kva.example",
            "notlocalhost.example",
            "mylocal.example",
            "local.example",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "192.169.0.1",
            "[2606:4700::1111]",
            "[2a00::1]",
        ] {
            assert_eq!(judged("https:", host, false), Ok(()), "{host}");
            assert!(judged("http:", host, false).is_err(), "{host}");
        }
        for protocol in ["http:", "ftp:", "ws:", "wss:", "file:", "data:", "javascript:", ""] {
            assert!(judged(protocol, "shop.example", false).is_err(), "{protocol}");
        }
    }

    #[test]
    fn an_address_or_a_name_inside_is_refused_unless_it_is_allowed() {
        for host in [
            "localhost",
            "localhost.",
            "a.localhost",
            "printer.local",
            "printer.local.",
            "metadata.google.internal",
            "router.home.arpa",
            "1.0.0.127.in-addr.arpa",
            "intranet",
            "intranet.",
            "a..",
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.0.0.1.",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:7f00:1]",
            "[::ffff:808:808]",
            "[64:ff9b::7f00:1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[ff02::1]",
            "[2001:db8::1]",
            "[2001::1]",
            "[2002:7f00:1::]",
            "[3fff::1]",
            "[100::1]",
            "[nonsense]",
        ] {
            assert!(judged("https:", host, false).is_err(), "{host}");
            assert_eq!(judged("http:", host, true), Ok(()), "{host}");
        }
        assert!(judged("https:", "", true).is_err());
    }

    #[test]
    fn credentials_and_endless_urls_are_refused_everywhere() {
        let url =
            UrlParts { protocol: "https:", hostname: "a.example", has_credentials: false, bytes: URL_MAX };
        assert_eq!(permit(url, false), Ok(()));
        for wrong in [UrlParts { has_credentials: true, ..url }, UrlParts { bytes: URL_MAX + 1, ..url }] {
            assert!(permit(wrong, false).is_err() && permit(wrong, true).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let parse = |body: Value| EndpointChange::parse(&body).unwrap();
        let nothing = parse(json!({}));
        assert_eq!((nothing.url, nothing.events, nothing.secret), (None, None, None));
        let all = parse(json!({"events": null, "secret": null, "enabled": false}));
        assert_eq!((all.events, all.secret, all.enabled), (Some(None), Some(None), Some(false)));
        let some = parse(json!({"events": ["delivery.delivered", "emergency"]}));
        assert_eq!(some.events, Some(Some(vec!["delivery.delivered", "emergency"])));
    }

    #[test]
    fn what_makes_no_sense_is_refused_where_it_stands() {
        let url = "https://shop.example/";
        let cases = [
            (json!([]), "body"),
            (json!({}), "url"),
            (json!({"url": null}), "url"),
            (json!({"url": 5}), "url"),
            (json!({"url": "ä".repeat(URL_MAX - 1)}), "url"),
            (json!({"url": url, "events": []}), "events"),
            (json!({"url": url, "events": "delivery.delivered"}), "events"),
            (json!({"url": url, "events": ["delivery.lost"]}), "events"),
            (json!({"url": url, "events": ["test"]}), "events"),
            (json!({"url": url, "events": [5]}), "events"),
            (json!({"url": url, "events": vec!["delivery.failed"; 21]}), "events"),
            (json!({"url": url, "secret": "whsec_c2hvcnQ="}), "secret"),
            (json!({"url": url, "secret": "secret"}), "secret"),
            (json!({"url": url, "enabled": 1}), "enabled"),
            (json!({"url": url, "description": "x".repeat(DESCRIPTION_MAX + 1)}), "description"),
            (json!({"url": url, "store_id": " s1"}), "store_id"),
        ];
        for (body, at) in cases {
            let refused = EndpointChange::parse_new(&body);
            assert!(matches!(&refused, Err(Rejection::Invalid { field, .. }) if field == at), "{refused:?}");
        }
    }
}
