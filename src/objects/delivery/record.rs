//! History and timeline, as long as the object holds them; afterwards the Worker reads the archive.

use onway_core::access::Look;
use onway_core::auth::Caller;
use onway_core::history::{self, Named, Query};
use onway_core::permission::Action;
use onway_core::rejection::Rejection;
use onway_core::visibility;

use super::session::Session;
use crate::identity::wall;
use crate::problem::{Answer, ours};
use crate::reply::{self, personal_json};

impl Session {
    pub(super) fn history(&self, by: Option<&Caller>, query: &Query) -> Answer {
        let mut delivery = self.take()?.ok_or(Rejection::Gone)?;
        let recorded = self.viewer(&delivery, by, None, Action::History).and_then(|viewer| {
            self.note_visit(&mut delivery, &viewer, by, Look::History)?;
            let mut recorded = self.store.recorded(query.span()).map_err(ours)?;
            recorded.extend(delivery.live.recent.recorded());
            let named = Named {
                tracking_id: delivery.facts.tracking_id.as_str(),
                order_id: &delivery.facts.order_id,
            };
            Ok(history::page(recorded, query, named, delivery.facts.clock.now(wall())))
        });
        self.keep(delivery);
        reply::page(&recorded?, query.format)
    }

    pub(super) fn timeline(&self, by: Option<&Caller>, link: Option<&str>) -> Answer {
        let mut delivery = self.take()?.ok_or(Rejection::Gone)?;
        let timeline = self.viewer(&delivery, by, link, Action::Timeline).and_then(|viewer| {
            self.note_visit(&mut delivery, &viewer, by, Look::Timeline)?;
            let now = delivery.facts.clock.now(wall());
            Ok(visibility::timeline(&delivery, viewer.party.into(), now))
        });
        self.keep(delivery);
        personal_json(&timeline?)
    }
}
