//! `onway score`: how good the service is, on recorded trips.

pub mod eta;

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
}

pub fn run(args: &ScoreArgs) -> Result<(), Error> {
    match &args.what {
        What::Eta(args) => eta::run(args),
    }
}
