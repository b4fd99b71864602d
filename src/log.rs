//! The log: a line of JSON for what an operator may have to know. What lines there are says `docs/operations.md`.

use std::cell::Cell;

use onway_core::log::{Level, line};
use onway_core::rejection::Rejection;
use onway_core::tracking_id::TrackingId;
use worker::{Env, State, console_error, console_log, console_warn};

use crate::config::Config;

/// What the service itself closes sockets with.
const CLOSES: [&str; 11] = [
    "Invalid token",
    "Tracking not found",
    "Session expired",
    "Rate limit",
    "Message too large",
    "Internal error",
    "Try again later",
    "Not allowed",
    "Too slow",
    "Silent",
    "Replaced",
];

thread_local! {
    static LEVEL: Cell<Option<Level>> = const { Cell::new(None) };
}

/// Learns how much is logged. Before, everything is.
pub fn learn(env: &Env) {
    if LEVEL.get().is_none() {
        let name = Config::new(env).text("LOG_LEVEL");
        LEVEL.set(Some(name.as_deref().map_or(Level::Info, Level::named)));
    }
}

/// Writes a line, where this level is logged. Members without a value are left out, and what could lead to somebody.
pub fn write(level: Level, event: &str, members: &[(&str, &str)]) {
    if level < LEVEL.get().unwrap_or(Level::Info) {
        return;
    }
    let line = line(level, event, members);
    match level {
        Level::Info => console_log!("{line}"),
        Level::Warn => console_warn!("{line}"),
        Level::Error => console_error!("{line}"),
        Level::Off => {}
    }
}

/// Something that failed: in `what`, and why.
pub fn error(what: &str, why: impl std::fmt::Display) {
    write(Level::Error, "error", &[("in", what), ("why", &why.to_string())]);
}

/// Something that does not work as it should, and that the service does without.
pub fn warn(what: &str, why: impl std::fmt::Display) {
    write(Level::Warn, "warning", &[("in", what), ("why", &why.to_string())]);
}

/// That somebody was refused, on this route of ours.
pub fn refusal(route: &str, status: u16, rejection: Option<&Rejection>) {
    let code = rejection.map_or("", Rejection::code);
    write(Level::Info, "refusal", &[("route", route), ("status", &status.to_string()), ("code", code)]);
}

/// A socket of this object that has opened: of which audience.
pub fn connect(env: &Env, state: &State, kind: &str, audience: &str) {
    socket(env, state, "connect", kind, audience, "", "");
}

/// One that has closed, and why. A reason that is none of ours may say anything: it is left out.
pub fn disconnect(env: &Env, state: &State, kind: &str, audience: &str, code: usize, reason: &str) {
    let reason = if CLOSES.contains(&reason) { reason } else { "" };
    socket(env, state, "disconnect", kind, audience, &code.to_string(), reason);
}

fn socket(env: &Env, state: &State, event: &str, kind: &str, audience: &str, code: &str, reason: &str) {
    learn(env);
    if LEVEL.get() > Some(Level::Info) {
        return;
    }
    let keys = Config::new(env).id_keys().ok();
    let name = keys.zip(state.id().name()).map(|(keys, id)| keys.log_name(&TrackingId::trusted(id)));
    let name = name.unwrap_or_default();
    let members = [(kind, name.as_str()), ("audience", audience), ("code", code), ("reason", reason)];
    write(Level::Info, event, &members);
}
