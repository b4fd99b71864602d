//! What two days came to, for people and for machines.

use comfy_table::{Cell, CellAlignment, Table, presets};
use onway_core::ingest::Protocol;
use serde::Serialize;
use serde_json::Value;

use crate::day::compare::{self, Difference};
use crate::day::drive::{Driven, Sent};

/// Most differences of a day that are printed: the rest is counted, and complete in the JSON.
const PRINTED_MAX: usize = 20;

/// A driver's two days.
#[derive(Debug, Serialize)]
pub struct DayReport {
    pub protocol: Protocol,
    pub stops: usize,
    /// That each day left behind.
    pub fixes: [usize; 2],
    #[serde(flatten)]
    pub sent: Sent,
    pub differences: Vec<Difference>,
}

impl DayReport {
    pub fn of(protocol: Protocol, clean: &Driven, disturbed: &Driven) -> Self {
        let fixes = |day: &Driven| day.stops.iter().map(|stop| stop.fixes.len()).sum();
        Self {
            protocol,
            stops: clean.stops.len(),
            fixes: [fixes(clean), fixes(disturbed)],
            sent: disturbed.sent,
            differences: compare::differences(&clean.stops, &disturbed.stops),
        }
    }
}

/// A line for each protocol: the clean day's fixes, then what became of the other's.
pub fn table(reports: &[DayReport]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "",
        "stops",
        "fixes",
        "over the bad network",
        "requests",
        "lost",
        "answers lost",
        "again",
        "late",
        "interruptions",
        "differences",
    ]);
    for report in reports {
        let Sent { requests, requests_lost, answers_lost, repeated, late, interruptions } = report.sent;
        let [clean, disturbed] = report.fixes;
        let counts = [
            report.stops,
            clean,
            disturbed,
            requests,
            requests_lost,
            answers_lost,
            repeated,
            late,
            interruptions,
            report.differences.len(),
        ];
        let row = std::iter::once(report.protocol.name().to_owned()).chain(counts.map(|n| n.to_string()));
        table.add_row(row.map(Cell::new));
    }
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.to_string()
}

/// The differences, a line each; nothing where there are none.
pub fn differences(reports: &[DayReport]) -> String {
    let mut lines = Vec::new();
    for DayReport { protocol, differences, .. } in reports {
        for Difference { stop, at, what, clean, disturbed } in differences.iter().take(PRINTED_MAX) {
            let name = protocol.name();
            let moment = serde_json::to_value(at).unwrap_or_default();
            let moment = moment.as_str().unwrap_or_default().replace('_', " ");
            let show = |value: &Value| if value.is_null() { "nothing".into() } else { value.to_string() };
            let (clean, disturbed) = (show(clean), show(disturbed));
            lines.push(format!(
                "{name}, stop {stop}, {moment}: {what} is {clean}, and {disturbed} over the bad network"
            ));
        }
        let more = differences.len().saturating_sub(PRINTED_MAX);
        if more > 0 {
            lines.push(format!("{}: and {more} more", protocol.name()));
        }
    }
    lines.join("\n")
}
