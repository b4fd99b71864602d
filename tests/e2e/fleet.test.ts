// Hubs on workerd: who sees which deliveries, what dashboards are told, and that nothing depends on a hub.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Json, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
let desk: string;
before(async () => {
  service = await start();
  desk = await token("dispatcher", "desk");
});
after(() => service.stop());

const SHARDS = 4;
const get = (path: string, by: string) => service.call("GET", path, { token: by });
const list = async (query = "", by = desk): Promise<Json[]> => (await get(`/fleet?${query}`, by)).body["deliveries"];
const one = async (id: string, query = ""): Promise<Json | undefined> => (await list(query)).find((delivery) => delivery["tracking_id"] === id);

/** Waits for what is told beside everything else. */
async function until<T>(look: () => Promise<T | undefined | false>, what: string): Promise<T> {
  for (let tries = 0; tries < 300; tries += 1) {
    const found = await look();
    if (found) return found;
    await delay(50);
  }
  throw new Error(`waited in vain for ${what}`);
}

async function act(id: string, path: string, body: Json, by = desk): Promise<Json> {
  const reply = await service.call("POST", `/tracking/${id}/${path}`, { token: by, body });
  assert.equal(reply.status, 200, reply.text);
  return reply.body;
}

async function move(id: string, lat: number, lng: number): Promise<void> {
  const reply = await service.call("POST", `/tracking/update/${id}`, { token: await token("driver", "d1"), body: { lat, lng } });
  assert.equal(reply.status, 200, reply.text);
}

const shard = async (k: number, by = desk) => new Socket(`${service.ws}/ws/fleet?shard=${k}&token=${by}`).opened();

/** The sockets of a dashboard, each told its whole. */
async function dashboard(): Promise<{ sockets: Socket[]; known: Map<string, Json> }> {
  const sockets = await Promise.all(Array.from({ length: SHARDS }, (_, k) => shard(k)));
  const known = new Map<string, Json>();
  for (const socket of sockets) {
    for (let pages = 1, page = 1; page <= pages; page += 1) {
      const { data } = await socket.next("fleet_state");
      assert.equal(data.page, page);
      assert.equal(data.shards, SHARDS);
      pages = data.pages;
      for (const delivery of data.deliveries) known.set(delivery["tracking_id"], delivery);
    }
  }
  return { sockets, known };
}

/** The frame of any of the sockets that says what is looked for. */
function told<T>(sockets: Socket[], look: (data: Json) => T | undefined, what: string): Promise<T> {
  return until(async () => {
    for (const socket of sockets) {
      for (const frame of socket.frames.filter((frame) => frame["type"] === "fleet_update")) {
        const found = look(frame["data"]);
        if (found) return found;
      }
    }
    return undefined;
  }, what);
}

const named = (id: string) => (delivery: Json) => delivery["tracking_id"] === id;

test("a delivery is in the list as soon as it is started, with what each change makes of it, until it has ended", async () => {
  const { tracking_id: id } = await startDelivery(service, { order_id: "O-list", store_id: "s-list", window: { to: 1_900_000_000 } });
  const first = await until(() => one(id), "it");
  assert.deepEqual([first["order_id"], first["store_id"], first["driver_id"], first["status"], first["location_state"]], ["O-list", "s-list", "d1", "ASSIGNED", "none"]);
  assert.deepEqual(first["window"], { from: null, to: 1_900_000_000 });
  await act(id, "status", { status: "PICKED_UP" });
  await until(async () => (await one(id))?.["status"] === "PICKED_UP", "its status");
  await act(id, "assign", { driver_id: "d2" });
  await until(async () => (await one(id))?.["driver_id"] === "d2", "its driver");
  await act(id, "status", { status: "DELIVERED" });
  await until(async () => (await one(id)) === undefined, "its end");
  assert.equal((await one(id, "status=delivered"))?.["status"], "DELIVERED");
});

test("each sees theirs", async () => {
  const { tracking_id: id } = await startDelivery(service, { store_id: "s-mine" });
  await until(() => one(id), "it");
  const store = await token("store", "x", { store: "s-mine" });
  const own = await until(async () => (await list("", store)).find(named(id)), "it at its store");
  assert.equal((await list("", store)).length, 1);
  assert.deepEqual(own, await one(id));
  assert.equal((await list("store_id=s-mine")).length, 1);
  for (const [by, path, status] of [
    [store, "/fleet?store_id=s-mine", 200],
    [store, "/fleet?store_id=s1", 403],
    [await token("store", "x"), "/fleet", 403],
    [await token("driver", "d1"), "/fleet", 403],
    [await token("customer", "c1"), "/stats/tracking", 403],
    [store, "/stats/tracking", 200],
    [await token("admin", "root"), "/fleet", 200],
  ] as const) {
    assert.equal((await get(path, by)).status, status, path);
  }
  assert.equal((await service.call("GET", "/fleet")).status, 401);
  for (const [path, by, reason] of [
    ["/ws/fleet?shard=0", store, "Not allowed"],
    ["/ws/fleet?shard=0", await token("driver", "d1"), "Not allowed"],
    ["/ws/store/s1", store, "Not allowed"],
    ["/ws/fleet?shard=4", desk, "Tracking not found"],
    ["/ws/fleet?shard=-1", desk, "Tracking not found"],
    ["/ws/fleet", await token("dispatcher", "desk", { ttl: -120 }), "Invalid token"],
  ] as const) {
    const socket = await new Socket(`${service.ws}${path}`, ["onway.v1", `bearer.${by}`]).opened();
    assert.deepEqual(await socket.close(), { code: 1008, reason }, path);
  }
  const nobody = await new Socket(`${service.ws}/ws/fleet`).opened();
  assert.deepEqual(await nobody.close(), { code: 1008, reason: "Not allowed" });
  const socket = await new Socket(`${service.ws}/ws/store/s-mine`, ["onway.v1", `bearer.${store}`]).opened();
  const { data } = await socket.next("fleet_state");
  assert.deepEqual([data.shard, data.deliveries.map((delivery: Json) => delivery["tracking_id"])], [null, [id]]);
  socket.end();
});

test("pages come in the order of ids, each delivery once", async () => {
  await Promise.all(Array.from({ length: 23 }, () => startDelivery(service, { driver_id: "d-page" })));
  const all = await until(async () => {
    const found = await list("driver_id=d-page");
    return found.length === 23 && found;
  }, "all of them");
  const ids = all.map((delivery) => delivery["tracking_id"]);
  assert.deepEqual(ids, ids.toSorted());
  const paged: string[] = [];
  for (let cursor = ""; ; ) {
    const { body } = await get(`/fleet?driver_id=d-page&limit=5${cursor}`, desk);
    assert.ok(body["deliveries"].length <= 5);
    paged.push(...body["deliveries"].map((delivery: Json) => delivery["tracking_id"]));
    if (body["next_cursor"] === null) break;
    cursor = `&cursor=${body["next_cursor"]}`;
  }
  assert.deepEqual(paged, ids);
});

test("a dashboard is told the whole, then what changed; a subscription narrows it", async () => {
  const { tracking_id: id } = await startDelivery(service, { pickup: { lat: 10, lng: 10 }, dropoff: { lat: 10.1, lng: 10 } });
  await act(id, "status", { status: "PICKED_UP" });
  await until(async () => (await one(id))?.["status"] === "PICKED_UP", "it");
  const { sockets, known } = await dashboard();
  assert.equal(known.get(id)?.["status"], "PICKED_UP");
  // The first report since somebody watches is answered so that the next may come soon.
  await act(id, "status", { status: "IN_TRANSIT" });
  const changed = await told(sockets, (data) => data["deliveries"].find(named(id)), "its status");
  assert.equal(changed.status, "IN_TRANSIT");
  await move(id, 10.01, 10);
  const moved = await told(sockets, (data) => data["moved"].find(named(id)), "where it went");
  assert.deepEqual([moved.current_location.lat, moved.location_state], [10.01, "live"]);
  assert.equal(moved.status, undefined);
  for (const socket of sockets) {
    socket.frames.length = 0;
    socket.send({ type: "subscribe", bbox: [9.9, 10.009, 10.1, 10.010_1], status: ["IN_TRANSIT"], other: 1 });
  }
  const here = (await Promise.all(sockets.map((socket) => socket.next("fleet_state")))).flatMap((frame) => frame["data"].deliveries);
  assert.deepEqual(here.map((delivery: Json) => delivery["tracking_id"]), [id]);
  // Out of the area, and back.
  await delay(3_000);
  await move(id, 10.0105, 10);
  await told(sockets, (data) => data["removed"].includes(id), "that it has left");
  await delay(3_000);
  await move(id, 10.0097, 10);
  const back = await told(sockets, (data) => data["deliveries"].find(named(id)), "that it is back");
  assert.equal(back.order_id, "O-1");
  await act(id, "status", { status: "DELIVERED" });
  await told(sockets, (data) => data["removed"].includes(id), "that it is none of these any more");
  for (const socket of sockets) socket.end();
});

test("a hub that tells much has one timer, and none once nobody watches", async () => {
  const { tracking_id: id } = await startDelivery(service, { driver_id: "d-timer", store_id: "s-timer" });
  const timers = async (): Promise<number> => Number((await service.call("GET", "/test/fleet/timers/store/s-timer")).text);
  await until(async () => (await list("driver_id=d-timer")).length === 1, "it");
  const socket = await new Socket(`${service.ws}/ws/store/s-timer?token=${await token("store", "x", { store: "s-timer" })}`).opened();
  await socket.next("fleet_state");
  const driver = await token("driver", "d-timer");
  // Each of these is told, and grows old some time later.
  for (const status of ["PICKED_UP", "IN_TRANSIT"]) {
    const reply = await service.call("POST", `/tracking/update/${id}`, { token: driver, body: { lat: 5.6, lng: -0.2, status } });
    assert.equal(reply.status, 200, reply.text);
    await told([socket], (data) => data["deliveries"].find((delivery: Json) => delivery["status"] === status), status);
  }
  await until(async () => (await timers()) === 1, "one timer");
  socket.end();
  await until(async () => (await timers()) === 0, "no timer");
});

test("whatever a dashboard says gets an answer or a close", async () => {
  const socket = await shard(0);
  await socket.next("fleet_state");
  for (const [message, field] of [
    [{ type: "subscribe", bbox: [0, 1, 1, 0] }, "bbox"],
    [{ type: "subscribe", bbox: [0, 0, 181, 1] }, "bbox"],
    [{ type: "subscribe", bbox: [0, 0, 1] }, "bbox"],
    [{ type: "subscribe", bbox: "0,0,1,1" }, "bbox"],
    [{ type: "subscribe", status: ["LOST"] }, "status"],
    [{ type: "subscribe", status: "CREATED" }, "status"],
    [{ type: "location_update", lat: 1, lng: 1 }, "type"],
    [{ type: "auth" }, "token"],
    [{}, "type"],
    [[1], "type"],
  ] as const) {
    socket.send(message);
    assert.equal((await socket.next("error"))["field"], field, JSON.stringify(message));
  }
  socket.send("{");
  assert.equal((await socket.next("error"))["code"], "not_json");
  socket.send({ type: "ping", more: 1 });
  await socket.next("pong");
  socket.send({ type: "get" });
  await socket.next("fleet_state");
  socket.send({ type: "auth", token: await token("dispatcher", "desk") });
  socket.send({ type: "auth", token: await token("dispatcher", "somebody else") });
  assert.deepEqual(await socket.close(), { code: 1008, reason: "Not allowed" });
  const large = await shard(0);
  large.send("x".repeat(64 * 1024 + 1));
  assert.equal((await large.close()).code, 1009);
});

test("a call for help reaches those who look after all, and the store whose goods these are", async () => {
  const { tracking_id: id } = await startDelivery(service, { driver_id: "d-help", store_id: "s-help" });
  const { tracking_id: other } = await startDelivery(service, { driver_id: "d-help", store_id: "s-else" });
  await until(async () => (await one(id)) && (await one(other)), "both");
  const driver = await token("driver", "d-help");
  await until(async () => (await get("/tracking/driver/d-help", desk)).body["deliveries"].length === 2, "both at the driver");
  const all = await shard(0);
  const store = await new Socket(`${service.ws}/ws/store/s-help?token=${await token("store", "x", { store: "s-help" })}`).opened();
  const raised = await service.call("POST", "/drivers/d-help/emergency", { token: driver, body: { message: "help" } });
  assert.equal(raised.status, 201);
  assert.deepEqual((await all.next("emergency_alert"))["data"].tracking_ids.toSorted(), [id, other].toSorted());
  assert.deepEqual((await store.next("emergency_alert"))["data"].tracking_ids, [id]);
  await until(async () => (await one(id))?.["emergency"] === true, "it in the list");
  const had = await until(async () => {
    const reply = await service.call("POST", `/emergencies/${raised.body["id"]}/acknowledge`, { token: desk });
    return reply.status === 200 && reply.body;
  }, "that somebody has it");
  assert.equal(had["acknowledged_by"], "desk");
  assert.equal((await all.next("emergency_acknowledged"))["data"].acknowledged_by, "desk");
  await store.next("emergency_acknowledged");
  await until(async () => (await one(id))?.["emergency"] === false, "that it is over");
  for (const socket of [all, store]) socket.end();
});

test("counts add up, for all and for a store", async () => {
  const { tracking_id: id } = await startDelivery(service, { store_id: "s-count" });
  await until(() => one(id), "it");
  const watcher = await new Socket(`${service.ws}/ws/tracking/${id}`).opened();
  const store = await token("store", "x", { store: "s-count" });
  const own = await until(async () => {
    const { body } = await get("/stats/tracking", store);
    return body["total_websocket_connections"] === 1 && body;
  }, "its socket");
  assert.equal(own["total_active_sessions"], 1);
  assert.deepEqual(own["sessions_by_recency"], { last_5_min: 1, last_hour: 0, older: 0 });
  assert.equal(own["status_distribution"]["ASSIGNED"], 1);
  const { body: all } = await get("/stats/tracking", desk);
  const sum = (counts: Json) => Object.values(counts).reduce((sum, count) => sum + count, 0);
  assert.equal(all["total_active_sessions"], sum(all["status_distribution"]));
  assert.equal(all["total_active_sessions"], sum(all["sessions_by_recency"]));
  const health = await service.call("GET", "/health/socket");
  assert.deepEqual([health.status, health.body["status"], typeof health.body["connections"]], [200, "ok", "number"]);
  watcher.end();
  // Nobody watches and nothing moves: it is told all the same, a minute after what was told last.
  const sockets = async () => (await get("/stats/tracking", store)).body["total_websocket_connections"];
  for (let tries = 0; (await sockets()) !== 0; tries += 1) {
    assert.ok(tries < 75, "the socket that has gone is still counted");
    await delay(1_000);
  }
});

test("a hub that has forgotten everything knows it again, and erasing takes a delivery out of it", async () => {
  const { tracking_id: id } = await startDelivery(service, { store_id: "s-forget" });
  await act(id, "status", { status: "PICKED_UP" });
  await until(async () => (await one(id))?.["status"] === "PICKED_UP", "it");
  const before = (await list()).map((delivery) => delivery["tracking_id"]);
  const hubs = [...Array.from({ length: SHARDS }, (_, k) => `shard/${k}`), "store/s-forget"];
  const forget = async () => {
    for (const hub of hubs) assert.equal((await service.call("GET", `/test/fleet/forget/${hub}`)).status, 200);
  };
  const { sockets } = await dashboard();
  await forget();
  assert.deepEqual((await list()).map((delivery) => delivery["tracking_id"]), before);
  assert.equal((await list("store_id=s-forget")).length, 1);
  // Whoever follows is told the whole once more.
  await act(id, "status", { status: "DELIVERED" });
  await until(async () => sockets.some((socket) => socket.frames.some((frame) => frame["type"] === "fleet_state")), "the whole");
  await until(() => one(id, "status=DELIVERED"), "its end");
  const erased = await service.call("DELETE", `/tracking/${id}/personal-data`, { token: await token("admin", "root") });
  assert.equal(erased.status, 200, erased.text);
  assert.equal(await one(id, "status=DELIVERED"), undefined);
  await forget();
  assert.equal(await one(id, "status=DELIVERED"), undefined);
  assert.equal((await list("store_id=s-forget&status=DELIVERED")).length, 0);
  for (const socket of sockets) socket.end();
});
