//! History and timeline, as long as the object holds them; afterwards the Worker reads the archive.

use onway_core::archive::Summary;
use onway_core::auth::Caller;
use onway_core::delivery::Delivery;
use onway_core::history::{self, Named, Query};
use onway_core::permission::{self, Action, Circumstances, Party};
use onway_core::rejection::Rejection;

use super::session::Session;
use crate::identity::wall;
use crate::problem::{Answer, ours};
use crate::reply::{self, personal_json};

impl Session {
    pub(super) fn history(&self, by: Option<&Caller>, query: &Query) -> Answer {
        let delivery = self.take()?.ok_or(Rejection::Gone)?;
        let recorded = self.permit_record(&delivery, by, Action::History).and_then(|_| {
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

    pub(super) fn timeline(&self, by: Option<&Caller>) -> Answer {
        let delivery = self.take()?.ok_or(Rejection::Gone)?;
        let timeline = self.permit_record(&delivery, by, Action::Timeline).map(|party| {
            let now = delivery.facts.clock.now(wall());
            history::timeline(&Summary::of(&delivery), party.into(), now)
        });
        self.keep(delivery);
        personal_json(&timeline?)
    }

    fn permit_record(
        &self,
        delivery: &Delivery,
        by: Option<&Caller>,
        action: Action,
    ) -> Result<Party, Rejection> {
        let party = delivery.party(by);
        let circumstances =
            Circumstances { has_expired: self.has_expired(delivery), ..delivery.circumstances() };
        permission::permit(by, party, action, circumstances)?;
        Ok(party)
    }
}
