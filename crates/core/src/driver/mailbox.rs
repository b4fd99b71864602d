//! What the driver has to hear, whether it is there or not: at least once, in order, until acknowledged.

use serde::{Deserialize, Serialize};

/// Most letters that wait. Whoever has missed more reads the list of its deliveries.
pub const LETTERS_MAX: usize = 64;

/// A delivery came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub id: u64,
    pub tracking_id: String,
    pub assigned: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    #[serde(default)]
    last: u64,
    #[serde(default)]
    letters: Vec<Letter>,
}

impl Mailbox {
    /// What has been overtaken is taken out: the driver hears the newest of each delivery.
    pub fn put(&mut self, tracking_id: &str, assigned: bool) {
        self.letters.retain(|letter| letter.tracking_id != tracking_id);
        self.last += 1;
        self.letters.push(Letter { id: self.last, tracking_id: tracking_id.to_owned(), assigned });
        let surplus = self.letters.len().saturating_sub(LETTERS_MAX);
        self.letters.drain(..surplus);
    }

    /// The delivery has ended: that it came need not be said any more.
    pub fn withdraw(&mut self, tracking_id: &str) {
        self.letters.retain(|letter| letter.tracking_id != tracking_id);
    }

    /// Whether there was such a letter.
    pub fn acknowledge(&mut self, id: u64) -> bool {
        let before = self.letters.len();
        self.letters.retain(|letter| letter.id != id);
        self.letters.len() < before
    }

    pub fn waiting(&self) -> &[Letter] {
        &self.letters
    }
}
