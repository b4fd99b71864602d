/**
 * The delivery's time, read off the server's frames.
 *
 * Ages and minutes never trust the device's own clock, which may be hours off. Each frame carries
 * `server_time` (ms); between frames a monotonic clock counts on from there, at the delivery's
 * `rate` when its clock is simulated.
 */

/** At monotonic instant `at` (ms) the delivery's clock showed `server_time` (ms). */
export interface ClockAnchor {
  readonly server_time: number;
  readonly at: number;
  /** Delivery seconds per real second: 1 unless the clock is simulated. */
  readonly rate: number;
}

/** A frame further behind than this is not slow: the server's clock was set back. */
const SET_BACK_MS = 60_000;

/** The delivery's now in milliseconds, at monotonic instant `at`. */
export function nowAt(anchor: ClockAnchor, at: number): number {
  return anchor.server_time + (at - anchor.at) * anchor.rate;
}

/**
 * The better of what was known and what a frame says.
 *
 * A frame that was delayed on its way shows an earlier time than its moment of arrival deserves,
 * so the one that is furthest ahead travelled fastest and is kept. A changed rate or a clock that
 * was set back replaces everything.
 */
export function observe(
  known: ClockAnchor | null,
  server_time: number,
  at: number,
  rate = known?.rate ?? 1,
): ClockAnchor {
  const seen: ClockAnchor = { server_time, at, rate };
  if (known === null || known.rate !== rate) return seen;
  const behind = nowAt(known, at) - server_time;
  return behind > 0 && behind < SET_BACK_MS * Math.max(rate, 1) ? known : seen;
}
