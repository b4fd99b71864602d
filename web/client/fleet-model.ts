/**
 * Many deliveries as a dashboard knows them: what each shard's socket said, merged.
 *
 * A shard tells all it has in pages, and from then on what changes. Both functions are pure: they
 * say what the frame changed, so that a map and a list touch nothing else.
 */
import type { FleetChange, FleetDelivery, FleetFrame, FleetMoved, FleetPage } from "./wire";

/** What a frame changed. */
export interface Difference {
  readonly changed: readonly FleetDelivery[];
  readonly removed: readonly string[];
}

export const NO_DIFFERENCE: Difference = { changed: [], removed: [] };

/** The pages of a state while they come. */
interface Pages {
  /** The one that comes next. */
  readonly next: number;
  /** What is there: on a page, or in an update since the first. */
  readonly seen: ReadonlySet<string>;
  /** What was removed since the first page: a later one may still have it. */
  readonly gone: ReadonlySet<string>;
}

/** What one socket has told. */
export interface ShardModel {
  readonly deliveries: ReadonlyMap<string, FleetDelivery>;
  readonly pages: Pages | null;
  /** All of it was told since the socket opened: before, what is known may be over. */
  readonly complete: boolean;
}

export const EMPTY_SHARD: ShardModel = { deliveries: new Map(), pages: null, complete: false };

export interface Absorbed {
  readonly shard: ShardModel;
  readonly difference: Difference;
}

/** `shard` after `frame`. */
export function absorb(shard: ShardModel, frame: FleetFrame): Absorbed {
  switch (frame.type) {
    case "fleet_state":
      return absorbPage(shard, frame.data);
    case "fleet_update":
      return absorbChange(shard, frame.data);
    default:
      return { shard, difference: NO_DIFFERENCE };
  }
}

/** `shard` once its socket is lost: what it told stays, and half a state is none. */
export function silent(shard: ShardModel): ShardModel {
  return { ...shard, pages: null, complete: false };
}

/** Everything a shard has, as one answer over HTTP told it. */
export function replace(shard: ShardModel, deliveries: readonly FleetDelivery[]): Absorbed {
  const page = { page: 1, pages: 1, deliveries: [...deliveries], seq: 0, shards: 1, server_time: 0 };
  return absorbPage(shard, page);
}

function absorbPage(shard: ShardModel, { page, pages, deliveries }: FleetPage): Absorbed {
  const before: Pages | null = page === 1 ? { next: 1, seen: new Set(), gone: new Set() } : shard.pages;
  // The beginning was missed: what is known stays until a state comes whole.
  if (before === null || page !== before.next) return { shard: { ...shard, pages: null }, difference: NO_DIFFERENCE };
  const known = new Map(shard.deliveries);
  const seen = new Set(before.seen);
  const changed: FleetDelivery[] = [];
  for (const delivery of deliveries) {
    if (before.gone.has(delivery.tracking_id)) continue;
    seen.add(delivery.tracking_id);
    if (put(known, delivery)) changed.push(delivery);
  }
  if (page < pages) {
    return { shard: { ...shard, deliveries: known, pages: { ...before, next: page + 1, seen } }, difference: { changed, removed: [] } };
  }
  const removed = [...known.keys()].filter((id) => !seen.has(id));
  for (const id of removed) known.delete(id);
  return { shard: { deliveries: known, pages: null, complete: true }, difference: { changed, removed } };
}

function absorbChange(shard: ShardModel, { deliveries, moved, removed: left }: FleetChange): Absorbed {
  const known = new Map(shard.deliveries);
  const seen = new Set(shard.pages?.seen);
  const gone = new Set(shard.pages?.gone);
  const changed: FleetDelivery[] = [];
  for (const delivery of deliveries) {
    seen.add(delivery.tracking_id);
    gone.delete(delivery.tracking_id);
    if (put(known, delivery)) changed.push(delivery);
  }
  for (const motion of moved) {
    const next = move(known.get(motion.tracking_id), motion);
    if (next === null) continue;
    known.set(next.tracking_id, next);
    changed.push(next);
  }
  const removed = left.filter((id) => known.delete(id));
  for (const id of left) {
    seen.delete(id);
    gone.add(id);
  }
  const pages = shard.pages && { ...shard.pages, seen, gone };
  return { shard: { ...shard, deliveries: known, pages }, difference: { changed, removed } };
}

/** Of one that is unknown, a position alone says too little: the next state brings it. */
function move(known: FleetDelivery | undefined, motion: FleetMoved): FleetDelivery | null {
  return known === undefined || motion.seq < known.seq ? null : { ...known, ...motion };
}

/** Equal numbers may still differ: a position ages without an event. */
function put(known: Map<string, FleetDelivery>, delivery: FleetDelivery): boolean {
  const before = known.get(delivery.tracking_id);
  if (before !== undefined && before.seq > delivery.seq) return false;
  known.set(delivery.tracking_id, delivery);
  return true;
}

/**
 * All shards as one. A delivery belongs to the shard that told of it last: while a deployment
 * changes their number two may have it, and the one that lets it go must not take it from the other.
 */
export class Merged {
  private readonly known = new Map<string, FleetDelivery>();
  private readonly owners = new Map<string, string>();

  get deliveries(): ReadonlyMap<string, FleetDelivery> {
    return this.known;
  }

  /** What of `shard`'s difference changes the whole. */
  apply(shard: string, { changed, removed }: Difference): Difference {
    const taken: FleetDelivery[] = [];
    for (const delivery of changed) {
      this.owners.set(delivery.tracking_id, shard);
      const before = this.known.get(delivery.tracking_id);
      if (before !== undefined && before.seq > delivery.seq) continue;
      this.known.set(delivery.tracking_id, delivery);
      taken.push(delivery);
    }
    const left = removed.filter((id) => this.owners.get(id) === shard);
    for (const id of left) {
      this.owners.delete(id);
      this.known.delete(id);
    }
    return { changed: taken, removed: left };
  }

  /** A shard that is no more. */
  drop(shard: string): Difference {
    const removed = [...this.owners].filter(([, owner]) => owner === shard).map(([id]) => id);
    return this.apply(shard, { changed: [], removed });
  }
}
