import { expect, test } from "vitest";
import { aFleetDelivery as a } from "../client/fleet-fixtures";
import { T0 } from "../client/fixtures";
import type { FleetDelivery } from "../client/wire";
import { type Filter, NO_FILTER, isNarrow, matches, readFilter, writeFilter } from "./filter";

const NOW = (T0 + 600) * 1_000;

test.each<[string, Partial<Filter>]>([
  ["", {}],
  ["?q=ord+17", { query: "ord 17" }],
  ["?status=ASSIGNED,IN_TRANSIT", { statuses: ["ASSIGNED", "IN_TRANSIT"] }],
  ["?show=late,stale", { concerns: ["late", "stale"] }],
  ["?store=s%261&driver=d1&mode=van", { store: "s&1", driver: "d1", mode: "van" }],
])("%s is kept in the address and read back", (search, fields) => {
  const filter = { ...NO_FILTER, ...fields };
  expect(readFilter(search)).toEqual(filter);
  expect(writeFilter(filter)).toBe(search);
  expect(isNarrow(filter)).toBe(search !== "");
});

test("what an address says wrongly is passed over", () => {
  expect(readFilter("?status=in_transit,FLYING&show=LATE,odd&mode=rocket&store=&x=1")).toEqual({
    ...NO_FILTER,
    statuses: ["IN_TRANSIT"],
    concerns: ["late"],
  });
});

test("a tracking id that is searched for stays out of the address", () => {
  const filter = { ...NO_FILTER, query: " trk-ABC" };
  expect(writeFilter(filter)).toBe("");
  expect(isNarrow(filter)).toBe(true);
});

test.each<[Partial<Filter>, Partial<FleetDelivery>, boolean]>([
  [{}, {}, true],
  [{}, { status: "DELIVERED" }, false],
  [{ statuses: ["DELIVERED"] }, { status: "DELIVERED" }, true],
  [{ statuses: ["DELIVERED"] }, {}, false],
  [{ store: "store-2" }, {}, false],
  [{ driver: "driver-1" }, {}, true],
  [{ driver: "driver-1" }, { driver_id: null }, false],
  [{ mode: "van" }, {}, false],
  [{ concerns: ["late", "off_route"] }, {}, false],
  [{ concerns: ["late", "off_route"] }, { off_route: true }, true],
  [{ concerns: ["off_route"] }, { off_route: true, emergency: true }, true],
  [{ query: "ord-1 DRIVER" }, {}, true],
  [{ query: "ord-1 nobody" }, {}, false],
])("%o and %o: %s", (fields, delivery, shown) => {
  expect(matches({ ...NO_FILTER, ...fields }, a(delivery), NOW)).toBe(shown);
});
