//! Signatures of the provider, checked by the platform's WebCrypto: RSA and curves of our own would cost
//! more WebAssembly than all the rest of identity.

use js_sys::{Array, Object, Reflect, Uint8Array};
use onway_core::auth::jwk::PublicKey;
use onway_core::auth::token::Algorithm;
use onway_core::rejection::Rejection;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CryptoKey, SubtleCrypto, WorkerGlobalScope};
use worker::console_error;
use worker::wasm_bindgen_futures::JsFuture;

use crate::problem::ours;

/// Whether `signature` over `message` is the key's.
pub async fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<bool, Rejection> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let subtle = scope.crypto().map_err(failed)?.subtle();
    let Some(algorithm) = algorithm(key.algorithm()).map_err(failed)? else { return Ok(false) };
    let key = match import(&subtle, key, &algorithm).await {
        Ok(key) => key,
        // As a point that is not on the curve: the provider's fault, and nobody can have signed with it.
        Err(error) => {
            console_error!("a key of the identity provider cannot be used: {}", worker::Error::from(error));
            return Ok(false);
        }
    };
    // Copies: what a promise reads later must not move with our memory.
    let (signature, message) = (Uint8Array::from(signature), Uint8Array::from(message));
    let checked = subtle
        .verify_with_object_and_js_u8_array_and_js_u8_array(&algorithm, &key, &signature, &message)
        .map_err(failed)?;
    let holds = JsFuture::from(checked).await.map_err(failed)?;
    Ok(holds.is_truthy())
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

fn object(members: &[(&str, &str)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), &(*value).into())?;
    }
    Ok(object)
}

fn failed(error: JsValue) -> Rejection {
    ours(error.into())
}
