/** What a screen reader is told, and when: news, not every fix. */
import type { BadgeView, View } from "./view";

/** What was last said, to tell news from noise. */
export interface Said {
  readonly headline: string;
  /** Unix milliseconds. */
  readonly arrival: number | null;
  readonly cut: boolean;
}

/** An ETA that moves by less than this is no news. */
export const ETA_NEWS_MS = 120_000;

/** The sentence to say now, or null; and what then counts as said. The first view is not news. */
export function announce(
  said: Said | null,
  view: View,
  arrival: number | null,
  badge: BadgeView | null,
): { words: string | null; said: Said } {
  const cut = badge?.kind === "offline";
  const words: string[] = [];
  const before = said?.arrival ?? null;
  const moved = arrival !== null && (before === null || Math.abs(arrival - before) >= ETA_NEWS_MS);
  if (said && said.headline !== view.headline) words.push(`${view.headline}.`);
  if (said && moved && view.eta) words.push(`Expected at ${[view.eta.clock, view.eta.half].filter(Boolean).join(" ")}, ${view.eta.minutes}.`);
  if (said && cut !== said.cut) words.push(cut ? "Connection lost." : "Connected again.");
  return {
    words: words.length > 0 ? words.join(" ") : null,
    said: { headline: view.headline, arrival: moved || arrival === null ? arrival : before, cut },
  };
}
