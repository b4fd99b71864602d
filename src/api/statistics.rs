//! `GET /stats/deliveries`: what became of deliveries.

use onway_core::eta::Model;
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::statistics::{StatsQuery, csv};
use onway_core::wire::statistics::ModelInUse;

use super::asked::Asked;
use crate::archive::Database;
use crate::identity::wall;
use crate::models;
use crate::problem::{Answer, ours};
use crate::reply::personal;
use crate::statistics::is_zone;

/// `GET /stats/deliveries`
pub async fn deliveries(asked: &mut Asked<'_>) -> Answer {
    let by = asked.by()?;
    let query = StatsQuery::parse(&by, wall(), asked.query()?)?;
    let zone = asked.config.text("TIMEZONE").unwrap_or_else(|| "UTC".into());
    if !is_zone(&zone) {
        return Err(Rejection::Misconfigured(
            "TIMEZONE is not the name of a time zone, as Africa/Accra".into(),
        ));
    }
    let database = Database::of(asked.env, asked.config.archive_timeout()).map_err(ours)?;
    let found = database.statistics(&query, &zone).await.map_err(ours)?;
    let model = models::current(asked.env).await;
    let text = |value: &_| serde_json::to_string(value).map_err(|_| Rejection::Internal);
    let body = format!(
        "{{\"from\":{},\"to\":{},\"time_zone\":\"{zone}\",{found},\"model\":{},\"server_time\":{}}}",
        query.from.secs(),
        query.to.secs(),
        text(&in_use(model.as_deref()))?,
        wall().0,
    );
    if !query.csv {
        return personal(body, "application/json");
    }
    let stats = own_json::read(body.as_bytes()).map_err(|_| Rejection::Internal)?;
    let answer = personal(csv(&stats), "text/csv; charset=utf-8; header=present")?;
    let name = "attachment; filename=\"deliveries.csv\"";
    answer.headers().set("Content-Disposition", name).map_err(ours)?;
    Ok(answer)
}

fn in_use(model: Option<&Model>) -> ModelInUse {
    let fitted = model.and_then(|model| model.fitted);
    ModelInUse {
        source: if model.is_some() { "deployment" } else { "built-in" }.into(),
        fitted_at: fitted.map(|fitted| fitted.at),
        trips: fitted.map(|fitted| fitted.trips),
    }
}
