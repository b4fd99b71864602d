//! Which path and method ask for what: one table, for the Worker that serves it and for the OpenAPI
//! document that describes it.

use crate::delivery::Change;
use crate::rejection::Rejection;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The landing page.
    Landing,
    Health,
    /// The OpenAPI document.
    Document,
    Start,
    Update,
    Read,
    SetStatus,
    SetStatuses,
    /// Who drives, and what is wrong.
    Change(Change),
    History,
    Timeline,
    /// How the customer found it.
    Rate,
    /// A proof that it was handed over.
    Prove,
    /// The image of a proof.
    Proof,
    /// A customer's own deliveries.
    Mine,
    MinePage,
    /// Share links.
    Links,
    Link,
    /// The page of a delivery.
    Page,
    /// The same by a share link.
    SharedPage,
    FollowByQuery,
    Follow,
    /// The driver's line.
    DriverLine,
    /// A driver and its active deliveries.
    Driver,
    Drivers,
    Duty,
    Order,
    Keys,
    Key,
    Invite,
    SignIn,
    RaiseEmergency,
    Emergencies,
    AcknowledgeEmergency,
    AccessLog,
    DeliveryStats,
    Metrics,
    /// Positions from a phone tracker.
    Log,
    /// What somebody writes back who was sent a text.
    TwilioReply,
    /// One delivery's.
    PersonalData,
    CustomerData,
    DriverData,
    /// What a customer wants of its data.
    Privacy,
    /// Deliveries of all, or of a store.
    Fleet,
    FollowFleet,
    FollowStore,
    TrackingStats,
    SocketHealth,
    /// Who is told of deliveries by webhook.
    Webhooks,
    Webhook,
    WebhookAttempts,
    Redeliver,
    TestWebhook,
    /// The driver's app.
    DrivePage,
    DispatchPage,
    StorePage,
    /// Of webhooks.
    IntegrationsPage,
    ConnectPage,
    /// Under which key push messages are sent.
    PushKey,
    PushSubscriptions,
}

/// A path, of which segments in braces stand for any, and its methods.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub path: &'static str,
    pub methods: &'static [&'static str],
    pub endpoint: Endpoint,
}

const READ: &[&str] = &["GET", "HEAD"];
const WRITE: &[&str] = &["POST"];
const READ_WRITE: &[&str] = &["GET", "HEAD", "POST"];
const REPLACE: &[&str] = &["PUT"];
const CORRECT: &[&str] = &["PATCH"];
const DELETE: &[&str] = &["DELETE"];
const WRITE_DELETE: &[&str] = &["POST", "DELETE"];
const CHANGE: &[&str] = &["PATCH", "DELETE"];
const READ_CHANGE: &[&str] = &["GET", "HEAD", "PATCH", "DELETE"];
const READ_DELETE: &[&str] = &["GET", "HEAD", "DELETE"];
/// Trackers put positions into a query or a body.
const LOG: &[&str] = &["GET", "POST", "PUT"];

/// Every route. Of two that fit a path the one with fewer parameters is taken.
pub const ROUTES: &[Route] = &[
    Route { path: "/", methods: READ, endpoint: Endpoint::Landing },
    Route { path: "/health", methods: READ, endpoint: Endpoint::Health },
    Route { path: "/openapi.json", methods: READ, endpoint: Endpoint::Document },
    Route { path: "/tracking/start", methods: WRITE, endpoint: Endpoint::Start },
    Route { path: "/tracking/update/{id}", methods: WRITE, endpoint: Endpoint::Update },
    Route { path: "/tracking/{id}", methods: READ, endpoint: Endpoint::Read },
    Route { path: "/tracking/batch/status", methods: WRITE, endpoint: Endpoint::SetStatuses },
    Route { path: "/tracking/{id}/status", methods: WRITE, endpoint: Endpoint::SetStatus },
    Route { path: "/tracking/{id}", methods: CORRECT, endpoint: Endpoint::Change(Change::Correct) },
    Route { path: "/tracking", methods: READ, endpoint: Endpoint::Mine },
    change("/tracking/{id}/assign", Change::Assign),
    change("/tracking/{id}/unassign", Change::Unassign),
    change("/tracking/{id}/accept", Change::Accept),
    change("/tracking/{id}/decline", Change::Decline),
    change("/tracking/{id}/cancel", Change::Cancel),
    Route { path: "/tracking/{id}/rating", methods: WRITE, endpoint: Endpoint::Rate },
    Route { path: "/tracking/{id}/proof", methods: WRITE, endpoint: Endpoint::Prove },
    Route { path: "/tracking/{id}/proof/{proof_id}", methods: READ, endpoint: Endpoint::Proof },
    Route { path: "/tracking/{id}/history", methods: READ, endpoint: Endpoint::History },
    Route { path: "/tracking/{id}/events", methods: READ, endpoint: Endpoint::Timeline },
    Route { path: "/deliveries", methods: READ, endpoint: Endpoint::MinePage },
    Route { path: "/tracking/{id}/links", methods: READ_WRITE, endpoint: Endpoint::Links },
    Route { path: "/tracking/{id}/links/{link_id}", methods: CHANGE, endpoint: Endpoint::Link },
    Route { path: "/track/{id}", methods: READ, endpoint: Endpoint::Page },
    Route { path: "/s/{link}", methods: READ, endpoint: Endpoint::SharedPage },
    Route { path: "/ws/tracking/", methods: READ, endpoint: Endpoint::FollowByQuery },
    Route { path: "/ws/tracking", methods: READ, endpoint: Endpoint::FollowByQuery },
    Route { path: "/ws/tracking/{id}", methods: READ, endpoint: Endpoint::Follow },
    Route { path: "/ws/driver/{driver_id}", methods: READ, endpoint: Endpoint::DriverLine },
    Route { path: "/tracking/driver/{driver_id}", methods: READ, endpoint: Endpoint::Driver },
    Route { path: "/tracking/rider/{driver_id}", methods: READ, endpoint: Endpoint::Driver },
    Route { path: "/drivers", methods: READ, endpoint: Endpoint::Drivers },
    Route { path: "/drivers/sign-in", methods: WRITE, endpoint: Endpoint::SignIn },
    Route { path: "/drivers/{driver_id}/duty", methods: REPLACE, endpoint: Endpoint::Duty },
    Route { path: "/drivers/{driver_id}/deliveries", methods: REPLACE, endpoint: Endpoint::Order },
    Route { path: "/drivers/{driver_id}/device-keys", methods: READ_WRITE, endpoint: Endpoint::Keys },
    Route { path: "/drivers/{driver_id}/device-keys/{key_id}", methods: DELETE, endpoint: Endpoint::Key },
    Route { path: "/drivers/{driver_id}/invite", methods: WRITE, endpoint: Endpoint::Invite },
    Route { path: "/drivers/{driver_id}/emergency", methods: WRITE, endpoint: Endpoint::RaiseEmergency },
    Route { path: "/emergencies", methods: READ, endpoint: Endpoint::Emergencies },
    Route {
        path: "/emergencies/{emergency_id}/acknowledge",
        methods: WRITE,
        endpoint: Endpoint::AcknowledgeEmergency,
    },
    Route { path: "/access-log", methods: READ, endpoint: Endpoint::AccessLog },
    Route { path: "/stats/deliveries", methods: READ, endpoint: Endpoint::DeliveryStats },
    Route { path: "/metrics", methods: READ, endpoint: Endpoint::Metrics },
    Route { path: "/log/{protocol}/{key}", methods: LOG, endpoint: Endpoint::Log },
    Route { path: "/log/{protocol}/{key}/", methods: LOG, endpoint: Endpoint::Log },
    Route { path: "/log/{protocol}/{key}/{device}", methods: LOG, endpoint: Endpoint::Log },
    Route { path: "/sms/twilio", methods: WRITE, endpoint: Endpoint::TwilioReply },
    Route { path: "/tracking/{id}/personal-data", methods: DELETE, endpoint: Endpoint::PersonalData },
    Route {
        path: "/customers/{customer_id}/personal-data",
        methods: READ_DELETE,
        endpoint: Endpoint::CustomerData,
    },
    Route {
        path: "/drivers/{driver_id}/personal-data",
        methods: READ_DELETE,
        endpoint: Endpoint::DriverData,
    },
    Route { path: "/customers/{customer_id}/privacy", methods: REPLACE, endpoint: Endpoint::Privacy },
    Route { path: "/fleet", methods: READ, endpoint: Endpoint::Fleet },
    Route { path: "/ws/fleet", methods: READ, endpoint: Endpoint::FollowFleet },
    Route { path: "/ws/store/{store_id}", methods: READ, endpoint: Endpoint::FollowStore },
    Route { path: "/stats/tracking", methods: READ, endpoint: Endpoint::TrackingStats },
    Route { path: "/health/socket", methods: READ, endpoint: Endpoint::SocketHealth },
    Route { path: "/webhooks", methods: READ_WRITE, endpoint: Endpoint::Webhooks },
    Route { path: "/webhooks/{endpoint_id}", methods: READ_CHANGE, endpoint: Endpoint::Webhook },
    Route { path: "/webhooks/{endpoint_id}/attempts", methods: READ, endpoint: Endpoint::WebhookAttempts },
    Route { path: "/webhooks/{endpoint_id}/redeliver", methods: WRITE, endpoint: Endpoint::Redeliver },
    Route { path: "/webhooks/{endpoint_id}/test", methods: WRITE, endpoint: Endpoint::TestWebhook },
    Route { path: "/drive", methods: READ, endpoint: Endpoint::DrivePage },
    Route { path: "/dispatch", methods: READ, endpoint: Endpoint::DispatchPage },
    Route { path: "/store", methods: READ, endpoint: Endpoint::StorePage },
    Route { path: "/integrations", methods: READ, endpoint: Endpoint::IntegrationsPage },
    Route { path: "/drive/connect", methods: READ, endpoint: Endpoint::ConnectPage },
    Route { path: "/push/key", methods: READ, endpoint: Endpoint::PushKey },
    Route { path: "/push/subscriptions", methods: WRITE_DELETE, endpoint: Endpoint::PushSubscriptions },
];

const fn change(path: &'static str, asked: Change) -> Route {
    Route { path, methods: WRITE, endpoint: Endpoint::Change(asked) }
}

impl Route {
    /// What stands for the segments in braces; `None` where the path is another.
    fn parameters<'p>(&self, path: &'p str) -> Option<Parameters<'p>> {
        let mut found = Parameters::default();
        let mut places = found.iter_mut();
        let mut segments = path.split('/');
        for expected in self.path.split('/') {
            let segment = segments.next()?;
            if expected.starts_with('{') {
                *places.next()? = Some(segment).filter(|segment| !segment.is_empty())?;
            } else if expected != segment {
                return None;
            }
        }
        segments.next().is_none().then_some(found)
    }
}

/// What stands for the segments in braces, in order, as it was sent: no escape is undone. Empty where the route
/// has none.
pub type Parameters<'p> = [&'p str; 3];

/// The endpoint that a request asks for, and the parameters in its path.
pub fn find<'p>(method: &str, path: &'p str) -> Result<(Endpoint, Parameters<'p>), Rejection> {
    let fitting = || ROUTES.iter().filter_map(|route| Some((route, route.parameters(path)?)));
    // A route without parameters is meant before one that takes any segment in the same place.
    let (meant, _) = fitting().min_by_key(|(route, _)| route.path.matches('{').count()).ok_or_else(|| {
        Rejection::NotFound("there is nothing here; /openapi.json lists what there is".into())
    })?;
    let mut there = fitting().filter(|(route, _)| route.path == meant.path);
    if let Some((route, found)) = there.find(|(route, _)| route.methods.contains(&method)) {
        return Ok((route.endpoint, found));
    }
    let methods = ROUTES.iter().filter(|route| route.path == meant.path).flat_map(|route| route.methods);
    let allowed = methods.copied().collect::<Vec<_>>().join(", ");
    Err(Rejection::MethodNotAllowed { method: method.into(), allowed })
}

/// The path of the route that a request asks for, without what its parameters are; `-` where there is none.
pub fn named(method: &str, path: &str) -> &'static str {
    let found = find(method, path).ok().map(|(endpoint, _)| endpoint);
    ROUTES.iter().find(|route| Some(route.endpoint) == found).map_or("-", |route| route.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_is_found_by_each_of_its_methods() {
        for Route { path, methods, endpoint } in ROUTES {
            let names: Vec<_> = path.split('/').filter(|segment| segment.starts_with('{')).collect();
            let mut expected = [""; 3];
            expected[..names.len()].copy_from_slice(&names);
            for method in *methods {
                assert_eq!(find(method, path), Ok((*endpoint, expected)), "{method} {path}");
            }
        }
    }

    #[test]
    fn a_path_that_nearly_fits_is_none() {
        for path in [
            "",
            "//",
            "/health/",
            "/tracking/",
            "/tracking//status",
            "/tracking/a/b",
            "/tracking/a/status/",
            "/tracking/update/",
            "/TRACKING/a",
            "tracking/a",
            "/ws/tracking//",
        ] {
            assert!(matches!(find("GET", path), Err(Rejection::NotFound(_))), "{path}");
        }
    }

    #[test]
    fn another_method_hears_which_there_are() {
        for (method, path, expected) in [
            ("DELETE", "/tracking/a", "GET, HEAD, PATCH"),
            ("GET", "/tracking/start", "POST"),
            ("OPTIONS", "/tracking/update/a", "POST"),
            ("get", "/health", "GET, HEAD"),
        ] {
            match find(method, path) {
                Err(Rejection::MethodNotAllowed { allowed, .. }) => assert_eq!(allowed, expected, "{path}"),
                other => panic!("{method} {path} gave {other:?}"),
            }
        }
    }
}
