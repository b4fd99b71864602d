//! Text messages: which events are told by one, to which numbers, and how much fits into it.

use serde::{Deserialize, Serialize};

use super::Kind;
use super::message::News;
use super::texts::{Audience, Language, Texts, Words};
use crate::auth::Role;

pub mod twilio;

/// What is told unless a deployment says otherwise: the start of tracking, that it is near, and that it is there.
pub const KINDS: [Kind; 3] = [Kind::InTransit, Kind::Approaching, Kind::Delivered];
/// From one attempt to the next, in seconds: a text that comes much later would say what is not so any more.
pub const RETRIES: [u32; 3] = [10, 60, 300];
/// Most parts of a text: each of them is paid for.
const SEGMENTS_MAX: usize = 2;

/// Of the numbers that begin with +1, +7 or +44 those that belong to other countries, where a call or a text may cost
/// many times as much. They are reached only where they are named themselves.
const APART: [&str; 45] = [
    // The Caribbean, Bermuda, the Pacific.
    "1242", "1246", "1264", "1268", "1284", "1340", "1345", "1441", "1473", "1649", "1658", "1664", "1670",
    "1671", "1684", "1721", "1758", "1767", "1784", "1809", "1829", "1849", "1868", "1869", "1876",
    // Kazakhstan.
    "76", "77", // Guernsey, Jersey, the Isle of Man.
    "441481", "447781", "447839", "4479111", "4479117", "441534", "447509", "4477003", "4477007", "4477008",
    "447797", "447829", "447937", "441624", "4474576", "447524", "447624", "447924",
];

/// What one sends messages through. It says what to ask for; who sends it is elsewhere.
pub trait Provider {
    /// The request that sends `text` to `to`.
    fn request(&self, to: &str, text: &str) -> Post;
    /// What its answer means.
    fn judge(&self, status: u16, body: &[u8]) -> Verdict;
}

/// A message that is to be sent. `tries`: how many attempts went before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: String,
    pub to: String,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_id: Option<String>,
    /// Who of the staff started the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    pub tracking_id: String,
    pub tries: u32,
}

/// A form to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    pub url: String,
    pub authorization: String,
    pub form: String,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Sent,
    /// Whoever has the number wants no more.
    Stopped,
    /// It will never be sent, with the provider's code or status.
    Refused(i64),
    /// It was not sent, and may be another time.
    Again,
}

/// What a deployment tells by text message, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    kinds: Vec<Kind>,
    /// Calling codes, without the plus sign.
    countries: Vec<String>,
}

impl Rules {
    /// Reads what is configured. Without countries nothing is sent. The error says what is wrong.
    pub fn parse(kinds: Option<&str>, countries: &str) -> Result<Self, String> {
        let words = |text: &str| -> Vec<String> {
            text.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let kind = |name: String| {
            let found = Kind::named(&name).or_else(|| Kind::named(&format!("delivery.{name}")));
            let told = found.filter(|kind| is_told(*kind));
            told.ok_or_else(|| format!("SMS_KINDS: {name} is nothing that customers are told"))
        };
        let country = |code: String| {
            let digits = code.strip_prefix('+').unwrap_or_default();
            let valid = (1..=7).contains(&digits.len())
                && !digits.starts_with('0')
                && digits.bytes().all(|digit| digit.is_ascii_digit());
            match valid {
                true => Ok(digits.to_owned()),
                false => Err(format!("SMS_COUNTRIES: {code} is no calling code, as +233")),
            }
        };
        Ok(Self {
            kinds: match kinds {
                Some(text) => words(text).into_iter().map(kind).collect::<Result<_, _>>()?,
                None => KINDS.to_vec(),
            },
            countries: words(countries).into_iter().map(country).collect::<Result<_, _>>()?,
        })
    }

    /// The number that is to hear of an event, if any. What a driver started tells nobody: whoever gets hold of a
    /// driver's token must not be able to send texts to numbers of their own at the operator's cost.
    pub fn number<'a>(&self, news: &'a News) -> Option<&'a str> {
        let is_started_by_staff = news.started_by.is_some_and(|role| role != Role::Driver);
        let number = news.phone.as_deref()?;
        (news.is_for_outside
            && is_started_by_staff
            && self.kinds.contains(&news.kind)
            && self.reaches(number))
        .then_some(number)
    }

    /// Whether the country of an E.164 number is one that is named.
    fn reaches(&self, number: &str) -> bool {
        let Some(digits) = number.strip_prefix('+') else { return false };
        let apart = APART.iter().filter(|code| digits.starts_with(**code)).map(|code| code.len()).max();
        let least = apart.unwrap_or(1);
        self.countries.iter().any(|code| code.len() >= least && digits.starts_with(code.as_str()))
    }
}

/// What one message says; `None` where an event is told nobody.
pub fn written(news: &News, texts: &Texts, language: Language, words: &Words) -> Option<String> {
    let text = texts.text(news.kind, news.place, Audience::Customer, language, words)?;
    Some(fitted(&text.body, words.link))
}

fn is_told(kind: Kind) -> bool {
    Texts::default().text(kind, None, Audience::Customer, Language::En, &Words::default()).is_some()
}

/// GSM 03.38: what takes one septet, and what takes two.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENDED: &str = "^{}\\[~]|€";

/// How many parts a text is sent in: of 160 septets, or of 70 units of UCS-2 where a character asks for it; less where
/// there are several. Neither an escaped character nor a pair of surrogates is cut.
pub fn segments(text: &str) -> usize {
    let septets = |c: char| match c {
        _ if BASIC.contains(c) => Some(1),
        _ if EXTENDED.contains(c) => Some(2),
        _ => None,
    };
    let gsm: Option<Vec<usize>> = text.chars().map(septets).collect();
    let (widths, one, each) = match gsm {
        Some(widths) => (widths, 160, 153),
        None => (text.chars().map(char::len_utf16).collect(), 70, 67),
    };
    if widths.iter().sum::<usize>() <= one {
        return 1;
    }
    let (mut parts, mut used) = (1, 0);
    for width in widths {
        if used + width > each {
            (parts, used) = (parts + 1, 0);
        }
        used += width;
    }
    parts
}

/// Shortens a text until it fits. A link in it stays whole.
fn fitted(text: &str, link: Option<&str>) -> String {
    if segments(text) <= SEGMENTS_MAX {
        return text.to_owned();
    }
    let (head, kept) = match link.and_then(|link| text.split_once(link).map(|(head, _)| (head, link))) {
        Some((head, link)) => (head, format!(" {link}")),
        None => (text, String::new()),
    };
    let mut head = head.to_owned();
    loop {
        let shortened = format!("{}...{kept}", head.trim_end());
        if head.pop().is_none() || segments(&shortened) <= SEGMENTS_MAX {
            return shortened;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geofence::FencedPlace;

    fn news(kind: Kind, phone: Option<&str>, started_by: Option<Role>) -> News {
        News {
            id: "evt_A".into(),
            kind,
            seq: 1,
            at: 0,
            tracking_id: "TRK-A".into(),
            order_id: "A-17".into(),
            store_id: None,
            driver_id: None,
            customer_id: None,
            started_by,
            starter: None,
            former_id: None,
            phone: phone.map(str::to_owned),
            place: None,
            status: None,
            happened: None,
            eta_at: None,
            is_for_outside: true,
            is_public: true,
            staff: Some("{}".into()),
            store: None,
        }
    }

    #[test]
    fn a_number_is_reached_where_its_country_is_named() {
        for (countries, number, expected) in [
            ("+233", "+233201234567", true),
            ("+233", "+234201234567", false),
            ("+49, +43", "+436641234567", true),
            ("", "+233201234567", false),
            // Neither Jamaica nor Kazakhstan nor the Isle of Man is meant.
            ("+1", "+12125550100", true),
            ("+1", "+18765550100", false),
            ("+1 +1876", "+18765550100", true),
            ("+7", "+79161234567", true),
            ("+7", "+77011234567", false),
            ("+44", "+447400123456", true),
            ("+44", "+447624123456", false),
            ("+44", "+447797123456", false),
            ("+44", "+447911123456", false),
            ("+44 +447797", "+447797123456", true),
            ("+233", "233201234567", false),
        ] {
            let rules = Rules::parse(None, countries).unwrap();
            assert_eq!(rules.reaches(number), expected, "{countries}: {number}");
        }
    }

    #[test]
    fn who_is_told_is_decided_by_what_is_known() {
        let rules = Rules::parse(None, "+233").unwrap();
        let phone = Some("+233201234567");
        for (kind, phone, by, expected) in [
            (Kind::InTransit, phone, Some(Role::Store), true),
            (Kind::Delivered, phone, Some(Role::Dispatcher), true),
            (Kind::Delayed, phone, Some(Role::Store), false),
            (Kind::InTransit, None, Some(Role::Store), false),
            (Kind::InTransit, phone, Some(Role::Driver), false),
            (Kind::InTransit, phone, None, false),
            (Kind::InTransit, Some("+4915112345678"), Some(Role::Store), false),
        ] {
            assert_eq!(rules.number(&news(kind, phone, by)).is_some(), expected, "{kind:?} {phone:?} {by:?}");
        }
        let hidden = News { is_for_outside: false, ..news(Kind::Approaching, phone, Some(Role::Store)) };
        assert_eq!(rules.number(&hidden), None);
        let other = Rules::parse(Some("delayed, delivery.failed"), "+233").unwrap();
        assert_eq!(other.kinds, [Kind::Delayed, Kind::Failed]);
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_its_name() {
        for (kinds, countries, expected) in [
            (None, "GH", "SMS_COUNTRIES: GH is no calling code, as +233"),
            (None, "+0", "SMS_COUNTRIES: +0 is no calling code, as +233"),
            (None, "+", "SMS_COUNTRIES: + is no calling code, as +233"),
            (Some("created"), "+1", "SMS_KINDS: created is nothing that customers are told"),
            (Some("lost"), "+1", "SMS_KINDS: lost is nothing that customers are told"),
        ] {
            assert_eq!(Rules::parse(kinds, countries).unwrap_err(), expected);
        }
    }

    #[test]
    fn near_the_pickup_nobody_is_told() {
        let mut near = news(Kind::Approaching, None, None);
        let said = |near: &News| written(near, &Texts::default(), Language::En, &Words::default());
        assert!(said(&near).is_some());
        near.place = Some(FencedPlace::Pickup);
        assert_eq!(said(&near), None);
    }

    #[test]
    fn parts_are_counted_as_they_are_paid_for() {
        let times = |c: &str, n: usize| c.repeat(n);
        for (text, expected) in [
            (String::new(), 1),
            (times("a", 160), 1),
            (times("a", 161), 2),
            (times("a", 306), 2),
            (times("a", 307), 3),
            (times("ä", 160), 1),
            (times("€", 80), 1),
            (times("€", 81), 2),
            // 76 of two septets fit into a part of 153, not 76.5.
            (times("€", 152), 2),
            (times("€", 153), 3),
            (times("ш", 70), 1),
            (times("ш", 71), 2),
            (times("ш", 134), 2),
            (times("ш", 135), 3),
            (times("😀", 35), 1),
            (times("😀", 66), 2),
            (times("😀", 67), 3),
            (times("a", 70) + "ш", 2),
        ] {
            assert_eq!(segments(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_that_fits_stays_as_it_is() {
        assert_eq!(
            fitted("Koala: here. https://x.example/t", Some("https://x.example/t")),
            "Koala: here. https://x.example/t"
        );
    }

    proptest! {
        #[test]
        fn a_text_fits_and_its_link_is_whole(before in ".{0,400}", after in ".{0,400}") {
            const LINK: &str = "https://onway.example/track/TRK-AEIZJSOY5SYFRCP22MAR5ZWCSHO4F64ZUQ7WMMZF";
            let text = format!("{before} {LINK} {after}");
            let short = fitted(&text, Some(LINK));
            prop_assert!(segments(&short) <= SEGMENTS_MAX && short.contains(LINK), "{short}");
            prop_assert!(segments(&fitted(&before, None)) <= SEGMENTS_MAX);
        }
    }
}
