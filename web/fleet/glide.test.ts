import { expect, test } from "vitest";
import { offset } from "../client";
import { JUMP_M, LONGEST_MS, isGliding, placeOf, rest, towards } from "./glide";

const A = { lat: 5.6, lng: -0.2 };
const B = offset(A, 100, 90);

test("a marker is half the way after half the time, and stays where it arrived", () => {
  const glide = towards({ ...rest(A), since: 1_000 }, B, 5_000, false);
  expect(placeOf(glide, 5_000)).toEqual(A);
  expect(placeOf(glide, 7_000).lng).toBeCloseTo((A.lng + B.lng) / 2, 9);
  expect(placeOf(glide, 99_000)).toEqual(B);
  expect([isGliding(glide, 8_999), isGliding(glide, 9_000)]).toEqual([true, false]);
});

test("a fix on the way turns it from where it is seen, not from where it was going", () => {
  const first = towards({ ...rest(A), since: 1 }, B, 4_001, false);
  const second = towards(first, A, 6_001, false);
  expect(second.from.lng).toBeCloseTo((A.lng + B.lng) / 2, 9);
});

test("no marker lags behind by more than a fix", () => {
  expect(towards({ ...rest(A), since: 1 }, B, 600_000, false).ms).toBe(LONGEST_MS);
});

test.each([
  ["far away", offset(A, JUMP_M + 10, 0), false],
  ["without motion", B, true],
  ["on the spot", A, false],
])("%s it is there at once", (_name, to, still) => {
  expect(placeOf(towards(rest(A), to, 1_000, still), 1_000)).toEqual(to);
});
