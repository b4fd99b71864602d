//! How many sockets this process may hold.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::error::Error;

/// What the process needs besides its sockets: standard streams, the runtime, libraries.
const BESIDES: u64 = 64;

/// Raises the soft limit of open files as far as `sockets` need and the hard limit allows.
pub fn allow(sockets: u64) -> Result<(), Error> {
    let needed = sockets + BESIDES;
    let limit = getrlimit(Resource::Nofile);
    // None stands for unlimited.
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let allowed = limit.maximum.unwrap_or(u64::MAX);
    let refused = Error::TooFewFiles { needed, allowed };
    if allowed < needed {
        return Err(refused);
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum: limit.maximum }).map_err(|_| refused)
}
