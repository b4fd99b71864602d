import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isNear, type Json, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
before(async () => void (service = await start()));
after(() => service.stop());

const follow = async (id: string, query = "", protocols: string[] = []) =>
  new Socket(`${service.ws}/ws/tracking/${id}${query}`, protocols).opened();
const as = async (role: string, sub: string) => ["onway.v1", `bearer.${await token(role, sub)}`];

test("a watcher is told the state, then each status and position", async () => {
  const { tracking_id: id, epoch } = await startDelivery(service);
  const watcher = await follow(id);
  const initial = await watcher.next();
  assert.equal(initial["type"], "initial_state");
  assert.deepEqual([initial["data"].status, initial["data"].seq, initial["data"].epoch], ["ASSIGNED", 1, epoch]);

  const driver = await follow(id, "", await as("driver", "d1"));
  assert.equal(driver.raw.protocol, "onway.v1");
  assert.equal((await driver.next()).type, "initial_state");
  driver.send({ type: "location_update", id: "m1", location: { lat: 5.6, lng: -0.2, status: "IN_TRANSIT" } });
  const ack = await driver.next();
  assert.deepEqual(ack, { type: "ack", id: "m1", accepted: 1, duplicates: 0, late: 0, filtered: 0, rejected: [] });

  const status = await watcher.next();
  assert.deepEqual([status["type"], status["data"].status, status["data"].note, status["data"].seq], ["status_update", "IN_TRANSIT", null, 2]);
  const moved = await watcher.next();
  assert.deepEqual([moved["type"], moved["data"].status, moved["data"].seq], ["location_update", "IN_TRANSIT", 3]);
  assert.equal(moved["data"].current_location.lat, 5.6);
  assert.equal(moved["data"].trail, undefined);
  assert.ok(moved["data"].eta_seconds > 0 && moved["data"].server_time > 1e12);
  driver.end();
  watcher.end();
});

test("a batch reaches watchers as one frame with its trail", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const driver = await follow(id, "", await as("driver", "d1"));
  driver.send({ type: "status_update", id: 7, status: "PICKED_UP" });
  assert.equal((await driver.next("ack"))["id"], 7);
  const watcher = await follow(id);
  await watcher.next("initial_state");
  const now = Date.now();
  const locations = [3, 2, 1, 0].map((i) => ({ lat: 5.6 + i / 1000, lng: -0.2, timestamp: now + i * 10_000 }));
  driver.send({ type: "location_update", id: "b", locations });
  assert.equal((await driver.next("ack"))["accepted"], 4);
  const { data } = await watcher.next("location_update");
  assert.ok(isNear(data.current_location, 5.603));
  assert.ok(data.trail.length > 8);
  watcher.send({ type: "get" });
  assert.equal((await watcher.next()).type, "initial_state", "one frame for the batch, and no more");
  driver.end();
  watcher.end();
});

test("who comes back is told what it missed, in order", async () => {
  const { tracking_id: id, epoch } = await startDelivery(service);
  const driver = await follow(id, "", await as("driver", "d1"));
  driver.send({ type: "status_update", id: 1, status: "PICKED_UP" });
  driver.send({ type: "location_update", id: 2, lat: 5.6, lng: -0.2 });
  driver.send({ type: "status_update", id: 3, status: "IN_TRANSIT" });
  driver.send({ type: "location_update", id: 4, lat: 5.6001, lng: -0.2, timestamp: Date.now() + 1000 });
  for (const ack of [1, 2, 3, 4]) assert.equal((await driver.next("ack"))["id"], ack);

  const back = await follow(id, `?since=1&epoch=${epoch}`);
  const frames: Json[] = [];
  do frames.push(await back.next());
  while (frames.at(-1)?.["type"] !== "resumed");
  assert.deepEqual(frames.map((frame) => frame["type"]), ["status_update", "status_update", "location_update", "resumed"]);
  assert.deepEqual([frames[0]?.["data"].status, frames[1]?.["data"].status], ["PICKED_UP", "IN_TRANSIT"]);
  assert.ok(isNear(frames[2]?.["data"].current_location, 5.6001));
  assert.equal(frames[3]?.["data"].seq, 5);

  for (const query of ["?since=1&epoch=another", "?since=1", `?since=99&epoch=${epoch}`, `?since=x&epoch=${epoch}`]) {
    const stranger = await follow(id, query);
    assert.equal((await stranger.next()).type, "initial_state", query);
    stranger.end();
  }
  back.end();
  driver.end();
});

test("the exact ping is answered, and other spellings too", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const watcher = await follow(id);
  await watcher.next();
  for (const ping of ['{"type":"ping"}', '{ "type": "ping" }']) {
    watcher.send(ping);
    assert.deepEqual(await watcher.next(), { type: "pong" });
  }
  watcher.end();
});

test("what a client may not say is answered with an error, and the socket stays open", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const watcher = await follow(id);
  await watcher.next();
  const driver = await follow(id, "", await as("driver", "d1"));
  await driver.next();
  const fix = { lat: 5.6, lng: -0.2 };
  const cases: [Socket, unknown, string, string | undefined, string | undefined][] = [
    [watcher, "{", "not_json", undefined, undefined],
    [watcher, "[]", "invalid", "type", undefined],
    [watcher, "null", "invalid", "type", undefined],
    [watcher, { type: 5 }, "invalid", "type", undefined],
    [watcher, { type: "dance" }, "invalid", "type", undefined],
    [watcher, "[".repeat(60_000), "not_json", undefined, undefined],
    [watcher, new Uint8Array([1, 2, 3]), "invalid", "type", undefined],
    [watcher, { type: "location_update", id: "w", location: fix }, "not_allowed", undefined, "w"],
    [watcher, { type: "auth" }, "invalid", "token", undefined],
    [driver, { type: "location_update", id: "x" }, "invalid", "location", "x"],
    [driver, { type: "location_update", id: "x", location: { lat: 91, lng: 0 } }, "invalid", "lat", "x"],
    [driver, { type: "location_update", id: "x", locations: [] }, "invalid", "locations", "x"],
    [driver, { type: "location_update", id: "x", locations: Array(201).fill(fix) }, "invalid", "locations", "x"],
    [driver, { type: "location_update", id: {}, location: fix }, "invalid", "id", undefined],
    [driver, { type: "location_update", id: "x", location: { ...fix, status: "LOST" } }, "invalid", "status", "x"],
    [driver, { type: "status_update", id: "x" }, "invalid", "status", "x"],
    [driver, { type: "status_update", id: "x", status: "CREATED" }, "conflict", undefined, "x"],
    [driver, { type: "status_update", id: "x", status: "CANCELLED" }, "not_allowed", undefined, "x"],
    [driver, { type: "location_update", location: { ...fix, timestamp: Date.now() + 600_000 } }, "clock", "timestamp", undefined],
  ];
  for (const [socket, message, code, field, of] of cases) {
    socket.send(message);
    const error = await socket.next();
    assert.deepEqual([error["type"], error["code"], error["field"], error["id"]], ["error", code, field, of], JSON.stringify(message).slice(0, 80));
    assert.equal(typeof error["message"], "string");
  }
  watcher.send({ type: "get" });
  const { data } = await watcher.next();
  assert.deepEqual([data.seq, data.current_location], [1, null]);
  watcher.end();
  driver.end();
});

test("a frame over 64 KB closes 1009", async () => {
  const { tracking_id: id } = await startDelivery(service);
  for (const frame of ["x".repeat(64 * 1024 + 1), new Uint8Array(64 * 1024 + 1)]) {
    const watcher = await follow(id);
    await watcher.next();
    watcher.send(frame);
    assert.equal((await watcher.close()).code, 1009);
  }
});

test("a client that closes, with a code or without, is answered", async () => {
  const { tracking_id: id } = await startDelivery(service);
  for (const code of [undefined, 1000]) {
    const watcher = await follow(id);
    await watcher.next();
    watcher.raw.close(code);
    assert.equal((await watcher.close()).code, code ?? 1005);
  }
});

test("a token renews the socket of its own subject and role only", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const customer = await follow(id, "", await as("customer", "c1"));
  await customer.next();
  customer.send({ type: "auth", token: await token("dispatcher", "desk") });
  assert.deepEqual(await customer.close(), { code: 1008, reason: "Not allowed" });
});

test("a refused upgrade is accepted and closed at once, with its reason", async () => {
  const { tracking_id: open } = await startDelivery(service);
  const { tracking_id: hidden } = await startDelivery(service, { visibility: "private" });
  const forged = `bearer.${await token("admin", "x", { secret: "not the secret, but as long as it is" })}`;
  const cases: [string, string[], string][] = [
    [`TRK-${"A".repeat(40)}`, [], "Tracking not found"],
    ["nonsense", ["onway.v1"], "Tracking not found"],
    [open, ["onway.v1", forged], "Invalid token"],
    [`${open}?token=x.y.z`, [], "Invalid token"],
    [hidden, [], "Not allowed"],
    [hidden, await as("customer", "c2"), "Not allowed"],
    [open, ["onway.v1", `bearer.${await token("king", "x")}`], "Not allowed"],
  ];
  for (const [path, protocols, reason] of cases) {
    const socket = await new Socket(`${service.ws}/ws/tracking/${path}`, protocols).opened();
    assert.deepEqual(await socket.close(), { code: 1008, reason }, path);
    assert.equal(socket.raw.protocol, protocols.includes("onway.v1") ? "onway.v1" : "");
  }
});

test("the id may come in the query, by any of its names, and the token too", async () => {
  const { tracking_id: id } = await startDelivery(service, { visibility: "private" });
  for (const name of ["parcel_id", "tracking_id", "shipment_id", "delivery_id"]) {
    const url = `${service.ws}/ws/tracking/?${name}=${id}&token=${await token("customer", "c1")}`;
    const socket = await new Socket(url).opened();
    assert.equal((await socket.next())["data"].tracking_id, id);
    socket.end();
  }
  const none = await new Socket(`${service.ws}/ws/tracking/`).opened();
  assert.equal((await none.close()).reason, "Tracking not found");
});

test("a token can be renewed, and one that has run out ends the socket", async () => {
  const { tracking_id: id } = await startDelivery(service);
  // The leeway is 60 s: this token holds for three more.
  const short = await token("driver", "d1", { ttl: -57 });
  const renewed = await follow(id, "", ["onway.v1", `bearer.${short}`]);
  const dropped = await follow(id, "", ["onway.v1", `bearer.${short}`]);
  await renewed.next();
  await dropped.next();
  renewed.send({ type: "auth", token: await token("driver", "d1") });
  const until = Date.now() + 3_500;
  while (Date.now() < until) {
    renewed.send({ type: "ping" });
    await renewed.next("pong");
    await new Promise((wake) => setTimeout(wake, 250));
  }
  renewed.send({ type: "location_update", id: "after", lat: 5.6, lng: -0.2 });
  assert.equal((await renewed.next("ack"))["accepted"], 1);
  assert.deepEqual(await dropped.close(), { code: 1008, reason: "Invalid token" });
  renewed.send({ type: "auth", token: "x.y.z" });
  assert.deepEqual(await renewed.close(), { code: 1008, reason: "Invalid token" });
});
