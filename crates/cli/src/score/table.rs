//! A report for people.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::score::eta::{METHODS, Report};

/// The report as tables.
pub fn eta(report: &Report) -> String {
    let mut groups = Table::new();
    groups.load_style(presets::UTF8_FULL_CONDENSED);
    let mut header = vec!["".to_owned(), "trips".to_owned()];
    header.extend(METHODS.iter().flat_map(|name| [format!("{name}: s"), "%".to_owned()]));
    header.extend(["bias s", "in range %"].map(str::to_owned));
    groups.set_header(header);
    for group in &report.groups {
        let mut row = vec![group.name.clone(), group.trips.to_string()];
        let errors = group.errors.iter();
        row.extend(errors.flat_map(|errors| [format!("{:.0}", errors.mae_s), percent(Some(errors.mape))]));
        row.push(format!("{:+.0}", group.errors[0].bias_s));
        row.push(percent(Some(group.covered)));
        groups.add_row(row.into_iter().map(Cell::new));
    }
    let mut horizons = Table::new();
    horizons.load_style(presets::UTF8_FULL_CONDENSED);
    let mut header = vec!["left, from".to_owned(), "fixes".to_owned()];
    header.extend(METHODS.iter().flat_map(|name| [format!("{name}: s"), "%".to_owned()]));
    horizons.set_header(header);
    for horizon in &report.horizons {
        let mut row = vec![format!("{:.0} min", horizon.from_s / 60.0), horizon.fixes.to_string()];
        let errors = horizon.errors.iter();
        row.extend(errors.flat_map(|(secs, share)| [format!("{secs:.0}"), percent(Some(*share))]));
        horizons.add_row(row.into_iter().map(Cell::new));
    }
    for table in [&mut groups, &mut horizons] {
        table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    }
    let buckets: Vec<_> = report.buckets.iter().map(|bucket| percent(*bucket)).collect();
    format!(
        "{groups}\n{horizons}\nETA-Accuracy-Benchmark, 0–3, 3–6, 6–10, 10–15 min: {} %, mean {} %\n\
         arrival moved by more than a minute from one fix to the next: {} % as published, {} % as computed\n\
         and turned back on its last move: {} %, {} %",
        buckets.join(", "),
        percent(report.accuracy),
        percent(report.jumps),
        percent(report.raw_jumps),
        percent(report.turns[0]),
        percent(report.turns[1]),
    )
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".to_owned(), |share| format!("{:.1}", share * 100.0))
}
