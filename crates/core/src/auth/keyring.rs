//! The provider's keys as they are held: when to ask for them, and what to do when nobody answers.
//!
//! ```text
//! key held, fresh                  use it
//! key held, stale                  ask, and use it all the same where nobody answers
//! name of a key that is not held   ask at once, then not again for a minute; else 401
//! no keys held                     ask; else 503, since nothing can be judged
//! ```
//!
//! A refusal to answer is remembered, too, so that a provider that is down is not asked at each request.

use super::jwk::{KeySet, PublicKey};
use super::refuse;
use super::token::Unverified;
use crate::clock::Millis;
use crate::rejection::Rejection;

/// So long a set is used without asking again, in ms.
pub const FRESH_MS: i64 = 10 * 60 * 1000;
/// So long a set is used where the provider cannot be reached, in ms: a day, as long as the tokens of most
/// providers live.
pub const USABLE_MS: i64 = 24 * 60 * 60 * 1000;
/// An answer that takes longer is none, in ms.
pub const TIMEOUT_MS: i64 = 5_000;
/// The largest set that is read, in bytes.
pub const BODY_MAX: usize = 256 * 1024;
/// Names of keys that nobody knows, and answers that do not come, are followed up this often, in ms.
const PAUSE_MS: i64 = 60_000;
/// The same while there are no keys at all: whoever waits for them should not wait for long.
const PAUSE_EMPTY_MS: i64 = 10_000;

/// What to do for a token.
#[derive(Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Check it with this key, or refuse it.
    Settled(Result<PublicKey, Rejection>),
    /// Ask the provider, tell [`Keyring::loaded`] or [`Keyring::failed`], and then [`Keyring::settle`].
    Fetch,
    /// Somebody is asking: look again in a moment.
    Wait,
}

/// The keys held, and when they were asked for.
#[derive(Debug, Default)]
pub struct Keyring {
    held: Option<(KeySet, Millis)>,
    /// Since when somebody has been asking.
    asking: Option<Millis>,
    failed: Option<Millis>,
    /// When a name that is not held was last followed up.
    searched: Option<Millis>,
}

impl Keyring {
    pub const fn new() -> Self {
        Self { held: None, asking: None, failed: None, searched: None }
    }

    /// Whether there is nothing to check a token with.
    pub fn is_empty(&self, now: Millis) -> bool {
        self.usable(now).is_none()
    }

    /// Decides what to do for a token at `now`, where a set is fresh for `fresh_ms`. [`Lookup::Fetch`] is
    /// given to one caller at a time.
    pub fn look_up(&mut self, token: &Unverified<'_>, fresh_ms: i64, now: Millis) -> Lookup {
        let found = self.usable(now).and_then(|keys| keys.find(token)).cloned();
        let is_fresh = self.held.as_ref().is_some_and(|(_, since)| is_within(*since, fresh_ms, now));
        match found {
            Some(key) if is_fresh || self.is_asking(now) || !self.may_ask(now) => Lookup::Settled(Ok(key)),
            None if self.is_asking(now) => Lookup::Wait,
            // In a set that is fresh, only the name of a new key is a reason to ask.
            None if !self.may_ask(now) || (is_fresh && !self.may_search(token, now)) => {
                Lookup::Settled(self.settle(token, now))
            }
            found => {
                if found.is_none() && !self.is_empty(now) {
                    self.searched = Some(now);
                }
                self.asking = Some(now);
                Lookup::Fetch
            }
        }
    }

    /// The key for a token among those held, once the provider has been asked.
    pub fn settle(&self, token: &Unverified<'_>, now: Millis) -> Result<PublicKey, Rejection> {
        let keys = self.usable(now);
        let keys = keys.ok_or_else(|| Rejection::Unavailable { retry_after: self.retry_after(now) })?;
        keys.find(token).cloned().ok_or_else(|| refuse("it is signed with no key of the provider"))
    }

    /// The provider has answered with a set.
    pub fn loaded(&mut self, keys: KeySet, now: Millis) {
        *self = Self { held: Some((keys, now)), asking: None, failed: None, searched: self.searched };
    }

    /// Takes a set that the provider gave at `since` to somebody else, unless a newer one is held.
    pub fn restored(&mut self, keys: KeySet, since: Millis) {
        if self.held.as_ref().is_none_or(|(_, held_since)| *held_since < since) {
            self.held = Some((keys, since));
        }
    }

    /// The provider has not answered, or with no set.
    pub fn failed(&mut self, now: Millis) {
        (self.asking, self.failed) = (None, Some(now));
    }

    fn usable(&self, now: Millis) -> Option<&KeySet> {
        self.held.as_ref().filter(|(_, since)| is_within(*since, USABLE_MS, now)).map(|(keys, _)| keys)
    }

    /// Whoever asked may have been cut off: after the time that an answer may take, nobody is asking.
    fn is_asking(&self, now: Millis) -> bool {
        self.asking.is_some_and(|since| is_within(since, TIMEOUT_MS, now))
    }

    fn may_ask(&self, now: Millis) -> bool {
        !self.failed.is_some_and(|at| is_within(at, self.pause(now), now))
    }

    fn may_search(&self, token: &Unverified<'_>, now: Millis) -> bool {
        token.kid().is_some() && !self.searched.is_some_and(|at| is_within(at, PAUSE_MS, now))
    }

    fn pause(&self, now: Millis) -> i64 {
        if self.is_empty(now) { PAUSE_EMPTY_MS } else { PAUSE_MS }
    }

    /// Whole seconds until the provider is asked again; at least one.
    fn retry_after(&self, now: Millis) -> u32 {
        let wait = self.failed.map_or(0, |at| self.pause(now) - now.since(at));
        u32::try_from(wait.clamp(0, PAUSE_MS)).unwrap_or_default().div_ceil(1000).max(1)
    }
}

/// Whether `now` is less than `span` after `then`. A clock that was set back counts as long after.
fn is_within(then: Millis, span: i64, now: Millis) -> bool {
    (0..span).contains(&now.since(then))
}

/// Whether a set may be asked for at `url`: over TLS; without it only on this machine, for development.
pub fn is_safe_url(url: &str) -> bool {
    let authority = |rest: &str| rest.split(['/', '?', '#', '\\']).next().unwrap_or_default().to_owned();
    let is_plain = !url.contains(|c: char| c.is_control() || c.is_whitespace());
    let is_host = |host: &str| !host.is_empty() && !host.contains('@');
    is_plain
        && match url.split_once("://") {
            Some(("https", rest)) => is_host(&authority(rest)),
            Some(("http", rest)) => {
                let authority = authority(rest);
                let host = authority.rsplit_once(':').map_or(authority.as_str(), |(host, port)| {
                    if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { "" }
                });
                ["localhost", "127.0.0.1", "[::1]"].contains(&host)
            }
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64URL_NOPAD;
    use proptest::prelude::*;

    const T0: Millis = Millis(1_700_000_000_000);

    fn at(seconds: i64) -> Millis {
        T0.plus(seconds * 1000)
    }

    /// A token that names `kid`; who signed it is another question.
    fn token(kid: Option<&str>) -> String {
        let header = match kid {
            Some(kid) => format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#),
            None => r#"{"alg":"EdDSA"}"#.into(),
        };
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        format!("{}.{}.{}", encode(header.as_bytes()), encode(b"{}"), encode(&[1; 64]))
    }

    fn set(kids: &[&str]) -> KeySet {
        let keys: Vec<_> = kids
            .iter()
            .map(|kid| format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{}"}}"#, "A".repeat(43)))
            .collect();
        KeySet::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes()).unwrap()
    }

    fn look(ring: &mut Keyring, kid: &str, now: Millis) -> Lookup {
        ring.look_up(&Unverified::parse(&token(Some(kid))).unwrap(), FRESH_MS, now)
    }

    fn settle(ring: &Keyring, kid: &str, now: Millis) -> Lookup {
        Lookup::Settled(ring.settle(&Unverified::parse(&token(Some(kid))).unwrap(), now))
    }

    fn is_found(lookup: &Lookup) -> bool {
        matches!(lookup, Lookup::Settled(Ok(_)))
    }

    fn unknown() -> Lookup {
        Lookup::Settled(Err(refuse("it is signed with no key of the provider")))
    }

    fn holding(kids: &[&str]) -> Keyring {
        let mut ring = Keyring::new();
        ring.loaded(set(kids), T0);
        ring
    }

    fn unavailable(retry_after: u32) -> Lookup {
        Lookup::Settled(Err(Rejection::Unavailable { retry_after }))
    }

    #[test]
    fn the_first_token_asks_and_those_beside_it_wait() {
        let mut ring = Keyring::new();
        assert_eq!(look(&mut ring, "a", T0), Lookup::Fetch);
        assert_eq!(look(&mut ring, "a", at(1)), Lookup::Wait);
        ring.loaded(set(&["a"]), at(2));
        assert!(is_found(&look(&mut ring, "a", at(2))));
    }

    #[test]
    fn who_was_cut_off_while_asking_holds_up_nobody() {
        let mut ring = Keyring::new();
        assert_eq!(look(&mut ring, "a", T0), Lookup::Fetch);
        assert_eq!(look(&mut ring, "a", T0.plus(TIMEOUT_MS)), Lookup::Fetch);
    }

    #[test]
    fn a_provider_that_never_answered_makes_nothing_a_forgery() {
        let mut ring = Keyring::new();
        assert_eq!(look(&mut ring, "a", T0), Lookup::Fetch);
        ring.failed(at(5));
        assert_eq!(settle(&ring, "a", at(5)), unavailable(10));
        assert_eq!(look(&mut ring, "a", at(8)), unavailable(7));
        assert_eq!(look(&mut ring, "a", at(15)), Lookup::Fetch);
    }

    #[test]
    fn keys_are_used_for_ten_minutes_and_asked_for_again_after() {
        let mut ring = holding(&["a"]);
        assert!(is_found(&look(&mut ring, "a", at(599))));
        assert_eq!(look(&mut ring, "a", at(600)), Lookup::Fetch);
        // Who comes while they are asked for does not wait.
        assert!(is_found(&look(&mut ring, "a", at(601))));
        ring.loaded(set(&["b"]), at(602));
        assert_eq!(settle(&ring, "a", at(602)), unknown(), "it was withdrawn");
    }

    #[test]
    fn keys_outlast_an_unreachable_provider_by_a_day() {
        let mut ring = holding(&["a"]);
        assert_eq!(look(&mut ring, "a", at(600)), Lookup::Fetch);
        ring.failed(at(605));
        assert!(is_found(&settle(&ring, "a", at(605))));
        assert!(is_found(&look(&mut ring, "a", at(664))), "asked once a minute at most");
        assert_eq!(look(&mut ring, "a", at(665)), Lookup::Fetch);
        ring.failed(at(86_399));
        assert!(is_found(&settle(&ring, "a", at(86_399))));
        assert_eq!(settle(&ring, "a", at(86_400)), unavailable(9));
    }

    #[test]
    fn a_new_name_is_followed_up_at_once_and_then_once_a_minute() {
        let mut ring = Keyring::new();
        assert_eq!(look(&mut ring, "a", T0), Lookup::Fetch);
        ring.loaded(set(&["a"]), T0);
        assert_eq!(look(&mut ring, "b", at(1)), Lookup::Fetch);
        assert_eq!(look(&mut ring, "c", at(1)), Lookup::Wait);
        ring.loaded(set(&["a", "b"]), at(2));
        assert!(is_found(&settle(&ring, "b", at(2))));
        for second in [2, 30, 60] {
            assert_eq!(look(&mut ring, "c", at(second)), unknown());
            assert!(is_found(&look(&mut ring, "a", at(second))));
        }
        assert_eq!(look(&mut ring, "c", at(61)), Lookup::Fetch);
        ring.failed(at(62));
        assert_eq!(settle(&ring, "c", at(62)), unknown());
        assert_eq!(look(&mut ring, "c", at(121)), unknown(), "a failure counts, too");
        assert_eq!(look(&mut ring, "c", at(122)), Lookup::Fetch);
    }

    #[test]
    fn without_a_name_a_key_is_found_only_where_there_is_no_choice() {
        let nameless = token(None);
        let nameless = Unverified::parse(&nameless).unwrap();
        assert!(is_found(&holding(&["a"]).look_up(&nameless, FRESH_MS, at(1))));
        for kids in [&[][..], &["a", "b"]] {
            assert_eq!(holding(kids).look_up(&nameless, FRESH_MS, at(1)), unknown());
        }
    }

    #[test]
    fn an_older_answer_does_not_replace_a_newer_one() {
        let mut ring = holding(&["new"]);
        ring.restored(set(&["old"]), at(-100));
        assert!(is_found(&look(&mut ring, "new", at(1))));
        let mut empty = Keyring::new();
        empty.restored(set(&["old"]), at(-600));
        assert_eq!(look(&mut empty, "old", at(0)), Lookup::Fetch, "its age comes with it");
        empty.failed(at(5));
        assert!(is_found(&settle(&empty, "old", at(5))));
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let mut ring = Keyring::new();
        ring.failed(at(1_000));
        assert_eq!(look(&mut ring, "a", T0), Lookup::Fetch);
    }

    #[test]
    fn keys_come_over_tls_or_from_this_machine() {
        for url in [
            "https://issuer.example/.well-known/jwks.json",
            "https://issuer.example:8443/keys?of=us",
            "http://localhost/keys",
            "http://localhost:8080/keys",
            "http://127.0.0.1:8080/keys",
            "http://[::1]:8080/keys",
        ] {
            assert!(is_safe_url(url), "{url}");
        }
        for url in [
            "",
            "https://",
            "https:///keys",
            "HTTP://localhost/",
            "http://issuer.example/keys",
            "http://localhost.evil.example/keys",
            "http://localhost:80@evil.example/keys",
            "http://localhost@evil.example/keys",
            "http://127.0.0.1.evil.example/",
            "http://evil.example\\@localhost/",
            "https://user:password@issuer.example/",
            "ftp://localhost/",
            "file:///etc/passwd",
            "https://issuer.example/\nkeys",
            "localhost/keys",
        ] {
            assert!(!is_safe_url(url), "{url}");
        }
    }

    proptest! {
        /// However tokens, answers and failures follow each other.
        #[test]
        fn names_that_nobody_knows_make_us_ask_once_a_minute_at_most(
            steps in prop::collection::vec((0_i64..20, 0_usize..4, any::<bool>()), 1..200)
        ) {
            let mut ring = holding(&["a"]);
            let mut now = T0;
            let mut asked: Vec<Millis> = Vec::new();
            for (wait, kid, answers) in steps {
                now = now.plus(wait * 1000);
                let kid = ["a", "x", "y", "z"][kid];
                if look(&mut ring, kid, now) == Lookup::Fetch {
                    if kid != "a" {
                        asked.push(now);
                    }
                    if answers { ring.loaded(set(&["a"]), now) } else { ring.failed(now) }
                }
            }
            for pair in asked.windows(2) {
                prop_assert!(pair[1].since(pair[0]) >= PAUSE_MS);
            }
        }
    }
}
