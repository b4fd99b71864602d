//! The OpenAPI document. Served as `/openapi.json`; the TypeScript types are generated from it.
//!
//! Answers are described by the types that are serialized, requests by [`input`], which uses the parser's
//! own bounds; the routes are in [`paths`]. Here they are put together with examples.

mod drivers;
mod examples;
mod fleet;
mod handover;
mod input;
mod paths;
mod privacy;
mod push;
mod sharing;
mod sms;
mod statistics;
#[cfg(test)]
mod tests;
mod webhooks;

use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::history::PAGE_POINTS;
use crate::wire::start::{IDEMPOTENCY_KEY_MAX, Mode};

/// What is said of an example of an error.
const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";

/// The document.
pub fn document() -> Result<Value, serde_json::Error> {
    let mut whole = paths::Paths::openapi();
    whole.merge(drivers::Paths::openapi());
    whole.merge(handover::Paths::openapi());
    whole.merge(sharing::Paths::openapi());
    whole.merge(privacy::Paths::openapi());
    whole.merge(push::Paths::openapi());
    whole.merge(fleet::Paths::openapi());
    whole.merge(statistics::Paths::openapi());
    whole.merge(webhooks::Paths::openapi());
    whole.merge(sms::Paths::openapi());
    let mut document = serde_json::to_value(whole)?;
    for (name, schema) in input::schemas()
        .into_iter()
        .chain(drivers::schemas())
        .chain(handover::schemas())
        .chain(sharing::schemas())
        .chain(privacy::schemas())
        .chain(fleet::schemas())
        .chain(webhooks::schemas())
        .chain(push::schemas())
    {
        document["components"]["schemas"][name] = schema;
    }
    flatten_counts(&mut document["components"]["schemas"]);
    for (path, methods) in members(&mut document["paths"]) {
        for (_, operation) in members(methods) {
            may_be_left_out(operation);
            limit(path, operation);
            for parameter in
                operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten()
            {
                bound(parameter);
            }
            for (status, response) in members(&mut operation["responses"]) {
                illustrate(path, status, response)?;
            }
        }
    }
    let body =
        |path: &str| format!("/paths/{}/post/requestBody/content/application~1json", path.replace('/', "~1"));
    for (path, name, example) in [
        ("/tracking/start", "example", examples::start()),
        ("/tracking/update/{id}", "examples", examples::updates()),
        ("/tracking/{id}/status", "examples", examples::status()),
        ("/tracking/batch/status", "example", examples::batch()),
        ("/tracking/{id}/assign", "example", json!({"driver_id": "RIDER-789"})),
        ("/tracking/{id}/decline", "example", json!({"reason": "A flat tyre"})),
        ("/tracking/{id}/cancel", "example", json!({"reason": "Ordered twice"})),
    ] {
        if let Some(body) = document.pointer_mut(&body(path)) {
            body[name] = example;
        }
    }
    let track = &mut document["paths"]["/tracking/{id}/history"]["get"]["responses"]["200"]["content"][JSON]
        ["schema"];
    let points = track.take();
    *track = json!({"anyOf": [points, {"$ref": "#/components/schemas/PolylineHistory"}]});
    // Trackers put positions into a query or a body: one description, three methods.
    let log = document["paths"]["/log/{protocol}/{key}"]["get"].clone();
    for method in ["post", "put"] {
        let mut same = log.clone();
        same["operationId"] = format!("log_positions_by_{method}").into();
        document["paths"]["/log/{protocol}/{key}"][method] = same;
    }
    let opt_out = ("/customers/{customer_id}/privacy", "put", json!({"opt_out": true}));
    for (path, method, example) in drivers::examples()
        .into_iter()
        .chain(handover::examples())
        .chain(sharing::examples())
        .chain(webhooks::examples())
        .chain(push::examples())
        .chain([opt_out])
    {
        document["paths"][path][method]["requestBody"]["content"][JSON]["example"] = example;
    }
    let links = [
        ("update", "/tracking/update/{id}"),
        ("read", "/tracking/{id}"),
        ("set_status", "/tracking/{id}/status"),
    ];
    for (operation, _) in links {
        document["paths"]["/tracking/start"]["post"]["responses"]["201"]["links"][operation] =
            json!({"operationId": operation, "parameters": {"id": "$response.body#/tracking_id"}});
    }
    Ok(document)
}

/// The counts of a problem are there together or not at all: the generator would have them there or null.
fn flatten_counts(schemas: &mut Value) {
    let mut problem = schemas["Problem"]["allOf"][1].take();
    for (name, count) in members(&mut schemas["Counts"]["properties"].clone()) {
        problem["properties"][name] = count.take();
    }
    problem["description"] = schemas["Problem"]["description"].take();
    problem["dependentRequired"] = json!({"accepted": schemas["Counts"]["required"]});
    schemas["Problem"] = problem;
}

/// A body that may be left out is an object where it is not: the generator would have it null, too.
fn may_be_left_out(operation: &mut Value) {
    if let Some(schema) = operation.pointer_mut("/requestBody/content/application~1json/schema")
        && let Some(body) = schema.pointer_mut("/oneOf/0").map(Value::take)
    {
        *schema = body;
    }
}

/// What is limited by rate says so. A tracker hears it in its own words.
fn limit(path: &str, operation: &mut Value) {
    if operation["responses"].get("401").is_some() && !path.starts_with("/log/") {
        operation["responses"]["429"] = json!({
            "description": "Too often; again after `Retry-After`.",
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        });
    }
}

/// What a parameter may be, where the type alone does not say it.
fn bound(parameter: &mut Value) {
    let schema = match parameter["name"].as_str() {
        Some("id") => json!({"type": "string", "format": "tracking-id", "pattern": "^TRK-[A-Z2-7]{40}$"}),
        Some("Idempotency-Key") => {
            json!({"type": "string", "format": "idempotency-key", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_MAX})
        }
        Some("link") => {
            json!({"type": "string", "format": "link", "pattern": "^TRK-[A-Z2-7]{40}[.][A-Za-z0-9_-]{22}$"})
        }
        Some("max_points") => json!({"type": "integer", "minimum": 2, "maximum": PAGE_POINTS}),
        Some("from" | "to") => input::time(),
        Some("store_id" | "driver_id") if parameter["in"] == "query" => {
            json!({"type": "string", "minLength": 1, "maxLength": 128})
        }
        Some("mode") => json!({"type": "string", "enum": Mode::ALL.map(|(_, name)| name)}),
        Some("since" | "until") if parameter["schema"]["minimum"].is_null() => input::time(),
        Some("outcome") => json!({"type": "string", "enum": ["delivered", "failed"]}),
        Some("cursor")
            if parameter["description"]
                .as_str()
                .is_some_and(|said| said.contains("access log") || said.contains("attempts")) =>
        {
            json!({"type": "string", "format": "access-cursor"})
        }
        Some("cursor") if parameter["description"].as_str().is_some_and(|said| said.contains("fleet")) => {
            json!({"type": "string", "format": "tracking-id"})
        }
        Some("cursor") => json!({"type": "string", "format": "cursor"}),
        Some("bbox") => json!({"type": "string", "format": "bbox"}),
        Some("status") => json!({"type": "string", "format": "statuses"}),
        Some("limit") => json!({"type": "integer", "minimum": 1, "maximum": 500}),
        Some("near") => {
            json!({"type": "string", "format": "near", "pattern": "^-?[0-9]+([.][0-9]+)?,-?[0-9]+([.][0-9]+)?$"})
        }
        Some("kind") => json!({"type": "string", "enum": ["photo", "signature"]}),
        Some("available") => json!({"type": "string", "enum": ["true", "false"]}),
        Some("format") if parameter["description"].as_str().is_some_and(|said| said.contains("CSV")) => {
            json!({"type": "string", "enum": ["json", "csv"]})
        }
        Some("format") => json!({"type": "string", "enum": ["json", "geojson", "gpx", "polyline"]}),
        // Null is no query and no header.
        _ => match parameter["schema"]["type"].take() {
            Value::Array(types) => {
                json!({"type": types.first(), "minimum": parameter["schema"].get("minimum")})
            }
            other => json!({"type": other}),
        },
    };
    parameter["schema"] = schema;
    if parameter["schema"]["minimum"].is_null()
        && let Some(schema) = parameter["schema"].as_object_mut()
    {
        schema.remove("minimum");
    }
    if parameter["in"] == "path" {
        parameter["example"] = match parameter["name"].as_str() {
            Some("id") => examples::TRACKING_ID.into(),
            Some("proof_id") => "9f86d081884c7d659a2feaa0".into(),
            Some("driver_id") => "RIDER-789".into(),
            Some("link") => format!("{}.c2VjcmV0c2VjcmV0c2Vjcg", examples::TRACKING_ID).into(),
            Some("customer_id") => "CUST-42".into(),
            Some("store_id") => "STORE-1".into(),
            Some("protocol") => "traccar".into(),
            _ => "AQ".into(),
        };
    }
}

/// Adds an example and the headers to an answer.
fn illustrate(path: &str, status: &str, response: &mut Value) -> Result<(), serde_json::Error> {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    match status {
        "201" if path == "/tracking/start" => {
            response["headers"]["Location"] = text("The path of the delivery")
        }
        "429" | "503" => response["headers"]["Retry-After"] = text("Seconds"),
        "401" => response["headers"]["WWW-Authenticate"] = text("`Bearer`"),
        "200" | "304" if path == "/tracking/{id}" => {
            response["headers"]["ETag"] = text("Weak: epoch, seq, audience and location state");
        }
        _ => {}
    }
    let Some(content) = response.get_mut("content") else { return Ok(()) };
    if let Some(problem) = content.get_mut(PROBLEM) {
        let counts = status == "409" && path == "/tracking/update/{id}";
        problem["example"] =
            serde_json::to_value(examples::problem(status.parse().unwrap_or_default(), counts))?;
    } else if let Some(json) = content.get_mut(JSON)
        && let Some(example) =
            json["schema"]["$ref"].as_str().and_then(|schema| match schema.rsplit('/').next() {
                Some("Snapshot") => Some(examples::snapshot()),
                Some("BatchAnswer") => Some(examples::batch_answer()),
                Some("Updated") => Some(examples::updated()),
                Some("History") => Some(examples::history()),
                Some("Timeline") => Some(examples::timeline()),
                Some("Health") => Some(examples::health()),
                Some("OwnDeliveries") => Some(handover::answer()),
                Some("PolylineHistory") => Some(examples::polyline()),
                Some(other) => drivers::answer(other)
                    .or_else(|| sharing::answer(other))
                    .or_else(|| privacy::answer(other))
                    .or_else(|| push::answer(other))
                    .or_else(|| statistics::answer(other))
                    .or_else(|| fleet::answer(other))
                    .or_else(|| webhooks::answer(other)),
                None => None,
            })
    {
        json["example"] = example;
    }
    Ok(())
}

fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}
