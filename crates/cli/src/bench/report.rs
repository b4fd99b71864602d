//! What a benchmark found, as a table for people and as JSON for machines.

use std::fs;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::bench::machine::{Load, Machine};
use crate::bench::series::Series;
use crate::error::Error;

/// A whole run.
#[derive(Debug, Serialize)]
pub struct BenchReport {
    /// Version of the tool.
    pub tool: &'static str,
    pub server: String,
    /// The process measured, its children included; null where none was.
    pub pid: Option<u32>,
    pub repeats: usize,
    pub machine: Machine,
    pub load_before: Load,
    pub load_after: Load,
    /// Share of all cores that was used by neither the server nor this tool, in per cent: what disturbed the
    /// measurement. Null where it is not known.
    pub others: Option<f64>,
    pub seconds: f64,
    pub series: Vec<Series>,
}

impl BenchReport {
    /// A row for each measure.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(["scenario", "measure", "unit", "n", "median", "p99", "min", "max"]);
        for Series { scenario, metric, unit, summary, .. } in &self.series {
            let mut row =
                vec![scenario.clone(), (*metric).to_owned(), (*unit).to_owned(), summary.n.to_string()];
            row.extend([summary.median, summary.p99, summary.min, summary.max].map(number));
            table.add_row(row);
        }
        for column in table.column_iter_mut().skip(3) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let Machine { cores, processor, kernel } = &self.machine;
        let loads = |load: Load| load.map(|load| format!("{load:.2}")).join(" ");
        format!(
            "{table}\n{cores} cores, {processor}, Linux {kernel}; load {} before, {} after; others used {} of the cores; {:.0} s",
            loads(self.load_before),
            loads(self.load_after),
            self.others.map_or("an unknown share".to_owned(), |share| format!("{share:.0} %")),
            self.seconds
        )
    }

    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let json = serde_json::to_string_pretty(self).map_err(|why| Error::Report(why.to_string()))?;
        fs::write(path, json + "\n")
            .map_err(|why| Error::Report(format!("{} cannot be written: {why}", path.display())))
    }
}

/// Three digits that matter.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
