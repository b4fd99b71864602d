//! The subcommands: each takes its arguments, does one thing and reports.

pub mod bench;
pub mod cost;
pub mod filter;
pub mod replay;
pub mod score;
pub mod simulate;
pub mod token;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::error::Error;
use crate::secret;
use crate::token::Signer;

/// Where the secret that signs tokens is found.
#[derive(Debug, Args)]
pub struct SecretArgs {
    /// Name of the environment variable, and of the entry in the file
    #[arg(long, default_value = "JWT_SECRET", value_name = "NAME")]
    secret_env: String,
    /// Read the secret from this file [default: the nearest .dev.vars, from here upwards]
    #[arg(long, value_name = "PATH")]
    dev_vars: Option<PathBuf>,
}

impl SecretArgs {
    /// A signer of tokens that hold for `ttl`.
    pub fn signer(&self, ttl: Duration) -> Result<Signer, Error> {
        let here = std::env::current_dir().unwrap_or_else(|_| Path::new(".").to_owned());
        Ok(Signer::new(secret::find(&self.secret_env, self.dev_vars.as_deref(), &here)?, ttl))
    }
}
