//! The scores of a filter, as a table for people and as one JSON object for machines.

use std::collections::BTreeMap;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

use crate::score::filter::Score;
use crate::score::tally::Tally;

/// All sources, and all together.
#[derive(Debug, Serialize)]
pub struct Report {
    pub sources: BTreeMap<String, Source>,
    pub all: Source,
}

/// One source.
#[derive(Debug, Serialize)]
pub struct Source {
    pub trips: usize,
    pub filter: Option<Figures>,
    pub gate_150_kmh: Option<Figures>,
    pub truth: Option<Truth>,
    pub on_foot: Option<OnFoot>,
}

/// Shares in per cent.
#[derive(Debug, Serialize)]
pub struct Figures {
    pub fixes: usize,
    pub faults: usize,
    pub bad_caught: Option<f64>,
    pub good_dropped: Option<f64>,
    pub off_100_m: Option<f64>,
    pub caught_by_fault: BTreeMap<String, Option<f64>>,
}

/// Root mean squares in metres.
#[derive(Debug, Serialize)]
pub struct Truth {
    pub rmse_raw: Option<f64>,
    pub rmse_smoothed: Option<f64>,
    pub turns_raw: Option<f64>,
    pub turns_smoothed: Option<f64>,
}

/// Metres an hour.
#[derive(Debug, Serialize)]
pub struct OnFoot {
    pub hours: f64,
    pub raw: f64,
    pub filter: f64,
}

impl Source {
    pub fn of(trips: usize, score: &Score) -> Self {
        let raw = score.raw.rmse();
        let hours = score.on_foot.secs / 3_600.0;
        Self {
            trips,
            filter: Figures::of(&score.filter),
            gate_150_kmh: Figures::of(&score.gate),
            truth: raw.map(|_| Truth {
                rmse_raw: raw,
                rmse_smoothed: score.smoothed.rmse(),
                turns_raw: score.raw_turns.rmse(),
                turns_smoothed: score.smoothed_turns.rmse(),
            }),
            on_foot: (hours > 0.0).then(|| OnFoot {
                hours,
                raw: score.on_foot.raw_m / hours,
                filter: score.on_foot.filter_m / hours,
            }),
        }
    }
}

impl Figures {
    fn of(tally: &Tally) -> Option<Self> {
        let fixes = tally.bad_caught.of + tally.good_dropped.of;
        let kind = |fault| format!("{fault:?}").to_lowercase();
        (fixes > 0).then(|| Self {
            fixes,
            faults: tally.bad_caught.of,
            bad_caught: tally.bad_caught.percent(),
            good_dropped: tally.good_dropped.percent(),
            off_100_m: tally.off.percent(),
            caught_by_fault: tally
                .caught_by_fault
                .iter()
                .map(|(fault, share)| (kind(fault), share.percent()))
                .collect(),
        })
    }
}

impl Report {
    /// A row for each source, with the baseline below it.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header([
            "source",
            "trips",
            "fixes",
            "faults",
            "bad caught %",
            "good dropped %",
            "> 100 m off %",
            "of spikes, bursts, 0/0, stale %",
        ]);
        let all = [("all".to_owned(), &self.all)];
        let sources = self.sources.iter().map(|(name, source)| (name.clone(), source));
        for (name, source) in sources.chain(all) {
            for (name, figures) in
                [(name, &source.filter), ("  150 km/h gate".to_owned(), &source.gate_150_kmh)]
            {
                if let Some(figures) = figures {
                    table.add_row(row(&name, source.trips, figures));
                }
            }
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{table}\n{}", self.sentences())
    }

    fn sentences(&self) -> String {
        let mut lines = Vec::new();
        for (name, source) in &self.sources {
            if let Some(truth) = &source.truth {
                let [raw, smoothed, raw_turns, turns] =
                    [truth.rmse_raw, truth.rmse_smoothed, truth.turns_raw, truth.turns_smoothed]
                        .map(|metres| number(metres, 1));
                lines.push(format!(
                    "{name}: RMSE raw {raw} m, smoothed {smoothed} m; at turns raw {raw_turns} m, smoothed {turns} m"
                ));
            }
            if let Some(OnFoot { hours, raw, filter }) = source.on_foot {
                lines.push(format!(
                    "{name}: on foot or stopped for {hours:.1} h: {raw:.0} m/h between fixes, {filter:.0} m/h \
                     travelled by the filter"
                ));
            }
        }
        lines.join("\n")
    }
}

fn row(name: &str, trips: usize, figures: &Figures) -> Vec<Cell> {
    let kinds = ["spike", "burst", "zero", "stale"]
        .map(|kind| number(figures.caught_by_fault.get(kind).copied().flatten(), 0));
    vec![
        Cell::new(name),
        Cell::new(trips),
        Cell::new(figures.fixes),
        Cell::new(figures.faults),
        Cell::new(number(figures.bad_caught, 1)),
        Cell::new(number(figures.good_dropped, 2)),
        Cell::new(number(figures.off_100_m, 2)),
        Cell::new(kinds.join(" ")),
    ]
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".into(), |value| format!("{value:.digits$}"))
}
