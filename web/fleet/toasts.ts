/** What is said aloud: what newly needs a human, each once, and never more than a person can read. Pure. */
import { isFinal } from "../client";
import type { FleetDelivery } from "../client/wire";
import { type Concern, concernsOf } from "./urgency";

export type Alarm = Extract<Concern, "emergency" | "late"> | "lost" | "failed";

export interface Toast {
  /** Of the delivery and its alarm: no two are said alike. */
  readonly key: string;
  readonly alarm: Alarm;
  readonly tracking_id: string;
  readonly order_id: string;
}

/** The most at once: the list has the rest. */
export const MAX_TOASTS = 4;
/** More than so many at once are one sentence: a restart or a storm, not so many surprises. */
export const STORM = 8;

export interface Heard {
  /** What was said already, or stood when the page opened. */
  readonly alarms: ReadonlyMap<string, ReadonlySet<Alarm>>;
  readonly toasts: readonly Toast[];
  /** How many came in a storm. */
  readonly storm: number;
}

export const SILENCE: Heard = { alarms: new Map(), toasts: [], storm: 0 };

export function alarmsOf(delivery: FleetDelivery, now: number): Set<Alarm> {
  const concerns = concernsOf(delivery, now);
  const alarms = new Set<Alarm>();
  if (concerns.includes("emergency")) alarms.add("emergency");
  if (concerns.includes("late")) alarms.add("late");
  if (concerns.includes("stale") && delivery.location_state === "lost") alarms.add("lost");
  if (delivery.status === "FAILED") alarms.add("failed");
  return alarms;
}

/** What is heard after `deliveries` were looked at; `quiet`: they stood before anybody looked. */
export function hear(heard: Heard, deliveries: Iterable<FleetDelivery>, now: number, quiet: boolean): Heard {
  // Copied once something changes in it: a fleet tells of its positions each second, and most alarms stay.
  let copy: Map<string, ReadonlySet<Alarm>> | null = null;
  const alarms = (): Map<string, ReadonlySet<Alarm>> => (copy ??= new Map(heard.alarms));
  const fresh: Toast[] = [];
  const over = new Set<string>();
  for (const delivery of deliveries) {
    const { tracking_id, order_id } = delivery;
    const found = alarmsOf(delivery, now);
    const before = heard.alarms.get(tracking_id);
    if (found.size === 0 && before === undefined) continue;
    for (const alarm of before ?? []) if (!found.has(alarm)) over.add(`${tracking_id} ${alarm}`);
    for (const alarm of found) {
      if (!before?.has(alarm)) fresh.push({ key: `${tracking_id} ${alarm}`, alarm, tracking_id, order_id });
    }
    // An ETA around the promise flickers: late is said once, as long as it is under way. Others may come again.
    if (before?.has("late") && !isFinal(delivery.status)) found.add("late");
    if (found.size === 0) alarms().delete(tracking_id);
    else if (!alike(found, before)) alarms().set(tracking_id, found);
  }
  const standing = over.size === 0 ? heard.toasts : heard.toasts.filter(({ key }) => !over.has(key));
  if (copy === null && standing === heard.toasts) return heard;
  const known = copy ?? heard.alarms;
  if (quiet || fresh.length === 0) return { ...heard, alarms: known, toasts: standing };
  if (fresh.length > STORM) {
    const emergencies = fresh.filter(({ alarm }) => alarm === "emergency");
    return { alarms: known, toasts: newest([...standing, ...emergencies]), storm: heard.storm + fresh.length };
  }
  return { alarms: known, toasts: newest([...standing, ...fresh]), storm: heard.storm };
}

/** What is heard once the fleet has these no more: nobody can look at what a toast would open. */
export function forget(heard: Heard, removed: readonly string[]): Heard {
  const gone = new Set(removed.filter((id) => heard.alarms.has(id)));
  if (gone.size === 0) return heard;
  const alarms = new Map([...heard.alarms].filter(([id]) => !gone.has(id)));
  return { ...heard, alarms, toasts: heard.toasts.filter(({ tracking_id }) => !gone.has(tracking_id)) };
}

export function dismiss(heard: Heard, key: string | null): Heard {
  if (key === null) return { ...heard, storm: 0 };
  return { ...heard, toasts: heard.toasts.filter((toast) => toast.key !== key) };
}

function alike(found: ReadonlySet<Alarm>, before: ReadonlySet<Alarm> | undefined): boolean {
  return found.size === before?.size && [...found].every((alarm) => before.has(alarm));
}

/** An emergency stays until somebody takes it away; of the others the oldest goes first. */
function newest(toasts: readonly Toast[]): readonly Toast[] {
  const urgent = toasts.filter(({ alarm }) => alarm === "emergency").slice(-MAX_TOASTS);
  const rest = toasts.filter(({ alarm }) => alarm !== "emergency");
  return [...urgent, ...rest.slice(Math.max(0, rest.length - (MAX_TOASTS - urgent.length)))];
}
