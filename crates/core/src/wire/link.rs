//! `/tracking/{id}/links`: what is said of share links.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::auth::Role;
use crate::clock::Millis;
use crate::link::ShareLink;
use crate::rejection::Rejection;
use crate::wire::input::Fields;

/// Longest label, in characters.
pub const LABEL_MAX: usize = 100;

/// A share link, without what makes it work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkEntry {
    pub id: String,
    /// Whom it is for, in the words of who made it.
    pub label: String,
    /// It opens then, in Unix seconds; null: at once.
    pub from: Option<i64>,
    /// It is over then, in Unix seconds; null: with the delivery.
    pub to: Option<i64>,
    /// Unix seconds.
    pub created_at: i64,
    pub created_by: Role,
    /// To the hour, in Unix seconds.
    pub last_used_at: Option<i64>,
}

/// The share links of a delivery, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Links {
    pub links: Vec<LinkEntry>,
}

/// A new share link: it is shown this once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeLink {
    #[serde(flatten)]
    pub entry: LinkEntry,
    /// What `?link=` takes.
    pub link: String,
    /// The page that it opens.
    pub url: String,
}

impl From<&ShareLink> for LinkEntry {
    fn from(link: &ShareLink) -> Self {
        Self {
            id: link.id.clone(),
            label: link.label.clone(),
            from: link.from.map(Millis::secs),
            to: link.to.map(Millis::secs),
            created_at: link.created.secs(),
            created_by: link.created_by,
            last_used_at: link.used.map(Millis::secs),
        }
    }
}

/// What a link is to be: what is not said stays as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkChange {
    pub label: Option<String>,
    /// `Some(None)` takes the time away.
    pub from: Option<Option<Millis>>,
    pub to: Option<Option<Millis>>,
}

impl LinkChange {
    /// Reads the body of a change.
    pub fn parse(body: &Value) -> Result<Self, Rejection> {
        let fields = Fields::of(body, "body")?;
        // A merge patch (RFC 7396): null takes away.
        let time =
            |name: &'static str| Ok(fields.time(name)?.map(Some).or_else(|| body.get(name).map(|_| None)));
        let change = Self { label: fields.text("label", LABEL_MAX)?, from: time("from")?, to: time("to")? };
        in_order(change.from.flatten(), change.to.flatten())?;
        Ok(change)
    }

    /// Reads the body that makes a link.
    pub fn parse_new(body: &Value) -> Result<Self, Rejection> {
        let change = Self::parse(body)?;
        if change.label.is_none() {
            return Err(Rejection::invalid("label", "label is required"));
        }
        Ok(change)
    }

    /// Changes a link; one that would end before it begins is refused.
    pub fn apply(self, link: &mut ShareLink) -> Result<(), Rejection> {
        let (from, to) = (self.from.unwrap_or(link.from), self.to.unwrap_or(link.to));
        in_order(from, to)?;
        (link.from, link.to) = (from, to);
        if let Some(label) = self.label {
            link.label = label;
        }
        Ok(())
    }
}

fn in_order(from: Option<Millis>, to: Option<Millis>) -> Result<(), Rejection> {
    match from.zip(to) {
        Some((from, to)) if to < from => Err(Rejection::invalid("to", "to must not be before from")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn link() -> ShareLink {
        ShareLink {
            id: "a".into(),
            hash: String::new(),
            label: "Grandma".into(),
            from: Some(Millis(1_000)),
            to: Some(Millis(2_000)),
            created: Millis(0),
            created_by: Role::Customer,
            used: None,
        }
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name_and_null_takes_a_time_away() {
        let cases = [
            (json!({}), ("Grandma", Some(1), Some(2))),
            (json!({"label": "Door"}), ("Door", Some(1), Some(2))),
            (json!({"label": null}), ("Grandma", Some(1), Some(2))),
            (json!({"to": null}), ("Grandma", Some(1), None)),
            (json!({"from": null, "to": 9}), ("Grandma", None, Some(9))),
        ];
        for (body, expected) in cases {
            let mut link = link();
            LinkChange::parse(&body).unwrap().apply(&mut link).unwrap();
            let entry = LinkEntry::from(&link);
            assert_eq!((entry.label.as_str(), entry.from, entry.to), expected, "{body}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_where_it_stands() {
        let cases = [
            (json!([]), "body"),
            (json!({}), "label"),
            (json!({"label": null}), "label"),
            (json!({"label": 5}), "label"),
            (json!({"label": "x".repeat(LABEL_MAX + 1)}), "label"),
            (json!({"label": "", "from": "noon"}), "from"),
            (json!({"label": "", "to": true}), "to"),
            (json!({"label": "", "from": 2, "to": 1}), "to"),
        ];
        for (body, at) in cases {
            let refused = LinkChange::parse_new(&body);
            assert!(matches!(&refused, Err(Rejection::Invalid { field, .. }) if field == at), "{refused:?}");
        }
        let mut known = link();
        let sooner = LinkChange::parse(&json!({"to": 0.5})).unwrap();
        assert!(sooner.apply(&mut known).is_err());
        assert_eq!(known, link());
    }
}
