//! Who drives where: rounds of deliveries in an area, all from a seed.

use geo::{Coord, Destination, Distance, Haversine, Point, Rect};
use onway_core::wire::start::Mode;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::error::Error;
use crate::simulation::{Course, Extent, Request, Simulation};

/// How far a city reaches from its middle to each side, in metres.
const CITY_M: f64 = 5_000.0;
/// The shortest straight way to a door, in metres: nearer ones are drawn again.
const NEAREST_M: f64 = 400.0;
/// How often a door is drawn again, so that an area smaller than that has doors too.
const DRAWS_MAX: usize = 20;
/// How late an order is promised, as shares of the time that the driver needs: some cannot be kept.
const PROMISE: std::ops::Range<f64> = 0.85..1.6;

/// What rounds are made of.
#[derive(Debug)]
pub struct Roster {
    pub area: Rect,
    /// Rounds begin at them; without any, anywhere.
    pub stores: Vec<String>,
    pub drivers: usize,
    /// Of all first rounds together.
    pub deliveries: usize,
    pub mode: Mode,
    /// Mean speed in m/s; the mode's own where it is left out.
    pub speed: Option<f64>,
    pub noise_m: f64,
    /// How long a way is; to a door anywhere in the area where it is left out.
    pub extent: Option<Extent>,
    pub seed: u64,
}

/// The deliveries that a driver takes along, in the order of its stops.
#[derive(Debug)]
pub struct Round {
    pub store_id: Option<String>,
    pub pickup: Point,
    pub legs: Vec<Leg>,
}

/// The way to one door.
#[derive(Debug)]
pub struct Leg {
    pub simulation: Simulation,
    /// Seconds from the start of the round until it is promised.
    pub promised_s: f64,
}

impl Roster {
    /// A driver's round of this number, from where the last one ended.
    pub fn round(&self, driver: usize, number: u64, from: Option<Point>) -> Result<Round, Error> {
        let mut rng = self.rng(&[driver as u64, number]);
        // Stores have about the same number of drivers each.
        let store = (driver + number as usize).checked_rem(self.stores.len());
        let store = store.and_then(|at| Some((at, self.stores.get(at)?.clone())));
        let pickup = match (from, &store) {
            (Some(from), _) => from,
            // The same place for all of its drivers.
            (None, Some((at, _))) => self.place(&mut self.rng(&[u64::MAX, *at as u64])),
            (None, None) => self.place(&mut rng),
        };
        let (mut legs, mut here, mut needed_s) = (Vec::new(), pickup, 0.0);
        for _ in 0..self.stops(driver) {
            let course = match self.extent {
                Some(extent) => Course::From(here, extent),
                None => Course::Between(here, self.door(here, &mut rng)),
            };
            let (mode, speed, noise_m) = (self.mode, self.speed, self.noise_m);
            let simulation = Simulation::new(&Request { course, mode, speed, noise_m, seed: rng.random() })?;
            here = simulation.route.end();
            needed_s += simulation.duration().as_secs_f64();
            legs.push(Leg { simulation, promised_s: needed_s * rng.random_range(PROMISE) });
        }
        Ok(Round { store_id: store.map(|(_, id)| id), pickup, legs })
    }

    /// How many deliveries a driver takes along.
    fn stops(&self, driver: usize) -> usize {
        self.deliveries / self.drivers + usize::from(driver < self.deliveries % self.drivers)
    }

    fn door(&self, from: Point, rng: &mut SmallRng) -> Point {
        let mut door = self.place(rng);
        for _ in 1..DRAWS_MAX {
            if Haversine.distance(from, door) >= NEAREST_M {
                break;
            }
            door = self.place(rng);
        }
        door
    }

    fn place(&self, rng: &mut SmallRng) -> Point {
        let (least, size) = (self.area.min(), Coord { x: self.area.width(), y: self.area.height() });
        Point::new(least.x + size.x * rng.random::<f64>(), least.y + size.y * rng.random::<f64>())
    }

    fn rng(&self, of: &[u64]) -> SmallRng {
        // Seeds beside each other would be those of other drivers.
        let mixed = of.iter().fold(self.seed, |seed, part| SmallRng::seed_from_u64(seed ^ part).random());
        SmallRng::seed_from_u64(mixed)
    }
}

/// A city around its middle.
pub fn city(middle: Point) -> Rect {
    let side = |bearing| Haversine.destination(middle, bearing, CITY_M);
    Rect::new(Coord { x: side(270.0).x(), y: side(180.0).y() }, Coord { x: side(90.0).x(), y: side(0.0).y() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(drivers: usize, deliveries: usize) -> Roster {
        Roster {
            area: city(Point::new(-0.187, 5.6037)),
            stores: vec!["S-1".into(), "S-2".into()],
            drivers,
            deliveries,
            mode: Mode::Scooter,
            speed: None,
            noise_m: 5.0,
            extent: None,
            seed: 7,
        }
    }

    #[test]
    fn every_delivery_is_some_drivers() {
        for (drivers, deliveries) in [(1, 1), (3, 3), (3, 10), (7, 20)] {
            let roster = roster(drivers, deliveries);
            let rounds: Vec<_> = (0..drivers).map(|driver| roster.round(driver, 0, None).unwrap()).collect();
            assert_eq!(rounds.iter().map(|round| round.legs.len()).sum::<usize>(), deliveries);
            assert!(rounds.iter().all(|round| !round.legs.is_empty()));
        }
    }

    #[test]
    fn a_round_goes_from_the_store_from_door_to_door_within_the_area() {
        let roster = roster(4, 12);
        let rounds: Vec<_> = (0..4).map(|driver| roster.round(driver, 0, None).unwrap()).collect();
        for round in &rounds {
            let mut here = round.pickup;
            for Leg { simulation, promised_s } in &round.legs {
                assert_eq!(simulation.route.start(), here);
                here = simulation.route.end();
                let (least, most) = (roster.area.min(), roster.area.max());
                assert!((least.x..=most.x).contains(&here.x()) && (least.y..=most.y).contains(&here.y()));
                assert!(*promised_s > 0.0);
            }
        }
        let pickups: Vec<_> = rounds.iter().map(|round| (round.store_id.as_deref(), round.pickup)).collect();
        assert_eq!(pickups[0], pickups[2], "of one store");
        assert_eq!([pickups[0].0, pickups[1].0], [Some("S-1"), Some("S-2")]);
        assert_ne!(pickups[0].1, pickups[1].1);
        let onwards = roster.round(0, 1, Some(Point::new(-0.2, 5.6))).unwrap();
        assert_eq!((onwards.store_id.as_deref(), onwards.pickup), (Some("S-2"), Point::new(-0.2, 5.6)));
    }

    #[test]
    fn the_same_seed_gives_the_same_rounds_and_each_driver_its_own() {
        let end =
            |roster: &Roster, driver| roster.round(driver, 0, None).unwrap().legs[0].simulation.route.end();
        let (one, other) = (roster(3, 3), Roster { seed: 8, ..roster(3, 3) });
        assert_eq!(end(&one, 0), end(&roster(3, 3), 0));
        assert_ne!(end(&one, 0), end(&one, 2));
        assert_ne!(end(&one, 0), end(&other, 0));
    }
}
