/** What the filters let through, ranked, as marks, and counted: once for each change. */
import { useMemo } from "preact/hooks";
import type { FleetDelivery, Status } from "../client/wire";
import { type Filter, matches } from "./filter";
import { type Mark, markOf } from "./shapes";
import { type Concern, type Ranked, concernsOf, rank } from "./urgency";

export interface Counts {
  /** Of what the other filters let through. */
  readonly concerns: Readonly<Record<Concern, number>>;
  readonly statuses: Readonly<Partial<Record<Status, number>>>;
  readonly all: number;
  /** What needs a human, whatever the filters. */
  readonly urgent: number;
  readonly stores: readonly string[];
  readonly drivers: readonly string[];
}

export interface Rows {
  readonly rows: readonly Ranked[];
  readonly marks: ReadonlyMap<string, Mark>;
  readonly counts: Counts;
}

/** Names to choose from: more than a person looks through. */
const MAX_NAMES = 500;

export function rowsOf(deliveries: ReadonlyMap<string, FleetDelivery>, filter: Filter, now: number): Rows {
  const concerns: Record<Concern, number> = { emergency: 0, late: 0, stale: 0, off_route: 0, unassigned: 0 };
  const statuses: Partial<Record<Status, number>> = {};
  const [stores, drivers] = [new Set<string>(), new Set<string>()];
  const shown: FleetDelivery[] = [];
  let [all, urgent] = [0, 0];
  for (const delivery of deliveries.values()) {
    const { status, store_id, driver_id } = delivery;
    const found = concernsOf(delivery, now);
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (found.some((concern) => concern !== "unassigned")) urgent += 1;
    if (store_id) stores.add(store_id);
    if (driver_id) drivers.add(driver_id);
    if (!matches(filter, delivery, now, "concerns")) continue;
    all += 1;
    for (const concern of found) concerns[concern] += 1;
    if (filter.concerns.length === 0 || filter.concerns.some((concern) => found.includes(concern))) shown.push(delivery);
  }
  const rows = rank(shown, now);
  const marks = new Map(rows.map((row) => [row.delivery.tracking_id, markOf(row)]));
  const names = (set: Set<string>): string[] => [...set].toSorted().slice(0, MAX_NAMES);
  return { rows, marks, counts: { concerns, statuses, all, urgent, stores: names(stores), drivers: names(drivers) } };
}

export function useRows(deliveries: ReadonlyMap<string, FleetDelivery>, filter: Filter, now: number, revision: number): Rows {
  // The revision says that the map, which stays the same object, has other contents.
  return useMemo(() => rowsOf(deliveries, filter, now), [deliveries, filter, revision]);
}
