//! The deployment's own ETA model, as this isolate last read it from D1.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use onway_core::clock::Millis;
use onway_core::eta::Model;
use worker::Env;

use crate::archive::Database;
use crate::identity::wall;
use crate::log;

/// So long what was read is used without asking again, in ms.
const FRESH: i64 = 5 * 60_000;
/// A delivery that starts waits for it no longer than this.
const TIMEOUT: Duration = Duration::from_millis(1_500);

#[derive(Default)]
struct Known {
    model: Option<Rc<Model>>,
    read: Option<Millis>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// The model in use; `None` for the built-in one. Where D1 cannot be read, the last that was.
pub async fn current(env: &Env) -> Option<Rc<Model>> {
    let now = wall();
    let is_fresh = KNOWN.with_borrow(|known| known.read.is_some_and(|read| now.since(read) < FRESH));
    if !is_fresh {
        let read = read(env).await;
        KNOWN.with_borrow_mut(|known| {
            known.read = Some(now);
            match read {
                Ok(model) => known.model = model,
                Err(error) => log::warn("model", error),
            }
        });
    }
    KNOWN.with_borrow(|known| known.model.clone())
}

async fn read(env: &Env) -> Result<Option<Rc<Model>>, String> {
    let database = Database::of(env, TIMEOUT).map_err(|error| error.to_string())?;
    let text = database.model().await.map_err(|error| error.to_string())?;
    if text.is_empty() {
        return Ok(None);
    }
    Model::read(text.as_bytes()).map(|model| Some(Rc::new(model))).map_err(|error| error.to_string())
}
