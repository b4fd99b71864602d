/** What of a delivery needs a human, and how urgently. Pure: the list, the map and the toasts agree. */
import { isFinal, isUnderWay } from "../client";
import type { FleetDelivery } from "../client/wire";

/** The most urgent first. */
export const CONCERNS = ["emergency", "late", "stale", "off_route", "unassigned"] as const;
export type Concern = (typeof CONCERNS)[number];

/** What a delivery is shown as: its concern, else where it stands. */
export const TONES = [...CONCERNS, "moving", "assigned", "done", "failed"] as const;
export type Tone = (typeof TONES)[number];

/** Whether a tone is a concern, and not only where the delivery stands. */
export function isConcern(tone: Tone): tone is Concern {
  return (CONCERNS as readonly Tone[]).includes(tone);
}

/** A promise without an end comes after all that have one. */
const NO_PROMISE = 1e11;
/** Seconds: no two promises are so far apart that a rank could be overtaken. */
const RANK = 1e12;

/** Whether it is, or will be, after what was promised. `now` in Unix milliseconds. */
export function isLate(delivery: FleetDelivery, now: number): boolean {
  return (latenessOf(delivery, now) ?? 0) > 0;
}

/** Seconds after the promise, negative before it; null where nothing was promised, or all is over. */
export function latenessOf({ status, window, eta_at }: FleetDelivery, now: number): number | null {
  const to = window?.to ?? null;
  if (to === null || isFinal(status)) return null;
  return Math.max(eta_at ?? 0, Math.floor(now / 1_000)) - to;
}

export function concernsOf(delivery: FleetDelivery, now: number): Concern[] {
  const { status, emergency, location_state, off_route } = delivery;
  if (isFinal(status)) return [];
  const found: Concern[] = [];
  if (emergency) found.push("emergency");
  if (isLate(delivery, now)) found.push("late");
  if (location_state === "stale" || location_state === "lost") found.push("stale");
  if (off_route) found.push("off_route");
  if (status === "CREATED") found.push("unassigned");
  return found;
}

export function toneOf(delivery: FleetDelivery, now: number): Tone {
  const concern = concernsOf(delivery, now)[0];
  if (concern !== undefined) return concern;
  if (isUnderWay(delivery.status)) return "moving";
  if (delivery.status === "ASSIGNED") return "assigned";
  return delivery.status === "DELIVERED" ? "done" : "failed";
}

/** When it is to be there, in Unix seconds. */
export function promiseOf({ window, eta_at }: FleetDelivery): number | null {
  return window?.to ?? eta_at ?? null;
}

/** A delivery in the list, with what its place there follows from. */
export interface Ranked {
  readonly delivery: FleetDelivery;
  readonly tone: Tone;
  readonly order: number;
}

/** The most urgent first, within that the earliest promise; what is over comes last, the newest first. */
export function rank(deliveries: Iterable<FleetDelivery>, now: number): Ranked[] {
  const ranked: Ranked[] = [];
  for (const delivery of deliveries) {
    const tone = toneOf(delivery, now);
    ranked.push({ delivery, tone, order: orderOf(delivery, tone) });
  }
  return ranked.toSorted((a, b) => a.order - b.order || (a.delivery.tracking_id < b.delivery.tracking_id ? -1 : 1));
}

function orderOf(delivery: FleetDelivery, tone: Tone): number {
  if (isFinal(delivery.status)) return (CONCERNS.length + 2) * RANK - delivery.status_at;
  const concern = (CONCERNS as readonly Tone[]).indexOf(tone);
  return (concern === -1 ? CONCERNS.length : concern) * RANK + (promiseOf(delivery) ?? NO_PROMISE);
}
