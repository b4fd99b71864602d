//! Invitations: a link, or its QR code, that signs a driver in to the app once.
//!
//! Like a device key it names its driver and cannot be forged. That it works once is the driver's object's
//! to remember, by its id and until it expires.

use crate::clock::Millis;
use crate::sealed;
use crate::tracking_id::IdKeys;

const LABEL: &[u8] = b"invite";

/// An invitation that was made here and has not expired. It may have been used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// 32 hexadecimal digits.
    pub id: String,
    pub driver_id: String,
    pub expires: Millis,
}

/// Why an invitation does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotInvited {
    #[error("this invitation is not one of ours")]
    Forged,
    #[error("this invitation has expired: ask for another")]
    Expired,
}

/// The invitation of a driver, with this random id, that holds until before `expires`.
pub fn mint(keys: &IdKeys, random: [u8; 16], driver_id: &str, expires: Millis) -> String {
    sealed::seal(keys, LABEL, &[&random, &expires.0.to_be_bytes()[..], driver_id.as_bytes()].concat())
}

/// Reads an invitation at the wall's `now`.
pub fn verify(keys: &IdKeys, text: &str, now: Millis) -> Result<Invite, NotInvited> {
    let invite =
        sealed::open(keys, LABEL, text).and_then(|payload| read(&payload)).ok_or(NotInvited::Forged)?;
    if now < invite.expires { Ok(invite) } else { Err(NotInvited::Expired) }
}

fn read(payload: &[u8]) -> Option<Invite> {
    let (id, rest) = payload.split_first_chunk::<16>()?;
    let (expires, driver_id) = rest.split_first_chunk()?;
    Some(Invite {
        id: base16ct::lower::encode_string(id),
        driver_id: str::from_utf8(driver_id).ok()?.to_owned(),
        expires: Millis(i64::from_be_bytes(*expires)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device_key;
    use NotInvited::{Expired, Forged};

    const SECRET: &str = "a secret of the tests, over 32 bytes long";
    const EXPIRES: Millis = Millis(1_704_067_850_000);

    #[test]
    fn an_invitation_holds_until_it_expires_and_cannot_be_altered() {
        let keys = IdKeys::new(1, SECRET, None).unwrap();
        let text = mint(&keys, [0xcd; 16], "RIDER-789", EXPIRES);
        let before = EXPIRES.plus(-1);
        let invite = Invite { id: "cd".repeat(16), driver_id: "RIDER-789".into(), expires: EXPIRES };
        assert_eq!(verify(&keys, &text, before), Ok(invite));

        let mut later = data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).unwrap();
        later[17] ^= 1;
        let other = IdKeys::new(1, "another secret, which is over 32 bytes long", None).unwrap();
        let cases = [
            ("at its end", text.clone(), EXPIRES, Expired),
            ("long after", text.clone(), Millis(i64::MAX), Expired),
            ("made to hold longer", data_encoding::BASE64URL_NOPAD.encode(&later), before, Forged),
            ("of another secret", mint(&other, [0xcd; 16], "RIDER-789", EXPIRES), before, Forged),
            ("a device key", device_key::mint(&keys, [0xcd; 8], "RIDER-789-and-so-on"), before, Forged),
            ("forged and late", text[4..].to_owned(), EXPIRES, Forged),
            ("nothing", String::new(), before, Forged),
        ];
        for (what, text, now, why) in cases {
            assert_eq!(verify(&keys, &text, now), Err(why), "{what}");
        }
    }
}
