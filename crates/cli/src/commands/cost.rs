//! `onway cost`: what a delivery costs on the platform.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::args;
use crate::cost::bill::{Bill, Estimate};
use crate::cost::operations::{Delivery, NAIVE, ONWAY};
use crate::cost::prices::Prices;
use crate::error::Error;

#[derive(Debug, Args)]
pub struct CostArgs {
    /// How long the driver is on the way, in minutes
    #[arg(long, default_value = "30", value_parser = args::positive)]
    minutes: f64,
    /// Time between two messages of the driver
    #[arg(long, default_value = "5s", value_parser = args::duration)]
    every: Duration,
    /// Customers that follow it on a socket
    #[arg(long, default_value = "2")]
    watchers: u32,
    /// Stores and dispatchers that follow it on a socket
    #[arg(long, default_value = "0")]
    dashboards: u32,
    /// Reads over HTTP, of its page and of the API
    #[arg(long, default_value = "5")]
    reads: u32,
    /// Changes of status after the start: picked up, in transit, delivered
    #[arg(long, default_value = "3")]
    statuses: u32,
    /// Events that are told through the queue: a usual delivery has eight; 0 without a queue
    #[arg(long, default_value = "8")]
    events: u32,
    /// Webhooks, push subscriptions and texts that hear each of them
    #[arg(long, default_value = "1")]
    receivers: u32,
    /// How long its rows are kept, in days
    #[arg(long, default_value = "30", value_parser = args::not_negative, value_name = "DAYS")]
    keep: f64,
    /// Other prices, as a JSON file of what differs from those that --json prints
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Print everything as one JSON object
    #[arg(long)]
    json: bool,
}

/// Days of a month, in the mean.
const MONTH_DAYS: f64 = 30.44;

pub fn run(args: &CostArgs) -> Result<(), Error> {
    let prices = args.prices.as_deref().map_or_else(|| Ok(Prices::default()), Prices::read)?;
    let delivery = Delivery {
        seconds: args.minutes * 60.0,
        every_s: args.every.as_secs_f64(),
        watchers: args.watchers.into(),
        dashboards: args.dashboards.into(),
        reads: args.reads.into(),
        statuses: args.statuses.into(),
        events: args.events.into(),
        receivers: args.receivers.into(),
    };
    let kept_months = args.keep / MONTH_DAYS;
    let estimate = Estimate {
        onway: Bill::of(ONWAY.operations(&delivery), &prices, kept_months),
        naive: Bill::of(NAIVE.operations(&delivery), &prices, kept_months),
        delivery,
        kept_months,
        prices,
    };
    if args.json {
        let json = serde_json::to_string(&estimate).map_err(|why| Error::Report(why.to_string()))?;
        println!("{json}");
    } else {
        println!("{}", estimate.table());
    }
    Ok(())
}
