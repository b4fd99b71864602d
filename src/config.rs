//! Everything that a deployment can set. `docs/configuration.md` lists the names and their defaults.

use std::time::Duration;

use onway_core::auth::SECRET_MIN;
use onway_core::auth::claims::TokenRules;
use onway_core::auth::keyring::{FRESH_MS, USABLE_MS};
use onway_core::bucket::{Pace, Places};
use onway_core::delivery::{Spans, Thresholds};
use onway_core::fleet;
use onway_core::geofence::{Fences, GivenFences};
use onway_core::notice::message::RETRIES;
use onway_core::notice::push::{self, Vapid};
use onway_core::notice::sms::twilio::Twilio;
use onway_core::notice::sms::{self, Provider};
use onway_core::notice::webhook::retries;
use onway_core::outbox::Spacing;
use onway_core::rejection::Rejection;
use onway_core::tracking_id::IdKeys;
use onway_core::visibility::rules::{GivenRules, Rules};
use onway_core::wire::input;
use onway_core::wire::start::Visibility;
use worker::Env;

use crate::log;

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

/// Through what text messages are sent, which, and how many on a day.
pub struct Sms {
    pub provider: Box<dyn Provider>,
    pub rules: sms::Rules,
    pub per_number: f64,
    pub per_starter: f64,
    pub per_store: f64,
    pub per_day: f64,
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

    /// How near is near, for deliveries that do not say.
    pub fn geofences(&self) -> Result<Fences, Rejection> {
        let Some(text) = self.text("GEOFENCES") else { return Ok(Fences::default()) };
        let given = input::json(text.as_bytes()).and_then(|value| GivenFences::parse(&value));
        given
            .map(|given| Fences::default().with(&given))
            .map_err(|wrong| Rejection::Misconfigured(format!("GEOFENCES cannot be read: {wrong}")))
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

    /// When something is worth telling.
    pub fn thresholds(&self) -> Thresholds {
        let usual = Thresholds::default();
        let millis = |name, default| self.number(name).map_or(default, |seconds| (seconds * 1000.0) as i64);
        Thresholds {
            delay: millis("DELAYED_AFTER_S", usual.delay),
            eta: millis("ETA_CHANGED_S", usual.eta),
            silence: millis("SILENT_AFTER_S", usual.silence),
        }
    }

    /// Whether what is told may go to this machine and without TLS: for development.
    pub fn allows_local_endpoints(&self) -> bool {
        self.text("ALLOW_LOCAL_ENDPOINTS").as_deref() == Some("1")
    }

    /// From one attempt of a webhook to the next, in seconds.
    pub fn webhook_retries(&self) -> Vec<u32> {
        self.retries("WEBHOOK_RETRIES_S").unwrap_or_else(|| RETRIES.to_vec())
    }

    fn retries(&self, name: &str) -> Option<Vec<u32>> {
        let read = retries(&self.text(name)?);
        if read.is_none() {
            log::error(
                "config",
                format!("{name} must be seconds, separated by commas: the usual ones are taken"),
            );
        }
        read
    }

    /// So long an isolate believes to know the endpoints, in ms.
    pub fn webhooks_cache(&self) -> i64 {
        (self.number("WEBHOOKS_CACHE_S").unwrap_or(10.0).min(60.0) * 1000.0) as i64
    }

    /// Where the operator's own system hears of each status of an order, without its last slash.
    pub fn order_service(&self) -> Option<String> {
        self.text("ORDER_SERVICE_URL").map(|url| url.trim_end_matches('/').to_owned())
    }

    /// Where everybody reaches this deployment, without its last slash.
    pub fn public_url(&self) -> Option<String> {
        self.text("PUBLIC_URL").map(|url| url.trim_end_matches('/').to_owned())
    }

    /// How text messages are sent; `None` where none are.
    pub fn sms(&self) -> Result<Option<Sms>, Rejection> {
        let Some(provider) = self.text("SMS_PROVIDER") else { return Ok(None) };
        if provider != "twilio" {
            return Err(Rejection::Misconfigured("SMS_PROVIDER is none that it knows: twilio".into()));
        }
        let url = self.text("SMS_API_URL").unwrap_or_else(|| Twilio::URL.into());
        if !url.starts_with("https://") && !self.allows_local_endpoints() {
            return Err(Rejection::Misconfigured("SMS_API_URL must be https".into()));
        }
        let needed = |name| {
            let missing = || Rejection::Misconfigured(format!("{name} is not set, and SMS_PROVIDER is"));
            self.text(name).ok_or_else(missing)
        };
        let provider = Twilio {
            url: url.trim_end_matches('/').to_owned(),
            account: needed("SMS_ACCOUNT")?,
            token: needed("SMS_TOKEN")?,
            from: needed("SMS_FROM")?,
        };
        let countries = self.text("SMS_COUNTRIES").unwrap_or_default();
        let number = |name, default| self.number(name).unwrap_or(default);
        Ok(Some(Sms {
            provider: Box::new(provider),
            rules: sms::Rules::parse(self.text("SMS_KINDS").as_deref(), &countries)
                .map_err(Rejection::Misconfigured)?,
            per_number: number("SMS_PER_NUMBER", 6.0),
            per_starter: number("SMS_PER_STARTER", 2_500.0),
            per_store: number("SMS_PER_STORE", 1_000.0),
            per_day: number("SMS_PER_DAY", 5_000.0),
        }))
    }

    /// What the provider signs with what is written back, and where everybody reaches us.
    pub fn sms_replies(&self) -> Result<(String, String), Rejection> {
        if self.text("SMS_PROVIDER").as_deref() != Some("twilio") {
            return Err(Rejection::NotOffered("no text messages are sent from here".into()));
        }
        let token = self.text("SMS_TOKEN").zip(self.public_url());
        token.ok_or_else(|| Rejection::Misconfigured("SMS_TOKEN and PUBLIC_URL must be set".into()))
    }

    /// The keys that push messages are sent under; without them there are none.
    pub fn vapid(&self) -> Result<Vapid, Rejection> {
        let Some(private) = self.text("VAPID_PRIVATE_KEY") else {
            let why = "this deployment sends no push messages: VAPID_PRIVATE_KEY is not set";
            return Err(Rejection::NotOffered(why.into()));
        };
        let (public, subject) = (self.text("VAPID_PUBLIC_KEY"), self.text("VAPID_SUBJECT"));
        Vapid::parse(&private, public.as_deref(), subject.as_deref())
            .map_err(|wrong| Rejection::Misconfigured(wrong.into()))
    }

    /// From one attempt of a push message to the next, in seconds.
    pub fn push_retries(&self) -> Vec<u32> {
        self.retries("PUSH_RETRIES_S").unwrap_or_else(|| push::RETRIES.to_vec())
    }

    /// Over how many objects all deliveries are spread.
    pub fn fleet_shards(&self) -> u32 {
        self.number("FLEET_SHARDS").map_or(fleet::SHARDS, |count| (count as u32).clamp(1, fleet::SHARDS_MAX))
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
