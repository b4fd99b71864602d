/**
 * The names of what crosses the network, as the pages use them.
 *
 * The shapes are generated from the Rust types (`wire.generated.ts`). A frame of another kind than
 * these may come from a newer service, and is passed over.
 */
import type { components } from "./wire.generated";

type Schemas = components["schemas"];

export type Snapshot = Schemas["Snapshot"];
export type Status = Snapshot["status"];
export type LocationState = Snapshot["location_state"];
export type Location = Schemas["Location"];
export type Place = Schemas["Place"];
export type TimelineEntry = Schemas["TimelineEntry"];
export type LocationUpdate = Schemas["LocationUpdate"];
export type StatusUpdate = Schemas["StatusUpdate"];
export type Problem = Schemas["Problem"];
export type Proof = Schemas["ProofView"];
export type Rating = Schemas["RatingView"];
export type History = Schemas["History"];
export type HistoryPoint = Schemas["HistoryPoint"];
export type OwnDelivery = Schemas["OwnDelivery"];
export type OwnDeliveries = Schemas["OwnDeliveries"];

/** Everything the service may send to a watcher. */
export type ServerFrame = Schemas["ServerFrame"];

/** A frame before anybody knows what it says. */
export interface AnyFrame {
  type: string;
}

/** What any frame may carry besides its own fields. */
export interface FrameExtras {
  data?: { seq?: number };
  /** Asks the watcher to answer `{"type":"ack","seq":…}`. */
  ack?: boolean;
  /** On the error that precedes a close for "Rate limit": seconds. */
  retry_after?: number;
}

/*
 * Share links, as `/tracking/{id}/links` speaks of them. Written by hand until they are generated.
 */

export interface LinkEntry {
  id: string;
  /** Whom it is for. */
  label: string;
  /** Unix seconds; null: at once. */
  from: number | null;
  /** Unix seconds; null: with the delivery. */
  to: number | null;
  created_at: number;
  created_by: string;
  /** To the hour. */
  last_used_at: number | null;
}

/** A new one: `url` is shown this once. */
export interface MadeLink extends LinkEntry {
  link: string;
  url: string;
}
