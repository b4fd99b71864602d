//! A driver's call for help: it stays open until somebody says that they have it.

use std::collections::{BTreeMap, BTreeSet};

use base32ct::{Base32UpperUnpadded, Encoding};
use serde::{Deserialize, Serialize};

use super::Driver;
use crate::clock::Millis;
use crate::fix::Position;
use crate::rejection::Rejection;

/// Most that are kept with the driver; the record of all is in the archive.
const KEPT: usize = 20;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Emergency {
    pub id: String,
    pub at: Millis,
    #[serde(default)]
    pub message: Option<String>,
    /// Where the driver was then, as far as is known.
    #[serde(default)]
    pub position: Option<Position>,
    /// When the position was measured.
    #[serde(default)]
    pub position_at: Option<Millis>,
    pub tracking_ids: Vec<String>,
    /// Those of each store: it sees no other's.
    #[serde(default)]
    pub stores: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub acknowledged: Option<Acknowledged>,
    /// Whether the archive has it, as it is now.
    #[serde(default)]
    pub archived: bool,
    /// Whether all have heard of it, as it is now.
    #[serde(default)]
    pub spread: bool,
    /// Who has, until all have.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub heard: BTreeSet<Listener>,
}

/// Who is told of a call. Each is told until it has heard, and not again because another has not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listener {
    /// Those who look after all deliveries.
    Desk,
    /// A store whose goods the driver carried.
    Store(String),
    /// A delivery that the driver carried.
    Delivery(String),
    /// The queue, for webhooks and notifications.
    Queue,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acknowledged {
    pub at: Millis,
    pub by: String,
}

/// The id of a driver's call: the same for the same `given`, and no other driver's.
pub fn id_of(driver_id: &str, given: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::new().chain_update(driver_id).chain_update([0]).chain_update(given).finalize();
    Base32UpperUnpadded::encode_string(digest.get(..15).unwrap_or_default())
}

impl Emergency {
    /// Those who have not heard of it, as it is now.
    pub fn unheard(&self) -> Vec<Listener> {
        if self.spread {
            return Vec::new();
        }
        let stores = self.stores.keys().cloned().map(Listener::Store);
        let deliveries = self.tracking_ids.iter().cloned().map(Listener::Delivery);
        let all = [Listener::Desk, Listener::Queue].into_iter().chain(stores).chain(deliveries);
        all.filter(|listener| !self.heard.contains(listener)).collect()
    }
}

impl Driver {
    /// Takes a call. The same `id` again is the same call: `None`.
    pub fn raise(&mut self, mut emergency: Emergency) -> Result<Option<Emergency>, Rejection> {
        if self.emergencies.iter().any(|known| known.id == emergency.id) {
            return Ok(None);
        }
        if self.emergencies.len() >= KEPT {
            // One that the archive has, and that somebody has acknowledged, makes room.
            let done = self
                .emergencies
                .iter()
                .position(|old| old.archived && old.spread && old.acknowledged.is_some());
            let done = done.ok_or_else(|| {
                Rejection::Conflict(format!("{KEPT} calls for help are open: they have been told"))
            })?;
            self.emergencies.remove(done);
        }
        emergency.tracking_ids = self.stops.iter().map(|stop| stop.tracking_id.clone()).collect();
        for stop in &self.stops {
            if let Some(store) = &stop.store_id {
                emergency.stores.entry(store.clone()).or_default().push(stop.tracking_id.clone());
            }
        }
        self.emergencies.push(emergency.clone());
        Ok(Some(emergency))
    }

    /// `None` where there is no such call; the first who acknowledges is the one.
    pub fn acknowledge(&mut self, id: &str, by: &str, at: Millis) -> Option<Emergency> {
        let emergency = self.emergencies.iter_mut().find(|known| known.id == id)?;
        if emergency.acknowledged.is_none() {
            emergency.acknowledged = Some(Acknowledged { at, by: by.to_owned() });
            emergency.archived = false;
            emergency.spread = false;
            emergency.heard.clear();
        }
        Some(emergency.clone())
    }

    /// Those that somebody has not heard of.
    pub fn unspread(&self) -> Vec<Emergency> {
        self.emergencies.iter().filter(|known| !known.spread).cloned().collect()
    }

    /// These have heard of a call, as it was then.
    pub fn spread(&mut self, told: &Emergency, heard: impl IntoIterator<Item = Listener>) {
        let is_it =
            |known: &&mut Emergency| (&known.id, &known.acknowledged) == (&told.id, &told.acknowledged);
        if let Some(known) = self.emergencies.iter_mut().find(is_it) {
            known.heard.extend(heard);
            if known.unheard().is_empty() {
                known.spread = true;
                known.heard.clear();
            }
        }
    }

    /// Those that nobody has acknowledged.
    pub fn open_emergencies(&self) -> impl Iterator<Item = &Emergency> {
        self.emergencies.iter().filter(|known| known.acknowledged.is_none())
    }
}
