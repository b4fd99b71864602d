/**
 * The names of what crosses the network, as the pages use them.
 *
 * The shapes are generated from the Rust types (`wire.generated.ts`). Written here are only frames
 * that the contract promises and the generated document does not hold yet; each goes when it does.
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

/** The ETA moved without a position. */
export type EtaUpdate = Pick<Snapshot, "eta_seconds" | "eta_at" | "seq" | "server_time"> &
  Partial<Pick<Snapshot, "eta_range" | "eta_source" | "eta_confidence" | "remaining_m" | "progress" | "stops_before">>;

/** The driver came or went. */
export type Presence = Pick<Snapshot, "driver_online" | "seq" | "server_time"> & { reason?: string | null };

/** The driver reached or left a place. */
export interface Geofence {
  event: "approaching" | "arrived" | "departed";
  place: "pickup" | "dropoff";
  /** Unix seconds. */
  at: number;
  seq: number;
  server_time: number;
}

/** Everything the service may send to a watcher. */
export type ServerFrame =
  | Schemas["ServerFrame"]
  | { type: "eta_update"; data: EtaUpdate }
  | { type: "presence"; data: Presence }
  | { type: "geofence"; data: Geofence };

/** What any frame may carry besides its own fields. */
export interface FrameExtras {
  /** Asks the watcher to answer `{"type":"ack","seq":…}`. */
  ack?: boolean;
  /** On the error that precedes a close for "Rate limit": seconds. */
  retry_after?: number;
}
