/** How many deliveries there are, as a screen reader is told: now and then, not with each frame. Pure. */
import type { Filter } from "./filter";

/** What was said, and what of. */
export interface Said {
  readonly words: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** What was looked for: another one is answered at once. */
  readonly filter: Filter;
}

/** Numbers that change by themselves are said at most this often. */
export const SAY_EVERY_MS = 60_000;

/** What stands said now; the very same where there is nothing new to say. */
export function summarise(said: Said | null, shown: number, urgent: number, filter: Filter, now: number): Said {
  const words = `${shown} ${shown === 1 ? "delivery" : "deliveries"}, ${urgent} ${urgent === 1 ? "needs" : "need"} attention.`;
  if (said === null || said.filter !== filter) return { words, at: now, filter };
  // Also where the clock was set: it must not be silent until then.
  return said.words === words || Math.abs(now - said.at) < SAY_EVERY_MS ? said : { words, at: now, filter };
}
