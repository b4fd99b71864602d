//! Share links: whoever presents one is let in by it, until it is revoked or over.

use std::rc::Rc;

use onway_core::auth::Caller;
use onway_core::delivery::{Delivery, EntryKind};
use onway_core::link::{self, LINKS_MAX, ShareLink, USED_SPAN};
use onway_core::permission::{self, Action, Circumstances, Party};
use onway_core::rejection::Rejection;
use onway_core::wire::input;
use onway_core::wire::link::{LinkChange, LinkEntry, Links, MadeLink};
use worker::Response;

use super::session::Session;
use crate::contract::LinkRequest;
use crate::identity::wall;
use crate::problem::{Answer, ours};
use crate::reply;
use crate::sockets::Pass;

/// Who looks, and by which link.
pub(super) struct Viewer {
    pub party: Party,
    pub link: Option<ShareLink>,
}

impl Session {
    /// What somebody is to the delivery, where that may do `action`. A link that is presented has to hold, also
    /// where it is not needed; `link` is its hash.
    pub(super) fn viewer(
        &self,
        delivery: &Delivery,
        by: Option<&Caller>,
        link: Option<&str>,
        action: Action,
    ) -> Result<Viewer, Rejection> {
        let now = delivery.facts.clock.now(wall());
        let link = match link {
            Some(hash) => Some(link::find(self.store.links().map_err(ours)?, hash, now)?),
            None => None,
        };
        let party = party_of(delivery, by, link.is_some());
        let link = link.filter(|_| party == Party::Link);
        let circumstances =
            Circumstances { has_expired: self.has_expired(delivery), ..delivery.circumstances() };
        match permission::permit(by, party, action, circumstances) {
            // Theirs, until it expired: a link is somebody, too.
            Err(Rejection::Unauthenticated) if link.is_some() && circumstances.has_expired => {
                return Err(Rejection::Gone);
            }
            permitted => permitted?,
        }
        if let Some(link) =
            link.as_ref().filter(|link| link.used.is_none_or(|used| now.since(used) >= USED_SPAN))
        {
            self.store.write_link(&ShareLink { used: Some(now), ..link.clone() }).map_err(ours)?;
        }
        Ok(Viewer { party, link })
    }

    /// Answers what is asked of the links themselves.
    pub(super) fn links(self: &Rc<Self>, by: &Caller, asked: LinkRequest, body: &[u8]) -> Answer {
        let mut delivery = self.take_live()?;
        let answer = self
            .viewer(&delivery, Some(by), None, Action::Share)
            .and_then(|_| self.answer_links(&mut delivery, by, asked, body));
        self.keep(delivery);
        answer
    }

    /// Notes who did what to a link, in the same section in which that is written.
    fn note_link(
        self: &Rc<Self>,
        delivery: &mut Delivery,
        kind: EntryKind,
        id: &str,
        by: &Caller,
    ) -> Result<(), Rejection> {
        let now = delivery.facts.clock.now(wall());
        self.settle(delivery, &mut |delivery| Ok(delivery.note_link(kind, id, by, now))).map(drop)
    }

    fn answer_links(
        self: &Rc<Self>,
        delivery: &mut Delivery,
        by: &Caller,
        asked: LinkRequest,
        body: &[u8],
    ) -> Answer {
        let known = self.store.links().map_err(ours)?;
        let named = |id: &str| {
            let link = known.iter().find(|link| link.id == id).cloned();
            link.ok_or_else(|| Rejection::NotFound("there is no such link".into()))
        };
        match asked {
            LinkRequest::Make { .. } if known.len() >= LINKS_MAX => {
                Err(Rejection::Conflict(format!("a delivery has at most {LINKS_MAX} links: revoke one")))
            }
            LinkRequest::Make { origin } => {
                let mut random = [0; 8];
                let mut secret = [0; link::SECRET];
                getrandom::fill(&mut random)
                    .and_then(|()| getrandom::fill(&mut secret))
                    .map_err(|_| Rejection::Internal)?;
                let text = link::mint(&delivery.facts.tracking_id, secret);
                let mut made = ShareLink {
                    id: base16ct::lower::encode_string(&random),
                    hash: link::hash(&text),
                    label: String::new(),
                    from: None,
                    to: None,
                    created: delivery.facts.clock.now(wall()),
                    created_by: by.role,
                    used: None,
                };
                LinkChange::parse_new(&input::json(body)?)?.apply(&mut made)?;
                self.note_link(delivery, EntryKind::LinkCreated, &made.id, by)?;
                self.store.write_link(&made).map_err(ours)?;
                let url = format!("{origin}/s/{text}");
                reply::json(&MadeLink { entry: LinkEntry::from(&made), link: text, url }, 201)
            }
            LinkRequest::List => {
                reply::json(&Links { links: known.iter().map(LinkEntry::from).collect() }, 200)
            }
            LinkRequest::Change { id } => {
                let mut link = named(&id)?;
                LinkChange::parse(&input::json(body)?)?.apply(&mut link)?;
                self.note_link(delivery, EntryKind::LinkChanged, &id, by)?;
                self.store.write_link(&link).map_err(ours)?;
                let is_open = link.is_open(delivery.facts.clock.now(wall()));
                let holds = Some(pass(delivery, &link)).filter(|_| is_open);
                self.sockets.change_link(&self.state, &id, holds.as_ref());
                reply::json(&LinkEntry::from(&link), 200)
            }
            LinkRequest::Revoke { id } => {
                named(&id)?;
                self.note_link(delivery, EntryKind::LinkRevoked, &id, by)?;
                self.store.delete_link(&id).map_err(ours)?;
                self.sockets.change_link(&self.state, &id, None);
                Ok(Response::empty().map_err(ours)?.with_status(204))
            }
        }
    }
}

/// What somebody is to the delivery who may have come by a link: nobody else here goes on by it.
pub(super) fn party_of(delivery: &Delivery, by: Option<&Caller>, by_link: bool) -> Party {
    match delivery.party(by) {
        Party::Public if by_link => Party::Link,
        party => party,
    }
}

/// What the socket of somebody who came by a link has to know.
pub(super) fn pass(delivery: &Delivery, link: &ShareLink) -> Pass {
    Pass { id: link.id.clone(), until: link.to.map(|to| delivery.facts.clock.wall(to)) }
}
