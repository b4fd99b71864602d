//! What a run found, as a table for people and as one JSON object for machines.

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

use crate::error::Error;
use crate::mode;
use crate::replay::interruptions::Interruptions;
use crate::replay::ledger::{self, Ledger};
use crate::replay::measures::{EtaQuality, Latency, Samples};
use crate::replay::session::Outcome;
use crate::replay::verify::{self, Finding};
use crate::trips::Trip;

/// The most findings that are printed of a trip: the rest is counted, and complete in the JSON.
const PRINTED_MAX: usize = 20;

/// What became of the fixes that were sent.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fates {
    pub sent: usize,
    pub accepted: usize,
    pub duplicates: usize,
    pub late: usize,
    pub filtered: usize,
    pub rejected: usize,
    /// Sent, and no answer came.
    pub unanswered: usize,
    /// Seen by the watcher.
    pub seen: usize,
    /// Accepted while the watcher's socket was away, and not shown later.
    pub missed_while_away: usize,
}

/// One trip of a run.
#[derive(Debug, Serialize)]
pub struct TripReport {
    pub trip: String,
    pub tracking_id: String,
    pub mode: &'static str,
    pub points: usize,
    #[serde(flatten)]
    pub fates: Fates,
    pub latency: Option<Latency>,
    pub eta: Option<EtaQuality>,
    pub reconnections: usize,
    pub interruptions: Interruptions,
    /// What was acknowledged and lost, seen twice, out of order, or never sent.
    pub findings: Vec<Finding>,
    /// Why the trip ended before its end.
    pub error: Option<String>,
    #[serde(skip)]
    samples: Samples,
}

/// A whole run.
#[derive(Debug, Serialize)]
pub struct RunReport {
    pub ok: bool,
    pub trips: Vec<TripReport>,
    pub totals: Totals,
}

/// All trips together. Latencies and ETA errors are over all fixes and frames, not means of means.
#[derive(Debug, Serialize)]
pub struct Totals {
    pub trips: usize,
    pub failed: usize,
    #[serde(flatten)]
    pub fates: Fates,
    pub latency: Option<Latency>,
    pub eta: Option<EtaQuality>,
    pub findings: usize,
    pub wall_s: f64,
}

impl TripReport {
    pub fn of(trip: &Trip, outcome: Outcome, tolerance_m: f64) -> Self {
        let verdict = verify::verify(&outcome.ledger, tolerance_m);
        let samples = Samples::of(&outcome.ledger, &verdict, trip.end_ms());
        let seen = verdict.seen.iter().flatten().count();
        Self {
            trip: trip.id.clone(),
            tracking_id: outcome.tracking_id,
            mode: mode::name(trip.mode),
            points: trip.points.len(),
            fates: Fates { seen, missed_while_away: verdict.missed_while_away, ..Fates::of(&outcome.ledger) },
            latency: samples.latency(),
            eta: samples.eta(),
            reconnections: outcome.reconnections,
            interruptions: outcome.interruptions,
            findings: verdict.findings,
            error: outcome.error.as_ref().map(Error::to_string),
            samples,
        }
    }

    /// The result in a few words.
    pub fn result(&self) -> String {
        match (&self.error, self.findings.len(), self.fates.missed_while_away) {
            (Some(_), ..) => "broken off".to_owned(),
            (None, 0, 0) => "ok".to_owned(),
            (None, 0, missed) => format!("ok, but {missed} missed while away"),
            (None, findings, _) => format!("{findings} wrong"),
        }
    }

    pub fn is_ok(&self) -> bool {
        self.findings.is_empty() && self.error.is_none()
    }
}

impl Fates {
    fn of(ledger: &Ledger) -> Self {
        let mut fates = Self::default();
        for entry in ledger.fixes.iter().filter(|entry| entry.sent.is_some()) {
            fates.sent += 1;
            *match entry.outcome {
                Some(ledger::Outcome::Accepted) => &mut fates.accepted,
                Some(ledger::Outcome::Duplicate) => &mut fates.duplicates,
                Some(ledger::Outcome::Late) => &mut fates.late,
                Some(ledger::Outcome::Filtered) => &mut fates.filtered,
                Some(ledger::Outcome::Rejected(_)) => &mut fates.rejected,
                None => &mut fates.unanswered,
            } += 1;
        }
        fates
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.accepted += other.accepted;
        self.duplicates += other.duplicates;
        self.late += other.late;
        self.filtered += other.filtered;
        self.rejected += other.rejected;
        self.unanswered += other.unanswered;
        self.seen += other.seen;
        self.missed_while_away += other.missed_while_away;
    }
}

impl RunReport {
    pub fn of(trips: Vec<TripReport>, wall_s: f64) -> Self {
        let (mut fates, mut samples) = (Fates::default(), Samples::default());
        for trip in &trips {
            fates.add(&trip.fates);
            samples.join(&trip.samples);
        }
        let totals = Totals {
            trips: trips.len(),
            failed: trips.iter().filter(|trip| !trip.is_ok()).count(),
            fates,
            latency: samples.latency(),
            eta: samples.eta(),
            findings: trips.iter().map(|trip| trip.findings.len()).sum(),
            wall_s,
        };
        Self { ok: totals.failed == 0, trips, totals }
    }

    /// A row for each trip, the totals below.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header([
            "trip",
            "mode",
            "sent",
            "accepted",
            "dup",
            "late",
            "filtered",
            "rejected",
            "seen",
            "p50 ms",
            "p99 ms",
            "ETA MAE s",
            "MAPE",
            "result",
        ]);
        for trip in &self.trips {
            let result = trip.result();
            table.add_row(row(&trip.trip, trip.mode, &trip.fates, trip.latency, trip.eta, &result));
        }
        let totals = &self.totals;
        let result =
            if self.ok { "ok".to_owned() } else { format!("{} of {} failed", totals.failed, totals.trips) };
        let plural = if totals.trips == 1 { "" } else { "s" };
        let name = format!("{} trip{plural} in {:.0} s", totals.trips, totals.wall_s);
        table.add_row(row(&name, "", &totals.fates, totals.latency, totals.eta, &result));
        for column in table.column_iter_mut().skip(2).take(11) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.to_string()
    }

    /// Why connections broke, trip by trip; empty where none did.
    pub fn interruptions(&self) -> String {
        let lines = self.trips.iter().flat_map(|trip| {
            trip.interruptions.iter().map(move |why| format!("{}, {}× {}", trip.trip, why.times, why.why))
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// What went wrong, trip by trip; empty where nothing did.
    pub fn complaints(&self) -> String {
        let mut lines = Vec::new();
        for trip in self.trips.iter().filter(|trip| !trip.is_ok()) {
            lines.push(format!("{} ({}):", trip.trip, trip.tracking_id));
            lines.extend(trip.error.iter().map(|error| format!("  broken off: {error}")));
            for finding in trip.findings.iter().take(PRINTED_MAX) {
                lines.push(format!("  {:?}: {}", finding.fault, finding.detail));
            }
            if trip.findings.len() > PRINTED_MAX {
                lines.push(format!("  and {} more (--json has all)", trip.findings.len() - PRINTED_MAX));
            }
        }
        lines.join("\n")
    }
}

fn row(
    name: &str,
    mode: &str,
    fates: &Fates,
    latency: Option<Latency>,
    eta: Option<EtaQuality>,
    result: &str,
) -> Vec<Cell> {
    let number =
        |value: Option<f64>, digits: usize| value.map_or("–".into(), |value| format!("{value:.digits$}"));
    let counts = [
        fates.sent,
        fates.accepted,
        fates.duplicates,
        fates.late,
        fates.filtered,
        fates.rejected,
        fates.seen,
    ];
    let mut cells = vec![Cell::new(name), Cell::new(mode)];
    cells.extend(counts.map(Cell::new));
    cells.push(Cell::new(number(latency.map(|latency| latency.p50_ms), 0)));
    cells.push(Cell::new(number(latency.map(|latency| latency.p99_ms), 0)));
    cells.push(Cell::new(number(eta.map(|eta| eta.mae_s), 0)));
    cells.push(Cell::new(eta.map_or("–".into(), |eta| format!("{:.0} %", eta.mape * 100.0))));
    cells.push(Cell::new(result));
    cells
}
