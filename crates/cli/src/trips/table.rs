//! Trips as CSV: a row a fix, columns known by their names, and a trip for each value of `trip_id`.

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord, Trim};
use onway_core::clock::Millis;
use serde_json::Value;

use crate::error::Error;
use crate::trips::columns::Columns;
use crate::trips::draft::Draft;

pub fn read(text: &str, file: &str) -> Result<Vec<Draft>, Error> {
    let wrong = |line: usize, why: String| Error::Trip { file: file.to_owned(), line, why };
    let unreadable =
        |why: csv::Error| wrong(why.position().map_or(1, |at| at.line() as usize), why.to_string());
    let text = text.trim_start_matches('\u{feff}');
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter(text)).trim(Trim::All).from_reader(text.as_bytes());
    let names: Vec<String> =
        reader.headers().map_err(unreadable)?.iter().map(str::to_ascii_lowercase).collect();
    let columns =
        Columns::of(&names).map_err(|why| wrong(1, format!("{why}: the first line names the columns")))?;
    let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
    let (trip, mode, user) =
        (find(&["trip_id", "trip"]), find(&["mode"]), find(&["user", "user_id", "driver_id"]));

    let mut drafts: Vec<Draft> = Vec::new();
    let mut known = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(1, |at| at.line() as usize);
        let cell = |column: Option<usize>| column.and_then(|column| record.get(column)).unwrap_or_default();
        let at = *known.entry(cell(trip).to_owned()).or_insert(drafts.len());
        if at == drafts.len() {
            let mut draft = Draft::new(line);
            (draft.name, draft.mode, draft.user) = (cell(trip).into(), cell(mode).into(), cell(user).into());
            drafts.push(draft);
        }
        let time_ms = time(cell(columns.time)).map_err(|why| wrong(line, why))?;
        let numbers = numbers(&record, &columns, &names).map_err(|why| wrong(line, why))?;
        if let Some(draft) = drafts.get_mut(at) {
            draft.push(time_ms, columns.place(&numbers));
        }
    }
    Ok(drafts)
}

/// What separates the names of the first line.
fn delimiter(text: &str) -> u8 {
    let names = text.lines().next().unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|one| names.as_bytes().contains(one)).unwrap_or(b',')
}

/// Unix milliseconds; `None` for an empty cell.
pub fn time(text: &str) -> Result<Option<i64>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let value = text.parse::<f64>().map_or_else(|_| Value::from(text), Value::from);
    let read = Millis::parse(&value).map(|time| Some(time.0));
    read.ok_or_else(|| format!("time: {text:?} is neither Unix seconds or milliseconds nor ISO 8601"))
}

/// The row's numbers, each in its column.
fn numbers(record: &StringRecord, columns: &Columns, names: &[String]) -> Result<Vec<Option<f64>>, String> {
    let mut row = vec![None; record.len()];
    for column in columns.numbers() {
        let (Some(text), Some(number)) = (record.get(column), row.get_mut(column)) else { continue };
        if !text.is_empty() {
            let name = names.get(column).map_or("", String::as_str);
            *number = Some(text.parse().map_err(|_| format!("{name}: {text:?} is no number"))?);
        }
    }
    Ok(row)
}
