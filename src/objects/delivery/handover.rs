//! What is said of a delivery at its end. The image of a proof goes to the bucket, then the delivery knows of it.

use std::rc::Rc;

use onway_core::access::Look;
use onway_core::auth::Caller;
use onway_core::delivery::{Command, Proof, ProofKind};
use onway_core::permission::Action;
use onway_core::rejection::Rejection;
use onway_core::wire::handover::{image_type, parse_code, parse_rating};
use onway_core::wire::input::{self, Fields};

use worker::Response;

use super::session::Session;
use crate::identity::wall;
use crate::problem::{Answer, ours};
use crate::proofs::Proofs;

impl Session {
    /// Takes a proof. Should it be lost between the two writes, an image lies in the bucket that nobody sees and
    /// that goes with the rest of the delivery; the driver, who heard nothing, sends it again.
    pub(super) async fn prove(
        self: &Rc<Self>,
        by: &Caller,
        kind: Option<ProofKind>,
        body: Vec<u8>,
    ) -> Answer {
        let proof = match kind {
            Some(kind) => Proof::image(kind, image_type(&body)?, &body),
            None => Proof::code(parse_code(&Fields::of(&input::json(&body)?, "body")?)?),
        };
        if let Some(content_type) = &proof.content_type {
            let delivery = self.take_live()?;
            let permitted = delivery.permit(delivery.party(Some(by)), Some(by), Action::Prove);
            let permitted = permitted.and_then(|()| delivery.may_prove(&proof));
            let tracking_id = delivery.facts.tracking_id.as_str().to_owned();
            self.keep(delivery);
            permitted?;
            let (proofs, id) = (Proofs::of(&self.env)?, proof.id.clone());
            proofs.keep(&tracking_id, &id, content_type, body).await.map_err(ours)?;
            let answer = self.carry_out(by, Command::Prove(proof));
            if matches!(answer, Err(Rejection::Gone)) {
                // It was erased meanwhile, or has expired.
                proofs.remove(&tracking_id, &id).await.map_err(ours)?;
            }
            return answer;
        }
        self.carry_out(by, Command::Prove(proof))
    }

    /// Takes the opinion of the customer, or of who has a link.
    pub(super) fn rate(self: &Rc<Self>, by: Option<&Caller>, link: Option<&str>, body: &[u8]) -> Answer {
        let rating = parse_rating(&Fields::of(&input::json(body)?, "body")?)?;
        let mut delivery = self.take_live()?;
        let answer = self.viewer(&delivery, by, link, Action::Rate).and_then(|viewer| {
            let now = delivery.facts.clock.now(wall());
            let mut rating = Some(rating);
            let outcome = self.settle(&mut delivery, &mut |delivery| {
                delivery.rate(rating.take().ok_or(Rejection::Internal)?, by, now)
            })?;
            self.broadcast(&delivery, &outcome);
            Response::from_json(&self.snapshot(&delivery, viewer.party.into())).map_err(ours)
        });
        self.keep(delivery);
        answer
    }

    /// The image of a proof.
    pub(super) async fn proof(self: &Rc<Self>, by: Option<&Caller>, id: &str) -> Answer {
        let mut delivery = self.take_live()?;
        let permitted = self
            .viewer(&delivery, by, None, Action::SeeProof)
            .and_then(|viewer| self.note_visit(&mut delivery, &viewer, by, Look::Proof));
        let known = delivery.live.handover.proofs.iter().find(|proof| proof.id == id);
        let content_type = known.and_then(|proof| proof.content_type.clone());
        let tracking_id = delivery.facts.tracking_id.as_str().to_owned();
        self.keep(delivery);
        permitted?;
        let content_type =
            content_type.ok_or_else(|| Rejection::NotFound("there is no such image".into()))?;
        Proofs::of(&self.env)?.read(&tracking_id, id, &content_type).await
    }
}
