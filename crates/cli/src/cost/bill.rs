//! Operations times prices.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::cost::operations::{Delivery, Operations};
use crate::cost::prices::{Price, Prices};

/// Deliveries of the month that is billed.
const MONTH: f64 = 1e6;

/// One line: so many units of something, and their price.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    pub what: &'static str,
    /// Of one delivery.
    pub units: f64,
    /// Of one delivery, in dollars, without what the subscription includes.
    pub dollars: f64,
    /// Of a million deliveries a month, in dollars, with it.
    pub dollars_a_month: f64,
}

/// What one way of doing it costs.
#[derive(Debug, Clone, Serialize)]
pub struct Bill {
    pub operations: Operations,
    pub lines: Vec<Line>,
    pub dollars: f64,
    pub dollars_a_month: f64,
}

/// Two ways beside each other.
#[derive(Debug, Serialize)]
pub struct Estimate {
    pub delivery: Delivery,
    /// How long a delivery's rows are kept, in months.
    pub kept_months: f64,
    pub prices: Prices,
    pub onway: Bill,
    pub naive: Bill,
}

impl Bill {
    pub fn of(operations: Operations, prices: &Prices, kept_months: f64) -> Self {
        let per_million = |what, units: f64, price: Price| line(what, units, price, 1e-6);
        // In a steady month, what is kept is that of the months before, too.
        let gb_months = |bytes: u64| bytes as f64 / 1e9 * kept_months;
        let storage = |what, bytes, price: Price| line(what, gb_months(bytes), price, 1.0);
        let messages = operations.socket_messages as f64 / prices.socket_messages_per_request;
        let alarms = operations.alarms as f64;
        let lines = vec![
            per_million("Worker: requests", operations.worker_requests as f64, prices.worker_requests),
            per_million("Worker: CPU, ms (assumed)", operations.worker_cpu_ms, prices.worker_cpu_ms),
            per_million(
                "object: requests, alarms, 20 messages as one",
                operations.object_requests as f64 + messages,
                prices.object_requests,
            ),
            per_million(
                "object: awake, GB-s (assumed)",
                operations.awake_s * prices.object_gb,
                prices.object_gb_s,
            ),
            per_million("object: rows written", operations.rows_written as f64 - alarms, prices.rows_written),
            per_million("object: rows written by setting alarms", alarms, prices.rows_written),
            per_million("object: rows read", operations.rows_read as f64, prices.rows_read),
            per_million("D1: rows written", operations.d1_rows_written as f64, prices.d1_rows_written),
            per_million("queue: operations", operations.queue_operations as f64, prices.queue_operations),
            storage("object: kept, GB-months", operations.stored_bytes, prices.object_storage_gb),
            storage("D1: kept, GB-months", operations.d1_stored_bytes, prices.d1_storage_gb),
        ];
        let sum = |of: fn(&Line) -> f64| lines.iter().map(of).sum();
        Self {
            dollars: sum(|line| line.dollars),
            dollars_a_month: sum(|line| line.dollars_a_month),
            operations,
            lines,
        }
    }
}

fn line(what: &'static str, units: f64, price: Price, scale: f64) -> Line {
    let dollars = |units: f64| units * price.dollars * scale;
    let beyond = (units * MONTH - price.included).max(0.0);
    Line { what, units, dollars: dollars(units), dollars_a_month: dollars(beyond) }
}

impl Estimate {
    /// A row for each line, the sums below.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header([
            "a delivery",
            "units",
            "$",
            "$ a month, 1 M of them",
            "the naive way: units",
            "$",
            "$ a month",
        ]);
        for (ours, naive) in self.onway.lines.iter().zip(&self.naive.lines) {
            let cells = |line: &Line| [units(line.units), dollars(line.dollars), whole(line.dollars_a_month)];
            table.add_row([vec![ours.what.to_owned()], cells(ours).to_vec(), cells(naive).to_vec()].concat());
        }
        let sums = |bill: &Bill| [String::new(), dollars(bill.dollars), whole(bill.dollars_a_month)];
        let sum = [vec!["in all".to_owned()], sums(&self.onway).to_vec(), sums(&self.naive).to_vec()];
        table.add_row(sum.concat());
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        let Prices { date, source, .. } = &self.prices;
        format!(
            "{table}\nPrices of {date} ({source}). \"$\" leaves out what the subscription includes, \"$ a month\" \
             takes it off. {} alarms; rows kept for {:.1} months.",
            self.onway.operations.alarms, self.kept_months
        )
    }
}

fn units(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

fn dollars(value: f64) -> String {
    format!("{value:.7}")
}

fn whole(value: f64) -> String {
    format!("{value:.0}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::operations::{NAIVE, ONWAY};

    const DELIVERY: Delivery = Delivery {
        seconds: 1_800.0,
        every_s: 5.0,
        watchers: 2,
        dashboards: 0,
        reads: 5,
        statuses: 3,
        events: 0,
        receivers: 0,
    };

    fn bill(operations: Operations) -> Bill {
        Bill::of(operations, &Prices::default(), 1.0)
    }

    fn line_of<'a>(bill: &'a Bill, what: &str) -> &'a Line {
        bill.lines.iter().find(|line| line.what == what).unwrap()
    }

    #[test]
    fn rows_written_are_most_of_the_bill() {
        let bill = bill(ONWAY.operations(&DELIVERY));
        let rows = line_of(&bill, "object: rows written");
        assert!((rows.dollars - 0.000_375).abs() < 1e-9);
        assert!(rows.dollars > 0.9 * bill.dollars, "{bill:?}");
    }

    #[test]
    fn to_tell_somebody_of_eight_events_is_a_fourteenth_of_it() {
        let silent = bill(ONWAY.operations(&DELIVERY));
        let telling = bill(ONWAY.operations(&Delivery { events: 8, receivers: 1, ..DELIVERY }));
        let line = line_of(&telling, "queue: operations");
        assert!((line.units - 48.0).abs() < f64::EPSILON && (line.dollars - 0.000_019_2).abs() < 1e-9);
        let more = telling.dollars / silent.dollars - 1.0;
        assert!((0.05..0.08).contains(&more), "{more}");
    }

    #[test]
    fn the_subscription_takes_off_what_it_includes() {
        let bill = bill(ONWAY.operations(&DELIVERY));
        // 375 M rows, of which 50 M are included.
        assert!((line_of(&bill, "object: rows written").dollars_a_month - 325.0).abs() < 1e-6);
        // 9 M requests, of which 10 M are.
        assert!(line_of(&bill, "Worker: requests").dollars_a_month.abs() < f64::EPSILON);
    }

    #[test]
    fn the_naive_way_costs_ten_times_as_much() {
        let (ours, naive) = (bill(ONWAY.operations(&DELIVERY)), bill(NAIVE.operations(&DELIVERY)));
        // 230 GB-s awake, 0.0029 $; 731 rows in the object and 724 in D1.
        assert!((line_of(&naive, "object: awake, GB-s (assumed)").dollars - 0.002_88).abs() < 1e-9);
        assert!(naive.dollars > 10.0 * ours.dollars, "{} and {}", naive.dollars, ours.dollars);
    }
}
