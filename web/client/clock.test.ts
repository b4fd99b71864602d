import { expect, test } from "vitest";
import { nowAt, observe } from "./clock";

const T = 1_704_067_850_000;

test("time runs on from the last frame, whatever the device's clock says", () => {
  const anchor = observe(null, T, 500);
  expect(nowAt(anchor, 500)).toBe(T);
  expect(nowAt(anchor, 3_500)).toBe(T + 3_000);
});

test("a simulated clock runs at its rate", () => {
  const anchor = observe(null, T, 0, 60);
  expect(nowAt(anchor, 1_000)).toBe(T + 60_000);
});

test("a frame that was delayed on its way does not set the time back", () => {
  const anchor = observe(null, T, 0);
  expect(nowAt(observe(anchor, T + 4_000, 5_000), 5_000)).toBe(T + 5_000);
});

test("a frame that came faster moves the time forward", () => {
  const anchor = observe(null, T, 0);
  expect(nowAt(observe(anchor, T + 5_200, 5_000), 5_000)).toBe(T + 5_200);
});

test("a machine that slept catches up with the first frame", () => {
  const anchor = observe(null, T, 0);
  expect(nowAt(observe(anchor, T + 3_600_000, 10), 10)).toBe(T + 3_600_000);
});

test("a server's clock that was set back is followed", () => {
  const anchor = observe(null, T, 0);
  expect(nowAt(observe(anchor, T - 600_000, 0), 0)).toBe(T - 600_000);
});

test("a new rate replaces what was known", () => {
  const anchor = observe(null, T, 0, 60);
  expect(observe(anchor, T, 10, 1)).toEqual({ server_time: T, at: 10, rate: 1 });
});
