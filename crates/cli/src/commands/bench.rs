//! `onway bench`: load on a server of this machine, and what it cost.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::bench::machine::{self, Machine};
use crate::bench::peer::Peer;
use crate::bench::process::Process;
use crate::bench::report::BenchReport;
use crate::bench::scenarios::{Meter, Setting, Used, burst, fanout, ingest};
use crate::bench::series::Measures;
use crate::bench::{limits, listener};
use crate::commands::{SecretArgs, bar, on_one_thread};
use crate::error::Error;
use crate::{args, clock};

/// How long the tokens of a run hold: longer than any run.
const TOKEN_TTL: Duration = Duration::from_secs(3_600);
/// Watchers of the burst.
const BURST_WATCHERS: usize = 1_000;
/// Most watchers: one port of this machine each, and there are 28,000.
const WATCHERS_MAX: i64 = 20_000;
/// Most fixes of a fan-out: by their own clock they are a second apart, and none may be ahead by 120 s.
const FIXES_MAX: u64 = 100;

/// From so many per cent of the cores on, others disturb a measurement.
const OTHERS_MAX: f64 = 15.0;

/// What is done before anything is measured.
const WARM_WATCHERS: usize = 200;
const WARM_FIXES: usize = 5;

/// A load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// One delivery, many watchers
    Fanout,
    /// Many drivers, over sockets and over HTTP
    Ingest,
    /// Ten fixes a second to a thousand watchers
    Burst,
}

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Where the server runs: on this machine
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    /// The server's process; its children count [default: whoever listens at the URL]
    #[arg(long)]
    pid: Option<u32>,
    /// Which loads, in this order
    #[arg(long, value_enum, value_delimiter = ',', default_value = "fanout,ingest,burst")]
    scenarios: Vec<Scenario>,
    /// Watchers of the fan-outs, in this order; memory is read in the first
    #[arg(long, value_delimiter = ',', default_value = "5000,1000,100", value_parser = clap::value_parser!(i64).range(1..=WATCHERS_MAX))]
    watchers: Vec<i64>,
    /// Watchers of the burst
    #[arg(long, default_value_t = BURST_WATCHERS as i64, value_parser = clap::value_parser!(i64).range(1..=WATCHERS_MAX))]
    burst_watchers: i64,
    /// Fixes of each fan-out
    #[arg(long, default_value = "25", value_parser = clap::value_parser!(u64).range(1..=FIXES_MAX))]
    fixes: u64,
    /// Time between two fixes of a fan-out: no shorter than what the server waits to send two as one
    #[arg(long, default_value = "550ms", value_parser = args::duration)]
    interval: Duration,
    /// How often everything is repeated
    #[arg(long, default_value = "1", value_parser = clap::value_parser!(u64).range(1..=20))]
    repeats: u64,
    /// Measures a server that has just started, without letting it warm up first
    #[arg(long)]
    cold: bool,
    /// Write the report to this file too, with all values, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    secret: SecretArgs,
}

pub async fn run(args: BenchArgs) -> Result<(), Error> {
    on_one_thread(|| measure(args)).await
}

async fn measure(args: BenchArgs) -> Result<(), Error> {
    let peer = Arc::new(Peer::new(&args.url, &args.secret.signer(TOKEN_TTL)?)?);
    let most = args.watchers.iter().chain([&args.burst_watchers]).max().copied().unwrap_or_default();
    limits::allow(most.unsigned_abs())?;
    let server = server(&args, &peer)?;
    let (machine, load_before, begun) = (Machine::here(), machine::load(), clock::monotonic());
    let (busy, meter) = (machine::busy(), Meter::new(server));
    let progress = bar(args.steps());
    let setting = Setting {
        peer: Arc::clone(&peer),
        server,
        progress: progress.clone(),
        interval: args.interval,
        fixes: args.fixes as usize,
    };
    if !args.cold {
        warm_up(&setting).await?;
    }
    let mut measures = Measures::default();
    for repeat in 0..args.repeats {
        for scenario in &args.scenarios {
            match scenario {
                Scenario::Fanout => {
                    for (at, watchers) in args.watchers.iter().enumerate() {
                        // Later sockets take memory that earlier ones have left.
                        let grows = repeat == 0 && at == 0;
                        fanout::run(&setting, *watchers as usize, grows, &mut measures).await?;
                    }
                }
                Scenario::Ingest => {
                    ingest::by_socket(&setting, &mut measures).await?;
                    ingest::by_http(&setting, &mut measures).await?;
                }
                Scenario::Burst => burst::run(&setting, args.burst_watchers as usize, &mut measures).await?,
            }
        }
    }
    progress.finish_and_clear();
    let others = others(&machine, busy, &meter.read());
    if others.is_some_and(|share| share > OTHERS_MAX) {
        eprintln!("warning: others used this machine meanwhile: what follows is not to be trusted");
    }
    let report = BenchReport {
        tool: env!("CARGO_PKG_VERSION"),
        server: peer.origin().to_owned(),
        pid: server.map(Process::pid),
        repeats: args.repeats as usize,
        machine,
        load_before,
        load_after: machine::load(),
        others,
        seconds: (clock::monotonic() - begun).as_secs_f64(),
        series: measures.into_series(),
    };
    println!("{}", report.table());
    args.json.as_deref().map_or(Ok(()), |path| report.write(path))
}

/// Lets the server compile what it will need: engines optimize while they run, and that is no part of a fix.
async fn warm_up(setting: &Setting) -> Result<(), Error> {
    let mut unused = Measures::default();
    fanout::run(&setting.brief(WARM_FIXES), WARM_WATCHERS, false, &mut unused).await?;
    ingest::by_socket(setting, &mut unused).await?;
    ingest::by_http(setting, &mut unused).await
}

/// Share of all cores that neither the server nor this tool used, in per cent.
fn others(machine: &Machine, before: Option<Duration>, used: &Used) -> Option<f64> {
    let all = machine::busy()?.saturating_sub(before?);
    let ours = used.server? + used.own?;
    let offered = used.wall.as_secs_f64() * machine.cores as f64;
    Some(all.saturating_sub(ours).as_secs_f64() / offered * 100.0)
}

/// The server's process: the one named, else the one that listens.
fn server(args: &BenchArgs, peer: &Peer) -> Result<Option<Process>, Error> {
    if let Some(pid) = args.pid {
        return Process::new(pid).map(Some).ok_or(Error::Unmeasurable { pid });
    }
    let found = listener::pid_of(peer.address()).and_then(Process::new);
    if found.is_none() {
        eprintln!(
            "warning: no process of yours was found at {}: without --pid, no processor time and no memory",
            peer.origin()
        );
    }
    Ok(found)
}

impl BenchArgs {
    /// Steps of the progress bar.
    fn steps(&self) -> u64 {
        let warming = if self.cold { 0 } else { WARM_FIXES + ingest::STEPS };
        let steps = |scenario: &Scenario| match scenario {
            Scenario::Fanout => self.watchers.len() as u64 * self.fixes,
            Scenario::Ingest => ingest::STEPS as u64,
            Scenario::Burst => burst::FIXES as u64,
        };
        warming as u64 + self.repeats * self.scenarios.iter().map(steps).sum::<u64>()
    }
}
