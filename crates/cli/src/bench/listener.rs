//! Which process serves an address of this machine.

use std::fs;
use std::net::SocketAddr;

/// The state of a listening socket in `/proc/net/tcp`.
const LISTENING: &str = "0A";

/// The process that listens on the address's port; `None` where it is somebody else's, or nobody's.
pub fn pid_of(address: SocketAddr) -> Option<u32> {
    let table = if address.is_ipv4() { "/proc/net/tcp" } else { "/proc/net/tcp6" };
    let sockets = fs::read_to_string(table).ok()?;
    let link = format!("socket:[{}]", sockets.lines().find_map(|line| inode(line, address.port()))?);
    processes().find(|pid| holds(*pid, &link))
}

/// The inode of a line that stands for a socket listening on this port.
fn inode(line: &str, port: u16) -> Option<&str> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, local, _, state, _, _, _, _, _, inode, ..] = fields.as_slice() else { return None };
    let (_, known) = local.rsplit_once(':')?;
    (u16::from_str_radix(known, 16) == Ok(port) && *state == LISTENING).then_some(*inode)
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn holds(pid: u32, link: &str) -> bool {
    let mut files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    files.any(|file| fs::read_link(file.path()).is_ok_and(|target| target.to_str() == Some(link)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn whoever_listens_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(pid_of(address), Some(std::process::id()));
        drop(listener);
        assert_eq!(pid_of(address), None);
    }
}
