// A driver's own object: its line to all its deliveries, presence, duty, order of stops, calls for help.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isNear, type Json, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
before(async () => void (service = await start()));
after(() => service.stop());

let drivers = 0;
/** A driver of its own for each test. */
const aDriver = () => `D-${++drivers}`;
const protocols = async (role: string, sub: string) => ["onway.v1", `bearer.${await token(role, sub)}`];
const line = async (id: string, role = "driver", sub = id) => {
  const socket = await new Socket(`${service.ws}/ws/driver/${id}`, await protocols(role, sub)).opened();
  return socket;
};
const watch = async (id: string, role = "dispatcher", sub = "desk") =>
  new Socket(`${service.ws}/ws/tracking/${id}`, await protocols(role, sub)).opened();
const desk = async () => ({ token: await token("dispatcher", "desk") });
const read = async (id: string) => (await service.call("GET", `/tracking/${id}`, await desk())).body;
const stopsOf = async (driver: string) =>
  (await service.call("GET", `/tracking/driver/${driver}`, await desk())).body["deliveries"].map((one: Json) => one["tracking_id"]);
/** Until something holds: what is told beside everything else comes a moment later. */
async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = await look();
    if (found) return found;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error(`waited in vain until ${what}`);
}
const untilStops = (driver: string, expected: string[]) =>
  until(`the stops are ${expected}`, async () => JSON.stringify(await stopsOf(driver)) === JSON.stringify(expected));

test("one line carries positions to the next stop, and statuses to the one that they name", async () => {
  const driver = aDriver();
  const { tracking_id: a } = await startDelivery(service, { driver_id: driver });
  const { tracking_id: b } = await startDelivery(service, { driver_id: driver, order_id: "O-2" });
  await untilStops(driver, [a, b]);
  const socket = await line(driver);
  const state = await socket.next("driver_state");
  assert.deepEqual(state["data"].deliveries.map((one: Json) => one["tracking_id"]), [a, b]);
  assert.equal(state["data"].on_duty, true);

  socket.send({ type: "location_update", id: 1, locations: [{ lat: 5.6, lng: -0.2, speed: 8 }, { lat: 91, lng: 0 }] });
  const ack = await socket.next("ack");
  assert.deepEqual(ack, { type: "ack", id: 1, accepted: 1, duplicates: 0, late: 0, filtered: 0, rejected: [{ index: 1, field: "lat" }] });
  for (const id of [a, b]) assert.ok(isNear((await read(id)).current_location, 5.6), "the first goes to all");
  socket.send({ type: "location_update", id: 2, location: { lat: 5.6001, lng: -0.2 } });
  await socket.next("ack");
  assert.equal((await read(b)).seq, (await read(b)).seq);
  const before = (await read(b)).current_location;
  assert.ok(isNear(before, 5.6));
  assert.ok((await read(a)).current_location.lat > before.lat, "then to the next stop alone");

  socket.send({ type: "status_update", id: "s1", tracking_id: b, status: "PICKED_UP" });
  assert.equal((await socket.next("ack"))["id"], "s1");
  assert.equal((await read(b)).status, "PICKED_UP");
  socket.send({ type: "status_update", id: "s2", tracking_id: b, status: "ASSIGNED" });
  const refused = await socket.next("error");
  assert.deepEqual([refused["id"], refused["code"]], ["s2", "conflict"]);
  const { tracking_id: foreign } = await startDelivery(service, { driver_id: aDriver() });
  socket.send({ type: "status_update", id: "s3", tracking_id: foreign, status: "PICKED_UP" });
  const notMine = await socket.next("error");
  assert.deepEqual([notMine["id"], notMine["code"]], ["s3", "not_allowed"]);
  const told = await socket.next("status_update");
  assert.deepEqual([told["data"].tracking_id, told["data"].status], [b, "PICKED_UP"]);
  socket.end();
});

test("a delivery hears where it stands, and that the driver came and went", async () => {
  const driver = aDriver();
  const { tracking_id: a } = await startDelivery(service, { driver_id: driver });
  const { tracking_id: b } = await startDelivery(service, { driver_id: driver });
  await untilStops(driver, [a, b]);
  const watcher = await watch(b);
  assert.equal((await watcher.next("initial_state"))["data"].driver_online, false);
  const socket = await line(driver);
  const came = await watcher.next("presence");
  assert.deepEqual([came["data"].driver_online, came["data"].reason], [true, null]);
  await until("the second hears of the first", async () => (await read(b)).stops_before === 1);
  socket.send({ type: "presence", id: "p", reason: "page_hidden" });
  await socket.next("ack");
  assert.equal((await watcher.next("presence"))["data"].reason, "page_hidden");

  const reply = await service.call("PUT", `/drivers/${driver}/deliveries`, { ...(await desk()), body: { tracking_ids: [b, a] } });
  assert.equal(reply.status, 200, reply.text);
  assert.deepEqual(reply.body["deliveries"].map((one: Json) => one["tracking_id"]), [b, a]);
  assert.deepEqual([(await read(b)).stops_before, (await read(a)).stops_before], [0, 1]);
  const done = await service.call("POST", `/tracking/${b}/status`, { token: await token("driver", driver), body: { status: "DELIVERED" } });
  assert.equal(done.status, 200);
  await untilStops(driver, [a]);
  await until("the next one moves up", async () => (await read(a)).stops_before === 0);
  socket.end();
  watcher.end();
});

test("an assignment waits for the driver until it is acknowledged", async () => {
  const driver = aDriver();
  const { tracking_id: id } = await startDelivery(service, { driver_id: driver });
  await untilStops(driver, [id]);
  for (let round = 0; round < 2; round += 1) {
    const socket = await line(driver);
    const letter = await socket.next("assignment");
    assert.deepEqual([letter["data"].tracking_id, letter["data"].status], [id, "ASSIGNED"]);
    if (round === 1) {
      socket.send({ type: "ack", id: letter["id"] });
      socket.send({ type: "get" });
      for (const _ of ["on connecting", "as asked"]) await socket.next("driver_state");
    }
    socket.end();
  }
  const socket = await line(driver);
  await socket.next("driver_state");
  await socket.next("sampling");
  assert.deepEqual(socket.frames.filter((frame) => frame["type"] === "assignment"), []);
  const late = await startDelivery(service, { driver_id: driver });
  assert.equal((await socket.next("assignment"))["data"].tracking_id, late["tracking_id"], "at once while online");
  socket.end();
});

test("off duty nothing is kept; on duty without a delivery the last position alone", async () => {
  const driver = aDriver();
  const socket = await line(driver);
  await socket.next("driver_state");
  const locate = async (n: number) => {
    socket.send({ type: "location_update", id: n, location: { lat: 5.6 + n / 1e4, lng: -0.2, battery: 80 } });
    return socket.next("ack");
  };
  const entry = async () =>
    (await service.call("GET", `/drivers?near=5.6,-0.2`, await desk())).body["drivers"].find((one: Json) => one["driver_id"] === driver);
  assert.equal((await locate(1))["accepted"], 1);
  const listed = await until("it is listed", entry);
  assert.deepEqual([listed["on_duty"], listed["online"], listed["deliveries"]], [true, true, 0]);
  assert.ok(listed["distance_m"] < 20, JSON.stringify(listed));
  const off = await service.call("PUT", `/drivers/${driver}/duty`, { token: await token("driver", driver), body: { on_duty: false } });
  assert.deepEqual([off.status, off.body["on_duty"], off.body["last_location"]], [200, false, null]);
  assert.equal((await locate(2))["filtered"], 1);
  const state = await service.call("GET", `/tracking/rider/${driver}`, await desk());
  assert.equal(state.body["last_location"], null);
  await until("the list forgets where it is", async () => (await service.call("GET", "/drivers", await desk())).body["drivers"].some((one: Json) => one["driver_id"] === driver && one["lat"] === null && !one["on_duty"]));
  socket.end();
});

test("the newest socket of a driver stays", async () => {
  const driver = aDriver();
  const [first, second] = [await line(driver), await line(driver)];
  assert.deepEqual(await first.close(), { code: 1008, reason: "Replaced" });
  second.send({ type: "ping" });
  assert.equal((await second.next("pong"))["type"], "pong");
  second.end();
});

test("a call for help reaches those who can help, until somebody has it, and no customer", async () => {
  const driver = aDriver();
  const { tracking_id: id } = await startDelivery(service, { driver_id: driver });
  await untilStops(driver, [id]);
  const socket = await line(driver);
  await socket.next("driver_state");
  socket.send({ type: "location_update", id: 1, location: { lat: 5.61, lng: -0.2 } });
  await socket.next("ack");
  const store = await new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${await token("store", "till", { store: "s1" })}`]).opened();
  const customer = await watch(id, "customer", "c1");
  const dispatcher = await line(driver, "dispatcher", "desk");
  for (const one of [store, customer]) await one.next("initial_state");
  for (const repeat of [1, 2]) {
    socket.send({ type: "emergency", id: "help", message: "a fall" });
    assert.equal((await socket.next("ack"))["id"], "help", `${repeat}`);
  }
  const alert = await store.next("emergency_alert");
  assert.deepEqual([alert["data"].message, alert["data"].driver_id], ["a fall", driver]);
  assert.ok(isNear(alert["data"], 5.61), "the last known position");
  assert.equal((await dispatcher.next("emergency_alert"))["data"].id, alert["data"].id);
  const mine = async (who: Json) =>
    (await service.call("GET", "/emergencies", who)).body["emergencies"].filter((one: Json) => one["driver_id"] === driver);
  const open = await until("it is on record", async () => ((await mine(await desk())).length === 1 ? mine({ token: await token("store", "till", { store: "s1" }) }) : undefined));
  assert.deepEqual([open.length, open[0].acknowledged_at], [1, null]);
  assert.equal((await mine({ token: await token("store", "till", { store: "s2" }) })).length, 0);
  assert.equal((await read(id)).emergencies.length, 1, "for those who come later");
  const seen = await service.call("GET", `/tracking/${id}`, { token: await token("customer", "c1") });
  assert.equal(seen.body["emergencies"], undefined);

  const done = await service.call("POST", `/emergencies/${alert["data"].id}/acknowledge`, await desk());
  assert.deepEqual([done.status, done.body["acknowledged_by"]], [200, "desk"]);
  assert.equal((await socket.next("emergency_acknowledged"))["data"].id, alert["data"].id);
  await until("the delivery shows it no more", async () => (await read(id)).emergencies === undefined);
  assert.deepEqual((await mine(await desk()))[0].acknowledged_by, "desk");
  assert.deepEqual(customer.frames.filter((frame) => JSON.stringify(frame).includes("a fall")), []);
  for (const one of [socket, store, customer, dispatcher]) one.end();
});

test("an app signs in once by a link, and a key is good for its driver alone until it is revoked", async () => {
  const driver = aDriver();
  const invited = await service.call("POST", `/drivers/${driver}/invite`, await desk());
  assert.equal(invited.status, 201, invited.text);
  const signIn = () => service.call("POST", "/drivers/sign-in", { body: { invite: invited.body["invite"] } });
  const signed = await signIn();
  assert.deepEqual([signed.status, signed.body["driver_id"]], [200, driver]);
  assert.equal((await signIn()).status, 410, "it works once");
  const by = { token: signed.body["token"] as string };
  assert.equal((await service.call("GET", `/tracking/driver/${driver}`, by)).status, 200);
  assert.equal((await service.call("GET", `/tracking/driver/${driver}x`, by)).status, 403);

  const made = await service.call("POST", `/drivers/${driver}/device-keys`, { ...by, body: { label: "old phone" } });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(made.body["setup"].map((one: Json) => one["protocol"]), ["osmand", "traccar", "owntracks", "overland", "gpslogger"]);
  const listed = (await service.call("GET", `/drivers/${driver}/device-keys`, by)).body["keys"];
  assert.deepEqual([listed.length, listed[0].label, listed[0].key], [1, "old phone", undefined]);
  const { tracking_id: id } = await startDelivery(service, { driver_id: driver });
  await untilStops(driver, [id]);
  const key = made.body["key"];
  const log = (query: string, which = key) => fetch(`${service.url}/log/traccar/${which}?${query}`, { method: "POST" });
  const taken = await log(`id=x&lat=5.6&lon=-0.2&speed=10&batt=55&timestamp=${Math.floor(Date.now() / 1000)}`);
  assert.deepEqual([taken.status, await taken.text()], [200, ""]);
  const seen = await read(id);
  assert.ok(isNear(seen.current_location, 5.6));
  assert.ok(Math.abs(seen.current_location.speed - 5.14) < 0.01, "knots");
  assert.equal(seen.driver_online, true);
  assert.equal((await log("lat=5.6&lon=-0.2", `${key.slice(0, -2)}AA`)).status, 401);
  assert.equal((await service.call("DELETE", `/drivers/${driver}/device-keys/${listed[0].key_id}`, by)).status, 204);
  assert.equal((await log("lat=5.7&lon=-0.2")).status, 401);
});

test("what is not allowed is refused on each way in", async () => {
  const driver = aDriver();
  const other = await token("driver", "another");
  const customer = await token("customer", "c1");
  const cases: [string, string, Json, number][] = [
    ["GET", `/tracking/driver/${driver}`, {}, 401],
    ["GET", `/tracking/driver/${driver}`, { token: other }, 403],
    ["PUT", `/drivers/${driver}/duty`, { token: other, body: { on_duty: true } }, 403],
    ["PUT", `/drivers/${driver}/duty`, { ...(await desk()), body: {} }, 422],
    ["PUT", `/drivers/${driver}/duty`, { ...(await desk()), body: { on_duty: "yes" } }, 422],
    ["PUT", `/drivers/${driver}/deliveries`, { ...(await desk()), body: { tracking_ids: ["x"] } }, 422],
    ["PUT", `/drivers/${driver}/deliveries`, { ...(await desk()), body: { tracking_ids: 5 } }, 422],
    ["PUT", `/drivers/${driver}/deliveries`, { token: await token("driver", driver), body: { tracking_ids: [] } }, 403],
    ["GET", "/drivers", { token: other }, 403],
    ["GET", "/drivers?near=north", await desk(), 422],
    ["GET", "/drivers?available=maybe", await desk(), 422],
    ["GET", "/emergencies", { token: customer }, 403],
    ["POST", `/drivers/${driver}/emergency`, await desk(), 403],
    ["POST", `/drivers/${driver}/emergency`, { token: await token("driver", driver), body: { lat: 91, lng: 0 } }, 422],
    ["POST", "/emergencies/NOPE/acknowledge", await desk(), 404],
    ["POST", "/drivers/sign-in", { body: { invite: "forged" } }, 401],
    ["POST", "/drivers/sign-in", { body: {} }, 422],
    ["DELETE", `/drivers/${driver}/device-keys/nope`, await desk(), 404],
    ["GET", "/log/nmea/key", {}, 404],
    ["POST", `/drivers/${driver}/duty`, await desk(), 405],
  ];
  for (const [method, path, init, status] of cases) {
    const reply = await service.call(method, path, init);
    assert.equal(reply.status, status, `${method} ${path}: ${reply.text}`);
  }
  for (const [role, sub] of [["driver", "another"], ["customer", "c1"], ["store", "x"]] as const) {
    assert.deepEqual(await (await line(driver, role, sub)).close(), { code: 1008, reason: "Not allowed" });
  }
  const socket = await line(driver);
  await socket.next("driver_state");
  const frames: [Json | string, string, string?][] = [
    ["{", "not_json"],
    [{}, "invalid", "type"],
    [{ type: "dance" }, "invalid", "type"],
    [{ type: "location_update", location: { lat: 5 } }, "invalid", "lng"],
    [{ type: "status_update", status: "LOST" }, "invalid", "status"],
    [{ type: "status_update", status: "DELIVERED" }, "invalid", "tracking_id"],
    [{ type: "status_update", status: "DELIVERED", tracking_id: "TRK-X" }, "not_found"],
    [{ type: "duty" }, "invalid", "on_duty"],
    [{ type: "presence", reason: "asleep" }, "invalid", "reason"],
    [{ type: "emergency", lat: 100, lng: 0 }, "invalid", "lat"],
    [{ type: "accept" }, "invalid", "tracking_id"],
  ];
  for (const [frame, code, field] of frames) {
    socket.send(frame);
    const error = await socket.next("error");
    assert.deepEqual([error["code"], error["field"]], [code, field], JSON.stringify(frame));
  }
  socket.end();
});

test("a delivery that does not answer delays no other, and has everything once it does", async () => {
  const driver = aDriver();
  const { tracking_id: dead } = await startDelivery(service, { driver_id: driver });
  const { tracking_id: well } = await startDelivery(service, { driver_id: driver });
  await untilStops(driver, [dead, well]);
  assert.equal((await service.call("GET", `/test/break/${dead}`)).status, 200);
  const socket = await line(driver);
  await socket.next("driver_state");
  const from = Math.floor(Date.now() / 1000);
  for (let n = 0; n < 5; n += 1) {
    socket.send({ type: "location_update", id: n, location: { lat: 5.6 + n / 1e4, lng: -0.2, timestamp: from + n } });
    assert.deepEqual([(await socket.next("ack"))["id"]], [n], "kept is acknowledged");
  }
  socket.send({ type: "status_update", id: "up", tracking_id: dead, status: "PICKED_UP", at: from });
  socket.send({ type: "status_update", id: "well", tracking_id: well, status: "PICKED_UP" });
  assert.deepEqual([(await socket.next("ack"))["id"], (await socket.next("ack"))["id"]].sort(), ["up", "well"]);
  assert.deepEqual([(await read(dead)).status, (await read(well)).status], ["ASSIGNED", "PICKED_UP"]);
  assert.equal((await service.call("GET", `/test/forget/${dead}`)).status, 200);
  await until("the alarm has sent what was kept", async () => (await read(dead)).status === "PICKED_UP");
  const history = await service.call("GET", `/tracking/${dead}/history`, await desk());
  assert.equal(history.body["points"].length, 5, "each once");
  socket.end();
});

test("a driver whose socket has closed may come back for a while, then is gone", { timeout: 60_000 }, async () => {
  const driver = aDriver();
  const { tracking_id: id } = await startDelivery(service, { driver_id: driver });
  await untilStops(driver, [id]);
  const watcher = await watch(id);
  const first = await line(driver);
  assert.equal((await watcher.next("presence"))["data"].driver_online, true);
  first.end();
  const second = await line(driver);
  await second.next("driver_state");
  assert.equal((await read(id)).driver_online, true);
  second.end();
  const closed = Date.now();
  while ((await read(id)).driver_online) {
    assert.ok(Date.now() - closed < 40_000, "it still counts as there");
    await new Promise((wake) => setTimeout(wake, 250));
  }
  assert.deepEqual(watcher.frames.filter((frame) => frame["type"] === "presence").map((frame) => frame["data"].driver_online), [false], "told once");
  watcher.end();
});

test("a status is one delivery's: it is named, by any name of the field, where there are several", async () => {
  const driver = aDriver();
  const { tracking_id: a } = await startDelivery(service, { driver_id: driver });
  const { tracking_id: b } = await startDelivery(service, { driver_id: driver });
  await untilStops(driver, [a, b]);
  const socket = await line(driver);
  await socket.next("driver_state");
  const location = { lat: 5.6, lng: -0.2 };
  for (const frame of [
    { type: "location_update", id: 1, location, status: "DELIVERED" },
    { type: "location_update", id: 2, location: { ...location, status: "DELIVERED" } },
    { type: "status_update", id: 3, status: "DELIVERED" },
    { type: "status_update", id: 4, status: "DELIVERED", tracking_id: 5 },
    { type: "status_update", id: 5, status: "DELIVERED", tracking_id: a, parcel_id: b },
  ]) {
    socket.send(frame);
    const error = await socket.next("error");
    assert.deepEqual([error["id"], error["code"], error["field"]], [frame.id, "invalid", "tracking_id"], JSON.stringify(frame));
  }
  assert.deepEqual([(await read(a)).status, (await read(b)).status], ["ASSIGNED", "ASSIGNED"]);
  socket.send({ type: "location_update", id: 6, parcel_id: b, location, status: "PICKED_UP" });
  assert.equal((await socket.next("ack"))["accepted"], 1);
  assert.deepEqual([(await read(a)).status, (await read(b)).status], ["ASSIGNED", "PICKED_UP"]);
  socket.end();
});

test("a store reads of a call for help what is its own", async () => {
  const driver = aDriver();
  const { tracking_id: ours } = await startDelivery(service, { driver_id: driver, store_id: "s7" });
  const { tracking_id: theirs } = await startDelivery(service, { driver_id: driver, store_id: "s8" });
  await untilStops(driver, [ours, theirs]);
  const raised = await service.call("POST", `/drivers/${driver}/emergency`, { token: await token("driver", driver) });
  assert.equal(raised.status, 201, raised.text);
  const seen = async (store: string) => {
    const reply = await service.call("GET", "/emergencies", { token: await token("store", "till", { store }) });
    return reply.body["emergencies"].flatMap((one: Json) => one["tracking_ids"]);
  };
  await until("it is on record", async () => (await seen("s7")).length > 0);
  assert.deepEqual([await seen("s7"), await seen("s8"), await seen("s9")], [[ours], [theirs], []]);
  const shown = await until("the delivery shows it", async () => (await read(ours)).emergencies);
  assert.deepEqual(shown.map((one: Json) => one["tracking_ids"]), [[ours]]);
});
