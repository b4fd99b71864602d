/** What only those who take part in a delivery are shown, above its progress and below it. */
import "../../styles/parts.css";
import type { JSX } from "preact";
import type { Snapshot } from "../../client";
import type { Formatter } from "../format";
import type { Replaying } from "../replay/replaying";
import type { Allowed, Viewer } from "../viewer";
import { HandoverCode } from "./HandoverCode";
import { Instructions } from "./Instructions";
import { Proofs } from "./Proofs";
import { GivenRating, Rating } from "./Rating";
import { ReplayButton } from "./ReplayButton";
import { Share } from "./Share";

export interface PartsProps {
  viewer: Viewer;
  may: Allowed;
  snapshot: Snapshot;
  /** The delivery's now, in Unix milliseconds. */
  now: number;
  format: Formatter;
  replaying: boolean;
  onReplay: (replay: Replaying) => void;
}

/** What is wanted now. */
export function Above({ viewer, may, snapshot }: PartsProps): JSX.Element {
  return (
    <>
      {may.seeCode && snapshot.handover_code && <HandoverCode code={snapshot.handover_code} />}
      {may.rate && <Rating viewer={viewer} known={snapshot.rating ?? null} />}
      {may.seeRating && snapshot.rating && <GivenRating rating={snapshot.rating} />}
    </>
  );
}

/** What can wait. */
export function Below({ viewer, may, snapshot, now, format, replaying, onReplay }: PartsProps): JSX.Element {
  return (
    <>
      {may.instruct && <Instructions viewer={viewer} known={snapshot.instructions ?? ""} />}
      {may.seeProof && <Proofs viewer={viewer} proofs={snapshot.proof ?? []} now={now} format={format} />}
      {may.replay && <ReplayButton viewer={viewer} replaying={replaying} onReplay={onReplay} />}
      {may.share && <Share viewer={viewer} now={now} format={format} />}
    </>
  );
}
