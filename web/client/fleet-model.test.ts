import { expect, test } from "vitest";
import { aFleetDelivery as a, aMove, aState, anUpdate } from "./fleet-fixtures";
import { type Absorbed, EMPTY_SHARD, Merged, absorb } from "./fleet-model";
import type { FleetDelivery, FleetFrame } from "./wire";

const one = (id: string, seq = 10): FleetDelivery => a({ tracking_id: id, seq });
const ids = (...frames: FleetFrame[]): string[] => [...all(...frames).shard.deliveries.keys()].toSorted();

function all(...frames: FleetFrame[]): Absorbed {
  let last: Absorbed = { shard: EMPTY_SHARD, difference: { changed: [], removed: [] } };
  for (const frame of frames) last = absorb(last.shard, frame);
  return last;
}

test.each<[string, FleetFrame[], string[]]>([
  ["one page", [aState([one("A"), one("B")])], ["A", "B"]],
  ["two pages", [aState([one("A")], 1, 2), aState([one("B")], 2, 2)], ["A", "B"]],
  ["an update between the pages", [aState([one("A")], 1, 2), anUpdate({ deliveries: [one("C")] }), aState([one("B")], 2, 2)], ["A", "B", "C"]],
  ["one removed between the pages, and still on the second", [aState([one("A")], 1, 2), anUpdate({ removed: ["B"] }), aState([one("B")], 2, 2)], ["A"]],
  ["one removed and back between the pages", [aState([one("A")], 1, 2), anUpdate({ removed: ["A"] }), anUpdate({ deliveries: [one("A")] }), aState([], 2, 2)], ["A"]],
  ["a state that takes the place of another", [aState([one("A"), one("B")]), aState([one("B")])], ["B"]],
  ["a state whose first page was missed", [aState([one("A")]), aState([one("B")], 2, 2)], ["A"]],
  ["a state that begins anew on its way", [aState([one("A")], 1, 3), aState([one("B")], 1, 2), aState([one("C")], 2, 2)], ["B", "C"]],
  ["a page left out", [aState([one("A")]), aState([one("B")], 1, 3), aState([one("C")], 3, 3)], ["A", "B"]],
  ["a position of an unknown one", [aState([one("A")]), anUpdate({ moved: [aMove({ tracking_id: "X" })] })], ["A"]],
  ["one removed twice", [aState([one("A")]), anUpdate({ removed: ["A"] }), anUpdate({ removed: ["A"] })], []],
])("%s", (_name, frames, expected) => {
  expect(ids(...frames)).toEqual(expected);
});

test("what was known stays to be seen until the last page says that it is over", () => {
  const first = all(aState([one("A"), one("B")]), aState([one("A")], 1, 2));
  expect([...first.shard.deliveries.keys()]).toEqual(["A", "B"]);
  expect(absorb(first.shard, aState([one("C")], 2, 2)).difference.removed).toEqual(["B"]);
});

test.each([
  [11, 5.7],
  [10, 5.7],
  [9, 5.605],
])("a position with seq %i after one with 10 shows at %f", (seq, lat) => {
  const location = { lat: 5.7, lng: -0.2, timestamp: 1 };
  const { shard } = all(aState([one("A")]), anUpdate({ moved: [aMove({ tracking_id: "A", seq, current_location: location })] }));
  expect(shard.deliveries.get("A")?.current_location?.lat).toBe(lat);
});

test("a page does not take back what an update said before it", () => {
  const newer = a({ tracking_id: "A", seq: 12, status: "DELIVERED" });
  const { shard, difference } = all(aState([], 1, 2), anUpdate({ deliveries: [newer] }), aState([one("A", 10)], 2, 2));
  expect(shard.deliveries.get("A")?.status).toBe("DELIVERED");
  expect(difference.changed).toEqual([]);
});

test("a shard that lets a delivery go does not take it from the one that told of it last", () => {
  const merged = new Merged();
  merged.apply("0", { changed: [one("A", 10)], removed: [] });
  merged.apply("1", { changed: [one("A", 11)], removed: [] });
  expect(merged.apply("0", { changed: [], removed: ["A"] }).removed).toEqual([]);
  expect(merged.deliveries.get("A")?.seq).toBe(11);
  expect(merged.drop("1").removed).toEqual(["A"]);
});

test("of two shards that tell of one delivery, the newer word counts", () => {
  const merged = new Merged();
  merged.apply("0", { changed: [one("A", 11)], removed: [] });
  expect(merged.apply("1", { changed: [one("A", 10)], removed: [] }).changed).toEqual([]);
  expect(merged.deliveries.get("A")?.seq).toBe(11);
});
