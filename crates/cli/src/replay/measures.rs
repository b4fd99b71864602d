//! What a trip measures: how long a fix takes to its watcher, and how wrong the published ETA was.

use serde::Serialize;

use crate::replay::ledger::{Kind, Ledger};
use crate::replay::verify::Verdict;

/// The shortest time left at which an ETA is judged, in seconds: below it a share of what is left says
/// nothing.
const JUDGED_FROM_S: f64 = 60.0;

/// Raw measures, which can be joined over trips.
#[derive(Debug, Default, Clone)]
pub struct Samples {
    /// From a fix sent to its frame received, in milliseconds of the wall clock.
    latencies_ms: Vec<f64>,
    etas: Vec<EtaSample>,
}

#[derive(Debug, Clone, Copy)]
struct EtaSample {
    /// Published minus real arrival, in seconds.
    error_s: f64,
    /// What was really left, in seconds.
    left_s: f64,
    /// Whether what was really left lay in the published range; none without a range.
    in_range: Option<bool>,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// How good the published ETA was, over all frames with at least a minute left.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EtaQuality {
    pub frames: usize,
    /// Mean absolute error, in seconds.
    pub mae_s: f64,
    /// Mean absolute error as a share of what was really left.
    pub mape: f64,
    /// Mean error in seconds: positive where the driver came sooner than published.
    pub bias_s: f64,
    /// Share of frames whose range, 10th to 90th percentile, held what was really left.
    pub in_range: Option<f64>,
}

impl Samples {
    /// The measures of one trip that really ended at `end_ms`.
    pub fn of(ledger: &Ledger, verdict: &Verdict, end_ms: i64) -> Self {
        let latency = |(entry, seen): (&crate::replay::ledger::Entry, &Option<std::time::Instant>)| {
            Some(seen.as_ref()?.saturating_duration_since(entry.sent?).as_secs_f64() * 1_000.0)
        };
        let etas = ledger.frames().filter(|seen| seen.kind == Kind::Location).filter_map(|seen| {
            let left_s = (end_ms - seen.server_time_ms) as f64 / 1_000.0;
            let error_s = seen.eta.eta_at? as f64 - end_ms as f64 / 1_000.0;
            let in_range = seen.eta.eta_range.map(|[from, to]| (from as f64..=to as f64).contains(&left_s));
            (left_s >= JUDGED_FROM_S).then_some(EtaSample { error_s, left_s, in_range })
        });
        Self {
            latencies_ms: ledger.fixes.iter().zip(&verdict.seen).filter_map(latency).collect(),
            etas: etas.collect(),
        }
    }

    pub fn join(&mut self, other: &Self) {
        self.latencies_ms.extend(&other.latencies_ms);
        self.etas.extend(&other.etas);
    }

    pub fn latency(&self) -> Option<Latency> {
        let mut sorted = self.latencies_ms.clone();
        sorted.sort_by(f64::total_cmp);
        Some(Latency { p50_ms: percentile(&sorted, 50.0)?, p99_ms: percentile(&sorted, 99.0)? })
    }

    pub fn eta(&self) -> Option<EtaQuality> {
        let ranges: Vec<f64> = self.etas.iter().filter_map(|eta| eta.in_range).map(f64::from).collect();
        Some(EtaQuality {
            frames: self.etas.len(),
            mae_s: mean(self.etas.iter().map(|eta| eta.error_s.abs()))?,
            mape: mean(self.etas.iter().map(|eta| eta.error_s.abs() / eta.left_s))?,
            bias_s: mean(self.etas.iter().map(|eta| eta.error_s))?,
            in_range: mean(ranges.into_iter()),
        })
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| values.sum::<f64>() / count as f64)
}

/// The nearest-rank percentile of sorted values.
fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&hundred, 50.0), Some(50.0));
        assert_eq!(percentile(&hundred, 99.0), Some(99.0));
        assert_eq!(percentile(&[7.0], 99.0), Some(7.0));
        assert_eq!(percentile(&[], 50.0), None);
    }

    #[test]
    fn eta_errors_are_averaged_over_frames() {
        let sample = |error_s, left_s, in_range| EtaSample { error_s, left_s, in_range };
        let etas = vec![sample(30.0, 300.0, Some(true)), sample(-10.0, 100.0, Some(false))];
        let quality = Samples { latencies_ms: Vec::new(), etas }.eta().unwrap();
        let expected = EtaQuality { frames: 2, mae_s: 20.0, mape: 0.1, bias_s: 10.0, in_range: Some(0.5) };
        assert_eq!(quality, expected);
        assert_eq!(Samples::default().eta(), None);
    }
}
