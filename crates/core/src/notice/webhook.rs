//! What an endpoint's answer means, and what its caller may ask of the list of attempts.

use super::message::DELAY_MAX;
use crate::rejection::Rejection;
use crate::wire::input::Fields;
use serde_json::Value;

/// The operator's order service among endpoints: set by configuration, and told of statuses alone.
pub const ORDER_SERVICE: &str = "order-service";
/// An answer may take so long, in seconds.
pub const TIMEOUT_S: u32 = 10;
/// So long the rest of a batch waits for an answer, in ms; then it is waited for beside everything else.
pub const PATIENCE_MS: u64 = 1_000;
/// Nothing but failures for so long, in ms, disables an endpoint: five days.
pub const FAILING_MS: i64 = 5 * 86_400_000;
/// Most retries that a deployment may ask for.
const RETRIES_MAX: usize = 20;
/// Most events that one request sends again.
pub const REDELIVER_MAX: i32 = 500;
/// Attempts on a page.
pub const PAGE_ATTEMPTS: i32 = 100;

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Taken,
    /// Nobody is there any more, and nothing is to be sent there again.
    Gone,
    /// To be tried again, if there are attempts left.
    Failed,
}

impl Verdict {
    /// `None`: there was no answer.
    pub const fn of(status: Option<u16>) -> Self {
        match status {
            Some(200..=299) => Self::Taken,
            Some(410) => Self::Gone,
            _ => Self::Failed,
        }
    }
}

/// The retries of a deployment that has its own: seconds, separated by commas. `None`: that is none.
pub fn retries(text: &str) -> Option<Vec<u32>> {
    let secs = |text: &str| text.trim().parse().ok().filter(|secs| *secs <= DELAY_MAX);
    let all: Vec<u32> = text.split(',').map(secs).collect::<Option<_>>()?;
    (all.len() <= RETRIES_MAX).then_some(all)
}

/// What is to be sent once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redelivery {
    Event(String),
    /// From and to, in Unix milliseconds; also what was taken, or only what was not.
    Range {
        from: i64,
        to: i64,
        all: bool,
    },
}

impl Redelivery {
    pub fn parse(body: &Value) -> Result<Self, Rejection> {
        let fields = Fields::of(body, "body")?;
        if let Some(event) = fields.identifier("event_id", 64)? {
            return Ok(Self::Event(event));
        }
        let from = fields
            .time("from")?
            .ok_or_else(|| Rejection::invalid("event_id", "event_id, or from and to, is required"))?;
        let to = fields.time("to")?.ok_or_else(|| fields.missing("to"))?;
        if to < from {
            return Err(Rejection::invalid("to", "to must not be before from"));
        }
        let all = match fields.get("all")? {
            None => false,
            Some(Value::Bool(all)) => *all,
            Some(_) => return Err(Rejection::invalid("all", "all must be true or false")),
        };
        Ok(Self::Range { from: from.0, to: to.0, all })
    }
}

/// Which attempts are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttemptQuery {
    pub event: Option<String>,
    /// Whether the event was taken.
    pub taken: Option<bool>,
    /// The last of the page before.
    pub after: Option<(i64, String)>,
}

impl AttemptQuery {
    pub fn parse(parameter: impl Fn(&str) -> Option<String>) -> Result<Self, Rejection> {
        let taken = match parameter("outcome").as_deref() {
            None => None,
            Some("delivered") => Some(true),
            Some("failed") => Some(false),
            Some(_) => return Err(Rejection::invalid("outcome", "outcome must be delivered or failed")),
        };
        let cursor = |text: String| {
            let (at, event) = text.split_once('.').filter(|(_, event)| event.len() <= 64)?;
            let at = at.parse().ok().filter(|at| (0..1 << 53).contains(at))?;
            Some((at, event.to_owned()))
        };
        let after = parameter("cursor").map(|text| {
            cursor(text).ok_or_else(|| {
                Rejection::invalid("cursor", "cursor must be the next_cursor of the page before")
            })
        });
        Ok(Self { event: parameter("event_id"), taken, after: after.transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_2xx_takes_it_and_only_410_ends_it() {
        for (status, expected) in [
            (Some(200), Verdict::Taken),
            (Some(204), Verdict::Taken),
            (Some(299), Verdict::Taken),
            (Some(301), Verdict::Failed),
            (Some(302), Verdict::Failed),
            (Some(307), Verdict::Failed),
            (Some(400), Verdict::Failed),
            (Some(404), Verdict::Failed),
            (Some(410), Verdict::Gone),
            (Some(429), Verdict::Failed),
            (Some(500), Verdict::Failed),
            (None, Verdict::Failed),
        ] {
            assert_eq!(Verdict::of(status), expected, "{status:?}");
        }
    }

    #[test]
    fn a_deployments_own_retries_are_bounded() {
        assert_eq!(retries("1, 2,3"), Some(vec![1, 2, 3]));
        for wrong in ["", "1,x,3", "5s,60", "-1", "99999999", &vec!["1"; 21].join(",")] {
            assert_eq!(retries(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_redelivery_names_one_event_or_a_span() {
        let parse = |body: Value| Redelivery::parse(&body);
        assert_eq!(parse(json!({"event_id": "evt_A"})), Ok(Redelivery::Event("evt_A".into())));
        let span = |all| Ok(Redelivery::Range { from: 1_000, to: 2_000, all });
        assert_eq!(parse(json!({"from": 1, "to": 2})), span(false));
        assert_eq!(parse(json!({"from": 1, "to": 2, "all": true})), span(true));
        for (body, at) in [
            (json!({}), "event_id"),
            (json!({"event_id": ""}), "event_id"),
            (json!({"from": 1}), "to"),
            (json!({"from": 2, "to": 1}), "to"),
            (json!({"from": "x", "to": 1}), "from"),
            (json!({"from": 1, "to": 2, "all": "yes"}), "all"),
        ] {
            let refused = parse(body);
            assert!(matches!(&refused, Err(Rejection::Invalid { field, .. }) if field == at), "{refused:?}");
        }
    }

    #[test]
    fn attempts_are_looked_for_by_outcome_event_and_page() {
        let parse = |name: &'static str, value: &'static str| {
            AttemptQuery::parse(|asked| (asked == name).then(|| value.to_owned()))
        };
        assert_eq!(parse("outcome", "failed").unwrap().taken, Some(false));
        assert_eq!(parse("event_id", "evt_A").unwrap().event.as_deref(), Some("evt_A"));
        assert_eq!(parse("cursor", "5.evt_A").unwrap().after, Some((5, "evt_A".into())));
        for (name, value) in [("outcome", "x"), ("cursor", ""), ("cursor", "x.A"), ("cursor", "-1.A")] {
            assert!(parse(name, value).is_err(), "{name} {value}");
        }
    }
}
