/** Markers that glide from fix to fix. Pure: whoever draws them says what time it is. */
import { type Point, between, distance } from "../client";

/** No glide takes longer: a marker must not lag behind by more than a fix. */
export const LONGEST_MS = 6_000;
const SHORTEST_MS = 800;
/** Further than this nobody drove: the marker is simply there. */
export const JUMP_M = 1_500;
/** Nearer than this nobody sees it move. */
const STILL_M = 0.5;

export interface Glide {
  readonly from: Point;
  readonly to: Point;
  /** Monotonic milliseconds. */
  readonly since: number;
  readonly ms: number;
}

export function rest(point: Point): Glide {
  return { from: point, to: point, since: 0, ms: 0 };
}

/** Sets out for `to` from where it is seen, for about as long as the last fix was on its way. */
export function towards(glide: Glide, to: Point, now: number, still: boolean): Glide {
  const from = placeOf(glide, now);
  const metres = distance(from, to);
  if (still || metres < STILL_M || metres > JUMP_M) return { from: to, to, since: now, ms: 0 };
  const gap = glide.since === 0 ? LONGEST_MS / 2 : now - glide.since;
  return { from, to, since: now, ms: Math.min(Math.max(gap, SHORTEST_MS), LONGEST_MS) };
}

export function placeOf({ from, to, since, ms }: Glide, now: number): Point {
  if (ms === 0 || now >= since + ms) return to;
  return between(from, to, Math.max(0, (now - since) / ms));
}

export function isGliding({ since, ms }: Glide, now: number): boolean {
  return ms > 0 && now < since + ms;
}
