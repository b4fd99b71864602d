//! What a driver has said and the server has not acknowledged: kept, sent again after a
//! reconnection, and bounded.

use std::collections::VecDeque;

use crate::client::Report;

/// The most reports that wait. Over it the oldest fix goes, since a newer one says more; at a report
/// every 2 s this is more than half an hour without a network.
pub const WAITING_MAX: usize = 1_000;
/// The most reports on the wire without an acknowledgement, so that a server that is slow is not
/// buried.
pub const UNACKNOWLEDGED_MAX: usize = 64;

/// A report and the number that its acknowledgement will carry.
#[derive(Debug, Clone, PartialEq)]
pub struct Numbered {
    pub number: i64,
    pub report: Report,
}

/// The queue: first those on the wire, then those that wait for it.
#[derive(Debug, Default)]
pub struct Outbox {
    queue: VecDeque<Numbered>,
    on_wire: usize,
}

impl Outbox {
    /// Takes a report in. Returns the number of one that had to go for it.
    pub fn push(&mut self, item: Numbered) -> Option<i64> {
        self.queue.push_back(item);
        if self.queue.len() <= WAITING_MAX {
            return None;
        }
        // A status is never dropped: there are few, and each counts.
        let oldest =
            self.queue.iter().skip(self.on_wire).position(|item| matches!(item.report, Report::Fix(_)))?;
        self.queue.remove(self.on_wire + oldest).map(|item| item.number)
    }

    /// The next report for the wire, while there is room on it.
    pub fn next(&mut self) -> Option<&Numbered> {
        if self.on_wire >= UNACKNOWLEDGED_MAX {
            return None;
        }
        let item = self.queue.get(self.on_wire)?;
        self.on_wire += 1;
        Some(item)
    }

    /// The server has answered for this report. False where it was not waiting.
    pub fn settle(&mut self, number: i64) -> bool {
        let Some(at) = self.queue.iter().take(self.on_wire).position(|item| item.number == number) else {
            return false;
        };
        self.queue.remove(at);
        self.on_wire -= 1;
        true
    }

    /// The wire broke: everything unacknowledged goes out again, in its order.
    pub fn rewind(&mut self) {
        self.on_wire = 0;
    }

    pub fn is_waiting_for_acks(&self) -> bool {
        self.on_wire > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onway_core::status::Status;
    use onway_core::wire::report::FixReport;

    fn fix(number: i64) -> Numbered {
        Numbered { number, report: Report::Fix(FixReport::default()) }
    }

    fn sent(outbox: &mut Outbox) -> Vec<i64> {
        std::iter::from_fn(|| outbox.next().map(|item| item.number)).collect()
    }

    #[test]
    fn what_was_not_acknowledged_goes_out_again_in_order() {
        let mut outbox = Outbox::default();
        (1..=4).for_each(|number| assert_eq!(outbox.push(fix(number)), None));
        assert_eq!(sent(&mut outbox), [1, 2, 3, 4]);
        assert!(outbox.settle(2));
        assert!(!outbox.settle(2), "twice");
        outbox.rewind();
        assert!(!outbox.settle(1), "not on the wire");
        assert_eq!(sent(&mut outbox), [1, 3, 4]);
    }

    #[test]
    fn only_so_many_are_on_the_wire() {
        let mut outbox = Outbox::default();
        (0..100).for_each(|number| assert_eq!(outbox.push(fix(number)), None));
        assert_eq!(sent(&mut outbox).len(), UNACKNOWLEDGED_MAX);
        assert!(outbox.settle(0));
        assert_eq!(sent(&mut outbox), [UNACKNOWLEDGED_MAX as i64]);
    }

    #[test]
    fn a_full_outbox_drops_its_oldest_fix_and_no_status() {
        let mut outbox = Outbox::default();
        outbox.push(Numbered { number: -1, report: Report::Status(Status::PickedUp) });
        (0..WAITING_MAX as i64 - 1).for_each(|number| assert_eq!(outbox.push(fix(number)), None));
        assert_eq!(outbox.push(fix(5_000)), Some(0));
        assert_eq!(outbox.push(fix(5_001)), Some(1));
        assert_eq!(outbox.next().map(|item| item.number), Some(-1));
    }
}
