import { expect, test } from "vitest";
import type { BBox } from "../client/fleet";
import { areaOf, holds, longitudeOf } from "./area";

test.each([
  [0, 0],
  [180, 180],
  [-180, -180],
  [190, -170],
  [-200, 160],
  [540, -180],
  [-899, -179],
])("the meridian %d is %d", (lng, expected) => {
  expect(longitudeOf(lng)).toBe(expected);
});

test.each<[string, BBox, BBox]>([
  ["as it is", [-1, 5, 1, 6], [-1, 5, 1, 6]],
  ["across the antimeridian to the east", [170, -20, 190, 0], [170, -20, -170, 0]],
  ["across the antimeridian to the west", [-190, -20, -170, 0], [170, -20, -170, 0]],
  ["on another copy of the world", [355, 5, 365, 6], [-5, 5, 5, 6]],
  ["up to the antimeridian", [160, 0, 180, 1], [160, 0, 180, 1]],
  ["zoomed out to one world", [-200, -85, 160, 85], [-180, -85, 180, 85]],
  ["zoomed out to more than one", [-400, -85, 300, 85], [-180, -85, 180, 85]],
  ["beyond the poles", [-10, -95, 10, 95], [-10, -90, 10, 90]],
])("a view %s is an area that the service takes", (_what, seen, expected) => {
  expect(areaOf(seen)).toEqual(expected);
});

test.each<[BBox, number, boolean]>([
  [[179.9, 0, 180.1, 1], -179.95, true],
  [[179.9, 0, 180.1, 1], 179.95, true],
  [[179.9, 0, 180.1, 1], -179.8, false],
  [[-180.1, 0, -179.9, 1], 179.95, true],
  [[359, 0, 361, 1], 0, true],
  [[359, 0, 361, 1], 2, false],
  [[-1, 0, 1, 1], -1, true],
  [[-1, 0, 1, 1], 1, true],
  [[-300, 0, 300, 1], 77, true],
])("a view of %j and the meridian %d: %s", (seen, lng, expected) => {
  expect(holds(seen, { lat: 0.5, lng })).toBe(expected);
  expect(holds(seen, { lat: 1.5, lng })).toBe(false);
});
