import { describe, expect, test } from "vitest";
import type { DriverFrame, Report } from "./driver-wire";
import { aDriverSnapshot, aJob } from "./driver-fixtures";
import { absorb, apply, isOffer } from "./jobs";

const one = aJob({ tracking_id: "one", seq: 5 });
const two = aJob({ tracking_id: "two", seq: 5 });
const update = (status: string, seq: number): DriverFrame =>
  ({ type: "status_update", data: { tracking_id: "two", status, at: 9, seq, server_time: 9_000 } }) as DriverFrame;

test.each<[string, DriverFrame, string[]]>([
  ["the state replaces all", { type: "driver_state", data: aDriverSnapshot({ deliveries: [two] }) }, ["two ASSIGNED"]],
  ["an assignment is added", { type: "assignment", id: 1, data: aJob({ tracking_id: "three" }) }, ["one ASSIGNED", "two ASSIGNED", "three ASSIGNED"]],
  ["an assignment that is known is renewed", { type: "assignment", id: 1, data: { ...two, status: "PICKED_UP", seq: 6 } }, ["one ASSIGNED", "two PICKED_UP"]],
  ["an older one is passed over", { type: "assignment", id: 1, data: { ...two, status: "CREATED", seq: 4 } }, ["one ASSIGNED", "two ASSIGNED"]],
  ["an unassignment takes away", { type: "unassignment", id: 2, data: { tracking_id: "one" } }, ["two ASSIGNED"]],
  ["somebody else's status is taken", update("PICKED_UP", 6), ["one ASSIGNED", "two PICKED_UP"]],
  ["an older status is passed over", update("PICKED_UP", 5), ["one ASSIGNED", "two ASSIGNED"]],
  ["what somebody else ended goes away", update("CANCELLED", 6), ["one ASSIGNED"]],
  ["other frames change nothing", { type: "sampling", interval_s: 1, min_displacement_m: 1 }, ["one ASSIGNED", "two ASSIGNED"]],
])("%s", (_, frame, expected) => {
  expect(absorb([one, two], frame).map((job) => `${job.tracking_id} ${job.status}`)).toEqual(expected);
});

describe("what the driver did", () => {
  const offered = aJob({ tracking_id: "one", accepted_at: null });
  const id = "r";

  test.each<[Report, (string | boolean)[]]>([
    [{ type: "accept", id, tracking_id: "one" }, ["ASSIGNED", false]],
    [{ type: "status_update", id, tracking_id: "one", status: "PICKED_UP", at: 0 }, ["PICKED_UP", false]],
    [{ type: "decline", id, tracking_id: "one" }, []],
    [{ type: "status_update", id, tracking_id: "one", status: "FAILED", at: 0, reason: "closed" }, []],
    [{ type: "duty", id, on_duty: true }, ["ASSIGNED", true]],
    [{ type: "accept", id, tracking_id: "another" }, ["ASSIGNED", true]],
  ])("%o", (report, expected) => {
    expect(apply([offered], report).flatMap((job) => [job.status, isOffer(job)])).toEqual(expected);
  });
});
