//! `GET /access-log`: who looked at what.

use serde::{Deserialize, Serialize};

use crate::access::{Look, Visit};
use crate::clock::Millis;
use crate::history::read_time;
use crate::permission::Party;
use crate::rejection::Rejection;
use crate::wire::input;

/// Most rows of a page. Each is what one delivery sent at a time, of one entry or many.
pub const PAGE_ROWS: usize = 100;
/// Longest text to look for.
const TEXT_MAX: usize = 512;

/// That somebody looked at a delivery, once or again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessEntry {
    pub tracking_id: String,
    /// What they were to the delivery.
    pub party: Party,
    /// Of the token; null without one, and for those who were too many to be named.
    pub subject: Option<String>,
    /// The id of the share link.
    pub link: Option<String>,
    pub action: Look,
    /// Unix seconds.
    pub first_at: i64,
    /// Unix seconds.
    pub last_at: i64,
    /// How often, from the first to the last.
    pub count: u32,
}

/// A page of the access log, the newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessPage {
    pub entries: Vec<AccessEntry>,
    /// Where the next page begins: send it as `cursor`. Null on the last page.
    pub next_cursor: Option<String>,
}

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccessQuery {
    pub tracking_id: Option<String>,
    pub subject: Option<String>,
    pub since: Option<Millis>,
    pub until: Option<Millis>,
    /// The last row of the page before.
    pub after: Option<(Millis, String)>,
}

impl AccessQuery {
    /// Reads a query string's parameters.
    pub fn parse(parameter: impl Fn(&str) -> Option<String>) -> Result<Self, Rejection> {
        let time = |name: &'static str| parameter(name).map(|text| read_time(name, &text)).transpose();
        let text = |name: &'static str| match input::parameter(name, &parameter)? {
            Some(text) if text.len() > TEXT_MAX => {
                Err(Rejection::invalid(name, format!("{name} must have at most {TEXT_MAX} bytes")))
            }
            text => Ok(text),
        };
        let cursor = |text: String| {
            let (first, id) = text.split_once('.').filter(|(_, id)| id.len() <= TEXT_MAX)?;
            let first = first.parse().ok().filter(|first| (0..1 << 53).contains(first))?;
            Some((Millis(first), id.to_owned()))
        };
        let after = match parameter("cursor") {
            None => None,
            Some(text) => Some(cursor(text).ok_or_else(|| {
                Rejection::invalid("cursor", "cursor must be the next_cursor of the page before")
            })?),
        };
        let (since, until) = (time("since")?, time("until")?);
        if since.zip(until).is_some_and(|(since, until)| since > until) {
            return Err(Rejection::invalid("until", "until must not be before since"));
        }
        Ok(Self { tracking_id: text("tracking_id")?, subject: text("subject")?, since, until, after })
    }

    /// The entries of a row that are looked for.
    pub fn entries(&self, tracking_id: &str, visits: Vec<Visit>) -> impl Iterator<Item = AccessEntry> {
        let is_wanted = |visit: &Visit| {
            (self.subject.is_none() || self.subject == visit.by.subject)
                && self.since.is_none_or(|since| visit.last >= since)
                && self.until.is_none_or(|until| visit.first <= until)
        };
        visits.into_iter().filter(is_wanted).map(|visit| AccessEntry {
            tracking_id: tracking_id.to_owned(),
            party: visit.by.party,
            subject: visit.by.subject,
            link: visit.by.link,
            action: visit.look,
            first_at: visit.first.secs(),
            last_at: visit.last.secs(),
            count: visit.count,
        })
    }
}

/// Where the page after this row begins.
pub fn cursor(first: Millis, tracking_id: &str) -> String {
    format!("{}.{tracking_id}", first.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Visitor;

    fn parse(pairs: &[(&str, &str)]) -> Result<AccessQuery, Rejection> {
        AccessQuery::parse(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_query_is_read_or_refused_where_it_is_wrong() {
        let read = parse(&[("parcel_id", "TRK-A"), ("since", "1"), ("cursor", "5.TRK-B")]).unwrap();
        assert_eq!((read.tracking_id.as_deref(), read.since), (Some("TRK-A"), Some(Millis(1_000))));
        assert_eq!(read.after, Some((Millis(5), "TRK-B".into())));
        let long = "x".repeat(513);
        for (name, value) in [
            ("since", "x"),
            ("until", ""),
            ("cursor", ""),
            ("cursor", "x.TRK"),
            ("cursor", "-1.TRK"),
            ("cursor", "9007199254740992.TRK"),
            ("subject", &long),
            ("tracking_id", &long),
        ] {
            let refused = parse(&[(name, value)]);
            assert!(
                matches!(&refused, Err(Rejection::Invalid { field, .. }) if field == name),
                "{refused:?}"
            );
        }
        assert!(parse(&[("since", "2"), ("until", "1")]).is_err());
    }

    #[test]
    fn of_a_row_only_what_is_looked_for_is_shown() {
        let visit = |subject: &str, first| {
            let by = Visitor { party: Party::Store, subject: Some(subject.into()), link: None };
            Visit::new(by, Look::History, Millis(first))
        };
        let row = vec![visit("a", 1_000), visit("b", 2_000), visit("a", 3_000)];
        let found = |pairs: &[(&str, &str)]| {
            let query = parse(pairs).unwrap();
            query.entries("T", row.clone()).map(|entry| entry.first_at).collect::<Vec<_>>()
        };
        assert_eq!(found(&[]), [1, 2, 3]);
        assert_eq!(found(&[("subject", "a")]), [1, 3]);
        assert_eq!(found(&[("since", "2"), ("until", "2")]), [2]);
    }
}
