//! One delivery, many watchers: what a connection costs in time and memory, what a delivered frame costs, and
//! how long a fix takes to the last screen.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::bench::crowd::Crowd;
use crate::bench::driver::Driver;
use crate::bench::fixes::Fixes;
use crate::bench::scenarios::Setting;
use crate::bench::series::Measures;
use crate::clock;
use crate::error::Error;

/// Below so many sockets, memory says nothing: the processes' own ups and downs are larger.
const MEMORY_FROM: usize = 1_000;
/// Garbage of the upgrades is given so long to be collected before memory is read.
const COLLECTED: Duration = Duration::from_millis(500);
/// Time between two fixes by their own clock, in ms: whole seconds, since frames show no less.
pub const STEP_MS: i64 = 1_000;

/// Connects the watchers, sends the fixes one by one, and hangs up. `grows`: no crowd of this size was there
/// before, so that the memory of its sockets is new.
pub async fn run(
    setting: &Setting,
    watchers: usize,
    grows: bool,
    measures: &mut Measures,
) -> Result<(), Error> {
    let scenario = format!("fan-out to {watchers}");
    let fixes = Fixes::new(clock::unix_ms(), STEP_MS);
    let id = setting.start().await?;
    let mut driver = Driver::depart(&setting.peer, &id, fixes).await?;
    setting.settle().await;

    let (meter, memory) = (setting.meter(), setting.memory());
    let crowd = Crowd::connect(&setting.peer, &id, watchers, fixes, setting.fixes).await?;
    let connecting = meter.read();
    connecting.note(measures, &scenario, "CPU per connect", watchers as u64);
    measures.add(&scenario, "connects", "/s", [watchers as f64 / connecting.wall.as_secs_f64()]);
    if grows && watchers >= MEMORY_FROM {
        sleep(COLLECTED).await;
        let grown = memory.zip(setting.memory()).map(|(before, after)| after as f64 - before as f64);
        measures.add(
            &scenario,
            "memory per socket",
            "KB",
            grown.map(|bytes| bytes / 1024.0 / watchers as f64),
        );
    }
    setting.settle().await;

    let meter = setting.meter();
    let mut ticks = interval(setting.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..setting.fixes {
        ticks.tick().await;
        crowd.sent(number);
        driver.send(number).await?;
        driver.acknowledged().await?;
        crowd.shown(number).await?;
        setting.progress.inc(1);
    }
    let (used, tally) = (meter.read(), crowd.tally());
    measures.add(&scenario, "CPU per frame", "µs", used.server_us(tally.frames));
    measures.add(&scenario, "frames", "", [tally.frames as f64]);
    measures.add(&scenario, "frame", "bytes", [tally.bytes as f64 / tally.frames.max(1) as f64]);
    measures.add(&scenario, "fix to last screen", "ms", crowd.latencies_ms());

    let meter = setting.meter();
    drop(crowd);
    setting.settle().await;
    measures.add(&scenario, "CPU per hang-up", "µs", meter.read().server_us(watchers as u64));
    Ok(())
}
