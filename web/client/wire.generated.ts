/** Stands in for what openapi-typescript makes of web/public/openapi.json. */
export interface components {
  schemas: {
    Status: "CREATED" | "ASSIGNED" | "PICKED_UP" | "IN_TRANSIT" | "DELIVERED" | "FAILED" | "CANCELLED";
    LocationState: "none" | "live" | "stale" | "lost" | "hidden";
    Place: { lat: number; lng: number; address?: string | null };
    Location: {
      lat: number;
      lng: number;
      timestamp: number;
      accuracy?: number | null;
      heading?: number | null;
      speed?: number | null;
      address?: string | null;
    };
    TimelineEntry: { status: components["schemas"]["Status"]; at: number };
    Clock: { origin: number; rate: number };
    Window: { from: number; to: number };
    Snapshot: {
      tracking_id: string;
      order_id: string;
      driver_id?: string | null;
      status: components["schemas"]["Status"];
      current_location?: components["schemas"]["Location"] | null;
      location_state: components["schemas"]["LocationState"];
      pickup?: components["schemas"]["Place"] | null;
      dropoff: components["schemas"]["Place"];
      window?: components["schemas"]["Window"] | null;
      instructions?: string | null;
      eta_seconds?: number | null;
      eta_at?: number | null;
      eta_range?: number[] | null;
      eta_source?: string | null;
      eta_confidence?: string | null;
      remaining_m?: number | null;
      progress?: number | null;
      stops_before?: number | null;
      off_route?: boolean | null;
      driver_online: boolean;
      timeline: components["schemas"]["TimelineEntry"][];
      trail?: string | null;
      seq: number;
      epoch: string;
      updated_at: number;
      clock?: components["schemas"]["Clock"] | null;
      server_time: number;
    };
    LocationUpdate: {
      tracking_id: string;
      order_id: string;
      driver_id?: string | null;
      status: components["schemas"]["Status"];
      current_location?: components["schemas"]["Location"] | null;
      location_state: components["schemas"]["LocationState"];
      trail?: string | null;
      eta_seconds?: number | null;
      eta_at?: number | null;
      eta_range?: number[] | null;
      eta_source?: string | null;
      eta_confidence?: string | null;
      off_route?: boolean | null;
      remaining_m?: number | null;
      progress?: number | null;
      stops_before?: number | null;
      seq: number;
      updated_at: number;
      server_time: number;
    };
    StatusUpdate: {
      tracking_id: string;
      status: components["schemas"]["Status"];
      note?: string | null;
      at: number;
      eta_seconds?: number | null;
      eta_at?: number | null;
      seq: number;
      server_time: number;
    };
    Resumed: { seq: number; server_time: number };
    ServerFrame:
      | { type: "initial_state"; data: components["schemas"]["Snapshot"] }
      | { type: "location_update"; data: components["schemas"]["LocationUpdate"] }
      | { type: "status_update"; data: components["schemas"]["StatusUpdate"] }
      | { type: "resumed"; data: components["schemas"]["Resumed"] }
      | { type: "pong" }
      | { type: "error"; code: string; message: string };
    Problem: { type?: string; title: string; status: number; detail?: string | null; field?: string | null };
  };
}
