//! Bytes to JSON, strictly: UTF-8 without a byte order mark, numbers within what a double holds, at most 128
//! levels, and no name twice in one object.
//!
//! Of two members of one name parsers keep the first, the last or both (RFC 8259, 4). What a proxy has
//! checked would then not be what we take: such a body is refused, with the name at fault.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::rejection::Rejection;

/// Longest part of a client's own name that an answer repeats, in characters.
const NAME_SHOWN_MAX: usize = 64;

/// Parses a body. Anything that is not JSON is 400, a name given twice 422.
pub fn parse(body: &[u8]) -> Result<Value, Rejection> {
    let twice = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = Strict { twice: &twice }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| match twice.take() {
        Some(Path(names)) => {
            let field = names.into_iter().rev().collect::<Vec<_>>().join(".");
            Rejection::invalid(&*field, format!("{field} is given twice"))
        }
        None => Rejection::NotJson(error.to_string()),
    })
}

/// Names from the one given twice up to the outermost, the latter last. Indices of arrays are left out, as
/// they are in every `field`.
struct Path(Vec<String>);

/// Reads any value, and says in `twice` which name came twice.
#[derive(Clone, Copy)]
struct Strict<'a> {
    twice: &'a RefCell<Option<Path>>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                *self.twice.borrow_mut() = Some(Path(vec![shown(&name)]));
                return Err(A::Error::custom("a name is given twice"));
            }
            let value = members.next_value_seed(self).inspect_err(|_| {
                if let Some(Path(names)) = self.twice.borrow_mut().as_mut() {
                    names.push(shown(&name));
                }
            })?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

fn shown(name: &str) -> String {
    name.chars().take(NAME_SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_is_not_json_is_told_from_what_is_wrong() {
        let bodies: [&[u8]; 15] = [
            b"",
            b" ",
            b"{",
            b"nope",
            b"\xff\xfe",
            b"\xef\xbb\xbf{}",
            b"{\"a\":NaN}",
            b"{\"a\":1e999}",
            b"{\"a\":-Infinity}",
            b"{\"a\":01}",
            b"{\"a\":1}x",
            b"{\"a\":\"\x00\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\xc3\x28\"}",
            b"{'a':1}",
        ];
        for body in bodies {
            assert!(matches!(parse(body), Err(Rejection::NotJson(_))), "{body:?}");
        }
        for nested in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
            assert!(matches!(parse(nested.as_bytes()), Err(Rejection::NotJson(_))));
        }
    }

    #[test]
    fn a_name_given_twice_is_named() {
        let cases = [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
            (r#"{"b":{"c":[{"a":null,"a":1}]}}"#, "b.c.a"),
            (r#"{"":1,"":2}"#, ""),
        ];
        for (body, at) in cases {
            match parse(body.as_bytes()) {
                Err(Rejection::Invalid { field, .. }) => assert_eq!(field, at, "{body}"),
                other => panic!("{body} gave {other:?}"),
            }
        }
        let long = "x".repeat(10_000);
        match parse(format!(r#"{{"{long}":1,"{long}":2}}"#).as_bytes()) {
            Err(Rejection::Invalid { field, .. }) => assert_eq!(field.len(), NAME_SHOWN_MAX),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_name_in_two_objects_is_two_names() {
        assert_eq!(parse(br#"[{"a":1},{"a":{"a":2}}]"#).unwrap(), json!([{"a": 1}, {"a": {"a": 2}}]));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..8)
                    .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_json_writes(value in any_json()) {
            let text = value.to_string();
            prop_assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
        }

        #[test]
        fn what_it_takes_serde_json_takes_too(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let ours = parse(&body);
            prop_assert_eq!(ours.is_ok(), serde_json::from_slice::<Value>(&body).is_ok());
        }
    }
}
