//! The tag of a snapshot (RFC 9110, 8.8.3): what it shows of which moment, and to whom.

use crate::visibility::Audience;
use crate::wire::Snapshot;

/// Weak: epoch, number, audience and the state of the position, which ages by itself.
pub fn of(snapshot: &Snapshot, audience: Audience) -> String {
    let Snapshot { epoch, seq, location_state, .. } = snapshot;
    format!("W/\"{epoch}-{seq}-{}-{}\"", audience.name(), location_state.name())
}

/// As whom an answer with this tag was given.
pub fn audience(tag: &str) -> Option<Audience> {
    let name = opaque(tag).trim_matches('"').rsplit('-').nth(1)?;
    Audience::ALL.into_iter().find(|audience| audience.name() == name)
}

/// Whether `If-None-Match` names the tag, by weak comparison: with or without `W/`.
pub fn is_named(if_none_match: &str, tag: &str) -> bool {
    if_none_match.split(',').any(|listed| listed.trim() == "*" || opaque(listed) == opaque(tag))
}

fn opaque(tag: &str) -> &str {
    tag.trim().trim_start_matches("W/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::tests::{after, started};
    use crate::visibility;

    #[test]
    fn a_tag_says_to_whom_it_was_given() {
        let delivery = started(serde_json::json!({}));
        for to in Audience::ALL {
            let tag = of(&visibility::snapshot(&delivery, to, after(0), false), to);
            assert_eq!(audience(&tag), Some(to), "{tag}");
        }
        for other in ["", "W/\"\"", "W/\"a-1-nobody-live\"", "public"] {
            assert_eq!(audience(other), None, "{other}");
        }
    }

    #[test]
    fn a_tag_is_named_weakly_or_by_a_star() {
        for (asked, expected) in [
            ("W/\"a-1-public-live\"", true),
            ("\"a-1-public-live\"", true),
            ("\"b\" , W/\"a-1-public-live\"", true),
            ("*", true),
            ("\"a-1-public-stale\"", false),
            ("", false),
        ] {
            assert_eq!(is_named(asked, "W/\"a-1-public-live\""), expected, "{asked}");
        }
    }
}
