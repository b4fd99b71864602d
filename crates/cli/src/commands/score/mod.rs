//! `onway score`: how good what Onway computes is, on recorded trips.

pub mod eta;
pub mod filter;

use clap::{Args, Subcommand};

use crate::error::Error;

#[derive(Debug, Args)]
pub struct ScoreArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Times of arrival, beside two simple rules
    Eta(eta::EtaArgs),
    /// The position filter: put faults into trips, and count which of them it catches
    Filter(filter::FilterArgs),
}

pub fn run(args: &ScoreArgs) -> Result<(), Error> {
    match &args.what {
        What::Eta(args) => eta::run(args),
        What::Filter(args) => filter::run(args),
    }
}
