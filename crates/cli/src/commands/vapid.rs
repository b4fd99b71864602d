//! `onway vapid`: a pair of keys for push messages, as the deployment and browsers take them.

use base64ct::{Base64UrlUnpadded, Encoding};
use clap::Args;
use onway_core::notice::push::Vapid;
use p256::SecretKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use rand::RngExt;
use serde_json::json;

use crate::error::Error;

#[derive(Debug, Args)]
pub struct VapidArgs {
    /// Whom push services may turn to: a mailto: or https: address
    #[arg(long, value_name = "ADDRESS", default_value = "mailto:operator@example.com")]
    subject: String,
}

/// Prints lines for `.dev.vars`; of a deployment each is a secret or a variable of its own.
pub fn run(args: &VapidArgs) -> Result<(), Error> {
    let jwk = fresh()?;
    let keys = Vapid::parse(&jwk, None, Some(&args.subject)).map_err(|why| Error::Report(why.into()))?;
    println!("# Browsers see the public key: {}", keys.key);
    println!("VAPID_PRIVATE_KEY='{jwk}'");
    println!("VAPID_SUBJECT={}", keys.subject);
    Ok(())
}

/// A new pair as a JWK (RFC 7517).
fn fresh() -> Result<String, Error> {
    let failed = || Error::Report("no key could be made".into());
    // Nearly all of 256 bits is a key of the curve.
    let secret = (0..8).find_map(|_| SecretKey::from_slice(&rand::rng().random::<[u8; 32]>()).ok());
    let secret = secret.ok_or_else(failed)?;
    let point = secret.public_key().to_encoded_point(false);
    let text = |bytes: &[u8]| Base64UrlUnpadded::encode_string(bytes);
    let (x, y) = (point.x().ok_or_else(failed)?, point.y().ok_or_else(failed)?);
    Ok(json!({"kty": "EC", "crv": "P-256", "x": text(x), "y": text(y), "d": text(&secret.to_bytes())})
        .to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pair_is_one_that_the_service_takes_and_no_other_has() {
        let pairs: Vec<_> =
            (0..3).map(|_| Vapid::parse(&fresh().unwrap(), None, Some("mailto:a@b")).unwrap()).collect();
        assert!(pairs[0].key != pairs[1].key && pairs[1].key != pairs[2].key);
        assert!(pairs.iter().all(|pair| pair.key.len() == 87 && pair.key.starts_with('B')));
    }
}
