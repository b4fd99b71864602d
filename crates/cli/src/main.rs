//! `onway`: the operator's tool.

mod args;
mod bench;
mod client;
mod clock;
mod commands;
mod cost;
mod d1;
mod day;
mod driver;
mod error;
mod fit;
mod fleet;
mod history;
mod mode;
mod noise;
mod progress;
mod replay;
mod route;
mod score;
mod secret;
mod simulation;
mod token;
mod trips;
mod walk;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The tool of those who run Onway: tokens, a simulated driver, recorded trips.
#[derive(Debug, Parser)]
#[command(name = "onway", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign a token for somebody
    Token(commands::token::TokenArgs),
    /// Make a pair of keys for push messages
    Vapid(commands::vapid::VapidArgs),
    /// Drive a simulated delivery, to follow it on its page, or a whole fleet, to measure it
    Simulate(Box<commands::simulate::SimulateArgs>),
    /// Send recorded trips through a running service and check what their watchers see
    Replay(commands::replay::ReplayArgs),
    /// Drive a driver's day over a good and a bad network, and compare what the two leave behind
    #[command(long_about = commands::day::ABOUT)]
    Day(commands::day::DayArgs),
    /// Load a server on this machine with watchers and drivers, and measure what it costs
    Bench(commands::bench::BenchArgs),
    /// Say what a delivery costs on the platform
    Cost(commands::cost::CostArgs),
    /// Print the ETA at each fix of recorded trips, as NDJSON
    Eta(commands::eta::EtaArgs),
    /// Fit the ETA's model to recorded trips
    Fit(commands::fit::FitArgs),
    /// Choose the ETA's model of a deployment
    Models(commands::switch::ModelsArgs),
    /// Say what the position filter makes of recorded trips, a line of JSON a fix
    Filter(commands::filter::FilterArgs),
    /// Measure what Onway computes on recorded trips
    Score(commands::score::ScoreArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Token(args) => commands::token::run(&args).map(|()| true),
        Command::Vapid(args) => commands::vapid::run(&args).map(|()| true),
        Command::Simulate(args) => commands::simulate::run(*args).await.map(|()| true),
        Command::Replay(args) => commands::replay::run(args).await,
        Command::Day(args) => commands::day::run(args).await,
        Command::Cost(args) => commands::cost::run(&args).map(|()| true),
        Command::Eta(args) => commands::eta::run(&args).map(|()| true),
        Command::Fit(args) => commands::fit::run(&args).map(|()| true),
        Command::Models(args) => commands::switch::run(&args).map(|()| true),
        Command::Filter(args) => commands::filter::run(&args).map(|()| true),
        Command::Score(args) => commands::score::run(&args).map(|()| true),
        Command::Bench(args) => commands::bench::run(args).await.map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("onway: {error}");
            ExitCode::FAILURE
        }
    }
}
