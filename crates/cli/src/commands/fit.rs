//! `onway fit`: a model of a deployment's own trips.

use std::path::{Path, PathBuf};

use clap::Args;
use onway_core::eta::model::Fitting;

use crate::clock;
use crate::commands::switch::{self, Contest, DAYS};
use crate::commands::{bar, models};
use crate::d1::{D1, D1Args};
use crate::error::Error;
use crate::fit::boost::Settings;
use crate::fit::{self, Stage};
use crate::trips::{Reading, Trip};

/// Fits the ETA's model to recorded trips, whose last point is their destination.
///
/// The power law of the distance for each mode and the weights of the trip's own pace are fitted for the
/// least absolute error in logarithms, shrunk to the model built in. The pace field holds how slow each cell
/// of about a kilometre is, from seconds and metres travelled there. Small boosted trees explain what is
/// left. Each step is judged on users that it has not seen, and only taken if it helps them: with few trips
/// the model built in stays. The range holds 80 % of the arrivals of unseen users.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// Trips as NDJSON, GPX or CSV, gzip or not; - is the standard input. 20 help, some thousands are best
    #[arg(required_unless_present = "from_d1", conflicts_with = "from_d1", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Fits to what a deployment has delivered, all but the last week, and compares with the model in use on that week;
    /// NAME is the binding or name of the database
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "DB")]
    from_d1: Option<String>,
    /// With --from-d1: so many days back from the newest delivery
    #[arg(long, value_name = "N", default_value = DAYS, requires = "from_d1", value_parser = clap::value_parser!(u32).range(8..=3650))]
    days: u32,
    /// With --from-d1: puts the model in use, if it is better
    #[arg(long = "use", requires = "from_d1")]
    use_it: bool,
    /// With --use: puts it in use also where it is not better
    #[arg(long, requires = "use_it")]
    force: bool,
    /// With --from-d1: prints what came of it as one JSON object
    #[arg(long, requires = "from_d1")]
    json: bool,
    #[command(flatten)]
    d1: D1Args,
    /// Where the model goes
    #[arg(short, long, value_name = "FILE", required_unless_present = "use_it")]
    output: Option<PathBuf>,
    /// The same as SQL, which puts it in use: wrangler d1 execute DB --remote --file FILE
    #[arg(long, value_name = "FILE")]
    sql: Option<PathBuf>,
    /// Only trips that their file calls like a delivery: 1 to 15 km, 10 to 60 min
    #[arg(long)]
    delivery_like: bool,
    /// Seeds what the trees are grown from: the same seed gives the same model
    #[arg(long, default_value = "1")]
    seed: u64,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: &FitArgs) -> Result<(), Error> {
    let database = args.from_d1.as_ref().map(|name| D1::new(name, &args.d1));
    let (trips, held) = match &database {
        Some(d1) => history(d1, args.days)?,
        None => (models::trips(&args.files, &args.reading, args.delivery_like)?, Vec::new()),
    };
    let (_, lessons) = fit::lessons(&trips);
    if lessons.is_empty() {
        return Err(Error::NoTrips);
    }
    let settings = Settings { seed: args.seed, ..Settings::default() };
    let bar = bar(fit::steps(&settings));
    let mut fitted = fit::fit(&lessons.iter().collect::<Vec<_>>(), &settings, &|| bar.inc(1));
    bar.finish_and_clear();
    let trips = lessons.len() as u64;
    fitted.model.fitted = Some(Fitting { at: clock::unix_ms() / 1000, trips });
    fitted.model.check().map_err(|why| Error::Report(format!("no model came of this: {why}")))?;
    let text = serde_json::to_string(&fitted.model).map_err(|why| Error::Report(why.to_string()))?;
    if let Some(path) = &args.output {
        write(path, &text)?;
    }
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
    let trees = fitted.model.trees.len();
    eprintln!("{} bytes, {trees} trees, {cells} cells", text.len());
    let Some(d1) = &database else { return Ok(()) };
    let contest = Contest::of(d1, &fitted.model, &held)?;
    contest.tell("fitted");
    let used = args.use_it && contest.settle(d1, &fitted.model, args.force)?;
    if args.json {
        let found =
            serde_json::json!({"trips": trips, "held_out": held.len(), "contest": contest, "used": used});
        println!("{found}");
    }
    Ok(())
}

/// What a deployment has to learn from, and what is held out.
fn history(d1: &D1, days: u32) -> Result<(Vec<Trip>, Vec<Trip>), Error> {
    let history = switch::read(d1, days)?;
    let unusable = history.unusable;
    let (taught, held) = history.split();
    eprintln!(
        "{} trips to learn from, {} of the last week held out; {unusable} deliveries make no trip",
        taught.len(),
        held.len()
    );
    if taught.is_empty() {
        return Err(Error::Report(
            "all of it is from the last week, which is held out: wait, or use --days".into(),
        ));
    }
    Ok((taught, held))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|why| Error::File { path: path.to_owned(), why: why.to_string() })
}

/// The longest part of a model in one statement, in characters: D1 takes statements of up to 100 KB.
const PART: usize = 60_000;

/// Replaces the model of a deployment, in the table of `migrations/0002_model.sql`.
pub fn sql(model: &str) -> String {
    let mut text = String::from("DELETE FROM model;\n");
    // A model's JSON has no quotation mark of SQL's in it; one that had would be doubled.
    let characters: Vec<_> = model.chars().collect();
    for (part, body) in characters.chunks(PART).enumerate() {
        let body = body.iter().collect::<String>().replace('\'', "''");
        text.push_str("INSERT INTO model (part, body) VALUES (");
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
        assert!(
            lines[1].starts_with("INSERT INTO model (part, body) VALUES (0, 'x''yx")
                && lines[2].ends_with("y');")
        );
        assert!(lines.iter().all(|line| line.len() < 100_000));
    }
}
