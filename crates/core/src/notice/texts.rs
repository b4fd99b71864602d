//! What people read of an event: templates in two languages, which a deployment may replace by its own.
//!
//! In a template `{operator}`, `{order}`, `{eta}` and `{link}` stand for values, and a part in `[…]` is left out where
//! one of its values is missing. What was inserted is not read again.

use serde_json::Value;

use super::Kind;
use crate::geofence::FencedPlace;

/// Longest value that is inserted, in characters; a link is inserted as it is.
const VALUE_MAX: usize = 40;
/// Longest template, in characters: more than two text messages hold.
const TEMPLATE_MAX: usize = 320;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    En,
    De,
}

impl Language {
    /// Of a BCP 47 tag, as `de-AT`. What is not known is English.
    pub fn from_tag(tag: &str) -> Self {
        match tag.split(['-', '_']).next() {
            Some(primary) if primary.eq_ignore_ascii_case("de") => Self::De,
            _ => Self::En,
        }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }
}

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    Customer,
    Driver,
}

/// What is inserted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Words<'a> {
    pub operator: &'a str,
    pub order_id: &'a str,
    /// The time as its reader's clock shows it, as `14:20`.
    pub eta: Option<&'a str>,
    /// Our own page; no other URL gets into a text.
    pub link: Option<&'a str>,
}

/// Plain text, without line breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub title: String,
    /// Says all without its title, too.
    pub body: String,
}

/// The texts of a deployment: where it has none of its own, ours.
#[derive(Clone, Debug, Default)]
pub struct Texts(Value);

impl Texts {
    /// Reads `{"de": {"delivery.approaching": {"title": "…", "body": "…"}}}`; of drivers' texts the name is
    /// `driver.delivery.assigned`. The error says what is wrong, and where.
    pub fn parse(given: Value) -> Result<Self, String> {
        let entries = |value: &Value, name: &str| -> Result<Vec<(String, Value)>, String> {
            let map = value.as_object().ok_or_else(|| format!("{name} must be an object"))?;
            Ok(map.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
        };
        for (tag, texts) in entries(&given, "it")? {
            if tag != Language::from_tag(&tag).tag() {
                return Err(format!("{tag} is no language it knows: en or de"));
            }
            for (event, text) in entries(&texts, &tag)? {
                let (audience, name) = match event.strip_prefix("driver.") {
                    Some(name) => (Audience::Driver, name),
                    None => (Audience::Customer, event.as_str()),
                };
                let kind = Kind::named(name).filter(|kind| ours(*kind, audience, Language::En).is_some());
                kind.ok_or_else(|| format!("{event} is nothing that people are told"))?;
                let place = format!("{tag}.{event}");
                let parts = entries(&text, &place)?;
                if parts.len() != 2 {
                    return Err(format!("{place} must have title and body, and nothing else"));
                }
                for (part, template) in parts {
                    let template = template.as_str().filter(|_| part == "title" || part == "body");
                    let template = template.ok_or_else(|| format!("{place}.{part} must be a text"))?;
                    check(template).map_err(|wrong| format!("{place}.{part}: {wrong}"))?;
                }
            }
        }
        Ok(Self(given))
    }

    /// What is said of an event; `None` where it is none that this audience is told.
    pub fn text(
        &self,
        kind: Kind,
        place: Option<FencedPlace>,
        audience: Audience,
        language: Language,
        words: &Words,
    ) -> Option<Text> {
        if place == Some(FencedPlace::Pickup) {
            return None;
        }
        let (title, body) = ours(kind, audience, language)?;
        let name = match audience {
            Audience::Customer => kind.name().to_owned(),
            Audience::Driver => format!("driver.{}", kind.name()),
        };
        let own = self.0.get(language.tag()).and_then(|texts| texts.get(&name));
        let of = |part: &str, usual: &str| {
            let template = own.and_then(|own| own.get(part)).and_then(Value::as_str).unwrap_or(usual);
            // It was checked when it was read.
            expand(template, words).unwrap_or_default()
        };
        Some(Text { title: of("title", title), body: of("body", body) })
    }
}

/// Our templates: title and body.
const fn ours(kind: Kind, audience: Audience, language: Language) -> Option<(&'static str, &'static str)> {
    use Audience::{Customer, Driver};
    use Language::{De, En};
    Some(match (audience, kind, language) {
        (Customer, Kind::Assigned, En) => {
            ("Driver assigned", "{operator}: order {order} has a driver.[ {link}]")
        }
        (Customer, Kind::Assigned, De) => {
            ("Fahrer zugeteilt", "{operator}: Bestellung {order} hat einen Fahrer.[ {link}]")
        }
        (Customer, Kind::PickedUp, En) => {
            ("Picked up", "{operator}: order {order} has been picked up[, expected at {eta}].[ {link}]")
        }
        (Customer, Kind::PickedUp, De) => {
            ("Abgeholt", "{operator}: Bestellung {order} ist abgeholt[, Ankunft gegen {eta}].[ {link}]")
        }
        (Customer, Kind::InTransit, En) => (
            "On the way",
            "{operator}: order {order} is on its way[, expected at {eta}].[ Follow it: {link}]",
        ),
        (Customer, Kind::InTransit, De) => (
            "Unterwegs",
            "{operator}: Bestellung {order} ist unterwegs[, Ankunft gegen {eta}].[ Verfolgen: {link}]",
        ),
        (Customer, Kind::Approaching, En) => {
            ("Almost there", "{operator}: order {order} is almost there[, expected at {eta}].[ {link}]")
        }
        (Customer, Kind::Approaching, De) => {
            ("Gleich da", "{operator}: Bestellung {order} ist gleich da[, Ankunft gegen {eta}].[ {link}]")
        }
        (Customer, Kind::Arrived, En) => {
            ("The driver is here", "{operator}: the driver with order {order} is here.")
        }
        (Customer, Kind::Arrived, De) => {
            ("Der Fahrer ist da", "{operator}: Der Fahrer mit Bestellung {order} ist da.")
        }
        (Customer, Kind::Delivered, En) => ("Delivered", "{operator}: order {order} has been delivered."),
        (Customer, Kind::Delivered, De) => ("Zugestellt", "{operator}: Bestellung {order} ist zugestellt."),
        (Customer, Kind::Failed, En) => {
            ("Not delivered", "{operator}: order {order} could not be delivered.[ {link}]")
        }
        (Customer, Kind::Failed, De) => {
            ("Nicht zugestellt", "{operator}: Bestellung {order} konnte nicht zugestellt werden.[ {link}]")
        }
        (Customer, Kind::Cancelled, En) => ("Cancelled", "{operator}: order {order} has been cancelled."),
        (Customer, Kind::Cancelled, De) => ("Storniert", "{operator}: Bestellung {order} ist storniert."),
        (Customer, Kind::Delayed, En) => {
            ("Delayed", "{operator}: order {order} is late[, now expected at {eta}].[ {link}]")
        }
        (Customer, Kind::Delayed, De) => (
            "Verspätet",
            "{operator}: Bestellung {order} verspätet sich[, Ankunft nun gegen {eta}].[ {link}]",
        ),
        (Customer, Kind::EtaChanged, En) => {
            ("New time", "{operator}: order {order} has a new time[: about {eta}].[ {link}]")
        }
        (Customer, Kind::EtaChanged, De) => {
            ("Neue Zeit", "{operator}: Bestellung {order} hat eine neue Zeit[: gegen {eta}].[ {link}]")
        }
        (Driver, Kind::Assigned, En) => ("New delivery", "{operator}: order {order} is yours."),
        (Driver, Kind::Assigned, De) => ("Neue Lieferung", "{operator}: Bestellung {order} gehört dir."),
        (Driver, Kind::Cancelled, En) => {
            ("Delivery cancelled", "{operator}: order {order} has been cancelled.")
        }
        (Driver, Kind::Cancelled, De) => {
            ("Lieferung storniert", "{operator}: Bestellung {order} ist storniert.")
        }
        (Driver, Kind::Declined, En) => {
            ("Delivery taken back", "{operator}: order {order} is not yours any more.")
        }
        (Driver, Kind::Declined, De) => {
            ("Lieferung zurückgenommen", "{operator}: Bestellung {order} ist nicht mehr deine.")
        }
        _ => return None,
    })
}

fn check(template: &str) -> Result<(), String> {
    if template.trim().is_empty() || template.chars().count() > TEMPLATE_MAX {
        return Err(format!("it must have 1 to {TEMPLATE_MAX} characters"));
    }
    if template.contains(is_hidden) {
        return Err("it must be one line without control characters".into());
    }
    if template.contains("://") {
        return Err("it must not have an address of its own: {link} is where the delivery's page goes".into());
    }
    let full = Words { operator: "x", order_id: "x", eta: Some("x"), link: Some("x") };
    expand(template, &full).map(drop)
}

/// Fills in a template, in one pass.
fn expand(template: &str, words: &Words) -> Result<String, String> {
    let mut text = String::new();
    // Where an optional part began, and whether all its values are there.
    let mut part: Option<(usize, bool)> = None;
    let mut rest = template.chars();
    while let Some(next) = rest.next() {
        match next {
            '{' => {
                let (name, after) = rest.as_str().split_once('}').ok_or("a { has no }")?;
                rest = after.chars();
                let value = match name {
                    "operator" => Some(clean(words.operator)),
                    "order" => Some(clean(words.order_id).replace(['.', '/', ':', '@'], "-")),
                    "eta" => words.eta.map(clean),
                    "link" => words.link.map(str::to_owned),
                    _ => {
                        return Err(format!(
                            "{{{name}}} is none of {{operator}}, {{order}}, {{eta}}, {{link}}"
                        ));
                    }
                };
                if part.is_none() && matches!(name, "eta" | "link") {
                    return Err(format!("{{{name}}} may be missing: put it into a part in [ ]"));
                }
                match (value, &mut part) {
                    (Some(value), _) => text.push_str(&value),
                    (None, Some((_, whole))) => *whole = false,
                    (None, None) => {}
                }
            }
            '[' if part.is_none() => part = Some((text.len(), true)),
            ']' => match part.take() {
                Some((_, true)) => {}
                Some((start, false)) => text.truncate(start),
                None => return Err("a ] has no [".into()),
            },
            '[' => return Err("a part in [ ] holds no other".into()),
            '}' => return Err("a } has no {".into()),
            _ => text.push(next),
        }
    }
    if part.is_some() {
        return Err("a [ has no ]".into());
    }
    Ok(text)
}

/// A value as it may stand in a text: one line, and not so long that it is all there is.
fn clean(value: &str) -> String {
    let shown = value.chars().filter(|c| !is_hidden(*c));
    shown.take(VALUE_MAX).collect::<String>().trim().to_owned()
}

/// What is not seen, or turns around what is.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const WORDS: Words = Words {
        operator: "Koala Pizza",
        order_id: "A-17",
        eta: Some("14:20"),
        link: Some("https://x.example/track/T"),
    };

    fn body(kind: Kind, language: Language, words: &Words) -> String {
        Texts::default().text(kind, None, Audience::Customer, language, words).unwrap().body
    }

    #[test]
    fn a_text_says_what_is_known() {
        let bare = Words { eta: None, link: None, ..WORDS };
        for (kind, language, words, expected) in [
            (
                Kind::InTransit,
                Language::En,
                WORDS,
                "Koala Pizza: order A-17 is on its way, expected at 14:20. Follow it: https://x.example/track/T",
            ),
            (Kind::InTransit, Language::En, bare, "Koala Pizza: order A-17 is on its way."),
            (
                Kind::Approaching,
                Language::De,
                WORDS,
                "Koala Pizza: Bestellung A-17 ist gleich da, Ankunft gegen 14:20. https://x.example/track/T",
            ),
            (Kind::Approaching, Language::De, bare, "Koala Pizza: Bestellung A-17 ist gleich da."),
            (Kind::Delivered, Language::De, WORDS, "Koala Pizza: Bestellung A-17 ist zugestellt."),
        ] {
            assert_eq!(body(kind, language, &words), expected);
        }
    }

    #[test]
    fn people_are_told_what_concerns_them_in_both_languages() {
        let told = |kind, place, audience, language| {
            Texts::default().text(kind, place, audience, language, &WORDS).is_some()
        };
        for kind in Kind::ALL {
            for audience in [Audience::Customer, Audience::Driver] {
                let [en, de] =
                    [Language::En, Language::De].map(|language| told(kind, None, audience, language));
                assert_eq!(en, de, "{kind:?} {audience:?}");
            }
            assert!(!told(kind, Some(FencedPlace::Pickup), Audience::Customer, Language::En));
        }
        assert!(told(Kind::Approaching, Some(FencedPlace::Dropoff), Audience::Customer, Language::En));
        assert!(told(Kind::Assigned, None, Audience::Driver, Language::En));
        assert!(!told(Kind::Emergency, None, Audience::Customer, Language::En));
    }

    #[test]
    fn a_language_is_the_first_part_of_its_tag() {
        for (tag, expected) in [
            ("de-AT", Language::De),
            ("DE", Language::De),
            ("en-GH", Language::En),
            ("den", Language::En),
            ("", Language::En),
        ] {
            assert_eq!(Language::from_tag(tag), expected, "{tag}");
        }
    }

    #[test]
    fn a_value_is_inserted_as_it_is_seen_and_never_read_again() {
        for (order_id, expected) in [
            ("{link}[x]", "Koala Pizza: order {link}[x] has been delivered."),
            ("a\r\nb\u{202e}c\u{0}", "Koala Pizza: order abc has been delivered."),
            ("http://evil.example/x", "Koala Pizza: order http---evil-example-x has been delivered."),
        ] {
            assert_eq!(body(Kind::Delivered, Language::En, &Words { order_id, ..WORDS }), expected);
        }
        let long = "x".repeat(500);
        assert!(body(Kind::Delivered, Language::En, &Words { order_id: &long, ..WORDS }).len() < 100);
    }

    #[test]
    fn a_deployment_has_its_own_texts() {
        let given = json!({"de": {
            "delivery.approaching": {"title": "Bald", "body": "{order} kommt[ um {eta}]"},
            "driver.delivery.assigned": {"title": "Neu", "body": "{order}"},
        }});
        let texts = Texts::parse(given).unwrap();
        let said = |kind, audience, language| texts.text(kind, None, audience, language, &WORDS).unwrap();
        let own = said(Kind::Approaching, Audience::Customer, Language::De);
        assert_eq!(own, Text { title: "Bald".into(), body: "A-17 kommt um 14:20".into() });
        assert_eq!(said(Kind::Assigned, Audience::Driver, Language::De).title, "Neu");
        assert_eq!(said(Kind::Assigned, Audience::Customer, Language::De).title, "Fahrer zugeteilt");
        assert_eq!(said(Kind::Approaching, Audience::Customer, Language::En).title, "Almost there");
    }

    #[test]
    fn texts_that_cannot_be_used_are_refused_with_the_place() {
        let one = |body: &str| json!({"en": {"delivery.delivered": {"title": "x", "body": body}}});
        for (given, expected) in [
            (json!([]), "it must be an object"),
            (json!({"fr": {}}), "fr is no language it knows: en or de"),
            (json!({"en": {"delivery.lost": {}}}), "delivery.lost is nothing that people are told"),
            (json!({"en": {"emergency": {}}}), "emergency is nothing that people are told"),
            (
                json!({"en": {"delivery.delivered": {"title": "x"}}}),
                "en.delivery.delivered must have title and body, and nothing else",
            ),
            (
                json!({"en": {"delivery.delivered": {"title": "x", "body": 1}}}),
                "en.delivery.delivered.body must be a text",
            ),
            (
                json!({"en": {"delivery.delivered": {"title": "x", "text": "x"}}}),
                "en.delivery.delivered.text must be a text",
            ),
            (
                one("{name}"),
                "en.delivery.delivered.body: {name} is none of {operator}, {order}, {eta}, {link}",
            ),
            (one("{order"), "en.delivery.delivered.body: a { has no }"),
            (one("order}"), "en.delivery.delivered.body: a } has no {"),
            (one("[x"), "en.delivery.delivered.body: a [ has no ]"),
            (one("x]"), "en.delivery.delivered.body: a ] has no ["),
            (one("[[x]]"), "en.delivery.delivered.body: a part in [ ] holds no other"),
            (one("at {eta}"), "en.delivery.delivered.body: {eta} may be missing: put it into a part in [ ]"),
            (one(" "), "en.delivery.delivered.body: it must have 1 to 320 characters"),
            (one("a\nb"), "en.delivery.delivered.body: it must be one line without control characters"),
            (
                one("https://a.example"),
                "en.delivery.delivered.body: it must not have an address of its own: {link} is where the delivery's page goes",
            ),
        ] {
            assert_eq!(Texts::parse(given).unwrap_err(), expected);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_inserted_a_text_is_one_line(operator in ".*", order_id in ".*", eta in ".*") {
            let words = Words { operator: &operator, order_id: &order_id, eta: Some(&eta), link: None };
            let body = body(Kind::InTransit, Language::En, &words);
            prop_assert!(!body.contains(is_hidden));
            prop_assert!(body.chars().count() <= 3 * VALUE_MAX + 40);
        }

        #[test]
        fn any_template_is_taken_or_refused(template in "[\\[\\]{}a-z ]*(\\{order\\})?") {
            let _ = check(&template);
        }
    }
}
