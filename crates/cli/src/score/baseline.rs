//! What an ETA must be better than: two rules that need no history.

use onway_core::clock::Millis;
use onway_core::fix::Position;

/// Speed that both rules begin with, in m/s.
const SPEED: f64 = 30.0 / 3.6;
/// How long the second one remembers, in seconds.
const TAU_SECS: f64 = 900.0;
/// The way by road over the great circle.
const DETOUR: f64 = 1.3;

/// The great circle at 30 km/h, with at least a minute.
pub fn rule(metres: f64) -> f64 {
    (metres / SPEED).max(60.0)
}

/// 1.3 × the great circle over an exponentially weighted mean of the trip's speed.
#[derive(Debug, Clone)]
pub struct Ewma {
    speed: f64,
    last: Option<(Millis, Position)>,
}

impl Default for Ewma {
    fn default() -> Self {
        Self { speed: SPEED, last: None }
    }
}

impl Ewma {
    pub fn observe(&mut self, at: Millis, position: Position) {
        if let Some((since, from)) = self.last {
            let secs = at.since(since) as f64 / 1000.0;
            if secs <= 0.0 {
                return;
            }
            let speed = from.metres_to(position) / secs;
            self.speed += (1.0 - (-secs / TAU_SECS).exp()) * (speed - self.speed);
        }
        self.last = Some((at, position));
    }

    pub fn secs(&self, metres: f64) -> f64 {
        DETOUR * metres / self.speed.max(0.1)
    }
}
