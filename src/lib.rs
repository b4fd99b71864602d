//! Onway, the Worker: it authenticates, routes to one Durable Object per delivery, and serves the pages.
//! What a delivery is, and every decision, is in `onway-core`.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod access;
mod api;
mod archive;
mod beside;
mod config;
mod contract;
mod d1;
mod erasure;
mod headers;
mod identity;
mod limits;
mod log;
mod models;
mod notify;
mod objects;
mod outgoing;
mod problem;
mod proofs;
mod reply;
mod retention;
mod roster;
mod sockets;
mod statistics;

use worker::{Context, Env, MessageBatch, Request, Response, Result, ScheduleContext, ScheduledEvent, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    api::route(request, &env).await
}

#[event(queue)]
async fn queue(batch: MessageBatch<()>, env: Env, context: Context) -> Result<()> {
    notify::consume(batch, &env, &context).await
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    log::learn(&env);
    if let Err(error) = retention::run(&env).await {
        log::error("retention", archive::reason(&error));
    }
}
