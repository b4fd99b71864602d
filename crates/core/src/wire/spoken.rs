//! What a client says over a socket, as far as every kind of socket reads it alike.

use serde_json::Value;

use crate::rejection::Rejection;
use crate::wire::frames::MessageId;
use crate::wire::input;
use crate::wire::report::message_id;

/// One message: JSON with a `type`, and with an `id` that its answer names.
pub struct Spoken {
    body: Result<Value, Rejection>,
    id: Result<Option<MessageId>, Rejection>,
}

impl Spoken {
    /// Reads a frame; `None`: a binary one.
    pub fn read(text: Option<&str>) -> Self {
        let body = match text {
            Some(text) => input::json(text.as_bytes()),
            None => Err(Rejection::invalid("type", "messages are JSON in text frames")),
        };
        let id = body.as_ref().map_or(Ok(None), message_id);
        Self { body, id }
    }

    /// Its `type`, where it has one.
    pub fn kind(&self) -> Option<&str> {
        self.body.as_ref().ok()?.get("type")?.as_str()
    }

    /// Its `id`, where it has one that can be read.
    pub fn id(&self) -> Option<MessageId> {
        self.id.as_ref().ok()?.clone()
    }

    /// Type, body and id.
    ///
    /// # Errors
    /// Says what is wrong with one of them.
    pub fn parts(&self) -> Result<(&str, &Value, Option<MessageId>), Rejection> {
        let body = self.body.as_ref().map_err(Clone::clone)?;
        let id = self.id.clone()?;
        let kind = self.kind();
        let kind = kind.ok_or_else(|| Rejection::invalid("type", "a message is an object with a type"))?;
        Ok((kind, body, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: Option<&str>) -> String {
        match Spoken::read(text).parts() {
            Err(Rejection::Invalid { field, .. }) => field.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_has_a_type_and_may_have_an_id() {
        let spoken = Spoken::read(Some(r#"{"type":"get","id":7}"#));
        let (kind, body, id) = spoken.parts().expect("a message");
        assert_eq!((kind, &body["id"], id), ("get", &Value::from(7), Some(MessageId::Number(7))));
        let spoken = Spoken::read(Some(r#"{"type":"get"}"#));
        assert_eq!((spoken.kind(), spoken.id()), (Some("get"), None));
    }

    #[test]
    fn what_is_no_message_says_why() {
        for text in [None, Some("[]"), Some("1"), Some(r#"{"type":1}"#), Some(r#"{"id":"a"}"#)] {
            assert_eq!(wrong(text), "type", "{text:?}");
            assert_eq!(Spoken::read(text).kind(), None);
        }
        assert_eq!(wrong(Some(r#"{"type":"get","id":[]}"#)), "id");
    }

    #[test]
    fn an_answer_names_the_id_even_where_the_type_is_missing() {
        assert_eq!(Spoken::read(Some(r#"{"id":"a"}"#)).id(), Some(MessageId::Text("a".into())));
        assert_eq!(Spoken::read(Some("{")).id(), None);
    }
}
