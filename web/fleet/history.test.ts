import { expect, test } from "vitest";
import { T0 } from "../client/fixtures";
import type { TimelineEvent } from "../client/wire";
import { happened } from "./history";

const an = (fields: Partial<TimelineEvent>): TimelineEvent => ({ type: "status", status: "ASSIGNED", at: T0, ...fields });
const desk = { role: "dispatcher", subject: "desk-1" } as const;
const driver = { role: "driver" } as const;

test.each<[Partial<TimelineEvent>, string, string | null]>([
  [{ status: "CREATED" }, "Created", null],
  [{ status: "IN_TRANSIT", by: driver }, "On the way", "by driver"],
  [{ type: "assigned", driver_id: "d1", by: desk }, "Given to d1", "by dispatcher desk-1"],
  [{ type: "assigned", driver_id: "d2", former_driver_id: "d1", by: desk }, "Given to d2, in place of d1", "by dispatcher desk-1"],
  [{ type: "unassigned", driver_id: "d1", by: desk }, "Taken from d1", "by dispatcher desk-1"],
  [{ type: "unassigned", driver_id: "d1", by: driver }, "Declined by d1", null],
  [{ type: "accepted", by: driver }, "Accepted by the driver", null],
  [{ type: "reordered", by: { role: "admin", subject: "root" } }, "Put in another place among the driver's stops", "by admin root"],
  [{ type: "corrected", about: ["dropoff", "window", "phone"], by: { role: "store", subject: "s1" } }, "Corrected: destination, promised time, phone", "by store s1"],
  [{ type: "link_created", about: ["l1"], by: { role: "customer" } }, "Share link made", "by customer"],
  [{ type: "link_revoked", about: ["l1"] }, "Share link revoked", null],
  [{ type: "proof", about: ["signature"], by: driver }, "Handed over, with a signature", "by driver"],
  [{ type: "rated", by: { role: "customer" } }, "Rated by the customer", null],
  [{ type: "erased", about: ["driver"], by: desk }, "Personal data erased: driver", "by dispatcher desk-1"],
  [{ type: "approaching", about: ["dropoff"] }, "Near the destination", null],
  [{ type: "arrived", about: ["pickup"] }, "At the pickup", null],
  [{ type: "departed", about: ["pickup"] }, "Left the pickup", null],
  [{ type: "delayed" }, "Late for the promised time", null],
  [{ type: "off_route" }, "Off the route", null],
  [{ type: "stale" }, "No position for long", null],
  [{ type: "resumed" }, "Positions again", null],
  [{ type: "put_aside" as never }, "Put aside", null],
])("%o reads: %s, %s", (fields, words, by) => {
  expect(happened({ events: [an(fields)] })).toMatchObject([{ words, by }]);
});

test("a reason and a note are said", () => {
  const told = happened({ events: [an({ status: "FAILED", reason: "Nobody there", note: "rang twice" }), an({ note: "left at the gate" }), an({})] });
  expect(told.map(({ more }) => more)).toEqual(["Nobody there: rang twice", "left at the gate", null]);
});

test("what happens in one second is told apart, and keeps its key when another comes before it", () => {
  const events = [an({}), an({ type: "assigned", driver_id: "d1" }), an({ type: "link_created", about: ["l1"] }), an({ type: "link_created", about: ["l2"] }), an({ type: "reordered" }), an({ type: "reordered" })];
  const keys = happened({ events }).map(({ key }) => key);
  expect(new Set(keys).size).toBe(events.length);
  expect(happened({ events: [an({ status: "CREATED", at: T0 - 60 }), ...events] }).slice(1).map(({ key }) => key)).toEqual(keys);
});
