//! What of push messages the platform's WebCrypto does: the key agreement and the encryption of a message (RFC 8291), and
//! the signature of its sender (RFC 8292).

use std::cell::RefCell;

use js_sys::{Array, Object, Reflect, Uint8Array};
use onway_core::clock::Millis;
use onway_core::notice::push::{TOKEN_SECS, Vapid, content_keys, header, padded};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::CryptoKey;
use worker::Result;
use worker::wasm_bindgen_futures::JsFuture;

use crate::identity::web_crypto::{object, subtle};

/// Most push services that an isolate remembers its token for. There are some five.
const TOKENS_MAX: usize = 20;

thread_local! {
    /// By push service and key: until when, and what the header says.
    static TOKENS: RefCell<Vec<(String, Millis, String)>> = const { RefCell::new(Vec::new()) };
}

/// A pair of keys for one message.
pub struct Own {
    private: JsValue,
    public: Vec<u8>,
}

impl Own {
    pub async fn fresh() -> Result<Self> {
        let pair = subtle()?.generate_key_with_object(&ecdh()?, true, &usage("deriveBits"))?;
        let pair = JsFuture::from(pair).await?;
        let public: CryptoKey = Reflect::get(&pair, &"publicKey".into())?.unchecked_into();
        let public = JsFuture::from(subtle()?.export_key("raw", &public)?).await?;
        Ok(Self { private: Reflect::get(&pair, &"privateKey".into())?, public: bytes(&public) })
    }

    #[cfg(feature = "test-utils")]
    pub async fn given(jwk: &[(&str, &str)]) -> Result<Self> {
        let imported =
            subtle()?.import_key_with_object("jwk", &object(jwk)?, &ecdh()?, false, &usage("deriveBits"))?;
        let part = |name| {
            let found = jwk.iter().find(|(known, _)| *known == name);
            found.and_then(|(_, text)| onway_core::notice::push::decoded(text)).unwrap_or_default()
        };
        let public = [vec![4], part("x"), part("y")].concat();
        Ok(Self { private: JsFuture::from(imported).await?, public })
    }

    /// A message for the key and the secret of a subscription. An error where that key is no point of the curve.
    pub async fn seal(&self, text: &str, theirs: &[u8], auth: &[u8], salt: &[u8]) -> Result<Vec<u8>> {
        let subtle = subtle()?;
        let point = Uint8Array::from(theirs);
        let imported = subtle.import_key_with_object("raw", &point, &ecdh()?, false, &Array::new())?;
        let agreement = ecdh()?;
        Reflect::set(&agreement, &"public".into(), &JsFuture::from(imported).await?)?;
        let shared = subtle.derive_bits_with_object(&agreement, self.private.unchecked_ref(), 256)?;
        let shared = bytes(&JsFuture::from(shared).await?);
        let keys = content_keys(&shared, auth, theirs, &self.public, salt).ok_or("no keys")?;
        let aes = object(&[("name", "AES-GCM")])?;
        Reflect::set(&aes, &"iv".into(), &Uint8Array::from(&keys.nonce[..]))?;
        let key = Uint8Array::from(&keys.key[..]);
        let key = subtle.import_key_with_object("raw", &key, &aes, false, &usage("encrypt"))?;
        let key: CryptoKey = JsFuture::from(key).await?.unchecked_into();
        let text = Uint8Array::from(padded(text).as_slice());
        let sealed = subtle.encrypt_with_object_and_js_u8_array(&aes, &key, &text)?;
        let sealed = JsFuture::from(sealed).await?;
        Ok([header(salt, &self.public), bytes(&sealed)].concat())
    }
}

/// What a request says of its sender. A token is used for half its time, and signed once for each push service.
pub async fn authorization(vapid: &Vapid, origin: &str, now: Millis) -> Result<String> {
    let name = format!("{origin} {} {}", vapid.key, vapid.subject);
    let known = TOKENS.with_borrow(|tokens| {
        let known = tokens.iter().find(|(known, until, _)| *known == name && *until > now);
        known.map(|(.., header)| header.clone())
    });
    if let Some(header) = known {
        return Ok(header);
    }
    let algorithm = object(&[("name", "ECDSA"), ("namedCurve", "P-256"), ("hash", "SHA-256")])?;
    let jwk = object(&vapid.jwk())?;
    let key = subtle()?.import_key_with_object("jwk", &jwk, &algorithm, false, &usage("sign"))?;
    let key: CryptoKey = JsFuture::from(key).await?.unchecked_into();
    let claims = vapid.claims(origin, now);
    let message = Uint8Array::from(claims.as_bytes());
    let signature = subtle()?.sign_with_object_and_js_u8_array(&algorithm, &key, &message)?;
    let header = vapid.authorization(&claims, &bytes(&JsFuture::from(signature).await?));
    TOKENS.with_borrow_mut(|tokens| {
        tokens.retain(|(known, ..)| *known != name);
        if tokens.len() >= TOKENS_MAX {
            tokens.remove(0);
        }
        tokens.push((name, now.plus(TOKEN_SECS * 500), header.clone()));
    });
    Ok(header)
}

fn ecdh() -> std::result::Result<Object, JsValue> {
    object(&[("name", "ECDH"), ("namedCurve", "P-256")])
}

fn usage(name: &str) -> Array {
    Array::of1(&name.into())
}

fn bytes(buffer: &JsValue) -> Vec<u8> {
    Uint8Array::new(buffer).to_vec()
}
