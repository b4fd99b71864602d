//! Many drivers at once, each sending its next fix when the last is acknowledged: what a fix costs.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::bench::driver::Driver;
use crate::bench::fixes::Fixes;
use crate::bench::peer::Peer;
use crate::bench::scenarios::Setting;
use crate::bench::series::Measures;
use crate::client::Report;
use crate::clock;
use crate::error::Error;

/// Drivers at once, each of a delivery of its own.
const DRIVERS: usize = 16;
/// Fixes of each driver over a socket, and over HTTP.
const BY_SOCKET: usize = 150;
const BY_HTTP: usize = 75;
/// Time between two fixes by their own clock, in ms: all of them lie before now.
const STEP_MS: i64 = 300;

/// Steps of a progress bar.
pub const STEPS: usize = 2 * DRIVERS;

/// Over sockets: one frame, one acknowledgement.
pub async fn by_socket(setting: &Setting, measures: &mut Measures) -> Result<(), Error> {
    let mut drivers = Vec::new();
    for _ in 0..DRIVERS {
        let id = setting.start().await?;
        drivers.push(Driver::depart(&setting.peer, &id, Fixes::new(clock::unix_ms(), STEP_MS)).await?);
    }
    setting.settle().await;
    let meter = setting.meter();
    let mut driving = JoinSet::new();
    for mut driver in drivers {
        driving.spawn(async move {
            for number in 0..BY_SOCKET {
                driver.send(number).await?;
                driver.acknowledged().await?;
            }
            // Its socket stays open until all have done: a hang-up is no part of a fix.
            Ok(driver)
        });
    }
    let done = joined(driving, setting).await?;
    let (used, fixes) = (meter.read(), (DRIVERS * BY_SOCKET) as u64);
    used.note(measures, "ingest by socket", "CPU per fix", fixes);
    measures.add("ingest by socket", "fixes", "/s", [fixes as f64 / used.wall.as_secs_f64()]);
    drop(done);
    setting.settle().await;
    Ok(())
}

/// Over HTTP: one request, one answer, on connections that are kept.
pub async fn by_http(setting: &Setting, measures: &mut Measures) -> Result<(), Error> {
    let mut ids = Vec::new();
    for _ in 0..DRIVERS {
        ids.push(setting.start().await?);
    }
    setting.settle().await;
    let fixes = Fixes::new(clock::unix_ms(), STEP_MS);
    let meter = setting.meter();
    let mut driving = JoinSet::new();
    for id in ids {
        let peer = Arc::clone(&setting.peer);
        // The client blocks; a thread of the pool waits for it.
        driving.spawn_blocking(move || post_all(&peer, &id, fixes));
    }
    joined(driving, setting).await?;
    let (used, fixes) = (meter.read(), (DRIVERS * BY_HTTP) as u64);
    used.note(measures, "ingest by HTTP", "CPU per fix", fixes);
    measures.add("ingest by HTTP", "fixes", "/s", [fixes as f64 / used.wall.as_secs_f64()]);
    setting.settle().await;
    Ok(())
}

fn post_all(peer: &Peer, id: &str, fixes: Fixes) -> Result<(), Error> {
    let agent = Peer::agent();
    for number in 0..BY_HTTP {
        let body = Report::Fix(fixes.at(number)).body(None);
        let body = serde_json::to_vec(&body).map_err(|why| Error::Report(why.to_string()))?;
        peer.update(&agent, id, &body)?;
    }
    Ok(())
}

async fn joined<T: 'static>(
    mut tasks: JoinSet<Result<T, Error>>,
    setting: &Setting,
) -> Result<Vec<T>, Error> {
    let mut done = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        done.push(ended.map_err(|why| Error::Report(why.to_string()))??);
        setting.progress.inc(1);
    }
    Ok(done)
}
