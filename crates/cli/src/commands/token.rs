//! `onway token`: a signed token on the standard output, and nothing else.

use std::time::Duration;

use clap::Args;
use onway_core::auth::Role;

use crate::commands::SecretArgs;
use crate::error::Error;
use crate::{args, clock};

#[derive(Debug, Args)]
pub struct TokenArgs {
    /// driver, customer, store, dispatcher or admin
    #[arg(long, value_parser = args::role)]
    role: Role,
    /// Who: the driver's, customer's or user's id
    #[arg(long)]
    sub: String,
    /// The store that a token of role store is for
    #[arg(long, value_name = "ID", required_if_eq("role", "store"))]
    store: Option<String>,
    /// How long it holds
    #[arg(long, default_value = "12h", value_parser = args::duration)]
    ttl: Duration,
    #[command(flatten)]
    secret: SecretArgs,
}

pub fn run(args: &TokenArgs) -> Result<(), Error> {
    let signer = args.secret.signer(args.ttl)?;
    println!("{}", signer.sign(args.role, &args.sub, args.store.as_deref(), clock::unix_ms())?);
    Ok(())
}
