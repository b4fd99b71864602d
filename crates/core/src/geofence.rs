//! Whether the driver comes near a place, is there, or has left it. Each happens once a delivery.
//!
//! Distances are of the smoothed position, times are those of the fixes. A border is crossed with hysteresis: who
//! stands on it, with a position that trembles, crosses it once or not at all.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Millis;
use crate::rejection::Rejection;
use crate::wire::input::{Fields, under};

/// Widest radius, in metres.
pub const RADIUS_MAX: f64 = 50_000.0;
/// Longest span, in seconds.
pub const SPAN_MAX: f64 = 3_600.0;
/// What the object of them is called.
const NAME: &str = "geofences";
/// So much wider than its radius is a fence for who leaves it.
const WIDER: f64 = 1.5;

/// Which of the two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FencedPlace {
    Pickup,
    Dropoff,
}

impl FencedPlace {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pickup => "pickup",
            Self::Dropoff => "dropoff",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Crossing {
    Approaching,
    Arrived,
    Departed,
}

impl Crossing {
    pub const ALL: [Self; 3] = [Self::Approaching, Self::Arrived, Self::Departed];
}

/// How near is near.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fences {
    /// Within so many metres.
    approaching_m: f64,
    /// Or so many seconds, by the ETA.
    approaching_s: f64,
    /// Within so many metres,
    arrived_m: f64,
    /// for so many seconds.
    arrived_s: f64,
    /// From the pickup, in metres.
    departed_m: f64,
    /// Who leaves the pickup with the goods is in transit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub departed_is_in_transit: bool,
}

impl Default for Fences {
    fn default() -> Self {
        Self {
            approaching_m: 500.0,
            approaching_s: 180.0,
            arrived_m: 50.0,
            arrived_s: 10.0,
            departed_m: 100.0,
            departed_is_in_transit: false,
        }
    }
}

/// What is said of some of it; the rest stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GivenFences {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approaching_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approaching_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrived_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrived_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    departed_m: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    departed_is_in_transit: Option<bool>,
}

impl GivenFences {
    pub fn parse(value: &Value) -> Result<Self, Rejection> {
        Self::read(&Fields::of(value, NAME)?).map_err(under(NAME))
    }

    fn read(fields: &Fields<'_>) -> Result<Self, Rejection> {
        let metres = |field| fields.number_within(field, 1.0..=RADIUS_MAX);
        let seconds = |field| fields.number_within(field, 0.0..=SPAN_MAX);
        let switch = fields.get("departed_is_in_transit")?;
        Ok(Self {
            approaching_m: metres("approaching_m")?,
            approaching_s: seconds("approaching_s")?,
            arrived_m: metres("arrived_m")?,
            arrived_s: seconds("arrived_s")?,
            departed_m: metres("departed_m")?,
            departed_is_in_transit: switch
                .map(|switch| {
                    let wrong = || {
                        Rejection::invalid(
                            "departed_is_in_transit",
                            "departed_is_in_transit must be true or false",
                        )
                    };
                    switch.as_bool().ok_or_else(wrong)
                })
                .transpose()?,
        })
    }
}

impl Fences {
    #[must_use]
    pub fn with(self, given: &GivenFences) -> Self {
        Self {
            approaching_m: given.approaching_m.unwrap_or(self.approaching_m),
            approaching_s: given.approaching_s.unwrap_or(self.approaching_s),
            arrived_m: given.arrived_m.unwrap_or(self.arrived_m),
            arrived_s: given.arrived_s.unwrap_or(self.arrived_s),
            departed_m: given.departed_m.unwrap_or(self.departed_m),
            departed_is_in_transit: given.departed_is_in_transit.unwrap_or(self.departed_is_in_transit),
        }
    }
}

/// What is known of one place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fence {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    approached: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    arrived: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    departed: bool,
    /// Since when the driver is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inside: Option<Millis>,
    /// Since when the driver is away, having been there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outside: Option<Millis>,
}

/// A position in the sight of a place.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    pub at: Millis,
    /// To the place.
    pub metres: f64,
    /// Until the driver is there, in ms, where that is known.
    pub eta: Option<i64>,
}

impl Fence {
    /// Whether the driver comes, for whom this is the next place.
    pub fn approach(&mut self, fences: &Fences, seen: Sighting) -> bool {
        let is_near = seen.metres <= fences.approaching_m
            || seen.eta.is_some_and(|left| left as f64 <= fences.approaching_s * 1000.0);
        is_near && !self.arrived && !std::mem::replace(&mut self.approached, true)
    }

    /// Whether the driver is there by now.
    pub fn arrive(&mut self, fences: &Fences, seen: Sighting) -> bool {
        if seen.metres > fences.arrived_m {
            if seen.metres > fences.arrived_m * WIDER {
                self.inside = None;
            }
            return false;
        }
        let since = *self.inside.get_or_insert(seen.at);
        let stayed = seen.at.since(since) as f64 >= fences.arrived_s * 1000.0;
        stayed && !std::mem::replace(&mut self.arrived, true)
    }

    /// Whether the driver, who has been there, has left by now.
    pub fn depart(&mut self, fences: &Fences, seen: Sighting) -> bool {
        if seen.metres <= fences.departed_m {
            self.outside = None;
            return false;
        }
        let since = *self.outside.get_or_insert(seen.at);
        let is_far = seen.metres > fences.departed_m * WIDER;
        let stayed = seen.at.since(since) as f64 >= fences.arrived_s * 1000.0;
        (is_far || stayed) && !std::mem::replace(&mut self.departed, true)
    }

    pub const fn has_arrived(&self) -> bool {
        self.arrived
    }
}

/// What is known of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Passing {
    #[serde(default)]
    pub pickup: Fence,
    #[serde(default)]
    pub dropoff: Fence,
}

impl Passing {
    pub fn is_new(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Seconds and metres in, and when what happened.
    fn crossings(fences: &Fences, points: &[(i64, f64)]) -> Vec<(i64, Crossing)> {
        let mut fence = Fence::default();
        let mut told = Vec::new();
        for (secs, metres) in points {
            let seen = Sighting { at: Millis::from_secs(*secs), metres: *metres, eta: None };
            let steps = [
                (fence.approach(fences, seen), Crossing::Approaching),
                (fence.arrive(fences, seen), Crossing::Arrived),
                (fence.has_arrived() && fence.depart(fences, seen), Crossing::Departed),
            ];
            told.extend(steps.into_iter().filter(|(crossed, _)| *crossed).map(|(_, what)| (*secs, what)));
        }
        told
    }

    #[test]
    fn points_in_crossings_out() {
        use Crossing::{Approaching, Arrived, Departed};
        type Case<'a> = (&'a str, &'a [(i64, f64)], &'a [(i64, Crossing)]);
        let cases: [Case<'_>; 8] = [
            ("never near", &[(0, 5_000.0), (60, 501.0)], &[]),
            (
                "a visit",
                &[(0, 900.0), (5, 480.0), (10, 40.0), (15, 30.0), (20, 20.0), (300, 120.0), (305, 160.0)],
                &[(5, Approaching), (20, Arrived), (305, Departed)],
            ),
            ("driving past", &[(0, 900.0), (5, 40.0), (10, 200.0), (60, 3_000.0)], &[(5, Approaching)]),
            (
                "trembling on the border",
                &[(0, 49.0), (2, 51.0), (4, 48.0), (6, 55.0), (10, 49.0)],
                &[(0, Approaching), (10, Arrived)],
            ),
            (
                "out and in again",
                &[(0, 40.0), (5, 80.0), (10, 40.0), (15, 40.0), (20, 40.0)],
                &[(0, Approaching), (20, Arrived)],
            ),
            (
                "a fix a minute",
                &[(0, 2_000.0), (60, 30.0), (120, 30.0), (180, 900.0)],
                &[(60, Approaching), (120, Arrived), (180, Departed)],
            ),
            (
                "a short step out",
                &[(0, 10.0), (10, 10.0), (12, 110.0), (14, 90.0), (40, 110.0), (49, 110.0)],
                &[(0, Approaching), (10, Arrived)],
            ),
            (
                "coming back",
                &[(0, 10.0), (10, 10.0), (60, 400.0), (120, 10.0), (140, 10.0), (200, 400.0)],
                &[(0, Approaching), (10, Arrived), (60, Departed)],
            ),
        ];
        for (name, points, expected) in cases {
            assert_eq!(crossings(&Fences::default(), points), expected, "{name}");
        }
    }

    #[test]
    fn three_minutes_are_near_however_far() {
        let fences = Fences::default();
        let seen = |eta| Sighting { at: Millis(0), metres: 4_000.0, eta };
        for (eta, near) in [(None, false), (Some(180_001), false), (Some(180_000), true)] {
            assert_eq!(Fence::default().approach(&fences, seen(eta)), near, "{eta:?}");
        }
    }

    #[test]
    fn what_is_given_is_read_within_bounds_and_the_rest_stays() {
        let given = GivenFences::parse(&json!({"arrived_m": 80, "departed_is_in_transit": true})).unwrap();
        let fences = Fences::default().with(&given);
        assert_eq!(
            (fences.arrived_m, fences.approaching_m, fences.departed_is_in_transit),
            (80.0, 500.0, true)
        );
        for (wrong, field) in [
            (json!(5), "geofences"),
            (json!({"arrived_m": 0}), "geofences.arrived_m"),
            (json!({"arrived_m": "50"}), "geofences.arrived_m"),
            (json!({"approaching_s": -1}), "geofences.approaching_s"),
            (json!({"departed_m": 1e9}), "geofences.departed_m"),
            (json!({"departed_is_in_transit": 1}), "geofences.departed_is_in_transit"),
        ] {
            let refused = GivenFences::parse(&wrong);
            assert!(
                matches!(&refused, Err(Rejection::Invalid { field: at, .. }) if at == field),
                "{refused:?}"
            );
        }
    }

    proptest! {
        /// Whatever way the driver takes: each at most once, in this order.
        #[test]
        fn each_happens_once_and_in_order(steps in proptest::collection::vec((0..40_i64, 0.0..1_000.0), 0..200)) {
            let mut secs = 0;
            let points: Vec<_> = steps.into_iter().map(|(passed, metres)| { secs += passed; (secs, metres) }).collect();
            let told: Vec<_> = crossings(&Fences::default(), &points).into_iter().map(|(_, what)| what).collect();
            prop_assert!(Crossing::ALL.starts_with(&told), "{:?}", told);
        }
    }
}
