import { expect, test } from "vitest";
import { backoff } from "./backoff";

test.each([
  [0, 2_000],
  [1, 4_000],
  [2, 8_000],
  [3, 16_000],
  [4, 30_000],
  [1_000, 30_000],
])("the ceiling of retry %i is %i ms", (attempt, ceiling) => {
  expect(backoff(attempt, 0)).toBe(0);
  expect(backoff(attempt, 0.5)).toBe(ceiling / 2);
  expect(backoff(attempt, 0.999_999)).toBeLessThan(ceiling);
});
