//! Where a delivery's object should live: the platform's location hints.

use crate::fix::Position;

/// Cities where the platform has data centres, in degrees, with the hint of their region.
const CITIES: [(&str, f64, f64); 36] = [
    ("wnam", 37.4, -122.1),
    ("wnam", 47.6, -122.3),
    ("wnam", 33.4, -112.0),
    ("enam", 39.0, -77.5),
    ("enam", 41.9, -87.6),
    ("enam", 33.7, -84.4),
    ("enam", 32.8, -96.8),
    ("enam", 43.7, -79.4),
    ("sam", -23.5, -46.6),
    ("sam", -34.6, -58.4),
    ("sam", -33.4, -70.7),
    ("sam", 4.7, -74.1),
    ("weur", 51.5, -0.1),
    ("weur", 48.9, 2.3),
    ("weur", 40.4, -3.7),
    ("weur", 50.1, 8.7),
    ("weur", 59.3, 18.1),
    ("eeur", 52.2, 21.0),
    ("eeur", 44.4, 26.1),
    ("eeur", 60.2, 24.9),
    ("eeur", 41.0, 29.0),
    ("apac", 1.3, 103.8),
    ("apac", 35.7, 139.7),
    ("apac", 22.3, 114.2),
    ("apac", 19.1, 72.9),
    ("apac", 28.6, 77.2),
    ("oc", -33.9, 151.2),
    ("oc", -36.8, 174.8),
    ("oc", -31.9, 115.9),
    ("afr", -26.2, 28.0),
    ("afr", 6.5, 3.4),
    ("afr", -1.3, 36.8),
    ("afr", 33.6, -7.6),
    ("me", 25.2, 55.3),
    ("me", 24.7, 46.7),
    ("me", 32.1, 34.8),
];

/// The hint of the region with the nearest data centre.
pub fn nearest(position: Position) -> &'static str {
    let distance =
        |lat, lng| Position::from_degrees(lat, lng).map_or(f64::INFINITY, |city| position.metres_to(city));
    CITIES
        .iter()
        .map(|(hint, lat, lng)| (*hint, distance(*lat, *lng)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map_or("weur", |(hint, _)| hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_served_from_its_region() {
        let cases = [
            ("Accra", 5.6, -0.2, "afr"),
            ("Aracaju", -10.9, -37.1, "sam"),
            ("Berlin", 52.5, 13.4, "weur"),
            ("Athens", 38.0, 23.7, "eeur"),
            ("Beijing", 39.9, 116.4, "apac"),
            ("San Francisco", 37.8, -122.4, "wnam"),
            ("New York", 40.7, -74.0, "enam"),
            ("Suva, across the antimeridian", -18.1, 178.4, "oc"),
            ("Muscat", 23.6, 58.5, "me"),
        ];
        for (name, lat, lng, hint) in cases {
            assert_eq!(nearest(Position::from_degrees(lat, lng).unwrap()), hint, "{name}");
        }
    }
}
