//! What a fleet's run has shown, for people and for machines.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::bench::scenarios::Used;
use crate::fleet::board::{Tally, Times};
use crate::replay::interruptions::Interruptions;

#[derive(Debug, Serialize)]
pub struct FleetReport {
    pub drivers: usize,
    /// Drivers that gave up.
    pub lost: usize,
    /// Of what follows.
    pub seconds: f64,
    pub delivered: u64,
    /// Fixes.
    pub sent: u64,
    pub acknowledged: u64,
    pub filtered: u64,
    pub refused: u64,
    /// From a fix being sent to its acknowledgement.
    pub acknowledgement: Option<Quantiles>,
    pub dashboard: Option<DashboardReport>,
    pub server: Option<ServerReport>,
    /// This tool's share of one core, in per cent: near 100 it is the bottleneck.
    pub own_per_cent: Option<f64>,
    pub troubles: Interruptions,
}

#[derive(Debug, Serialize)]
pub struct DashboardReport {
    pub shards: u32,
    /// From a fix being sent to its being shown.
    pub lag: Option<Quantiles>,
    /// Fixes that were not shown, since a newer one was.
    pub passed_over: u64,
    pub frames_per_s: f64,
    pub bytes_per_s: f64,
}

#[derive(Debug, Serialize)]
pub struct ServerReport {
    /// Processor time; null where no fix was acknowledged.
    pub us_per_fix: Option<f64>,
    /// Of one core.
    pub per_cent: f64,
    /// Resident, in bytes.
    pub memory_before: Option<u64>,
    pub memory_after: Option<u64>,
}

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    pub n: u64,
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

impl Quantiles {
    fn of(times: &Times) -> Option<Self> {
        let at = |share| times.quantile_ms(share);
        Some(Self { n: times.count(), p50: at(0.5)?, p99: at(0.99)?, max: at(1.0)? })
    }
}

impl FleetReport {
    /// `shards` of the dashboard, where there was one; `memory` of the server before and after.
    pub fn of(
        tally: &Tally,
        used: &Used,
        drivers: usize,
        shards: Option<u32>,
        memory: [Option<u64>; 2],
    ) -> Self {
        let seconds = used.wall.as_secs_f64().max(f64::MIN_POSITIVE);
        let [memory_before, memory_after] = memory;
        Self {
            drivers,
            lost: tally.lost,
            seconds,
            delivered: tally.delivered,
            sent: tally.sent,
            acknowledged: tally.acknowledged,
            filtered: tally.filtered,
            refused: tally.refused,
            acknowledgement: Quantiles::of(&tally.acknowledgement),
            dashboard: shards.map(|shards| DashboardReport {
                shards,
                lag: Quantiles::of(&tally.lag),
                passed_over: tally.passed_over,
                frames_per_s: tally.frames as f64 / seconds,
                bytes_per_s: tally.bytes as f64 / seconds,
            }),
            server: used.server.map(|cpu| ServerReport {
                us_per_fix: (tally.acknowledged > 0)
                    .then(|| cpu.as_secs_f64() * 1e6 / tally.acknowledged as f64),
                per_cent: cpu.as_secs_f64() / seconds * 100.0,
                memory_before,
                memory_after,
            }),
            own_per_cent: used.own.map(|own| own.as_secs_f64() / seconds * 100.0),
            troubles: tally.troubles.clone(),
        }
    }

    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(["from a fix being sent to", "n", "p50 ms", "p99 ms", "max ms"]);
        let shown = self.dashboard.as_ref().and_then(|dashboard| dashboard.lag);
        for (what, times) in [("its acknowledgement", self.acknowledgement), ("the dashboard", shown)] {
            let Some(Quantiles { n, p50, p99, max }) = times else { continue };
            let times = [p50, p99, max].map(|ms| format!("{ms:.1}"));
            table.add_row([vec![what.to_owned(), n.to_string()], times.to_vec()].concat());
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let Self { drivers, lost, seconds, delivered, sent, acknowledged, filtered, refused, .. } = self;
        let mut lines = vec![
            table.to_string(),
            format!("{drivers} drivers, {lost} of them lost, for {seconds:.0} s; {delivered} delivered"),
            format!(
                "{sent} fixes sent ({:.0} a second), {acknowledged} acknowledged, {filtered} of them filtered; {refused} reports refused",
                *sent as f64 / seconds
            ),
        ];
        if let Some(DashboardReport { shards, passed_over, frames_per_s, bytes_per_s, .. }) = &self.dashboard
        {
            let kilobytes = bytes_per_s / 1e3;
            lines.push(format!(
                "dashboard: {shards} shards, {frames_per_s:.1} frames and {kilobytes:.1} KB a second; {passed_over} fixes passed over by newer ones"
            ));
        }
        if let Some(ServerReport { us_per_fix, per_cent, memory_before, memory_after }) = &self.server {
            let memory =
                |bytes: &Option<u64>| bytes.map_or("?".into(), |bytes| format!("{:.0}", bytes as f64 / 1e6));
            let each = us_per_fix.map_or(String::new(), |each| format!("{each:.0} µs a fix, "));
            lines.push(format!(
                "server: {each}{per_cent:.0} % of one core; memory {} MB before, {} MB after",
                memory(memory_before),
                memory(memory_after)
            ));
        }
        if let Some(per_cent) = self.own_per_cent {
            lines.push(format!("this tool: {per_cent:.0} % of one core"));
        }
        lines.extend(self.troubles.iter().map(|trouble| format!("{} times: {}", trouble.times, trouble.why)));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onway_core::wire::Counts;
    use std::time::Duration;

    #[test]
    fn a_report_says_what_was_counted_for_each_second_and_each_fix() {
        let start = crate::clock::monotonic();
        let mut tally = Tally::default();
        (tally.connected, tally.delivered, tally.frames, tally.bytes) = (10, 2, 20, 30_000);
        for n in 1..=100 {
            tally.sent("TRK-1", n, start, false);
            tally.acknowledged(&Counts::default(), start, start + Duration::from_millis(n as u64));
        }
        let used = Used {
            server: Some(Duration::from_secs(5)),
            own: Some(Duration::from_secs(1)),
            wall: Duration::from_secs(10),
        };
        let report = FleetReport::of(&tally, &used, 10, Some(4), [Some(80_000_000), None]);
        let Quantiles { n, p50, p99, max } = report.acknowledgement.unwrap();
        for (value, expected) in [(p50, 50.0), (p99, 99.0), (max, 100.0)] {
            assert!((value / expected - 1.0_f64).abs() < 0.01, "{value} {expected}");
        }
        assert_eq!((n, report.own_per_cent), (100, Some(10.0)));
        let table = report.table();
        for part in [
            "100 fixes sent (10 a second)",
            "4 shards, 2.0 frames and 3.0 KB a second",
            "50000 µs a fix, 50 % of one core; memory 80 MB before, ? MB after",
        ] {
            assert!(table.contains(part), "{part}\n{table}");
        }
    }
}
