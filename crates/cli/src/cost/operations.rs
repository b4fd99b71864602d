//! How many billed operations a delivery causes.

use serde::Serialize;

/// A delivery, as far as its cost depends on it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Delivery {
    /// From the first fix to the last.
    pub seconds: f64,
    /// Between two messages of the driver, each of one fix.
    pub every_s: f64,
    /// Sockets of customers.
    pub watchers: u64,
    /// Sockets of stores and dispatchers that follow this delivery.
    pub dashboards: u64,
    /// Reads over HTTP, of pages and of the API.
    pub reads: u64,
    /// Changes of status after the start, each a message of the driver.
    pub statuses: u64,
    /// Events that people and systems are told: see `docs/integrations.md`.
    pub events: u64,
    /// Who hears each of them.
    pub receivers: u64,
}

/// What the platform bills for one delivery.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Operations {
    /// Messages of the driver with a fix.
    pub frames: u64,
    pub worker_requests: u64,
    pub worker_cpu_ms: f64,
    /// Requests to the object: HTTP, upgrades and alarms.
    pub object_requests: u64,
    /// Messages that come in over sockets. Pings are answered by the platform and cost nothing.
    pub socket_messages: u64,
    /// Time that the object is awake.
    pub awake_s: f64,
    /// Rows that the object's SQLite writes, those of alarms included.
    pub rows_written: u64,
    pub rows_read: u64,
    pub alarms: u64,
    pub d1_rows_written: u64,
    /// Of the queue: a message is written, read and deleted.
    pub queue_operations: u64,
    /// What stays in the object when the delivery is over, in bytes.
    pub stored_bytes: u64,
    /// The same in D1.
    pub d1_stored_bytes: u64,
}

/// What each step of a delivery costs in operations: one set of constants for each way of doing it.
#[derive(Debug, Clone, Copy)]
pub struct Footprint {
    rows_at_start: u64,
    rows_per_status: u64,
    rows_per_frame: u64,
    /// A chunk of history that is full goes to a row of its own.
    rows_per_chunk: u64,
    /// Fixes of a chunk at most, and its length at most; without chunks 0.
    chunk: (u64, f64),
    /// Fixes that wait in the window, where late ones find their place, before they join a chunk: so many at
    /// most, of so many seconds at most.
    window: (u64, f64),
    /// Attempts to bring something to D1, of a delivery and of each chunk. Each has an alarm, is noted in a row, and
    /// sets the alarm of the expiry again; setting one writes a row.
    attempts: u64,
    attempts_per_chunk: u64,
    alarms_per_attempt: u64,
    rows_per_attempt: u64,
    /// That the queue has it.
    rows_per_event: u64,
    d1_rows_per_delivery: u64,
    d1_rows_per_frame: u64,
    d1_rows_per_chunk: u64,
    awake: Awake,
    /// Rows read where a message finds the object hibernated.
    rows_per_load: u64,
    stored_bytes: u64,
    stored_bytes_per_frame: f64,
    d1_bytes_per_delivery: u64,
    d1_bytes_per_frame: u64,
}

/// When an object is billed for its time.
#[derive(Debug, Clone, Copy)]
enum Awake {
    /// While it works, and no longer: its sockets hibernate.
    ForEachEvent { ms: f64, alarm_ms: f64 },
    /// As long as somebody is connected.
    Throughout,
}

/// The Worker's part of a request. An assumption: the platform bills what it measures.
const WORKER_MS_PER_REQUEST: f64 = 1.0;
/// Written, read, deleted.
const OPERATIONS_PER_MESSAGE: u64 = 3;
/// So long an object stays in memory without events, in s.
const HIBERNATES_AFTER_S: f64 = 10.0;

/// Onway, as it is.
pub const ONWAY: Footprint = Footprint {
    rows_at_start: 5,
    rows_per_status: 2,
    rows_per_frame: 1,
    rows_per_chunk: 1,
    chunk: (180, 900.0),
    window: (64, 300.0),
    // The summary of the start, and that of the end.
    attempts: 2,
    attempts_per_chunk: 1,
    alarms_per_attempt: 2,
    rows_per_attempt: 3,
    rows_per_event: 1,
    // A summary with three indexes, the same again, the rest of the track, and that the object is empty.
    d1_rows_per_delivery: 8,
    d1_rows_per_frame: 0,
    d1_rows_per_chunk: 1,
    // Assumptions, on the safe side of what is measured here: under 1 ms of work and the wait for the disk;
    // an alarm waits for D1.
    awake: Awake::ForEachEvent { ms: 8.0, alarm_ms: 100.0 },
    rows_per_load: 4,
    stored_bytes: STORED_BYTES,
    stored_bytes_per_frame: 12.0,
    d1_bytes_per_delivery: 3_000,
    d1_bytes_per_frame: 11,
};

/// The way that comes to mind first: sockets that keep the object awake, a row for the position and one for
/// the state, and each position in D1, with an index.
pub const NAIVE: Footprint = Footprint {
    rows_at_start: 5,
    rows_per_status: 2,
    rows_per_frame: 2,
    rows_per_chunk: 0,
    chunk: (0, 0.0),
    window: (0, 0.0),
    attempts: 0,
    attempts_per_chunk: 0,
    alarms_per_attempt: 0,
    rows_per_attempt: 0,
    rows_per_event: 0,
    d1_rows_per_delivery: 4,
    d1_rows_per_frame: 2,
    d1_rows_per_chunk: 0,
    awake: Awake::Throughout,
    rows_per_load: 4,
    stored_bytes: STORED_BYTES,
    stored_bytes_per_frame: 100.0,
    d1_bytes_per_delivery: 1_000,
    d1_bytes_per_frame: 150,
};

/// Pages of a database with a delivery's tables, in bytes; its history comes on top.
const STORED_BYTES: u64 = 28 * 1024;

impl Footprint {
    /// The operations of a whole delivery.
    pub fn operations(&self, delivery: &Delivery) -> Operations {
        let Delivery { seconds, every_s, watchers, dashboards, reads, statuses, events, receivers } =
            *delivery;
        let frames = (seconds / every_s).round() as u64;
        let chunks = self.chunks(frames, every_s);
        // The driver has a socket, too.
        let upgrades = 1 + watchers + dashboards;
        let worker_requests = 1 + upgrades + reads;
        let attempts = self.attempts + self.attempts_per_chunk * chunks;
        let alarms = attempts * self.alarms_per_attempt;
        // The last alarm is that of the expiry.
        let fired = attempts + u64::from(attempts > 0);
        let object_requests = worker_requests + fired;
        let socket_messages = frames + statuses;
        let occasions = (worker_requests + socket_messages) as f64;
        let loads = if every_s > HIBERNATES_AFTER_S { frames } else { 1 };
        let rows_written = self.rows_at_start
            + self.rows_per_status * statuses
            + self.rows_per_frame * frames
            + self.rows_per_chunk * chunks
            + self.rows_per_attempt * attempts
            + self.rows_per_event * events;
        Operations {
            frames,
            worker_requests,
            worker_cpu_ms: worker_requests as f64 * WORKER_MS_PER_REQUEST,
            object_requests,
            socket_messages,
            awake_s: match self.awake {
                Awake::ForEachEvent { ms, alarm_ms } => (occasions * ms + fired as f64 * alarm_ms) / 1_000.0,
                Awake::Throughout => seconds,
            },
            rows_written,
            rows_read: loads * self.rows_per_load,
            alarms,
            d1_rows_written: self.d1_rows_per_delivery
                + self.d1_rows_per_frame * frames
                + self.d1_rows_per_chunk * chunks,
            // To find out who wants to hear, and to tell each.
            queue_operations: OPERATIONS_PER_MESSAGE * events * (1 + receivers),
            stored_bytes: self.stored_bytes + (self.stored_bytes_per_frame * frames as f64) as u64,
            d1_stored_bytes: self.d1_bytes_per_delivery + self.d1_bytes_per_frame * frames,
        }
    }

    /// Chunks of history that get full.
    fn chunks(&self, frames: u64, every_s: f64) -> u64 {
        // So many steps have one fix more.
        let within = |(fixes, seconds): (u64, f64)| fixes.min((seconds / every_s) as u64 + 1);
        let settled = frames.saturating_sub(within(self.window));
        settled.checked_div(within(self.chunk)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_AN_HOUR: Delivery = Delivery {
        seconds: 1_800.0,
        every_s: 5.0,
        watchers: 2,
        dashboards: 0,
        reads: 5,
        statuses: 3,
        events: 8,
        receivers: 1,
    };

    #[test]
    fn half_an_hour_every_five_seconds_stays_within_the_budgets() {
        let operations = ONWAY.operations(&HALF_AN_HOUR);
        assert_eq!(operations.frames, 360);
        assert_eq!(operations.rows_written, 5 + 3 * 2 + 360 + 1 + 3 * 3 + 8);
        assert!(operations.rows_written as f64 <= 1.15 * 360.0);
        assert!(operations.alarms <= 12 && operations.d1_rows_written <= 12);
        assert_eq!((operations.worker_requests, operations.socket_messages), (9, 363));
        assert_eq!(operations.queue_operations, 3 * 8 * 2);
    }

    #[test]
    fn the_naive_way_writes_each_position_three_times_over_and_never_sleeps() {
        let operations = NAIVE.operations(&HALF_AN_HOUR);
        assert_eq!(operations.rows_written, 5 + 3 * 2 + 720);
        assert_eq!(operations.d1_rows_written, 4 + 720);
        assert!((operations.awake_s - 1_800.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_slow_driver_finds_its_delivery_hibernated() {
        let slow = Delivery { every_s: 30.0, ..HALF_AN_HOUR };
        assert_eq!(ONWAY.operations(&slow).rows_read, 60 * 4);
        assert_eq!(ONWAY.operations(&HALF_AN_HOUR).rows_read, 4);
    }
}
