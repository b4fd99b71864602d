// Whoever asks too often hears when to come back; what was acknowledged is kept, and what came too often is not lost.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fix, history, start as startTrip } from "../faults/trip.ts";
import { type Json, type Reply, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

const FEW = { limit: 5, period: 60 } as const;
let service: Service;
let failing: Service;
let free: Service;
before(async () => {
  const limits = { LIMIT_STARTS: FEW, LIMIT_UPGRADES: FEW, LIMIT_READS: FEW, LIMIT_TRACKERS: FEW };
  service = await start({ limits, vars: { FRAMES_PER_SECOND: "5", FRAMES_BURST: "5", SOCKETS_PERSON: "2" } });
  free = await start();
  failing = await start({ limits: { LIMIT_FAILURES: FEW } });
});
after(async () => {
  await service.stop();
  await failing.stop();
  await free.stop();
});

/** Asks until it is refused, which the sixth or, where a period ends meanwhile, a later one is. */
async function untilRefused(ask: () => Promise<Reply>): Promise<Reply> {
  for (let n = 0; n < 20; n += 1) {
    const reply = await ask();
    if (reply.status === 429) {
      assert.ok(n >= 5, `the ${n + 1}th was refused`);
      return reply;
    }
  }
  throw new Error("none was refused");
}

function isRefusal(reply: Reply): void {
  assert.equal(reply.status, 429);
  assert.match(reply.headers.get("Retry-After") ?? "", /^\d+$/);
}

const reads = async (id: string, as: string) => service.call("GET", `/tracking/${id}`, { token: as });

test("starts and reads are counted for each subject apart, and answered with a problem", async () => {
  const desk = await token("dispatcher", "starts");
  const refused = await untilRefused(async () =>
    service.call("POST", "/tracking/start", { token: desk, body: { order_id: "O", customer_id: "c1", dropoff: { lat: 5.6, lng: -0.2 } } }));
  isRefusal(refused);
  assert.equal(refused.headers.get("Content-Type"), "application/problem+json");
  assert.equal(refused.body["status"], 429);

  const { tracking_id: id } = await startDelivery(service, {}, await token("dispatcher", "another"));
  isRefusal(await untilRefused(async () => reads(id, await token("customer", "c1"))));
  assert.equal((await reads(id, await token("driver", "d1"))).status, 200, "another subject");
  isRefusal(await untilRefused(() => service.call("GET", `/tracking/${id}`)));
});

test("a socket that is refused hears for how long, and closes", async () => {
  const { tracking_id: id } = await startDelivery(service, {}, await token("dispatcher", "sockets"));
  const protocols = ["onway.v1", `bearer.${await token("customer", "c1")}`];
  for (let n = 0; n < 20; n += 1) {
    const socket = await new Socket(`${service.ws}/ws/tracking/${id}`, protocols).opened();
    const first = await socket.next();
    if (first["type"] === "error") {
      assert.deepEqual([first["code"], typeof first["retry_after"]], ["rate_limit", "number"]);
      assert.deepEqual(await socket.close(), { code: 1008, reason: "Rate limit" });
      return;
    }
    socket.end();
  }
  assert.fail("none was refused");
});

test("one person has so many sockets of a delivery, and others find room", async () => {
  const { tracking_id: id } = await startDelivery(service, {}, await token("dispatcher", "places"));
  const follow = async (role: string, sub: string) =>
    new Socket(`${service.ws}/ws/tracking/${id}?token=${await token(role, sub)}`).opened();
  const [one, two] = [await follow("driver", "d1"), await follow("driver", "d1")];
  for (const socket of [one, two]) assert.equal((await socket.next())["type"], "initial_state");
  const third = await follow("driver", "d1");
  assert.equal((await third.next("error"))["code"], "rate_limit");
  assert.equal((await third.close()).reason, "Rate limit");
  const desk = await follow("dispatcher", "d1");
  assert.equal((await desk.next())["type"], "initial_state");
  for (const socket of [one, two, desk]) socket.end();
});

test("a tracker that sends too often is told to keep its positions", async () => {
  const admin = await token("admin", "x");
  const made = await service.call("POST", "/drivers/d7/device-keys", { token: admin, body: { label: "phone" } });
  assert.equal(made.status, 201, made.text);
  const key = made.body["key"] as string;
  isRefusal(await untilRefused(() => service.call("GET", `/log/osmand/${key}?lat=5.6&lon=-0.2`)));
  const owntracks = await service.call("POST", `/log/owntracks/${key}`, { body: { _type: "location", lat: 5.6, lon: -0.2, tst: 1 } });
  assert.equal(owntracks.status, 503, "on iOS it drops what is answered with 4xx");
  assert.match(owntracks.headers.get("Retry-After") ?? "", /^\d+$/);
});

test("a network whose tokens fail is not heard for a while, and what needs no token is", async () => {
  const { tracking_id: id } = await startDelivery(failing);
  const valid = await token("customer", "c1");
  const read = (as: string) => failing.call("GET", `/tracking/${id}`, { token: as });
  for (let n = 0; n < 5; n += 1) assert.equal((await read(valid)).status, 200, "only failures count");
  isRefusal(await untilRefused(() => read("x.y.z")));
  isRefusal(await read(valid));
  const socket = await new Socket(`${failing.ws}/ws/tracking/${id}?token=x.y.z`).opened();
  assert.equal((await socket.close()).reason, "Rate limit");
  isRefusal(await failing.call("POST", "/drivers/sign-in", { body: { invite: "AAAA" } }));
  isRefusal(await failing.call("GET", "/log/osmand/AAAA?lat=5.6&lon=-0.2"));
  assert.equal((await failing.call("GET", `/tracking/${id}`)).status, 200);
});

test("positions that come too often are acknowledged one by one, kept, and written together", async () => {
  const id = await startTrip(free, 10);
  const limited = await startTrip(service, 10);
  const rows = async (of: Service, which: string) => Number((await of.call("GET", `/test/counters/${which}`)).body["rows_written"]);
  const count = 30;
  const drive = async (of: Service, which: string) => {
    const before = await rows(of, which);
    const driver = await new Socket(`${of.ws}/ws/tracking/${which}?token=${await token("driver", "d1")}`).opened();
    await driver.next("initial_state");
    for (let n = 0; n < count; n += 1) driver.send({ type: "location_update", id: n, location: fix(n) });
    const acks: Json[] = [];
    while (acks.length < count) acks.push(await driver.next("ack"));
    assert.deepEqual(acks.map((ack) => ack["id"]), Array.from({ length: count }, (_, n) => n));
    assert.ok(acks.every((ack) => ack["accepted"] === 1));
    // A status waits for nothing, and what came before it is before it.
    for (let n = count; n < count + 12; n += 1) driver.send({ type: "location_update", id: n, location: fix(n) });
    driver.send({ type: "status_update", id: "s", status: "IN_TRANSIT" });
    const order: unknown[] = [];
    while (order.at(-1) !== "s") order.push((await driver.next("ack"))["id"]);
    assert.deepEqual(order, [...Array.from({ length: 12 }, (_, n) => n + count), "s"]);
    driver.end();
    assert.equal((await history(of, which)).length, count + 12);
    return (await rows(of, which)) - before;
  };
  const [together, apart] = [await drive(service, limited), await drive(free, id)];
  assert.ok(together < apart / 2, `${together} rows together, ${apart} apart`);
});

test("what asks too often is refused and stays; far too often is the end", async () => {
  const { tracking_id: id } = await startDelivery(service, { driver_id: "d9" }, await token("dispatcher", "abuse"));
  for (const path of [`/ws/tracking/${id}`, "/ws/driver/d9"]) {
    const socket = await new Socket(`${service.ws}${path}?token=${await token("driver", "d9")}`).opened();
    await socket.next();
    for (let n = 0; n < 20; n += 1) socket.send({ type: "get" });
    const error = await socket.next("error");
    assert.deepEqual([error["code"], typeof error["retry_after"]], ["rate_limit", "number"], path);
    for (let n = 0; n < 400; n += 1) socket.send({ type: "get" });
    assert.deepEqual(await socket.close(), { code: 1008, reason: "Rate limit" }, path);
    assert.equal(socket.frames.at(-1)?.["code"], "rate_limit");
  }
});

test("without bindings nothing is limited", async () => {
  const { tracking_id: id } = await startDelivery(free);
  for (let n = 0; n < 30; n += 1) assert.equal((await free.call("GET", `/tracking/${id}`)).status, 200);
});
