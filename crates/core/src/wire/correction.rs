//! `PATCH /tracking/{id}`: what was wrong about a delivery.

use crate::rejection::Rejection;
use crate::visibility::rules::GivenRules;
use crate::wire::input::Fields;
use crate::wire::start::{
    INSTRUCTIONS_MAX, Place, Visibility, Window, choice, dropoff_if_given, phone, route, window,
};

/// What is to be another, each where it is given; what can be left out at the start is removed by `null`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Correction {
    pub dropoff: Option<Place>,
    pub window: Option<Option<Window>>,
    pub phone: Option<Option<String>>,
    pub instructions: Option<Option<String>>,
    pub visibility: Option<Visibility>,
    pub visibility_rules: Option<GivenRules>,
    pub route: Option<Option<String>>,
}

impl Correction {
    /// Reads the body; 422 with the field at fault, or where it corrects nothing.
    pub fn parse(fields: &Fields<'_>) -> Result<Self, Rejection> {
        let correction = Self {
            dropoff: dropoff_if_given(fields)?,
            window: given(fields, "window", window)?,
            phone: given(fields, "phone", phone)?,
            instructions: given(fields, "instructions", |f| f.text("instructions", INSTRUCTIONS_MAX))?,
            visibility_rules: fields.get("visibility_rules")?.map(GivenRules::parse).transpose()?,
            visibility: choice(fields, "visibility", &Visibility::ALL)?,
            route: given(fields, "route", route)?,
        };
        if correction == Self::default() {
            return Err(Rejection::invalid(
                "body",
                "body must have one of dropoff, window, phone, instructions, visibility, visibility_rules and route",
            ));
        }
        Ok(correction)
    }

    /// Whether it is about the instructions alone, which are the customer's to give.
    pub fn is_instruction(&self) -> bool {
        *self == Self { instructions: self.instructions.clone(), ..Self::default() }
    }
}

fn given<T>(
    fields: &Fields<'_>,
    field: &'static str,
    read: impl Fn(&Fields<'_>) -> Result<Option<T>, Rejection>,
) -> Result<Option<Option<T>>, Rejection> {
    if fields.is_null(field) { Ok(Some(None)) } else { read(fields).map(|value| value.map(Some)) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(body: &Value) -> Result<Correction, Rejection> {
        Correction::parse(&Fields::of(body, "body").unwrap())
    }

    #[test]
    fn each_bad_correction_names_its_field() {
        for (body, field) in [
            (json!({}), "body"),
            (json!({"order_id": "O-2"}), "body"),
            (json!({"dropoff": null}), "body"),
            (json!({"visibility": null}), "body"),
            (json!({"dropoff": {"lat": 91, "lng": 0}}), "dropoff.lat"),
            (json!({"dropoff_lat": 9}), "dropoff_lng"),
            (json!({"dropoff": {"lat": 9, "lng": 0}, "dropoff_lat": 8, "dropoff_lng": 0}), "dropoff"),
            (json!({"window": {"from": 20, "to": 10}}), "window.to"),
            (json!({"window": 5}), "window"),
            (json!({"phone": "0201234567"}), "phone"),
            (json!({"instructions": 5}), "instructions"),
            (json!({"instructions": "x".repeat(INSTRUCTIONS_MAX + 1)}), "instructions"),
            (json!({"visibility": "secret"}), "visibility"),
            (json!({"route": ""}), "route"),
            (json!({"visibility_rules": {"location": "sometimes"}}), "visibility_rules"),
        ] {
            match parse(&body) {
                Err(Rejection::Invalid { field: at, .. }) => assert_eq!(at, field, "{body}"),
                other => panic!("{body} gave {other:?}"),
            }
        }
    }

    #[test]
    fn null_removes_what_may_be_left_out() {
        let body = json!({"window": null, "phone": null, "instructions": null, "route": null});
        let expected = Correction {
            window: Some(None),
            phone: Some(None),
            instructions: Some(None),
            route: Some(None),
            ..Correction::default()
        };
        assert_eq!(parse(&body), Ok(expected));
        assert!(parse(&json!({"instructions": "ring twice", "order_id": 5})).unwrap().is_instruction());
        assert!(!parse(&json!({"instructions": "ring twice", "phone": null})).unwrap().is_instruction());
    }
}
