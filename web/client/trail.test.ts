import polyline from "@mapbox/polyline";
import { expect, test } from "vitest";
import { MAX_TRAIL, decodeTrail, extendTrail } from "./trail";

test("a trail decodes to its points", () => {
  expect(decodeTrail("_p~iF~ps|U_ulLnnqC_mqNvxq`@")).toEqual([
    { lat: 38.5, lng: -120.2 },
    { lat: 40.7, lng: -120.95 },
    { lat: 43.252, lng: -126.453 },
  ]);
});

test.each([null, undefined, ""])("no trail is no points: %s", (encoded) => {
  expect(decodeTrail(encoded)).toEqual([]);
});

test("points that are nowhere on earth are left out", () => {
  expect(decodeTrail(polyline.encode([[5.6, -0.18], [123, 7]]))).toEqual([{ lat: 5.6, lng: -0.18 }]);
});

test("a driver who stands still does not grow the trail", () => {
  const trail = [{ lat: 5.6, lng: -0.18 }];
  expect(extendTrail(trail, [{ lat: 5.600_000_1, lng: -0.18 }])).toBe(trail);
});

test("a long trail stays within its bound and keeps its newest point", () => {
  let trail: readonly { lat: number; lng: number }[] = [];
  for (let i = 0; i < 5 * MAX_TRAIL; i++) trail = extendTrail(trail, [{ lat: i / 1000, lng: 0 }]);
  expect(trail.length).toBeLessThanOrEqual(MAX_TRAIL);
  expect(trail.at(-1)?.lat).toBe((5 * MAX_TRAIL - 1) / 1000);
});
