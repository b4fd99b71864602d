import { expect, test } from "vitest";
import { aFleetDelivery as a } from "../client/fleet-fixtures";
import { T0 } from "../client/fixtures";
import type { FleetDelivery } from "../client/wire";
import { Formatter } from "../track/format";
import { toneOf } from "./urgency";
import { horizonWords, punctualityOf, sentenceOf } from "./words";

const format = new Formatter("en-GB", "UTC");
const NOW = (T0 + 600) * 1_000;

test.each<[Partial<FleetDelivery>, string | undefined]>([
  [{ window: { from: null, to: T0 + 1_500 } }, "10 min early"],
  [{ window: { from: null, to: T0 + 930 } }, "on time"],
  [{ window: { from: null, to: T0 + 870 } }, "late"],
  [{ window: { from: null, to: T0 + 300 } }, "10 min late"],
  [{ eta_at: null, window: { from: null, to: T0 + 1_200 } }, "10 min left"],
  [{ window: null }, undefined],
])("%o is %s", (fields, words) => {
  expect(punctualityOf(a(fields), NOW, format)?.words).toBe(words);
});

test.each<[Partial<FleetDelivery>, string]>([
  [{ window: null }, "ORD-1, On the way, expected 00:15, driver driver-1."],
  [{ window: null, status: "PICKED_UP" }, "ORD-1, Picked up, expected 00:15, driver driver-1."],
  [{ window: { from: null, to: T0 + 300 } }, "ORD-1, On the way, Late, expected 00:15, 10 min late, driver driver-1."],
  [{ window: null, status: "CREATED", driver_id: null, eta_at: null }, "ORD-1, Unassigned, no driver."],
  [{ window: null, emergency: true, eta_at: null }, "ORD-1, On the way, Emergency, driver driver-1."],
])("%o reads: %s", (fields, sentence) => {
  const delivery = a(fields);
  expect(sentenceOf(delivery, toneOf(delivery, NOW), NOW, format)).toBe(sentence);
});

test("a horizon of the ETA reaches up to the next", () => {
  const horizons = [0, 120, 300, 2_400];
  const words = horizons.map((from, index) => horizonWords(from, horizons[index + 1], format));
  expect(words).toEqual(["< 2 min", "2 min to 5 min", "5 min to 40 min", "40 min+"]);
  expect(horizonWords(0, 300, format)).toBe("< 5 min");
});
