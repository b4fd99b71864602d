//! `onway fit`: a model of a deployment's own trips.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::{bar, models};
use crate::error::Error;
use crate::fit::boost::Settings;
use crate::fit::{self, Stage};

/// Fits the ETA's model to recorded trips, whose last point is their destination.
///
/// The power law of the distance for each mode and the weights of the trip's own pace are fitted for the
/// least absolute error in logarithms, shrunk to the model built in. The pace field holds how slow each cell
/// of about a kilometre is, from seconds and metres travelled there. Small boosted trees explain what is
/// left. Each step is judged on users that it has not seen, and only taken if it helps them: with few trips
/// the model built in stays. The range holds 80 % of the arrivals of unseen users.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// Trips as NDJSON, gzip or not; - is the standard input. 20 help, some thousands are best
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the model goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The same as SQL, which puts it in use: wrangler d1 execute DB --remote --file FILE
    #[arg(long, value_name = "FILE")]
    sql: Option<PathBuf>,
    /// Only trips that their file calls like a delivery: 1 to 15 km, 10 to 60 min
    #[arg(long)]
    delivery_like: bool,
    /// Seeds what the trees are grown from: the same seed gives the same model
    #[arg(long, default_value = "1")]
    seed: u64,
}

pub fn run(args: &FitArgs) -> Result<(), Error> {
    let trips = models::trips(&args.files, args.delivery_like)?;
    let (_, lessons) = fit::lessons(&trips);
    if lessons.is_empty() {
        return Err(Error::NoTrips);
    }
    let settings = Settings { seed: args.seed, ..Settings::default() };
    let bar = bar(fit::steps(&settings));
    let fitted = fit::fit(&lessons.iter().collect::<Vec<_>>(), &settings, &|| bar.inc(1));
    bar.finish_and_clear();
    fitted.model.check().map_err(|why| Error::Report(format!("no model came of this: {why}")))?;
    let text = serde_json::to_string(&fitted.model).map_err(|why| Error::Report(why.to_string()))?;
    write(&args.output, &text)?;
    if let Some(path) = &args.sql {
        write(path, &sql(&text))?;
    }
    eprintln!("{} trips, on users left out:", lessons.len());
    for (stage, mae, mape) in &fitted.errors {
        let taken = if *stage == fitted.stage { ", taken" } else { "" };
        eprintln!("  {}: {mae:.0} s, {:.1} %{taken}", name(*stage), mape * 100.0);
    }
    eprintln!("  all times moved by {:+.0} %", fitted.shift.exp_m1() * 100.0);
    let cells: usize = fitted.model.field.0.iter().flatten().map(|cells| cells.len()).sum();
    let path = args.output.display();
    eprintln!("{path}: {} bytes, {} trees, {cells} cells", text.len(), fitted.model.trees.len());
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|why| Error::File { path: path.to_owned(), why: why.to_string() })
}

/// The longest part of a model in one statement, in characters: D1 takes statements of up to 100 KB.
const PART: usize = 60_000;

/// Replaces the model of a deployment, in the table of `migrations/0002_model.sql`.
fn sql(model: &str) -> String {
    let mut text = String::from("DELETE FROM model;\n");
    // A model's JSON has no quotation mark of SQL's in it; one that had would be doubled.
    let characters: Vec<_> = model.chars().collect();
    for (part, body) in characters.chunks(PART).enumerate() {
        let body = body.iter().collect::<String>().replace('\'', "''");
        text.push_str("INSERT INTO model VALUES (");
        text.push_str(&part.to_string());
        text.push_str(", '");
        text.push_str(&body);
        text.push_str("');\n");
    }
    text
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::BuiltIn => "the model built in",
        Stage::Linear => "power laws, weights, pace field",
        Stage::Trees => "and trees",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_model_comes_in_parts() {
        let text = sql(&"x'y".repeat(PART / 2));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!((lines.len(), lines[0]), (3, "DELETE FROM model;"));
        assert!(lines[1].starts_with("INSERT INTO model VALUES (0, 'x''yx") && lines[2].ends_with("y');"));
        assert!(lines.iter().all(|line| line.len() < 100_000));
    }
}
