//! `POST /tracking/batch/status`: many statuses in one request, each judged alone.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rejection::Rejection;
use crate::wire::input::Fields;
use crate::wire::report::parse_status;
use crate::wire::start::ID_MAX;

/// Most updates in a request.
pub const BATCH_MAX: usize = 500;

/// What became of one update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchResult {
    /// As it was sent; null where it was no text.
    pub tracking_id: Option<String>,
    /// Whether the status stands.
    pub ok: bool,
    /// Why it does not: a `Problem`, as the delivery answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::wire::problem::Problem>))]
    pub problem: Option<Value>,
}

/// The answer: a result for each update, in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchAnswer {
    pub results: Vec<BatchResult>,
    /// Unix milliseconds.
    pub server_time: i64,
}

/// The updates of a body, not yet read.
pub fn updates(body: &Value) -> Result<&[Value], Rejection> {
    let fields = Fields::of(body, "body")?;
    let updates = fields.array("updates")?.ok_or_else(|| fields.missing("updates"))?;
    if updates.is_empty() || updates.len() > BATCH_MAX {
        let detail = format!("updates must have 1 to {BATCH_MAX} members");
        return Err(Rejection::invalid("updates", detail));
    }
    Ok(updates)
}

/// The tracking id of an update that is right; its status is read by the delivery.
pub fn addressee(update: &Value) -> Result<String, Rejection> {
    let fields = Fields::of(update, "updates")?;
    let id = fields.text("tracking_id", ID_MAX)?.ok_or_else(|| fields.missing("tracking_id"))?;
    parse_status(update).map(|_| id)
}

/// What an update calls its delivery, however wrong it is.
pub fn called(update: &Value) -> Option<String> {
    Fields::of(update, "updates").and_then(|fields| fields.text("tracking_id", ID_MAX)).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_batch_is_bounded_and_its_updates_are_judged_alone() {
        for body in [json!([]), json!({}), json!({"updates": {}}), json!({"updates": []})] {
            assert!(updates(&body).is_err(), "{body}");
        }
        for (count, is_right) in [(1, true), (BATCH_MAX, true), (BATCH_MAX + 1, false)] {
            assert_eq!(updates(&json!({"updates": vec![Value::Null; count]})).is_ok(), is_right, "{count}");
        }
    }

    #[test]
    fn each_bad_update_names_its_field() {
        for (update, field) in [
            (json!(null), "updates"),
            (json!({"status": "DELIVERED"}), "tracking_id"),
            (json!({"tracking_id": 5, "status": "DELIVERED"}), "tracking_id"),
            (json!({"tracking_id": "a", "parcel_id": "b", "status": "DELIVERED"}), "tracking_id"),
            (json!({"tracking_id": "a"}), "status"),
            (json!({"tracking_id": "a", "status": "LOST"}), "status"),
            (json!({"tracking_id": "a", "status": "FAILED"}), "reason"),
            (json!({"tracking_id": "a", "status": "DELIVERED", "id": {}}), "id"),
        ] {
            match addressee(&update) {
                Err(Rejection::Invalid { field: at, .. }) => assert_eq!(at, field, "{update}"),
                other => panic!("{update} gave {other:?}"),
            }
        }
        let right = json!({"shipment_id": "a", "status": "delivered"});
        assert_eq!((addressee(&right), called(&right)), (Ok("a".into()), Some("a".into())));
    }
}
