//! The machine that a measurement was made on.

use std::fs;
use std::time::Duration;

use serde::Serialize;

/// Averages of the run queue over 1, 5 and 15 minutes.
pub type Load = [f64; 3];

#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    pub cores: usize,
    pub processor: String,
    pub kernel: String,
}

impl Machine {
    /// What the kernel says; empty where it says nothing.
    pub fn here() -> Self {
        let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = processor.lines().find(|line| line.starts_with("model name"));
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: model.and_then(|line| line.split_once(": ")).map_or("", |(_, name)| name).to_owned(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
        }
    }
}

/// The load averages now; zeros where the kernel tells none.
pub fn load() -> Load {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut numbers = text.split_whitespace().map_while(|number| number.parse().ok());
    std::array::from_fn(|_| numbers.next().unwrap_or_default())
}

/// Length of a tick of `/proc/stat`, in ms: `USER_HZ` is 100 on all architectures that Linux runs on today.
const TICK_MS: u64 = 10;

/// Time that the processors have been busy so far, for whomever; `None` where the kernel does not tell.
pub fn busy() -> Option<Duration> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let counts = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = counts.split_whitespace().map_while(|count| count.parse().ok()).collect();
    // proc_stat(5): waiting for the disk is no work, and time of guests is counted as the user's already.
    let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks.as_slice() else { return None };
    Some(Duration::from_millis(TICK_MS * [user, nice, system, irq, softirq, steal].into_iter().sum::<u64>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_describes_itself() {
        assert!(Machine::here().cores > 0);
        assert!(busy().unwrap() > Duration::ZERO);
        assert!(load().iter().all(|load| *load >= 0.0));
    }
}
