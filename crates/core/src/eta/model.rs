//! The parameters of the estimator as data, and what they make of a trip's features.
//!
//! ln(seconds left) = a + b · ln(metres left), by mode, + weights · linear features + the sum of small
//! trees. A band of residuals around it, by how far it is and how much is known, gives the range.

use std::sync::LazyLock;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use crate::eta::features::{FEATURES, Features, LINEAR};
use crate::eta::pace::{Corridor, Field};
use crate::fix::Position;
use crate::own_json;
use crate::wire::json;
use crate::wire::start::Mode;

/// The layout of the file: another one is refused.
pub const VERSION: u32 = 1;
/// Most trees, and the deepest: a few thousand numbers.
pub const TREES_MAX: usize = 128;
pub const DEPTH_MAX: u32 = 5;
/// Most numbers of all trees together.
pub const NUMBERS_MAX: usize = 6_000;
/// Largest text that is read as a model.
pub const TEXT_MAX: usize = 4 << 20;
/// Largest correction of the power law, as a logarithm: to a fifth, or five times.
const CORRECTION_MAX: f64 = 1.6;
/// Nothing is farther away than this: a week.
const SECS_MAX: f64 = 604_800.0;

/// Edges of the band's table: estimated seconds left, seconds under way, and share of cells known.
pub const BAND_LEFT: [f64; 3] = [300.0, 600.0, 1_200.0];
pub const BAND_ELAPSED: [f64; 2] = [120.0, 480.0];
pub const BAND_KNOWN: f64 = 0.5;
/// Rows of the table.
pub const BANDS: usize = (BAND_LEFT.len() + 1) * (BAND_ELAPSED.len() + 1) * 2;

/// a and b of a power law: seconds = exp(a + b · ln(metres)).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Power(pub f64, pub f64);

impl Power {
    /// Typical travel time over a great-circle distance, in seconds.
    pub fn secs(self, metres: f64) -> f64 {
        if metres < 1.0 { 0.0 } else { (self.0 + self.1 * metres.ln()).exp() }
    }
}

/// A complete binary tree, level by level: it has no pointers that could be wrong. At node `n`, features
/// above the threshold go to node `2n + 2`, others to `2n + 1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    pub nodes: Vec<(u8, f32)>,
    pub leaves: Vec<f32>,
}

impl Tree {
    pub fn value(&self, features: &Features) -> f64 {
        let mut at = 0;
        while let Some((feature, threshold)) = self.nodes.get(at) {
            let value = features.get(usize::from(*feature)).copied().unwrap_or_default();
            at = 2 * at + if value > f64::from(*threshold) { 2 } else { 1 };
        }
        self.leaves.get(at - self.nodes.len()).copied().map_or(0.0, f64::from)
    }

    fn numbers(&self) -> usize {
        2 * self.nodes.len() + self.leaves.len()
    }
}

/// Everything that an estimate depends on, apart from the trip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub version: u32,
    /// By mode, in the order of [`Mode::ALL`].
    pub power: [Power; Mode::ALL.len()],
    /// Of the first [`LINEAR`] features.
    pub weights: [f64; LINEAR],
    /// Seconds that each stop before this one takes.
    pub dwell_secs: f64,
    /// 10th and 90th percentile of the logarithm of real over estimated seconds: see [`band_row`].
    pub band: Vec<(f32, f32)>,
    #[serde(default)]
    pub trees: Vec<Tree>,
    #[serde(default)]
    pub field: Field,
    /// What it was fitted on; not of the one built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted: Option<Fitting>,
}

/// The members of a [`Model`].
const MEMBERS: [&str; 8] = ["version", "power", "weights", "dwell_secs", "band", "trees", "field", "fitted"];

/// What a model was fitted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fitting {
    /// When, in Unix seconds.
    pub at: i64,
    /// On how many trips.
    pub trips: u64,
}

/// Why a text is no model.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("it has more than {TEXT_MAX} bytes")]
    TooLong,
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("its layout is version {0}, this is made for {VERSION}")]
    Version(u32),
    #[error("the {0} are not what a travel time can be made of")]
    Numbers(&'static str),
    #[error("it has {0} numbers in its trees, {NUMBERS_MAX} at most are allowed")]
    TooMany(usize),
    #[error("tree {0} is not complete, or asks for a feature that there is not")]
    Tree(usize),
}

static BUILT_IN: LazyLock<Model> = LazyLock::new(super::builtin::model);

impl Model {
    /// The one for cities of which nothing is known.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// Reads the file that `onway fit` writes. Whatever it says, estimates stay finite and bounded.
    pub fn read(text: &[u8]) -> Result<Self, Unusable> {
        if text.len() > TEXT_MAX {
            return Err(Unusable::TooLong);
        }
        let text = json::parse(text).map_err(serde_json::Error::custom)?;
        // What is not known could be what the rest depends on.
        if let Some(name) =
            text.as_object().and_then(|all| all.keys().find(|name| !MEMBERS.contains(&name.as_str())))
        {
            return Err(serde_json::Error::custom(format_args!("unknown field `{name}`")).into());
        }
        let model: Self = own_json::of(&text)?;
        model.check()?;
        Ok(model)
    }

    /// What a delivery keeps of it beside its corridor.
    #[must_use]
    pub fn without_field(&self) -> Self {
        Self {
            version: self.version,
            power: self.power,
            weights: self.weights,
            dwell_secs: self.dwell_secs,
            band: self.band.clone(),
            trees: self.trees.clone(),
            field: Field::default(),
            fitted: None,
        }
    }

    /// Refuses what would not give finite times.
    pub fn check(&self) -> Result<(), Unusable> {
        if self.version != VERSION {
            return Err(Unusable::Version(self.version));
        }
        let power = |Power(a, b): &Power| (-10.0..=15.0).contains(a) && (0.05..=2.0).contains(b);
        let band = |(low, high): &(f32, f32)| (-3.0..=0.0).contains(low) && (0.0..=3.0).contains(high);
        let sound = [
            ("power laws", self.power.iter().all(power)),
            ("weights", self.weights.iter().all(|weight| weight.abs() <= 10.0)),
            ("seconds of a stop", (0.0..=86_400.0).contains(&self.dwell_secs)),
            ("rows of the band", self.band.len() == BANDS && self.band.iter().all(band)),
        ];
        if let Some((name, _)) = sound.iter().find(|(_, sound)| !sound) {
            return Err(Unusable::Numbers(name));
        }
        let numbers = self.trees.iter().map(Tree::numbers).sum();
        if self.trees.len() > TREES_MAX || numbers > NUMBERS_MAX {
            return Err(Unusable::TooMany(numbers));
        }
        let complete = |tree: &Tree| {
            (1..=DEPTH_MAX).any(|depth| tree.leaves.len() == 1 << depth)
                && tree.nodes.len() + 1 == tree.leaves.len()
                && tree.nodes.iter().all(|(feature, at)| usize::from(*feature) < FEATURES && at.is_finite())
                && tree.leaves.iter().all(|leaf| leaf.abs() <= 10.0)
        };
        match self.trees.iter().position(|tree| !complete(tree)) {
            Some(at) => Err(Unusable::Tree(at)),
            None => Ok(()),
        }
    }

    pub fn power(&self, mode: Mode) -> Power {
        self.power.get(mode as usize).copied().unwrap_or(Power(0.6, 0.7))
    }

    /// The cells that a delivery needs: what its object keeps of the field.
    pub fn corridor(&self, from: Position, to: Position, mode: Mode) -> Corridor {
        if self.field.0.iter().flatten().all(|cells| cells.is_empty()) {
            return Corridor::default();
        }
        Corridor::new(from, to, |position| self.field.at(mode, position))
    }

    /// The logarithm by which the power law is wrong on this trip.
    pub fn correction(&self, features: &Features) -> f64 {
        let linear: f64 = self.weights.iter().zip(features).map(|(weight, value)| weight * value).sum();
        let trees: f64 = self.trees.iter().map(|tree| tree.value(features)).sum();
        linear + trees
    }

    /// Seconds over `metres`, of somebody with these features.
    pub fn secs(&self, mode: Mode, metres: f64, features: &Features) -> f64 {
        let correction = self.correction(features).clamp(-CORRECTION_MAX, CORRECTION_MAX);
        (self.power(mode).secs(metres) * correction.exp()).min(SECS_MAX)
    }

    /// Factors from an estimate to its 10th and 90th percentile.
    pub fn band(&self, left: f64, elapsed: f64, known: f64) -> (f64, f64) {
        let (low, high) = self.band.get(band_row(left, elapsed, known)).copied().unwrap_or((-0.7, 0.7));
        (f64::from(low).exp(), f64::from(high).exp())
    }
}

/// The row of the band's table.
pub fn band_row(left: f64, elapsed: f64, known: f64) -> usize {
    let above = |edges: &[f64], value: f64| edges.iter().filter(|edge| value >= **edge).count();
    let rows = above(&BAND_LEFT, left) * (BAND_ELAPSED.len() + 1) + above(&BAND_ELAPSED, elapsed);
    rows * 2 + usize::from(known >= BAND_KNOWN)
}
