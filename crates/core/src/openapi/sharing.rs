//! The routes of share links and of the access log, and what they take. The functions only carry the descriptions.
#![allow(dead_code, reason = "the functions only carry attributes")]

use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

use super::examples::TRACKING_ID;
use super::input::{described, text, time_or_null};
use super::paths::{BodyRefused, CallerRefused, DeliveryMissing, Failed, QueryRefused};
use crate::wire::access::AccessPage;
use crate::wire::link::{LABEL_MAX, LinkEntry, Links, MadeLink};
use crate::wire::problem::Problem;

#[derive(OpenApi)]
#[openapi(paths(list_links, make_link, change_link, revoke_link, shared_page, access_log))]
pub struct Paths;

/// The names of what may be sent.
#[derive(ToSchema)]
struct LinkRequest;
#[derive(ToSchema)]
struct LinkChange;

/// The schemas of what may be sent.
pub fn schemas() -> [(&'static str, Value); 2] {
    let properties = |label: Value| {
        json!({
            "label": described(label, "Whom it is for."),
            "from": described(time_or_null(), "It opens then; not before, where it is given."),
            "to": described(time_or_null(), "It is over then; not before `from`."),
        })
    };
    let mut label = text(LABEL_MAX);
    label["type"] = "string".into();
    [
        ("LinkRequest", json!({"type": "object", "properties": properties(label), "required": ["label"]})),
        (
            "LinkChange",
            json!({
                "type": "object",
                "description": "What is not named stays as it is; null takes a time away.",
                "properties": properties(text(LABEL_MAX)),
            }),
        ),
    ]
}

/// An example of each body.
pub fn examples() -> [(&'static str, &'static str, Value); 2] {
    [
        ("/tracking/{id}/links", "post", json!({"label": "Grandma", "to": "2024-01-01T18:00:00Z"})),
        ("/tracking/{id}/links/{link_id}", "patch", json!({"label": "Grandpa", "to": null})),
    ]
}

/// An example of the answer of this schema.
pub fn answer(schema: &str) -> Option<Value> {
    let entry = json!({
        "id": "0123456789abcdef", "label": "Grandma", "from": null, "to": 1_704_132_000,
        "created_at": 1_704_067_850, "created_by": "customer", "last_used_at": null,
    });
    Some(match schema {
        "LinkEntry" => entry,
        "Links" => json!({"links": [entry]}),
        "MadeLink" => {
            let link = format!("{TRACKING_ID}.c2VjcmV0c2VjcmV0c2Vjcg");
            let mut made = entry;
            made["url"] = format!("https://track.example.com/s/{link}").into();
            made["link"] = link.into();
            made
        }
        "AccessPage" => json!({
            "entries": [{
                "tracking_id": TRACKING_ID, "party": "link", "subject": null, "link": "0123456789abcdef",
                "action": "follow", "first_at": 1_704_067_850, "last_at": 1_704_068_450, "count": 3,
            }],
            "next_cursor": null,
        }),
        _ => return None,
    })
}

/// The share links of a delivery, without what makes them work.
///
/// For its customer, its store, dispatchers and admins.
#[utoipa::path(
    get, path = "/tracking/{id}/links", tag = "share links",
    params(("id" = String, Path, description = "Tracking id")),
    responses((status = 200, description = "The links, the oldest first", body = Links), CallerRefused, DeliveryMissing, Failed),
    security(("bearer" = [])),
)]
fn list_links() {}

/// Makes a share link: who has it sees this delivery as the public does, also where it is private.
#[utoipa::path(
    post, path = "/tracking/{id}/links", tag = "share links",
    params(("id" = String, Path, description = "Tracking id")),
    request_body = LinkRequest,
    responses(
        (status = 201, description = "The link, shown this once", body = MadeLink),
        (status = 409, description = "There are 50 already", body = Problem, content_type = "application/problem+json"),
        BodyRefused, CallerRefused, DeliveryMissing, Failed,
    ),
    security(("bearer" = [])),
)]
fn make_link() {}

/// Changes a link. Whoever follows by one that is over then is disconnected.
#[utoipa::path(
    patch, path = "/tracking/{id}/links/{link_id}", tag = "share links",
    params(("id" = String, Path, description = "Tracking id"), ("link_id" = String, Path, description = "The link's id")),
    request_body = LinkChange,
    responses((status = 200, description = "The link as it is now", body = LinkEntry), BodyRefused, CallerRefused, DeliveryMissing, Failed),
    security(("bearer" = [])),
)]
fn change_link() {}

/// Revokes a link at once. Whoever follows by it is disconnected, and nobody else.
#[utoipa::path(
    delete, path = "/tracking/{id}/links/{link_id}", tag = "share links",
    params(("id" = String, Path, description = "Tracking id"), ("link_id" = String, Path, description = "The link's id")),
    responses((status = 204, description = "Revoked"), CallerRefused, DeliveryMissing, Failed),
    security(("bearer" = [])),
)]
fn revoke_link() {}

/// The page of a delivery by a share link.
#[utoipa::path(
    get, path = "/s/{link}", tag = "pages",
    params(("link" = String, Path, description = "The link: a tracking id, a dot and a secret")),
    responses(
        (status = 200, description = "HTML", body = String, content_type = "text/html; charset=utf-8"),
        (status = 403, description = "HTML: the link is wrong, revoked, over or not yet open", body = String, content_type = "text/html; charset=utf-8"),
        (status = 404, description = "HTML: no such tracking id", body = String, content_type = "text/html; charset=utf-8"),
        (status = 410, description = "HTML: the delivery has expired", body = String, content_type = "text/html; charset=utf-8"),
        (status = 500, description = "HTML: something went wrong on our side", body = String, content_type = "text/html; charset=utf-8"),
    ),
)]
fn shared_page() {}

/// Who looked at what, the newest first, some minutes behind: for admins.
#[utoipa::path(
    get, path = "/access-log", tag = "access log",
    params(
        ("tracking_id" = Option<String>, Query, description = "Of this delivery"),
        ("subject" = Option<String>, Query, description = "By the subject of this token"),
        ("since" = Option<String>, Query, description = "Unix seconds, Unix milliseconds or ISO 8601"),
        ("until" = Option<String>, Query, description = "The same; not before `since`"),
        ("cursor" = Option<String>, Query, description = "The `next_cursor` of the page of the access log before"),
    ),
    responses((status = 200, description = "What was noted", body = AccessPage), QueryRefused, CallerRefused, Failed),
    security(("bearer" = [])),
)]
fn access_log() {}
