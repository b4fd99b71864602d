// What staff do to deliveries, and that it is told who did what: for staff alone, while it runs and from the archive.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Json, type Reply, type Service, start, startDelivery, token } from "../service.ts";

let service: Service;
let as: Record<"driver" | "next" | "customer" | "store" | "otherStore" | "dispatcher" | "admin", string>;
before(async () => {
  service = await start({ vars: { ARCHIVE_DELAY_S: "0.05" } });
  const [driver, next, customer, store, otherStore, dispatcher, admin] = await Promise.all([
    token("driver", "d1"), token("driver", "d2"), token("customer", "c1"), token("store", "till-1", { store: "s1" }),
    token("store", "till-9", { store: "s2" }), token("dispatcher", "desk-1"), token("admin", "root"),
  ]);
  as = { driver, next, customer, store, otherStore, dispatcher, admin };
});
after(() => service.stop());

const call = (method: string, path: string, by: string, body?: unknown, on = service): Promise<Reply> =>
  on.call(method, path, { token: by, ...(body === undefined ? {} : { body }) });
const done = async (method: string, path: string, by: string, body?: unknown, on = service): Promise<Json> => {
  const reply = await call(method, path, by, body, on);
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`);
  return reply.body;
};
const counters = async (id: string) => (await service.call("GET", `/test/counters/${id}`)).body;
async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await is()); tries += 1) {
    assert.ok(tries < 200, what);
    await delay(50);
  }
}

test("staff read who did what, others the statuses alone, also from the archive", async () => {
  // A service of its own: what has ended goes to the archive soon.
  const own = await start({ vars: { ARCHIVE_DELAY_S: "0.05", ARCHIVE_RETRY_FIRST_S: "0.1", EXPIRE_FINISHED_HOURS: "0.0015" } });
  try {
    const body = { order_id: "O-1", customer_id: "c1", driver_id: "d1", handover_code: "A7K2", dropoff: { lat: 5.65, lng: -0.2 } };
    const { tracking_id: id } = await done("POST", "/tracking/start", as.store, body, own);
    const path = `/tracking/${id}`;
    await done("POST", `${path}/decline`, as.driver, { reason: "a flat tyre" }, own);
    await done("POST", `${path}/assign`, as.dispatcher, { driver_id: "d3" }, own);
    await done("POST", `${path}/assign`, as.dispatcher, { driver_id: "d2" }, own);
    await done("POST", `${path}/accept`, as.next, undefined, own);
    await done("PATCH", path, as.store, { instructions: "Ring twice", phone: "+233201234567" }, own);
    await done("POST", `${path}/status`, as.dispatcher, { status: "IN_TRANSIT", reason: "the phone is broken" }, own);
    const link = await done("POST", `${path}/links`, as.customer, { label: "Grandma" }, own);
    await done("DELETE", `${path}/links/${link["id"]}`, as.admin, undefined, own);
    await done("POST", `${path}/proof`, as.next, { code: "a7k2" }, own);
    await done("POST", `${path}/status`, as.next, { status: "DELIVERED" }, own);
    await done("POST", `${path}/rating`, as.customer, { stars: 5 }, own);

    const expected = [
      ["status", "ASSIGNED", "store", "till-1"],
      ["status", "CREATED", "driver", null],
      ["unassigned", "CREATED", "driver", null],
      ["status", "ASSIGNED", "dispatcher", "desk-1"],
      ["assigned", "ASSIGNED", "dispatcher", "desk-1"],
      ["assigned", "ASSIGNED", "dispatcher", "desk-1"],
      ["accepted", "ASSIGNED", "driver", null],
      ["corrected", "ASSIGNED", "store", "till-1"],
      ["status", "PICKED_UP", "dispatcher", "desk-1"],
      ["status", "IN_TRANSIT", "dispatcher", "desk-1"],
      ["link_created", "IN_TRANSIT", "customer", null],
      ["link_revoked", "IN_TRANSIT", "admin", "root"],
      ["proof", "IN_TRANSIT", "driver", null],
      ["status", "DELIVERED", "driver", null],
      ["rated", "DELIVERED", "customer", null],
    ];
    const read = async (by: string) => (await done("GET", `${path}/events`, by, undefined, own))["events"] as Json[];
    const told = (events: Json[]) => events.map((event) => [event["type"], event["status"], event["by"]?.role ?? null, event["by"]?.subject ?? null]);
    const details = (events: Json[]) => [events[2]?.["driver_id"], events[5]?.["driver_id"], events[5]?.["former_driver_id"], events[7]?.["about"], events[9]?.["reason"], events[11]?.["about"], events[12]?.["about"]];
    const seen = await read(as.store);
    assert.deepEqual(told(seen), expected);
    assert.deepEqual(details(seen), ["d1", "d2", "d3", ["phone", "instructions"], "the phone is broken", [link["id"]], ["code"]]);
    for (const by of [as.dispatcher, as.admin]) assert.deepEqual(await read(by), seen);
    const statuses = expected.filter(([type]) => type === "status").map(([type, status]) => [type, status, null, null]);
    const customers = await call("GET", `${path}/events`, as.customer, undefined, own);
    assert.deepEqual(told(customers.body["events"]), statuses);
    assert.doesNotMatch(customers.text, /till-1|desk-1|root|d1|d2|d3|phone is broken/);

    await until("it expires", async () => (await call("GET", path, as.store, undefined, own)).status === 410);
    await until("the archive has it", async () => (await call("GET", `${path}/events`, as.store, undefined, own)).status === 200);
    const archived = await read(as.dispatcher);
    assert.deepEqual([told(archived), details(archived)], [expected, details(seen)]);
    assert.equal((await call("GET", `${path}/events`, as.otherStore, undefined, own)).status, 403);
  } finally {
    await own.stop();
  }
});

test("what staff do writes no row beside those that are there", async () => {
  const { tracking_id: id } = await startDelivery(service);
  // The start goes to the archive, which is noted.
  for (let known = await counters(id), next; ; known = next) {
    await delay(300);
    next = await counters(id);
    if (next["rows_written"] === known["rows_written"] && next["alarms"] === known["alarms"]) break;
  }
  const wrote = async (act: () => Promise<unknown>) => {
    const before = await counters(id);
    await act();
    const now = await counters(id);
    return [now["rows_written"] - before["rows_written"], now["alarms"] - before["alarms"]];
  };
  // The facts, the event and the state; the link and the state.
  assert.deepEqual(await wrote(() => done("PATCH", `/tracking/${id}`, as.store, { instructions: "Ring twice" })), [3, 0]);
  assert.deepEqual(await wrote(() => done("POST", `/tracking/${id}/links`, as.store, { label: "Grandma" })), [2, 0]);
});

test("500 statuses at once, of which some are illegal, foreign, twice there or nonsense", async () => {
  const many = Array.from({ length: 400 }, (_, n) => ({ driver_id: `bulk-${n % 20}`, order_id: `B-${n}` }));
  const ids: string[] = [];
  for (let from = 0; from < many.length; from += 20) {
    ids.push(...(await Promise.all(many.slice(from, from + 20).map(async (one) => (await startDelivery(service, one)).tracking_id as string))));
  }
  const forged = `TRK-${"A".repeat(40)}`;
  const updates: unknown[] = [];
  const expected: (number | boolean)[] = [];
  for (let n = 0; n < 500; n += 1) {
    const tracking_id = ids[n % ids.length];
    const [update, status] = ([
      [{ tracking_id: forged, status: "PICKED_UP" }, 404],
      [{ tracking_id, status: "LOST" }, 422],
      [{ tracking_id, status: "FAILED" }, 422],
      ["nonsense", 422],
      [{ tracking_id, status: "CREATED" }, 409],
    ] as const)[n - 400] ?? [{ tracking_id, status: "PICKED_UP", note: `${n}`, reason: "the scanner was down" }, true];
    updates.push(update);
    expected.push(status);
  }
  const began = performance.now();
  const results = (await done("POST", "/tracking/batch/status", as.dispatcher, { updates }))["results"] as Json[];
  console.log(`500 statuses of 400 deliveries took ${Math.round(performance.now() - began)} ms`);
  assert.deepEqual(results.map(({ ok, problem }) => (ok ? true : problem.status)), expected);
  assert.deepEqual(results.map((result) => result["tracking_id"]), updates.map((update) => (update as Json)["tracking_id"] ?? null));
  const [, picked] = (await done("GET", `/tracking/${ids[5]}/events`, as.store))["events"] as Json[];
  assert.deepEqual([picked?.["note"], picked?.["reason"], picked?.["by"]], ["5", "the scanner was down", { role: "dispatcher", subject: "desk-1" }], "the first of two");
});

test("stores and drivers do in bulk what they may do one by one", async () => {
  const { tracking_id: own } = await startDelivery(service);
  const { tracking_id: gone } = await startDelivery(service);
  const { tracking_id: foreign } = await startDelivery(service, { driver_id: "d2", store_id: "s2" });
  await done("POST", `/tracking/${gone}/status`, as.driver, { status: "PICKED_UP" });
  const ask = async (by: string, asked: [string, string][]) => {
    const updates = asked.map(([tracking_id, status]) => ({ tracking_id, status, reason: "r" }));
    return (await done("POST", "/tracking/batch/status", by, { updates }))["results"].map(({ ok, problem }: Json) => (ok ? true : problem.status));
  };
  assert.deepEqual(await ask(as.driver, [[own, "PICKED_UP"], [foreign, "PICKED_UP"], [own, "CANCELLED"], [gone, "FAILED"]]), [true, 403, 403, true]);
  const { tracking_id: open } = await startDelivery(service);
  assert.deepEqual(await ask(as.store, [[open, "PICKED_UP"], [open, "CANCELLED"], [own, "CANCELLED"], [foreign, "CANCELLED"]]), [403, true, 403, 403]);
  const [, cancelled] = (await done("GET", `/tracking/${open}/events`, as.store))["events"] as Json[];
  assert.deepEqual([cancelled?.["status"], cancelled?.["by"]], ["CANCELLED", { role: "store", subject: "till-1" }]);
});

test("a store puts its own stops in order, and neither sees nor moves those of others", async () => {
  const driver = "d-order";
  const begin = async (store_id: string) => (await startDelivery(service, { driver_id: driver, store_id })).tracking_id as string;
  const listed = async () => (await done("GET", `/tracking/driver/${driver}`, as.dispatcher))["deliveries"].map((one: Json) => one["tracking_id"]) as string[];
  const ids: string[] = [];
  for (const store of ["s1", "s2", "s1", "s2"]) {
    ids.push(await begin(store));
    await until("the driver's object hears of it", async () => (await listed()).length === ids.length);
  }
  const [a, b, c, d] = ids as [string, string, string, string];
  const order = (by: string, tracking_ids: unknown) => call("PUT", `/drivers/${driver}/deliveries`, by, { tracking_ids });
  for (const [by, tracking_ids, status] of [[as.store, [c, b], 422], [as.store, [c, c], 422], [as.store, "c", 422], [as.driver, [c], 403], [as.customer, [c], 403], [await token("store", "nowhere"), [c], 403]] as const) {
    assert.equal((await order(by, tracking_ids)).status, status);
  }
  assert.deepEqual(await listed(), [a, b, c, d]);
  const reply = await order(as.store, [c, a]);
  assert.deepEqual([reply.status, reply.text], [204, ""]);
  assert.deepEqual(await listed(), [c, b, a, d]);
  const acts = async (id: string, by: string) => ((await done("GET", `/tracking/${id}/events`, by))["events"] as Json[]).filter((event) => event["type"] === "reordered").map((event) => event["by"]);
  await until("the delivery hears who moved it", async () => (await acts(a, as.store)).length === 1);
  assert.deepEqual(await acts(c, as.store), [{ role: "store", subject: "till-1" }]);
  assert.deepEqual([await acts(b, as.otherStore), await acts(d, as.otherStore)], [[], []]);
  assert.equal((await call("GET", `/tracking/driver/${driver}`, as.store)).status, 403, "the driver's list is not for stores");
  assert.equal((await order(as.dispatcher, [d, c])).status, 200);
  await until("the order by the desk", async () => (await acts(d, as.admin)).length === 1);
  assert.deepEqual(await acts(c, as.admin), [{ role: "store", subject: "till-1" }, { role: "dispatcher", subject: "desk-1" }]);
});

test("a store sees a call for help and cannot acknowledge it", async () => {
  const { tracking_id: id } = await startDelivery(service, { driver_id: "d-help" });
  await until("the driver's object hears of it", async () => (await done("GET", "/tracking/driver/d-help", as.dispatcher))["deliveries"].length === 1);
  const { id: emergency } = await done("POST", "/drivers/d-help/emergency", await token("driver", "d-help"), { message: "a fall" });
  const record = async () => ((await done("GET", "/emergencies", as.store))["emergencies"] as Json[]).find((one) => one["id"] === emergency);
  await until("it is on record", async () => (await record()) !== undefined);
  for (const by of [as.store, as.otherStore, as.customer, as.driver]) {
    assert.equal((await call("POST", `/emergencies/${emergency}/acknowledge`, by)).status, 403);
  }
  assert.equal((await done("GET", `/tracking/${id}`, as.store))["emergencies"].length, 1);
  assert.equal((await done("POST", `/emergencies/${emergency}/acknowledge`, as.admin))["acknowledged_by"], "root");
  await until("the record says who has it", async () => (await record())?.["acknowledged_by"] === "root");
});
