//! What the platform charges: a dated table, which a file can replace.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Prices in US dollars: of operations for a million, of storage for a GB and month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    /// When they held, and where they stood.
    pub date: String,
    pub source: String,
    pub worker_requests: Price,
    pub worker_cpu_ms: Price,
    pub object_requests: Price,
    /// Incoming messages of a socket that count as one request.
    pub socket_messages_per_request: f64,
    /// Seconds awake, times the memory that is billed for them.
    pub object_gb_s: Price,
    /// The memory that is billed for an object that is awake, in GB.
    pub object_gb: f64,
    /// Of the objects' SQLite.
    pub rows_written: Price,
    pub rows_read: Price,
    pub d1_rows_written: Price,
    pub queue_operations: Price,
    pub object_storage_gb: Price,
    pub d1_storage_gb: Price,
}

/// One price.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Dollars for a million, or for one where it is storage.
    pub dollars: f64,
    /// What a month's subscription includes, in single units.
    #[serde(default)]
    pub included: f64,
}

impl Default for Prices {
    /// Workers Paid, as the platform's own pages told.
    fn default() -> Self {
        let price = |dollars, included| Price { dollars, included };
        Self {
            date: "2026-11".into(),
            source: "developers.cloudflare.com: workers/platform/pricing, durable-objects/platform/pricing, \
                     d1/platform/pricing, queues/platform/pricing; Workers Paid, without its monthly fee"
                .into(),
            worker_requests: price(0.30, 10e6),
            worker_cpu_ms: price(0.02, 30e6),
            object_requests: price(0.15, 1e6),
            socket_messages_per_request: 20.0,
            object_gb_s: price(12.50, 400e3),
            object_gb: 0.128,
            rows_written: price(1.00, 50e6),
            rows_read: price(0.001, 25e9),
            d1_rows_written: price(1.00, 50e6),
            queue_operations: price(0.40, 1e6),
            object_storage_gb: price(0.20, 5.0),
            d1_storage_gb: price(0.75, 5.0),
        }
    }
}

impl Prices {
    /// Prices from a JSON file; what it leaves out is as it was known last.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |why: String| Error::File { path: path.to_owned(), why };
        let text = fs::read_to_string(path).map_err(|why| unreadable(why.to_string()))?;
        serde_json::from_str(&text).map_err(|why| unreadable(why.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_replaces_the_prices_it_names() {
        let path = std::env::temp_dir().join(format!("onway-prices-{}.json", std::process::id()));
        fs::write(&path, r#"{"date": "2027-01", "rows_written": {"dollars": 2.0}}"#).unwrap();
        let prices = Prices::read(&path).unwrap();
        assert_eq!((prices.date.as_str(), prices.rows_written.dollars), ("2027-01", 2.0));
        assert_eq!(prices.rows_read, Prices::default().rows_read);
        fs::write(&path, r#"{"rows_writen": {"dollars": 2.0}}"#).unwrap();
        assert!(Prices::read(&path).unwrap_err().to_string().contains("rows_writen"));
        fs::remove_file(path).unwrap();
    }
}
