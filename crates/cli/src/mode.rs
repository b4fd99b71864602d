//! How a driver moves, as recorded trips call it and as the contract calls it.

pub use onway_core::wire::start::Mode;

/// The nearest mode of the contract to what a recording calls it; a car where nothing is near.
pub fn nearest(recorded: &str) -> Mode {
    match recorded.to_ascii_lowercase().as_str() {
        "foot" | "walk" | "walking" | "run" => Mode::Foot,
        "bicycle" | "bike" | "cycling" | "ebike" => Mode::Bicycle,
        "scooter" | "moped" | "motorcycle" | "motorbike" => Mode::Scooter,
        // A bus, as a van on its round, stops often.
        "van" | "delivery_van" | "bus" | "school_bus" => Mode::Van,
        "truck" | "lorry" => Mode::Truck,
        _ => Mode::Car,
    }
}

/// A mode's name in the contract.
pub fn name(mode: Mode) -> &'static str {
    Mode::ALL.iter().find(|(known, _)| *known == mode).map_or("car", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_of_the_contract_is_its_own_nearest() {
        for (mode, name) in Mode::ALL {
            assert_eq!(nearest(name), mode);
            assert_eq!(super::name(mode), name);
        }
    }

    #[test]
    fn what_the_contract_does_not_know_is_a_car() {
        for recorded in ["taxi", "tram", "", "Car"] {
            assert_eq!(nearest(recorded), Mode::Car, "{recorded}");
        }
        assert_eq!((nearest("delivery_van"), nearest("bus")), (Mode::Van, Mode::Van));
    }
}
