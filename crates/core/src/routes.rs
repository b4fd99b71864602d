//! Which path and method ask for what: one table, for the Worker that serves it and for the OpenAPI
//! document that describes it.

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
    History,
    Timeline,
    /// The page of a delivery.
    Page,
    FollowByQuery,
    Follow,
}

/// A path, of which one segment may be `{id}`, and its methods.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub path: &'static str,
    pub methods: &'static [&'static str],
    pub endpoint: Endpoint,
}

const READ: &[&str] = &["GET", "HEAD"];
const WRITE: &[&str] = &["POST"];

/// Every route. Of two that fit a path the first is taken.
pub const ROUTES: [Route; 13] = [
    Route { path: "/", methods: READ, endpoint: Endpoint::Landing },
    Route { path: "/health", methods: READ, endpoint: Endpoint::Health },
    Route { path: "/openapi.json", methods: READ, endpoint: Endpoint::Document },
    Route { path: "/tracking/start", methods: WRITE, endpoint: Endpoint::Start },
    Route { path: "/tracking/update/{id}", methods: WRITE, endpoint: Endpoint::Update },
    Route { path: "/tracking/{id}", methods: READ, endpoint: Endpoint::Read },
    Route { path: "/tracking/{id}/status", methods: WRITE, endpoint: Endpoint::SetStatus },
    Route { path: "/tracking/{id}/history", methods: READ, endpoint: Endpoint::History },
    Route { path: "/tracking/{id}/events", methods: READ, endpoint: Endpoint::Timeline },
    Route { path: "/track/{id}", methods: READ, endpoint: Endpoint::Page },
    Route { path: "/ws/tracking/", methods: READ, endpoint: Endpoint::FollowByQuery },
    Route { path: "/ws/tracking", methods: READ, endpoint: Endpoint::FollowByQuery },
    Route { path: "/ws/tracking/{id}", methods: READ, endpoint: Endpoint::Follow },
];

impl Route {
    /// What stands for `{id}` in `path`, empty where the route has none; `None` where the path is another.
    fn id_in<'p>(&self, path: &'p str) -> Option<&'p str> {
        let Some((before, after)) = self.path.split_once("{id}") else {
            return (self.path == path).then_some("");
        };
        let id = path.strip_prefix(before)?.strip_suffix(after)?;
        (!id.is_empty() && !id.contains('/')).then_some(id)
    }
}

/// The endpoint that a request asks for, and the id in its path, as it was sent: no escape is undone, since
/// no id that we give out has one.
pub fn find<'p>(method: &str, path: &'p str) -> Result<(Endpoint, &'p str), Rejection> {
    let fitting = ROUTES.iter().find_map(|route| Some((route, route.id_in(path)?)));
    let (route, id) = fitting.ok_or_else(|| {
        Rejection::NotFound("there is nothing here; /openapi.json lists what there is".into())
    })?;
    if route.methods.contains(&method) {
        return Ok((route.endpoint, id));
    }
    Err(Rejection::MethodNotAllowed { method: method.into(), allowed: route.methods.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_is_found_by_each_of_its_methods() {
        for Route { path, methods, endpoint } in ROUTES {
            let path = path.replace("{id}", "TRK-X");
            let id = if path.contains("TRK-X") { "TRK-X" } else { "" };
            for method in methods {
                assert_eq!(find(method, &path), Ok((endpoint, id)), "{method} {path}");
            }
        }
    }

    #[test]
    fn a_path_that_nearly_fits_is_none() {
        for path in [
            "",
            "//",
            "/health/",
            "/tracking",
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
            ("DELETE", "/tracking/a", "GET, HEAD"),
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
