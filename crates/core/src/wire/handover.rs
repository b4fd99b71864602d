//! `POST /tracking/{id}/proof` and `/rating`: what is said of a delivery at its end.

use serde::{Deserialize, Serialize};

use crate::delivery::{Proof, ProofKind, Rating};
use crate::rejection::Rejection;
use crate::wire::input::Fields;

/// Most stars of a rating.
pub const STARS_MAX: u8 = 5;
/// Longest comment of a rating, in characters.
pub const COMMENT_MAX: usize = 500;
/// Longest code that is handed over, in characters.
pub const CODE_MAX: usize = 32;
/// Types of a proof's image, and how such a file begins.
const IMAGES: [(&str, &[u8]); 2] = [("image/jpeg", b"\xff\xd8\xff"), ("image/png", b"\x89PNG\r\n\x1a\n")];

/// A proof of delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofView {
    /// An image is at `/tracking/{id}/proof/{proof_id}`.
    pub id: String,
    pub kind: ProofKind,
    /// Unix seconds.
    pub at: i64,
    /// Of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// What the recipient said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl From<&Proof> for ProofView {
    fn from(proof: &Proof) -> Self {
        Self {
            id: proof.id.clone(),
            kind: proof.kind,
            at: proof.at.secs(),
            content_type: proof.content_type.clone(),
            code: proof.code.clone(),
        }
    }
}

/// How the customer found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RatingView {
    /// 1 to 5.
    pub stars: u8,
    pub comment: Option<String>,
    /// Unix seconds.
    pub at: i64,
}

impl From<&Rating> for RatingView {
    fn from(rating: &Rating) -> Self {
        Self { stars: rating.stars, comment: rating.comment.clone(), at: rating.at.secs() }
    }
}

/// Stars and comment.
pub fn parse_rating(fields: &Fields<'_>) -> Result<(u8, Option<String>), Rejection> {
    let stars =
        fields.number_within("stars", 1.0..=f64::from(STARS_MAX))?.ok_or_else(|| fields.missing("stars"))?;
    if stars.fract() != 0.0 {
        return Err(Rejection::invalid("stars", "stars must be a whole number from 1 to 5"));
    }
    let comment = fields.text("comment", COMMENT_MAX)?.filter(|comment| !comment.trim().is_empty());
    Ok((stars as u8, comment))
}

/// The code that the recipient said.
pub fn parse_code(fields: &Fields<'_>) -> Result<String, Rejection> {
    fields.identifier("code", CODE_MAX)?.ok_or_else(|| fields.missing("code"))
}

/// The kind of an image, from the query; a photo where it is not said.
pub fn image_kind(kind: Option<&str>) -> Result<ProofKind, Rejection> {
    match kind {
        None | Some("photo") => Ok(ProofKind::Photo),
        Some("signature") => Ok(ProofKind::Signature),
        Some(_) => {
            Err(Rejection::invalid("kind", "kind must be photo or signature, or the body JSON with a code"))
        }
    }
}

/// The type of an image by how it begins: what a client says of it is not trusted.
pub fn image_type(bytes: &[u8]) -> Result<&'static str, Rejection> {
    let found = IMAGES.iter().find(|(_, begin)| bytes.starts_with(begin)).map(|(name, _)| *name);
    found.ok_or_else(|| Rejection::invalid("body", "body must be a JPEG or a PNG image"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_bad_rating_and_code_names_its_field() {
        for (body, field) in [
            (json!({}), "stars"),
            (json!({"stars": 0}), "stars"),
            (json!({"stars": 6}), "stars"),
            (json!({"stars": 4.5}), "stars"),
            (json!({"stars": "5"}), "stars"),
            (json!({"stars": 5, "comment": 7}), "comment"),
            (json!({"stars": 5, "comment": "x".repeat(COMMENT_MAX + 1)}), "comment"),
        ] {
            match parse_rating(&Fields::of(&body, "body").unwrap()) {
                Err(Rejection::Invalid { field: at, .. }) => assert_eq!(at, field, "{body}"),
                other => panic!("{body} gave {other:?}"),
            }
        }
        for body in
            [json!({}), json!({"code": ""}), json!({"code": 1234}), json!({"code": "1".repeat(CODE_MAX + 1)})]
        {
            assert!(parse_code(&Fields::of(&body, "body").unwrap()).is_err(), "{body}");
        }
        let body = json!({"stars": 4.0, "comment": " "});
        assert_eq!(parse_rating(&Fields::of(&body, "body").unwrap()), Ok((4, None)));
    }

    #[test]
    fn an_image_is_what_it_begins_as() {
        assert_eq!(image_type(b"\xff\xd8\xff\xe0rest"), Ok("image/jpeg"));
        assert_eq!(image_type(b"\x89PNG\r\n\x1a\nrest"), Ok("image/png"));
        for other in [&b""[..], b"\xff\xd8", b"<svg>", b"GIF89a", b"<html>"] {
            assert!(image_type(other).is_err());
        }
        assert!(image_kind(Some("code")).is_err() && image_kind(Some("Photo")).is_err());
    }
}
