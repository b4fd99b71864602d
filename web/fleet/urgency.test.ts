import { expect, test } from "vitest";
import { aFleetDelivery as a } from "../client/fleet-fixtures";
import { T0 } from "../client/fixtures";
import type { FleetDelivery } from "../client/wire";
import { type Concern, type Tone, concernsOf, latenessOf, rank, toneOf } from "./urgency";

const NOW = (T0 + 600) * 1_000;
const promised = (to: number | null): Partial<FleetDelivery> => ({ window: { from: null, to } });

test.each<[Partial<FleetDelivery>, Concern[], Tone]>([
  [{}, [], "moving"],
  [{ status: "PICKED_UP" }, [], "moving"],
  [{ status: "ASSIGNED" }, [], "assigned"],
  [{ status: "CREATED", driver_id: null }, ["unassigned"], "unassigned"],
  [{ emergency: true, off_route: true }, ["emergency", "off_route"], "emergency"],
  [{ location_state: "stale" }, ["stale"], "stale"],
  [{ location_state: "lost" }, ["stale"], "stale"],
  [{ location_state: "hidden" }, [], "moving"],
  [promised(T0 + 899), ["late"], "late"],
  [promised(T0 + 900), [], "moving"],
  [{ ...promised(T0 + 599), eta_at: null }, ["late"], "late"],
  [{ ...promised(T0 + 600), eta_at: null }, [], "moving"],
  [{ ...promised(null), eta_at: T0 + 9_000 }, [], "moving"],
  [{ window: null }, [], "moving"],
  [{ status: "DELIVERED", emergency: true, off_route: true, location_state: "lost", ...promised(T0) }, [], "done"],
  [{ status: "FAILED" }, [], "failed"],
  [{ status: "CANCELLED" }, [], "failed"],
])("%o has the concerns %o and shows as %s", (fields, concerns, tone) => {
  expect(concernsOf(a(fields), NOW)).toEqual(concerns);
  expect(toneOf(a(fields), NOW)).toBe(tone);
});

test.each<[Partial<FleetDelivery>, number | null]>([
  [promised(T0 + 800), 100],
  [promised(T0 + 1_000), -100],
  [{ ...promised(T0 + 500), eta_at: T0 + 550 }, 100],
  [{ window: null }, null],
  [{ ...promised(T0), status: "CANCELLED" }, null],
])("%o is %s s after its promise", (fields, seconds) => {
  expect(latenessOf(a(fields), NOW)).toBe(seconds);
});

test("the list goes from what needs a human at once to what is over", () => {
  const far = { window: { from: null, to: T0 + 9_000 } };
  const fleet: [string, Partial<FleetDelivery>][] = [
    ["over, newer", { status: "DELIVERED", status_at: T0 + 500 }],
    ["over, older", { status: "FAILED", status_at: T0 + 100 }],
    ["no promise", { window: null, eta_at: null }],
    ["soon", { window: { from: null, to: T0 + 1_000 } }],
    ["later", far],
    ["unassigned", { ...far, status: "CREATED" }],
    ["off route", { ...far, off_route: true }],
    ["stale", { ...far, location_state: "stale" }],
    ["late", { window: { from: null, to: T0 + 1 } }],
    ["emergency", { ...far, emergency: true }],
  ];
  const ids = rank(fleet.map(([tracking_id, fields]) => a({ tracking_id, ...fields })), NOW).map((row) => row.delivery.tracking_id);
  expect(ids).toEqual(["emergency", "late", "stale", "off route", "unassigned", "soon", "later", "no promise", "over, newer", "over, older"]);
});
