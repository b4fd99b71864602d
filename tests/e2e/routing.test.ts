// A small server that speaks OSRM's API, and fails in every way it can: the ETA takes its route, or does without.
import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import polyline from "@mapbox/polyline";
import { type Json, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

const PICKUP = { lat: 5.6, lng: -0.2 };
const DROPOFF = { lat: 5.65, lng: -0.2 };

let engine: Server;
let service: Service;
let asked: string[] = [];
let answer: RequestListener;

/** From where it was asked a kilometre east, north, and back west: 600 s. */
const right: RequestListener = (request, response) => {
  const [from, to] = (request.url ?? "").split("?")[0]?.split("/").pop()?.split(";").map((pair) => pair.split(",").map(Number)) as [[number, number], [number, number]];
  const corners: [number, number][] = [[from[1], from[0]], [from[1], from[0] + 0.009], [to[1], to[0] + 0.009], [to[1], to[0]]];
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ code: "Ok", routes: [{ geometry: polyline.encode(corners), distance: 7500, duration: 600, legs: [] }], waypoints: [] }));
};

before(async () => {
  engine = createServer((request, response) => {
    asked.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((listening) => engine.listen(0, "127.0.0.1", listening));
  const { port } = engine.address() as AddressInfo;
  service = await start({ vars: { ROUTING_URL: `http://127.0.0.1:${port}`, ROUTING_TIMEOUT_S: "1", ROUTING_PAUSE_S: "0.2", ROUTING_CACHE_S: "0" } });
});
after(async () => {
  await service.stop();
  engine.closeAllConnections();
  engine.close();
});

async function update(id: string, body: Json): Promise<Json> {
  const reply = await service.call("POST", `/tracking/update/${id}`, { token: await token("driver", "d1"), body });
  assert.equal(reply.status, 200, reply.text);
  return reply.body;
}

/** Waits for what the engine's answer changes. */
async function until(done: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await done()) return;
    await delay(25);
  }
  assert.fail(`waited in vain for ${what}`);
}

const snapshot = async (id: string): Promise<Json> => (await service.call("GET", `/tracking/${id}`, { token: await token("admin", "x") })).body;

test("the engine's route and time are what the ETA rests on, and off the route it is asked again", async () => {
  answer = right;
  asked = [];
  const { tracking_id: id } = await startDelivery(service, { pickup: PICKUP, dropoff: DROPOFF, mode: "bicycle" });
  await until(async () => typeof (await snapshot(id))["route"] === "string", "the route");
  assert.deepEqual(asked.map((url) => url.split("?")[0]), ["/route/v1/cycling/-0.20000,5.60000;-0.20000,5.65000"]);
  const watcher = await new Socket(`${service.ws}/ws/tracking/${id}`).opened();
  const seen = await update(id, { ...PICKUP, status: "PICKED_UP" });
  assert.deepEqual([seen["eta_source"], seen["off_route"]], ["route", false]);
  assert.ok(Math.abs(seen["eta_seconds"] - 600) < 30, `${seen["eta_seconds"]} s`);
  assert.ok(Math.abs(seen["remaining_m"] - 7550) < 60, `${seen["remaining_m"]} m`);
  // Straight north, a kilometre from the route.
  await delay(300);
  const from = Math.floor(Date.now() / 1000);
  const seenOff: Json[] = [];
  for (let n = 1; n <= 8; n += 1) seenOff.push(await update(id, { lat: 5.6 + n * 0.001, lng: -0.2, timestamp: from + n * 14 }));
  // How soon the engine answers is its own affair: until then the great circle counts.
  assert.ok(seenOff.some((seen) => seen["off_route"] === true && seen["eta_source"] === "history"), "it was off the route");
  const told = await watcher.next("eta_update");
  assert.deepEqual([told["data"].eta_source, told["data"].off_route, told["data"].tracking_id], ["route", false, id]);
  assert.ok(told["data"].seq > 0 && told["data"].server_time > 1e12 && told["data"].eta_range[0] <= told["data"].eta_seconds);
  assert.ok(asked.length >= 2 && asked[1]?.includes("/cycling/-0.20000,5.60"), asked.join("\n"));
  watcher.end();
});

test("a route of the operator's is followed, and the engine is not asked while it is", async () => {
  asked = [];
  const route = polyline.encode([[5.6, -0.2], [5.6, -0.191], [5.65, -0.191], [5.65, -0.2]]);
  const { tracking_id: id } = await startDelivery(service, { pickup: PICKUP, dropoff: DROPOFF, route });
  const seen = await update(id, { ...PICKUP, status: "PICKED_UP" });
  assert.deepEqual([seen["eta_source"], asked.length, seen["progress"]], ["route", 0, 0]);
  assert.ok(Math.abs(seen["remaining_m"] - 7550) < 60, `${seen["remaining_m"]} m`);
});

const failures: [string, RequestListener][] = [
  ["answers 500", (_, response) => response.writeHead(500).end("{}")],
  ["finds no route", (_, response) => response.writeHead(400).end('{"code":"NoRoute","message":"Impossible route between points"}')],
  ["answers HTML", (_, response) => response.end("<html>")],
  ["answers JSON of another kind", (_, response) => response.end('{"code":"Ok","routes":[{"geometry":7,"duration":"long"}]}')],
  ["is faster than anybody", (_, response) => response.end(JSON.stringify({ code: "Ok", routes: [{ geometry: polyline.encode([[5.6, -0.2], [5.65, -0.2]]), duration: 1 }] }))],
  ["leads elsewhere", (_, response) => response.writeHead(302, { Location: "/elsewhere" }).end()],
  ["never answers", () => undefined],
  ["never stops", (_, response) => {
    const more = () => response.writable && response.write(" ".repeat(65_536), () => setImmediate(more));
    more();
  }],
  ["hangs up", (request) => void request.socket.destroy()],
];
for (const [how, listener] of failures) {
  test(`an engine that ${how} changes nothing`, async () => {
    answer = listener;
    asked = [];
    const { tracking_id: id } = await startDelivery(service, { pickup: PICKUP, dropoff: DROPOFF });
    const seen = await update(id, { ...PICKUP, status: "PICKED_UP" });
    assert.equal(seen["eta_source"], "history");
    await until(() => asked.length > 0, "the request");
    await delay(1_200);
    const later = await update(id, { lat: 5.601, lng: -0.2 });
    assert.deepEqual([later["eta_source"], later["route"] ?? null, later["off_route"]], ["history", null, false]);
    assert.ok(asked.every((url) => url.startsWith("/route/v1/driving/")), asked.join("\n"));
  });
}
