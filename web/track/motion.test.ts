import { describe, expect, test } from "vitest";
import { type Point, distance } from "../client";
import { merge } from "../client/delivery";
import { T0, aLocationUpdate, aSnapshot } from "../client/fixtures";
import { type Glide, glideAlong, shownAt, standing } from "./motion";

const a = { lat: 5.6, lng: -0.2 };
const b = { lat: 5.6, lng: -0.19 };
const corner = { lat: 5.61, lng: -0.2 };

const drive = (trail: readonly Point[], spacing: number, now: number): Glide =>
  glideAlong(standing([a]), trail, spacing, now);

test("a marker is at its new place after the time between the fixes", () => {
  const glide = drive([a, b], 5_000, 1_000);
  expect(shownAt(glide, 1_000).point).toEqual(a);
  expect(shownAt(glide, 3_500).point.lng).toBeCloseTo(-0.195, 6);
  expect(shownAt(glide, 6_000)).toEqual({ point: b, trail: [a, b], arrived: true });
});

test("it follows the line driven, not the straight one", () => {
  const half = shownAt(drive([a, corner, { lat: 5.61, lng: -0.19 }], 4_000, 0), 2_000);
  expect(half.point.lat).toBeCloseTo(5.61, 3);
  expect(half.trail[0]).toEqual(a);
});

test("it stays within bounds of time", () => {
  expect(drive([a, b], 10, 0).duration).toBe(300);
  expect(drive([a, b], 0, 0).duration).toBe(300);
  expect(drive([a, b], 600_000, 0).duration).toBe(12_000);
});

test("across town it jumps", () => {
  const far = [a, { lat: 6.6, lng: -0.2 }];
  expect(drive(far, 5_000, 0)).toEqual(standing(far));
});

test("points on the same spot do not stop it", () => {
  expect(shownAt(drive([a, { ...a }, { ...a }], 1_000, 0), 500).point).toEqual(a);
});

test("a fix that says the same again leaves it on its way", () => {
  const glide = drive([a, b], 5_000, 0);
  expect(glideAlong(glide, glide.trail, 1_000, 2_000)).toEqual(glide);
});

describe("however fast fixes come", () => {
  /** Down a street and round corners, each fix about 55 m from the last. */
  const street = Array.from({ length: 40 }, (_, i) => ({
    lat: 5.61 - 0.0005 * Math.floor((i + 1) / 2),
    lng: -0.2 + 0.0005 * Math.floor(i / 2),
  }));
  const whole = length(street);

  test.each([20, 45, 300, 900])("one every %i ms: the line drawn is the line driven, up to the marker", (every) => {
    let delivery = merge(null, { type: "initial_state", data: aSnapshot({ current_location: { ...at(0), timestamp: T0 } }) });
    let glide = standing(delivery?.trail ?? []);
    let drawn = 0;
    for (let i = 1; i < street.length; i++) {
      const location = { ...at(i), timestamp: T0 + 6 * i };
      delivery = merge(delivery, { type: "location_update", data: aLocationUpdate({ seq: 17 + i, current_location: location }) });
      if (i === 20) delivery = merge(delivery, { type: "initial_state", data: aSnapshot({ seq: 37, current_location: location }) });
      glide = glideAlong(glide, delivery?.trail ?? [], 100, i * every);
      for (const moment of [0, every / 2, every - 1]) drawn = check(shownAt(glide, i * every + moment).trail, drawn);
    }
    const end = shownAt(glide, 60_000);
    expect(end).toMatchObject({ point: at(39), arrived: true });
    check(end.trail, drawn);
  });

  /** The drawn line never turns back: each of its points lies further along the street. */
  function check(trail: readonly Point[], before: number): number {
    const covered = length(trail);
    expect(covered).toBeGreaterThanOrEqual(before - 0.01);
    expect(covered).toBeLessThanOrEqual(whole + 0.01);
    trail.slice(0, -1).forEach((point, index) => expect(point).toEqual(at(index)));
    return covered;
  }

  function at(index: number): Point {
    return street[index] ?? a;
  }

  function length(points: readonly Point[]): number {
    return points.reduce((sum, point, index) => sum + distance(points[index - 1] ?? point, point), 0);
  }
});

describe("another line in place of its own", () => {
  const half = shownAt(drive([a, b], 4_000, 0), 2_000).point;

  test("is joined where the marker is, not where it begins", () => {
    const coarse = [{ lat: 5.600_02, lng: -0.2 }, { lat: 5.600_02, lng: -0.18 }];
    const shown = shownAt(glideAlong(drive([a, b], 4_000, 0), coarse, 4_000, 2_000), 2_000);
    expect(distance(shown.point, half)).toBeLessThan(5);
    expect(shown.trail.length).toBe(2);
  });

  test("far from the marker puts it at the end", () => {
    const elsewhere = [{ lat: 5.7, lng: -0.2 }, { lat: 5.7, lng: -0.19 }];
    expect(glideAlong(drive([a, b], 4_000, 0), elsewhere, 4_000, 2_000)).toEqual(standing(elsewhere));
  });
});
