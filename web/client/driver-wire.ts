/** The names of what crosses the driver's line, `/ws/driver/{driver_id}`. */
import type { Snapshot, Status, StatusUpdate } from "./wire";

/** A GPS fix as a phone reports it. */
export interface Fix {
  lat: number;
  lng: number;
  /** Unix milliseconds by the phone's clock. */
  timestamp: number;
  /** Radius in metres. */
  accuracy?: number;
  /** Metres per second. */
  speed?: number;
  /** Degrees clockwise from north. */
  heading?: number;
  /** Metres. */
  altitude?: number;
  /** Per cent. */
  battery?: number;
}

/** A delivery as its driver sees it. */
export type Job = Snapshot;

/** What is told of a delivery that does not answer at the moment. */
export type JobSummary = Pick<Job, "tracking_id" | "order_id" | "status" | "pickup" | "dropoff"> & { seq?: undefined };

/** How often to report: at least this long and this far apart. */
export interface Sampling {
  interval_s: number;
  min_displacement_m: number;
}

export interface Emergency {
  id: string;
  /** Unix seconds. */
  at: number;
  message?: string | null;
  /** Unix seconds. */
  acknowledged_at?: number | null;
}

/** What is known of a driver. */
export interface DriverSnapshot {
  driver_id: string;
  on_duty: boolean;
  /** In the order of the stops. */
  deliveries: Job[];
  sampling?: Sampling;
  emergencies: Emergency[];
  /** Unix milliseconds. */
  server_time: number;
}

/** The same as the service tells it. */
export type ToldDriver = Omit<DriverSnapshot, "deliveries"> & { deliveries: (Job | JobSummary)[] };

/** Everything the service may send to a driver. */
export type DriverFrame =
  | { type: "driver_state"; data: ToldDriver }
  | { type: "assignment"; id: number; data: Job }
  | { type: "unassignment"; id: number; data: { tracking_id: string; reason?: string | null } }
  | { type: "status_update"; data: StatusUpdate }
  | ({ type: "sampling" } & Sampling)
  | { type: "ack"; id: string | number }
  | { type: "error"; code: string; message: string; field?: string | null; id?: string | number | null }
  | { type: "emergency_acknowledged"; data: { id: string; acknowledged_at: number } };

/** What the driver did, and the service has to hear of: kept until it is acknowledged by its `id`. */
export type Report =
  | {
      type: "status_update";
      id: string;
      tracking_id: string;
      status: Status;
      /** Unix milliseconds. */
      at: number;
      note?: string;
      reason?: string;
    }
  | { type: "accept"; id: string; tracking_id: string }
  | { type: "decline"; id: string; tracking_id: string; reason?: string }
  | { type: "emergency"; id: string; at: number; message?: string; lat?: number; lng?: number }
  | { type: "duty"; id: string; on_duty: boolean };

/** Why positions do not come. Null: they do. */
export type PresenceReason = "page_hidden" | "permission_denied" | "no_gps" | "low_battery" | "closed" | null;
