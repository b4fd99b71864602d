import { expect, test } from "vitest";
import { fit, keepOrFit, project, rings, roomIn } from "./projection";

const home = { lat: 5.6037, lng: -0.1869 };
const near = { lat: 5.6067, lng: -0.1899 };

test("everything is inside the frame, north is up and east is right", () => {
  const frame = fit([home, near], 390, 360);
  const a = project(frame, home);
  const b = project(frame, near);
  for (const { x, y } of [a, b]) {
    expect(x).toBeGreaterThan(20);
    expect(x).toBeLessThan(370);
    expect(y).toBeGreaterThan(20);
    expect(y).toBeLessThan(340);
  }
  expect(b.y).toBeLessThan(a.y);
  expect(b.x).toBeLessThan(a.x);
});

test("a single point is shown with its surroundings", () => {
  const frame = fit([home], 400, 400);
  expect(400 / frame.scale).toBeLessThan(400);
  expect(project(frame, home)).toMatchObject({ x: 200, y: 220 });
});

test("a frame is held while it serves, and left when something is outside or all is small", () => {
  const frame = fit([home, { lat: 5.6117, lng: -0.1949 }], 390, 360);
  expect(keepOrFit(frame, [home, { lat: 5.6097, lng: -0.1929 }], 390, 360)).toBe(frame);
  expect(keepOrFit(frame, [home, { lat: 5.62, lng: -0.1895 }], 390, 360)).not.toBe(frame);
  expect(keepOrFit(frame, [home], 390, 360)).not.toBe(frame);
  expect(keepOrFit(frame, [home, near], 800, 360)).not.toBe(frame);
});

test("a low box shows everything all the same", () => {
  expect(roomIn(360)).toEqual({ top: 108, bottom: 68 });
  const { top, bottom } = roomIn(150);
  expect(top + bottom).toBeCloseTo(90);
  const frame = fit([home, near], 390, 150);
  for (const { y } of [project(frame, home), project(frame, near)]) {
    expect(y).toBeGreaterThanOrEqual(top - 1e-6);
    expect(y).toBeLessThanOrEqual(150 - bottom + 1e-6);
  }
});

test("rings are round numbers", () => {
  expect(rings(fit([home, near], 390, 360))).toEqual([250, 500, 1_000]);
});
