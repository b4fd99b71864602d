//! What each mode of travel can do: physical limits, well above the usual, so that only what cannot be
//! is dropped.

use crate::wire::start::Mode;

/// The limits of a mode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// The fastest that is believed between two fixes, in m/s.
    pub speed: f64,
    /// The hardest braking, in m/s².
    pub braking: f64,
    /// Density of the white acceleration while turning, braking and starting, in m²/s³.
    pub agility: f64,
    /// How long a speed lasts before it is anybody's guess, in seconds.
    pub persistence: f64,
}

impl Limits {
    pub const fn of(mode: Mode) -> Self {
        match mode {
            Mode::Foot => Self { speed: 10.0, braking: 3.0, agility: 0.5, persistence: 15.0 },
            Mode::Bicycle => Self { speed: 25.0, braking: 5.0, agility: 2.0, persistence: 20.0 },
            Mode::Scooter => Self { speed: 45.0, braking: 7.0, agility: 6.0, persistence: 25.0 },
            Mode::Truck => Self { speed: 45.0, braking: 6.0, agility: 6.0, persistence: 30.0 },
            Mode::Van => Self { speed: 60.0, braking: 8.0, agility: 6.0, persistence: 30.0 },
            Mode::Car => Self { speed: 70.0, braking: 8.0, agility: 6.0, persistence: 30.0 },
        }
    }
}
