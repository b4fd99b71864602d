//! Web Push (RFC 8030): what may be subscribed to, what a message says, and the parts of its encryption (RFC 8291) and of
//! its sender's signature (RFC 8292) that need no elliptic curve: the platform has that, and AES-GCM.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Kind, id_of};
use crate::clock::Millis;
use crate::rejection::Rejection;
use crate::wire::input::{Fields, under};

/// What who follows a delivery may choose, and what is chosen where nothing is said.
pub const CUSTOMER: [Kind; 10] = [
    Kind::InTransit,
    Kind::Approaching,
    Kind::Arrived,
    Kind::Delivered,
    Kind::Failed,
    Kind::Cancelled,
    Kind::Delayed,
    Kind::Assigned,
    Kind::PickedUp,
    Kind::EtaChanged,
];
/// So many of them are chosen where nothing is said.
const CUSTOMER_USUAL: usize = 7;
/// The same for a driver, of its own deliveries: all are chosen where nothing is said.
pub const DRIVER: [Kind; 3] = [Kind::Assigned, Kind::Cancelled, Kind::Declined];

/// Most subscriptions of a delivery, and of a driver: a household's devices. Each costs a request an event.
pub const SUBSCRIPTIONS_MAX: u32 = 10;
/// Those of push services have some hundred.
pub const ENDPOINT_MAX: usize = 1_024;
const LANGUAGE_MAX: usize = 35;

/// A point of P-256, uncompressed.
pub const POINT: usize = 65;
/// The secret of a subscription, and the salt of a message.
pub const SECRET: usize = 16;
/// Push services take no more than this at once (RFC 8030, 7.2).
pub const RECORD: usize = 4_096;
/// Salt, record size, length of the key, key (RFC 8188, 2.1).
const HEADER: usize = SECRET + 4 + 1 + POINT;
/// The delimiter behind the text, and the tag of AES-GCM.
const AROUND: usize = 1 + 16;
/// So much a message may say, in bytes.
pub const PAYLOAD_MAX: usize = RECORD - HEADER - AROUND;
/// So much where a push service finds that too large, in bytes.
pub const PAYLOAD_SHORT: usize = 1_024;

/// From one attempt to the next, in seconds: under an hour in all, since what is told later is over.
pub const RETRIES: [u32; 4] = [30, 120, 600, 1_800];
/// So long a sender's token holds, in seconds: at most a day (RFC 8292, 2).
pub const TOKEN_SECS: i64 = 12 * 3_600;

/// What is asked of `POST /push/subscriptions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe {
    /// `None`: a driver, of all its deliveries.
    pub tracking_id: Option<String>,
    pub endpoint: String,
    /// Base64url, as they came.
    pub p256dh: String,
    pub auth: String,
    pub kinds: Vec<Kind>,
    pub language: String,
}

impl Subscribe {
    pub fn parse(body: &Value) -> Result<Self, Rejection> {
        let fields = Fields::of(body, "body")?;
        let tracking_id = fields.text("tracking_id", 128)?;
        let (subscription, _) =
            fields.object("subscription")?.ok_or_else(|| fields.missing("subscription"))?;
        let endpoint = endpoint(&subscription).map_err(under("subscription"))?;
        let (keys, _) = subscription
            .object("keys")
            .and_then(|keys| keys.ok_or_else(|| subscription.missing("keys")))
            .map_err(under("subscription"))?;
        let key = |name: &'static str, length: usize| {
            let text = keys.text(name, 200)?.ok_or_else(|| keys.missing(name))?;
            let bytes = decoded(&text)
                .filter(|bytes| bytes.len() == length && (length != POINT || bytes.first() == Some(&4)));
            let wrong = || Rejection::invalid(name, format!("{name} must be {length} bytes in base64url"));
            bytes.map(|bytes| Base64UrlUnpadded::encode_string(&bytes)).ok_or_else(wrong)
        };
        let key = |name, length| key(name, length).map_err(under("keys")).map_err(under("subscription"));
        let usual = if tracking_id.is_some() { &CUSTOMER[..CUSTOMER_USUAL] } else { &DRIVER[..] };
        let all = if tracking_id.is_some() { &CUSTOMER[..] } else { &DRIVER[..] };
        Ok(Self {
            endpoint,
            p256dh: key("p256dh", POINT)?,
            auth: key("auth", SECRET)?,
            kinds: match fields.array("kinds")? {
                None => usual.to_vec(),
                Some(names) => chosen(names, all)?,
            },
            language: fields.text("language", LANGUAGE_MAX)?.unwrap_or_else(|| "en".into()),
            tracking_id,
        })
    }
}

/// The endpoint and, where it is one delivery's, the tracking id of `DELETE /push/subscriptions`.
pub fn parse_end(body: &Value) -> Result<(String, Option<String>), Rejection> {
    let fields = Fields::of(body, "body")?;
    Ok((endpoint(&fields)?, fields.text("tracking_id", 128)?))
}

fn endpoint(fields: &Fields<'_>) -> Result<String, Rejection> {
    fields.identifier("endpoint", ENDPOINT_MAX)?.ok_or_else(|| fields.missing("endpoint"))
}

fn chosen(names: &[Value], all: &[Kind]) -> Result<Vec<Kind>, Rejection> {
    let known = |name: &Value| all.iter().copied().find(|kind| Some(kind.name()) == name.as_str());
    let kinds: Option<Vec<Kind>> = names.iter().take(all.len() + 1).map(known).collect();
    kinds.filter(|kinds| (1..=all.len()).contains(&kinds.len())).ok_or_else(|| {
        let all: Vec<_> = all.iter().map(|kind| kind.name()).collect();
        Rejection::invalid("kinds", format!("kinds must be some of {}", all.join(", ")))
    })
}

/// The same for the same endpoint: who subscribes again changes what was subscribed.
pub fn subscription_id(about: &str, endpoint: &str) -> String {
    id_of(&["push", about, endpoint]).replacen("evt", "sub", 1)
}

/// Base64url, with or without padding.
pub fn decoded(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text.trim_end_matches('=')).ok()
}

/// The text of a message, in at most so many bytes: `body` is shortened as far as that takes.
pub fn payload(mut message: Value, most: usize) -> String {
    loop {
        let text = message.to_string();
        let over = text.len().saturating_sub(most);
        let Some(Value::String(body)) = message.get_mut("body").filter(|_| over > 0) else { return text };
        if body.is_empty() {
            return text;
        }
        // Each byte of it is one of the text at least; the ellipsis takes three.
        let mut end = body.trim_end_matches('…').len().saturating_sub(over + '…'.len_utf8());
        while !body.is_char_boundary(end) {
            end -= 1;
        }
        body.truncate(end);
        if end > 0 {
            body.truncate(body.trim_end().len());
            body.push('…');
        }
    }
}

/// How a message is to be carried (RFC 8030, 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carriage {
    /// So long the push service keeps it for a device that is away, in seconds.
    pub ttl: u32,
    pub urgency: &'static str,
    /// A newer message of a delivery takes the place of one that was not fetched yet.
    pub topic: String,
}

pub fn carriage(kind: Option<Kind>, tracking_id: &str) -> Carriage {
    let (ttl, urgency) = match kind {
        // Over soon, and worth waking a phone for.
        Some(Kind::Approaching | Kind::Arrived) => (900, "high"),
        Some(Kind::Assigned) => (3_600, "high"),
        Some(Kind::EtaChanged) => (900, "normal"),
        _ => (4 * 3_600, "normal"),
    };
    Carriage { ttl, urgency, topic: id_of(&["topic", tracking_id]) }
}

/// What an answer of a push service means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    Taken,
    /// There is no such subscription any more.
    Gone,
    TooLarge,
    Later,
    /// It will not, whatever is tried.
    Refused,
}

pub const fn said(status: u16) -> Said {
    match status {
        200..=299 => Said::Taken,
        404 | 410 => Said::Gone,
        413 => Said::TooLarge,
        408 | 425 | 429 | 500..=599 => Said::Later,
        _ => Said::Refused,
    }
}

/// What the text of a message is encrypted with.
pub struct ContentKeys {
    pub key: [u8; 16],
    pub nonce: [u8; 12],
}

/// Derives them (RFC 8291, 3.3 and 3.4). `shared`: of the two keys; `theirs` and `ours`: the public ones.
pub fn content_keys(
    shared: &[u8],
    auth: &[u8],
    theirs: &[u8],
    ours: &[u8],
    salt: &[u8],
) -> Option<ContentKeys> {
    let shared = mac(auth, &[shared])?;
    let common = mac(&shared, &[b"WebPush: info\0", theirs, ours, &[1]])?;
    let common = mac(salt, &[&common])?;
    let key = mac(&common, &[b"Content-Encoding: aes128gcm\0", &[1]])?;
    let nonce = mac(&common, &[b"Content-Encoding: nonce\0", &[1]])?;
    Some(ContentKeys { key: key.get(..16)?.try_into().ok()?, nonce: nonce.get(..12)?.try_into().ok()? })
}

/// HMAC-SHA256: both steps of HKDF (RFC 5869), while no more than one block is wanted.
fn mac(key: &[u8], parts: &[&[u8]]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac.finalize().into_bytes().into())
}

/// What stands before the encrypted text (RFC 8188, 2.1): one record, and with which key of ours.
pub fn header(salt: &[u8], ours: &[u8]) -> Vec<u8> {
    [salt, &(RECORD as u32).to_be_bytes(), &[POINT as u8], ours].concat()
}

/// What is encrypted: the text, and that it ends here.
pub fn padded(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[2]].concat()
}

/// The pair of keys that says who sends (RFC 8292), and whom a push service may ask about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vapid {
    d: String,
    x: String,
    y: String,
    /// The public one as browsers take it: the point, uncompressed, in base64url.
    pub key: String,
    pub subject: String,
}

impl Vapid {
    /// Reads a JWK, or `d` in base64url with the public point beside it. The error says what is wrong.
    pub fn parse(private: &str, public: Option<&str>, subject: Option<&str>) -> Result<Self, &'static str> {
        let subject = subject
            .filter(|subject| subject.starts_with("mailto:") || subject.starts_with("https://"))
            .ok_or("VAPID_SUBJECT must be a mailto: or https: address that push services can turn to")?;
        let (d, point) = if private.trim_start().starts_with('{') {
            let jwk = crate::wire::json::parse(private.as_bytes()).map_err(|_| PRIVATE)?;
            let part = |name: &str| decoded(jwk.get(name)?.as_str()?).filter(|part| part.len() == 32);
            let (x, y) = part("x").zip(part("y")).ok_or(PRIVATE)?;
            (part("d").ok_or(PRIVATE)?, [vec![4], x, y].concat())
        } else {
            (decoded(private).ok_or(PRIVATE)?, public.and_then(decoded).ok_or(PUBLIC)?)
        };
        let Some([4, rest @ ..]) = point.get(..).filter(|point| point.len() == POINT) else {
            return Err(PUBLIC);
        };
        let (x, y) = rest.split_at_checked(32).ok_or(PUBLIC)?;
        if d.len() != 32 {
            return Err(PRIVATE);
        }
        let text = Base64UrlUnpadded::encode_string;
        Ok(Self { d: text(&d), x: text(x), y: text(y), key: text(&point), subject: subject.to_owned() })
    }

    /// As WebCrypto imports it.
    pub fn jwk(&self) -> [(&'static str, &str); 5] {
        [("kty", "EC"), ("crv", "P-256"), ("d", &self.d), ("x", &self.x), ("y", &self.y)]
    }

    /// What is signed for a push service, by its origin.
    pub fn claims(&self, origin: &str, now: Millis) -> String {
        let claims = json!({"aud": origin, "exp": now.secs() + TOKEN_SECS, "sub": self.subject});
        format!("{JWT_HEADER}.{}", Base64UrlUnpadded::encode_string(claims.to_string().as_bytes()))
    }

    /// The header of a request (RFC 8292, 3).
    pub fn authorization(&self, claims: &str, signature: &[u8]) -> String {
        format!("vapid t={claims}.{}, k={}", Base64UrlUnpadded::encode_string(signature), self.key)
    }
}

/// `{"typ":"JWT","alg":"ES256"}`
const JWT_HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9";
const PRIVATE: &str =
    "VAPID_PRIVATE_KEY must be a JWK of P-256, or its d in base64url: `onway vapid` makes one";
const PUBLIC: &str = "VAPID_PUBLIC_KEY must be the 65 bytes of the public key in base64url";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::notice::message;

    const KEY: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    fn body() -> Value {
        json!({"tracking_id": "T", "subscription": {
            "endpoint": "https://push.example/x", "expirationTime": null, "keys": {"p256dh": KEY, "auth": AUTH},
        }})
    }

    #[test]
    fn a_subscription_is_what_a_browser_gives() {
        let customer = Subscribe::parse(&body()).unwrap();
        assert_eq!(customer.kinds, CUSTOMER[..7]);
        assert_eq!((customer.p256dh.as_str(), customer.auth.as_str()), (KEY, AUTH));
        assert_eq!(customer.language, "en");
        let mut driver = body();
        driver.as_object_mut().unwrap().remove("tracking_id");
        assert_eq!(Subscribe::parse(&driver).unwrap().kinds, DRIVER);
        let mut some = body();
        some["kinds"] = json!(["delivery.arrived"]);
        some["subscription"]["keys"]["auth"] = format!("{AUTH}==").into();
        let some = Subscribe::parse(&some).unwrap();
        assert_eq!((some.kinds, some.auth.as_str()), (vec![Kind::Arrived], AUTH));
    }

    #[test]
    fn what_is_none_is_refused_where_it_stands() {
        for (path, value, field) in [
            ("/tracking_id", json!(5), "tracking_id"),
            ("/subscription", json!(null), "subscription"),
            ("/subscription", json!("x"), "subscription"),
            ("/subscription/endpoint", json!(null), "subscription.endpoint"),
            ("/subscription/endpoint", json!("a b\nc"), "subscription.endpoint"),
            ("/subscription/endpoint", json!("x".repeat(ENDPOINT_MAX + 1)), "subscription.endpoint"),
            ("/subscription/keys", json!(null), "subscription.keys"),
            ("/subscription/keys/p256dh", json!(AUTH), "subscription.keys.p256dh"),
            ("/subscription/keys/p256dh", json!(KEY.replacen('B', "A", 1)), "subscription.keys.p256dh"),
            ("/subscription/keys/p256dh", json!("+"), "subscription.keys.p256dh"),
            ("/subscription/keys/auth", json!(KEY), "subscription.keys.auth"),
            ("/subscription/keys/auth", json!(null), "subscription.keys.auth"),
        ] {
            let mut body = body();
            *body.pointer_mut(path).unwrap() = value;
            let refused = Subscribe::parse(&body);
            assert!(
                matches!(&refused, Err(Rejection::Invalid { field: at, .. }) if at == field),
                "{path}: {refused:?}"
            );
        }
        for kinds in [json!([]), json!("x"), json!(["delivery.stale"]), json!([5]), json!(["emergency"])] {
            let mut body = body();
            body["kinds"] = kinds;
            assert!(
                matches!(Subscribe::parse(&body), Err(Rejection::Invalid { field, .. }) if field == "kinds")
            );
        }
    }

    /// RFC 8291, appendix A.
    #[test]
    fn the_keys_are_those_of_the_standard() {
        let bytes = |text| decoded(text).unwrap();
        let keys = content_keys(
            &bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"),
            &bytes("BTBZMqHH6r4Tts7J_aSIgg"),
            &bytes("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
            &bytes("BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"),
            &bytes("DGv6ra1nlYgDCS1FRnbzlw"),
        );
        let keys = keys.unwrap();
        assert_eq!(keys.key[..], bytes("oIhVW04MRdy2XN9CiKLxTg"));
        assert_eq!(keys.nonce[..], bytes("4h_95klXJ5E_qnoN"));
        let ours = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
        let before = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
        assert_eq!(header(&bytes("DGv6ra1nlYgDCS1FRnbzlw"), &bytes(ours)), bytes(before));
    }

    #[test]
    fn the_keys_of_a_sender_are_read_as_tools_write_them() {
        let [d, x, y] = [7_u8, 8, 9].map(|byte| Base64UrlUnpadded::encode_string(&[byte; 32]));
        let jwk = json!({"kty": "EC", "crv": "P-256", "d": d, "x": x, "y": y}).to_string();
        let whole = Vapid::parse(&jwk, None, Some("mailto:a@example.com")).unwrap();
        let apart = Vapid::parse(&d, Some(&whole.key), Some("mailto:a@example.com"));
        assert_eq!(apart.as_ref(), Ok(&whole));
        assert_eq!(decoded(&whole.key).unwrap().len(), POINT);
        for (private, public, subject) in [
            (jwk.as_str(), None, None),
            (&jwk, None, Some("a@example.com")),
            ("{}", None, Some("mailto:a")),
            ("{", None, Some("mailto:a")),
            (&d, None, Some("mailto:a")),
            (&d, Some(d.as_str()), Some("mailto:a")),
            ("AAAA", Some(whole.key.as_str()), Some("mailto:a")),
        ] {
            assert!(Vapid::parse(private, public, subject).is_err(), "{private} {public:?} {subject:?}");
        }
    }

    #[test]
    fn attempts_end_within_the_hour() {
        let all: Vec<u32> = (1..=9).map_while(|tries| message::pause(&RETRIES, tries, 1.0)).collect();
        assert_eq!(all.len(), RETRIES.len());
        assert!(all.iter().sum::<u32>() <= 3_600, "{all:?}");
    }

    proptest! {
        #[test]
        fn a_message_fits_and_says_as_much_as_it_can(body in ".{0,6000}", title in ".{0,40}") {
            let message = json!({"title": title, "body": body, "seq": 5});
            for most in [PAYLOAD_MAX, PAYLOAD_SHORT] {
                let text = payload(message.clone(), most);
                prop_assert!(text.len() <= most);
                let said = serde_json::from_str::<Value>(&text).unwrap()["body"].as_str().unwrap().to_owned();
                let kept = said.strip_suffix('…').unwrap_or(&said);
                prop_assert!(said == body || body.starts_with(kept));
                prop_assert!(said == body || message.to_string().len() > most);
            }
        }
    }
}
