import { beforeEach, expect, test, vi } from "vitest";
import { HOLD_MS, Hold } from "./press";

const held = vi.fn<(held: boolean) => void>();
const fire = vi.fn<() => void>();
let hold: Hold;

beforeEach(() => {
  vi.useFakeTimers();
  held.mockClear();
  fire.mockClear();
  hold = new Hold(held, fire);
  return () => vi.useRealTimers();
});

test("counts when it was held long enough, once", () => {
  hold.take({ type: "down" });
  vi.advanceTimersByTime(HOLD_MS - 1);
  expect(fire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fire).toHaveBeenCalledOnce();
  hold.take({ type: "up" });
  vi.advanceTimersByTime(HOLD_MS);
  expect(fire).toHaveBeenCalledOnce();
  expect(held.mock.calls).toEqual([[true], [false]]);
});

test("is called off by letting go, and begins anew", () => {
  hold.take({ type: "down" });
  vi.advanceTimersByTime(HOLD_MS - 1);
  hold.take({ type: "up" });
  hold.take({ type: "down" });
  vi.advanceTimersByTime(HOLD_MS - 1);
  expect(fire).not.toHaveBeenCalled();
});

test("a key that repeats does not begin anew", () => {
  hold.take({ type: "down" });
  vi.advanceTimersByTime(HOLD_MS - 1);
  hold.take({ type: "down" });
  vi.advanceTimersByTime(1);
  expect(fire).toHaveBeenCalledOnce();
});
