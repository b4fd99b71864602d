//! What a process and its children have used, as the kernel counts it.

use std::fs;
use std::time::Duration;

/// A process and all that came from it.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    pid: u32,
}

impl Process {
    /// A running process; `None` where its use cannot be read.
    pub fn new(pid: u32) -> Option<Self> {
        let process = Self { pid };
        process.cpu().map(|_| process)
    }

    pub fn own() -> Self {
        Self { pid: std::process::id() }
    }

    pub fn pid(self) -> u32 {
        self.pid
    }

    /// Time on processors so far, in user and kernel mode: the scheduler's count in nanoseconds, since the
    /// ticks of `/proc/<pid>/stat` are 10 ms. `None` once the process is gone.
    pub fn cpu(self) -> Option<Duration> {
        fs::metadata(format!("/proc/{}", self.pid)).ok()?;
        let spent = self.tree().into_iter().flat_map(threads).filter_map(|path| {
            let counts = fs::read_to_string(format!("{path}/schedstat")).ok()?;
            counts.split_whitespace().next()?.parse().ok()
        });
        spent.map(Duration::from_nanos).reduce(|sum, spent| sum + spent)
    }

    /// Resident memory in bytes.
    pub fn memory(self) -> Option<u64> {
        let resident = self.tree().into_iter().filter_map(|pid| {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        });
        resident.map(|kilobytes| kilobytes * 1024).reduce(|sum, bytes| sum + bytes)
    }

    /// Numbers of the process and of all that came from it.
    fn tree(self) -> Vec<u32> {
        let mut tree = vec![self.pid];
        let mut next = 0;
        while let Some(&pid) = tree.get(next) {
            next += 1;
            for path in threads(pid) {
                let children = fs::read_to_string(format!("{path}/children")).unwrap_or_default();
                tree.extend(children.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            }
        }
        tree
    }
}

/// Paths of a process's threads in `/proc`.
fn threads(pid: u32) -> Vec<String> {
    let path = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&path).into_iter().flatten().flatten();
    entries.map(|entry| format!("{path}/{}", entry.file_name().to_string_lossy())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_process_uses_is_counted() {
        let own = Process::own();
        let before = own.cpu().unwrap();
        let mut sum = 0_u64;
        while own.cpu().unwrap().saturating_sub(before) < Duration::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(own.memory().unwrap() > 1024 * 1024);
    }

    #[test]
    fn a_process_that_is_not_there_uses_nothing() {
        assert!(Process::new(u32::MAX - 1).is_none());
    }
}
