/** What the page of webhooks says. Pure, so that every state can be tested as a sentence. */
import type { Attempt, EventKind, Redelivered, WebhookEndpoint } from "../client/wire";
import type { Formatter } from "../track/format";
import { type Health, healthOf } from "./health";
import type { Times } from "./times";

/** What an endpoint can hear of. */
export type Hearable = Exclude<EventKind, "test">;

export const EVENTS: Record<Hearable, string> = {
  "delivery.created": "It was made",
  "delivery.assigned": "A driver has it",
  "delivery.accepted": "The driver agreed",
  "delivery.declined": "It has no driver any more",
  "delivery.picked_up": "It was picked up",
  "delivery.in_transit": "It is on its way",
  "delivery.approaching": "The driver is near a place",
  "delivery.arrived": "The driver is at a place",
  "delivery.departed": "The driver has left the pickup",
  "delivery.delivered": "It was delivered",
  "delivery.failed": "It could not be delivered",
  "delivery.cancelled": "It was cancelled",
  "delivery.expired": "It cannot be read any more",
  "delivery.delayed": "It will be late",
  "delivery.eta_changed": "The time of arrival changed",
  "delivery.off_route": "The driver left the planned way",
  "delivery.stale": "Nothing is heard of the position",
  "delivery.resumed": "After silence, a position",
  emergency: "A driver calls for help",
};
export const NAMES = Object.keys(EVENTS) as Hearable[];

export const HEALTH_WORDS: Record<Health, string> = {
  enabled: "Enabled",
  failing: "Failing",
  disabled: "Disabled",
  off: "Disabled by hand",
};

/** The state of an endpoint, in a few words: "Failing since 12:40". */
export function stateWords(endpoint: WebhookEndpoint, now: number, format: Formatter): string {
  const health = healthOf(endpoint);
  if (health === "failing") return `Failing since ${format.moment((endpoint.failing_since ?? 0) * 1_000, now)}`;
  if (health === "disabled") return `Disabled: ${endpoint.disabled_reason ?? ""}`;
  return HEALTH_WORDS[health];
}

/** What that means, and what to do; null where all is well. */
export function adviceWords(endpoint: WebhookEndpoint): string | null {
  switch (healthOf(endpoint)) {
    case "enabled":
      return null;
    case "failing":
      return "It has taken nothing since. After five days of failures it is disabled; the attempts below say what it answers.";
    case "disabled":
      return "Nothing is sent to it. Mend the receiver, then enable it again: what had failed before can be sent again, what was missed meanwhile was not noted.";
    case "off":
      return "Nothing is sent to it, and what happens meanwhile is not noted for it.";
  }
}

/** "Everything", "3 events". */
export function eventsWords(events: readonly EventKind[] | null | undefined): string {
  if (!events) return "Everything";
  return events.length === 1 ? (events[0] ?? "") : `${events.length} events`;
}

export function storeWords(store_id: string | null | undefined): string {
  return store_id ? `Store ${store_id}` : "All deliveries";
}

export interface AttemptView {
  key: string;
  when: string;
  iso: string;
  type: string;
  event_id: string;
  tracking_id: string | null;
  attempt: number;
  /** "500", "No answer: timed out". */
  answer: string;
  answered: boolean;
  took: string;
  taken: boolean;
}

export function attemptOf(attempt: Attempt, now: number, times: Times): AttemptView {
  const { event_id, type, tracking_id, at, status, error, ms, delivered } = attempt;
  return {
    key: keyOf(attempt),
    when: times.exact(at * 1_000, now),
    iso: new Date(at * 1_000).toISOString(),
    type: type ?? "Erased",
    event_id,
    tracking_id: tracking_id ?? null,
    attempt: attempt.attempt,
    answer: typeof status === "number" ? String(status) : `No answer${error ? `: ${error}` : ""}`,
    answered: typeof status === "number",
    took: tookWords(ms),
    taken: delivered,
  };
}

/** One attempt among others. */
export function keyOf({ event_id, at, attempt }: Attempt): string {
  return `${at} ${event_id} ${attempt}`;
}

/** "35 ms", "1.2 s". */
export function tookWords(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** What became of an event that somebody waits for; null: nothing yet. */
export function outcomeWords(attempt: Attempt | null): string {
  if (attempt === null) return "It is on its way. Its attempt will be listed here once it was made.";
  const { delivered, status, error, ms } = attempt;
  if (delivered) return `It was taken: ${status ?? ""} after ${tookWords(ms)}.`;
  return `It was not taken: ${typeof status === "number" ? `the answer was ${status}` : `there was no answer${error ? ` (${error})` : ""}`}.`;
}

export function redeliveredWords({ count, more }: Redelivered): string {
  if (count === 0) return "Nothing of that time was left to send: all of it was taken.";
  const some = count === 1 ? "1 event is" : `${count} events are`;
  return `${some} on the way again.${more ? " There is more: send again once these were taken." : ""}`;
}

/** What a screen reader is told once attempts were loaded. */
export function countWords(count: number, more: boolean): string {
  if (count === 0) return "No attempts.";
  return `${count}${more ? " or more" : ""} ${count === 1 ? "attempt" : "attempts"}.`;
}
