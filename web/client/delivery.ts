/**
 * One delivery as a client knows it: a snapshot and every frame since, merged.
 *
 * `merge` is the only way this state changes. It is pure, and returns the very same object for a
 * frame that brings nothing new, so that repeats and late answers cost no drawing.
 */
import { decodeTrail, extendTrail, type Point, samePlace } from "./trail";
import type { LocationUpdate, ServerFrame, Snapshot, Status, StatusUpdate, TimelineEntry } from "./wire";

/** The expected arrival, in Unix milliseconds of the delivery's clock. */
export interface Arrival {
  readonly at: number;
  /** The span it probably falls in, where one is published. */
  readonly from: number | null;
  readonly to: number | null;
}

export interface Delivery {
  /** The newest of each field. Its `trail` is of the last snapshot: `trail` below is the whole. */
  readonly snapshot: Snapshot;
  /** The line driven, oldest first, ending at the current location. Points once on it stay the same objects. */
  readonly trail: readonly Point[];
  readonly arrival: Arrival | null;
}

/** The way of a delivery that goes well. */
export const PATH: readonly Status[] = ["CREATED", "ASSIGNED", "PICKED_UP", "IN_TRANSIT", "DELIVERED"];
const FINAL: readonly Status[] = ["DELIVERED", "FAILED", "CANCELLED"];
export const STATUSES: readonly Status[] = [...new Set([...PATH, ...FINAL])];

/** Whether the driver has what is to be delivered. */
export function isUnderWay(status: Status): boolean {
  return status === "PICKED_UP" || status === "IN_TRANSIT";
}

export function isFinal(status: Status): boolean {
  return FINAL.includes(status);
}

/** A delivery as one snapshot shows it. */
export function fromSnapshot(snapshot: Snapshot): Delivery {
  const points = decodeTrail(snapshot.trail);
  const trail = snapshot.current_location ? extendTrail(points, [snapshot.current_location]) : points;
  return { snapshot, trail, arrival: arrivalOf(snapshot) };
}

/** `known` and what `frame` adds; `known` itself if that is nothing. */
export function merge(known: Delivery | null, frame: ServerFrame): Delivery | null {
  if (frame.type === "initial_state") return mergeSnapshot(known, frame.data);
  if (known === null) return null;
  switch (frame.type) {
    case "location_update":
      return isNewer(known, frame.data) ? mergeLocation(known, frame.data) : known;
    case "status_update":
      return isNewer(known, frame.data) ? mergeStatus(known, frame.data) : known;
    case "eta_update":
      return isNewer(known, frame.data) ? { ...withSnapshot(known, frame.data), arrival: arrivalOf(frame.data) } : known;
    case "presence": {
      const { driver_online, seq, server_time } = frame.data;
      return isNewer(known, frame.data) ? withSnapshot(known, { driver_online, seq, server_time }) : known;
    }
    case "geofence":
      // It moves nothing on a screen: what follows it does.
      return isNewer(known, frame.data) ? withSnapshot(known, { seq: frame.data.seq, server_time: frame.data.server_time }) : known;
    case "resumed":
      return isNewer(known, frame.data) ? withSnapshot(known, frame.data) : known;
    default:
      // Also kinds of frames that this version does not know.
      return known;
  }
}

function isNewer(known: Delivery, frame: { seq: number }): boolean {
  return frame.seq > known.snapshot.seq;
}

/** A snapshot of the same `seq` may still differ: location_state ages without an event. */
function mergeSnapshot(known: Delivery | null, snapshot: Snapshot): Delivery {
  if (known === null || known.snapshot.epoch !== snapshot.epoch) return fromSnapshot(snapshot);
  if (snapshot.seq < known.snapshot.seq) return known;
  const next = fromSnapshot(snapshot);
  return { ...next, trail: longerTrail(known.trail, next.trail) };
}

/** A snapshot's trail is thinned to 60 points: what a client already drew is finer, so only its end is new. */
function longerTrail(known: readonly Point[], fresh: readonly Point[]): readonly Point[] {
  const last = known.at(-1);
  if (last === undefined || fresh.length === 0) return fresh;
  const from = fresh.findLastIndex((point) => samePlace(point, last));
  return from === -1 ? fresh : extendTrail(known, fresh.slice(from + 1));
}

function mergeLocation(known: Delivery, update: LocationUpdate): Delivery {
  const { trail: encoded, ...fields } = update;
  const next = withSnapshot(known, fields);
  const location = update.current_location;
  const arrival = arrivalOf(update);
  // What an audience may no longer see is not kept on its screen either.
  if (!location) return { ...next, trail: [], arrival };
  return { ...next, trail: extendTrail(known.trail, [...decodeTrail(encoded), location]), arrival };
}

function mergeStatus(known: Delivery, update: StatusUpdate): Delivery {
  const { status, at, eta_seconds, eta_at, seq, server_time } = update;
  const timeline = extendTimeline(known.snapshot.timeline, { status, at });
  const next = withSnapshot(known, { status, timeline, eta_seconds, eta_at, seq, server_time });
  const arrival = arrivalOf(update);
  // A status does not carry the range: the one that stands holds while the estimate does.
  const same = arrival !== null && known.arrival !== null && arrival.at === known.arrival.at;
  return { ...next, arrival: same ? known.arrival : arrival };
}

/** What was skipped happened at the same instant. */
function extendTimeline(timeline: readonly TimelineEntry[], entry: TimelineEntry): TimelineEntry[] {
  const last = timeline.at(-1);
  if (last !== undefined && last.status === entry.status && last.at === entry.at) return [...timeline];
  const from = last === undefined ? -1 : PATH.indexOf(last.status);
  const skipped = from === -1 ? [] : PATH.slice(from + 1, Math.max(PATH.indexOf(entry.status), from + 1));
  return [...timeline, ...skipped.map((status) => ({ status, at: entry.at })), entry];
}

function withSnapshot(known: Delivery, fields: Partial<Snapshot>): Delivery {
  return { ...known, snapshot: { ...known.snapshot, ...fields } };
}

/** `eta_range` counts seconds from the frame's own `server_time`, so it is made absolute at once. */
function arrivalOf(frame: Pick<Snapshot, "eta_at" | "server_time"> & { eta_range?: number[] | null }): Arrival | null {
  if (frame.eta_at === null || frame.eta_at === undefined) return null;
  const [low, high] = frame.eta_range ?? [];
  return {
    at: frame.eta_at * 1_000,
    from: low === undefined ? null : frame.server_time + low * 1_000,
    to: high === undefined ? null : frame.server_time + high * 1_000,
  };
}
