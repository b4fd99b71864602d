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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_what_they_say() {
        assert_eq!((rule(100.0), rule(5_000.0).round()), (60.0, 600.0));
        let mut ewma = Ewma::default();
        let at = |secs: i64| Position::from_degrees(0.0, secs as f64 * 4.0 / 111_195.0).unwrap();
        assert_eq!(ewma.secs(1_000.0).round(), 156.0);
        for secs in (0..=900).step_by(30) {
            ewma.observe(Millis::from_secs(secs), at(secs));
        }
        // After one time constant 63 % of the way from 30 to 14.4 km/h.
        let speed = 4.0 + (SPEED - 4.0) * (-1.0_f64).exp();
        assert_eq!(ewma.secs(1_000.0).round(), (1_300.0 / speed).round());
    }
}
