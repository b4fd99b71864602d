//! Twilio's API for messages: what is sent, what its answers mean, and what it sends when somebody writes back.
//! <https://www.twilio.com/docs/messaging/api/message-resource>, <https://www.twilio.com/docs/usage/security>

use base64ct::{Base64, Encoding};
use form_urlencoded::Serializer;
use serde_json::Value;

use super::{Post, Provider, Verdict};

/// Whoever has the number has said STOP.
const UNSUBSCRIBED: i64 = 21_610;
const STOP: [&str; 7] = ["STOP", "STOPALL", "STOPP", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"];
const START: [&str; 3] = ["START", "YES", "UNSTOP"];

pub struct Twilio {
    /// Without the path.
    pub url: String,
    pub account: String,
    pub token: String,
    /// A number or a name, or a messaging service, whose ids begin with `MG`.
    pub from: String,
}

impl Twilio {
    pub const URL: &str = "https://api.twilio.com";
}

impl Provider for Twilio {
    fn request(&self, to: &str, text: &str) -> Post {
        let sender = if self.from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
        let form = [("To", to), (sender, &self.from), ("Body", text)];
        let credentials = Base64::encode_string(format!("{}:{}", self.account, self.token).as_bytes());
        Post {
            url: format!("{}/2010-04-01/Accounts/{}/Messages.json", self.url, self.account),
            authorization: format!("Basic {credentials}"),
            form: Serializer::new(String::new()).extend_pairs(form).finish(),
        }
    }

    fn judge(&self, status: u16, body: &[u8]) -> Verdict {
        match status {
            200..=299 => Verdict::Sent,
            429 | 500..=599 => Verdict::Again,
            _ => {
                let said: Option<Value> = crate::own_json::read(body).ok();
                match said.and_then(|said| said.get("code").and_then(Value::as_i64)) {
                    Some(UNSUBSCRIBED) => Verdict::Stopped,
                    Some(code) => Verdict::Refused(code),
                    None => Verdict::Refused(status.into()),
                }
            }
        }
    }
}

/// What somebody has written back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    pub from: String,
    /// Whether they want to hear more; `None` where they say neither.
    pub wants: Option<bool>,
}

/// Reads a form, with what its signature is over: the address that was asked, and the parameters by their names.
pub fn inbound(url: &str, form: &[u8]) -> (Inbound, String) {
    let mut parameters: Vec<(String, String)> = form_urlencoded::parse(form).into_owned().collect();
    parameters.sort();
    let mut signed = url.to_owned();
    for (name, value) in &parameters {
        signed.push_str(name);
        signed.push_str(value);
    }
    let find = |wanted: &str| parameters.iter().find(|(name, _)| name == wanted);
    let value = |wanted: &str| find(wanted).map(|(_, value)| value.as_str()).unwrap_or_default();
    // Where it knows more words than these, it says so itself.
    let said = match value("OptOutType") {
        "" => value("Body"),
        kind => kind,
    };
    let word = said.trim_matches(|c: char| !c.is_alphanumeric());
    let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let wants = match () {
        () if is(&STOP) => Some(false),
        () if is(&START) => Some(true),
        () => None,
    };
    (Inbound { from: value("From").to_owned(), wants }, signed)
}

/// The bytes of `X-Twilio-Signature`.
pub fn signature(header: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(header).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twilio(from: &str) -> Twilio {
        Twilio { url: Twilio::URL.into(), account: "AC1".into(), token: "secret".into(), from: from.into() }
    }

    #[test]
    fn a_message_is_a_form() {
        let post = twilio("+15550100").request("+233201234567", "a & b: ä");
        assert_eq!(post.url, "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json");
        assert_eq!(post.authorization, format!("Basic {}", data_encoding::BASE64.encode(b"AC1:secret")));
        assert_eq!(post.form, "To=%2B233201234567&From=%2B15550100&Body=a+%26+b%3A+%C3%A4");
        assert!(twilio("MG7").request("+1", "x").form.contains("&MessagingServiceSid=MG7&"));
    }

    #[test]
    fn an_answer_says_what_comes_next() {
        for (status, body, expected) in [
            (201, r#"{"sid":"SM1","status":"queued"}"#, Verdict::Sent),
            (400, r#"{"code":21610,"message":"unsubscribed"}"#, Verdict::Stopped),
            (400, r#"{"code":21211}"#, Verdict::Refused(21_211)),
            (400, r#"{"code":21614}"#, Verdict::Refused(21_614)),
            (401, r#"{"code":20003}"#, Verdict::Refused(20_003)),
            (404, "not JSON", Verdict::Refused(404)),
            (302, "", Verdict::Refused(302)),
            (429, "", Verdict::Again),
            (500, r#"{"code":21610}"#, Verdict::Again),
            (503, "", Verdict::Again),
        ] {
            assert_eq!(twilio("+1").judge(status, body.as_bytes()), expected, "{status} {body}");
        }
    }

    #[test]
    fn what_is_signed_is_the_address_and_the_parameters_by_name() {
        // The example of Twilio's documentation.
        let url = "https://example.com/myapp.php?foo=1&bar=2";
        let form = b"Digits=1234&To=%2B18005551212&From=%2B14158675310&Caller=%2B14158675310&CallSid=CA1234567890ABCDE";
        let (_, signed) = inbound(url, form);
        assert_eq!(
            signed,
            "https://example.com/myapp.php?foo=1&bar=2CallSidCA1234567890ABCDECaller+14158675310Digits1234From+14158675310To+18005551212"
        );
    }

    #[test]
    fn a_word_alone_stops_and_starts() {
        for (body, expected) in [
            ("Body=STOP", Some(false)),
            ("Body=+Stop.+", Some(false)),
            ("Body=stopp", Some(false)),
            ("Body=UNSUBSCRIBE", Some(false)),
            ("Body=yes", Some(true)),
            ("Body=UNSTOP", Some(true)),
            ("Body=Stop+at+the+corner", None),
            ("Body=", None),
            ("", None),
            ("Body=ARRET&OptOutType=STOP", Some(false)),
            ("Body=HELP&OptOutType=HELP", None),
        ] {
            let (inbound, _) = inbound("https://x.example", format!("From=%2B1555&{body}").as_bytes());
            assert_eq!(inbound, Inbound { from: "+1555".into(), wants: expected }, "{body}");
        }
    }
}
