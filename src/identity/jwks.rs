//! The identity provider's keys: in the memory of this isolate, and behind it in the data centre's cache,
//! so that neither a provider that is down nor a new isolate is noticed. The core decides when to ask.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use onway_core::auth::check::Provider;
use onway_core::auth::jwk::{KeySet, PublicKey};
use onway_core::auth::keyring::{BODY_MAX, Keyring, Lookup, TIMEOUT_MS, USABLE_MS, is_safe_url};
use onway_core::auth::token::Unverified;
use onway_core::clock::Millis;
use onway_core::rejection::Rejection;
use worker::{Cache, Delay, Error, Response, Result};

use super::{wall, web_crypto};
use crate::config::Trust;
use crate::log;
use crate::outgoing::{self, Bounds};

/// How often one who waits for keys that somebody else asks for looks whether they are there. A request
/// cannot wait for the promise of another.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// When a cached set was given, in Unix ms.
const SINCE: &str = "onway-since";

thread_local! {
    static KEYRING: RefCell<Keyring> = const { RefCell::new(Keyring::new()) };
    static HAS_WARNED: Cell<bool> = const { Cell::new(false) };
}

/// The keys that the provider publishes at a URL.
pub struct Jwks<'a> {
    url: &'a str,
    fresh_ms: i64,
}

impl<'a> Jwks<'a> {
    /// The provider that the deployment trusts: none where it names none, and none where it does not say
    /// whose tokens for whom it takes. The log says so, once in an isolate.
    pub fn of(trust: &'a Trust) -> Option<Self> {
        let url = trust.keys_url.as_deref()?;
        let rules = trust.rules();
        let missing = if !is_safe_url(url) {
            "JWKS_URL must be https (http on this machine only), without a user's name"
        } else if rules.issuer.is_none() || rules.audience.is_none() {
            "JWKS_URL needs both JWT_ISSUER and JWT_AUDIENCE"
        } else {
            return Some(Self { url, fresh_ms: trust.keys_fresh_ms });
        };
        if !HAS_WARNED.replace(true) {
            log::error("identity", format!("all tokens of the provider are refused: {missing}"));
        }
        None
    }

    /// Asks the provider. Whatever comes of it is noted in the keyring.
    async fn refresh(&self) {
        let time = Duration::from_millis(TIMEOUT_MS.unsigned_abs());
        let bounds = Bounds { time, bytes: BODY_MAX, any_status: false };
        let asked = outgoing::get(self.url, bounds).await.and_then(|body| match KeySet::parse(&body) {
            Some(keys) => Ok((keys, body)),
            None => Err(Error::RustError("the answer is no JWK Set".into())),
        });
        let now = wall();
        match asked {
            Ok((keys, body)) => {
                if keys.is_empty() {
                    log::warn("identity", "the set of keys has none that could be used");
                }
                KEYRING.with_borrow_mut(|ring| ring.loaded(keys, now));
                let kept = self.cache(body, now).await;
                kept.unwrap_or_else(|error| {
                    log::warn("identity", format!("the keys could not be cached: {error}"))
                });
            }
            Err(error) => {
                KEYRING.with_borrow_mut(|ring| ring.failed(now));
                log::error("identity", format!("the keys could not be had: {error}"));
            }
        }
    }

    /// Takes the keys that another isolate has left.
    async fn restore(&self) -> Result<()> {
        let Some(mut response) = Cache::default().get(self.cache_key(), false).await? else { return Ok(()) };
        let since = response.headers().get(SINCE)?.and_then(|since| since.parse().ok()).map(Millis);
        let keys = KeySet::parse(&response.bytes().await?);
        if let (Some(keys), Some(since)) = (keys, since) {
            KEYRING.with_borrow_mut(|ring| ring.restored(keys, since));
        }
        Ok(())
    }

    async fn cache(&self, body: Vec<u8>, now: Millis) -> Result<()> {
        let response = Response::from_bytes(body)?;
        response.headers().set("Cache-Control", &format!("max-age={}", USABLE_MS / 1000))?;
        response.headers().set(SINCE, &now.0.to_string())?;
        Cache::default().put(self.cache_key(), response).await
    }

    /// A name in the cache that no answer of ours and none of the provider can have.
    fn cache_key(&self) -> String {
        format!("https://onway.invalid/keys/{}", Base64UrlUnpadded::encode_string(self.url.as_bytes()))
    }
}

impl Provider for Jwks<'_> {
    async fn key_for(&self, token: &Unverified<'_>) -> std::result::Result<PublicKey, Rejection> {
        if KEYRING.with_borrow(|ring| ring.is_empty(wall())) {
            self.restore()
                .await
                .unwrap_or_else(|error| log::warn("identity", format!("the cached keys: {error}")));
        }
        loop {
            match KEYRING.with_borrow_mut(|ring| ring.look_up(token, self.fresh_ms, wall())) {
                Lookup::Settled(settled) => return settled,
                Lookup::Wait => Delay::from(LOOK_AGAIN).await,
                Lookup::Fetch => {
                    self.refresh().await;
                    return KEYRING.with_borrow(|ring| ring.settle(token, wall()));
                }
            }
        }
    }

    async fn verify(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> std::result::Result<bool, Rejection> {
        web_crypto::verify(key, message, signature).await
    }
}
