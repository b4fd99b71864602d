//! `/metrics`: what hubs have counted, as OpenMetrics text.
//!
//! <https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md>

use crate::clock::Millis;
use crate::counts::HubCounts;

pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Hubs that there are, and how many of them have answered.
    pub hubs: u64,
    pub answered: u64,
    /// Of those, added up.
    pub counts: HubCounts,
}

impl Metrics {
    /// Adds the answer of a hub; `None` where there is none.
    pub fn add(&mut self, answer: Option<&HubCounts>) {
        self.hubs += 1;
        if let Some(counts) = answer {
            self.answered += 1;
            self.counts.add(counts);
        }
    }
}

/// The text at `now`, by the wall clock.
pub fn render(metrics: &Metrics, version: &str, now: Millis) -> String {
    let HubCounts { totals, gauges, .. } = &metrics.counts;
    let secs = |since: Option<i64>| since.map_or(0, |since| now.0.saturating_sub(since).max(0));
    let mut page = Page::default();
    page.family("onway_build", "info", "", "What is running.");
    page.line("onway_build_info", &format!("{{version=\"{version}\"}}"), 1);
    page.family("onway_fixes", "counter", "", "Fixes by what became of them.");
    for (verdict, count) in [
        ("accepted", totals.accepted),
        ("late", totals.late),
        ("duplicate", totals.duplicates),
        ("filtered", totals.filtered),
        ("rejected", totals.rejected),
    ] {
        page.line("onway_fixes_total", &format!("{{verdict=\"{verdict}\"}}"), count);
    }
    page.counter("onway_frames", "Frames written to sockets.", totals.frames);
    page.counter("onway_rows_written", "Rows written in the objects of deliveries.", totals.rows);
    page.counter("onway_alarms", "Alarms set by deliveries.", totals.alarms);
    page.counter("onway_d1_errors", "Attempts of deliveries to reach D1 that failed.", totals.d1_errors);
    page.counter("onway_hub_reports", "Reports that hubs took.", metrics.counts.reports);
    page.counter(
        "onway_hub_slow_answers",
        "Reports that were told to come less often.",
        metrics.counts.slow_answers,
    );
    page.gauge("onway_sockets", "Sockets of watchers and drivers.", gauges.sockets);
    page.gauge("onway_outbox_entries", "Chunks and summaries that wait for D1.", gauges.outbox);
    page.seconds("onway_outbox_age", "Since when the oldest of them waits.", secs(gauges.waiting_since));
    page.gauge("onway_hubs", "Hubs of the fleet.", metrics.hubs);
    page.gauge("onway_hubs_answering", "Hubs that answered this request.", metrics.answered);
    page.gauge("onway_hub_deliveries", "Deliveries that hubs know.", metrics.counts.entries);
    page.gauge("onway_dashboards", "Sockets of dashboards.", metrics.counts.dashboards);
    page.seconds(
        "onway_hub_lag",
        "From a report until the slowest hub took it.",
        metrics.counts.lag_ms as i64,
    );
    page.seconds(
        "onway_hub_checkpoint_age",
        "Age of the oldest checkpoint.",
        secs(metrics.counts.checkpoint_at),
    );
    page.text.push_str("# EOF\n");
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn family(&mut self, name: &str, kind: &str, unit: &str, help: &str) {
        for (word, value) in [("TYPE", kind), ("UNIT", unit), ("HELP", help)] {
            if !value.is_empty() {
                self.words(&["# ", word, " ", name, " ", value, "\n"]);
            }
        }
    }

    fn counter(&mut self, name: &str, help: &str, count: u64) {
        self.family(name, "counter", "", help);
        self.words(&[name, "_total"]);
        self.line("", "", count);
    }

    fn gauge(&mut self, name: &str, help: &str, count: u64) {
        self.family(name, "gauge", "", help);
        self.line(name, "", count);
    }

    /// A gauge of time, given in ms.
    fn seconds(&mut self, name: &str, help: &str, millis: i64) {
        let name = [name, "_seconds"].concat();
        self.family(&name, "gauge", "seconds", help);
        self.words(&[&name, " ", &(millis / 1000).to_string(), &format!(".{:03}\n", millis % 1000)]);
    }

    fn line(&mut self, name: &str, labels: &str, value: u64) {
        self.words(&[name, labels, " ", &value.to_string(), "\n"]);
    }

    fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| self.text.push_str(word));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::{Gauges, Totals};

    #[test]
    fn hubs_are_added_up_and_the_worst_counts() {
        let mut metrics = Metrics::default();
        for (accepted, waiting_since, lag_ms) in [(3, Some(9_000), 20), (4, None, 1_500)] {
            metrics.add(Some(&HubCounts {
                totals: Totals { accepted, ..Totals::default() },
                gauges: Gauges { sockets: 2, outbox: 1, waiting_since },
                lag_ms,
                ..HubCounts::default()
            }));
        }
        metrics.add(None);
        let text = render(&metrics, "1.2.3", Millis(10_250));
        for line in [
            "onway_build_info{version=\"1.2.3\"} 1",
            "onway_fixes_total{verdict=\"accepted\"} 7",
            "onway_sockets 4",
            "onway_outbox_entries 2",
            "# TYPE onway_outbox_age_seconds gauge",
            "# UNIT onway_outbox_age_seconds seconds",
            "onway_outbox_age_seconds 1.250",
            "onway_hubs 3",
            "onway_hubs_answering 2",
            "onway_hub_lag_seconds 1.500",
            "onway_hub_checkpoint_age_seconds 0.000",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}\n{text}");
        }
        assert!(text.ends_with("\n# EOF\n"));
    }
}
