/**
 * How long to wait before trying again.
 *
 * Full jitter: each wait is uniform between nothing and a ceiling that doubles. When a deploy
 * drops every socket at once, clients come back spread over the whole span instead of in waves.
 */

/** Ceiling of the first wait, in milliseconds. */
export const FIRST_CEILING_MS = 2_000;
/** Ceiling of any wait, in milliseconds. */
export const LAST_CEILING_MS = 30_000;

/**
 * The wait before retry number `attempt` (0 for the first), in milliseconds.
 * `random` is uniform in [0, 1).
 */
export function backoff(attempt: number, random: number): number {
  const doublings = Math.min(Math.max(attempt, 0), 10);
  return random * Math.min(FIRST_CEILING_MS * 2 ** doublings, LAST_CEILING_MS);
}
