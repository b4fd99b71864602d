//! What the Worker asks of a delivery over HTTP.

use std::rc::Rc;

use onway_core::access::Look;
use onway_core::auth::Caller;
use onway_core::bucket::RETRY_AFTER;
use onway_core::delivery::{Change, Command, Delivery, Start};
use onway_core::etag;
use onway_core::own_json;
use onway_core::permission::Action;
use onway_core::rejection::Rejection;
use onway_core::tracking_id::TrackingId;
use onway_core::visibility::Audience;
use onway_core::wire::report::{REQUEST_FIXES_MAX, Report, Updated, parse_status};
use onway_core::wire::{StartRequest, input};
use worker::Response;

use super::links::pass;
use super::session::Session;
use crate::config::Config;
use crate::contract::DeliveryRequest;
use crate::identity::wall;
use crate::log;
use crate::problem::{self, Answer, ours};
use crate::sockets::{self, Attachment};

impl Session {
    /// Answers one request.
    pub(super) fn answer(self: &Rc<Self>, asked: DeliveryRequest, body: &[u8]) -> Answer {
        match asked {
            DeliveryRequest::Start { by, .. } => self.start(&by, body),
            DeliveryRequest::Update { by } => self.update(&by, body),
            DeliveryRequest::SetStatus { by } => self.set_status(&by, body),
            DeliveryRequest::Change { by, asked } => self.change(&by, asked, body),
            DeliveryRequest::Rate { by, link } => self.rate(by.as_ref(), link.as_deref(), body),
            // These two wait for the bucket: see `handover`.
            DeliveryRequest::Prove { .. } | DeliveryRequest::Proof { .. } => Err(Rejection::Internal),
            DeliveryRequest::Read { by, if_none_match, link, look } => {
                self.read(by.as_ref(), link.as_deref(), look, if_none_match.as_deref())
            }
            DeliveryRequest::History { by, query } => self.history(by.as_ref(), &query),
            DeliveryRequest::Timeline { by, link } => self.timeline(by.as_ref(), link.as_deref()),
            DeliveryRequest::Links { by, asked } => self.links(&by, asked, body),
            DeliveryRequest::Follow { by, subprotocol, since, epoch, link } => self
                .follow(by, link.as_deref(), subprotocol, since, epoch.as_deref())
                .inspect(|_| self.count_soon(None))
                .or_else(|rejection| sockets::refuse(&rejection, subprotocol).map_err(ours)),
            DeliveryRequest::Wake => self.wake(),
            DeliveryRequest::Export => self.export(),
            DeliveryRequest::ForgetDriver { driver_id, judge } => self.forget_driver(&driver_id, judge),
            // They wait for D1 and the hubs, and so are answered apart.
            DeliveryRequest::Erase { .. } | DeliveryRequest::Finish => Err(Rejection::Internal),
            DeliveryRequest::Relay { by } => self.relay(&by, body),
            DeliveryRequest::Heading { driver_id } => self.head(&driver_id, body),
            DeliveryRequest::Emergency { driver_id } => self.alert(&driver_id, body),
            #[cfg(feature = "test-utils")]
            #[allow(clippy::panic, reason = "it is what the route is for")]
            DeliveryRequest::Panic => panic!("a test asked for it"),
            #[cfg(feature = "test-utils")]
            DeliveryRequest::Counters => Response::from_json(&self.counters()).map_err(ours),
            #[cfg(feature = "test-utils")]
            DeliveryRequest::Break => {
                self.broken.set(true);
                Response::empty().map_err(ours)
            }
            #[cfg(feature = "test-utils")]
            DeliveryRequest::Forget => {
                self.forget_all();
                Response::empty().map_err(ours)
            }
        }
    }

    fn start(self: &Rc<Self>, by: &Caller, body: &[u8]) -> Answer {
        let request: StartRequest = own_json::read(body).map_err(|_| Rejection::Internal)?;
        let delivery = match self.take()? {
            Some(delivery) if delivery.was_started_with(&request) => delivery,
            Some(delivery) => {
                self.keep(delivery);
                return Err(Rejection::invalid(
                    "Idempotency-Key",
                    "this Idempotency-Key has started a delivery with another body",
                ));
            }
            None => self.create(request, by)?,
        };
        let expired = self.has_expired(&delivery);
        let snapshot = self.snapshot(&delivery, delivery.party(Some(by)).into());
        self.keep(delivery);
        if expired {
            return Err(Rejection::Gone);
        }
        let response = Response::from_json(&snapshot).map_err(ours)?.with_status(201);
        let location = format!("/tracking/{}", snapshot.tracking_id);
        response.headers().set("Location", &location).map_err(ours)?;
        Ok(response)
    }

    fn create(self: &Rc<Self>, request: StartRequest, by: &Caller) -> Result<Delivery, Rejection> {
        let config = Config::new(&self.env);
        let tracking_id = self.tracking_id()?;
        let keys = config.id_keys()?;
        let alias = request.driver_id.as_deref().map(|driver| keys.driver_alias(&tracking_id, driver));
        let (mut delivery, outcome) = Delivery::start(Start {
            tracking_id,
            epoch: epoch()?,
            driver_alias: alias,
            request,
            default_visibility: config.default_visibility(),
            default_rules: config.visibility_rules()?,
            default_fences: config.geofences()?,
            model: self.model(),
            wall: wall(),
        });
        delivery.started_by(by);
        self.notice(&mut delivery, &outcome);
        let alarm = self.plan(&mut delivery);
        let way = self.way_to_ask(&mut delivery);
        self.store.create(&delivery, &outcome).map_err(ours)?;
        alarm.map_or(Ok(()), |pause| self.set_alarm(pause)).map_err(ours)?;
        if let Some(way) = way {
            self.ask_for_way(way);
        }
        self.spread_news(&delivery);
        self.report_soon();
        self.notify_soon(&delivery);
        Ok(delivery)
    }

    fn tracking_id(&self) -> Result<TrackingId, Rejection> {
        self.state.id().name().map(TrackingId::trusted).ok_or(Rejection::Internal)
    }

    fn update(self: &Rc<Self>, by: &Caller, body: &[u8]) -> Answer {
        let body = input::json(body)?;
        let mut delivery = self.take_live()?;
        let now = delivery.facts.clock.now(wall());
        let applied = Report::parse(&body, now, REQUEST_FIXES_MAX)
            .and_then(|report| self.apply(&mut delivery, Command::Report(report), by));
        let answer = applied.and_then(|outcome| {
            self.broadcast(&delivery, &outcome);
            match outcome.conflict {
                Some(conflict) => problem::with_counts(&conflict, Some(outcome.counts)).map_err(ours),
                None => {
                    let snapshot = self.snapshot(&delivery, delivery.party(Some(by)).into());
                    Response::from_json(&Updated { snapshot, counts: outcome.counts }).map_err(ours)
                }
            }
        });
        self.keep(delivery);
        answer
    }

    fn set_status(self: &Rc<Self>, by: &Caller, body: &[u8]) -> Answer {
        let report = parse_status(&input::json(body)?)?;
        self.carry_out(by, Command::Status(report))
    }

    fn change(self: &Rc<Self>, by: &Caller, asked: Change, body: &[u8]) -> Answer {
        let (keys, id) = (Config::new(&self.env).id_keys()?, self.tracking_id()?);
        let command = asked.command(&input::json(body)?, &|driver| keys.driver_alias(&id, driver))?;
        self.carry_out(by, command)
    }

    pub(super) fn carry_out(self: &Rc<Self>, by: &Caller, command: Command) -> Answer {
        let mut delivery = self.take_live()?;
        let answer = self.apply(&mut delivery, command, by).and_then(|outcome| {
            self.broadcast(&delivery, &outcome);
            match outcome.conflict {
                Some(conflict) => Err(conflict),
                None => Response::from_json(&self.snapshot(&delivery, delivery.party(Some(by)).into()))
                    .map_err(ours),
            }
        });
        self.keep(delivery);
        answer
    }

    fn read(
        &self,
        by: Option<&Caller>,
        link: Option<&str>,
        look: Option<Look>,
        if_none_match: Option<&str>,
    ) -> Answer {
        let mut delivery = self.take_live()?;
        let seen = self.viewer(&delivery, by, link, Action::See).and_then(|viewer| {
            if let Some(look) = look {
                self.note_visit(&mut delivery, &viewer, by, look)?;
            }
            let audience: Audience = viewer.party.into();
            Ok((self.snapshot(&delivery, audience), audience))
        });
        self.keep(delivery);
        let (snapshot, audience) = seen?;
        let tag = etag::of(&snapshot, audience);
        let unchanged = if_none_match.is_some_and(|asked| etag::is_named(asked, &tag));
        let response = if unchanged {
            Response::empty().map_err(ours)?.with_status(304)
        } else {
            Response::from_json(&snapshot).map_err(ours)?
        };
        for (name, value) in
            [("ETag", tag.as_str()), ("Cache-Control", "private, no-cache"), ("Vary", "Authorization")]
        {
            response.headers().set(name, value).map_err(ours)?;
        }
        Ok(response)
    }

    fn follow(
        &self,
        by: Option<Caller>,
        link: Option<&str>,
        subprotocol: bool,
        since: Option<u64>,
        epoch: Option<&str>,
    ) -> Answer {
        let mut delivery = self.take_live()?;
        let answer = self.viewer(&delivery, by.as_ref(), link, Action::See).and_then(|viewer| {
            self.note_visit(&mut delivery, &viewer, by.as_ref(), Look::Follow)?;
            let audience = viewer.party.into();
            let link = viewer.link.map(|link| pass(&delivery, &link));
            let attachment = Attachment::new(by, audience, link);
            // The Worker found it valid; that may have been the last of it.
            if attachment.has_expired(wall()) {
                return Err(Rejection::InvalidToken("it has expired".into()));
            }
            let (response, socket) = self
                .sockets
                .accept(&self.state, attachment, Config::new(&self.env).places(), subprotocol)
                .map_err(ours)?
                .ok_or(Rejection::RateLimited { retry_after: RETRY_AFTER })?;
            for frame in self.greeting(&delivery, audience, since, epoch)? {
                sockets::send(&socket, &frame).map_err(ours)?;
            }
            log::connect(&self.env, &self.state, "delivery", audience.name());
            Ok(response)
        });
        self.keep(delivery);
        answer
    }
}

fn epoch() -> Result<String, Rejection> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| Rejection::Internal)?;
    Ok(base16ct::lower::encode_string(&bytes))
}
