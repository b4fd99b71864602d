import { expect, test } from "vitest";
import { T0 } from "../client/fixtures";
import type { OwnDelivery } from "../client/wire";
import { Formatter } from "../track/format";
import { ownDelivery } from "./fixtures";
import { countWords, pageOf, rowOf } from "./view";

const format = new Formatter("en-GB", "UTC");
const NOW = (T0 + 600) * 1_000;
const DAY = 86_400;

test.each<[Partial<OwnDelivery>, string | null]>([
  [{}, "Expected at 00:40"],
  [{ eta_at: T0 + DAY }, "Expected at Tue 2 Jan, 00:00"],
  [{ eta_at: null }, null],
  [{ eta_at: null, window: { from: T0 + 2_400, to: T0 + 3_000 } }, "Planned for 00:40–00:50"],
  [{ eta_at: null, window: { from: T0 + DAY, to: T0 + DAY + 600 } }, "Planned for Tue 2 Jan, 00:00–00:10"],
  [{ eta_at: null, window: { from: null, to: T0 + 3_000 } }, "Planned by 00:50"],
  [{ eta_at: null, window: { from: T0 + 3_000, to: null } }, "Planned from 00:50"],
  [{ eta_at: T0 + 2_400, window: { from: T0, to: T0 + 60 } }, "Expected at 00:40"],
  [{ status: "DELIVERED", ended_at: T0 + 500, eta_at: null }, "Today"],
  [{ status: "DELIVERED", ended_at: T0 - DAY, eta_at: null }, "31 Dec 2023"],
  [{ expired: true, started_at: T0 - DAY }, "31 Dec 2023"],
])("%o is timed: %s", (fields, when) => {
  expect(rowOf(ownDelivery(fields), NOW, format).when?.replaceAll("Tue,", "Tue")).toBe(when ?? undefined);
});

test.each<[Partial<OwnDelivery>, object]>([
  [{}, { active: true, headline: "On the way", tone: "going", closed: null, stars: null }],
  [{ status: "CREATED" }, { active: true, tone: "quiet" }],
  [{ status: "DELIVERED", rating: { stars: 4, at: T0 } }, { active: false, tone: "done", stars: 4, closed: null }],
  [{ status: "FAILED", expired: true }, { active: false, tone: "failed" }],
  [{ status: "IN_TRANSIT", expired: true }, { active: false, tone: "quiet" }],
])("%o reads %o", (fields, expected) => {
  expect(rowOf(ownDelivery(fields), NOW, format)).toMatchObject(expected);
});

test("an expired one says so", () => {
  expect(rowOf(ownDelivery({ expired: true }), NOW, format).closed).toMatch(/expired/i);
});

test("a place without an address is told by its coordinates", () => {
  expect(rowOf(ownDelivery({ dropoff: { lat: 5.6037, lng: -0.1869 } }), NOW, format).address).toBe("5.60370, -0.18690");
});

test("a token goes along in the fragment alone", () => {
  const url = new URL(pageOf("TRK-1", "a.b+c.d"), "https://onway.test");
  expect([url.pathname, url.search, new URLSearchParams(url.hash.slice(1)).get("token")]).toEqual(["/track/TRK-1", "", "a.b+c.d"]);
});

test.each([
  [0, 0, false, "No deliveries yet."],
  [0, 3, false, "No active, 3 past."],
  [2, 18, true, "2 active, 18 or more past."],
])("%i active and %i past ones are counted", (active, past, more, words) => {
  expect(countWords(active, past, more)).toBe(words);
});
