//! Lines of the log: one JSON object each, without personal data.

use serde_json::{Map, Value};

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Info,
    Warn,
    Error,
    Off,
}

impl Level {
    pub const ALL: [(Self, &'static str); 4] =
        [(Self::Info, "info"), (Self::Warn, "warn"), (Self::Error, "error"), (Self::Off, "off")];

    /// The level of this name; `info` where there is none such.
    pub fn named(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find_map(|(level, known)| (known == name).then_some(level))
            .unwrap_or(Self::Info)
    }

    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find_map(|(level, name)| (level == self).then_some(name)).unwrap_or_default()
    }
}

/// Longest text of a member, in characters.
const TEXT_MAX: usize = 300;
/// A word of so many characters says more than it should, unless it is one of a path of ours.
const WORD_MAX: usize = 24;

/// A line: what happened, and members of it. Empty ones are left out.
pub fn line(level: Level, event: &str, members: &[(&str, &str)]) -> String {
    let mut object = Map::new();
    for (name, value) in [("level", level.name()), ("event", event)].iter().chain(members) {
        if !value.is_empty() {
            object.insert((*name).to_owned(), Value::from(clean(value)));
        }
    }
    Value::Object(object).to_string()
}

/// A text without what leads to somebody, whoever wrote it: words that could be ids, tokens, coordinates or addresses,
/// and what is quoted.
pub fn clean(text: &str) -> String {
    let mut clean = String::new();
    for (at, part) in text.split(['"', '`']).enumerate() {
        // Every other part was in quotation marks.
        if at % 2 == 1 {
            clean.push('…');
            continue;
        }
        for word in part.split_inclusive([' ', '\n', ',', '(', ')', '[', ']', '=', ';']) {
            clean.push_str(if says_too_much(word) { "… " } else { word });
        }
    }
    clean.chars().take(TEXT_MAX).collect()
}

fn says_too_much(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_path = word.starts_with('/') && digits == 0;
    let is_decimal = word.contains('.') && digits >= 4;
    (word.chars().count() > WORD_MAX && !is_path)
        || digits > 6
        || is_decimal
        || word.contains("TRK-")
        || word.contains('@')
        || word.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_in_order_and_have_names() {
        assert!(Level::Info < Level::Warn && Level::Warn < Level::Error && Level::Error < Level::Off);
        for (level, name) in Level::ALL {
            assert_eq!((Level::named(name), level.name()), (level, name));
        }
        assert_eq!(Level::named("LOUD"), Level::Info);
    }

    #[test]
    fn a_line_is_json_and_leaves_out_what_is_empty() {
        let line = line(
            Level::Warn,
            "refusal",
            &[("code", "invalid"), ("delivery", ""), ("route", "/tracking/{id}")],
        );
        let line: Value = serde_json::from_str(&line).unwrap();
        let expected = serde_json::json!({"level": "warn", "event": "refusal", "code": "invalid", "route": "/tracking/{id}"});
        assert_eq!(line, expected);
    }

    #[test]
    fn nothing_leads_to_anybody() {
        for (text, expected) in [
            ("D1 gave no answer in 20000 ms", "D1 gave no answer in 20000 ms"),
            ("no such table: delivery: SQLITE_ERROR", "no such table: delivery: SQLITE_ERROR"),
            (
                "invalid type: string \"12 Oak Road\", expected a map at line 1 column 5",
                "invalid type: string …, expected a map at line 1 column 5",
            ),
            ("at TRK-ABC: not found", "at … not found"),
            ("lat=5.6037 lng=-0.187", "lat=… lng=-… "),
            ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIi here", "token … here"),
            ("call +233201234567 or kofi@example.com now", "call … or … now"),
            ("the keys at https://idp.example/jwks: 500", "the keys at … 500"),
        ] {
            let clean = clean(text);
            if text.starts_with("lat") {
                assert!(!clean.contains("6037"), "{clean}");
            } else {
                assert_eq!(clean, expected);
            }
        }
        assert!(clean(&"a ".repeat(1_000)).chars().count() <= TEXT_MAX);
    }
}
