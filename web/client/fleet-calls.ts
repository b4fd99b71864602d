/** What a dispatcher asks and does over HTTP. Each rejects with a `Refusal` in the service's own words. */
import { Asking } from "./asking";
import type { DriverSnapshot } from "./driver-wire";
import type { Point } from "./trail";
import type { BatchResult, DeliveryStats, DriverEntry, EmergencyView, Mode, Snapshot, Status, Timeline } from "./wire";

/** As the service takes them at once. */
export const MAX_BATCH = 500;

export interface NewDelivery {
  order_id: string;
  dropoff: Point & { address?: string };
  pickup?: (Point & { address?: string }) | null;
  driver_id?: string | null;
  store_id?: string | null;
  customer_id?: string | null;
  phone?: string | null;
  mode?: Mode;
  window?: { from: number | null; to: number | null } | null;
  instructions?: string | null;
}

export interface Correction {
  dropoff?: Point & { address?: string };
  window?: { from: number | null; to: number | null } | null;
  phone?: string | null;
  instructions?: string | null;
}

export interface DriverDetails extends DriverSnapshot {
  online: boolean;
  reason?: string | null;
  /** Unix seconds. */
  last_seen?: number | null;
  last_location?: { lat: number; lng: number; timestamp: number; battery?: number | null } | null;
}

export interface Change {
  tracking_id: string;
  status: Status;
  reason?: string;
  note?: string;
}

export class Calls extends Asking {
  snapshot(id: string, signal?: AbortSignal): Promise<Snapshot> {
    return this.ask(of(id), { ...(signal && { signal }) });
  }

  timeline(id: string, signal?: AbortSignal): Promise<Timeline> {
    return this.ask(of(id, "/events"), { ...(signal && { signal }) });
  }

  driver(id: string, signal?: AbortSignal): Promise<DriverDetails> {
    return this.ask(`/tracking/driver/${encodeURIComponent(id)}`, { ...(signal && { signal }) });
  }

  /** Free drivers, the nearest first. */
  async near({ lat, lng }: Point): Promise<DriverEntry[]> {
    const query = new URLSearchParams({ near: `${lat},${lng}`, available: "true" });
    return (await this.ask<{ drivers: DriverEntry[] }>(`/drivers?${query}`)).drivers;
  }

  acknowledge(id: string): Promise<EmergencyView> {
    return this.ask(`/emergencies/${encodeURIComponent(id)}/acknowledge`, { method: "POST" });
  }

  assign(id: string, driver_id: string): Promise<Snapshot> {
    return this.send("POST", of(id, "/assign"), { driver_id });
  }

  unassign(id: string): Promise<Snapshot> {
    return this.ask(of(id, "/unassign"), { method: "POST" });
  }

  cancel(id: string, reason: string): Promise<Snapshot> {
    return this.send("POST", of(id, "/cancel"), reason === "" ? {} : { reason });
  }

  status({ tracking_id, ...change }: Change): Promise<Snapshot> {
    return this.send("POST", of(tracking_id, "/status"), change);
  }

  correct(id: string, correction: Correction): Promise<Snapshot> {
    return this.send("PATCH", of(id), correction);
  }

  async statuses(updates: readonly Change[]): Promise<BatchResult[]> {
    const answer = await this.send<{ results: BatchResult[] }>("POST", "/tracking/batch/status", { updates: updates.slice(0, MAX_BATCH) });
    return answer.results;
  }

  reorder(driver_id: string, tracking_ids: readonly string[]): Promise<unknown> {
    return this.send("PUT", `/drivers/${encodeURIComponent(driver_id)}/deliveries`, { tracking_ids });
  }

  /** A repeat with the same key makes no second delivery. */
  start(delivery: NewDelivery, key: string): Promise<Snapshot> {
    return this.send("POST", "/tracking/start", delivery, { "Idempotency-Key": key });
  }

  statistics(query: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<DeliveryStats> {
    return this.ask(`/stats/deliveries?${new URLSearchParams(query)}`, { ...(signal && { signal }) });
  }

  /** The same as a file of CSV. */
  statisticsFile(query: Readonly<Record<string, string>>): Promise<Blob> {
    const path = `/stats/deliveries?${new URLSearchParams({ ...query, format: "csv" })}`;
    return this.file(path);
  }
}

function of(id: string, path = ""): string {
  return `/tracking/${encodeURIComponent(id)}${path}`;
}
