//! Typed values out of JSON that Onway itself has written: rows, and what the parts of it say to each other.
//!
//! Reading a type costs code for each way in which it could be written. serde_json's own deserializer takes a
//! structure from an array too, looks for white space everywhere, and is compiled once more for each kind of
//! source: a tenth of the WebAssembly. Here a text becomes a [`Value`] first, and a structure is an object.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::{Serialize, forward_to_deserialize_any};
use serde_json::{Error, Map, Value};

use crate::wire::json;

/// Reads a value out of its text.
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    of(&json::parse(text).map_err(Error::custom)?)
}

/// Reads a value out of parsed JSON.
pub fn of<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    T::deserialize(Reader(value))
}

/// The parsed JSON of a value. By way of its text: the code that writes it is there anyway.
pub fn value(of: &impl Serialize) -> Result<Value, Error> {
    json::parse(&serde_json::to_vec(of)?).map_err(Error::custom)
}

struct Reader<'a>(&'a Value);

impl Reader<'_> {
    #[cold]
    #[inline(never)]
    fn unexpected(self, wanted: &str) -> Error {
        let found = match self.0 {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        Error::custom(format_args!("invalid type: {found}, expected {wanted}"))
    }
}

/// Methods that pass a value on to the visitor where it is of the one kind that the visitor takes.
macro_rules! kinds {
    ($($method:ident($kind:ident, $wanted:literal, $visit:ident, $made:expr))*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0 {
                Value::$kind(value) => visitor.$visit($made(value)),
                _ => Err(self.unexpected($wanted)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Error;

    kinds! {
        deserialize_bool(Bool, "a boolean", visit_bool, |value: &bool| *value)
        deserialize_str(String, "a text", visit_borrowed_str, String::as_str)
        deserialize_map(Object, "an object", visit_map, members)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(_) => self.deserialize_i64(visitor),
            Value::String(value) => visitor.visit_borrowed_str(value),
            Value::Array(_) => self.deserialize_seq(visitor),
            Value::Object(values) => visitor.visit_map(members(values)),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Number(number) = self.0 else { return Err(self.unexpected("a number")) };
        if let Some(number) = number.as_u64() {
            visitor.visit_u64(number)
        } else if let Some(number) = number.as_i64() {
            visitor.visit_i64(number)
        } else {
            visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let Value::Array(values) = self.0 else { return Err(self.unexpected("an array")) };
        let mut items = Items(values.iter());
        let made = visitor.visit_seq(&mut items)?;
        match items.0.next() {
            None => Ok(made),
            Some(_) => Err(self.unexpected("fewer items")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(Variant { name, value: None }),
            Value::Object(members) if members.len() == 1 => match members.iter().next() {
                Some((name, value)) => visitor.visit_enum(Variant { name, value: Some(value) }),
                None => Err(self.unexpected("a variant")),
            },
            _ => Err(self.unexpected("a variant")),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(members) => visitor.visit_seq(Fields { members, names: fields.iter() }),
            _ => Err(self.unexpected("an object")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 char bytes byte_buf unit unit_struct identifier }
}

struct Items<'a>(std::slice::Iter<'a, Value>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        self.0.next().map(|value| seed.deserialize(Reader(value))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Members<'a> {
    rest: serde_json::map::Iter<'a>,
    value: &'a Value,
}

fn members(values: &Map<String, Value>) -> Members<'_> {
    Members { rest: values.iter(), value: &Value::Null }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = value;
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(Reader(self.value))
    }
}

/// The members of a struct, in the order of its fields: code that takes them as they come has to know each by its name,
/// and which it has had. One that is missing is `None`, or has its default.
struct Fields<'a> {
    members: &'a Map<String, Value>,
    names: std::slice::Iter<'static, &'static str>,
}

impl<'de> SeqAccess<'de> for Fields<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let known = self.names.next().and_then(|name| self.members.get(*name));
        match seed.deserialize(Reader(known.unwrap_or(&Value::Null))) {
            Err(_) if known.is_none() => Ok(None),
            read => read.map(Some),
        }
    }
}

struct Variant<'a> {
    name: &'a str,
    value: Option<&'a Value>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Reader<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Reader<'de>), Error> {
        let variant = seed.deserialize(BorrowedStrDeserializer::new(self.name))?;
        Ok((variant, Reader(self.value.unwrap_or(&Value::Null))))
    }
}

impl<'de> VariantAccess<'de> for Reader<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.0 {
            Value::Null => Ok(()),
            _ => Err(self.unexpected("nothing")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::fmt::Debug;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Bare,
        One(i64),
        Two(u8, String),
        Named {
            at: f64,
            #[serde(default)]
            note: Option<String>,
        },
    }

    #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    enum Key {
        A,
        B,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Wrapped(u64);

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Whole {
        yes: bool,
        text: String,
        big: Wrapped,
        small: f32,
        pair: (i8, Option<f64>),
        three: [u16; 3],
        kinds: Vec<Kind>,
        counts: BTreeMap<Key, u32>,
        any: Map<String, Value>,
        #[serde(flatten)]
        more: More,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct More {
        letter: char,
        other: Option<Kind>,
    }

    fn kind() -> impl Strategy<Value = Kind> {
        prop_oneof![
            Just(Kind::Bare),
            any::<i64>().prop_map(Kind::One),
            any::<(u8, String)>().prop_map(|(number, text)| Kind::Two(number, text)),
            any::<(i32, Option<String>)>()
                .prop_map(|(at, note)| Kind::Named { at: f64::from(at) / 8.0, note }),
        ]
    }

    prop_compose! {
        fn whole()(
            (yes, text, big, small) in any::<(bool, String, u64, i16)>(),
            (pair, three, letter) in any::<((i8, Option<i32>), [u16; 3], char)>(),
            kinds in proptest::collection::vec(kind(), 0..4),
            counts in proptest::collection::btree_map(prop_oneof![Just(Key::A), Just(Key::B)], any::<u32>(), 0..3),
            other in proptest::option::of(kind()),
        ) -> Whole {
            Whole {
                yes, text, three, kinds, counts,
                big: Wrapped(big),
                small: f32::from(small) / 4.0,
                pair: (pair.0, pair.1.map(f64::from)),
                any: json!({"a": [1, null, {"b": -0.5}], "c": "d"}).as_object().cloned().unwrap_or_default(),
                more: More { letter, other },
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(whole in whole()) {
            let text = serde_json::to_vec(&whole).unwrap();
            prop_assert_eq!(&read::<Whole>(&text).unwrap(), &whole);
            prop_assert_eq!(value(&whole).unwrap(), serde_json::to_value(&whole).unwrap());
        }
    }

    fn refused<T: DeserializeOwned + Debug>(value: Value) {
        let read = of::<T>(&value);
        assert!(read.is_err(), "{value} gave {read:?}");
    }

    #[test]
    fn what_is_something_else_is_refused() {
        refused::<More>(json!({"other": null}));
        refused::<More>(json!(["a", null]));
        refused::<bool>(json!(1));
        refused::<u8>(json!(256));
        refused::<u8>(json!(-1));
        refused::<i64>(json!(0.5));
        refused::<i64>(json!("1"));
        refused::<String>(json!(null));
        refused::<[u16; 3]>(json!([1, 2]));
        refused::<[u16; 3]>(json!([1, 2, 3, 4]));
        refused::<Vec<u16>>(json!({}));
        refused::<Kind>(json!("other"));
        refused::<Kind>(json!({"bare": 1}));
        refused::<Kind>(json!({"one": 1, "two": [1, "a"]}));
        refused::<Kind>(json!({}));
        refused::<Kind>(json!("named"));
        assert!(read::<Wrapped>(b"1 1").is_err());
    }

    #[test]
    fn what_is_not_known_yet_is_passed_over() {
        let later = json!({"letter": "x", "other": "bare", "since": {"a": [1]}});
        assert_eq!(of::<More>(&later).unwrap(), More { letter: 'x', other: Some(Kind::Bare) });
    }
}
