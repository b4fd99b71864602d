/** A customer's own delivery in words. Pure, so that every state can be tested as a sentence. */
import type { OwnDelivery } from "../client/wire";
import type { Formatter } from "../track/format";
import { HEADLINES } from "../track/words";
import { isActive } from "./own";

export interface RowView {
  id: string;
  active: boolean;
  headline: string;
  tone: "going" | "done" | "failed" | "quiet";
  /** "Expected at 12:40", "Planned for 12:40–12:50", "5 Jan"; null where nothing is known. */
  when: string | null;
  iso: string | null;
  address: string;
  order: string;
  stars: number | null;
  /** Why it cannot be opened. */
  closed: string | null;
}

export function rowOf(delivery: OwnDelivery, now: number, format: Formatter): RowView {
  const { dropoff, status, order_id, tracking_id, expired, rating } = delivery;
  const active = isActive(delivery);
  return {
    id: tracking_id,
    active,
    headline: HEADLINES[status],
    tone: toneOf(delivery, active),
    ...(active ? expectedOf(delivery, now, format) : endedOf(delivery, now, format)),
    address: dropoff.address ?? `${dropoff.lat.toFixed(5)}, ${dropoff.lng.toFixed(5)}`,
    order: order_id,
    stars: rating?.stars ?? null,
    closed: expired ? "Expired: its page was taken down." : null,
  };
}

/** The page of a delivery; the token goes along where no server ever sees it. */
export function pageOf(tracking_id: string, token: string): string {
  return `/track/${encodeURIComponent(tracking_id)}#token=${encodeURIComponent(token)}`;
}

/** What a screen reader is told once a list was loaded. */
export function countWords(active: number, past: number, more: boolean): string {
  if (active + past === 0) return "No deliveries yet.";
  return `${active === 0 ? "No" : active} active, ${past}${more ? " or more" : ""} past.`;
}

function toneOf({ status }: OwnDelivery, active: boolean): RowView["tone"] {
  if (status === "DELIVERED") return "done";
  if (status === "FAILED") return "failed";
  return active && status !== "CREATED" ? "going" : "quiet";
}

function expectedOf({ eta_at, window }: OwnDelivery, now: number, format: Formatter): Pick<RowView, "when" | "iso"> {
  if (typeof eta_at === "number") return { when: `Expected at ${format.moment(eta_at * 1_000, now)}`, iso: isoOf(eta_at) };
  const [from, to] = [window?.from ?? null, window?.to ?? null];
  if (from !== null && to !== null) {
    const [low, high] = [from * 1_000, to * 1_000];
    return { when: `Planned for ${format.moment(low, now)}–${format.moment(high, low)}`, iso: null };
  }
  if (to !== null) return { when: `Planned by ${format.moment(to * 1_000, now)}`, iso: null };
  return { when: from === null ? null : `Planned from ${format.moment(from * 1_000, now)}`, iso: null };
}

function endedOf({ ended_at, started_at }: OwnDelivery, now: number, format: Formatter): Pick<RowView, "when" | "iso"> {
  const at = ended_at ?? started_at;
  return { when: format.date(at * 1_000, now), iso: isoOf(at) };
}

function isoOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
