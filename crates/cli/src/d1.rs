//! A deployment's D1, through wrangler: it knows the account, the binding and the storage of development.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;

/// Where the database is.
#[derive(Debug, Clone, Args)]
pub struct D1Args {
    /// The database of the deployment, not the one of this machine
    #[arg(long)]
    remote: bool,
    /// Where the storage of this machine is, as for wrangler dev
    #[arg(long, value_name = "DIR", conflicts_with = "remote")]
    persist_to: Option<PathBuf>,
    /// The configuration that names the database [default: the wrangler.toml of this folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The program
    #[arg(long, value_name = "PROGRAM", default_value = "wrangler")]
    wrangler: PathBuf,
}

/// One database.
#[derive(Debug, Clone)]
pub struct D1 {
    /// Its binding or name.
    name: String,
    args: D1Args,
}

/// What wrangler says of one statement.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    results: Vec<Value>,
}

impl D1 {
    pub fn new(name: &str, args: &D1Args) -> Self {
        Self { name: name.to_owned(), args: args.clone() }
    }

    /// The rows of a query, each an object.
    pub fn query(&self, sql: &str) -> Result<Vec<Value>, Error> {
        let text = self.execute(&["--command", sql])?;
        // Whatever it says besides comes before.
        let json = text.find('[').and_then(|at| text.get(at..)).unwrap_or_default();
        let answers: Vec<Answer> =
            serde_json::from_str(json).map_err(|why| wrong(&format!("{why}: {text}")))?;
        Ok(answers.into_iter().flat_map(|answer| answer.results).collect())
    }

    /// Runs the statements of a file.
    pub fn run(&self, file: &Path) -> Result<(), Error> {
        self.execute(&["--yes", "--file", &file.to_string_lossy()]).map(drop)
    }

    fn execute(&self, what: &[&str]) -> Result<String, Error> {
        let D1Args { remote, persist_to, config, wrangler } = &self.args;
        let mut command = Command::new(wrangler);
        command.args(["d1", "execute", &self.name, "--json", if *remote { "--remote" } else { "--local" }]);
        for (name, path) in [("--persist-to", persist_to), ("--config", config)] {
            if let Some(path) = path {
                command.arg(name).arg(path);
            }
        }
        let done = command.args(what).stdin(Stdio::null()).output();
        let done = done.map_err(|why| wrong(&format!("{} cannot be started: {why}", wrangler.display())))?;
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        if done.status.success() {
            return Ok(said);
        }
        let complaint = String::from_utf8_lossy(&done.stderr);
        Err(wrong(format!("{said}{complaint}").trim()))
    }
}

fn wrong(why: &str) -> Error {
    Error::Database(why.chars().take(2_000).collect())
}
