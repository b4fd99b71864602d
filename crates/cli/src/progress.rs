//! How a simulated drive shows: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use onway_core::status::Status;

use crate::simulation::Simulation;

/// Without a terminal, a line for so many metres.
const LINE_EVERY_M: f64 = 250.0;

/// The view of one drive, on the standard error.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    length_m: f64,
    driven_m: f64,
    next_line_m: f64,
    status: &'static str,
    /// Seconds left, as the service publishes it.
    eta_s: Option<i64>,
}

impl Progress {
    pub fn new(simulation: &Simulation) -> Self {
        let length_m = simulation.route.length_m();
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(length_m as u64);
            if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {msg}") {
                bar.set_style(style);
            }
            bar
        });
        let minutes = simulation.duration().as_secs_f64() / 60.0;
        let progress =
            Self { bar, length_m, driven_m: 0.0, next_line_m: 0.0, status: "ASSIGNED", eta_s: None };
        progress.note(&format!("{length_m:.0} m to drive in about {minutes:.1} min"));
        progress
    }

    pub fn reached(&mut self, status: Status) {
        self.status = status.name();
        if self.bar.is_none() {
            self.note(self.status);
        }
    }

    /// What the service now publishes as seconds left.
    pub fn published(&mut self, eta_s: Option<i64>) {
        self.eta_s = eta_s;
    }

    /// The driver has come so far and moves at this speed, in m/s.
    pub fn driven(&mut self, metres: f64, speed: f64) {
        self.driven_m = metres;
        let line = self.line(speed);
        if let Some(bar) = &self.bar {
            bar.set_position(metres as u64);
            bar.set_message(line);
        } else if metres >= self.next_line_m {
            self.next_line_m = metres + LINE_EVERY_M;
            eprintln!("{line}");
        }
    }

    /// Something worth a line of its own.
    pub fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }

    pub fn finish(&mut self) {
        match &self.bar {
            Some(bar) => bar.finish_with_message(self.status),
            None => eprintln!("{:.0} m driven", self.driven_m),
        }
    }

    fn line(&self, speed: f64) -> String {
        let eta = match self.eta_s {
            Some(seconds) => format!("ETA {}:{:02} min", seconds / 60, seconds % 60),
            None => "no ETA".to_owned(),
        };
        let (driven, length, status) = (self.driven_m, self.length_m, self.status);
        format!("{status} {driven:.0} of {length:.0} m, {speed:.1} m/s, {eta}")
    }
}
