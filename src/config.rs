//! Everything that a deployment can set. `docs/configuration.md` lists the names and their defaults.

use std::time::Duration;

use onway_core::auth::SECRET_MIN;
use onway_core::auth::claims::TokenRules;
use onway_core::auth::keyring::{FRESH_MS, USABLE_MS};
use onway_core::bucket::{Pace, Places};
use onway_core::delivery::Spans;
use onway_core::outbox::Spacing;
use onway_core::rejection::Rejection;
use onway_core::tracking_id::IdKeys;
use onway_core::visibility::rules::{GivenRules, Rules};
use onway_core::wire::input;
use onway_core::wire::start::Visibility;
use worker::Env;

const HOUR_MS: f64 = 3_600_000.0;

/// What tokens are checked against.
pub struct Trust {
    /// Of HS256.
    pub secret: Option<String>,
    /// Where the identity provider publishes its keys.
    pub keys_url: Option<String>,
    pub keys_fresh_ms: i64,
    issuer: Option<String>,
    audience: Option<String>,
    role_claim: String,
    store_claim: String,
}

impl Trust {
    pub fn rules(&self) -> TokenRules<'_> {
        TokenRules {
            issuer: self.issuer.as_deref(),
            audience: self.audience.as_deref(),
            role_claim: &self.role_claim,
            store_claim: &self.store_claim,
        }
    }
}

/// What a token that is signed here says beside its subject.
pub struct Signing {
    pub secret: String,
    pub lasts_secs: i64,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub role_claim: String,
}

/// Where routes come from.
pub struct Routing {
    /// An engine that speaks OSRM's API, without the path.
    pub url: String,
    pub timeout: Duration,
    /// From one request of a delivery to the next, in ms.
    pub pause: i64,
    /// So long an answer is good for another request of the same way.
    pub cached: Duration,
}

/// Reads configuration where it is used: an unset secret fails what needs it, and nothing else.
pub struct Config<'a> {
    env: &'a Env,
}

impl<'a> Config<'a> {
    pub const fn new(env: &'a Env) -> Self {
        Self { env }
    }

    pub const fn env(&self) -> &'a Env {
        self.env
    }

    /// A variable or secret; `None` where it is unset or empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty())
    }

    /// What tokens are checked against; an error where there is nothing.
    pub fn trust(&self) -> Result<Trust, Rejection> {
        let keys_url = self.text("JWKS_URL");
        let secret = match (self.text("JWT_SECRET"), &keys_url) {
            (None, Some(_)) => None,
            _ => Some(self.secret("JWT_SECRET")?),
        };
        let fresh_ms =
            self.number("JWKS_FRESH_SECONDS").map_or(FRESH_MS, |seconds| (seconds * 1000.0) as i64);
        Ok(Trust {
            secret,
            keys_url,
            keys_fresh_ms: fresh_ms.clamp(1000, USABLE_MS),
            issuer: self.text("JWT_ISSUER"),
            audience: self.text("JWT_AUDIENCE"),
            role_claim: self.text("ROLE_CLAIM").unwrap_or_else(|| "role".into()),
            store_claim: self.text("STORE_CLAIM").unwrap_or_else(|| "store_id".into()),
        })
    }

    pub fn id_keys(&self) -> Result<IdKeys, Rejection> {
        let secret = self.secret("ID_SECRET")?;
        let version = self.number("ID_SECRET_VERSION").map_or(1, |version| version as u8);
        IdKeys::new(version, &secret, self.text("ID_SECRET_PREVIOUS").as_deref())
            .ok_or_else(|| unset("ID_SECRET"))
    }

    pub fn default_visibility(&self) -> Visibility {
        match self.text("DEFAULT_VISIBILITY").as_deref() {
            Some("private") => Visibility::Private,
            _ => Visibility::Public,
        }
    }

    /// What those outside see of deliveries that do not say. One that cannot be read lets none be started: to
    /// leave it out could show more than was meant.
    pub fn visibility_rules(&self) -> Result<Rules, Rejection> {
        let Some(text) = self.text("VISIBILITY_RULES") else { return Ok(Rules::default()) };
        let given = input::json(text.as_bytes()).and_then(|value| GivenRules::parse(&value));
        given
            .map(|given| Rules::default().with(&given))
            .map_err(|wrong| Rejection::Misconfigured(format!("VISIBILITY_RULES cannot be read: {wrong}")))
    }

    pub fn allows_simulated_clock(&self) -> bool {
        self.text("ALLOW_SIM_CLOCK").as_deref() == Some("1")
    }

    pub fn spans(&self) -> Spans {
        let hours = |name, default| (self.number(name).unwrap_or(default) * HOUR_MS) as i64;
        Spans { active: hours("EXPIRE_ACTIVE_HOURS", 24.0), finished: hours("EXPIRE_FINISHED_HOURS", 1.0) }
    }

    /// How the archive is written to.
    pub fn archive_spacing(&self) -> Spacing {
        let millis = |name, default| (self.number(name).unwrap_or(default) * 1000.0) as i64;
        Spacing {
            delay: millis("ARCHIVE_DELAY_S", 5.0),
            retry_first: millis("ARCHIVE_RETRY_FIRST_S", 2.0),
            retry_most: millis("ARCHIVE_RETRY_MOST_S", 600.0),
        }
    }

    /// Whether it is noted who looks.
    pub fn logs_access(&self) -> bool {
        self.text("ACCESS_LOG").as_deref() != Some("off")
    }

    /// So long after somebody looked the archive has it, in ms.
    pub fn access_delay(&self) -> i64 {
        (self.number("ACCESS_LOG_DELAY_S").unwrap_or(900.0) * 1000.0) as i64
    }

    /// An answer of the archive that takes longer is taken for lost.
    pub fn archive_timeout(&self) -> Duration {
        Duration::from_secs_f64(self.number("ARCHIVE_TIMEOUT_S").unwrap_or(20.0).clamp(0.1, 60.0))
    }

    /// The routing engine, where there is one.
    pub fn routing(&self) -> Option<Routing> {
        let url = self
            .text("ROUTING_URL")
            .filter(|url| url.starts_with("https://") || url.starts_with("http://"))?;
        let seconds = |name, default: f64, most| {
            Duration::from_secs_f64(self.number(name).unwrap_or(default).min(most))
        };
        Some(Routing {
            url,
            timeout: seconds("ROUTING_TIMEOUT_S", 5.0, 30.0),
            pause: seconds("ROUTING_PAUSE_S", 60.0, 3_600.0).as_millis() as i64,
            cached: seconds("ROUTING_CACHE_S", 600.0, 86_400.0),
        })
    }

    /// What the tokens of drivers who sign in by a link are signed with.
    pub fn signing(&self) -> Result<Signing, Rejection> {
        Ok(Signing {
            secret: self.secret("JWT_SECRET")?,
            lasts_secs: (self.number("DRIVER_TOKEN_HOURS").unwrap_or(168.0) * 3_600.0) as i64,
            issuer: self.text("JWT_ISSUER"),
            audience: self.text("JWT_AUDIENCE"),
            role_claim: self.text("ROLE_CLAIM").unwrap_or_else(|| "role".into()),
        })
    }

    /// How often the frames of a socket may come.
    pub fn pace(&self) -> Pace {
        let number = |name, default: f64| self.number(name).unwrap_or(default).max(1.0);
        Pace { per_second: number("FRAMES_PER_SECOND", 20.0), burst: number("FRAMES_BURST", 200.0) }
    }

    /// How many sockets a delivery has room for.
    pub fn places(&self) -> Places {
        let number = |name, default: f64| self.number(name).unwrap_or(default) as usize;
        Places {
            public: number("SOCKETS_PUBLIC", 24_000.0),
            others: number("SOCKETS_OTHERS", 1_500.0),
            person: number("SOCKETS_PERSON", 20.0),
        }
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        self.text(name)?.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
    }

    fn secret(&self, name: &str) -> Result<String, Rejection> {
        self.text(name).filter(|secret| secret.len() >= SECRET_MIN).ok_or_else(|| unset(name))
    }
}

fn unset(name: &str) -> Rejection {
    Rejection::Misconfigured(format!(
        "{name} is not set, or shorter than {SECRET_MIN} bytes: put it into .dev.vars, or run `wrangler secret put {name}`"
    ))
}
