//! `POST /tracking/start`: what a delivery is told to be.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::{Millis, RATES};
use crate::fix::{ADDRESS_MAX, Position, position};
use crate::geofence::GivenFences;
use crate::rejection::Rejection;
use crate::visibility::rules::GivenRules;
use crate::wire::handover::CODE_MAX;
use crate::wire::input::{Fields, under};

/// A place to pick up or drop off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Place {
    /// Degrees, WGS84.
    pub lat: f64,
    /// Degrees, WGS84.
    pub lng: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Place {
    /// Where it is. A place that was read is always within bounds.
    pub fn position(&self) -> Position {
        Position::from_degrees(self.lat, self.lng).unwrap_or_default()
    }
}

/// When the delivery is promised, in Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub from: Option<Millis>,
    pub to: Option<Millis>,
}

/// How the driver moves: it sets speed limits of the filter and the ETA's parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Mode {
    Foot,
    Bicycle,
    Scooter,
    #[default]
    Car,
    Van,
    Truck,
}

impl Mode {
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Foot, "foot"),
        (Self::Bicycle, "bicycle"),
        (Self::Scooter, "scooter"),
        (Self::Car, "car"),
        (Self::Van, "van"),
        (Self::Truck, "truck"),
    ];
}

/// Who may follow a delivery without a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Visibility {
    /// Who has the id.
    #[default]
    Public,
    /// Its parties, and who has a link.
    Private,
}

impl Visibility {
    pub const ALL: [(Self, &'static str); 2] = [(Self::Public, "public"), (Self::Private, "private")];
}

/// A simulated clock for recorded trips; only where `ALLOW_SIM_CLOCK=1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockRequest {
    /// The delivery's time when it starts.
    pub origin: Millis,
    /// Simulated seconds per second, from 0.01 to 1000.
    pub rate: f64,
}

/// The body of `POST /tracking/start`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartRequest {
    /// The operator's own name for the order.
    pub order_id: String,
    /// Or `dropoff_lat` and `dropoff_lng`.
    pub dropoff: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup: Option<Place>,
    /// E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// An encoded polyline (precision 5) of at most 64 KB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// What the recipient says to the driver at the door: a proof by code has to be this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// What those outside see of it, where that is not what the deployment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility_rules: Option<GivenRules>,
    /// How near is near, where that is not what the deployment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geofences: Option<GivenFences>,
    /// At most 4 KB of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockRequest>,
}

/// Longest identifier of another system, in characters.
pub const ID_MAX: usize = 128;
/// Longest instructions, in characters.
pub const INSTRUCTIONS_MAX: usize = 1_000;
/// Longest encoded route, in bytes.
pub const ROUTE_MAX: usize = 64 * 1024;
/// Longest metadata, in bytes of JSON without white space.
pub const METADATA_MAX: usize = 4 * 1024;
/// Most levels of metadata: answers and frames hold it deeper than it came, and some parsers stop at 64.
pub const METADATA_LEVELS_MAX: usize = 32;
/// Longest `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_MAX: usize = 255;

/// Reads the header `Idempotency-Key`.
pub fn idempotency_key(header: String) -> Result<String, Rejection> {
    let valid =
        (1..=IDEMPOTENCY_KEY_MAX).contains(&header.len()) && header.bytes().all(|b| b.is_ascii_graphic());
    if valid {
        return Ok(header);
    }
    Err(Rejection::invalid("Idempotency-Key", "Idempotency-Key must be 1 to 255 visible ASCII characters"))
}

impl StartRequest {
    /// What no start goes without.
    pub const fn new(order_id: String, dropoff: Place) -> Self {
        Self {
            order_id,
            dropoff,
            driver_id: None,
            customer_id: None,
            store_id: None,
            pickup: None,
            phone: None,
            mode: None,
            window: None,
            route: None,
            instructions: None,
            handover_code: None,
            visibility: None,
            visibility_rules: None,
            geofences: None,
            metadata: None,
            clock: None,
        }
    }

    /// Reads the body; 422 with the field at fault.
    pub fn parse(body: &Value) -> Result<Self, Rejection> {
        let fields = Fields::of(body, "body")?;
        Ok(Self {
            order_id: fields.identifier("order_id", ID_MAX)?.ok_or_else(|| fields.missing("order_id"))?,
            dropoff: dropoff_if_given(&fields)?.ok_or_else(|| fields.missing("dropoff"))?,
            driver_id: fields.identifier("driver_id", ID_MAX)?,
            customer_id: fields.identifier("customer_id", ID_MAX)?,
            store_id: fields.identifier("store_id", ID_MAX)?,
            pickup: fields
                .object("pickup")?
                .map(|(pickup, _)| place(&pickup).map_err(under("pickup")))
                .transpose()?,
            phone: phone(&fields)?,
            mode: choice(&fields, "mode", &Mode::ALL)?,
            window: window(&fields)?,
            route: route(&fields)?,
            instructions: fields.text("instructions", INSTRUCTIONS_MAX)?,
            handover_code: fields.identifier("handover_code", CODE_MAX)?,
            visibility: choice(&fields, "visibility", &Visibility::ALL)?,
            visibility_rules: fields.get("visibility_rules")?.map(GivenRules::parse).transpose()?,
            geofences: fields.get("geofences")?.map(GivenFences::parse).transpose()?,
            metadata: metadata(&fields)?,
            clock: fields
                .object("clock")?
                .map(|(clock, _)| clock_of(&clock).map_err(under("clock")))
                .transpose()?,
        })
    }
}

fn place(fields: &Fields<'_>) -> Result<Place, Rejection> {
    let position = position(fields)?;
    Ok(Place { lat: position.lat(), lng: position.lng(), address: fields.text("address", ADDRESS_MAX)? })
}

/// The dropoff, nested or flat.
pub(super) fn dropoff_if_given(fields: &Fields<'_>) -> Result<Option<Place>, Rejection> {
    let nested = fields
        .object("dropoff")?
        .map(|(dropoff, _)| place(&dropoff).map_err(under("dropoff")))
        .transpose()?;
    match (nested, flat_dropoff(fields)?) {
        (Some(nested), Some(flat)) if nested.position() != flat.position() => {
            Err(Rejection::invalid("dropoff", "dropoff is given twice, with different values"))
        }
        (nested, flat) => Ok(nested.or(flat)),
    }
}

fn flat_dropoff(fields: &Fields<'_>) -> Result<Option<Place>, Rejection> {
    if !fields.has("dropoff_lat") && !fields.has("dropoff_lng") {
        return Ok(None);
    }
    let lat =
        fields.number_within("dropoff_lat", -90.0..=90.0)?.ok_or_else(|| fields.missing("dropoff_lat"))?;
    let lng =
        fields.number_within("dropoff_lng", -180.0..=180.0)?.ok_or_else(|| fields.missing("dropoff_lng"))?;
    let position = Position::from_degrees(lat, lng).ok_or_else(|| fields.missing("dropoff_lat"))?;
    Ok(Some(Place { lat: position.lat(), lng: position.lng(), address: None }))
}

/// E.164: a plus sign, then 7 to 15 digits, the first not zero.
pub(super) fn phone(fields: &Fields<'_>) -> Result<Option<String>, Rejection> {
    let Some(phone) = fields.text("phone", 16)? else { return Ok(None) };
    let digits = phone.strip_prefix('+').unwrap_or_default();
    let valid = (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    if valid {
        Ok(Some(phone))
    } else {
        Err(Rejection::invalid("phone", "phone must be E.164, as +233201234567"))
    }
}

pub(super) fn window(fields: &Fields<'_>) -> Result<Option<Window>, Rejection> {
    fields.object("window")?.map(|(window, _)| span(&window).map_err(under("window"))).transpose()
}

fn span(fields: &Fields<'_>) -> Result<Window, Rejection> {
    let window = Window { from: fields.time("from")?, to: fields.time("to")? };
    match window {
        Window { from: Some(from), to: Some(to) } if to < from => {
            Err(Rejection::invalid("to", "to must not be before from"))
        }
        _ => Ok(window),
    }
}

pub(super) fn route(fields: &Fields<'_>) -> Result<Option<String>, Rejection> {
    let Some(route) = fields.get("route")? else { return Ok(None) };
    let refuse = |detail: &str| Err(Rejection::invalid("route", detail));
    let Some(route) = route.as_str() else { return refuse("route must be an encoded polyline") };
    if route.len() > ROUTE_MAX {
        return refuse("route must have at most 65536 bytes");
    }
    // The decoder would take other characters too, and a last number that is cut off.
    let is_whole = route.bytes().all(|b| POLYLINE.contains(&b))
        && route.bytes().last().is_none_or(|b| b < POLYLINE_MORE);
    match polyline::decode_polyline(route, 5) {
        _ if !is_whole => refuse("route must be an encoded polyline of precision 5"),
        Ok(line) if line.0.len() >= 2 => Ok(Some(route.to_owned())),
        Ok(_) => refuse("route must have at least two points"),
        Err(_) => refuse("route must be an encoded polyline of precision 5"),
    }
}

/// What an encoded polyline is written in, and from where on a character says that its number goes on.
const POLYLINE: std::ops::RangeInclusive<u8> = b'?'..=b'~';
const POLYLINE_MORE: u8 = b'_';

fn metadata(fields: &Fields<'_>) -> Result<Option<Map<String, Value>>, Rejection> {
    let Some((_, value)) = fields.object("metadata")? else { return Ok(None) };
    if value.to_string().len() > METADATA_MAX {
        return Err(Rejection::invalid("metadata", "metadata must have at most 4096 bytes of JSON"));
    }
    if levels(value) > METADATA_LEVELS_MAX {
        return Err(Rejection::invalid("metadata", "metadata must have at most 32 levels"));
    }
    Ok(value.as_object().cloned())
}

/// How deep a value goes: 1 for an object or an array that holds no other.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or_default(),
        _ => 0,
    }
}

fn clock_of(fields: &Fields<'_>) -> Result<ClockRequest, Rejection> {
    Ok(ClockRequest {
        origin: fields.time("origin")?.ok_or_else(|| fields.missing("origin"))?,
        rate: fields.number_within("rate", RATES)?.ok_or_else(|| fields.missing("rate"))?,
    })
}

/// One of a few words, without regard to case.
pub(super) fn choice<T: Copy>(
    fields: &Fields<'_>,
    field: &'static str,
    all: &[(T, &str)],
) -> Result<Option<T>, Rejection> {
    let Some(value) = fields.get(field)? else { return Ok(None) };
    let word = value.as_str().unwrap_or_default();
    all.iter().find(|(_, name)| name.eq_ignore_ascii_case(word)).map(|(choice, _)| Some(*choice)).ok_or_else(
        || {
            let names: Vec<_> = all.iter().map(|(_, name)| *name).collect();
            Rejection::invalid(field, format!("{field} must be one of {}", names.join(", ")))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_bad_start_names_its_field() {
        let good = json!({"order_id": "O-1", "dropoff": {"lat": 5, "lng": 1}});
        assert!(StartRequest::parse(&good).is_ok());
        let cases = [
            (json!({"order_id": null}), "order_id"),
            (json!({"order_id": ""}), "order_id"),
            (json!({"order_id": 5}), "order_id"),
            (json!({"order_id": "x".repeat(129)}), "order_id"),
            (json!({"order_id": "a\u{0}b"}), "order_id"),
            (json!({"dropoff": null}), "dropoff"),
            (json!({"dropoff": [5, 1]}), "dropoff"),
            (json!({"dropoff": {"lat": 91, "lng": 0}}), "dropoff.lat"),
            (json!({"dropoff": {"lat": 9}}), "dropoff.lng"),
            (json!({"dropoff": null, "dropoff_lat": 5}), "dropoff_lng"),
            (json!({"dropoff": null, "dropoff_lat": "5", "dropoff_lng": 1}), "dropoff_lat"),
            (json!({"pickup": {"lat": 5, "lng": 200}}), "pickup.lng"),
            (json!({"driver_id": "a", "rider_id": "b"}), "driver_id"),
            (json!({"phone": "0201234567"}), "phone"),
            (json!({"phone": "+0201234567"}), "phone"),
            (json!({"phone": "+1 555 0100"}), "phone"),
            (json!({"mode": "rocket"}), "mode"),
            (json!({"mode": 3}), "mode"),
            (json!({"window": {"from": 20, "to": 10}}), "window.to"),
            (json!({"window": {"from": "noon"}}), "window.from"),
            (json!({"route": "\u{7}"}), "route"),
            (json!({"route": ""}), "route"),
            (json!({"route": "_p~iF~ps|U_ulLnnq_"}), "route"),
            (json!({"route": "_p~iF~ps|U\u{e9}_ulLnnqC"}), "route"),
            (json!({"route": "x".repeat(65_537)}), "route"),
            (json!({"visibility": "secret"}), "visibility"),
            (json!({"visibility_rules": "never"}), "visibility_rules"),
            (json!({"visibility_rules": {"locations": "never"}}), "visibility_rules"),
            (json!({"visibility_rules": {"location": "sometimes"}}), "visibility_rules"),
            (json!({"metadata": []}), "metadata"),
            (json!({"metadata": {"a": "x".repeat(4096)}}), "metadata"),
            (json!({"metadata": nested(33)}), "metadata"),
            (json!({"clock": {"origin": 5}}), "clock.rate"),
            (json!({"clock": {"origin": 5, "rate": 0}}), "clock.rate"),
        ];
        for (change, field) in cases {
            let mut body = good.clone();
            for (key, value) in change.as_object().unwrap() {
                body[key] = value.clone();
            }
            match StartRequest::parse(&body) {
                Err(Rejection::Invalid { field: at, .. }) => assert_eq!(at, field, "{change}"),
                other => panic!("{change} gave {other:?}"),
            }
        }
    }

    /// Objects in objects, so many levels.
    fn nested(levels: usize) -> Value {
        (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }))
    }

    #[test]
    fn the_limits_themselves_are_valid() {
        let mut body = json!({"order_id": "O-1", "dropoff": {"lat": 5, "lng": 1}});
        body["metadata"] = nested(32);
        body["instructions"] = "ä".repeat(INSTRUCTIONS_MAX).into();
        body["customer_id"] = "ä".repeat(ID_MAX).into();
        body["phone"] = "+123456789012345".into();
        body["route"] = "_p~iF~ps|U_ulLnnqC".into();
        assert!(StartRequest::parse(&body).is_ok());
        body["metadata"] = json!({"a": "x".repeat(METADATA_MAX - 8)});
        assert!(StartRequest::parse(&body).is_ok());
        assert!(idempotency_key("k".repeat(IDEMPOTENCY_KEY_MAX)).is_ok());
        for key in [String::new(), "k".repeat(IDEMPOTENCY_KEY_MAX + 1), "a b".into(), "\u{e9}".into()] {
            assert!(idempotency_key(key).is_err());
        }
    }

    #[test]
    fn a_dropoff_may_be_flat() {
        let flat = json!({"order_id": "O-1", "dropoff_lat": 5.5, "dropoff_lng": -0.25});
        let place = StartRequest::parse(&flat).unwrap().dropoff;
        assert_eq!((place.lat, place.lng), (5.5, -0.25));
    }
}
