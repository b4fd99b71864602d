//! Which deliveries somebody wants to see.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::area::Area;
use crate::fix::Position;
use crate::rejection::Rejection;
use crate::status::Status;
use crate::wire::driver::driver_id;
use crate::wire::input::parameter;

/// What a filter looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'a> {
    pub status: Status,
    pub place: Position,
    pub driver_id: Option<&'a str>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    #[serde(default)]
    pub area: Option<Area>,
    /// In order, each once. None: any.
    #[serde(default)]
    statuses: Vec<Status>,
    #[serde(default)]
    driver_id: Option<String>,
}

impl Filter {
    /// Reads the query of `GET /fleet`.
    pub fn of_query(query: impl Fn(&str) -> Option<String>) -> Result<Self, Rejection> {
        let area = query("bbox").map(|text| Area::parse(&text)).transpose()?;
        let statuses = match query("status") {
            // Lists are of what is going on.
            None => Status::ALL.into_iter().filter(|status| !status.is_final()).collect(),
            Some(list) => statuses(list.split(',').map(Some))?,
        };
        let no_driver =
            |_| Rejection::invalid("driver_id", "driver_id must be a plain, non-empty identifier");
        let asked = parameter("driver_id", &query)?;
        let driver_id = asked.map(|text| driver_id(&text).map_err(no_driver)).transpose()?;
        Ok(Self { area, statuses, driver_id })
    }

    /// Reads a `subscribe` message.
    pub fn of_message(body: &Value) -> Result<Self, Rejection> {
        let member = |name| body.get(name).filter(|value| !value.is_null());
        let area = member("bbox").map(Area::read).transpose()?;
        let list = match member("status") {
            None => &[],
            Some(list) => list.as_array().ok_or_else(refusal)?.as_slice(),
        };
        Ok(Self { area, statuses: statuses(list.iter().map(Value::as_str))?, driver_id: None })
    }

    pub fn fits(&self, seen: Seen<'_>) -> bool {
        (self.statuses.is_empty() || self.statuses.contains(&seen.status))
            && self.area.is_none_or(|area| area.contains(seen.place))
            && self.driver_id.as_deref().is_none_or(|driver| seen.driver_id == Some(driver))
    }
}

fn statuses<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Result<Vec<Status>, Rejection> {
    let read = texts.map(|text| Status::parse(text?)).collect::<Option<Vec<_>>>();
    let mut statuses = read.ok_or_else(refusal)?;
    statuses.sort_unstable();
    statuses.dedup();
    Ok(statuses)
}

fn refusal() -> Rejection {
    let known = Status::ALL.map(Status::name).join(", ");
    Rejection::invalid("status", format!("status must be a list of {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(status: Status, lng: f64) -> Seen<'static> {
        Seen { status, place: Position::from_degrees(5.0, lng).unwrap(), driver_id: Some("d1") }
    }

    fn query(pairs: &[(&str, &str)]) -> Result<Filter, Rejection> {
        Filter::of_query(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn all_that_is_asked_for_has_to_fit() {
        use Status::{Created, Delivered, InTransit};
        type Case<'a> = (&'a [(&'a str, &'a str)], Status, bool);
        let cases: [Case<'_>; 11] = [
            (&[], InTransit, true),
            (&[], Delivered, false),
            (&[("status", "DELIVERED")], Delivered, true),
            (&[("status", "delivered,out_for_delivery")], InTransit, true),
            (&[("status", "delivered,out_for_delivery")], Created, false),
            (&[("driver_id", "d1")], InTransit, true),
            (&[("driver_id", "d2")], InTransit, false),
            (&[("rider_id", "d1")], InTransit, true),
            (&[("delivery_person_id", "d2")], InTransit, false),
            (&[("bbox", "0,4,2,6"), ("driver_id", "d1")], InTransit, true),
            (&[("bbox", "2,4,3,6")], InTransit, false),
        ];
        for (asked, status, expected) in cases {
            assert_eq!(query(asked).unwrap().fits(seen(status, 1.0)), expected, "{asked:?} {status}");
        }
    }

    #[test]
    fn who_subscribes_to_no_status_sees_all() {
        let all = Filter::of_message(&json!({"status": []})).unwrap();
        assert!(Status::ALL.into_iter().all(|status| all.fits(seen(status, 1.0))));
    }

    #[test]
    fn what_names_no_status_area_or_driver_is_refused() {
        for (asked, at_fault) in [
            (("status", ""), "status"),
            (("status", "LOST"), "status"),
            (("status", "CREATED,"), "status"),
            (("bbox", "1"), "bbox"),
            (("driver_id", ""), "driver_id"),
        ] {
            let Err(Rejection::Invalid { field, .. }) = query(&[asked]) else { panic!("{asked:?}") };
            assert_eq!(field, at_fault);
        }
        let Err(Rejection::Invalid { field, .. }) = query(&[("driver_id", "d1"), ("rider_id", "d2")]) else {
            panic!("two drivers")
        };
        assert_eq!(field, "driver_id");
        for (message, at_fault) in [
            (json!({"bbox": [1]}), "bbox"),
            (json!({"bbox": "0,0,1,1"}), "bbox"),
            (json!({"status": "CREATED"}), "status"),
            (json!({"status": ["LOST"]}), "status"),
            (json!({"status": [1]}), "status"),
        ] {
            let Err(Rejection::Invalid { field, .. }) = Filter::of_message(&message) else {
                panic!("{message}")
            };
            assert_eq!(field, at_fault);
        }
    }

    #[test]
    fn equal_subscriptions_are_equal_however_they_are_said() {
        let said = |message| Filter::of_message(&message).unwrap();
        assert_eq!(said(json!({})), said(json!({"bbox": null, "status": [], "other": 1})));
        assert_eq!(
            said(json!({"status": ["DELIVERED", "CREATED"]})),
            said(json!({"status": ["created", "Delivered", "CREATED"]}))
        );
    }
}
