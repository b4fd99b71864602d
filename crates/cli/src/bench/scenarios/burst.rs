//! Ten fixes a second to many watchers: more than a screen can use. A server may send each, or the newest
//! with the trail between; what counts is its time for each fix and watcher, and that no position is missing.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::bench::crowd::Crowd;
use crate::bench::driver::Driver;
use crate::bench::fixes::Fixes;
use crate::bench::scenarios::{Setting, fanout};
use crate::bench::series::Measures;
use crate::clock;
use crate::error::Error;

const EVERY: Duration = Duration::from_millis(100);
/// Fixes of a burst: by their own clock, a second apart, they end well before the 120 s that a fix may be ahead.
pub const FIXES: usize = 60;

/// Connects the watchers, sends the fixes at their pace, and waits for the last on every screen.
pub async fn run(setting: &Setting, watchers: usize, measures: &mut Measures) -> Result<(), Error> {
    let scenario = format!("10 fixes/s to {watchers}");
    let fixes = Fixes::ahead(clock::unix_ms(), fanout::STEP_MS);
    let id = setting.start().await?;
    let mut driver = Driver::depart(&setting.peer, &id, fixes).await?;
    let crowd = Crowd::connect(&setting.peer, &id, watchers, fixes, FIXES).await?;
    setting.settle().await;

    let meter = setting.meter();
    let mut ticks = interval(EVERY);
    // A server that falls behind gets its fixes late, not all at once.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..FIXES {
        ticks.tick().await;
        crowd.sent(number);
        driver.send(number).await?;
        setting.progress.inc(1);
    }
    driver.acknowledged().await?;
    crowd.shown(FIXES - 1).await?;
    let (used, tally) = (meter.read(), crowd.tally());
    let pairs = (FIXES * watchers) as u64;
    used.note(measures, &scenario, "CPU per fix and watcher", pairs);
    let per_second = tally.frames as f64 / watchers as f64 / used.wall.as_secs_f64();
    measures.add(&scenario, "frames per watcher", "/s", [per_second]);
    measures.add(&scenario, "positions shown", "%", [tally.positions as f64 / FIXES as f64 * 100.0]);
    measures.add(&scenario, "fix to last screen", "ms", crowd.latencies_ms());
    drop(crowd);
    setting.settle().await;
    Ok(())
}
