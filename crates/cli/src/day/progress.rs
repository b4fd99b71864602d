//! How far the days have come: a bar on a terminal, lines of JSON for a program.

use std::cell::Cell;

use indicatif::ProgressBar;
use serde_json::json;

/// The view of several days that run side by side.
#[derive(Debug)]
pub struct Progress {
    /// `clean` or `disturbed`.
    run: &'static str,
    bar: ProgressBar,
    json: bool,
    steps: u64,
    done: Cell<u64>,
}

impl Progress {
    pub fn new(run: &'static str, steps: u64, json: bool) -> Self {
        Self { run, bar: crate::commands::bar(steps), json, steps, done: Cell::new(0) }
    }

    /// A message is through, or lost.
    pub fn step(&self) {
        let done = self.done.get() + 1;
        self.done.set(done);
        self.bar.inc(1);
        let per_cent = |done: u64| done * 100 / self.steps.max(1);
        if self.json && per_cent(done) > per_cent(done - 1) {
            println!("{}", json!({"run": self.run, "per_cent": per_cent(done)}));
        }
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
