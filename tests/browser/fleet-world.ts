// A fleet that exists in memory alone: what the load test of the pages shows. Deterministic but for the clock.
import type { Json } from "../service.ts";

export const CENTRE = { lat: 5.6037, lng: -0.187 };
const MODES = ["scooter", "car", "bicycle", "van"];
const EARTH_M = 111_320;

/** Numbers from a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const next = random(7);
const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
const near = (spread: number): { lat: number; lng: number } => {
  // Two uniform numbers added: dense in the middle, as a city is.
  const off = (): number => (next() + next() - 1) * spread;
  return { lat: CENTRE.lat + off(), lng: CENTRE.lng + off() };
};

/** A delivery as `/ws/fleet` tells it. `at` in Unix seconds. */
export function delivery(n: number, at: number, stores: number, spread = 0.16): Json {
  const kind = next();
  const status = kind < 0.06 ? "CREATED" : kind < 0.2 ? "ASSIGNED" : kind < 0.32 ? "PICKED_UP" : kind < 0.94 ? "IN_TRANSIT" : kind < 0.985 ? "DELIVERED" : "FAILED";
  const over = status === "DELIVERED" || status === "FAILED";
  const moving = status === "PICKED_UP" || status === "IN_TRANSIT";
  const started_at = at - 300 - Math.floor(next() * 2_400);
  const eta = at + 120 + Math.floor(next() * 2_400);
  const state = !moving ? "none" : next() < 0.96 ? "live" : next() < 0.7 ? "stale" : "lost";
  const place = near(spread);
  return {
    tracking_id: `TRK-${String(n).padStart(6, "0")}LOADTEST`,
    order_id: `ORD-${10_000 + n}`,
    store_id: `store-${1 + (n % stores)}`,
    driver_id: status === "CREATED" ? null : `driver-${1 + Math.floor(n / 2)}`,
    status,
    status_at: at - Math.floor(next() * 600),
    mode: pick(MODES),
    pickup: near(spread * 0.7),
    dropoff: near(spread),
    window: next() < 0.85 ? { from: null, to: eta + (next() < 0.05 ? -400 : 300 + Math.floor(next() * 1_500)) } : null,
    started_at,
    emergency: false,
    current_location: moving ? { ...place, timestamp: at, heading: Math.floor(next() * 360), speed: 4 + next() * 7 } : null,
    location_state: state,
    eta_at: moving ? eta : null,
    remaining_m: moving ? 300 + Math.floor(next() * 6_000) : null,
    stops_before: moving ? Math.floor(next() * 3) : 0,
    off_route: moving && next() < 0.015,
    driver_online: !over && next() < 0.97,
    battery: moving ? 8 + Math.floor(next() * 92) : null,
    seq: 10,
    updated_at: at,
  };
}

/** Five seconds on: as far as it drives, with a turn at some corners. */
export function drive(one: Json, at: number): Json {
  const { current_location: from } = one;
  const heading = next() < 0.25 ? (from.heading + pick([90, 270])) % 360 : from.heading;
  const metres = from.speed * 5;
  const lat = from.lat + (metres * Math.cos((heading * Math.PI) / 180)) / EARTH_M;
  const lng = from.lng + (metres * Math.sin((heading * Math.PI) / 180)) / (EARTH_M * Math.cos((lat * Math.PI) / 180));
  return Object.assign(one, {
    current_location: { lat, lng, timestamp: at, heading, speed: from.speed },
    remaining_m: Math.max(0, one["remaining_m"] - Math.round(metres)),
    seq: one["seq"] + 1,
    updated_at: at,
  });
}

const MOVING = ["current_location", "location_state", "eta_at", "remaining_m", "stops_before", "off_route", "driver_online", "battery", "seq", "updated_at"];

/** Of a delivery, what an update of its position alone carries. */
export function moved(one: Json): Json {
  return { tracking_id: one["tracking_id"], ...Object.fromEntries(MOVING.map((name) => [name, one[name]])) };
}

export function driverEntry(n: number): Json {
  return { driver_id: `rider-${n}`, on_duty: true, online: true, reason: null, deliveries: 0, distance_m: 240 + n * 310, battery: 91 - n * 7, lat: CENTRE.lat, lng: CENTRE.lng, last_seen: null, location_at: null };
}

/** Figures of `days` days up to `to`. */
export function statistics(to: number, days: number): Json {
  const figures = (deliveries: number): Json => ({
    deliveries,
    statuses: { DELIVERED: Math.round(deliveries * 0.95), FAILED: Math.round(deliveries * 0.03), CANCELLED: Math.round(deliveries * 0.02) },
    delivery_time_p50_s: 1_500 + next() * 300,
    delivery_time_p90_s: 2_400 + next() * 600,
    on_time_rate: 0.86 + next() * 0.1,
    with_window: Math.round(deliveries * 0.85),
    distance_mean_m: 3_900,
    dwell_mean_s: 148,
    update_interval_mean_s: 5.2,
    rating_mean: 4.3 + next() * 0.5,
    ratings: Math.round(deliveries * 0.3),
  });
  const group = (key: string): Json => ({ key, ...figures(40 + Math.floor(next() * 900)) });
  const list = (name: string, count: number): Json[] => Array.from({ length: count }, (_, n) => group(`${name}-${n + 1}`));
  return {
    from: to - days * 86_400,
    to,
    time_zone: "Africa/Accra",
    total: figures(900 * days),
    by_day: Array.from({ length: days }, (_, n) => group(new Date((to - (days - n) * 86_400) * 1000).toISOString().slice(0, 10))),
    by_store: list("store", 9),
    by_driver: list("driver", 20),
    by_mode: MODES.map(group),
    eta_error: [0, 120, 300, 600, 1_200, 2_400].map((horizon_s) => ({ horizon_s, count: 4_000, mean_absolute_s: 40 + horizon_s / 8, bias_s: horizon_s / 60 - 8, coverage: 0.83 - horizon_s / 30_000 })),
    model: { source: "deployment", fitted_at: to - 90_000, trips: 18_400 },
    server_time: to * 1000,
  };
}
