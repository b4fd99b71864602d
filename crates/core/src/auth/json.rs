//! JSON as a token may hold it: one object, and no member twice.
//!
//! RFC 7519, 4, lets a reader take the last of two members of one name, or refuse. Taking one is how two
//! readers come to see two different tokens, so both are refused, at any depth.

use serde_json::{Map, Value};

use crate::wire::json;

/// Reads one object. `None` for anything else, for text that is not UTF-8, and where a member comes twice.
pub fn object(text: &[u8]) -> Option<Map<String, Value>> {
    match json::parse(text) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_is_read_as_it_is_written() {
        let text = r#" {"a": [1, -2, 0.5, "ä", null, true], "b": {"a": {}}} "#;
        let expected = json!({"a": [1, -2, 0.5, "ä", null, true], "b": {"a": {}}});
        assert_eq!(object(text.as_bytes()).map(Value::Object), Some(expected));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        let nested = format!("{}1{}", r#"{"a":"#.repeat(5_000), "}".repeat(5_000));
        for text in [
            &br#"{"a":1,"a":1}"#[..],
            br#"{"a":1,"\u0061":2}"#,
            br#"{"a":{"b":1,"b":2}}"#,
            br#"{"a":[{"b":1,"b":2}]}"#,
            br#"{"a":1}{"a":2}"#,
            br#"{"a":1,}"#,
            br#"{"a":1e999}"#,
            br#"{"a":NaN}"#,
            br#"{"a":"\ud800"}"#,
            b"{\"a\":\"\xff\"}",
            b"\xef\xbb\xbf{}",
            b"[]",
            b"null",
            b"",
            nested.as_bytes(),
        ] {
            assert_eq!(object(text), None, "{}", String::from_utf8_lossy(text));
        }
    }
}
