import { expect, test } from "vitest";
import { T0 } from "../client/fixtures";
import { NO_FILTER } from "./filter";
import { SAY_EVERY_MS, summarise } from "./summary";

const NOW = T0 * 1_000;

test("numbers that change by themselves are said once a minute", () => {
  const first = summarise(null, 12, 3, NO_FILTER, NOW);
  expect(first.words).toBe("12 deliveries, 3 need attention.");
  expect(summarise(first, 13, 4, NO_FILTER, NOW + SAY_EVERY_MS - 1)).toBe(first);
  expect(summarise(first, 1, 1, NO_FILTER, NOW + SAY_EVERY_MS).words).toBe("1 delivery, 1 needs attention.");
});

test("the same is not said again", () => {
  const first = summarise(null, 12, 3, NO_FILTER, NOW);
  expect(summarise(first, 12, 3, NO_FILTER, NOW + 10 * SAY_EVERY_MS)).toBe(first);
});

test("another filter is answered at once", () => {
  const first = summarise(null, 12, 3, NO_FILTER, NOW);
  expect(summarise(first, 2, 3, { ...NO_FILTER, query: "17" }, NOW + 1)).toMatchObject({ words: "2 deliveries, 3 need attention.", at: NOW + 1 });
});
