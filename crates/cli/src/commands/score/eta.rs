//! `onway score eta`: the ETAs of recorded trips against when they really arrived.

use std::path::PathBuf;

use clap::Args;
use onway_core::eta::Model;
use rayon::prelude::*;

use crate::commands::{bar, models};
use crate::error::Error;
use crate::fit::boost::Settings;
use crate::fit::{self, samples::Lesson};
use crate::score::eta::{Report, TripScore, trip};
use crate::score::{plot, table};
use crate::trips::{Reading, Trip};

#[derive(Debug, Args)]
pub struct EtaArgs {
    /// Trips as NDJSON, GPX or CSV, gzip or not; - is the standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A model of onway fit [default: the one built in]
    #[arg(long, value_name = "FILE", conflicts_with = "leave_one_user_out")]
    model: Option<PathBuf>,
    /// Score each user's trips with a model that is fitted on those of all others
    #[arg(long)]
    leave_one_user_out: bool,
    /// With --leave-one-user-out: leave out users in so many groups, not one by one
    #[arg(long, value_name = "N", requires = "leave_one_user_out", value_parser = clap::value_parser!(u16).range(2..))]
    groups: Option<u16>,
    /// Only trips that their file calls like a delivery: 1 to 15 km, 10 to 60 min
    #[arg(long)]
    delivery_like: bool,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
    /// Draw the error by the time left, as SVG
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(args: &EtaArgs) -> Result<(), Error> {
    let trips = models::trips(&args.files, &args.reading, args.delivery_like)?;
    let scores = if args.leave_one_user_out {
        left_out(&trips, args.groups.map_or(usize::MAX, usize::from))
    } else {
        let model = models::read(args.model.as_deref())?;
        trips.par_iter().filter_map(|one| trip(one, &model)).collect()
    };
    if scores.is_empty() {
        return Err(Error::NoTrips);
    }
    let report = Report::of(scores);
    if let Some(path) = &args.plot {
        plot::horizons(&report, path)?;
    }
    if args.json {
        println!("{}", serde_json::to_string(&report).map_err(|why| Error::Report(why.to_string()))?);
    } else {
        println!("{}", table::eta(&report));
    }
    Ok(())
}

/// Scores every trip with a model that has not seen its user.
fn left_out(trips: &[Trip], groups: usize) -> Vec<TripScore> {
    let (numbered, lessons) = fit::lessons(trips);
    let users = numbered.iter().max().map_or(0, |most| most + 1);
    let groups = groups.min(users);
    let bar = bar(trips.len() as u64);
    let of_group = |group: usize| {
        let others: Vec<&Lesson> = lessons.iter().filter(|lesson| lesson.user % groups != group).collect();
        let model = if others.is_empty() {
            Model::built_in().clone()
        } else {
            fit::fit(&others, &Settings::default(), &|| ()).model
        };
        let own = trips.iter().zip(&numbered).filter(|(_, user)| **user % groups == group);
        let scores: Vec<_> = own.map(|(one, _)| trip(one, &model)).collect();
        bar.inc(scores.len() as u64);
        scores.into_iter().flatten().collect::<Vec<_>>()
    };
    let scores = (0..groups).into_par_iter().flat_map_iter(of_group).collect();
    bar.finish_and_clear();
    scores
}
