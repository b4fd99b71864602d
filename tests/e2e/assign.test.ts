// Who drives: given to one, taken over by another, declined and accepted; and what each sees of it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isNear, type Json, type Reply, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
let store: string;
let driver: string;
let other: string;
before(async () => {
  // Rows and numbers are those of what is asked: what is told has its own.
  service = await start({ queue: false });
  [store, driver, other] = await Promise.all([token("store", "x", { store: "s1" }), token("driver", "d1"), token("driver", "d2")]);
});
after(() => service.stop());

const NOT_ALLOWED = { code: 1008, reason: "Not allowed" };
const post = (path: string, as: string, body?: Json): Promise<Reply> => service.call("POST", path, { token: as, ...(body && { body }) });
const follow = async (id: string, as?: string, query = "") =>
  new Socket(`${service.ws}/ws/tracking/${id}${query}`, as === undefined ? [] : ["onway.v1", `bearer.${as}`]).opened();
const statuses = (snapshot: Json) => snapshot["timeline"].map((entry: Json) => entry["status"]);
const counters = async (id: string) => (await service.call("GET", `/test/counters/${id}`)).body;

test("a delivery without a driver is given to one, who accepts it", async () => {
  const { tracking_id: id } = await startDelivery(service, { driver_id: null, visibility: "private" });
  assert.equal((await service.call("GET", `/tracking/${id}`, { token: driver })).status, 403);
  const watcher = await follow(id, store);
  await watcher.next("initial_state");
  const assigned = await post(`/tracking/${id}/assign`, store, { rider_id: "d1" });
  assert.deepEqual([assigned.status, assigned.body.driver_id, statuses(assigned.body)], [200, "d1", ["CREATED", "ASSIGNED"]]);
  assert.equal((await watcher.next())["data"].status, "ASSIGNED");
  const whole = await watcher.next();
  assert.deepEqual([whole["type"], whole["data"].driver_id], ["initial_state", "d1"]);

  const again = await post(`/tracking/${id}/assign`, store, { driver_id: "d1" });
  assert.deepEqual([again.status, again.body.seq], [200, assigned.body.seq], "the same again is no event");
  const line = await follow(id, driver);
  await line.next("initial_state");
  line.send({ type: "accept", id: "yes" });
  assert.equal((await line.next("ack"))["id"], "yes");
  assert.ok((await watcher.next("initial_state"))["data"].accepted_at > 0);
  const accepted = await post(`/tracking/${id}/accept`, driver);
  assert.deepEqual([accepted.status, accepted.body.seq], [200, assigned.body.seq + 1], "accepted once");
  const customer = await service.call("GET", `/tracking/${id}`, { token: await token("customer", "c1") });
  assert.equal(customer.body.accepted_at, undefined);
  for (const socket of [watcher, line]) socket.end();
});

test("another driver takes over: the former one's sockets close, and nothing of it is joined", async () => {
  const { tracking_id: id, epoch } = await startDelivery(service);
  const [former, next, watcher] = await Promise.all([follow(id, driver), follow(id, other), follow(id)]);
  for (const socket of [former, next, watcher]) await socket.next("initial_state");
  const now = Date.now();
  const locations = [0, 1, 2].map((n) => ({ lat: 5.6 + n / 1000, lng: -0.2, timestamp: now - 30_000 + n * 10_000 }));
  former.send({ type: "location_update", id: 1, locations, status: "IN_TRANSIT" });
  await former.next("ack");
  const before = (await watcher.next("location_update"))["data"];
  const alias = (await service.call("GET", `/tracking/${id}`)).body.driver_id;

  const assigned = await post(`/tracking/${id}/assign`, store, { driver_id: "d2" });
  assert.deepEqual([assigned.status, assigned.body.status], [200, "IN_TRANSIT"]);
  assert.deepEqual(await former.close(), NOT_ALLOWED);
  const { data } = await watcher.next("initial_state");
  assert.deepEqual([data.status, data.current_location, data.location_state, data.trail, data.eta_seconds], ["IN_TRANSIT", null, "none", "", null]);
  assert.deepEqual(statuses(data), ["ASSIGNED", "PICKED_UP", "IN_TRANSIT"]);
  assert.ok(data.seq > before.seq && data.driver_id !== alias && /^DRV-/.test(data.driver_id));

  // The socket that the next driver had as anybody has become the driver's.
  assert.equal((await next.next("initial_state"))["data"].driver_id, "d2");
  await service.call("GET", `/test/forget/${id}`);
  for (const path of [`/tracking/${id}/status`, `/tracking/update/${id}`]) {
    assert.equal((await post(path, driver, { lat: 5.6, lng: -0.2, status: "DELIVERED" })).status, 403, path);
  }
  assert.equal((await service.call("GET", `/tracking/${id}/history`, { token: driver })).status, 403);
  next.send({ type: "location_update", id: 2, lat: 5.7, lng: -0.2 });
  assert.equal((await next.next("ack"))["accepted"], 1, "ten kilometres off, which no one vehicle could be");
  const moved = (await watcher.next("location_update"))["data"];
  assert.ok(isNear(moved.current_location, 5.7));
  assert.equal(moved.trail, undefined);
  const kept = await service.call("GET", `/tracking/${id}/history`, { token: store });
  assert.equal(kept.body.points.length, 4, "the history keeps all");

  // Whoever was away meanwhile is told the whole state.
  const back = await follow(id, undefined, `?since=${before.seq}&epoch=${epoch}`);
  assert.equal((await back.next())["type"], "initial_state");
  for (const socket of [next, watcher, back]) socket.end();
});

test("a driver declines, and staff alone read why", async () => {
  const { tracking_id: id } = await startDelivery(service, { visibility: "private" });
  const line = await follow(id, driver);
  await line.next("initial_state");
  line.send({ type: "decline", id: 7, reason: "a flat tyre" });
  assert.equal((await line.next("ack"))["id"], 7);
  assert.deepEqual(await line.close(), NOT_ALLOWED);
  const seen = (await service.call("GET", `/tracking/${id}`, { token: store })).body;
  assert.deepEqual([seen.status, seen.driver_id, statuses(seen)], ["CREATED", null, ["ASSIGNED", "CREATED"]]);
  assert.equal((await post(`/tracking/${id}/assign`, store, { driver_id: "d2" })).status, 200);
  const note = async (as: string) => (await service.call("GET", `/tracking/${id}/events`, { token: as })).body.events[1].note;
  assert.equal(await note(store), "declined by d1: a flat tyre");
  assert.equal(await note(other), null);
  assert.equal((await post(`/tracking/${id}/decline`, other)).status, 200, "without a body");
  assert.equal((await post(`/tracking/${id}/decline`, other)).status, 403, "it is no longer theirs");
});

test("what the state machine does not have is 409, and changes nothing", async () => {
  const { tracking_id: id } = await startDelivery(service);
  assert.equal((await post(`/tracking/${id}/unassign`, store)).body.status, "CREATED");
  assert.equal((await post(`/tracking/${id}/unassign`, store)).status, 200);
  await post(`/tracking/${id}/assign`, store, { driver_id: "d1" });
  await post(`/tracking/${id}/status`, driver, { status: "PICKED_UP" });
  const refused = await post(`/tracking/${id}/unassign`, store);
  assert.deepEqual([refused.status, refused.headers.get("Content-Type")], [409, "application/problem+json"]);
  assert.equal((await post(`/tracking/${id}/decline`, driver, {})).status, 409);
  assert.equal((await post(`/tracking/${id}/cancel`, store)).status, 403, "after the pickup");
  const desk = await token("dispatcher", "desk");
  const cancelled = await post(`/tracking/${id}/cancel`, desk, { reason: "ordered twice" });
  assert.deepEqual([cancelled.status, cancelled.body.status], [200, "CANCELLED"]);
  assert.equal((await service.call("GET", `/tracking/${id}/events`, { token: desk })).body.events.at(-1).reason, "ordered twice");
  for (const [path, body] of [["assign", { driver_id: "d2" }], ["unassign", {}]] as const) {
    assert.equal((await post(`/tracking/${id}/${path}`, store, body)).status, 409, path);
  }
  assert.equal((await post(`/tracking/${id}/accept`, driver)).status, 409);
});

test("a status report sent again changes nothing, whatever came since", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const report = { status: "PICKED_UP", id: "offline-1", at: Date.now() / 1000 - 5 };
  const first = await post(`/tracking/${id}/status`, driver, report);
  await post(`/tracking/${id}/status`, driver, { status: "DELIVERED", id: "offline-2" });
  await service.call("GET", `/test/forget/${id}`);
  const rows = (await counters(id))["rows_written"];
  const again = await post(`/tracking/${id}/status`, driver, report);
  assert.deepEqual([first.status, again.status, again.body.status, again.body.seq], [200, 200, "DELIVERED", first.body.seq + 1]);
  const line = await follow(id, driver);
  await line.next("initial_state");
  line.send({ type: "status_update", ...report });
  assert.equal((await line.next())["type"], "ack");
  assert.equal((await counters(id))["rows_written"], rows);
  assert.equal((await post(`/tracking/${id}/status`, driver, { ...report, id: "another" })).status, 409);
  line.end();
});

test("an assignment writes few rows", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const before = await counters(id);
  await post(`/tracking/${id}/assign`, store, { driver_id: "d2" });
  await post(`/tracking/${id}/accept`, other);
  const after = await counters(id);
  // The facts, the event and the state; the event and the state.
  assert.deepEqual([after["rows_written"] - before["rows_written"], after["alarms"] - before["alarms"]], [5, 0]);
});

test("many statuses at once are judged alone, those of one delivery in their order", async () => {
  const ids = await Promise.all(Array.from({ length: 12 }, async () => (await startDelivery(service)).tracking_id as string));
  const steps = ["PICKED_UP", "IN_TRANSIT", "DELIVERED"];
  const right = steps.flatMap((status) => ids.map((tracking_id) => ({ tracking_id, status })));
  const wrong: [unknown, number, string | null][] = [
    [{ tracking_id: ids[0], status: "PICKED_UP" }, 409, null],
    [{ tracking_id: ids[1], status: "LOST" }, 422, "status"],
    [{ parcel_id: "TRK-X", status: "DELIVERED" }, 404, null],
    [{ status: "DELIVERED" }, 422, "tracking_id"],
    [5, 422, "updates"],
  ];
  const reply = await post("/tracking/batch/status", driver, { updates: [...right, ...wrong.map(([update]) => update)] });
  assert.equal(reply.status, 200);
  const results = reply.body.results as Json[];
  assert.deepEqual(results.slice(0, right.length), right.map(({ tracking_id }) => ({ tracking_id, ok: true })));
  const problems = results.slice(right.length).map(({ ok, problem }) => [ok, problem.status, problem.field ?? null]);
  assert.deepEqual(problems, wrong.map(([, status, field]) => [false, status, field]));
  for (const id of ids) assert.equal(statuses((await service.call("GET", `/tracking/${id}`)).body).length, 4);
  const stranger = await post("/tracking/batch/status", other, { updates: [right[0]] });
  assert.equal(stranger.body.results[0].problem.status, 403);
});
