/** Which positions are worth reporting. */
import type { Fix, Sampling } from "./driver-wire";
import { distance } from "./geo";

/** Until the service says otherwise. */
export const DEFAULT_SAMPLING: Sampling = { interval_s: 5, min_displacement_m: 10 };

/** Who stands still is heard of this often: watchers call a position stale after 90 s. */
export const SIGN_OF_LIFE_S = 60;

/** Timers of phones are not exact: a fix that comes this much early is on time. */
const EARLY_MS = 250;

export function isDue(last: Fix | null, fix: Fix, { interval_s, min_displacement_m }: Sampling): boolean {
  if (last === null) return true;
  const waited = fix.timestamp - last.timestamp;
  // The clock was set back, and the last fix says nothing about this one.
  if (waited < 0) return true;
  if (waited < interval_s * 1_000 - EARLY_MS) return false;
  return distance(last, fix) >= min_displacement_m || waited >= Math.max(SIGN_OF_LIFE_S, interval_s) * 1_000 - EARLY_MS;
}
