//! What a cron trigger does: it lets go of what has been kept for long enough, in bounded steps, and asks after
//! deliveries that should have gone.

use std::time::Duration;

use onway_core::clock::Millis;
use onway_core::log::Level;
use onway_core::tracking_id::TrackingId;
use serde::Deserialize;
use worker::{D1Database, Env, Result};

use crate::archive::{BINDING, Database, figures, number, reason};
use crate::beside;
use crate::config::Config;
use crate::contract::{Ask, DeliveryRequest};
use crate::d1;
use crate::identity::wall;
use crate::log;
use crate::proofs;

/// A kind of data, and for how long it is kept.
struct Kind {
    name: &'static str,
    variable: &'static str,
    days: f64,
    /// What removes some of it: `?1` is the last instant that is over, `?2` how many go at a time. The changes
    /// of the last one are counted.
    statements: &'static [&'static str],
    /// Whose proofs go along.
    proven: Option<&'static str>,
}

#[derive(Deserialize)]
struct Row {
    tracking_id: String,
}

macro_rules! oldest {
    ($stage:literal) => {
        concat!(
            "(SELECT tracking_id FROM delivery WHERE stage = ",
            $stage,
            " AND closed < ?1 ORDER BY closed, tracking_id LIMIT ?2)"
        )
    };
}

/// Positions go first: nothing else is looked at of a delivery that has them.
const KINDS: [Kind; 11] = [
    Kind {
        name: "positions",
        variable: "RETENTION_POSITIONS_DAYS",
        days: 30.0,
        statements: &[
            concat!("DELETE FROM chunk WHERE tracking_id IN ", oldest!(0)),
            concat!("UPDATE delivery SET stage = 1 WHERE tracking_id IN ", oldest!(0)),
        ],
        proven: None,
    },
    Kind {
        name: "summaries",
        variable: "RETENTION_SUMMARIES_DAYS",
        days: 400.0,
        statements: &[
            concat!(figures!(), " WHERE tracking_id IN ", oldest!(1)),
            concat!("DELETE FROM delivery WHERE tracking_id IN ", oldest!(1)),
        ],
        proven: Some(concat!(
            "SELECT tracking_id FROM delivery WHERE rest ->> '$.handover.proofs' IS NOT NULL AND tracking_id IN ",
            oldest!(1)
        )),
    },
    Kind {
        name: "access",
        variable: "RETENTION_ACCESS_DAYS",
        days: 90.0,
        statements: &[
            "DELETE FROM access WHERE first <= (SELECT max(first) FROM (SELECT first FROM access WHERE first < ?1 ORDER BY first LIMIT ?2))",
        ],
        proven: None,
    },
    Kind {
        name: "emergencies",
        variable: "RETENTION_SUMMARIES_DAYS",
        days: 400.0,
        statements: &[
            "DELETE FROM emergency WHERE id IN (SELECT id FROM emergency WHERE at < ?1 / 1000 ORDER BY at LIMIT ?2)",
        ],
        proven: None,
    },
    Kind {
        name: "texts",
        variable: "RETENTION_SMS_DAYS",
        days: 2.0,
        statements: &[
            "DELETE FROM sms_count WHERE day < ?1 / 86400000 AND who IN (SELECT who FROM sms_count WHERE day < ?1 / 86400000 LIMIT ?2)",
            "DELETE FROM sms WHERE id IN (SELECT id FROM sms WHERE at < ?1 ORDER BY at LIMIT ?2)",
        ],
        proven: None,
    },
    Kind {
        name: "drivers",
        variable: "RETENTION_DRIVERS_DAYS",
        days: 90.0,
        statements: &[
            "DELETE FROM driver WHERE driver_id IN (SELECT driver_id FROM driver WHERE last_seen < ?1 / 1000 AND deliveries = 0 ORDER BY last_seen LIMIT ?2)",
        ],
        proven: None,
    },
    Kind {
        name: "push",
        variable: "RETENTION_PUSH_DAYS",
        days: 30.0,
        statements: &["DELETE FROM push WHERE id IN (SELECT id FROM push WHERE created < ?1 LIMIT ?2)"],
        proven: None,
    },
    Kind {
        name: "erasures",
        variable: "RETENTION_SUMMARIES_DAYS",
        days: 400.0,
        statements: &[
            "DELETE FROM erasure WHERE tracking_id IN (SELECT tracking_id FROM erasure WHERE at < ?1 LIMIT ?2)",
        ],
        proven: None,
    },
    Kind {
        name: "webhooks",
        variable: "RETENTION_WEBHOOKS_DAYS",
        days: 30.0,
        statements: &[
            "DELETE FROM told WHERE (endpoint, event) IN (SELECT endpoint, event FROM told WHERE at < ?1 ORDER BY at LIMIT ?2)",
        ],
        proven: None,
    },
    Kind {
        name: "attempts",
        variable: "RETENTION_WEBHOOKS_DAYS",
        days: 30.0,
        statements: &[
            "DELETE FROM attempt WHERE (endpoint, at, event) IN (SELECT endpoint, at, event FROM attempt WHERE at < ?1 ORDER BY at LIMIT ?2)",
        ],
        proven: None,
    },
    Kind {
        name: "figures",
        variable: "RETENTION_FIGURES_DAYS",
        days: 3_650.0,
        statements: &[
            "DELETE FROM figure WHERE id IN (SELECT id FROM figure WHERE day < ?1 / 86400000 LIMIT ?2)",
        ],
        proven: None,
    },
];

/// So many rows go with one statement: a batch must be done within 30 s.
const STEP: usize = 200;
/// So many steps of a kind a run takes: what remains goes with the next.
const STEPS: usize = 20;
/// So many deliveries a run asks after.
const ASKED: i32 = 50;
/// So long after it expired a delivery should have gone, in ms: also where D1 was away for a while.
const GRACE: i64 = 3_600_000;
const PATIENCE: Duration = Duration::from_secs(10);
const DAY: f64 = 86_400_000.0;

// In any order, so that those that answer oddly keep no other waiting.
const OVERDUE: &str = "
    SELECT tracking_id FROM delivery WHERE stage = 0 AND closed IS NULL
        AND coalesce(ended + ?2, max(started, coalesce(window_to, 0)) + ?3) < ?1
    ORDER BY random() LIMIT ?4";

/// One run. A kind that fails keeps no other from going.
pub async fn run(env: &Env) -> Result<()> {
    let d1 = env.d1(BINDING)?;
    let config = Config::new(env);
    for kind in &KINDS {
        let days = config.number(kind.variable).unwrap_or(kind.days);
        match kind.remove(env, &d1, wall().plus(-((days * DAY) as i64))).await {
            Ok(0) => {}
            Ok(gone) => {
                let more = if gone < STEP * STEPS { "" } else { ", the rest with the next run" };
                log::write(Level::Info, "retention", &[("what", &format!("{} {gone}{more}", kind.name))]);
            }
            Err(error) => log::error("retention", format!("{}: {}", kind.name, reason(&error))),
        }
    }
    sweep(env, &d1).await
}

impl Kind {
    /// How many have gone.
    async fn remove(&self, env: &Env, d1: &D1Database, over: Millis) -> Result<usize> {
        let mut gone = 0;
        for _ in 0..STEPS {
            let bindings = [number(over), (STEP as u32).into()];
            if let Some(proven) = self.proven {
                // Before the rows that say what is there.
                let found: Vec<Row> = d1::rows(&d1::all(&d1.prepare(proven).bind(&bindings)?).await?)?;
                for Row { tracking_id } in found {
                    proofs::erase(env, &TrackingId::trusted(tracking_id)).await?;
                }
            }
            let prepared = self.statements.iter().map(|sql| d1.prepare(*sql).bind(&bindings));
            let answers = d1::batch(d1, &prepared.collect::<Result<Vec<_>>>()?).await?;
            let step = answers.as_array().and_then(|answers| answers.last()).map_or(0, d1::changes) as usize;
            gone += step;
            if step < STEP {
                break;
            }
        }
        Ok(gone)
    }
}

/// Asks after what should have gone: an object that lost its alarm gets another, and an empty one is noted.
async fn sweep(env: &Env, d1: &D1Database) -> Result<()> {
    let config = Config::new(env);
    let spans = config.spans();
    let bindings = [
        number(wall().plus(-GRACE)),
        number(Millis(spans.finished)),
        number(Millis(spans.active)),
        ASKED.into(),
    ];
    let overdue: Vec<Row> = d1::rows(&d1::all(&d1.prepare(OVERDUE).bind(&bindings)?).await?)?;
    let database = Database::of(env, config.archive_timeout())?;
    let (mut woken, mut gone) = (0, 0);
    for Row { tracking_id } in &overdue {
        let asked = DeliveryRequest::Wake.ask(env, tracking_id, None, None);
        match beside::within(PATIENCE, asked)
            .await
            .and_then(|answer| answer.ok())
            .map(|answer| answer.status_code())
        {
            Some(410) => {
                database.close(tracking_id, wall()).await?;
                gone += 1;
            }
            Some(204) => woken += 1,
            _ => {}
        }
    }
    if !overdue.is_empty() {
        let what = format!("{} deliveries overdue, {gone} had gone, {woken} were there", overdue.len());
        log::write(Level::Info, "retention", &[("what", &what)]);
    }
    Ok(())
}
