//! Reading what clients send: aliases, types and bounds, with the field at fault.
//!
//! A body is parsed into JSON first (400 where it is none), then read field by field (422 with `field`).
//! `null` counts as absent; unknown fields are ignored.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::clock::Millis;
use crate::rejection::Rejection;
pub use crate::wire::json::parse as json;

/// Largest body that is read, in bytes.
pub const BODY_MAX: usize = 1024 * 1024;

/// Canonical names and what else is accepted for them.
pub const ALIASES: &[(&str, &[&str])] = &[
    ("tracking_id", &["parcel_id", "shipment_id", "delivery_id"]),
    ("driver_id", &["rider_id", "delivery_person_id"]),
    ("lat", &["latitude"]),
    ("lng", &["lon", "longitude"]),
    ("dropoff_lng", &["dropoff_lon"]),
];

/// Names under which `canonical` may arrive, itself first.
pub fn names_of(canonical: &'static str) -> impl Iterator<Item = &'static str> {
    let others = ALIASES.iter().find(|(name, _)| *name == canonical).map_or(&[][..], |(_, others)| others);
    std::iter::once(canonical).chain(others.iter().copied())
}

/// The parameter of a query under any of its names; 422 where two differ.
pub fn parameter(
    canonical: &'static str,
    query: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, Rejection> {
    let mut found = None;
    for value in names_of(canonical).filter_map(query) {
        if found.as_ref().is_some_and(|earlier| *earlier != value) {
            return Err(differing(canonical));
        }
        found = Some(value);
    }
    Ok(found)
}

fn differing(field: &str) -> Rejection {
    Rejection::invalid(field, format!("{field} is given twice, with different values"))
}

/// The fields of one JSON object, read by their canonical names.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// `name` is what the error calls the value when it is no object.
    pub fn of(value: &'a Value, name: &str) -> Result<Self, Rejection> {
        value
            .as_object()
            .map(|map| Self { map })
            .ok_or_else(|| Rejection::invalid(name, format!("{name} must be an object")))
    }

    /// The value under any name of the field; 422 where two names differ.
    pub fn get(&self, field: &'static str) -> Result<Option<&'a Value>, Rejection> {
        let mut found = None;
        for value in names_of(field).filter_map(|name| self.map.get(name)).filter(|value| !value.is_null()) {
            match found {
                Some(earlier) if !same(earlier, value) => return Err(differing(field)),
                _ => found = Some(value),
            }
        }
        Ok(found)
    }

    pub fn has(&self, field: &'static str) -> bool {
        names_of(field).any(|name| self.map.get(name).is_some_and(|value| !value.is_null()))
    }

    /// Whether the field is there, and null.
    pub fn is_null(&self, field: &'static str) -> bool {
        names_of(field).any(|name| self.map.get(name).is_some_and(Value::is_null)) && !self.has(field)
    }

    pub fn missing(&self, field: &str) -> Rejection {
        Rejection::invalid(field, format!("{field} is required"))
    }

    pub fn number_within(
        &self,
        field: &'static str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, Rejection> {
        let Some(value) = self.get(field)? else { return Ok(None) };
        match value.as_f64() {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(Rejection::invalid(
                field,
                format!("{field} must be a number from {} to {}", range.start(), range.end()),
            )),
        }
    }

    pub fn time(&self, field: &'static str) -> Result<Option<Millis>, Rejection> {
        let Some(value) = self.get(field)? else { return Ok(None) };
        Millis::parse(value).map(Some).ok_or_else(|| {
            Rejection::invalid(field, format!("{field} must be Unix seconds, Unix milliseconds or ISO 8601"))
        })
    }

    /// A text of at most `max` characters, without control characters but line breaks and tabs.
    pub fn text(&self, field: &'static str, max: usize) -> Result<Option<String>, Rejection> {
        let Some(value) = self.get(field)? else { return Ok(None) };
        let refuse = |detail: String| Err(Rejection::invalid(field, detail));
        let Some(text) = value.as_str() else { return refuse(format!("{field} must be a string")) };
        if text.chars().count() > max {
            return refuse(format!("{field} must have at most {max} characters"));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return refuse(format!("{field} must not have control characters"));
        }
        Ok(Some(text.to_owned()))
    }

    /// An identifier from another system: 1 to `max` characters, none of them white space at the ends.
    pub fn identifier(&self, field: &'static str, max: usize) -> Result<Option<String>, Rejection> {
        let Some(text) = self.text(field, max)? else { return Ok(None) };
        if text.is_empty() || text.trim() != text || text.contains(['\n', '\r', '\t']) {
            return Err(Rejection::invalid(field, format!("{field} must be a plain, non-empty identifier")));
        }
        Ok(Some(text))
    }

    pub fn array(&self, field: &'static str) -> Result<Option<&'a Vec<Value>>, Rejection> {
        let Some(value) = self.get(field)? else { return Ok(None) };
        value
            .as_array()
            .map(Some)
            .ok_or_else(|| Rejection::invalid(field, format!("{field} must be an array")))
    }

    /// The object under `field`.
    pub fn object(&self, field: &'static str) -> Result<Option<(Self, &'a Value)>, Rejection> {
        let Some(value) = self.get(field)? else { return Ok(None) };
        Ok(Some((Self::of(value, field)?, value)))
    }
}

/// Whether two JSON values mean the same: 5 and 5.0 do.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

/// Puts the name of the object before the field at fault: `lat` of `dropoff` is `dropoff.lat`.
pub fn under(parent: &'static str) -> impl Fn(Rejection) -> Rejection {
    move |rejection| match rejection {
        Rejection::Invalid { field, detail } => Rejection::Invalid {
            detail: detail.replacen(&field, &format!("{parent}.{field}"), 1),
            field: format!("{parent}.{field}"),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn two_names_of_a_parameter_may_agree_and_may_not_differ() {
        let asked = |pairs: &[(&str, &str)]| {
            parameter("driver_id", |name| {
                pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(asked(&[("order_id", "d1")]), Ok(None));
        for names in [&["driver_id"][..], &["rider_id"], &["delivery_person_id"], &["driver_id", "rider_id"]]
        {
            let pairs: Vec<_> = names.iter().map(|name| (*name, "d1")).collect();
            assert_eq!(asked(&pairs), Ok(Some("d1".into())), "{names:?}");
        }
        let refused = asked(&[("driver_id", "d1"), ("rider_id", "d2")]);
        assert!(matches!(refused, Err(Rejection::Invalid { field, .. }) if field == "driver_id"));
    }

    #[test]
    fn two_names_of_a_field_may_agree_and_may_not_differ() {
        let same = json!({"driver_id": "a", "rider_id": "a"});
        assert_eq!(
            Fields::of(&same, "body").unwrap().identifier("driver_id", 9).unwrap().as_deref(),
            Some("a")
        );
        let written_otherwise = json!({"lat": 5, "latitude": 5.0});
        assert!(Fields::of(&written_otherwise, "body").unwrap().get("lat").is_ok());
        let differing = json!({"driver_id": "a", "rider_id": "b"});
        let refused = Fields::of(&differing, "body").unwrap().get("driver_id");
        assert!(matches!(refused, Err(Rejection::Invalid { field, .. }) if field == "driver_id"));
    }

    #[test]
    fn texts_are_bounded_and_plain() {
        let value = json!({"a": "x\u{0}y", "b": "äöü", "c": "  padded ", "d": ""});
        let fields = Fields::of(&value, "body").unwrap();
        assert!(fields.text("a", 10).is_err());
        assert_eq!(fields.text("b", 3).unwrap().as_deref(), Some("äöü"));
        assert!(fields.text("b", 2).is_err());
        assert!(fields.identifier("c", 20).is_err());
        assert!(fields.identifier("d", 20).is_err());
    }
}
