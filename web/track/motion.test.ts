import { expect, test } from "vitest";
import { glideTo, shownAt, standing } from "./motion";

const a = { lat: 5.6, lng: -0.2 };
const b = { lat: 5.6, lng: -0.19 };
const corner = { lat: 5.61, lng: -0.2 };

test("a marker is at its new place after the time between the fixes", () => {
  const glide = glideTo(a, [b], 5_000, 1_000);
  expect(shownAt(glide, 1_000).point).toEqual(a);
  expect(shownAt(glide, 3_500).point.lng).toBeCloseTo(-0.195, 6);
  expect(shownAt(glide, 6_000)).toMatchObject({ point: b, arrived: true });
});

test("it follows the line driven, not the straight one", () => {
  const glide = glideTo(a, [corner, { lat: 5.61, lng: -0.19 }], 4_000, 0);
  const half = shownAt(glide, 2_000);
  expect(half.point.lat).toBeCloseTo(5.61, 3);
  expect(half.passed.length).toBeGreaterThan(0);
});

test("a new fix is approached from where the marker is shown, never from behind", () => {
  const shown = shownAt(glideTo(a, [b], 5_000, 0), 2_000).point;
  expect(shownAt(glideTo(shown, [b], 5_000, 2_000), 2_000).point).toEqual(shown);
});

test("it stays within bounds of time", () => {
  expect(glideTo(a, [b], 10, 0).duration).toBe(300);
  expect(glideTo(a, [b], 600_000, 0).duration).toBe(12_000);
});

test("across town it jumps, without motion it jumps", () => {
  expect(glideTo(a, [{ lat: 6.6, lng: -0.2 }], 5_000, 0)).toEqual(standing({ lat: 6.6, lng: -0.2 }));
  expect(glideTo(a, [b], 0, 0)).toEqual(standing(b));
});

test("points on the same spot do not stop it", () => {
  expect(shownAt(glideTo(a, [a, a], 1_000, 0), 500).point).toEqual(a);
});
