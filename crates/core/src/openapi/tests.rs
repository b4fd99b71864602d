//! The document against the code: its routes, limits and examples are those of the parsers and types.

use std::collections::BTreeSet;

use serde_json::{Map, Value, from_value, json};

use super::{document, privacy, push, webhooks};
use crate::clock::Millis;
use crate::delivery::Change;
use crate::notice::endpoint::EndpointChange;
use crate::notice::push::{Subscribe, parse_end};
use crate::notice::webhook::Redelivery;
use crate::rejection::Rejection;
use crate::routes::ROUTES;
use crate::wire::access::AccessPage;
use crate::wire::batch::{BatchAnswer, addressee, updates};
use crate::wire::driver::{
    DriverEntry, DriverState, EmergencyView, parse_duty, parse_emergency, parse_opt_out, parse_order,
};
use crate::wire::fleet::{Fleet, SocketHealth, TrackingStats};
use crate::wire::handover::{parse_code, parse_rating};
use crate::wire::health::Health;
use crate::wire::history::{History, Timeline};
use crate::wire::input::{self, Fields};
use crate::wire::link::{LinkChange, LinkEntry, Links, MadeLink};
use crate::wire::mine::OwnDeliveries;
use crate::wire::problem::Problem;
use crate::wire::report::{REQUEST_FIXES_MAX, Report, Updated, parse_status};
use crate::wire::sign_in::{DriverInvite, Keys, MadeKey, SignedIn, parse_invite, parse_label, parse_sign_in};
use crate::wire::snapshot::Snapshot;
use crate::wire::start::{StartRequest, idempotency_key};
use crate::wire::statistics::DeliveryStats;

fn written() -> Value {
    document().unwrap()
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

/// Path, method and operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = object(&document["paths"]);
    paths
        .iter()
        .flat_map(|(path, methods)| object(methods).iter().map(move |(m, o)| (path.as_str(), m.as_str(), o)))
        .collect()
}

#[test]
fn it_has_each_route_and_no_other() {
    let document = written();
    let documented: BTreeSet<_> = operations(&document)
        .iter()
        .map(|(path, method, _)| (path.to_string(), method.to_uppercase()))
        .collect();
    // HEAD is GET without a body, and a path with or without its last slash is one route.
    let served: BTreeSet<_> = ROUTES
        .iter()
        .filter(|route| {
            !["/ws/tracking", "/log/{protocol}/{key}/", "/log/{protocol}/{key}/{device}"]
                .contains(&route.path)
        })
        .flat_map(|route| route.methods.iter().map(|method| (route.path.to_string(), (*method).to_string())))
        .filter(|(_, method)| method != "HEAD")
        .collect();
    assert_eq!(documented, served);
}

#[test]
fn each_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = written();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    for schema in ["ServerFrame", "ClientFrame", "Snapshot", "Problem", "Location"] {
        assert!(document["components"]["schemas"].get(schema).is_some(), "{schema}");
    }
}

#[test]
fn each_example_of_a_request_is_taken() {
    let document = written();
    let taken = |path: &str, body: &Value| match path {
        "/tracking/start" => StartRequest::parse(body).map(drop),
        "/tracking/update/{id}" => {
            Report::parse(body, Millis(1_704_067_900_000), REQUEST_FIXES_MAX).map(drop)
        }
        "/tracking/{id}/status" => parse_status(body).map(drop),
        "/tracking/batch/status" => updates(body)?.iter().try_for_each(|update| addressee(update).map(drop)),
        "/tracking/{id}/assign" => Change::Assign.command(body, &str::to_owned).map(drop),
        "/tracking/{id}/decline" => Change::Decline.command(body, &str::to_owned).map(drop),
        "/tracking/{id}/cancel" => Change::Cancel.command(body, &str::to_owned).map(drop),
        "/tracking/{id}" => Change::Correct.command(body, &str::to_owned).map(drop),
        "/tracking/{id}/rating" => parse_rating(&Fields::of(body, "body")?).map(drop),
        "/tracking/{id}/proof" => parse_code(&Fields::of(body, "body")?).map(drop),
        "/drivers/{driver_id}/duty" => parse_duty(body).map(drop),
        "/drivers/{driver_id}/deliveries" => parse_order(body).map(drop),
        "/drivers/{driver_id}/device-keys" => parse_label(body).map(drop),
        "/drivers/{driver_id}/invite" => parse_invite(body).map(drop),
        "/drivers/{driver_id}/emergency" => parse_emergency(body).map(drop),
        "/drivers/sign-in" => parse_sign_in(body).map(drop),
        "/tracking/{id}/links" => LinkChange::parse_new(body).map(drop),
        "/tracking/{id}/links/{link_id}" => LinkChange::parse(body).map(drop),
        "/push/subscriptions" if body.get("subscription").is_none() => parse_end(body).map(drop),
        "/push/subscriptions" => Subscribe::parse(body).map(drop),
        "/customers/{customer_id}/privacy" => parse_opt_out(body).map(drop),
        "/webhooks" => EndpointChange::parse_new(body).map(drop),
        "/webhooks/{endpoint_id}" => EndpointChange::parse(body).map(drop),
        "/webhooks/{endpoint_id}/redeliver" => Redelivery::parse(body).map(drop),
        _ => panic!("{path} has no parser here"),
    };
    let mut count = 0;
    for (path, _, operation) in operations(&document) {
        let Some(content) = operation.pointer("/requestBody/content/application~1json") else { continue };
        let named = content
            .get("examples")
            .map(object)
            .into_iter()
            .flat_map(|examples| examples.values().map(|e| &e["value"]));
        for example in content.get("example").into_iter().chain(named) {
            assert_eq!(taken(path, example), Ok(()), "{path}: {example}");
            count += 1;
        }
    }
    assert_eq!(count, 28);
}

#[test]
fn each_answer_has_an_example_that_is_one() {
    let document = written();
    let mut count = 0;
    for (path, method, operation) in operations(&document) {
        for (status, response) in object(&operation["responses"]) {
            for (kind, content) in response.get("content").map(object).into_iter().flatten() {
                let (example, schema) =
                    (&content["example"], content["schema"]["$ref"].as_str().unwrap_or_default());
                let at = format!("{method} {path} {status}");
                // A track has a shape for each format.
                let schema = content["schema"]["anyOf"][0]["$ref"].as_str().unwrap_or(schema);
                match (kind.as_str(), schema.rsplit('/').next().unwrap_or_default()) {
                    ("application/problem+json", _) => {
                        let problem: Problem = from_value(example.clone()).expect(&at);
                        assert_eq!(problem.status.to_string(), *status, "{at}");
                        assert_eq!(problem.counts.is_some(), at == "post /tracking/update/{id} 409", "{at}");
                    }
                    (_, "Snapshot") => drop(from_value::<Snapshot>(example.clone()).expect(&at)),
                    (_, "BatchAnswer") => {
                        drop(from_value::<BatchAnswer>(example.clone()).expect(&at));
                    }
                    (_, "Updated") => drop(from_value::<Updated>(example.clone()).expect(&at)),
                    (_, "History") => drop(from_value::<History>(example.clone()).expect(&at)),
                    (_, "Timeline") => drop(from_value::<Timeline>(example.clone()).expect(&at)),
                    (_, "OwnDeliveries") => drop(from_value::<OwnDeliveries>(example.clone()).expect(&at)),
                    (_, "Health") => drop(from_value::<Health>(example.clone()).expect(&at)),
                    (_, "DriverState") => drop(from_value::<DriverState>(example.clone()).expect(&at)),
                    (_, "Keys") => drop(from_value::<Keys>(example.clone()).expect(&at)),
                    (_, "NewKey") => drop(from_value::<MadeKey>(example.clone()).expect(&at)),
                    (_, "DriverInvite") => drop(from_value::<DriverInvite>(example.clone()).expect(&at)),
                    (_, "SignedIn") => drop(from_value::<SignedIn>(example.clone()).expect(&at)),
                    (_, "LinkEntry") => drop(from_value::<LinkEntry>(example.clone()).expect(&at)),
                    (_, "Links") => drop(from_value::<Links>(example.clone()).expect(&at)),
                    (_, "AccessPage") => drop(from_value::<AccessPage>(example.clone()).expect(&at)),
                    (_, "MadeLink") => drop(from_value::<MadeLink>(example.clone()).expect(&at)),
                    (_, "EmergencyView") => drop(from_value::<EmergencyView>(example.clone()).expect(&at)),
                    (_, "Receipt") => drop(from_value::<privacy::Receipt>(example.clone()).expect(&at)),
                    (_, "PersonErased") => {
                        drop(from_value::<privacy::PersonErased>(example.clone()).expect(&at));
                    }
                    (_, "PersonalData") => {
                        drop(from_value::<privacy::PersonalData>(example.clone()).expect(&at));
                    }
                    (_, "DeliveryStats") => drop(from_value::<DeliveryStats>(example.clone()).expect(&at)),
                    (_, "PushKey") => drop(from_value::<push::PushKey>(example.clone()).expect(&at)),
                    (_, "PushSubscription") => {
                        drop(from_value::<push::PushSubscription>(example.clone()).expect(&at));
                    }
                    (_, "Privacy") => drop(from_value::<privacy::Privacy>(example.clone()).expect(&at)),
                    (_, "EndpointView") => {
                        drop(from_value::<webhooks::EndpointView>(example.clone()).expect(&at))
                    }
                    (_, "EndpointList") => {
                        drop(from_value::<webhooks::EndpointList>(example.clone()).expect(&at))
                    }
                    (_, "AttemptPage") => {
                        drop(from_value::<webhooks::AttemptPage>(example.clone()).expect(&at))
                    }
                    (_, "Redelivered") => {
                        from_value::<webhooks::Redelivered>(example.clone()).map(drop).expect(&at)
                    }
                    (_, "TestSent") => drop(from_value::<webhooks::TestSent>(example.clone()).expect(&at)),
                    (_, "Fleet") => drop(from_value::<Fleet>(example.clone()).expect(&at)),
                    (_, "TrackingStats") => drop(from_value::<TrackingStats>(example.clone()).expect(&at)),
                    (_, "SocketHealth") => drop(from_value::<SocketHealth>(example.clone()).expect(&at)),
                    (_, "Drivers") => {
                        drop(from_value::<Vec<DriverEntry>>(example["drivers"].clone()).expect(&at));
                    }
                    (_, "Emergencies") => {
                        drop(from_value::<Vec<EmergencyView>>(example["emergencies"].clone()).expect(&at));
                    }
                    (
                        "text/html; charset=utf-8"
                        | "application/geo+json"
                        | "application/gpx+xml"
                        | "application/openmetrics-text; version=1.0.0; charset=utf-8"
                        | "text/csv; charset=utf-8; header=present"
                        | "text/xml"
                        | "image/jpeg"
                        | "image/png",
                        _,
                    ) => continue,
                    _ => assert_eq!(path, "/openapi.json"),
                }
                count += 1;
            }
        }
    }
    assert!(count > 30, "{count}");
}

/// A value for each bound of a property: at it, and just beyond.
fn edges(property: &Value) -> (Vec<Value>, Vec<Value>) {
    let (mut within, mut beyond) = (Vec::new(), Vec::new());
    for (bound, step) in [("minimum", -1e-6), ("maximum", 1e-6)] {
        if let Some(limit) = property[bound].as_f64() {
            within.push(json!(limit));
            beyond.push(json!(limit + step));
        }
    }
    if let Some(most) = property["maxLength"].as_u64().filter(|_| property.get("format").is_none()) {
        within.push("ä".repeat(most as usize).into());
        beyond.push("ä".repeat(most as usize + 1).into());
    }
    if property.get("minLength").is_some() {
        beyond.push("".into());
    }
    if let Some(names) = property["enum"].as_array() {
        within.extend(names.iter().filter(|name| !name.is_null()).cloned());
        beyond.push("NOBODY KNOWS IT".into());
    }
    let types = property["type"].as_array().cloned().unwrap_or_else(|| vec![property["type"].clone()]);
    for (name, wrong) in [("string", json!("\u{0}")), ("number", json!("5")), ("object", json!([]))] {
        if types.contains(&json!(name)) {
            beyond.push(wrong);
        }
    }
    (within, beyond)
}

/// Every property of a schema, set to its edges in a body that is right without it.
fn holds(schema: &str, body: &Value, parse: impl Fn(&Value) -> Result<(), Rejection>) {
    let document = written();
    let mut tried = 0;
    for (name, property) in object(&document["components"]["schemas"][schema]["properties"]) {
        let (mut within, beyond) = edges(property);
        let canonical = input::ALIASES
            .iter()
            .find(|(_, others)| others.contains(&name.as_str()))
            .map_or(name.as_str(), |(canonical, _)| canonical);
        if body.get(canonical).is_none() {
            // What is not needed may be null.
            within.push(Value::Null);
        }
        for (values, is_right) in [(within, true), (beyond, false)] {
            for value in values {
                let mut body = body.clone();
                body.as_object_mut().unwrap().remove(canonical);
                if value == "FAILED" {
                    body["reason"] = "x".into();
                }
                body[name] = value;
                tried += 1;
                assert_eq!(parse(&body).is_ok(), is_right, "{schema}.{name}: {body}");
            }
        }
    }
    assert!(tried > 5, "{tried}");
}

#[test]
fn the_limits_are_those_of_the_parsers() {
    let start = |body: &Value| StartRequest::parse(body).map(drop);
    let update = |body: &Value| Report::parse(body, Millis(1_704_067_900_000), REQUEST_FIXES_MAX).map(drop);
    holds("StartRequest", &json!({"order_id": "O", "dropoff_lat": 1, "dropoff_lng": 1}), start);
    holds("UpdateRequest", &json!({"lat": 1, "lng": 1, "status": "PICKED_UP"}), update);
    holds("FixReport", &json!({"lat": 1, "lng": 1}), |body| {
        update(&json!({"location": body, "reason": "x"}))
    });
    holds("StatusReport", &json!({"status": "PICKED_UP"}), |body| parse_status(body).map(drop));
    holds("AssignRequest", &json!({"driver_id": "d"}), |body| {
        Change::Assign.command(body, &str::to_owned).map(drop)
    });
    holds("Correction", &json!({"instructions": "x", "phone": "+233201234567"}), |body| {
        Change::Correct.command(body, &str::to_owned).map(drop)
    });
    holds("RatingReport", &json!({"stars": 1}), |body| {
        parse_rating(&Fields::of(body, "body").unwrap()).map(drop)
    });
    holds("PlaceReport", &json!({"lat": 1, "lng": 1}), |body| {
        start(&json!({"order_id": "O", "dropoff": body}))
    });
}

#[test]
fn batches_and_keys_are_bounded_as_it_says() {
    let document = written();
    let most = document["components"]["schemas"]["UpdateRequest"]["properties"]["locations"]["maxItems"]
        .as_u64()
        .unwrap() as usize;
    let batch = |count| json!({"locations": vec![json!({"lat": 1, "lng": 1}); count]});
    let parse = |body: &Value| Report::parse(body, Millis(0), REQUEST_FIXES_MAX);
    assert!(parse(&batch(most)).is_ok() && parse(&batch(most + 1)).is_err() && parse(&batch(0)).is_err());
    let key = &document["paths"]["/tracking/start"]["post"]["parameters"][0]["schema"];
    let most = key["maxLength"].as_u64().unwrap() as usize;
    assert!(idempotency_key("k".repeat(most)).is_ok() && idempotency_key("k".repeat(most + 1)).is_err());
}
