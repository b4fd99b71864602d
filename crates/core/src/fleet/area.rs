//! A part of the map, between two meridians and two parallels.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fix::Position;
use crate::rejection::Rejection;

/// Where west lies east of east, it crosses the antimeridian. What has no position of its own is where it is picked
/// up, or else where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    south_west: Position,
    north_east: Position,
}

/// The antimeridian from the west, in units of 1e-7 degrees; from the east it is the negative of it.
const ANTIMERIDIAN: i32 = 1_800_000_000;
const POLE: i32 = 900_000_000;

impl Area {
    fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self, Rejection> {
        let corners = Position::from_degrees(south, west).zip(Position::from_degrees(north, east));
        match corners.filter(|(south_west, north_east)| south_west.lat_e7 <= north_east.lat_e7) {
            Some((south_west, north_east)) => Ok(Self { south_west, north_east }),
            None => Err(refusal()),
        }
    }

    /// `w,s,e,n` of a query.
    pub fn parse(text: &str) -> Result<Self, Rejection> {
        let numbers = text.split(',').map(|number| number.trim().parse().ok());
        Self::of(&numbers.collect::<Option<Vec<f64>>>().unwrap_or_default())
    }

    /// `[w, s, e, n]` of a message.
    pub fn read(value: &Value) -> Result<Self, Rejection> {
        let numbers = value.as_array().map(|values| values.iter().map(Value::as_f64));
        Self::of(&numbers.and_then(Iterator::collect::<Option<Vec<_>>>).unwrap_or_default())
    }

    fn of(edges: &[f64]) -> Result<Self, Rejection> {
        match *edges {
            [west, south, east, north] => Self::new(west, south, east, north),
            _ => Err(refusal()),
        }
    }

    pub fn contains(&self, place: Position) -> bool {
        let Self { south_west, north_east } = self;
        let Position { lat_e7, lng_e7 } = place;
        if !(south_west.lat_e7..=north_east.lat_e7).contains(&lat_e7) {
            return false;
        }
        let (west, east) = (south_west.lng_e7, north_east.lng_e7);
        let is_between = |lng: i32| match west <= east {
            true => (west..=east).contains(&lng),
            false => lng >= west || lng <= east,
        };
        // A pole is on every meridian, and the antimeridian has two names.
        lat_e7.abs() == POLE || is_between(lng_e7) || (lng_e7.abs() == ANTIMERIDIAN && is_between(-lng_e7))
    }
}

fn refusal() -> Rejection {
    Rejection::invalid(
        "bbox",
        "bbox must be west, south, east and north in degrees, within ±180 and ±90, south not above north",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn at(lat: f64, lng: f64) -> Position {
        Position::from_degrees(lat, lng).unwrap()
    }

    #[test]
    fn an_area_holds_what_lies_between_its_edges() {
        let cases = [
            ("-1,5,1,6", 5.5, 0.0, true),
            ("-1,5,1,6", 5.0, -1.0, true),
            ("-1,5,1,6", 6.1, 0.0, false),
            ("-1,5,1,6", 5.5, 1.1, false),
            // Across the antimeridian.
            ("170,-20,-170,0", -10.0, 175.0, true),
            ("170,-20,-170,0", -10.0, -175.0, true),
            ("170,-20,-170,0", -10.0, 180.0, true),
            ("170,-20,-170,0", -10.0, 0.0, false),
            ("170,-20,180,0", -10.0, -180.0, true),
            ("-180,-20,-170,0", -10.0, 180.0, true),
            // Around a pole.
            ("-180,80,180,90", 85.0, 123.0, true),
            ("10,80,20,90", 90.0, -100.0, true),
            ("10,80,20,90", 89.9, -100.0, false),
            ("-180,-90,180,90", 0.0, 0.0, true),
            // A point.
            ("2,1,2,1", 1.0, 2.0, true),
            ("2,1,2,1", 1.0, 2.1, false),
        ];
        for (text, lat, lng, expected) in cases {
            assert_eq!(Area::parse(text).unwrap().contains(at(lat, lng)), expected, "{text} {lat} {lng}");
        }
    }

    #[test]
    fn what_is_no_area_is_refused() {
        for text in [
            "",
            ",",
            "1,2,3",
            "1,2,3,4,5",
            "0,6,1,5",
            "NaN,0,1,1",
            "0,0,inf,1",
            "-181,0,1,1",
            "0,-91,1,1",
            "0,0,1,1e9",
            "a,b,c,d",
        ] {
            let Err(Rejection::Invalid { field, .. }) = Area::parse(text) else { panic!("{text}") };
            assert_eq!(field, "bbox");
        }
        for value in [
            json!(null),
            json!({}),
            json!("0,0,1,1"),
            json!([0, 0, 1]),
            json!([0, 0, "1", 1]),
            json!([0, 2, 1, 1]),
        ] {
            assert!(Area::read(&value).is_err(), "{value}");
        }
        assert_eq!(Area::read(&json!([-1, 5, 1.5, 6])), Area::parse("-1, 5, 1.5, 6"));
    }

    proptest! {
        #[test]
        fn two_halves_hold_what_the_whole_does(
            west in -180.0..180.0_f64, width in 0.0..359.0_f64, cut in 0.0..1.0_f64, lat in -89.0..89.0_f64, lng in -180.0..180.0_f64,
        ) {
            let wrap = |lng: f64| if lng > 180.0 { lng - 360.0 } else { lng };
            let (east, middle) = (wrap(west + width), wrap(west + width * cut));
            let area = |west, east| Area::new(west, -90.0, east, 90.0).unwrap();
            let place = at(lat, lng);
            let halves = area(west, middle).contains(place) || area(middle, east).contains(place);
            prop_assert_eq!(area(west, east).contains(place), halves);
        }
    }
}
