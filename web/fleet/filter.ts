/** Which deliveries are shown, and how that is written into the address. Pure. */
import { isFinal } from "../client";
import { STATUSES } from "../client/delivery";
import type { FleetDelivery, Mode, Status } from "../client/wire";
import { CONCERNS, type Concern, concernsOf } from "./urgency";

export interface Filter {
  readonly query: string;
  /** Any of them; none: all that are not over. */
  readonly statuses: readonly Status[];
  /** Any of them; none: whatever. */
  readonly concerns: readonly Concern[];
  readonly store: string | null;
  readonly driver: string | null;
  readonly mode: Mode | null;
}

export const NO_FILTER: Filter = { query: "", statuses: [], concerns: [], store: null, driver: null, mode: null };

export const MODES: readonly Mode[] = ["foot", "bicycle", "scooter", "car", "van", "truck"];

/** What the query of an address says; what it says wrongly is passed over. */
export function readFilter(search: string): Filter {
  const params = new URLSearchParams(search);
  return {
    query: params.get("q") ?? "",
    statuses: several(params.get("status")?.toUpperCase(), STATUSES),
    concerns: several(params.get("show")?.toLowerCase(), CONCERNS),
    store: params.get("store") || null,
    driver: params.get("driver") || null,
    mode: several(params.get("mode")?.toLowerCase(), MODES)[0] ?? null,
  };
}

/** The query of the address, with its question mark. A tracking id opens a delivery: it is never put there. */
export function writeFilter({ query, statuses, concerns, store, driver, mode }: Filter): string {
  const params = new URLSearchParams();
  if (query.trim() !== "" && !/^trk-/i.test(query.trim())) params.set("q", query.trim());
  if (statuses.length > 0) params.set("status", statuses.join(","));
  if (concerns.length > 0) params.set("show", concerns.join(","));
  if (store !== null) params.set("store", store);
  if (driver !== null) params.set("driver", driver);
  if (mode !== null) params.set("mode", mode);
  const text = params.toString().replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}

export function isNarrow(filter: Filter): boolean {
  return writeFilter(filter) !== "" || filter.query.trim() !== "";
}

/** Whether `filter` shows `delivery`; `without` leaves its concerns out of it, to count them. */
export function matches(filter: Filter, delivery: FleetDelivery, now: number, without?: "concerns"): boolean {
  const { statuses, concerns, store, driver, mode } = filter;
  if (statuses.length === 0 ? isFinal(delivery.status) : !statuses.includes(delivery.status)) return false;
  if (store !== null && delivery.store_id !== store) return false;
  if (driver !== null && delivery.driver_id !== driver) return false;
  if (mode !== null && delivery.mode !== mode) return false;
  if (without === undefined && concerns.length > 0) {
    const found = concernsOf(delivery, now);
    if (!concerns.some((concern) => found.includes(concern))) return false;
  }
  return says(delivery, filter.query.trim().toLowerCase());
}

export function toggled<T>(list: readonly T[], value: T): readonly T[] {
  return list.includes(value) ? list.filter((other) => other !== value) : [...list, value];
}

/** Each word is in one of its names. */
function says({ order_id, tracking_id, driver_id, store_id }: FleetDelivery, query: string): boolean {
  if (query === "") return true;
  const names = `${order_id}\n${tracking_id}\n${driver_id ?? ""}\n${store_id ?? ""}`.toLowerCase();
  return query.split(/\s+/).every((word) => names.includes(word));
}

function several<T extends string>(text: string | undefined, known: readonly T[]): T[] {
  const named = new Set(text?.split(","));
  return known.filter((value) => named.has(value));
}
