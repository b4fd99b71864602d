//! D1's figures of deliveries. The schema is in `migrations`.
//!
//! D1 counts, sorts and writes the JSON: for ten thousand deliveries only the answer crosses the network.

use js_sys::{Array, Function, Object, Reflect};
use onway_core::clock::Millis;
use onway_core::own_json;
use onway_core::statistics::{StatsQuery, offsets};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use worker::Result;

use crate::archive::{Database, number};
use crate::d1::{self, or_null};

/// One row for each group. `?1` are the offsets of the time zone, `?2` to `?6` what is asked. Percentiles are those of
/// the nearest rank. What has left only figures counts by the day of its start in UTC, and for no driver.
const GROUPS: &str = "
    WITH zone AS MATERIALIZED (SELECT value ->> 0 AS since, value ->> 1 AS offset FROM json_each(?1)),
    one AS (
        SELECT 1 AS known, store_id, driver_id, mode, status,
            date((started + (SELECT offset FROM zone WHERE since <= started ORDER BY since DESC LIMIT 1)) / 1000, 'unixepoch') AS day,
            iif(status = 'DELIVERED', (ended - started) / 1000.0, NULL) AS secs,
            iif(status = 'DELIVERED', ended <= window_to, NULL) AS on_time,
            rest ->> '$.figures.distance_m' AS way, rest ->> '$.figures.dwell_s' AS dwell,
            rest ->> '$.figures.interval_s' AS pause, rest ->> '$.handover.rating.stars' AS stars
        FROM delivery
        WHERE started >= ?2 AND started < ?3 AND (?4 IS NULL OR store_id = ?4) AND (?5 IS NULL OR driver_id = ?5)
            AND (?6 IS NULL OR mode = ?6)
        UNION ALL
        SELECT 0, store_id, NULL, mode, status, date(day * 86400, 'unixepoch'),
            iif(status = 'DELIVERED', duration_s, NULL), on_time, travelled_m, dwell_s, interval_s, stars
        FROM figure
        WHERE day >= cast(?2 AS INTEGER) / 86400000 AND day * 86400000 < ?3 AND ?5 IS NULL AND (?4 IS NULL OR store_id = ?4)
            AND (?6 IS NULL OR mode = ?6)
    ),
    keyed AS (
        SELECT list, status, secs, on_time, way, dwell, pause, stars,
            CASE list WHEN 'by_day' THEN day WHEN 'by_store' THEN store_id WHEN 'by_driver' THEN driver_id
                WHEN 'by_mode' THEN mode END AS key
        FROM one JOIN (SELECT value AS list FROM json_each('[\"total\",\"by_day\",\"by_store\",\"by_driver\",\"by_mode\"]'))
            ON known = 1 OR list <> 'by_driver'
    ),
    ranked AS (
        SELECT *, row_number() OVER (PARTITION BY list, key ORDER BY secs NULLS LAST) AS rank,
            count(secs) OVER (PARTITION BY list, key) AS timed
        FROM keyed
    ),
    counted AS (
        SELECT list, key, status, count(*) AS n, max(iif(rank = (timed + 1) / 2, secs, NULL)) AS p50,
            max(iif(rank = (timed * 9 + 9) / 10, secs, NULL)) AS p90, count(on_time) AS windows, sum(on_time) AS kept,
            sum(way) AS way, count(way) AS ways, sum(dwell) AS dwell, count(dwell) AS dwells,
            sum(pause) AS pause, count(pause) AS pauses, sum(stars) AS stars, count(stars) AS ratings
        FROM ranked GROUP BY list, key, status
    ),
    written AS (
        SELECT list, key, sum(n) AS n, json_object('key', key, 'deliveries', sum(n), 'statuses', json_group_object(status, n),
            'delivery_time_p50_s', max(p50), 'delivery_time_p90_s', max(p90),
            'on_time_rate', sum(kept) * 1.0 / sum(windows), 'with_window', sum(windows),
            'distance_mean_m', sum(way) * 1.0 / sum(ways), 'dwell_mean_s', sum(dwell) * 1.0 / sum(dwells),
            'update_interval_mean_s', sum(pause) / sum(pauses), 'rating_mean', sum(stars) * 1.0 / sum(ratings),
            'ratings', sum(ratings)) AS body
        FROM counted GROUP BY list, key
    ),
    listed AS (
        SELECT *, row_number() OVER (PARTITION BY list ORDER BY n DESC, key) AS place FROM written
    )
    SELECT list, json_group_array(json(iif(list = 'total', json_remove(body, '$.key'), body))) AS body
    FROM (SELECT list, body FROM listed WHERE place <= 400 ORDER BY list, iif(list = 'by_day', key, place))
    GROUP BY list";

/// How far the published ETAs were off, by how long before the end. `?1` to `?5` are what is asked.
const ERRORS: &str = "
    WITH told AS (
        SELECT ended / 1000 - (value ->> 0) AS ahead, (value ->> 1) - ended / 1000 AS off,
            ended / 1000 BETWEEN (value ->> 2) AND (value ->> 3) AS held
        FROM delivery, json_each(etas)
        WHERE started >= ?1 AND started < ?2 AND status = 'DELIVERED' AND (?3 IS NULL OR store_id = ?3)
            AND (?4 IS NULL OR driver_id = ?4) AND (?5 IS NULL OR mode = ?5)
    ),
    far AS (
        SELECT CASE WHEN ahead < 120 THEN 0 WHEN ahead < 300 THEN 120 WHEN ahead < 600 THEN 300 WHEN ahead < 1200 THEN 600
            WHEN ahead < 2400 THEN 1200 ELSE 2400 END AS horizon, count(*) AS n, avg(abs(off)) AS error, avg(off) AS bias,
            avg(held) AS coverage
        FROM told WHERE ahead > 0 GROUP BY horizon
    )
    SELECT json_group_array(json_object('horizon_s', value, 'count', coalesce(n, 0), 'mean_absolute_s', error,
        'bias_s', bias, 'coverage', coverage)) AS body
    FROM (SELECT value, far.* FROM json_each('[0,120,300,600,1200,2400]') LEFT JOIN far ON horizon = value ORDER BY value)";

/// Where there are no deliveries at all.
const NOTHING: &str = "{\"deliveries\":0,\"statuses\":{},\"delivery_time_p50_s\":null,\"delivery_time_p90_s\":null,\
    \"on_time_rate\":null,\"with_window\":0,\"distance_mean_m\":null,\"dwell_mean_s\":null,\
    \"update_interval_mean_s\":null,\"rating_mean\":null,\"ratings\":0}";

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    list: String,
    body: String,
}

impl Database {
    /// The members of the answer that come from the archive, as JSON without the braces around them.
    pub async fn statistics(&self, query: &StatsQuery, zone: &str) -> Result<String> {
        let mode = query.mode.map(|mode| own_json::value(&mode)).transpose()?;
        let asked = [
            number(query.from),
            number(query.to),
            or_null(query.store_id.as_deref()),
            or_null(query.driver_id.as_deref()),
            or_null(mode.as_ref().and_then(|mode| mode.as_str())),
        ];
        let mut grouped = vec![changes(query, zone)?.into()];
        grouped.extend(asked.iter().cloned());
        let statements = vec![self.d1.prepare(GROUPS).bind(&grouped)?, self.d1.prepare(ERRORS).bind(&asked)?];
        let mut found = Vec::new();
        for answer in self.within(d1::batch(&self.d1, &statements)).await?.as_array().into_iter().flatten() {
            found.extend(d1::rows::<Row>(answer)?);
        }
        let of = |list: &str, nothing: &'static str| {
            found.iter().find(|row| row.list == list).map_or(nothing, |row| row.body.as_str())
        };
        // An array of one.
        let total = of("total", NOTHING).trim_start_matches('[').trim_end_matches(']');
        let mut members = format!("\"total\":{total}");
        for list in ["by_day", "by_store", "by_driver", "by_mode"] {
            members.push_str(&format!(",\"{list}\":{}", of(list, "[]")));
        }
        members.push_str(&format!(",\"eta_error\":{}", of("", "[]")));
        Ok(members)
    }
}

/// From when on which offset of the zone holds, as JSON: `[[since, offset]]`, in ms.
fn changes(query: &StatsQuery, zone: &str) -> Result<String> {
    let clock = clock(zone)?;
    let changes = offsets(query.from, query.to, |at| offset(&clock, at).unwrap_or_default());
    let changes: Vec<_> = changes.into_iter().map(|(since, offset)| (since.0, offset)).collect();
    Ok(serde_json::to_string(&changes)?)
}

/// The platform's own rules of time zones: what formats an instant as that zone's date and time; an error where it
/// knows none of this name.
fn clock(zone: &str) -> std::result::Result<Function, JsValue> {
    let options = Object::new();
    for (name, value) in [
        ("timeZone", zone),
        ("hourCycle", "h23"),
        ("year", "numeric"),
        ("month", "numeric"),
        ("day", "numeric"),
        ("hour", "numeric"),
        ("minute", "numeric"),
        ("second", "numeric"),
    ] {
        Reflect::set(&options, &name.into(), &value.into())?;
    }
    // `js_sys::Intl` does not say that this may throw.
    let intl = Reflect::get(&js_sys::global(), &"Intl".into())?;
    let class: Function = Reflect::get(&intl, &"DateTimeFormat".into())?.dyn_into()?;
    let made = Reflect::construct(&class, &Array::of2(&"en-US".into(), &options))?;
    Reflect::get(&made, &"format".into())?.dyn_into()
}

/// How far the zone is ahead of UTC, in ms. `None` where the platform writes something else than expected.
fn offset(clock: &Function, at: Millis) -> Option<i64> {
    let text = clock.call1(&JsValue::UNDEFINED, &JsValue::from_f64(at.0 as f64)).ok()?.as_string()?;
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let (month, day, year) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let (hour, minute, second) = (numbers.next()?, numbers.next()?, numbers.next()?);
    let local = Millis::parse(
        &format!("{year:0>4}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute:0>2}:{second:0>2}Z").into(),
    )?;
    Some(local.0 - at.0.div_euclid(1000) * 1000)
}

/// An instant as the zone's clock shows it; `None` where there is no such zone.
pub fn local(zone: &str, at: Millis) -> Option<Millis> {
    offset(&clock(zone).ok()?, at).map(|ahead| at.plus(ahead))
}

/// Whether the platform knows a zone of this name.
pub fn is_zone(zone: &str) -> bool {
    clock(zone).is_ok()
}
