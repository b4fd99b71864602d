//! Why connections broke or could not be made, like with like.

use serde::Serialize;

/// The most different reasons of a trip that are kept: a service that is down gives a few.
const REASONS_MAX: usize = 20;

/// One reason, and how often it was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interruption {
    pub why: String,
    pub times: usize,
}

/// The reasons of one trip, in the order in which they were first met.
#[derive(Debug, Default, Clone, Serialize)]
#[serde(transparent)]
pub struct Interruptions(Vec<Interruption>);

impl Interruptions {
    pub fn note(&mut self, why: &str) {
        if let Some(known) = self.0.iter_mut().find(|known| known.why == why) {
            known.times += 1;
        } else if self.0.len() < REASONS_MAX {
            self.0.push(Interruption { why: why.to_owned(), times: 1 });
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Interruption> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_reasons_are_counted_and_others_bounded() {
        let mut interruptions = Interruptions::default();
        for round in 0..100 {
            interruptions.note("reset");
            interruptions.note(&format!("reason {round}"));
        }
        let kept: Vec<_> = interruptions.iter().collect();
        assert_eq!(kept.len(), REASONS_MAX);
        assert_eq!(kept[0], &Interruption { why: "reset".into(), times: 100 });
    }
}
