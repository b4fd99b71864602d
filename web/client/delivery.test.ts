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
    { type: "resumed", data: { seq: 17, server_time: 0 } },
    { type: "initial_state", data: aSnapshot({ seq: 16 }) },
  ];
  test.each(frames)("what is not newer changes nothing: $type", (frame) => {
    expect(merge(known, frame)).toBe(known);
  });
});

test("the driver came or went", () => {
  const next = merge(known, { type: "presence", data: { driver_online: false, seq: 18, server_time: 0 } });
  expect([next?.snapshot.driver_online, next?.snapshot.seq]).toEqual([false, 18]);
  expect(merge(known, { type: "presence", data: { driver_online: false, seq: 17, server_time: 0 } })).toBe(known);
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
  expect(next?.arrival).toEqual({
    at: (T0 + 825) * 1_000,
    from: (T0 + 795) * 1_000,
    to: (T0 + 885) * 1_000,
  });
});

test("another driver's state takes the place of all that was known of the former one", () => {
  const status = { tracking_id: "TRK-TEST", status: "CREATED", at: T0 + 700, seq: 18, server_time: 0 } as const;
  const stepped = merge(known, { type: "status_update", data: status });
  const timeline = [{ status: "ASSIGNED", at: T0 }] as const;
  const anew = aSnapshot({ driver_id: "driver-2", seq: 18, current_location: null, location_state: "none", trail: "", timeline: [...timeline] });
  const next = merge(stepped, { type: "initial_state", data: anew });
  expect(next?.snapshot).toEqual(anew);
  expect(next?.trail).toEqual([]);
  const moved = merge(next, { type: "location_update", data: aLocationUpdate({ seq: 19 }) });
  expect(moved?.trail).toHaveLength(1);
});

test("a location that is hidden again takes the trail with it", () => {
  const hidden = aLocationUpdate({ current_location: null, location_state: "hidden" });
  const next = merge(known, { type: "location_update", data: hidden });
  expect(next?.snapshot.current_location).toBeNull();
  expect(next?.trail).toEqual([]);
});

test("an ETA without a position moves the arrival and nothing else", () => {
  const { eta_seconds, eta_at, eta_range, eta_source, eta_confidence, remaining_m, progress, stops_before, off_route } = aSnapshot();
  const eta = { eta_seconds, eta_range, eta_source, eta_confidence, remaining_m, progress, stops_before, off_route };
  const data = { tracking_id: "TRK-TEST", ...eta, eta_at: (eta_at ?? 0) + 600, seq: 18, server_time: 0 };
  const next = merge(known, { type: "eta_update", data });
  expect(next?.arrival?.at).toBe(((eta_at ?? 0) + 600) * 1_000);
  expect(next?.trail).toBe(known.trail);
  expect(merge(next ?? null, { type: "eta_update", data })).toBe(next);
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

test("what a status skipped happened at the same instant, and a step back skips nothing", () => {
  const data = { tracking_id: "TRK-TEST", note: null, eta_seconds: null, eta_at: null, server_time: 0 } as const;
  const created = fromSnapshot(aSnapshot({ status: "CREATED", timeline: [{ status: "CREATED", at: T0 }] }));
  const assigned = merge(created, { type: "status_update", data: { ...data, status: "ASSIGNED", at: T0 + 1, seq: 18 } });
  const declined = merge(assigned, { type: "status_update", data: { ...data, status: "CREATED", at: T0 + 2, seq: 19 } });
  const gone = merge(declined, { type: "status_update", data: { ...data, status: "IN_TRANSIT", at: T0 + 9, seq: 20 } });
  const failed = merge(gone, { type: "status_update", data: { ...data, status: "FAILED", at: T0 + 20, seq: 21 } });
  expect(failed?.snapshot.timeline.map(({ status, at }) => `${status} ${at - T0}`)).toEqual([
    "CREATED 0",
    "ASSIGNED 1",
    "CREATED 2",
    "ASSIGNED 9",
    "PICKED_UP 9",
    "IN_TRANSIT 9",
    "FAILED 20",
  ]);
});

test("a resumed socket moves the seq on", () => {
  expect(merge(known, { type: "resumed", data: { seq: 30, server_time: 5 } })?.snapshot.seq).toBe(30);
});

describe("a snapshot in the middle of a drive", () => {
  // As the service sends them: the location in full, its trail rounded to five places.
  const location = (lat: number, lng: number) => ({ lat, lng, timestamp: T0 + 660 });
  const drawn = merge(known, {
    type: "location_update",
    data: aLocationUpdate({ current_location: location(5.610_004_4, -0.190_004_4) }),
  });
  const rounded = (...points: [number, number][]): string => polyline.encode([[5.6145, -0.2], ...points]);

  test("lengthens the trail already drawn instead of coarsening or doubling it", () => {
    const trail = rounded([5.610_004_4, -0.190_004_4], [5.609, -0.189], [5.608, -0.188]);
    const data = aSnapshot({ seq: 20, trail, current_location: location(5.608_003, -0.188_003) });
    const next = merge(drawn, { type: "initial_state", data });
    expect(next?.trail.map((point) => point.lng)).toEqual([-0.2, -0.190_004_4, -0.189, -0.188]);
    drawn?.trail.forEach((point, index) => expect(next?.trail[index]).toBe(point));
  });

  test("that says the same leaves the very line", () => {
    const trail = rounded([5.610_004_4, -0.190_004_4]);
    const data = aSnapshot({ seq: 18, trail, current_location: location(5.610_004_4, -0.190_004_4) });
    expect(merge(drawn, { type: "initial_state", data })?.trail).toBe(drawn?.trail);
  });

  test("that no longer has where the line ended replaces it", () => {
    const data = aSnapshot({ seq: 90, trail: rounded([5.6, -0.18]), current_location: location(5.6, -0.18) });
    expect(merge(drawn, { type: "initial_state", data })?.trail.map((point) => point.lng)).toEqual([-0.2, -0.18]);
  });
});
