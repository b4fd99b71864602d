import { expect, test } from "vitest";
import { bearing, distance, offset } from "./geo";

const accra = { lat: 5.6037, lng: -0.187 };

test("a degree of latitude is about 111 km", () => {
  expect(distance({ lat: 0, lng: 0 }, { lat: 1, lng: 0 })).toBeCloseTo(111_195, -1);
});

test.each([
  [{ lat: 6, lng: -0.187 }, 0],
  [{ lat: 5.6037, lng: 0 }, 90],
  [{ lat: 5, lng: -0.187 }, 180],
  [{ lat: 5.6037, lng: -1 }, 270],
])("bearings count clockwise from north", (to, expected) => {
  expect(bearing(accra, to)).toBeCloseTo(expected, 0);
});

test("an offset is as far and in the direction it says", () => {
  const there = offset(accra, 500, 45);
  expect(distance(accra, there)).toBeCloseTo(500, 0);
  expect(bearing(accra, there)).toBeCloseTo(45, 0);
});
