//! A trip of a GPX or CSV file while it is read: its points may lack their times.

use onway_core::fix::Position;

use crate::error::Error;
use crate::mode::{self, Mode};
use crate::trips::{Point, Reading, Trip, stem};

pub struct Draft {
    /// The line on which it begins.
    pub line: usize,
    /// What the file calls it; empty where it has no name.
    pub name: String,
    /// How it was travelled, in the file's words; empty where it does not say.
    pub mode: String,
    /// Who travelled; empty where the file does not say.
    pub user: String,
    rows: usize,
    points: Vec<(Option<i64>, Point)>,
}

impl Draft {
    pub fn new(line: usize) -> Self {
        let empty = String::new;
        Self { line, name: empty(), mode: empty(), user: empty(), rows: 0, points: Vec::new() }
    }

    /// Takes in the next row: its time in Unix milliseconds and its position, where it has them.
    pub fn push(&mut self, time_ms: Option<i64>, point: Option<Point>) {
        let row = self.rows;
        self.rows += 1;
        self.points.extend(point.map(|point| (time_ms, Point { row, ..point })));
    }

    pub fn finish(self, file: &str, reading: &Reading, now_ms: i64) -> Result<Trip, Error> {
        let wrong = |why: String| Error::Trip { file: file.to_owned(), line: self.line, why };
        let named = |text: String| if text.is_empty() { format!("{file}:{}", self.line) } else { text };
        let timed = self.points.iter().any(|(time_ms, _)| time_ms.is_some());
        let points: Vec<Point> = if timed || self.points.is_empty() {
            let timed = |(time_ms, point)| Some(Point { time_ms: time_ms?, ..point });
            self.points.into_iter().filter_map(timed).collect()
        } else {
            let pace = reading.pace.ok_or_else(|| {
                wrong("its points have no time: say with --pace how fast it was travelled".into())
            })?;
            paced(self.points.into_iter().map(|(_, point)| point), pace, now_ms)
        };
        if points.len() < 2 {
            return Err(wrong(format!("a trip needs two valid positions, this has {}", points.len())));
        }
        let said = Some(self.mode).filter(|mode| !mode.is_empty());
        Ok(Trip {
            id: named(self.name),
            source: stem(file).to_owned(),
            mode: said.map_or(reading.mode.unwrap_or(Mode::Car), |mode| mode::nearest(&mode)),
            user: named(self.user),
            delivery_like: false,
            unusable: self.rows - points.len(),
            points,
        })
    }
}

/// The points, each at the time at which somebody passes it who begins at `now_ms` and keeps this speed, in m/s.
fn paced(points: impl Iterator<Item = Point>, pace: f64, now_ms: i64) -> Vec<Point> {
    let (mut metres, mut before) = (0.0, None);
    let timed = points.map(|point| {
        let here = Position::from_degrees(point.lat, point.lng);
        metres += before.zip(here).map_or(0.0, |(before, here): (Position, _)| before.metres_to(here));
        before = here;
        Point { time_ms: now_ms + (metres / pace * 1_000.0).round() as i64, ..point }
    });
    timed.collect()
}
