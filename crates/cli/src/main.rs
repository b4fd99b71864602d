//! `onway`: the operator's tool.

mod args;
mod clock;
mod commands;
mod driver;
mod error;
mod mode;
mod noise;
mod route;
mod secret;
mod token;
mod trips;

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
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Token(args) => commands::token::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onway: {error}");
            ExitCode::FAILURE
        }
    }
}
