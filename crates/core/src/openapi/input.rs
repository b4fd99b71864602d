//! What may be sent, as JSON Schema, with the parser's own bounds. The types of `wire` say what we write;
//! the parser takes more: other names, null for absent, times in three forms.

use serde_json::{Value, json};

use crate::clock::{LATEST, RATES};
use crate::fix::{ACCURACY_MAX, ADDRESS_MAX, ALTITUDE, SPEED_MAX};
use crate::geofence::{RADIUS_MAX, SPAN_MAX};
use crate::status::Status;
use crate::visibility::rules::{Element, WITHIN_M_MAX, WITHIN_S_MAX, WITHIN_STOPS_MAX};
use crate::wire::batch::BATCH_MAX;
use crate::wire::frames::FRAME_MAX;
use crate::wire::handover::CODE_MAX;
use crate::wire::input::ALIASES;
use crate::wire::report::{FRAME_FIXES_MAX, MESSAGE_ID_MAX, NOTE_MAX, REQUEST_FIXES_MAX};
use crate::wire::start::{
    ID_MAX, INSTRUCTIONS_MAX, METADATA_LEVELS_MAX, METADATA_MAX, Mode, ROUTE_MAX, Visibility,
};

/// No control characters but line breaks and tabs.
pub const TEXT: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
/// The same on one line, without white space at the ends.
pub const IDENTIFIER: &str =
    r"^[^\s\u0000-\u001f\u007f-\u009f]([^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f])?$";
const PHONE: &str = r"^\+[1-9][0-9]{6,14}$";
/// Two points or more, each two numbers, each of groups of five bits of which the last ends the number.
const POLYLINE: &str = r"^(([_-~]*[?-^]){2}){2,}$";
const NOT_BLANK: &str = r"[^\s]";

/// The schemas, by their names in the document.
pub fn schemas() -> [(&'static str, Value); 11] {
    [
        ("Timestamp", time()),
        ("PlaceReport", place()),
        ("FixReport", fix()),
        ("StartRequest", start()),
        ("UpdateRequest", update(REQUEST_FIXES_MAX)),
        ("StatusReport", status_report()),
        ("BatchRequest", batch()),
        ("AssignRequest", assign()),
        ("ReasonReport", reason_report()),
        ("Empty", json!({"type": "object", "description": "Nothing is read of it."})),
        ("ClientFrame", client_frame()),
    ]
}

pub fn start() -> Value {
    let names = |all: Vec<&str>| json!({"type": ["string", "null"], "enum": all.into_iter().map(Value::from).chain([Value::Null]).collect::<Vec<_>>()});
    let mut schema = json!({
        "type": "object",
        "description": "What a delivery is told to be. The dropoff is nested or flat; where both are given they are one place.",
        "properties": {
            "order_id": described(json!({"type": "string", "minLength": 1, "maxLength": ID_MAX, "pattern": IDENTIFIER}), "The operator's own name for the order."),
            "dropoff": described(or_null(reference("PlaceReport")), "Where it goes."),
            "dropoff_lat": described(number(-90.0, 90.0), "Degrees, WGS84."),
            "dropoff_lng": described(number(-180.0, 180.0), "Degrees, WGS84."),
            "driver_id": identifier(),
            "customer_id": identifier(),
            "store_id": identifier(),
            "pickup": or_null(reference("PlaceReport")),
            "phone": described(json!({"type": ["string", "null"], "pattern": PHONE}), "E.164."),
            "mode": described(names(Mode::ALL.iter().map(|(_, name)| *name).collect()), "How the driver moves, `car` unless said. Matches without regard to case."),
            "window": {
                "type": ["object", "null"],
                "description": "When the delivery is promised; `to` is not before `from`.",
                "properties": {"from": time_or_null(), "to": time_or_null()},
            },
            "route": described(json!({"type": ["string", "null"], "format": "polyline", "minLength": 4, "maxLength": ROUTE_MAX, "pattern": POLYLINE}), "An encoded polyline (precision 5) of at least two points."),
            "instructions": described(text(INSTRUCTIONS_MAX), "For the driver."),
            "handover_code": described(json!({"type": ["string", "null"], "minLength": 1, "maxLength": CODE_MAX, "pattern": IDENTIFIER}), "What the recipient says to the driver at the door: a proof by code has to be this one. The customer reads it, the driver does not."),
            "visibility": described(names(Visibility::ALL.iter().map(|(_, name)| *name).collect()), "Who may follow it without a token: who has the id, or nobody. Matches without regard to case."),
            "visibility_rules": visibility_rules(),
            "geofences": geofences(),
            "metadata": {"type": ["object", "null"], "description": format!("At most {METADATA_MAX} bytes of JSON and {METADATA_LEVELS_MAX} levels.")},
            "clock": {
                "type": ["object", "null"],
                "description": "A simulated clock for recorded trips; only where `ALLOW_SIM_CLOCK=1`.",
                "required": ["origin", "rate"],
                "properties": {
                    "origin": described(reference("Timestamp"), "The delivery's time when it starts."),
                    "rate": {"type": "number", "minimum": RATES.start(), "maximum": RATES.end(), "description": "Simulated seconds per second."},
                },
            },
        },
        "required": ["order_id"],
    });
    with_aliases(&mut schema);
    let flat = all_of([given("dropoff_lat", "number"), given("dropoff_lng", "number")]);
    schema["anyOf"] = json!([given("dropoff", "object"), flat]);
    schema
}

fn visibility_rules() -> Value {
    let whole = |most: f64| json!({"type": ["integer", "null"], "minimum": 0, "maximum": most});
    let at_least_one = ["within_stops", "within_m", "within_s", "active"].map(present);
    let conditions = json!({
        "type": "object",
        "description": "All of them must hold.",
        "properties": {
            "within_stops": described(whole(WITHIN_STOPS_MAX), "At most so many stops come before."),
            "within_m": described(number(0.0, WITHIN_M_MAX), "The driver is so near to the dropoff, in metres."),
            "within_s": described(number(0.0, WITHIN_S_MAX), "The ETA is so near, in seconds."),
            "active": {"enum": [true, null], "description": "From `PICKED_UP` until the end."},
        },
        "additionalProperties": false,
        "anyOf": at_least_one,
    });
    let rule = or_null(json!({"anyOf": [{"type": "string", "enum": ["always", "never"]}, conditions]}));
    let rules: serde_json::Map<_, _> =
        Element::ALL.iter().map(|(_, name)| ((*name).to_owned(), rule.clone())).collect();
    json!({
        "type": ["object", "null"],
        "description": "When the public, who has a link, and the customer see what. What is not named is as the deployment says; what is not known is refused, since ignoring it would show more than was asked for.",
        "properties": rules,
        "additionalProperties": false,
    })
}

fn geofences() -> Value {
    let metres = |said: &str| described(number(1.0, RADIUS_MAX), said);
    let seconds = |said: &str| described(number(0.0, SPAN_MAX), said);
    json!({
        "type": ["object", "null"],
        "description": "How near is near: what is not named is as the deployment says.",
        "properties": {
            "approaching_m": metres("The driver comes: within so many metres, 500 unless said,"),
            "approaching_s": seconds("or so many seconds by the ETA, 180 unless said."),
            "arrived_m": metres("The driver is there: within so many metres, 50 unless said,"),
            "arrived_s": seconds("for so many seconds, 10 unless said."),
            "departed_m": metres("The driver has left the pickup: so many metres, 100 unless said."),
            "departed_is_in_transit": {"type": ["boolean", "null"], "description": "Leaving the pickup with the goods sets `IN_TRANSIT`."},
        },
    })
}

fn place() -> Value {
    let mut schema = json!({
        "type": "object",
        "description": "A place to pick up or drop off.",
        "properties": position(text(ADDRESS_MAX)),
    });
    with_aliases(&mut schema);
    schema["allOf"] = json!([given("lat", "number"), given("lng", "number")]);
    schema
}

fn fix() -> Value {
    let mut schema = json!({"type": "object", "description": "A fix.", "properties": fix_properties()});
    with_aliases(&mut schema);
    schema["allOf"] = json!([given("lat", "number"), given("lng", "number")]);
    schema
}

/// A message with positions, a status or both, with at most `fixes_max` fixes.
fn update(fixes_max: usize) -> Value {
    let mut schema = json!({
        "type": "object",
        "description": "A fix flat, one under `location` or many under `locations`, each at most once; with a status, or a status alone. A `FAILED` anywhere in it needs the `reason`, and two statuses must be one.",
        "properties": fix_properties(),
    });
    let properties = [
        ("location", or_null(reference("FixReport"))),
        (
            "locations",
            json!({
                "type": ["array", "null"],
                "description": "Those that are no valid fix are counted in `rejected`, as long as one is. The last status among them counts.",
                "minItems": 1,
                "maxItems": fixes_max,
                "items": {"properties": {"status": status(true)}},
                "contains": reference("FixReport"),
            }),
        ),
        (
            "at",
            described(
                time_or_null(),
                "When the status was reached; later than now, or before the previous status, is clamped.",
            ),
        ),
        ("note", text(NOTE_MAX)),
        ("reason", described(text(NOTE_MAX), "Required for `FAILED`.")),
        ("id", report_id()),
        (
            "sent_at",
            described(
                time_or_null(),
                "The device's clock when it sent this: times are then corrected by received − sent_at.",
            ),
        ),
    ];
    for (name, property) in properties {
        schema["properties"][name] = property;
    }
    with_aliases(&mut schema);
    let flat =
        all_of([given("lat", "number"), given("lng", "number"), absent("location"), absent("locations")]);
    let nested = all_of([given("location", "object"), absent("lat"), absent("lng"), absent("locations")]);
    let many = all_of([given("locations", "array"), absent("lat"), absent("lng"), absent("location")]);
    let alone = all_of([
        given("status", "string"),
        absent("lat"),
        absent("lng"),
        absent("location"),
        absent("locations"),
    ]);
    schema["anyOf"] = json!([flat, nested, many, alone]);
    schema["allOf"] = json!([failed_with_reason()]);
    schema
}

fn status_report() -> Value {
    json!({
        "type": "object",
        "description": "A status as a client asks for it.",
        "required": ["status"],
        "properties": {
            "status": status(false),
            "at": described(time_or_null(), "When it was reached; later than now, or before the previous status, is clamped."),
            "note": text(NOTE_MAX),
            "reason": described(text(NOTE_MAX), "Required for `FAILED`."),
            "id": report_id(),
        },
        "allOf": [failed_with_reason()],
    })
}

fn batch() -> Value {
    json!({
        "type": "object",
        "description": "Statuses of deliveries, each judged alone.",
        "required": ["updates"],
        "properties": {"updates": {
            "type": "array",
            "description": "Each a `tracking_id` and a `StatusReport`; one that is wrong is told in its result.",
            "minItems": 1,
            "maxItems": BATCH_MAX,
            "items": {},
        }},
    })
}

fn assign() -> Value {
    let mut schema = json!({
        "type": "object",
        "description": "Who is to drive.",
        "properties": {"driver_id": identifier()},
    });
    with_aliases(&mut schema);
    schema["allOf"] = json!([given("driver_id", "string")]);
    schema
}

fn reason_report() -> Value {
    json!({
        "type": "object",
        "description": "Why, where that is said.",
        "properties": {"reason": described(text(NOTE_MAX), "For the store, dispatchers and admins.")},
    })
}

pub fn message_id() -> Value {
    json!({"anyOf": [{"type": "string", "maxLength": MESSAGE_ID_MAX}, {"type": "integer", "minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64}, {"type": "null"}]})
}

fn report_id() -> Value {
    described(message_id(), "Names the report of a status: sent again, it changes nothing.")
}

fn client_frame() -> Value {
    let id = described(message_id(), "Echoed in the acknowledgement.");
    let frame = |kind: &str, more: Value| {
        let mut schema = json!({"type": "object", "required": ["type"], "properties": {"type": {"type": "string", "const": kind}}});
        if let (Some(properties), Value::Object(more)) = (schema["properties"].as_object_mut(), more) {
            properties.extend(more);
        }
        schema
    };
    let mut renewal = frame(
        "auth",
        json!({"token": {"type": "string", "description": "A JWT of the same subject and role."}}),
    );
    renewal["required"] = json!(["type", "token"]);
    json!({
        "description": format!("What a client sends: one JSON object a text frame, of at most {FRAME_MAX} bytes."),
        "oneOf": [
            frame("ping", json!({})),
            described(frame("get", json!({})), "Asks for `initial_state`."),
            described(renewal, "Renews the token of this socket."),
            described(frame("ack", json!({"seq": {"type": "integer"}})), "Answers a frame that carried `\"ack\":true`."),
            described(all_of([frame("location_update", json!({"id": id.clone()})), update(FRAME_FIXES_MAX)]), "From the driver."),
            described(all_of([frame("status_update", json!({"id": id.clone()})), reference("StatusReport")]), "From those who may."),
            described(frame("accept", json!({"id": id.clone()})), "From the driver."),
            described(frame("decline", json!({"id": id, "reason": text(NOTE_MAX)})), "From the driver."),
        ],
    })
}

fn position(address: Value) -> Value {
    json!({
        "lat": described(number(-90.0, 90.0), "Degrees, WGS84."),
        "lng": described(number(-180.0, 180.0), "Degrees, WGS84."),
        "address": address,
    })
}

fn fix_properties() -> Value {
    let mut properties = position(text(ADDRESS_MAX));
    for (name, schema) in [
        ("timestamp", described(time_or_null(), "The time received where it is left out.")),
        ("accuracy", described(number(0.0, ACCURACY_MAX), "Radius in metres.")),
        ("speed", described(number(0.0, SPEED_MAX), "Metres per second.")),
        ("heading", described(number(0.0, 360.0), "Degrees clockwise from north.")),
        ("altitude", described(number(*ALTITUDE.start(), *ALTITUDE.end()), "Metres.")),
        ("battery", described(number(0.0, 100.0), "Per cent.")),
        ("status", described(status(true), "A status reached at this fix.")),
    ] {
        properties[name] = schema;
    }
    properties
}

fn status(or_null: bool) -> Value {
    let names =
        Status::ALL.iter().map(|status| Value::from(status.name())).chain([Value::from("OUT_FOR_DELIVERY")]);
    let description = "`OUT_FOR_DELIVERY` is `IN_TRANSIT`. Matches without regard to case.";
    match or_null {
        true => {
            json!({"type": ["string", "null"], "enum": names.chain([Value::Null]).collect::<Vec<_>>(), "description": description})
        }
        false => json!({"type": "string", "enum": names.collect::<Vec<_>>(), "description": description}),
    }
}

fn failed_with_reason() -> Value {
    json!({
        "if": {"required": ["status"], "properties": {"status": {"const": Status::Failed.name()}}},
        "then": {"required": ["reason"], "properties": {"reason": {"type": "string", "pattern": NOT_BLANK}}},
    })
}

pub fn time() -> Value {
    json!({
        "description": "Unix seconds, Unix milliseconds (numbers from 1e11 on) or ISO 8601, in UTC where it has no offset; from 1970 to 9999.",
        "anyOf": [{"type": "number", "minimum": 0, "maximum": LATEST}, {"type": "string", "format": "date-time"}],
    })
}

pub fn time_or_null() -> Value {
    or_null(reference("Timestamp"))
}

pub fn number(minimum: f64, maximum: f64) -> Value {
    json!({"type": ["number", "null"], "minimum": minimum, "maximum": maximum})
}

pub fn text(most: usize) -> Value {
    json!({"type": ["string", "null"], "maxLength": most, "pattern": TEXT})
}

fn identifier() -> Value {
    json!({"type": ["string", "null"], "minLength": 1, "maxLength": ID_MAX, "pattern": IDENTIFIER})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// That this field is there and not null.
pub fn present(name: &str) -> Value {
    json!({"required": [name], "properties": {name: {"not": {"type": "null"}}}})
}

fn or_null(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn all_of<const N: usize>(schemas: [Value; N]) -> Value {
    json!({"allOf": schemas.to_vec()})
}

pub fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

/// That a field is there, under any of its names.
fn given(field: &'static str, kind: &str) -> Value {
    let names = crate::wire::input::names_of(field);
    let one = |name: &str| json!({"required": [name], "properties": {name: {"type": kind}}});
    let mut each: Vec<_> = names.map(one).collect();
    if each.len() == 1 { each.remove(0) } else { json!({"anyOf": each}) }
}

/// That a field is null or not there, under all of its names.
fn absent(field: &'static str) -> Value {
    let names = crate::wire::input::names_of(field);
    json!({"properties": names.map(|name| (name.to_owned(), json!({"type": "null"}))).collect::<serde_json::Map<_, _>>()})
}

/// Adds the other names under which a property may come.
fn with_aliases(schema: &mut Value) {
    for (canonical, others) in ALIASES {
        let Some(property) = schema["properties"].get(canonical).cloned() else { continue };
        for alias in *others {
            schema["properties"][alias] =
                described(property.clone(), &format!("Another name of `{canonical}`."));
        }
    }
}
