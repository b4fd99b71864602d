//! Fan-out, and those who cannot keep up with it.

use onway_core::clock::Millis;
use onway_core::keeping_up::{self, Keeping};
use onway_core::visibility::Audience;
use onway_core::wire::ServerFrame;
use worker::State;

#[cfg(feature = "test-utils")]
use super::count;
use super::frames::close;
use super::{Client, Sockets};

/// What a frame, or the whole state, is for each audience.
pub type Told<'a> = &'a dyn Fn(Audience) -> Option<ServerFrame>;

impl Sockets {
    /// Sends to everybody what `frame` makes for their audience, serialized once for each; `whole` to those who
    /// are slow, when it is their time. With a `seq` it counts, and may ask for an answer. Returns in how many ms
    /// somebody who is slow is to be told the newest.
    pub fn broadcast(
        &self,
        state: &State,
        wall: Millis,
        seq: Option<u64>,
        frame: Told<'_>,
        whole: Told<'_>,
    ) -> Option<i64> {
        self.restore(state);
        #[cfg(feature = "test-utils")]
        count(&self.counts.broadcasts);
        let (mut clients, mut asked) = (self.clients.borrow_mut(), self.asked.borrow_mut());
        let (clients, asked) = (clients.as_mut()?, asked.get_or_insert_default());
        let asks = seq.filter(|_| asked.count());
        let (mut pause, mut sent) = (None, 0);
        for audience in Audience::ALL {
            if !clients.iter().any(|client| client.attachment.audience == audience) {
                continue;
            }
            let Some(mut text) = frame(audience).and_then(|frame| self.serialize(&frame)) else { continue };
            let watches = audience != Audience::Driver;
            if asks.is_some() && watches && text.pop().is_some() {
                text.push_str(",\"ack\":true}");
            }
            let (known, mut newest) = (asked.of(audience), None);
            clients.retain_mut(|client| {
                if client.attachment.audience != audience {
                    return true;
                }
                if let Some(ended) = client.attachment.ended(wall) {
                    close(&client.socket, &ended);
                    return false;
                }
                match Keeping::of(known, client.attachment.answered) {
                    Keeping::TooSlow if watches => {
                        client.socket.close(Some(1008), Some("Too slow")).ok();
                        return false;
                    }
                    // What asks goes to all alike.
                    Keeping::Slow if watches && asks.is_none() => {
                        client.owed = true;
                        return self.catch_up(client, wall, whole, &mut newest, &mut pause);
                    }
                    _ => {}
                }
                sent += 1;
                // A socket that cannot take a frame has closed: its close event may still be on the way.
                client.socket.send_with_str(&text).is_ok()
            });
            if let Some(seq) = asks.filter(|_| watches) {
                asked.ask(audience, seq);
            }
        }
        self.sent.set(self.sent.get() + sent);
        pause
    }

    /// Tells those who are slow, and whose time has come, the newest. Returns in how many ms the next is due.
    pub fn catch_up_all(&self, state: &State, wall: Millis, whole: Told<'_>) -> Option<i64> {
        self.restore(state);
        let mut clients = self.clients.borrow_mut();
        let clients = clients.as_mut()?;
        let mut pause = None;
        for audience in Audience::ALL {
            let mut newest = None;
            clients.retain_mut(|client| {
                if client.attachment.audience != audience || !client.owed {
                    return true;
                }
                if let Some(ended) = client.attachment.ended(wall) {
                    close(&client.socket, &ended);
                    return false;
                }
                self.catch_up(client, wall, whole, &mut newest, &mut pause)
            });
        }
        pause
    }

    /// Tells somebody who is slow the newest, or when it will be told. Whether the socket takes it.
    fn catch_up(
        &self,
        client: &mut Client,
        wall: Millis,
        whole: Told<'_>,
        newest: &mut Option<String>,
        pause: &mut Option<i64>,
    ) -> bool {
        let wait = keeping_up::pause(client.told, wall);
        if wait > 0 {
            *pause = Some(pause.map_or(wait, |known: i64| known.min(wait)));
            return true;
        }
        if newest.is_none() {
            *newest = whole(client.attachment.audience).and_then(|frame| self.serialize(&frame));
        }
        (client.told, client.owed) = (Some(wall), false);
        newest.as_ref().is_none_or(|text| client.socket.send_with_str(text).is_ok())
    }

    fn serialize(&self, frame: &ServerFrame) -> Option<String> {
        #[cfg(feature = "test-utils")]
        count(&self.counts.serializations);
        serde_json::to_string(frame).ok()
    }
}
