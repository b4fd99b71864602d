import { expect, test } from "vitest";
import { endOf } from "./end";

const NOW = new Date("2026-01-05T12:00").getTime();

test.each([
  ["", null],
  ["no time", null],
  ["2026-01-05T12:00", "past"],
  ["2025-01-05T13:00", "past"],
  ["2026-01-05T12:30", NOW / 1_000 + 1_800],
])("%j ends a link at %s", (field, end) => {
  expect(endOf(field, NOW)).toBe(end);
});
