//! What every answer says to a browser beside its content.

use onway_core::origins::{Origins, PREFLIGHT_SECS, READ_HEADERS, SENT_HEADERS, content_policy};
use onway_core::rejection::Rejection;
use onway_core::routes;
use web_sys::Url;
use worker::{Headers, Request, Response, Result};

use crate::config::Config;
use crate::problem::ours;

/// What of a request decides the headers of its answer.
pub struct Asked {
    origin: Option<String>,
    is_secure: bool,
    listed: Option<String>,
}

impl Asked {
    pub fn of(request: &Request, config: &Config<'_>) -> Result<Self> {
        Ok(Self {
            origin: request.headers().get("Origin")?,
            is_secure: request.inner().url().starts_with("https:"),
            listed: config.text("CORS_ORIGINS"),
        })
    }

    /// The origin of a page of somebody else's that may use the service.
    fn guest(&self) -> Option<&str> {
        let origin = self.origin.as_deref()?;
        Origins(self.listed.as_deref()?).list(origin).then_some(origin)
    }

    /// The answer to a preflight of a page that may ask; any other `OPTIONS` is a method like others.
    pub fn preflight(&self, request: &Request) -> Result<Option<Response>> {
        let asks = request.inner().method() == "OPTIONS"
            && request.headers().has("Access-Control-Request-Method")?;
        if !asks || self.guest().is_none() {
            return Ok(None);
        }
        // No route has this method: the refusal says which it has.
        let Err(Rejection::MethodNotAllowed { allowed, .. }) = routes::find("OPTIONS", &request.path())
        else {
            return Ok(None);
        };
        let response = Response::empty()?.with_status(204);
        let headers = response.headers();
        headers.set("Access-Control-Allow-Methods", &allowed)?;
        headers.set("Access-Control-Allow-Headers", SENT_HEADERS)?;
        headers.set("Access-Control-Max-Age", &PREFLIGHT_SECS.to_string())?;
        self.dress(response).map(Some)
    }

    /// Adds the headers. Those of an answer that comes from elsewhere cannot be changed: it gets a copy.
    pub fn dress(&self, response: Response) -> Result<Response> {
        if response.status_code() == 101 {
            return Ok(response);
        }
        let headers = Headers::new();
        for (name, value) in response.headers().entries() {
            headers.append(&name, &value)?;
        }
        headers.set("X-Content-Type-Options", "nosniff")?;
        headers.set("Cross-Origin-Resource-Policy", "same-origin")?;
        if !headers.has("Referrer-Policy")? {
            headers.set("Referrer-Policy", "strict-origin-when-cross-origin")?;
        }
        if self.is_secure {
            headers.set("Strict-Transport-Security", "max-age=31536000")?;
        }
        if self.listed.is_some() {
            headers.append("Vary", "Origin")?;
        }
        if let Some(origin) = self.guest() {
            headers.set("Access-Control-Allow-Origin", origin)?;
            headers.set("Access-Control-Expose-Headers", READ_HEADERS)?;
        }
        Ok(response.with_headers(headers))
    }
}

/// Refuses a socket to the page of an origin that is neither ours nor listed.
pub fn admit_origin(request: &Request, config: &Config<'_>) -> std::result::Result<(), Rejection> {
    let asked = Asked::of(request, config).map_err(ours)?;
    let host = url(request)?.host();
    if Origins(asked.listed.as_deref().unwrap_or_default()).may_connect(asked.origin.as_deref(), &host) {
        return Ok(());
    }
    Err(Rejection::Forbidden("pages of this origin may not connect: see CORS_ORIGINS".into()))
}

/// What the page at the path of this request may do. Only the driver's reads a position.
pub fn for_page(
    request: &Request,
    config: &Config<'_>,
) -> std::result::Result<[(&'static str, String); 3], Rejection> {
    let url = url(request)?;
    let scheme = if url.protocol() == "https:" { "wss" } else { "ws" };
    let style =
        config.text("MAP_STYLE_URL").and_then(|style| Url::new(&style).ok()).map(|style| style.origin());
    let others = config.text("MAP_ORIGINS").unwrap_or_default();
    let maps = style.as_deref().into_iter().chain(others.split_whitespace());
    // What could end the list of a directive is no origin.
    let maps: Vec<_> = maps.filter(|map| !map.contains([';', ','])).map(|map| format!(" {map}")).collect();
    let drives = url.pathname().starts_with("/drive");
    Ok([
        ("Content-Security-Policy", content_policy(&format!("{scheme}://{}", url.host()), &maps)),
        ("Permissions-Policy", if drives { DRIVES } else { NOTHING }.into()),
        ("Cross-Origin-Opener-Policy", "same-origin".into()),
    ])
}

const DRIVES: &str =
    "geolocation=(self), screen-wake-lock=(self), camera=(), microphone=(), payment=(), usb=()";
const NOTHING: &str = "geolocation=(), camera=(), microphone=(), payment=(), usb=()";

fn url(request: &Request) -> std::result::Result<Url, Rejection> {
    Url::new(&request.inner().url()).map_err(|error| ours(error.into()))
}
