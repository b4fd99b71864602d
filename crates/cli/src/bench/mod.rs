//! Load on a running service, and what it cost: processor time, memory, latency.
//!
//! One process, one thread, one server on the same machine. The figures are of the server's processes, as
//! the kernel counts them; the generator's own share is told beside them, since a generator that is busy all
//! the time measures itself.

pub mod crowd;
pub mod driver;
pub mod fixes;
pub mod frame;
pub mod limits;
pub mod listener;
pub mod machine;
pub mod peer;
pub mod process;
pub mod report;
pub mod scenarios;
pub mod series;
