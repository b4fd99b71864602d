//! `onway models`: which ETA model a deployment uses.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use onway_core::eta::Model;
use serde::Serialize;

use crate::commands::fit::sql;
use crate::commands::{bar, models};
use crate::d1::{D1, D1Args};
use crate::error::Error;
use crate::history::{History, model_in_use};
use crate::score::rivals::Mark;
use crate::trips::Trip;

/// Positions are kept so long, unless a deployment says otherwise.
pub const DAYS: &str = "30";

#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Puts a model of onway fit in use, if it beats the one in use on the deployment's last week
    Use(UseArgs),
    /// Goes back to the model built in
    BuiltIn(GoBackArgs),
}

#[derive(Debug, Args)]
struct UseArgs {
    /// The model
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Puts it in use also where it is not better
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
struct GoBackArgs {
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
struct At {
    /// The binding or name of the database
    #[arg(long, value_name = "NAME", default_value = "DB")]
    d1: String,
    #[command(flatten)]
    args: D1Args,
}

pub fn run(args: &ModelsArgs) -> Result<(), Error> {
    match &args.what {
        What::Use(args) => {
            let model = models::read(Some(&args.file))?;
            let d1 = D1::new(&args.at.d1, &args.at.args);
            let held = read(&d1, 7)?.split().1;
            let contest = Contest::of(&d1, &model, &held)?;
            contest.tell("the file");
            contest.settle(&d1, &model, args.force).map(drop)
        }
        What::BuiltIn(GoBackArgs { at }) => {
            D1::new(&at.d1, &at.args).query("DELETE FROM model")?;
            eprintln!("The model built in is in use: isolates hear of it within five minutes.");
            Ok(())
        }
    }
}

/// The deliveries of the last so many days, with a bar.
pub fn read(d1: &D1, days: u32) -> Result<History, Error> {
    let bar = bar(0);
    let history = History::read(d1, days, &|read, whole| {
        bar.set_length(whole);
        bar.set_position(read);
    });
    bar.finish_and_clear();
    history
}

/// A model against the one in use, on trips that it has not seen.
#[derive(Debug, Clone, Serialize)]
pub struct Contest {
    in_use: &'static str,
    before: Option<Mark>,
    after: Option<Mark>,
    better: bool,
}

impl Contest {
    pub fn of(d1: &D1, model: &Model, held: &[Trip]) -> Result<Self, Error> {
        let known = model_in_use(d1)?;
        let in_use = if known.is_some() { "deployment" } else { "built-in" };
        let before = Mark::of(known.as_ref().unwrap_or_else(|| Model::built_in()), held);
        let after = Mark::of(model, held);
        let better = before.zip(after).is_some_and(|(before, after)| after.is_better_than(&before));
        Ok(Self { in_use, before, after, better })
    }

    /// Says how they did.
    pub fn tell(&self, name: &str) {
        for (name, mark) in
            [(format!("in use ({})", self.in_use), self.before), (name.to_owned(), self.after)]
        {
            match mark {
                Some(Mark { trips, mae_s, mape, coverage }) => eprintln!(
                    "  {name}: {mae_s:.0} s, {:.1} %, {:.0} % in range, on {trips} trips of the last week",
                    mape * 100.0,
                    coverage * 100.0
                ),
                None => eprintln!("  {name}: nothing in the last week to judge by"),
            }
        }
        eprintln!("{} is {}better than the one in use", name, if self.better { "" } else { "not " });
    }

    /// Puts the model in use where it is better, or has to be. Whether it is.
    pub fn settle(&self, d1: &D1, model: &Model, force: bool) -> Result<bool, Error> {
        if !self.better && !force {
            eprintln!("It stays as it is: --force puts it in use all the same.");
            return Ok(false);
        }
        model.check().map_err(|why| Error::Report(format!("this cannot be used: {why}")))?;
        let text = serde_json::to_string(model).map_err(|why| Error::Report(why.to_string()))?;
        let path = std::env::temp_dir().join(format!("onway-model-{}.sql", std::process::id()));
        let wrong = |why: std::io::Error| Error::File { path: path.clone(), why: why.to_string() };
        std::fs::write(&path, sql(&text)).map_err(wrong)?;
        let done = d1.run(&path);
        std::fs::remove_file(&path).ok();
        done?;
        eprintln!("It is in use: isolates hear of it within five minutes, deliveries under way keep theirs.");
        Ok(true)
    }
}
