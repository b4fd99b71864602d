/** What is known of a driver's line, as pure steps: what the service said, and what waits on top of it. */
import type { Ending } from "./closing";
import type { Connection } from "./connection";
import type { DriverFrame, DriverSnapshot, Emergency, Job, Report, Sampling, ToldDriver } from "./driver-wire";
import { absorb, apply } from "./jobs";
import { NOTHING_WAITS, type Waiting } from "./outbox";
import { DEFAULT_SAMPLING } from "./sampling";

/** What was refused, and why, until the driver has read it. */
export interface Refused {
  readonly report: Report | null;
  readonly message: string;
}

export interface DriverState {
  readonly reach: "connecting" | "live" | "offline" | "ended";
  readonly ending: Ending | null;
  /** Null before anything is known. */
  readonly jobs: readonly Job[] | null;
  readonly on_duty: boolean | null;
  readonly sampling: Sampling;
  readonly emergencies: readonly Emergency[];
  /** Reports on their way, oldest first. */
  readonly pending: readonly Report[];
  readonly waiting: Waiting;
  readonly refused: Refused | null;
  /** False where this browser stores nothing beyond the page. */
  readonly durable: boolean;
}

export const UNKNOWN: DriverState = {
  reach: "connecting",
  ending: null,
  jobs: null,
  on_duty: null,
  sampling: DEFAULT_SAMPLING,
  emergencies: [],
  pending: [],
  waiting: NOTHING_WAITS,
  refused: null,
  durable: true,
};

/** What is known after the service told all; how often to report it may tell apart. */
export function learnAll(base: DriverSnapshot | null, told: ToldDriver): DriverSnapshot {
  const deliveries = [...absorb(base?.deliveries ?? [], { type: "driver_state", data: told })];
  return { ...(base?.sampling && { sampling: base.sampling }), ...told, deliveries };
}

/** What is known after a frame. */
export function learn(base: DriverSnapshot, frame: DriverFrame): DriverSnapshot {
  switch (frame.type) {
    case "sampling":
      return { ...base, sampling: { interval_s: frame.interval_s, min_displacement_m: frame.min_displacement_m } };
    case "emergency_acknowledged": {
      const { id, acknowledged_at } = frame.data;
      return { ...base, emergencies: base.emergencies.map((one) => (one.id === id ? { ...one, acknowledged_at } : one)) };
    }
    default:
      return { ...base, deliveries: [...absorb(base.deliveries, frame)] };
  }
}

/** What is known once the service has a report. */
export function settle(base: DriverSnapshot, report: Report): DriverSnapshot {
  switch (report.type) {
    case "emergency": {
      if (base.emergencies.some((one) => one.id === report.id)) return base;
      const raised: Emergency = { id: report.id, at: Math.floor(report.at / 1_000), message: report.message ?? null };
      return { ...base, emergencies: [...base.emergencies, raised] };
    }
    case "duty":
      return { ...base, on_duty: report.on_duty };
    default:
      return { ...base, deliveries: [...apply(base.deliveries, report)] };
  }
}

/** What the driver is shown: reports that wait count as done. */
export function shown(base: DriverSnapshot | null, pending: readonly Report[]): Partial<DriverState> {
  const duty = pending.findLast((report) => report.type === "duty");
  const on_duty = duty?.type === "duty" ? duty.on_duty : (base?.on_duty ?? null);
  if (!base) return { pending, on_duty };
  const { sampling = DEFAULT_SAMPLING, emergencies, deliveries } = base;
  return { pending, on_duty, sampling, emergencies, jobs: pending.reduce<readonly Job[]>(apply, deliveries) };
}

export function reachOf(connection: Connection): DriverState["reach"] {
  switch (connection.phase) {
    case "open":
      return "live";
    case "ended":
      return "ended";
    default:
      return connection.attempt >= 1 ? "offline" : "connecting";
  }
}
