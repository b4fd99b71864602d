/** The connection in words, with a dot for those who glance. */
import type { JSX } from "preact";
import type { BadgeView } from "./view";

export function Badge({ badge }: { badge: BadgeView | null }): JSX.Element | null {
  if (!badge) return null;
  return (
    <p class={`badge badge--${badge.kind}`}>
      <span class="badge__dot" aria-hidden="true" />
      <span class="visually-hidden">Connection: </span>
      {badge.words}
    </p>
  );
}
