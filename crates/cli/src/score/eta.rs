//! How good ETAs are on recorded trips: errors, range, buckets, jumps; each trip weighs the same.

use onway_core::clock::Millis;
use onway_core::eta::{self, Estimate, Model, shown};
use serde::Serialize;

use crate::mode;
use crate::score::baseline::{self, Ewma};
use crate::trips::Trip;
use crate::walk::Walk;

/// Edges of the horizons, by the seconds that were really left.
pub const HORIZONS: [f64; 7] = [60.0, 180.0, 360.0, 600.0, 900.0, 1_500.0, 2_400.0];
/// Buckets of ETA-Accuracy-Benchmark: until when, by the seconds really left, and how much earlier and
/// later than estimated an arrival may be, all in seconds.
const BUCKETS: [(f64, f64, f64); 4] =
    [(180.0, 30.0, 90.0), (360.0, 60.0, 150.0), (600.0, 60.0, 210.0), (900.0, 90.0, 270.0)];
/// A published time of arrival that moves by more than this is a jump, in ms.
const JUMP_MS: i64 = 60_000;

/// The estimators that are compared.
pub const METHODS: [&str; 3] = ["onway", "30 km/h", "EWMA"];

/// Mean errors of one estimator: in seconds, as a share of what was left, and with their sign (positive:
/// the arrival was sooner than estimated).
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Errors {
    pub mae_s: f64,
    pub mape: f64,
    pub bias_s: f64,
}

/// A count, and those of it for which something holds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    pub of: usize,
    pub holds: usize,
}

impl Share {
    fn count(&mut self, holds: bool) {
        self.of += 1;
        self.holds += usize::from(holds);
    }

    fn join(&mut self, other: Self) {
        self.of += other.of;
        self.holds += other.holds;
    }

    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.holds as f64 / self.of as f64)
    }
}

/// One trip, judged.
#[derive(Debug, Clone, Serialize)]
pub struct TripScore {
    pub trip_id: String,
    pub source: String,
    pub mode: &'static str,
    pub fixes: usize,
    /// In the order of [`METHODS`].
    pub errors: [Errors; 3],
    /// Share of fixes at which the range held what was left.
    pub covered: f64,
    #[serde(skip)]
    buckets: [Share; BUCKETS.len()],
    #[serde(skip)]
    jumps: Share,
    /// The same for estimates as they are computed, before they are made smooth.
    #[serde(skip)]
    raw_jumps: Share,
    /// Fixes at which the time of arrival turned back on its last move: as published, as computed.
    #[serde(skip)]
    turns: [Share; 2],
    /// By horizon: fixes, and the sums of errors in seconds and as shares, by estimator.
    #[serde(skip)]
    horizons: [(usize, [(f64, f64); 3]); HORIZONS.len()],
}

/// Judges the ETAs of a trip; `None` where nothing is to be judged.
pub fn trip(trip: &Trip, model: &Model) -> Option<TripScore> {
    let walk = Walk::of(trip)?;
    let corridor = model.corridor(walk.origin, walk.destination, walk.mode);
    let mut score = TripScore {
        trip_id: trip.id.clone(),
        source: trip.source.clone(),
        mode: mode::name(trip.mode),
        fixes: 0,
        errors: [Errors::default(); 3],
        covered: 0.0,
        buckets: Default::default(),
        jumps: Share::default(),
        raw_jumps: Share::default(),
        turns: Default::default(),
        horizons: Default::default(),
    };
    let (mut ewma, mut published) = (Ewma::default(), None::<(Estimate, Millis)>);
    let (mut estimate, mut directions) = (None, [0; 2]);
    for seen in &walk.seen {
        if seen.believed {
            ewma.observe(seen.at, seen.here);
            estimate = Some(eta::estimate(model, &seen.situation(&walk, &corridor)));
        }
        let Some(fresh) = estimate.filter(|_| walk.is_judged(seen)) else { continue };
        let shown = shown::settled(published.as_ref().map(|(before, _)| before), fresh, seen.at);
        if let Some((before, raw)) = published {
            score.jumps.count(shown.at.since(before.at).abs() > JUMP_MS);
            score.raw_jumps.count(fresh.at.since(raw).abs() > JUMP_MS);
            let moves = [shown.at.since(before.at).signum(), fresh.at.since(raw).signum()];
            for ((turns, direction), moved) in score.turns.iter_mut().zip(&mut directions).zip(moves) {
                turns.count(moved * *direction < 0);
                *direction = if moved == 0 { *direction } else { moved };
            }
        }
        published = Some((shown, fresh.at));
        let secs = |at: Millis| at.since(seen.at).max(0) as f64 / 1000.0;
        let metres = seen.here.metres_to(walk.destination);
        score.add(
            walk.left(seen),
            [secs(fresh.at), baseline::rule(metres), ewma.secs(metres)],
            (secs(fresh.low), secs(fresh.high)),
        );
    }
    score.divide();
    (score.fixes > 0).then_some(score)
}

impl TripScore {
    fn add(&mut self, left: f64, estimates: [f64; 3], (low, high): (f64, f64)) {
        self.fixes += 1;
        self.covered += f64::from(u8::from((low..=high).contains(&left)));
        let at = HORIZONS.iter().filter(|edge| left >= **edge).count().saturating_sub(1);
        let (fixes, sums) = &mut self.horizons[at];
        *fixes += 1;
        for (method, estimated) in estimates.into_iter().enumerate() {
            let error = estimated - left;
            let errors = &mut self.errors[method];
            errors.mae_s += error.abs();
            errors.mape += error.abs() / left;
            errors.bias_s += error;
            sums[method].0 += error.abs();
            sums[method].1 += error.abs() / left;
        }
        if let Some(at) = BUCKETS.iter().position(|(until, ..)| left < *until) {
            let (_, early, late) = BUCKETS[at];
            // How much later than estimated the arrival was.
            self.buckets[at].count((-early..=late).contains(&(left - estimates[0])));
        }
    }

    fn divide(&mut self) {
        let fixes = self.fixes.max(1) as f64;
        self.covered /= fixes;
        for errors in &mut self.errors {
            errors.mae_s /= fixes;
            errors.mape /= fixes;
            errors.bias_s /= fixes;
        }
    }
}

/// A group of trips: means over trips.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    pub name: String,
    pub trips: usize,
    pub errors: [Errors; 3],
    pub covered: f64,
}

/// Errors of estimates made when so much was left.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Horizon {
    pub from_s: f64,
    pub fixes: usize,
    /// In the order of [`METHODS`]: mean error in seconds, and as a share. Each trip weighs the same.
    pub errors: [(f64, f64); 3],
}

/// All that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub methods: [&'static str; 3],
    pub groups: Vec<Group>,
    /// Share of accurate estimates by bucket: 0–3, 3–6, 6–10 and 10–15 minutes; and their mean.
    pub buckets: [Option<f64>; BUCKETS.len()],
    pub accuracy: Option<f64>,
    /// Share of fixes at which the time of arrival moved by more than a minute: as published, as computed.
    pub jumps: Option<f64>,
    pub raw_jumps: Option<f64>,
    /// Share of fixes at which it turned back on its last move: as published, as computed.
    pub turns: [Option<f64>; 2],
    pub horizons: Vec<Horizon>,
    pub trips: Vec<TripScore>,
}

impl Report {
    pub fn of(trips: Vec<TripScore>) -> Self {
        let mut groups = Vec::new();
        let mut names: Vec<(String, usize)> =
            trips.iter().flat_map(|trip| [(trip.source.clone(), 0), (trip.mode.to_owned(), 1)]).collect();
        names.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        names.dedup();
        for (name, by) in names {
            let within = |trip: &&TripScore| if by == 0 { trip.source == name } else { trip.mode == name };
            groups.push(group(&name, trips.iter().filter(within)));
        }
        groups.push(group("all", trips.iter()));
        let mut buckets = [Share::default(); BUCKETS.len()];
        let (mut jumps, mut raw_jumps, mut turns) =
            (Share::default(), Share::default(), [Share::default(); 2]);
        for trip in &trips {
            buckets.iter_mut().zip(trip.buckets).for_each(|(all, one)| all.join(one));
            jumps.join(trip.jumps);
            raw_jumps.join(trip.raw_jumps);
            turns.iter_mut().zip(trip.turns).for_each(|(all, one)| all.join(one));
        }
        let buckets = buckets.map(Share::value);
        let known: Vec<f64> = buckets.iter().flatten().copied().collect();
        Self {
            methods: METHODS,
            groups,
            buckets,
            accuracy: (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64),
            jumps: jumps.value(),
            raw_jumps: raw_jumps.value(),
            turns: turns.map(Share::value),
            horizons: (0..HORIZONS.len()).filter_map(|at| horizon(&trips, at)).collect(),
            trips,
        }
    }
}

fn group<'a>(name: &str, trips: impl Iterator<Item = &'a TripScore>) -> Group {
    let mut group = Group { name: name.to_owned(), trips: 0, errors: [Errors::default(); 3], covered: 0.0 };
    for trip in trips {
        group.trips += 1;
        group.covered += trip.covered;
        for (sum, errors) in group.errors.iter_mut().zip(trip.errors) {
            sum.mae_s += errors.mae_s;
            sum.mape += errors.mape;
            sum.bias_s += errors.bias_s;
        }
    }
    let trips = group.trips.max(1) as f64;
    group.covered /= trips;
    for errors in &mut group.errors {
        errors.mae_s /= trips;
        errors.mape /= trips;
        errors.bias_s /= trips;
    }
    group
}

fn horizon(trips: &[TripScore], at: usize) -> Option<Horizon> {
    let there: Vec<_> = trips.iter().map(|trip| trip.horizons[at]).filter(|(fixes, _)| *fixes > 0).collect();
    let mean = |method: usize, part: fn((f64, f64)) -> f64| {
        let sum: f64 = there.iter().map(|(fixes, sums)| part(sums[method]) / *fixes as f64).sum();
        sum / there.len() as f64
    };
    (!there.is_empty()).then(|| Horizon {
        from_s: HORIZONS[at],
        fixes: there.iter().map(|(fixes, _)| fixes).sum(),
        errors: std::array::from_fn(|method| (mean(method, |sums| sums.0), mean(method, |sums| sums.1))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn by_name<'a>(report: &'a Report, name: &str) -> &'a Group {
        report.groups.iter().find(|group| group.name == name).unwrap()
    }

    #[test]
    fn what_is_really_left_is_compared_with_what_was_estimated() {
        let line = r#"{"source":"s","mode":"car","cols":["t","lat","lon"],"pts":[[0,1,0],[60,1,0.01],[120,1,0.02],[180,1,0.03]]}"#;
        let trips =
            crate::trips::read(line.as_bytes(), "test", &crate::trips::Reading::default(), 0).unwrap();
        let report = Report::of(vec![trip(&trips[0], Model::built_in()).unwrap()]);
        let all = by_name(&report, "all");
        // 1,112 m a minute: the rule says 400, 267 and 133 s, where 180, 120 and 60 are left.
        assert_eq!((report.trips[0].fixes, all.trips), (3, 1));
        assert_eq!(all.errors[1].mae_s.round(), 147.0);
        assert_eq!((all.errors[1].mape * 100.0).round(), 122.0);
        assert_eq!(all.errors[1].bias_s, all.errors[1].mae_s);
    }

    /// Real recordings are not part of the repository: without them this test says so and passes.
    #[test]
    fn the_model_built_in_beats_both_rules_on_each_source() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/trips");
        for source in ["gotrack", "kubicka"] {
            let path = root.join(format!("{source}.ndjson.gz"));
            if !path.is_file() {
                eprintln!("skipped: no {source} beside the repository");
                continue;
            }
            let trips = crate::trips::read_file(&path, &crate::trips::Reading::default(), 0).unwrap();
            let scores = trips.iter().filter_map(|one| trip(one, Model::built_in())).collect();
            let report = Report::of(scores);
            let [own, rule, ewma] = by_name(&report, "all").errors;
            for baseline in [rule, ewma] {
                assert!(
                    own.mae_s < baseline.mae_s && own.mape < baseline.mape,
                    "{source}: {own:?} {baseline:?}"
                );
            }
        }
    }
}
