//! `GET /stats/deliveries`: what is asked, when the days of a time zone begin, and the answer as CSV.

use serde_json::{Map, Value};

use crate::auth::{Caller, Role};
use crate::clock::Millis;
use crate::history::read_time;
use crate::rejection::Rejection;
use crate::status::Status;
use crate::wire::input;
use crate::wire::start::{ID_MAX, Mode};

/// The span where none is asked for, in ms.
const SPAN: i64 = 7 * DAY;
/// The longest span, in ms: as long as summaries are kept, unless a deployment says otherwise.
const SPAN_MAX: i64 = 400 * DAY;
const DAY: i64 = 86_400_000;
/// No zone changes its offset and back within this, in ms.
const PROBE: i64 = 7 * DAY;
/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct StatsQuery {
    pub from: Millis,
    /// Not included.
    pub to: Millis,
    pub store_id: Option<String>,
    pub driver_id: Option<String>,
    pub mode: Option<Mode>,
    pub csv: bool,
}

impl StatsQuery {
    /// Reads a query string's parameters; a store sees its own.
    pub fn parse(
        by: &Caller,
        now: Millis,
        parameter: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Rejection> {
        if !matches!(by.role, Role::Dispatcher | Role::Admin | Role::Store) {
            return Err(Rejection::Forbidden("statistics are for stores, dispatchers and admins".into()));
        }
        let time = |name: &'static str| parameter(name).map(|text| read_time(name, &text)).transpose();
        let text = |name: &'static str| match input::parameter(name, &parameter)? {
            Some(text) if text.is_empty() || text.chars().count() > ID_MAX => {
                Err(Rejection::invalid(name, format!("{name} must have 1 to {ID_MAX} characters")))
            }
            text => Ok(text),
        };
        let to = time("to")?.unwrap_or_else(|| now.plus(1));
        let from = time("from")?.unwrap_or_else(|| to.plus(-SPAN));
        match to.since(from) {
            ..=0 => return Err(Rejection::invalid("to", "to must be after from")),
            span if span > SPAN_MAX => {
                return Err(Rejection::invalid("from", "from must be at most 400 days before to"));
            }
            _ => {}
        }
        let mode = match parameter("mode") {
            None => None,
            Some(name) => Some(
                Mode::ALL
                    .into_iter()
                    .find_map(|(mode, known)| (known == name).then_some(mode))
                    .ok_or_else(|| Rejection::invalid("mode", "mode must be one that deliveries have"))?,
            ),
        };
        let csv = match parameter("format").as_deref() {
            None | Some("json") => false,
            Some("csv") => true,
            Some(_) => return Err(Rejection::invalid("format", "format must be json or csv")),
        };
        let mut store_id = text("store_id")?;
        if by.role == Role::Store {
            let own = by
                .store_id
                .clone()
                .ok_or_else(|| Rejection::Forbidden("this token names no store".into()))?;
            if store_id.as_ref().is_some_and(|asked| *asked != own) {
                return Err(Rejection::Forbidden("a store sees its own statistics only".into()));
            }
            store_id = Some(own);
        }
        Ok(Self { from, to, store_id, driver_id: text("driver_id")?, mode, csv })
    }
}

/// From when on which offset holds, in ms east of UTC: the first entry holds at `from`. `offset` tells it at an
/// instant. Changes are found to the minute.
pub fn offsets(from: Millis, to: Millis, offset: impl Fn(Millis) -> i64) -> Vec<(Millis, i64)> {
    let mut known = offset(from);
    let mut found = vec![(from, known)];
    let mut at = from;
    while at < to {
        let next = at.plus(PROBE).min(to);
        let then = offset(next);
        if then != known {
            let (mut before, mut after) = (at, next);
            while after.since(before) > 60_000 {
                let middle = before.plus(after.since(before) / 2);
                if offset(middle) == known { before = middle } else { after = middle }
            }
            // Zones change at full minutes.
            found.push((Millis(after.0.div_euclid(60_000) * 60_000), then));
            known = then;
        }
        at = next;
    }
    found
}

/// The lists of an answer, by the name that a row of the CSV begins with.
const LISTS: [(&str, &str); 5] = [
    ("total", "total"),
    ("day", "by_day"),
    ("store", "by_store"),
    ("driver", "by_driver"),
    ("mode", "by_mode"),
];
/// Figures in the order of their columns; the statuses come after `deliveries`.
const COLUMNS: [&str; 9] = [
    "delivery_time_p50_s",
    "delivery_time_p90_s",
    "on_time_rate",
    "with_window",
    "distance_mean_m",
    "dwell_mean_s",
    "update_interval_mean_s",
    "rating_mean",
    "ratings",
];

/// The figures of an answer as CSV (RFC 4180), a group a line; ETA errors and the model are in the JSON alone.
pub fn csv(stats: &Value) -> String {
    let mut text = String::from("group,key,deliveries");
    for name in Status::ALL.map(Status::name).iter().chain(&COLUMNS) {
        text.push(',');
        text.push_str(name);
    }
    text.push_str("\r\n");
    for (group, list) in LISTS {
        let list = stats.get(list);
        let rows = list.and_then(Value::as_array).map_or_else(
            || list.and_then(Value::as_object).into_iter().collect::<Vec<_>>(),
            |rows| rows.iter().filter_map(Value::as_object).collect(),
        );
        for row in rows {
            line(&mut text, group, row);
        }
    }
    text
}

fn line(text: &mut String, group: &str, row: &Map<String, Value>) {
    text.push_str(group);
    text.push(',');
    if let Some(key) = row.get("key").and_then(Value::as_str) {
        text.push_str(&field(key));
    }
    let statuses = row.get("statuses");
    let figures = std::iter::once(row.get("deliveries"))
        .chain(Status::ALL.map(|status| statuses.and_then(|statuses| statuses.get(status.name()))))
        .chain(COLUMNS.map(|name| row.get(name)));
    for figure in figures {
        text.push(',');
        if let Some(number) = figure.filter(|figure| figure.is_number()) {
            text.push_str(&number.to_string());
        }
    }
    text.push_str("\r\n");
}

/// A text of somebody else's in quotation marks. What a spreadsheet would take for a formula gets an apostrophe
/// before it.
fn field(text: &str) -> String {
    let looks_like_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let guard = if looks_like_formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn parse(role: Role, query: &[(&str, &str)]) -> Result<StatsQuery, Rejection> {
        let store_id = (role == Role::Store).then(|| "s1".to_owned());
        let by = Caller { subject: "x".into(), role, store_id, expires: Millis(i64::MAX) };
        let query =
            |name: &str| query.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into());
        StatsQuery::parse(&by, NOW, query)
    }

    #[test]
    fn the_last_seven_days_are_asked_for_and_a_store_asks_for_its_own() {
        let query = parse(Role::Dispatcher, &[]).unwrap();
        assert_eq!((query.from, query.to), (NOW.plus(1 - SPAN), NOW.plus(1)));
        assert_eq!(parse(Role::Store, &[]).unwrap().store_id.as_deref(), Some("s1"));
        assert_eq!(parse(Role::Store, &[("store_id", "s1")]).unwrap().store_id.as_deref(), Some("s1"));
        let query = parse(Role::Admin, &[("mode", "van"), ("rider_id", "d"), ("format", "csv")]).unwrap();
        assert_eq!((query.mode, query.driver_id.as_deref(), query.csv), (Some(Mode::Van), Some("d"), true));
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let long = "x".repeat(ID_MAX + 1);
        for (role, query, field) in [
            (Role::Admin, vec![("from", "2024-01-02T00:00Z"), ("to", "2024-01-01T00:00Z")], Some("to")),
            (Role::Admin, vec![("from", "1700000000"), ("to", "1700000000")], Some("to")),
            (Role::Admin, vec![("from", "1600000000"), ("to", "1700000000")], Some("from")),
            (Role::Admin, vec![("mode", "rocket")], Some("mode")),
            (Role::Admin, vec![("format", "xml")], Some("format")),
            (Role::Admin, vec![("driver_id", &long)], Some("driver_id")),
            (Role::Admin, vec![("driver_id", "d1"), ("rider_id", "d2")], Some("driver_id")),
            (Role::Admin, vec![("store_id", "")], Some("store_id")),
            (Role::Store, vec![("store_id", "s2")], None),
            (Role::Driver, vec![], None),
            (Role::Customer, vec![], None),
        ] {
            match (parse(role, &query), field) {
                (Err(Rejection::Invalid { field, .. }), Some(expected)) => assert_eq!(field, expected),
                (Err(Rejection::Forbidden(_)), None) => {}
                (other, _) => panic!("{role:?} {query:?}: {other:?}"),
            }
        }
    }

    proptest! {
        /// The zone is one whose offset changes now and then, as summer time does.
        #[test]
        fn each_instant_gets_the_offset_that_holds_then(
            changes in proptest::collection::btree_map(0..20_000_i64, -14..=14_i64, 0..4),
            days in 1..400_i64,
        ) {
            // More than a week apart, to the minute.
            let changes: Vec<_> = changes.iter().enumerate()
                .map(|(n, (minute, hours))| (NOW.0 / 60_000 * 60_000 + (n as i64 * 40_000 + minute) * 60_000, hours * 3_600_000))
                .collect();
            let offset = |at: Millis| changes.iter().rev().find(|(from, _)| at.0 >= *from).map_or(0, |(_, offset)| *offset);
            let far_apart = changes.windows(2).all(|pair| pair[1].0 - pair[0].0 > PROBE);
            prop_assume!(far_apart);
            let to = NOW.plus(days * DAY);
            let found = offsets(NOW, to, offset);
            for step in 0..500 {
                let at = NOW.plus(days * DAY / 500 * step);
                let held = found.iter().rev().find(|(from, _)| *from <= at).map(|(_, offset)| *offset);
                prop_assert_eq!(held, Some(offset(at)), "{:?}", at);
            }
        }
    }

    #[test]
    fn ids_of_others_run_no_formula() {
        let figures = json!({"key": "=HYPERLINK(\"x\")", "deliveries": 3, "statuses": {"DELIVERED": 2, "FAILED": 1},
            "delivery_time_p50_s": 600.5, "on_time_rate": null, "with_window": 0});
        let stats = json!({"total": {"deliveries": 4, "statuses": {}}, "by_store": [figures, {"key": null, "deliveries": 1}]});
        let text = csv(&stats);
        let lines: Vec<_> = text.split("\r\n").collect();
        assert_eq!(lines[0].split(',').count(), 3 + Status::ALL.len() + COLUMNS.len());
        assert_eq!(lines[1], "total,,4,,,,,,,,,,,,,,,,");
        assert_eq!(lines[2], "store,\"'=HYPERLINK(\"\"x\"\")\",3,,,,,2,1,,600.5,,,0,,,,,");
        assert_eq!((lines[3], lines.len()), ("store,,1,,,,,,,,,,,,,,,,", 5));
    }
}
