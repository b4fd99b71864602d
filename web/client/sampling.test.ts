import { expect, test } from "vitest";
import { aFix } from "./driver-fixtures";
import { isDue } from "./sampling";

const sampling = { interval_s: 5, min_displacement_m: 20 };
const METRE = 1 / 111_195;

test.each([
  ["the first", null, 0, 0, true],
  ["too early", aFix(0), 4_000, 100, false],
  ["on time, as far as a phone can tell", aFix(0), 4_800, 100, true],
  ["on time, but near", aFix(0), 6_000, 15, false],
  ["just far enough", aFix(0), 6_000, 21, true],
  ["standing still", aFix(0), 55_000, 0, false],
  ["standing still for a minute", aFix(0), 60_000, 0, true],
  ["after the clock was set back", aFix(0), -3_600_000, 0, true],
] as const)("%s", (_, last, ms, metres, due) => {
  const { lat, timestamp } = aFix(0);
  expect(isDue(last, aFix(0, { timestamp: timestamp + ms, lat: lat + metres * METRE }), sampling)).toBe(due);
});

test("an interval of over a minute is kept", () => {
  const slow = { interval_s: 120, min_displacement_m: 20 };
  expect(isDue(aFix(0), aFix(0, { timestamp: aFix(0).timestamp + 70_000 }), slow)).toBe(false);
});
