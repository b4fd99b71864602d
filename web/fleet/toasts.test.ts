import { expect, test } from "vitest";
import { aFleetDelivery as a } from "../client/fleet-fixtures";
import { T0 } from "../client/fixtures";
import type { FleetDelivery } from "../client/wire";
import { type Heard, MAX_TOASTS, SILENCE, STORM, dismiss, forget, hear } from "./toasts";

const NOW = (T0 + 600) * 1_000;
const late = (id: string): FleetDelivery => a({ tracking_id: id, window: { from: null, to: T0 } });
const calls = (id: string): FleetDelivery => a({ tracking_id: id, emergency: true });
const said = (heard: Heard): string[] => heard.toasts.map(({ key }) => key);
const many = (count: number, make: (id: string) => FleetDelivery): FleetDelivery[] =>
  Array.from({ length: count }, (_, index) => make(`D${index}`));

test("what stood when the page opened is not said, what comes then is, once", () => {
  let heard = hear(SILENCE, [late("A")], NOW, true);
  heard = hear(heard, [late("A"), late("B")], NOW, false);
  heard = hear(heard, [late("A"), late("B")], NOW, false);
  expect(said(heard)).toEqual(["B late"]);
});

test("an ETA around the promise is not said again and again", () => {
  let heard = hear(SILENCE, [late("A")], NOW, false);
  heard = dismiss(heard, "A late");
  heard = hear(heard, [a({ tracking_id: "A" })], NOW, false);
  heard = hear(heard, [late("A")], NOW, false);
  expect(said(heard)).toEqual([]);
});

test("what is over is not said any longer", () => {
  const heard = hear(SILENCE, [calls("A"), late("B")], NOW, false);
  expect(said(hear(heard, [a({ tracking_id: "A" })], NOW, false))).toEqual(["B late"]);
});

test("what the fleet has no more is said no longer, and nothing of it is kept", () => {
  const heard = forget(hear(SILENCE, [calls("A"), late("B")], NOW, false), ["A", "X"]);
  expect(said(heard)).toEqual(["B late"]);
  expect([...heard.alarms.keys()]).toEqual(["B"]);
  expect(forget(heard, ["X"])).toBe(heard);
});

test("that one was late is kept until it is over", () => {
  const heard = hear(SILENCE, [late("A"), late("B")], NOW, false);
  const over = hear(heard, [{ ...late("A"), status: "DELIVERED" }, { ...late("B"), status: "FAILED" }], NOW, false);
  expect(said(over)).toEqual(["B failed"]);
  expect([...over.alarms]).toEqual([["B", new Set(["failed"])]]);
});

test("what changes no alarm changes nothing", () => {
  const heard = hear(SILENCE, [late("A"), calls("B")], NOW, false);
  expect(hear(heard, [late("A"), calls("B"), a({ tracking_id: "C" })], NOW, false)).toBe(heard);
});

test("a second emergency of a delivery is said again", () => {
  let heard = dismiss(hear(SILENCE, [calls("A")], NOW, false), "A emergency");
  heard = hear(heard, [a({ tracking_id: "A" })], NOW, false);
  expect(said(hear(heard, [calls("A")], NOW, false))).toEqual(["A emergency"]);
});

test("there are never more than fit, and an emergency is not pushed away", () => {
  let heard = hear(SILENCE, [calls("X")], NOW, false);
  heard = hear(heard, many(STORM, late), NOW, false);
  expect(heard.toasts.length).toBe(MAX_TOASTS);
  expect(said(heard)[0]).toBe("X emergency");
});

test("a storm is one sentence", () => {
  const heard = hear(SILENCE, [...many(STORM + 1, late), calls("X")], NOW, false);
  expect(said(heard)).toEqual(["X emergency"]);
  expect(heard.storm).toBe(STORM + 2);
});

test.each<[Partial<FleetDelivery>, string[]]>([
  [{ location_state: "stale" }, []],
  [{ location_state: "lost" }, ["TRK-1 lost"]],
  [{ status: "FAILED" }, ["TRK-1 failed"]],
  [{ status: "CREATED" }, []],
])("%o says %o", (fields, expected) => {
  expect(said(hear(SILENCE, [a(fields)], NOW, false))).toEqual(expected);
});
