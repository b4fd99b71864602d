//! What those outside (the public, who has a link, the customer) may see of a delivery, element by element.
//!
//! A rule is always, never, or conditions that must all hold at the moment of sending. There is no hysteresis:
//! what stops holding is hidden again at once, and what is hidden is never shown later.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::Millis;
use crate::delivery::Delivery;
use crate::fix::Position;
use crate::rejection::Rejection;
use crate::wire::input::Fields;

/// What has a rule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// The position, and what follows from it: heading, speed, distance left, progress, an ETA to the second.
    Location,
    /// The planned route.
    Route,
    Eta,
    StopsBefore,
    /// The trail: where the location is shown, how it came there.
    History,
}

impl Element {
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Location, "location"),
        (Self::Route, "route"),
        (Self::Eta, "eta"),
        (Self::StopsBefore, "stops_before"),
        (Self::History, "history"),
    ];
}

/// Most stops, metres and seconds of a condition.
pub const WITHIN_STOPS_MAX: f64 = 1_000.0;
pub const WITHIN_M_MAX: f64 = 100_000.0;
pub const WITHIN_S_MAX: f64 = 86_400.0;

/// When an element is shown. Without any condition: always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    never: bool,
    /// From `PICKED_UP` until the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    active: bool,
    /// At most so many stops come before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within_stops: Option<u32>,
    /// The driver is within so many metres of the dropoff, by the great circle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within_m: Option<f64>,
    /// The ETA is at most so many seconds ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    within_s: Option<f64>,
}

/// What is said of some elements; the others keep what they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GivenRules([Option<Rule>; 5]);

/// A rule for each element.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rules([Rule; 5]);

impl Default for Rules {
    fn default() -> Self {
        const ALWAYS: Rule =
            Rule { never: false, active: false, within_stops: None, within_m: None, within_s: None };
        const NEVER: Rule = Rule { never: true, ..ALWAYS };
        Self([Rule { active: true, within_stops: Some(1), ..ALWAYS }, NEVER, ALWAYS, ALWAYS, ALWAYS])
    }
}

impl GivenRules {
    /// Reads `{element: rule}`. What is not known is refused, since ignoring it would show more than was asked.
    pub fn parse(value: &Value) -> Result<Self, Rejection> {
        let refuse = |detail| Err(Rejection::invalid(FIELD, detail));
        let Some(map) = value.as_object() else { return refuse("visibility_rules must be an object") };
        let mut given = Self::default();
        for (name, value) in map {
            let found = Element::ALL.iter().zip(&mut given.0).find(|((_, known), _)| known == name);
            let Some((_, slot)) = found else {
                return refuse(
                    "visibility_rules knows location, route, eta, stops_before and history, and nothing else",
                );
            };
            if !value.is_null() {
                *slot = Some(Rule::parse(value)?);
            }
        }
        Ok(given)
    }
}

const FIELD: &str = "visibility_rules";

impl Rules {
    /// These, with what is given in the place of some.
    #[must_use]
    pub fn with(mut self, given: &GivenRules) -> Self {
        for (rule, given) in self.0.iter_mut().zip(given.0) {
            *rule = given.unwrap_or(*rule);
        }
        self
    }

    pub fn of(&self, element: Element) -> Rule {
        self.0.get(element as usize).copied().unwrap_or(Rule { never: true, ..Rule::default() })
    }
}

impl Rule {
    fn parse(value: &Value) -> Result<Self, Rejection> {
        let word = |word: &str| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(word));
        if word("always") {
            return Ok(Self::default());
        }
        if word("never") {
            return Ok(Self { never: true, ..Self::default() });
        }
        const WRONG: &str = "a rule of visibility_rules is \"always\", \"never\", or an object of at least one of within_stops, within_m, within_s (numbers) and active (true), and nothing else";
        let refusal = || Rejection::invalid(FIELD, WRONG);
        let known = |map: &Map<String, Value>| {
            map.keys().all(|name| ["within_stops", "within_m", "within_s", "active"].contains(&name.as_str()))
        };
        if !value.as_object().is_some_and(known) {
            return Err(refusal());
        }
        let fields = Fields::of(value, FIELD)?;
        let within = |name, most| fields.number_within(name, 0.0..=most).map_err(|_| refusal());
        let stops = within("within_stops", WITHIN_STOPS_MAX)?;
        let active = fields.get("active")?;
        if stops.is_some_and(|stops| stops.fract() > 0.0) || active.is_some_and(|active| *active != true) {
            return Err(refusal());
        }
        let rule = Self {
            never: false,
            active: active.is_some(),
            within_stops: stops.map(|stops| stops as u32),
            within_m: within("within_m", WITHIN_M_MAX)?,
            within_s: within("within_s", WITHIN_S_MAX)?,
        };
        if rule == Self::default() { Err(refusal()) } else { Ok(rule) }
    }

    /// Whether it holds at the delivery's `now`. What a condition asks and nobody knows does not hold.
    pub fn holds(&self, delivery: &Delivery, now: Millis) -> bool {
        let live = &delivery.live;
        let left = || live.eta.map(|eta| eta.at.since(now) as f64 / 1000.0);
        let here = live.recent.live_position();
        !self.never
            && (!self.active || delivery.status().is_under_way())
            && self.within_stops.is_none_or(|stops| live.stops_before <= stops)
            && self.within_m.is_none_or(|_| here.is_some_and(|here| self.is_near(delivery, here)))
            && self.within_s.is_none_or(|most| left().is_some_and(|left| left <= most))
    }

    /// Whether a place is as near as it asks.
    pub fn is_near(&self, delivery: &Delivery, place: Position) -> bool {
        let dropoff = delivery.facts.dropoff.position();
        self.within_m.is_none_or(|most| place.metres_to(dropoff) <= most)
    }

    /// Whether it depends on the driver's way, and so begins to hold with a position, not with a status.
    pub fn follows_the_way(&self) -> bool {
        self.within_m.is_some() || self.within_s.is_some()
    }
}
