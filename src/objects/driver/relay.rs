//! Passing on: each delivery has a lane, in which messages keep their order and one call is under way at a
//! time. A delivery that does not answer delays nobody else: what it could not take is written, and waits.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use onway_core::driver::schedule::Task;
use onway_core::own_json;
use onway_core::rejection::Rejection;
use onway_core::wire::driver::{DriverFrame, RelayAnswer, RelayResult, Relayed};
use onway_core::wire::frames::{MessageId, ServerFrame};
use onway_core::wire::report::Counts;
use serde_json::Value;
use worker::WebSocket;

use super::session::{Session, send};
use crate::beside;
use crate::contract::{Ask, DeliveryRequest, said};
use crate::identity::wall;
use crate::problem::ours;

/// An answer that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most messages of one call.
const BATCH: usize = 20;
/// Most messages kept for a driver's deliveries. Beyond it the phone keeps them.
const SPILL_MAX: usize = 5_000;

/// What waits for a delivery.
#[derive(Default)]
pub struct Lane {
    queue: VecDeque<Item>,
    busy: bool,
}

struct Item {
    relayed: Relayed,
    waiting: Rc<Waiting>,
    /// Whether its delivery's counts and refusals are the ones that the driver hears.
    leads: bool,
}

/// A message that is acknowledged once all its deliveries have it.
pub struct Waiting {
    socket: WebSocket,
    id: Option<MessageId>,
    /// How many positions it holds.
    fixes: usize,
    left: Cell<usize>,
    counts: RefCell<Option<Counts>>,
    refused: Cell<bool>,
    /// It is for whichever stop is next, and has not been passed on a second time.
    moves: Cell<bool>,
}

impl Waiting {
    pub fn new(socket: WebSocket, id: Option<MessageId>, fixes: usize, moves: bool) -> Self {
        Self {
            socket,
            id,
            fixes,
            left: Cell::new(0),
            counts: RefCell::default(),
            refused: Cell::new(false),
            moves: Cell::new(moves),
        }
    }
}

/// What became of a call.
pub enum Passed {
    Taken(RelayAnswer),
    /// The delivery is over, or another driver's: understood, and of no use.
    Useless(Rejection),
    /// To be tried again.
    Failed,
}

impl Session {
    /// Passes a message on. The first addressee's answer is the one that the driver hears.
    pub(super) fn pass(self: &Rc<Self>, addressees: Vec<String>, message: &Value, waiting: Waiting) {
        let waiting = Rc::new(waiting);
        waiting.left.set(addressees.len());
        for (n, tracking_id) in addressees.into_iter().enumerate() {
            let relayed = Relayed { received: wall(), message: message.clone() };
            self.enqueue(tracking_id, Item { relayed, waiting: Rc::clone(&waiting), leads: n == 0 });
        }
    }

    /// Puts a message into the lane of its delivery.
    fn enqueue(self: &Rc<Self>, tracking_id: String, item: Item) {
        let idle = {
            let mut lanes = self.lanes.borrow_mut();
            let lane = lanes.entry(tracking_id.clone()).or_default();
            lane.queue.push_back(item);
            !std::mem::replace(&mut lane.busy, true)
        };
        if idle {
            let session = Rc::clone(self);
            beside::spawn(&self.state, async move { session.pump(tracking_id).await });
        }
    }

    /// Empties a lane, call by call.
    async fn pump(self: Rc<Self>, tracking_id: String) {
        loop {
            let items: Vec<Item> = {
                let mut lanes = self.lanes.borrow_mut();
                let Some(lane) = lanes.get_mut(&tracking_id) else { return };
                let some = lane.queue.len().min(BATCH);
                if some == 0 {
                    lanes.remove(&tracking_id);
                    return;
                }
                lane.queue.drain(..some).collect()
            };
            let relayed: Vec<_> = items.iter().map(|item| item.relayed.clone()).collect();
            let passed = match self.waits_for(&tracking_id) {
                // What came before waits, too.
                Ok(true) => Passed::Failed,
                Ok(false) => self.call(&tracking_id, &relayed).await,
                Err(_) => Passed::Failed,
            };
            match passed {
                Passed::Taken(answer) => {
                    self.note_interest(&tracking_id, &answer);
                    let mut results = answer.results.into_iter();
                    for item in items {
                        self.settle(item, results.next().unwrap_or_default());
                    }
                }
                Passed::Useless(why) => {
                    self.drop_stop(&tracking_id);
                    let next = self.driver().ok().and_then(|driver| driver.next_stop().cloned());
                    for item in items {
                        // What was meant for whichever stop is next is passed on once more.
                        if let Some(next) = next.as_ref().filter(|_| item.leads && item.waiting.moves.take())
                        {
                            self.enqueue(next.tracking_id.clone(), item);
                            continue;
                        }
                        let counts = Counts { filtered: item.waiting.fixes, ..Counts::default() };
                        let refused = match item.waiting.fixes {
                            0 => self.refusal(&why, item.waiting.id.clone()),
                            _ => None,
                        };
                        self.settle(item, RelayResult { counts, refused });
                    }
                }
                Passed::Failed => {
                    for item in items {
                        let kept = self.spill(&tracking_id, &item.relayed);
                        let result = match kept {
                            Ok(()) => RelayResult {
                                counts: Counts { accepted: item.waiting.fixes, ..Counts::default() },
                                refused: None,
                            },
                            Err(refused) => {
                                item.waiting.refused.set(true);
                                let refused = self.refusal(&refused, item.waiting.id.clone());
                                RelayResult { refused, ..RelayResult::default() }
                            }
                        };
                        self.settle(item, result);
                    }
                }
            }
        }
    }

    /// Calls a delivery.
    pub(super) async fn call(&self, tracking_id: &str, items: &[Relayed]) -> Passed {
        let Ok(driver) = self.driver() else { return Passed::Failed };
        let Ok(body) = serde_json::to_vec(items) else { return Passed::Failed };
        let request = DeliveryRequest::Relay { by: self.caller(&driver) };
        let asked = request.ask(&self.env, tracking_id, None, Some(body));
        let Some(Ok(mut answer)) = beside::within(PATIENCE, asked).await else { return Passed::Failed };
        match answer.status_code() {
            200 => said(&mut answer).await.map_or(Passed::Failed, Passed::Taken),
            403 => Passed::Useless(Rejection::Forbidden("this delivery is not yours".into())),
            404 | 410 => Passed::Useless(Rejection::Gone),
            _ => Passed::Failed,
        }
    }

    /// One delivery has the message, or it is kept for it. The last one acknowledges.
    fn settle(&self, item: Item, result: RelayResult) {
        let Item { waiting, leads, .. } = item;
        if leads {
            if let Some(refused) = result.refused {
                // A message that is refused whole is not acknowledged.
                waiting
                    .refused
                    .set(waiting.refused.get() || result.counts.sent() < waiting.fixes || waiting.fixes == 0);
                send(&waiting.socket, &refused);
            }
            waiting.counts.replace(Some(result.counts));
        }
        waiting.left.set(waiting.left.get().saturating_sub(1));
        if waiting.left.get() > 0 || waiting.refused.get() {
            return;
        }
        if let Some(id) = waiting.id.clone() {
            let counts = waiting.counts.take().unwrap_or_default();
            send(&waiting.socket, &DriverFrame::Ack { id, counts });
        }
    }

    fn tell_refusals(&self, results: Vec<RelayResult>) {
        for refused in results.into_iter().filter_map(|result| result.refused) {
            for (socket, _) in self.clients().filter(|(_, known)| known.is_driver()) {
                send(&socket, &refused);
            }
        }
    }

    fn refusal(&self, rejection: &Rejection, id: Option<MessageId>) -> Option<Value> {
        own_json::value(&ServerFrame::refusal(rejection, id)).ok()
    }

    /// Writes a message that a delivery could not take.
    pub(super) fn spill(&self, tracking_id: &str, relayed: &Relayed) -> Result<(), Rejection> {
        self.waits_for(tracking_id)?;
        {
            let mut spilled = self.spilled.borrow_mut();
            let spilled = spilled.get_or_insert_default();
            if spilled.values().sum::<usize>() >= SPILL_MAX {
                return Err(Rejection::Unavailable { retry_after: 30 });
            }
            self.store.spill(tracking_id, relayed).map_err(ours)?;
            *spilled.entry(tracking_id.to_owned()).or_default() += 1;
        }
        self.change(|driver| {
            if !driver.schedule.is_planned(Task::Spill) {
                driver.schedule.plan(Task::Spill, wall().plus(1_000));
            }
            Ok(())
        })
    }

    /// Whether messages are kept for a delivery.
    fn waits_for(&self, tracking_id: &str) -> Result<bool, Rejection> {
        let mut spilled = self.spilled.borrow_mut();
        if spilled.is_none() {
            *spilled = Some(self.store.spilled().map_err(ours)?.into_iter().collect());
        }
        Ok(spilled.as_ref().is_some_and(|spilled| spilled.contains_key(tracking_id)))
    }

    /// A delivery says that it is not this driver's any more.
    pub(super) fn drop_stop(&self, tracking_id: &str) {
        // What fails has been logged: the next message tries again.
        self.change(|driver| Ok(driver.forget(tracking_id))).ok();
    }

    /// Sends what was kept: all deliveries at once, each in order. Whether something is left.
    pub(super) async fn drain_spill(self: &Rc<Self>) -> Result<bool, Rejection> {
        self.waits_for("")?;
        let waiting: Vec<String> =
            self.spilled.borrow().iter().flatten().map(|(tracking_id, _)| tracking_id.clone()).collect();
        let drained = futures_util::future::join_all(waiting.iter().map(|id| self.drain_one(id))).await;
        let mut left = false;
        for one in drained {
            left |= one?;
        }
        Ok(left)
    }

    async fn drain_one(&self, tracking_id: &str) -> Result<bool, Rejection> {
        loop {
            let oldest = self.store.oldest_spilled(tracking_id, BATCH as i64).map_err(ours)?;
            let Some((upto, _)) = oldest.last() else {
                if let Some(spilled) = self.spilled.borrow_mut().as_mut() {
                    spilled.remove(tracking_id);
                }
                return Ok(false);
            };
            let upto = *upto;
            let count = oldest.len();
            let items: Vec<_> = oldest.into_iter().map(|(_, item)| item).collect();
            match self.call(tracking_id, &items).await {
                Passed::Failed => return Ok(true),
                // Acknowledged before; what is refused now the driver hears all the same.
                Passed::Taken(answer) => self.tell_refusals(answer.results),
                Passed::Useless(_) => self.drop_stop(tracking_id),
            }
            self.store.unspill(tracking_id, upto).map_err(ours)?;
            if let Some(left) = self.spilled.borrow_mut().as_mut().and_then(|all| all.get_mut(tracking_id)) {
                *left = left.saturating_sub(count);
            }
        }
    }
}
