//! Signatures of the provider, checked by the platform's WebCrypto: RSA and curves of our own would cost
//! more WebAssembly than all the rest of identity.

use js_sys::{Array, Object, Reflect, Uint8Array};
use onway_core::auth::jwk::PublicKey;
use onway_core::auth::token::Algorithm;
use onway_core::rejection::Rejection;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};
use worker::wasm_bindgen_futures::JsFuture;

use crate::log;
use crate::problem::ours;

/// Whether `signature` over `message` is the key's.
pub async fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<bool, Rejection> {
    let subtle = subtle().map_err(failed)?;
    let Some(algorithm) = algorithm(key.algorithm()).map_err(failed)? else { return Ok(false) };
    let key = match import(&subtle, key, &algorithm).await {
        Ok(key) => key,
        // As a point that is not on the curve: the provider's fault, and nobody can have signed with it.
        Err(error) => {
            log::error(
                "identity",
                format!("a key of the provider cannot be used: {}", worker::Error::from(error)),
            );
            return Ok(false);
        }
    };
    check(&subtle, &algorithm, &key, message, signature).await.map_err(failed)
}

/// Whether `signature` is HMAC-SHA1 over `message`, which providers of text messages still use.
pub async fn is_hmac_sha1(secret: &str, message: &str, signature: &[u8]) -> Result<bool, Rejection> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = scope.crypto().map_err(failed)?.subtle();
    let holds = async {
        let algorithm = object(&[("name", "HMAC"), ("hash", "SHA-1")])?;
        let raw = Uint8Array::from(secret.as_bytes());
        let usages = Array::of1(&"verify".into());
        let imported = subtle.import_key_with_object("raw", &raw, &algorithm, false, &usages)?;
        let key: CryptoKey = JsFuture::from(imported).await?.unchecked_into();
        check(&subtle, &algorithm, &key, message.as_bytes(), signature).await
    };
    holds.await.map_err(failed)
}

async fn check(
    subtle: &SubtleCrypto,
    algorithm: &Object,
    key: &CryptoKey,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, JsValue> {
    // Copies: what a promise reads later must not move with our memory.
    let (signature, message) = (Uint8Array::from(signature), Uint8Array::from(message));
    let checked =
        subtle.verify_with_object_and_js_u8_array_and_js_u8_array(algorithm, key, &signature, &message)?;
    Ok(JsFuture::from(checked).await?.is_truthy())
}

/// The platform's cryptography.
pub fn subtle() -> Result<SubtleCrypto, JsValue> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    Ok(scope.crypto()?.subtle())
}

async fn import(subtle: &SubtleCrypto, key: &PublicKey, algorithm: &Object) -> Result<CryptoKey, JsValue> {
    let jwk = object(&key.members())?;
    let usages = Array::of1(&"verify".into());
    let imported = subtle.import_key_with_object("jwk", &jwk, algorithm, false, &usages)?;
    Ok(JsFuture::from(imported).await?.unchecked_into())
}

/// How WebCrypto names an algorithm; `None` for one that has no public key.
fn algorithm(algorithm: Algorithm) -> Result<Option<Object>, JsValue> {
    let members: &[(&str, &str)] = match algorithm {
        Algorithm::Hs256 => return Ok(None),
        Algorithm::Rs256 => &[("name", "RSASSA-PKCS1-v1_5"), ("hash", "SHA-256")],
        Algorithm::Es256 => &[("name", "ECDSA"), ("namedCurve", "P-256"), ("hash", "SHA-256")],
        Algorithm::EdDsa => &[("name", "Ed25519")],
    };
    object(members).map(Some)
}

/// An object of texts, as algorithms and JWKs are.
pub fn object(members: &[(&str, &str)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), &(*value).into())?;
    }
    Ok(object)
}

fn failed(error: JsValue) -> Rejection {
    ours(error.into())
}
