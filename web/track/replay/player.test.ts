import { expect, test } from "vitest";
import { T0 } from "../../client/fixtures";
import type { HistoryPoint } from "../../client/wire";
import { Player, fixesOf } from "./player";

const point = (seconds: number, lat: number, fields: Partial<HistoryPoint> = {}): HistoryPoint => ({
  lat,
  lng: 0,
  timestamp: T0 + seconds,
  verdict: "accepted",
  ...fields,
});
/** North for 10 s, then standing for 10 s. */
const FIXES = fixesOf([point(0, 0), point(10, 0.01), point(20, 0.01)]);
const START = T0 * 1_000;

function at(player: Player, seconds: number): { lat: number; heading: number | null; trail: number } {
  player.seek(START + seconds * 1_000);
  const { point: shown, heading, trail } = player.shown();
  return { lat: Number(shown.lat.toFixed(6)), heading, trail: trail.length };
}

test("a track is what was believed, where it was shown, in order, one fix an instant", () => {
  const points = [
    point(5, 9, { verdict: "filtered" }),
    point(3, 3, { verdict: "late" }),
    point(1, 1, { shown: [1.5, 0.5] }),
    point(3, 3.1),
  ];
  expect(fixesOf(points)).toEqual([
    { lat: 1.5, lng: 0.5, at: START + 1_000 },
    { lat: 3, lng: 0, at: START + 3_000 },
  ]);
});

test.each([
  [-5, { lat: 0, heading: 0, trail: 1 }],
  [0, { lat: 0, heading: 0, trail: 1 }],
  [5, { lat: 0.005, heading: 0, trail: 2 }],
  [10, { lat: 0.01, heading: null, trail: 2 }],
  [15, { lat: 0.01, heading: null, trail: 3 }],
  [99, { lat: 0.01, heading: null, trail: 3 }],
])("after %i s it shows %o", (seconds, shown) => {
  expect(at(new Player(FIXES, false), seconds)).toEqual(shown);
});

test("without motion it waits to be played, and goes from fix to fix", () => {
  const player = new Player(FIXES, true);
  expect(player.state.playing).toBe(false);
  expect(at(player, 9)).toEqual({ lat: 0, heading: 0, trail: 1 });
});

test("it plays as fast as is said, to the end, and again from the beginning", () => {
  const player = new Player(FIXES, false);
  const passed = (): number => player.state.at - START;
  player.tick(100);
  expect(passed()).toBe(1_000);
  player.setSpeed(1);
  player.tick(100);
  expect(passed()).toBe(1_100);
  player.setSpeed(60);
  player.tick(100_000);
  expect(passed()).toBe(16_100);
  player.tick(100);
  expect([passed(), player.state.playing, player.ended]).toEqual([20_000, false, true]);
  player.tick(100);
  expect(passed()).toBe(20_000);
  player.toggle();
  expect([passed(), player.state.playing]).toEqual([0, true]);
});

test("paused, no time goes by", () => {
  const player = new Player(FIXES, false);
  player.toggle();
  player.tick(100);
  expect(player.state).toMatchObject({ at: START, playing: false });
});

test("whoever listens is told, until they go", () => {
  const player = new Player(FIXES, false);
  const told: number[] = [];
  const leave = player.subscribe((state) => told.push(state.at));
  player.seek(START + 1);
  leave();
  player.seek(START + 2);
  expect(told).toEqual([START + 1]);
});

test("a single fix is no way: there is nothing to play", () => {
  const player = new Player(FIXES.slice(0, 1), false);
  player.toggle();
  expect(player.state.playing).toBe(false);
  expect(player.shown()).toMatchObject({ heading: null, trail: [FIXES[0]] });
});
