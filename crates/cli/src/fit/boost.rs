//! Gradient boosting of small trees with the absolute error as loss.
//!
//! Why not a library: the trees must be complete, of one depth and few, as the core evaluates them without
//! pointers, and their leaves medians over trips that weigh the same, shrunk where few trips stand behind
//! them. Those for Rust that are maintained (perpetual, forust) choose size and leaves by themselves.

use onway_core::eta::features::{FEATURES, Features};
use onway_core::eta::model::Tree;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// Values of a feature are told apart in so many steps.
const BINS: usize = 48;
/// Residuals beyond this, as logarithms, pull a split no further.
const CLIP: f64 = 0.4;
/// Steps of residuals, in which medians are found.
const MEDIAN_STEPS: usize = 600;
const MEDIAN_RANGE: f64 = 3.0;

/// How trees are grown.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub trees: usize,
    pub depth: u32,
    pub rate: f64,
    /// Trips by which a leaf is shrunk to 0.
    pub prior: f64,
    /// Fewest trips behind a leaf.
    pub least: f64,
    /// Share of users and of features that each tree sees.
    pub users: f64,
    pub features: f64,
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { trees: 90, depth: 4, rate: 0.12, prior: 6.0, least: 4.0, users: 0.7, features: 0.6, seed: 1 }
    }
}

/// One estimate to learn from. All of a trip weigh one together.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub features: Features,
    /// The logarithm that is to be explained.
    pub residual: f64,
    pub weight: f64,
    pub user: usize,
}

/// Grows trees whose sum explains the residuals. `grown` is called after each.
pub fn trees(rows: &[Row], settings: &Settings, grown: &(dyn Fn() + Sync)) -> Vec<Tree> {
    let edges = edges(rows);
    let binned: Vec<[u8; FEATURES]> = rows.iter().map(|row| bins(&edges, &row.features)).collect();
    let mut residuals: Vec<f64> = rows.iter().map(|row| row.residual).collect();
    let users = rows.iter().map(|row| row.user).max().map_or(0, |most| most + 1);
    let mut random = SmallRng::seed_from_u64(settings.seed);
    let mut trees = Vec::with_capacity(settings.trees);
    for _ in 0..settings.trees {
        let drawn: Vec<bool> = (0..users).map(|_| random.random_bool(settings.users)).collect();
        let offered: Vec<usize> = (0..FEATURES).filter(|_| random.random_bool(settings.features)).collect();
        let mut grower = Grower { rows, binned: &binned, residuals: &residuals, settings, offered };
        let (tree, leaves) = grower.grow(&edges, &drawn);
        for (residual, leaf) in residuals.iter_mut().zip(leaves) {
            *residual -= f64::from(tree.leaves[leaf]);
        }
        trees.push(tree);
        grown();
    }
    trees
}

struct Grower<'a> {
    rows: &'a [Row],
    binned: &'a [[u8; FEATURES]],
    residuals: &'a [f64],
    settings: &'a Settings,
    offered: Vec<usize>,
}

impl Grower<'_> {
    /// A tree, and the leaf of each row.
    fn grow(&mut self, edges: &[Vec<f32>; FEATURES], drawn: &[bool]) -> (Tree, Vec<usize>) {
        let mut place = vec![0_usize; self.rows.len()];
        let chosen: Vec<usize> = (0..self.rows.len()).filter(|at| drawn[self.rows[*at].user]).collect();
        let mut nodes = Vec::new();
        for level in 0..self.settings.depth {
            let splits = self.splits(&place, &chosen, 1 << level);
            let node = |split: &Option<(usize, usize)>| match split {
                Some((feature, bin)) => (*feature as u8, edges[*feature][*bin]),
                // Nothing is gained by another split: all go the same way.
                None => (0, f32::MAX),
            };
            nodes.extend(splits.iter().map(node));
            for (place, binned) in place.iter_mut().zip(self.binned) {
                let above = splits[*place].is_some_and(|(feature, bin)| usize::from(binned[feature]) > bin);
                *place = 2 * *place + usize::from(above);
            }
        }
        let leaves = self.leaves(&place, &chosen, 1 << self.settings.depth);
        (Tree { nodes, leaves }, place)
    }

    /// The best split of each node of a level: the feature, and the last bin that goes down on the left.
    fn splits(&self, place: &[usize], chosen: &[usize], nodes: usize) -> Vec<Option<(usize, usize)>> {
        let Settings { prior, least, .. } = *self.settings;
        let mut sums = vec![[(0.0_f64, 0.0_f64); BINS]; nodes * FEATURES];
        for &at in chosen {
            let weight = self.rows[at].weight;
            let pull = self.residuals[at].clamp(-CLIP, CLIP) * weight;
            for &feature in &self.offered {
                let sum = &mut sums[place[at] * FEATURES + feature][usize::from(self.binned[at][feature])];
                *sum = (sum.0 + pull, sum.1 + weight);
            }
        }
        let worth = |(pull, weight): (f64, f64)| pull * pull / (weight + prior);
        let best = |node: usize| {
            let mut best = (1e-9, None);
            for &feature in &self.offered {
                let sums = &sums[node * FEATURES + feature];
                let all = sums.iter().fold((0.0, 0.0), |all, sum| (all.0 + sum.0, all.1 + sum.1));
                let mut left = (0.0, 0.0);
                for (bin, sum) in sums.iter().enumerate().take(BINS - 1) {
                    left = (left.0 + sum.0, left.1 + sum.1);
                    let right = (all.0 - left.0, all.1 - left.1);
                    let gain = worth(left) + worth(right) - worth(all);
                    if left.1 >= least && right.1 >= least && gain > best.0 {
                        best = (gain, Some((feature, bin)));
                    }
                }
            }
            best.1
        };
        (0..nodes).map(best).collect()
    }

    fn leaves(&self, place: &[usize], chosen: &[usize], leaves: usize) -> Vec<f32> {
        let mut steps = vec![[0.0_f64; MEDIAN_STEPS]; leaves];
        for &at in chosen {
            let share = (self.residuals[at] / MEDIAN_RANGE + 1.0) / 2.0;
            let step = (share * MEDIAN_STEPS as f64).clamp(0.0, MEDIAN_STEPS as f64 - 1.0);
            steps[place[at]][step as usize] += self.rows[at].weight;
        }
        let leaf = |steps: &[f64; MEDIAN_STEPS]| {
            let weight: f64 = steps.iter().sum();
            let median = median(steps, weight) * weight / (weight + self.settings.prior);
            // Three digits are enough, and half the file.
            ((median * self.settings.rate * 1e4).round() / 1e4) as f32
        };
        steps.iter().map(leaf).collect()
    }
}

/// The median of a histogram, between its steps.
fn median(steps: &[f64; MEDIAN_STEPS], weight: f64) -> f64 {
    let mut below = 0.0;
    for (at, step) in steps.iter().enumerate() {
        if *step > 0.0 && below + step >= weight / 2.0 {
            let within = (weight / 2.0 - below) / step;
            return ((at as f64 + within) / MEDIAN_STEPS as f64 * 2.0 - 1.0) * MEDIAN_RANGE;
        }
        below += step;
    }
    0.0
}

/// The values between the bins of each feature, so that every bin holds about the same weight.
fn edges(rows: &[Row]) -> [Vec<f32>; FEATURES] {
    std::array::from_fn(|feature| {
        let step = rows.len().div_ceil(20_000).max(1);
        let mut values: Vec<f64> = rows.iter().step_by(step).map(|row| row.features[feature]).collect();
        values.sort_by(f64::total_cmp);
        let quantile = |at: usize| values.get(at * values.len() / BINS).map(|value| round(*value));
        let mut edges: Vec<f32> = (1..BINS).filter_map(quantile).collect();
        edges.dedup();
        edges
    })
}

/// To four digits: a threshold is no more exact than the quantile it came from.
fn round(value: f64) -> f32 {
    let scale = 10_f64.powf((3.0 - value.abs().max(1e-3).log10()).floor());
    ((value * scale).round() / scale) as f32
}

fn bins(edges: &[Vec<f32>; FEATURES], features: &Features) -> [u8; FEATURES] {
    std::array::from_fn(|at| edges[at].partition_point(|edge| features[at] > f64::from(*edge)) as u8)
}
