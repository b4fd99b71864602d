/** What the pages of a fleet say. Pure. */
import type { Ending } from "../client";
import type { FleetReach } from "../client/fleet";
import type { FleetDelivery, Status } from "../client/wire";
import type { Formatter } from "../track/format";
import type { Alarm } from "./toasts";
import { type Concern, type Tone, isConcern, latenessOf } from "./urgency";

export const STATUS_WORDS: Record<Status, string> = {
  CREATED: "Unassigned",
  ASSIGNED: "Assigned",
  PICKED_UP: "Picked up",
  IN_TRANSIT: "On the way",
  DELIVERED: "Delivered",
  FAILED: "Failed",
  CANCELLED: "Cancelled",
};

/** The same as what happened. */
export const EVENT_WORDS: Record<Status, string> = { ...STATUS_WORDS, CREATED: "Created" };

export const CONCERN_WORDS: Record<Concern, string> = {
  emergency: "Emergency",
  late: "Late",
  stale: "No signal",
  off_route: "Off route",
  unassigned: "Unassigned",
};

export const TONE_WORDS: Record<Tone, string> = { ...CONCERN_WORDS, moving: "On the way", assigned: "Assigned", done: "Delivered", failed: "Not delivered" };

export const ALARM_WORDS: Record<Alarm, string> = {
  emergency: "The driver calls for help",
  late: "Will be late",
  lost: "No position for 10 minutes",
  failed: "Delivery failed",
};

export const REACH_WORDS: Record<FleetReach, string> = {
  connecting: "Connecting",
  live: "Live",
  partial: "Partly live",
  polling: "Every 15 s",
  offline: "Offline",
  ended: "Ended",
};

/** Why there is nothing more to follow; null: it goes on. */
export function endingWords(ending: Ending | null): string | null {
  switch (ending) {
    case null:
    case "stopped":
      return null;
    case "invalid_token":
      return "Your access has run out. Sign in again.";
    case "not_allowed":
      return "This token may not see these deliveries. Sign in with another.";
    default:
      return "The service closed the connection. Load the page again.";
  }
}

/** "12:40", or with the day where it is another. */
export function timeWords(seconds: number, now: number, format: Formatter): string {
  return format.moment(seconds * 1_000, now);
}

export interface Punctuality {
  readonly words: string;
  readonly late: boolean;
}

/** "8 min late", "12 min early"; null where nothing was promised. */
export function punctualityOf(delivery: FleetDelivery, now: number, format: Formatter): Punctuality | null {
  const seconds = latenessOf(delivery, now);
  if (seconds === null) return null;
  const minutes = Math.floor(Math.abs(seconds) / 60);
  if (seconds > 0) return { words: minutes === 0 ? "late" : `${format.minutes(minutes)} late`, late: true };
  // Before an estimate, the time that is left is all that is known.
  if (delivery.eta_at === null || delivery.eta_at === undefined) return { words: `${format.minutes(minutes)} left`, late: false };
  return { words: minutes === 0 ? "on time" : `${format.minutes(minutes)} early`, late: false };
}

/** The row of the list as one sentence. */
export function sentenceOf(delivery: FleetDelivery, tone: Tone, now: number, format: Formatter): string {
  const { order_id, status, driver_id, eta_at } = delivery;
  const parts = [order_id, STATUS_WORDS[status]];
  if (isConcern(tone) && tone !== "unassigned") parts.push(CONCERN_WORDS[tone]);
  if (eta_at !== null && eta_at !== undefined) parts.push(`expected ${timeWords(eta_at, now, format)}`);
  const punctuality = punctualityOf(delivery, now, format);
  if (punctuality) parts.push(punctuality.words);
  parts.push(driver_id ? `driver ${driver_id}` : "no driver");
  return `${parts.join(", ")}.`;
}

/** How long before the end, from `from` up to `to` seconds: "< 2 min", "2 min to 5 min", "40 min+". */
export function horizonWords(from: number, to: number | undefined, format: Formatter): string {
  const words = (seconds: number): string => format.minutes(Math.round(seconds / 60));
  if (to === undefined) return `${words(from)}+`;
  return from === 0 ? `< ${words(to)}` : `${words(from)} to ${words(to)}`;
}

/** A key for what is to be done once, however often it is sent. */
export function idempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
