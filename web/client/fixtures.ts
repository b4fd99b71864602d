/** Deliveries for tests. */
import type { LocationUpdate, Snapshot } from "./wire";

export const T0 = 1_704_067_200;

export function aSnapshot(fields: Partial<Snapshot> = {}): Snapshot {
  return {
    tracking_id: "TRK-TEST",
    order_id: "ORD-12345",
    driver_id: "driver-1",
    status: "IN_TRANSIT",
    current_location: { lat: 5.6145, lng: -0.2, timestamp: T0 + 650, accuracy: 8, heading: 90, speed: 6.1 },
    location_state: "live",
    pickup: null,
    dropoff: { lat: 5.6037, lng: -0.1869, address: "12 Oxford Street, Osu" },
    eta_seconds: 180,
    eta_at: T0 + 830,
    eta_range: [150, 240],
    eta_source: "history",
    eta_confidence: "medium",
    remaining_m: 1_500,
    progress: 0.62,
    stops_before: 0,
    off_route: false,
    driver_online: true,
    timeline: [
      { status: "CREATED", at: T0 },
      { status: "ASSIGNED", at: T0 + 60 },
      { status: "PICKED_UP", at: T0 + 240 },
      { status: "IN_TRANSIT", at: T0 + 300 },
    ],
    trail: "",
    seq: 17,
    epoch: "e1",
    updated_at: T0 + 650,
    server_time: (T0 + 650) * 1_000,
    ...fields,
  };
}

export function aLocationUpdate(fields: Partial<LocationUpdate> = {}): LocationUpdate {
  const { tracking_id, order_id, status, location_state, stops_before, off_route } = aSnapshot();
  return {
    tracking_id,
    order_id,
    status,
    location_state,
    stops_before,
    off_route,
    current_location: { lat: 5.61, lng: -0.19, timestamp: T0 + 655, accuracy: 8, heading: 90, speed: 6.1 },
    eta_seconds: 170,
    eta_at: T0 + 825,
    eta_range: [140, 230],
    remaining_m: 1_400,
    progress: 0.65,
    seq: 18,
    updated_at: T0 + 655,
    server_time: (T0 + 655) * 1_000,
    ...fields,
  };
}
