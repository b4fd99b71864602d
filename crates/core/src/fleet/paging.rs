//! Frames of many deliveries, none larger than a socket takes.

use super::model::Changes;
use crate::clock::Millis;

/// Largest frame, in bytes: what comes around the deliveries, and a question whether it was read, fit into what is left.
const FRAME_MAX: usize = 63 * 1024;

/// What all frames of a hub say.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    pub shard: Option<u32>,
    pub shards: u32,
    pub seq: u64,
    pub wall: Millis,
}

impl Stamp {
    fn end(&self) -> String {
        format!(",\"seq\":{},\"server_time\":{}}}}}", self.seq, self.wall.0)
    }
}

/// `fleet_state`: one page at least, so that nothing is known to be nothing.
pub fn state(deliveries: &[String], stamp: Stamp) -> Vec<String> {
    let mut pages: Vec<&[String]> = Vec::new();
    let mut rest = deliveries;
    loop {
        let (page, more) = rest.split_at(fitting(rest, FRAME_MAX));
        pages.push(page);
        rest = more;
        if rest.is_empty() {
            break;
        }
    }
    let shard = stamp.shard.map_or_else(|| "null".to_owned(), |shard| shard.to_string());
    let (shards, count, end) = (stamp.shards, pages.len(), stamp.end());
    let page = |(at, page): (usize, &&[String])| {
        format!(
            "{{\"type\":\"fleet_state\",\"data\":{{\"shard\":{shard},\"shards\":{shards},\"page\":{},\"pages\":{count},\"deliveries\":[{}]{end}",
            at + 1,
            page.join(","),
        )
    };
    pages.iter().enumerate().map(page).collect()
}

/// `fleet_update`: none where nothing has changed.
pub fn update(changes: &Changes, stamp: Stamp) -> Vec<String> {
    let removed: Vec<String> = changes.removed.iter().map(|id| format!("\"{id}\"")).collect();
    let mut rest = [&changes.deliveries[..], &changes.moved, &removed];
    let mut frames = Vec::new();
    while rest.iter().any(|list| !list.is_empty()) {
        let mut room = FRAME_MAX;
        let [deliveries, moved, removed] = rest.each_mut().map(|list| {
            // Another list is begun only where this one is at its end.
            let (taken, more) = list.split_at(fitting(list, room));
            room = if more.is_empty() { room - size(taken) } else { 0 };
            *list = more;
            taken.join(",")
        });
        frames.push(format!(
            "{{\"type\":\"fleet_update\",\"data\":{{\"deliveries\":[{deliveries}],\"moved\":[{moved}],\"removed\":[{removed}]{}",
            stamp.end()
        ));
    }
    frames
}

/// An update that says nothing but that it was made.
pub fn nothing(stamp: Stamp) -> String {
    format!(
        "{{\"type\":\"fleet_update\",\"data\":{{\"deliveries\":[],\"moved\":[],\"removed\":[]{}",
        stamp.end()
    )
}

/// How many of them there is room for. One alone always has room: none is nearly as large as a frame.
fn fitting(list: &[String], room: usize) -> usize {
    let mut used = 0;
    let fit = list.iter().take_while(|item| {
        used += item.len() + 1;
        used <= room
    });
    let count = fit.count();
    if room == FRAME_MAX { count.max(list.len().min(1)) } else { count }
}

fn size(list: &[String]) -> usize {
    list.iter().map(|item| item.len() + 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    const STAMP: Stamp = Stamp { shard: Some(1), shards: 4, seq: 7, wall: Millis(1_700_000_000_123) };

    fn texts(sizes: &[usize]) -> Vec<String> {
        sizes.iter().enumerate().map(|(at, size)| format!("\"{at}{}\"", "x".repeat(*size))).collect()
    }

    #[test]
    fn nothing_is_one_page_and_no_update() {
        let [page] = &state(&[], STAMP)[..] else { panic!("one page") };
        let page: Value = serde_json::from_str(page).unwrap();
        assert_eq!((&page["data"]["page"], &page["data"]["pages"]), (&1.into(), &1.into()));
        assert_eq!(page["data"]["shard"], 1);
        assert_eq!(update(&Changes::default(), STAMP), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn every_item_comes_once_in_frames_that_a_socket_takes(
            sizes in proptest::collection::vec(0..3_000_usize, 0..200), first in 0..200_usize, second in 0..200_usize,
        ) {
            let items = texts(&sizes);
            let mut found = Vec::new();
            let pages = state(&items, STAMP);
            for (at, page) in pages.iter().enumerate() {
                prop_assert!(page.len() <= 64 * 1024);
                let page: Value = serde_json::from_str(page).unwrap();
                prop_assert_eq!((&page["data"]["page"], &page["data"]["pages"]), (&(at + 1).into(), &pages.len().into()));
                found.extend(page["data"]["deliveries"].as_array().unwrap().iter().map(ToString::to_string));
            }
            prop_assert_eq!(&found, &items);
            let cut = [first.min(items.len()), second.min(items.len())];
            let (low, high) = (cut[0].min(cut[1]), cut[0].max(cut[1]));
            let changes = Changes {
                deliveries: items[..low].to_vec(),
                moved: items[low..high].to_vec(),
                removed: items[high..].iter().map(|text| text.trim_matches('"').to_owned()).collect(),
            };
            let mut found = Vec::new();
            for list in ["deliveries", "moved", "removed"] {
                for frame in update(&changes, STAMP) {
                    prop_assert!(frame.len() <= 64 * 1024);
                    let frame: Value = serde_json::from_str(&frame).unwrap();
                    found.extend(frame["data"][list].as_array().unwrap().iter().map(ToString::to_string));
                }
            }
            prop_assert_eq!(found, items);
        }
    }
}
