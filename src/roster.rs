//! D1's list of drivers and record of emergencies. The schema is in `migrations`.

use onway_core::driver::{Driver, Emergency, LastFix};
use onway_core::fix::Position;
use onway_core::own_json;
use onway_core::wire::driver::{DriverEntry, EmergencyView};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use worker::{D1Database, Env, Error, Result};

use crate::archive::BINDING;
use crate::d1;

const WRITE_DRIVER: &str = "
    INSERT INTO driver (driver_id, revision, on_duty, online, reason, last_seen, lat, lng, location_at, battery, deliveries)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (driver_id) DO UPDATE SET revision = excluded.revision, on_duty = excluded.on_duty,
        online = excluded.online, reason = excluded.reason, last_seen = excluded.last_seen, lat = excluded.lat,
        lng = excluded.lng, location_at = excluded.location_at, battery = excluded.battery,
        deliveries = excluded.deliveries
    WHERE excluded.revision >= driver.revision";

const WRITE_EMERGENCY: &str = "
    INSERT INTO emergency (id, driver_id, at, stores, acknowledged_at, body) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET acknowledged_at = excluded.acknowledged_at, body = excluded.body
    WHERE emergency.acknowledged_at IS NULL";

/// Nearer than so many degrees of latitude, or of longitude at the equator, is near: about 55 km.
const NEAR_DEGREES: f64 = 0.5;
/// Most drivers of a list.
const DRIVERS_MAX: usize = 500;
/// Most emergencies of a list.
const EMERGENCIES_MAX: i32 = 200;

pub struct Roster {
    d1: D1Database,
}

impl Roster {
    pub fn of(env: &Env) -> Result<Self> {
        Ok(Self { d1: env.d1(BINDING)? })
    }

    /// Writes a driver and its calls for help, all or nothing.
    pub async fn write(
        &self,
        driver: &Driver,
        last: Option<&LastFix>,
        emergencies: &[Emergency],
    ) -> Result<()> {
        let presence = &driver.presence;
        let reason = presence.reason.and_then(|reason| own_json::value(&reason).ok());
        let reason = reason.as_ref().and_then(|reason| reason.as_str());
        let row: [JsValue; 11] = [
            driver.driver_id.as_str().into(),
            (driver.revision as f64).into(),
            i32::from(!driver.off_duty).into(),
            i32::from(presence.online).into(),
            optional(reason.map(JsValue::from)),
            optional(presence.last_seen.map(|at| (at.secs() as f64).into())),
            optional(last.map(|fix| fix.position.lat().into())),
            optional(last.map(|fix| fix.position.lng().into())),
            optional(last.map(|fix| (fix.time.secs() as f64).into())),
            optional(last.and_then(|fix| fix.battery).map(JsValue::from)),
            (driver.stops.len() as f64).into(),
        ];
        let mut statements = vec![self.d1.prepare(WRITE_DRIVER).bind(&row)?];
        for emergency in emergencies {
            let view = EmergencyView::of(&driver.driver_id, emergency);
            statements.push(self.d1.prepare(WRITE_EMERGENCY).bind(&[
                view.id.as_str().into(),
                view.driver_id.as_str().into(),
                (view.at as f64).into(),
                json(&emergency.stores)?.into(),
                optional(view.acknowledged_at.map(|at| (at as f64).into())),
                json(&view)?.into(),
            ])?);
        }
        d1::batch(&self.d1, &statements).await.map(drop)
    }

    /// Drivers, the nearest to `near` first; `available`: on duty, online and without deliveries.
    pub async fn drivers(&self, near: Option<Position>, available: Option<bool>) -> Result<Vec<DriverEntry>> {
        #[derive(Deserialize)]
        struct Row {
            driver_id: String,
            on_duty: f64,
            online: f64,
            reason: Option<String>,
            last_seen: Option<f64>,
            lat: Option<f64>,
            lng: Option<f64>,
            location_at: Option<f64>,
            battery: Option<f64>,
            deliveries: f64,
        }
        // One driver too few is better than one that is not there: lists are bounded before they are sorted.
        let around = near.map(|near| {
            let wide = NEAR_DEGREES / near.lat().to_radians().cos().max(0.05);
            [near.lat() - NEAR_DEGREES, near.lat() + NEAR_DEGREES, near.lng() - wide, near.lng() + wide]
        });
        let free = "on_duty = 1 AND online = 1 AND deliveries = 0";
        let free = match available {
            None => "1".to_owned(),
            Some(true) => free.to_owned(),
            Some(false) => format!("NOT ({free})"),
        };
        let place = if around.is_some() { "lat BETWEEN ?1 AND ?2 AND lng BETWEEN ?3 AND ?4" } else { "1" };
        let query = format!(
            "SELECT * FROM driver WHERE {free} AND {place} ORDER BY last_seen DESC LIMIT {DRIVERS_MAX}"
        );
        let bindings: Vec<JsValue> = around.into_iter().flatten().map(JsValue::from).collect();
        let query = self.d1.prepare(query).bind(&bindings)?;
        let rows: Vec<Row> = d1::rows(&d1::all(&query).await?)?;
        let whole = |number: Option<f64>| number.map(|number| number as i64);
        let mut drivers: Vec<_> = rows
            .into_iter()
            .map(|row| DriverEntry {
                distance_m: near
                    .zip(row.lat.zip(row.lng).and_then(|(lat, lng)| Position::from_degrees(lat, lng)))
                    .map(|(near, here)| near.metres_to(here).round() as i64),
                driver_id: row.driver_id,
                on_duty: row.on_duty > 0.0,
                online: row.online > 0.0,
                reason: row.reason,
                last_seen: whole(row.last_seen),
                lat: row.lat,
                lng: row.lng,
                location_at: whole(row.location_at),
                battery: whole(row.battery),
                deliveries: row.deliveries as i64,
            })
            .collect();
        if near.is_some() {
            drivers.sort_by_key(|driver| driver.distance_m.unwrap_or(i64::MAX));
        }
        Ok(drivers)
    }

    /// The newest emergencies, open ones first; a store reads those in which its goods are, and of these alone.
    pub async fn emergencies(&self, store: Option<&str>) -> Result<Vec<EmergencyView>> {
        let query = format!(
            "SELECT body, (SELECT value FROM json_each(stores) WHERE key = ?1) AS own FROM emergency
             WHERE ?1 IS NULL OR own IS NOT NULL
             ORDER BY acknowledged_at IS NOT NULL, at DESC LIMIT {EMERGENCIES_MAX}"
        );
        let bindings = [optional(store.map(JsValue::from))];
        self.bodies(&query, &bindings).await
    }

    pub async fn emergency(&self, id: &str) -> Result<Option<EmergencyView>> {
        let found = self.bodies("SELECT body FROM emergency WHERE id = ?", &[id.into()]).await?;
        Ok(found.into_iter().next())
    }

    async fn bodies(&self, query: &str, bindings: &[JsValue]) -> Result<Vec<EmergencyView>> {
        #[derive(Deserialize)]
        struct Row {
            body: String,
            #[serde(default)]
            own: Option<String>,
        }
        let query = self.d1.prepare(query).bind(bindings)?;
        let rows: Vec<Row> = d1::rows(&d1::all(&query).await?)?;
        let read = |row: Row| {
            let mut view: EmergencyView = parsed(&row.body)?;
            if let Some(own) = row.own {
                view.tracking_ids = parsed(&own)?;
            }
            Ok(view)
        };
        rows.into_iter().map(read).collect()
    }
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T> {
    own_json::read(text.as_bytes()).map_err(|error| Error::RustError(error.to_string()))
}

fn optional(value: Option<JsValue>) -> JsValue {
    value.unwrap_or(JsValue::NULL)
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::RustError(error.to_string()))
}
