//! Measured values and what to say of them.

use serde::Serialize;

/// All values of one measure, over all repeats.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    pub scenario: String,
    pub metric: &'static str,
    pub unit: &'static str,
    pub values: Vec<f64>,
    pub summary: Summary,
}

/// Nearest ranks of the values; of few values, `p99` is the largest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Summary {
    pub n: usize,
    pub median: f64,
    pub p99: f64,
    pub min: f64,
    pub max: f64,
}

impl Summary {
    /// `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let rank = |share: f64| sorted.get(((share * sorted.len() as f64).ceil() as usize).saturating_sub(1));
        Some(Self {
            n: sorted.len(),
            median: *rank(0.5)?,
            p99: *rank(0.99)?,
            min: *sorted.first()?,
            max: *sorted.last()?,
        })
    }
}

/// The measures of a run, in the order in which they were first made.
#[derive(Debug, Default)]
pub struct Measures(Vec<Series>);

impl Measures {
    /// Adds values to a measure.
    pub fn add(
        &mut self,
        scenario: &str,
        metric: &'static str,
        unit: &'static str,
        values: impl IntoIterator<Item = f64>,
    ) {
        let known = self.0.iter().position(|series| series.scenario == scenario && series.metric == metric);
        let mut all = known.map(|at| std::mem::take(&mut self.0[at].values)).unwrap_or_default();
        all.extend(values);
        let Some(summary) = Summary::of(&all) else { return };
        let series = Series { scenario: scenario.to_owned(), metric, unit, values: all, summary };
        match known {
            Some(at) => self.0[at] = series,
            None => self.0.push(series),
        }
    }

    pub fn into_series(self) -> Vec<Series> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_of_a_measure_are_one_series() {
        let mut measures = Measures::default();
        measures.add("fan-out", "cpu", "µs", [3.0]);
        measures.add("fan-out", "latency", "ms", [1.0, 2.0]);
        measures.add("fan-out", "cpu", "µs", [1.0, 2.0]);
        measures.add("fan-out", "memory", "KB", []);
        let series = measures.into_series();
        assert_eq!(series.iter().map(|series| series.metric).collect::<Vec<_>>(), ["cpu", "latency"]);
        assert_eq!(series[0].values, [3.0, 1.0, 2.0]);
        assert_eq!(series[0].summary, Summary { n: 3, median: 2.0, p99: 3.0, min: 1.0, max: 3.0 });
    }
}
