/** Deliveries of a fleet for tests. */
import { T0 } from "./fixtures";
import type { FleetChange, FleetDelivery, FleetFrame, FleetMoved } from "./wire";

export function aFleetDelivery(fields: Partial<FleetDelivery> = {}): FleetDelivery {
  return {
    tracking_id: "TRK-1",
    order_id: "ORD-1",
    store_id: "store-1",
    driver_id: "driver-1",
    status: "IN_TRANSIT",
    status_at: T0 + 300,
    mode: "scooter",
    pickup: { lat: 5.61, lng: -0.2 },
    dropoff: { lat: 5.6037, lng: -0.1869 },
    window: { from: T0, to: T0 + 3_600 },
    started_at: T0,
    emergency: false,
    current_location: { lat: 5.605, lng: -0.19, timestamp: T0 + 600, heading: 90, speed: 6 },
    location_state: "live",
    eta_at: T0 + 900,
    remaining_m: 900,
    stops_before: 0,
    off_route: false,
    driver_online: true,
    battery: 80,
    seq: 10,
    updated_at: T0 + 600,
    ...fields,
  };
}

export function aMove(fields: Partial<FleetMoved> = {}): FleetMoved {
  const { current_location, location_state, eta_at, remaining_m, stops_before, off_route, driver_online, battery } = aFleetDelivery();
  const moving = { current_location, location_state, eta_at, remaining_m, stops_before, off_route, driver_online, battery };
  return { ...moving, tracking_id: "TRK-1", seq: 11, updated_at: T0 + 605, ...fields };
}

export function aState(deliveries: FleetDelivery[], page = 1, pages = 1, shards = 1, shard = 0): FleetFrame {
  return { type: "fleet_state", data: { shard, shards, page, pages, deliveries, seq: 1, server_time: (T0 + 600) * 1_000 } };
}

export function anUpdate(fields: Partial<FleetChange>): FleetFrame {
  const nothing = { deliveries: [], moved: [], removed: [] };
  return { type: "fleet_update", data: { ...nothing, seq: 2, server_time: (T0 + 601) * 1_000, ...fields } };
}
