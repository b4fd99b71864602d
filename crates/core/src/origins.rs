//! What a browser is told: which other origins' pages may use the service, and what our own pages may load.

/// How long a browser may remember what a preflight said, in seconds: the most that Chromium keeps.
pub const PREFLIGHT_SECS: u32 = 7_200;
/// What a page of another origin may send.
pub const SENT_HEADERS: &str = "Authorization, Content-Type, Idempotency-Key, If-None-Match";
/// What it may read, beside what any may.
pub const READ_HEADERS: &str = "ETag, Location, Retry-After";

/// The origins that a deployment lists, separated by commas or spaces; `*` stands for all.
#[derive(Clone, Copy, Debug)]
pub struct Origins<'a>(pub &'a str);

impl Origins<'_> {
    /// Whether the pages of another origin may use the service.
    pub fn list(self, origin: &str) -> bool {
        let listed = self.0.split([',', ' ']).filter(|listed| !listed.is_empty());
        let mut listed = listed.map(|listed| listed.trim_end_matches('/'));
        !origin.is_empty() && listed.any(|listed| listed == "*" || listed.eq_ignore_ascii_case(origin))
    }

    /// Whether a page of this origin may open a socket to `host`: our own, and those listed. What is no browser
    /// names no origin. A proxy may have taken TLS off, so that the scheme is not compared.
    pub fn may_connect(self, origin: Option<&str>, host: &str) -> bool {
        let Some(origin) = origin else { return true };
        let own = origin.split_once("://").is_some_and(|(_, named)| named.eq_ignore_ascii_case(host));
        own || self.list(origin)
    }
}

/// What a page of ours may load: its own files, its own service, and the map from these origins. `sockets` is the
/// origin of our sockets: not every browser counts it as the page's own.
pub fn content_policy(sockets: &str, maps: &[String]) -> String {
    let maps = maps.concat();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:{maps}; \
         connect-src 'self' {sockets}{maps}; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_origin_and_those_listed_may_connect() {
        let origins = Origins("https://shop.example, capacitor://localhost http://127.0.0.1:3000/");
        for (origin, expected) in [
            (None, true),
            (Some("https://onway.example"), true),
            (Some("http://ONWAY.example"), true),
            (Some("https://shop.example"), true),
            (Some("capacitor://localhost"), true),
            (Some("http://127.0.0.1:3000"), true),
            (Some("http://shop.example"), false),
            (Some("https://shop.example.evil"), false),
            (Some("https://onway.example:8443"), false),
            (Some("https://evil.example"), false),
            (Some("null"), false),
            (Some(""), false),
        ] {
            assert_eq!(origins.may_connect(origin, "onway.example"), expected, "{origin:?}");
        }
        assert!(!Origins("").list("https://shop.example"));
        assert!(!Origins(", ").list(""));
        assert!(Origins("*").list("https://any.example"));
    }

    #[test]
    fn no_page_runs_a_script_that_is_not_a_file_of_ours() {
        let policy = content_policy("wss://onway.example", &[" https://tiles.example".into()]);
        assert!(
            policy.contains("script-src 'self';") && policy.starts_with("default-src 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("connect-src 'self' wss://onway.example https://tiles.example;"), "{policy}");
    }
}
