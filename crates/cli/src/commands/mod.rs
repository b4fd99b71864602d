//! The subcommands: each takes its arguments, does one thing and reports.

pub mod bench;
pub mod cost;
pub mod day;
pub mod eta;
pub mod filter;
pub mod fit;
pub mod fleet;
pub mod models;
pub mod replay;
pub mod score;
pub mod simulate;
pub mod switch;
pub mod token;
pub mod vapid;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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

/// Does this on a thread of its own, so that a server on this machine keeps the other cores.
pub async fn on_one_thread<T, F>(work: impl FnOnce() -> F + Send + 'static) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>>,
{
    let wrong = |why: String| Error::Report(why);
    let running = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|why| wrong(why.to_string()))?.block_on(work())
    });
    running.await.map_err(|why| wrong(why.to_string()))?
}

/// A bar on a terminal, and nothing elsewhere.
pub fn bar(steps: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {eta} left") {
        bar.set_style(style);
    }
    bar
}
