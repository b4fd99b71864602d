//! Parameters of a query, a form, or a flat JSON object.

use std::borrow::Cow;

use serde_json::Value;

use super::Request;
use super::measured::number;

/// Most parameters that are looked at: over three times what the longest template has.
const PARAMS_MAX: usize = 128;

pub struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Params<'a> {
    /// Those of the query, then those of a body in form. Traccar reads the body only where there is no query;
    /// here a driver may have appended one to the address of an app that posts forms.
    pub fn of(request: &Request<'a>) -> Self {
        let query = request.query.unwrap_or_default().as_bytes();
        let pairs = [query, request.body].into_iter().flat_map(form_urlencoded::parse);
        Self(pairs.take(PARAMS_MAX).collect())
    }

    /// The texts and numbers of a JSON object.
    pub fn of_json(object: &'a Value) -> Option<Self> {
        let text = |value: &'a Value| match value {
            Value::String(text) => Some(Cow::Borrowed(text.as_str())),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        };
        let members = object.as_object()?.iter().take(PARAMS_MAX);
        Some(Self(
            members.filter_map(|(name, value)| Some((Cow::Borrowed(name.as_str()), text(value)?))).collect(),
        ))
    }

    /// The value of the first of these names that has one. Of a name given twice the last counts; empty and
    /// `null` are none.
    pub fn text(&self, names: &[&str]) -> Option<&str> {
        let last =
            |name: &&str| self.0.iter().rfind(|(given, _)| given == *name).map(|(_, value)| value.trim());
        names.iter().filter_map(last).find(|value| !value.is_empty() && !value.eq_ignore_ascii_case("null"))
    }

    /// The number under these names; `None` where there is none, or none that can be read.
    pub fn number(&self, names: &[&str]) -> Option<f64> {
        self.text(names).and_then(number)
    }
}
