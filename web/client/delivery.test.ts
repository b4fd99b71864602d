import polyline from "@mapbox/polyline";
import { describe, expect, test } from "vitest";
import { fromSnapshot, merge } from "./delivery";
import { T0, aLocationUpdate, aSnapshot } from "./fixtures";
import type { ServerFrame } from "./wire";

const known = fromSnapshot(aSnapshot());

describe("repetition and order do not matter", () => {
  const frames: ServerFrame[] = [
    { type: "location_update", data: aLocationUpdate({ seq: 17 }) },
    { type: "status_update", data: { tracking_id: "TRK-TEST", status: "DELIVERED", at: T0, seq: 3, server_time: 0 } },
    { type: "eta_update", data: { eta_seconds: 1, eta_at: 1, seq: 17, server_time: 0 } },
    { type: "presence", data: { driver_online: false, seq: 16, server_time: 0 } },
    { type: "geofence", data: { event: "arrived", place: "dropoff", at: T0, seq: 1, server_time: 0 } },
    { type: "resumed", data: { seq: 17, server_time: 0 } },
    { type: "initial_state", data: aSnapshot({ seq: 16 }) },
  ];
  test.each(frames)("what is not newer changes nothing: $type", (frame) => {
    expect(merge(known, frame)).toBe(known);
  });
});

test("a frame before any snapshot is nothing", () => {
  expect(merge(null, { type: "location_update", data: aLocationUpdate() })).toBeNull();
});

test("a kind of frame that this version does not know is passed over", () => {
  expect(merge(known, { type: "from_the_future", data: { seq: 99 } } as unknown as ServerFrame)).toBe(known);
});

test("a snapshot of another epoch replaces everything, whatever its seq", () => {
  const next = merge(known, { type: "initial_state", data: aSnapshot({ epoch: "e2", seq: 1 }) });
  expect(next?.snapshot.seq).toBe(1);
});

test("a snapshot of the same seq brings its location_state", () => {
  const next = merge(known, { type: "initial_state", data: aSnapshot({ location_state: "stale" }) });
  expect(next?.snapshot.location_state).toBe("stale");
});

test("a location update moves the position, the ETA and the end of the trail", () => {
  const trail = polyline.encode([
    [5.613, -0.198],
    [5.61, -0.19],
  ]);
  const next = merge(known, { type: "location_update", data: aLocationUpdate({ trail }) });
  expect(next?.snapshot.seq).toBe(18);
  expect(next?.snapshot.current_location?.lng).toBe(-0.19);
  expect(next?.snapshot.dropoff).toEqual(known.snapshot.dropoff);
  expect(next?.trail).toEqual([
    { lat: 5.6145, lng: -0.2 },
    { lat: 5.613, lng: -0.198 },
    { lat: 5.61, lng: -0.19 },
  ]);
  expect(next?.trail_from).toBe(1);
  expect(next?.arrival).toEqual({
    at: (T0 + 825) * 1_000,
    from: (T0 + 795) * 1_000,
    to: (T0 + 885) * 1_000,
  });
});

test("a location that is hidden again takes the trail with it", () => {
  const hidden = aLocationUpdate({ current_location: null, location_state: "hidden" });
  const next = merge(known, { type: "location_update", data: hidden });
  expect(next?.snapshot.current_location).toBeNull();
  expect(next?.trail).toEqual([]);
});

test("a status joins the timeline once and ends the ETA when it says so", () => {
  const data = { tracking_id: "TRK-TEST", status: "DELIVERED", at: T0 + 800, eta_at: null, seq: 18, server_time: 0 } as const;
  const next = merge(known, { type: "status_update", data });
  expect(next?.snapshot.status).toBe("DELIVERED");
  expect(next?.snapshot.timeline.at(-1)).toEqual({ status: "DELIVERED", at: T0 + 800 });
  expect(next?.arrival).toBeNull();
  const again = merge(next ?? null, { type: "status_update", data: { ...data, seq: 19 } });
  expect(again?.snapshot.timeline.length).toBe(5);
});

test("presence and geofence touch nothing else", () => {
  const away = merge(known, { type: "presence", data: { driver_online: false, seq: 18, server_time: 0 } });
  expect(away?.snapshot.driver_online).toBe(false);
  expect(away?.trail).toBe(known.trail);
  const near = { event: "approaching", place: "dropoff", at: T0, seq: 19, server_time: 0 } as const;
  expect(merge(away, { type: "geofence", data: near })?.geofence).toEqual(near);
});

test("an ETA without a range keeps none", () => {
  const next = merge(known, { type: "eta_update", data: { eta_seconds: 60, eta_at: T0 + 900, seq: 18, server_time: 0 } });
  expect(next?.arrival).toEqual({ at: (T0 + 900) * 1_000, from: null, to: null });
});

test("a resumed socket moves the seq on", () => {
  expect(merge(known, { type: "resumed", data: { seq: 30, server_time: 5 } })?.snapshot.seq).toBe(30);
});

test("a polled snapshot lengthens the trail already drawn instead of coarsening it", () => {
  const first = merge(known, { type: "location_update", data: aLocationUpdate() });
  const trail = polyline.encode([
    [5.61, -0.19],
    [5.608, -0.188],
  ]);
  const data = aSnapshot({ seq: 20, trail, current_location: { lat: 5.608, lng: -0.188, timestamp: T0 + 660 } });
  const next = merge(first, { type: "initial_state", data });
  expect(next?.trail.map((point) => point.lng)).toEqual([-0.2, -0.19, -0.188]);
});
