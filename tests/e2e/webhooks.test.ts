// Webhooks: whoever wants to hear of deliveries does, signed, at least once, whatever others do.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { answering, type Received, type Receiver, receiver, verified } from "../receiver.ts";
import { type Json, type Service, start, startDelivery, token } from "../service.ts";

const ORDER_SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
let service: Service;
let orders: Receiver;
const open: Receiver[] = [];
before(async () => {
  orders = await receiver();
  const vars = { ALLOW_LOCAL_ENDPOINTS: "1", WEBHOOKS_CACHE_S: "0", WEBHOOK_RETRIES_S: "1,1,1", ORDER_SERVICE_URL: `${orders.url}/`, ORDER_SERVICE_SECRET: ORDER_SECRET };
  service = await start({ vars });
});
afterEach(async () => {
  await service.sql("DELETE FROM endpoint");
  for (const one of open.splice(0)) one.close();
});
after(async () => {
  await service.stop();
  orders.close();
});

async function call(method: string, path: string, body?: Json, store?: string): Promise<Json> {
  const by = store === undefined ? await token("admin", "root") : await token("store", "desk", { store });
  const reply = await service.call(method, path, { token: by, ...(body ? { body } : {}) });
  assert.ok(reply.status < 300, `${method} ${path} answered ${reply.status}: ${reply.text}`);
  return reply.body;
}

/** An endpoint, and the server behind it. */
async function listening(extra: Json = {}, store?: string): Promise<{ at: Receiver; id: string; secret: string }> {
  const at = await receiver();
  open.push(at);
  const { id, secret } = await call("POST", "/webhooks", { url: at.url, ...extra }, store);
  return { at, id, secret };
}

async function reach(id: string, ...statuses: string[]): Promise<void> {
  for (const status of statuses) await call("POST", `/tracking/${id}/status`, { status });
}

const kinds = (received: Received[], id: string) => received.filter(({ body }) => body["data"].tracking_id === id).map(({ body }) => body["type"]);
const attempts = async (id: string, query = ""): Promise<Json[]> => (await call("GET", `/webhooks/${id}/attempts?${query}`))["attempts"];
async function attempted(id: string, done: (found: Json[]) => boolean, query = ""): Promise<Json[]> {
  for (let tries = 0; ; tries += 1) {
    const found = await attempts(id, query);
    if (done(found)) return found;
    assert.ok(tries < 600, `only ${JSON.stringify(found)}`);
    await delay(50);
  }
}

test("each event arrives, signed, as its receiver may see it, and no store hears of another's", async () => {
  const all = await listening();
  const own = await listening({}, "s1");
  const other = await listening({ store_id: "s2" });
  const some = await listening({ events: ["delivery.delivered"] });
  const { tracking_id: id } = await startDelivery(service);
  await reach(id, "PICKED_UP", "IN_TRANSIT", "DELIVERED");
  const { tracking_id: second } = await startDelivery(service, { store_id: "s2" });
  const expected = ["delivery.created", "delivery.assigned", "delivery.picked_up", "delivery.in_transit", "delivery.delivered"];
  for (const { at, secret } of [all, own]) {
    await at.until((received) => expected.every((kind) => kinds(received, id).includes(kind)), "not every status was told");
    const told = at.received.filter(({ body }) => body["data"].tracking_id === id);
    const events = told.map((one) => verified(secret, one)).sort((a, b) => a["seq"] - b["seq"]);
    assert.deepEqual(events.map((event) => event["type"]).filter((kind) => expected.includes(kind)), expected);
    for (const [n, one] of told.entries()) {
      assert.equal(one.headers["webhook-id"], one.body["id"], String(n));
      assert.equal(one.headers["content-type"], "application/json");
      assert.throws(() => verified(ORDER_SECRET, one));
      assert.throws(() => verified(secret, { ...one, text: one.text.replace("seq", "sep") }));
    }
  }
  assert.equal(all.at.received[0]?.body["data"].driver_id, "d1");
  await other.at.until((received) => kinds(received, second).length >= 2, "the other store heard nothing");
  assert.deepEqual(kinds(other.at.received, id), []);
  await all.at.until((received) => kinds(received, second).length >= 2, "who hears all heard nothing");
  assert.deepEqual(kinds(own.at.received, second), []);
  await some.at.until((received) => received.length > 0, "the end was not told");
  assert.deepEqual(some.at.received.map(({ body }) => body["type"]), ["delivery.delivered"]);
});

test("a call for help is told to who runs the operation, and to a store with what is its own", async () => {
  const events = ["emergency"];
  const [all, own, other] = [await listening({ events }), await listening({ events }, "s1"), await listening({ events }, "s3")];
  const driver_id = "in-need";
  const ids: string[] = [];
  for (const store_id of ["s1", "s2"]) ids.push((await startDelivery(service, { driver_id, store_id }))["tracking_id"] as string);
  for (let tries = 0; (await call("GET", `/tracking/driver/${driver_id}`))["deliveries"].length < 2; tries += 1) {
    assert.ok(tries < 100, "the driver's object does not know of its stops");
    await delay(50);
  }
  const body = { id: 7, message: "the road is blocked", lat: 5.61, lng: -0.2 };
  for (const _ of [1, 2]) assert.equal((await service.call("POST", `/drivers/${driver_id}/emergency`, { token: await token("driver", driver_id), body })).status, 201);
  for (const [{ at, secret }, carried] of [[all, ids], [own, ids.slice(0, 1)]] as const) {
    await at.until((received) => received.length > 0, "nobody heard the call");
    const event = verified(secret, at.received[0] as Received);
    assert.deepEqual([event["type"], event["data"].driver_id, event["data"].message], ["emergency", driver_id, body.message]);
    assert.deepEqual([...event["data"].tracking_ids].sort(), [...carried].sort());
  }
  assert.equal(new Set(all.at.received.map(({ body: told }) => told["id"])).size, 1);
  assert.equal(other.at.received.length, 0);
});

test("a receiver that fails for a while gets each event with the same id, and each attempt is listed", async () => {
  const { at, id } = await listening({ events: ["delivery.created", "delivery.picked_up"] });
  const seen = new Map<string, number>();
  at.answer = (response, _, { body }) => {
    seen.set(body["id"], (seen.get(body["id"]) ?? 0) + 1);
    answering((seen.get(body["id"]) ?? 0) < 3 ? 500 : 204)(response);
  };
  const { tracking_id } = await startDelivery(service);
  await reach(tracking_id, "PICKED_UP");
  await at.until(() => seen.size === 2 && [...seen.values()].every((count) => count >= 3), "it was not tried often enough");
  for (const event of seen.keys()) {
    const found = await attempted(id, (all) => all.length === 3, `event_id=${event}`);
    assert.deepEqual(found.map(({ status, attempt, delivered }) => [status, attempt, delivered]), [[204, 3, true], [500, 2, false], [500, 1, false]]);
    assert.ok(found.every((one) => one["tracking_id"] === tracking_id && one["ms"] >= 0 && one["error"] === null));
  }
  assert.equal((await attempts(id, "outcome=failed")).length, 4);
  assert.equal((await attempts(id, "outcome=delivered")).length, 2);
  assert.equal((await call("GET", `/webhooks/${id}`))["failing_since"], null);
});

test("a receiver that hangs delays nobody: the others have everything while it holds its first request", async () => {
  const hanging = await listening();
  const good = await listening();
  hanging.at.answer = () => {};
  const { tracking_id: id } = await startDelivery(service);
  await hanging.at.until((received) => received.length > 0, "it was never asked");
  for (const status of ["PICKED_UP", "IN_TRANSIT", "DELIVERED"]) {
    const before = kinds(good.at.received, id).length;
    await reach(id, status);
    await good.at.until((received) => kinds(received, id).length > before, `${status} was not told`);
  }
  await good.at.until((received) => kinds(received, id).length >= 5, "not everything was told");
  assert.equal(hanging.at.received[0]?.isClosed, false, "it was let go before");
  // In the end that counts as no answer.
  const found = await attempted(hanging.id, (all) => all.length > 0);
  assert.ok(found.every((one) => one["status"] === null && one["error"] === "no answer within 10 s"), JSON.stringify(found));
});

test("five days of failures disable when the next event is given up, and not by one attempt after days of quiet", async () => {
  const { at, id } = await listening({ events: ["delivery.created"] });
  const state = () => call("GET", `/webhooks/${id}`);
  const failedLongAgo = () => service.sql("UPDATE endpoint SET failing_since = ? WHERE id = ?", Date.now() - 6 * 86_400_000, id);
  await failedLongAgo();
  at.answer = (response) => answering(at.received.length === 1 ? 503 : 204)(response);
  await startDelivery(service);
  await at.until((received) => received.length === 2, "it was not tried again");
  await attempted(id, (all) => all.length === 2);
  const { enabled, failing_since } = await state();
  assert.deepEqual([enabled, failing_since], [true, null]);

  await failedLongAgo();
  assert.equal((await call("PATCH", `/webhooks/${id}`, { url: at.url, description: null }))["failing_since"], null, "a new URL begins anew");

  await failedLongAgo();
  at.answer = answering(503);
  await startDelivery(service);
  for (let tries = 0; (await state())["enabled"]; tries += 1) {
    assert.ok(tries < 200, "it was not disabled");
    await delay(50);
  }
  assert.match((await state())["disabled_reason"], /five days/);
});

test("a redirect is not followed, 410 disables, an endless answer is not read", async () => {
  const inside = await receiver();
  open.push(inside);
  const redirecting = await listening({ events: ["delivery.created"] });
  redirecting.at.answer = answering(307, { Location: inside.url });
  const gone = await listening({ events: ["delivery.created"] });
  gone.at.answer = answering(410);
  const endless = await listening({ events: ["delivery.created"] });
  endless.at.answer = (response) => {
    response.writeHead(200);
    const more = (): void => void (response.destroyed || response.write(Buffer.alloc(65_536), more));
    more();
  };
  await startDelivery(service);
  const [first] = await attempted(redirecting.id, (all) => all.length > 0);
  assert.deepEqual([first?.["status"], first?.["delivered"]], [307, false]);
  await endless.at.until((received) => received[0]?.isClosed === true, "it was read for ever");
  assert.equal((await attempted(endless.id, (all) => all.length > 0))[0]?.["delivered"], true);
  await attempted(gone.id, (all) => all.length > 0);
  const { enabled, disabled_reason } = await call("GET", `/webhooks/${gone.id}`);
  assert.deepEqual([enabled, disabled_reason], [false, "it answered 410 Gone"]);
  assert.equal(inside.received.length, 0);
  // Enabled again, it hears again.
  gone.at.answer = answering(200);
  assert.equal((await call("PATCH", `/webhooks/${gone.id}`, { enabled: true }))["disabled_reason"], null);
  await startDelivery(service);
  await gone.at.until((received) => received.length >= 2, "it was not told again");
});

test("what was given up is sent again, one by one or all of a span, and a test event comes at once", async () => {
  const { at, id, secret } = await listening({ events: ["delivery.created"] });
  at.answer = answering(500);
  const { tracking_id } = await startDelivery(service);
  await attempted(id, (all) => all.length === 4);
  const [{ event_id: event }] = (await attempts(id)) as [Json];
  at.answer = answering(200);
  const span = { from: Date.now() - 60_000, to: Date.now() + 60_000 };
  assert.deepEqual(await call("POST", `/webhooks/${id}/redeliver`, span), { count: 1, more: false, next_from: null });
  const [again] = await attempted(id, (all) => all.length === 5);
  assert.deepEqual([again?.["event_id"], again?.["status"], again?.["attempt"]], [event, 200, 1]);
  assert.deepEqual(await call("POST", `/webhooks/${id}/redeliver`, span), { count: 0, more: false, next_from: null });
  assert.equal((await call("POST", `/webhooks/${id}/redeliver`, { ...span, all: true }))["count"], 1);
  await attempted(id, (all) => all.length === 6);
  assert.equal((await call("POST", `/webhooks/${id}/redeliver`, { event_id: event }))["count"], 1);
  await attempted(id, (all) => all.length === 7);
  assert.ok(at.received.every((one) => verified(secret, one)["id"] === event && one.body["data"].tracking_id === tracking_id));
  const none = await service.call("POST", `/webhooks/${id}/redeliver`, { token: await token("admin", "root"), body: { event_id: "evt_NONE" } });
  assert.equal(none.status, 404);
  const { event_id: trial } = await call("POST", `/webhooks/${id}/test`);
  await at.until((received) => received.some(({ body }) => body["id"] === trial && body["type"] === "test"), "no test came");
  // A disabled one is not tried.
  await call("PATCH", `/webhooks/${id}`, { enabled: false });
  const refused = await service.call("POST", `/webhooks/${id}/test`, { token: await token("admin", "root") });
  assert.equal(refused.status, 409, refused.text);
});

test("after a rotation both secrets hold", async () => {
  const { at, id, secret } = await listening();
  const { secret: next } = await call("PATCH", `/webhooks/${id}`, { secret: null });
  assert.notEqual(next, secret);
  assert.equal((await call("GET", `/webhooks/${id}`))["secret"], undefined);
  await call("POST", `/webhooks/${id}/test`);
  await at.until((received) => received.length > 0, "no test came");
  const [one] = at.received as [Received];
  assert.equal(verified(secret, one)["type"], "test");
  assert.equal(verified(next, one)["type"], "test");
  await service.sql("UPDATE endpoint SET former_until = 1 WHERE id = ?", id);
  await call("POST", `/webhooks/${id}/test`);
  await at.until((received) => received.length > 1, "no second test came");
  const [, two] = at.received as [Received, Received];
  assert.equal(verified(next, two)["type"], "test");
  assert.throws(() => verified(secret, two));
});

test("a store has its own endpoints, at most five, and sees no other", async () => {
  const { id } = await listening();
  const { id: own } = await listening({}, "s7");
  assert.deepEqual((await call("GET", "/webhooks", undefined, "s7"))["endpoints"].map((one: Json) => one["id"]), [own]);
  assert.equal((await call("GET", "/webhooks"))["endpoints"].length, 2);
  const by = { token: await token("store", "desk", { store: "s7" }) };
  for (const [method, path] of [["GET", ""], ["PATCH", ""], ["DELETE", ""], ["GET", "/attempts"], ["POST", "/test"], ["POST", "/redeliver"]] as const) {
    const body = method === "PATCH" || path === "/redeliver" ? { body: { event_id: "evt_A" } } : {};
    assert.equal((await service.call(method, `/webhooks/${id}${path}`, { ...by, ...body })).status, 404, `${method} ${path}`);
  }
  assert.equal((await service.call("GET", "/webhooks/order-service/attempts", by)).status, 404);
  for (let n = 0; n < 4; n += 1) await call("POST", "/webhooks", { url: "https://shop.example/" }, "s7");
  const full = await service.call("POST", "/webhooks", { ...by, body: { url: "https://shop.example/" } });
  assert.equal(full.status, 409, full.text);
  await call("DELETE", `/webhooks/${own}`, undefined, "s7");
  assert.equal((await service.call("GET", `/webhooks/${own}`, by)).status, 404);
});

test("the receiver of the documentation runs, and takes what is signed", async () => {
  const text = await readFile(join(import.meta.dirname, "../../docs/integrations.md"), "utf8");
  const code = text.split("```js\n")[1]?.split("```")[0] ?? "";
  const taken = await receiver();
  const { url } = taken;
  taken.close();
  const { id, secret } = await call("POST", "/webhooks", { url });
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { cwd: join(import.meta.dirname, ".."), env: { ...process.env, SECRET: secret, PORT: new URL(url).port } });
  try {
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (said += String(part)));
    await call("POST", `/webhooks/${id}/test`);
    await attempted(id, (all) => all.some((one) => one["status"] === 204 || all.length > 3)).catch(() => assert.fail(said));
    assert.match(said, /^test 0 /, said);
  } finally {
    child.kill();
  }
});

test("what cannot be carried out while D1 is away is carried out afterwards", async () => {
  const { at } = await listening();
  await service.sql("ALTER TABLE endpoint RENAME TO away");
  const { tracking_id: id } = await startDelivery(service);
  await delay(1_500);
  assert.equal(at.received.length, 0);
  await service.sql("ALTER TABLE away RENAME TO endpoint");
  await at.until((received) => kinds(received, id).includes("delivery.created"), "it was lost");
});

test("the order service hears of each status, with the order's id in the path", async () => {
  const failing = new Set<string>();
  orders.answer = (response, _, { body }) => {
    const isFirst = !failing.has(String(body["seq"]) + body["tracking_id"]);
    failing.add(String(body["seq"]) + body["tracking_id"]);
    answering(isFirst ? 503 : 200)(response);
  };
  const { tracking_id: id } = await startDelivery(service, { order_id: "A/B 1ä" });
  await reach(id, "PICKED_UP", "IN_TRANSIT", "DELIVERED");
  const told = () => orders.received.filter(({ body }) => body["tracking_id"] === id);
  await orders.until(() => new Set(told().map(({ body }) => body["seq"])).size === 5 && told().length >= 10, "not each status was told");
  const statuses = new Map(told().map(({ body }) => [body["seq"], body["status"]]));
  assert.deepEqual([...statuses].sort(([a], [b]) => a - b).map(([, status]) => status), ["CREATED", "ASSIGNED", "PICKED_UP", "IN_TRANSIT", "DELIVERED"]);
  for (const one of told()) {
    assert.equal(one.path, "/hook/orders/A%2FB%201%C3%A4/status");
    assert.deepEqual(verified(ORDER_SECRET, one)["order_id"], "A/B 1ä");
    assert.equal(one.headers["idempotency-key"], one.headers["webhook-id"]);
  }
  assert.equal(new Set(told().map(({ headers }) => headers["idempotency-key"])).size, 5);
  const listed = await attempted("order-service", (all) => all.filter((one) => one["tracking_id"] === id).length >= 10);
  assert.ok(listed.some((one) => one["status"] === 503) && listed.some((one) => one["delivered"]));
});

test("what was told of a delivery goes when it is erased, and after its time", async () => {
  const { id } = await listening({ events: ["delivery.created"] });
  const { tracking_id } = await startDelivery(service);
  await attempted(id, (all) => all.length === 1);
  await reach(tracking_id, "PICKED_UP", "IN_TRANSIT", "DELIVERED");
  const told = async () => (await service.sql("SELECT event FROM told WHERE endpoint = ?", id)).length;
  assert.equal(await told(), 1);
  await call("DELETE", `/tracking/${tracking_id}/personal-data`);
  assert.equal(await told(), 0);
  const [left] = await attempts(id);
  assert.deepEqual([left?.["tracking_id"], left?.["type"]], [null, null]);
  await startDelivery(service);
  await attempted(id, (all) => all.length === 2);
  await service.sql("UPDATE told SET at = at - 31 * 86400000");
  await service.sql("UPDATE attempt SET at = at - 31 * 86400000");
  assert.equal((await service.call("GET", "/test/retention")).status, 200);
  assert.deepEqual([await told(), (await attempts(id)).length], [0, 0]);
});
