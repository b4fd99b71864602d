// Hostile and mistaken requests, as a table: what is sent, and the exact answer.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DROPOFF, ID_SECRET, type Json, type Service, start, startDelivery, token } from "../service.ts";

let service: Service;
let id: string;
let hidden: string;
before(async () => {
  service = await start();
  id = (await startDelivery(service)).tracking_id;
  hidden = (await startDelivery(service, { visibility: "private" })).tracking_id;
});
after(() => service.stop());

const START = { order_id: "O-1", dropoff: DROPOFF };
const fix = { lat: 5.6, lng: -0.2 };
const many = (count: number) => ({ locations: Array.from({ length: count }, () => fix) });

interface Case {
  name: string;
  method?: string;
  path: string | (() => string);
  as?: () => Promise<string>;
  body?: unknown;
  headers?: Record<string, string>;
  status: number;
  field?: string;
}

const desk = () => token("dispatcher", "desk");
const driver = () => token("driver", "d1");
const update = () => `/tracking/update/${id}`;

const CASES: Case[] = [
  { name: "no such route", path: "/nothing", status: 404 },
  { name: "a path of 9,000 characters", path: `/tracking/${"x".repeat(9000)}`, status: 404 },
  { name: "dots in a path", path: "/tracking/..%2f..%2fetc", status: 404 },
  { name: "a null byte in a path", path: "/tracking/%00", status: 404 },
  { name: "an id that was never given out", path: `/tracking/TRK-${"A".repeat(40)}`, status: 404 },
  { name: "an id in small letters", path: () => `/tracking/${id.toLowerCase()}`, status: 404 },
  { name: "a method that the route does not have", method: "DELETE", path: () => `/tracking/${id}`, status: 405 },
  { name: "GET where POST belongs", path: "/tracking/start", status: 405 },
  { name: "a socket path without an upgrade", path: () => `/ws/tracking/${id}`, status: 426 },

  { name: "start without a token", method: "POST", path: "/tracking/start", body: START, status: 401 },
  { name: "start with a forged token", method: "POST", path: "/tracking/start", as: () => token("admin", "x", { secret: "not the secret, but as long as it is" }), body: START, status: 401 },
  { name: "start with a token that has run out", method: "POST", path: "/tracking/start", as: () => token("admin", "x", { ttl: -120 }), body: START, status: 401 },
  { name: "start with a token that is none", method: "POST", path: "/tracking/start", as: async () => "x.y.z", body: START, status: 401 },
  { name: "start with an unknown role", method: "POST", path: "/tracking/start", as: () => token("king", "x"), body: START, status: 403 },
  { name: "start as a customer", method: "POST", path: "/tracking/start", as: () => token("customer", "c1"), body: START, status: 403 },
  { name: "start for another driver", method: "POST", path: "/tracking/start", as: driver, body: { ...START, driver_id: "d2" }, status: 403 },
  { name: "start for another store", method: "POST", path: "/tracking/start", as: () => token("store", "x", { store: "s1" }), body: { ...START, store_id: "s2" }, status: 403 },
  { name: "not JSON", method: "POST", path: "/tracking/start", as: desk, body: "{order", status: 400 },
  { name: "invalid UTF-8", method: "POST", path: "/tracking/start", as: desk, body: new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), status: 400 },
  { name: "an empty body", method: "POST", path: "/tracking/start", as: desk, body: "", status: 400 },
  { name: "100,000 brackets", method: "POST", path: "/tracking/start", as: desk, body: "[".repeat(100_000), status: 400 },
  { name: "1e999", method: "POST", path: update, as: driver, body: '{"lat":1e999,"lng":0}', status: 400 },
  { name: "NaN", method: "POST", path: update, as: driver, body: '{"lat":NaN,"lng":0}', status: 400 },
  { name: "another media type", method: "POST", path: "/tracking/start", as: desk, body: START, headers: { "Content-Type": "text/plain" }, status: 415 },
  { name: "2 MB", method: "POST", path: "/tracking/start", as: desk, body: "x".repeat(2_000_000), status: 413 },
  { name: "10 MB", method: "POST", path: "/tracking/start", as: desk, body: "x".repeat(10_000_000), status: 413 },
  { name: "an array", method: "POST", path: "/tracking/start", as: desk, body: [], status: 422, field: "body" },
  { name: "no order", method: "POST", path: "/tracking/start", as: desk, body: { dropoff: DROPOFF }, status: 422, field: "order_id" },
  { name: "a latitude beyond the pole", method: "POST", path: "/tracking/start", as: desk, body: { ...START, dropoff: { lat: 90.1, lng: 0 } }, status: 422, field: "dropoff.lat" },
  { name: "aliases that differ", method: "POST", path: "/tracking/start", as: desk, body: { ...START, driver_id: "a", rider_id: "b" }, status: 422, field: "driver_id" },
  { name: "a bad Idempotency-Key", method: "POST", path: "/tracking/start", as: desk, body: START, headers: { "Idempotency-Key": "a b" }, status: 422, field: "Idempotency-Key" },

  { name: "update without a token", method: "POST", path: update, body: fix, status: 401 },
  { name: "update as the customer", method: "POST", path: update, as: () => token("customer", "c1"), body: fix, status: 403 },
  { name: "update as another driver", method: "POST", path: update, as: () => token("driver", "d2"), body: fix, status: 403 },
  { name: "update as a dispatcher", method: "POST", path: update, as: desk, body: fix, status: 403 },
  { name: "nothing to update", method: "POST", path: update, as: driver, body: {}, status: 422, field: "location" },
  { name: "one bad fix", method: "POST", path: update, as: driver, body: { lat: 5.6, lng: 181 }, status: 422, field: "lng" },
  { name: "a time in words", method: "POST", path: update, as: driver, body: { ...fix, timestamp: "noon" }, status: 422, field: "timestamp" },
  { name: "an empty batch", method: "POST", path: update, as: driver, body: many(0), status: 422, field: "locations" },
  { name: "1,001 fixes", method: "POST", path: update, as: driver, body: many(1001), status: 422, field: "locations" },
  { name: "a batch without a valid fix", method: "POST", path: update, as: driver, body: { locations: [{}, { lat: 100, lng: 0 }] }, status: 422, field: "locations" },
  { name: "an unknown status", method: "POST", path: update, as: driver, body: { ...fix, status: "LOST" }, status: 422, field: "status" },

  { name: "status of somebody else's delivery", method: "POST", path: () => `/tracking/${id}/status`, as: () => token("driver", "d2"), body: { status: "PICKED_UP" }, status: 403 },
  { name: "FAILED without a reason", method: "POST", path: () => `/tracking/${id}/status`, as: driver, body: { status: "FAILED" }, status: 422, field: "reason" },
  { name: "a step back", method: "POST", path: () => `/tracking/${id}/status`, as: driver, body: { status: "CREATED" }, status: 409 },
  { name: "a driver cancels", method: "POST", path: () => `/tracking/${id}/status`, as: driver, body: { status: "CANCELLED" }, status: 403 },

  { name: "a private delivery without a token", path: () => `/tracking/${hidden}`, status: 401 },
  { name: "a private delivery of somebody else", path: () => `/tracking/${hidden}`, as: () => token("customer", "c2"), status: 403 },
  { name: "a public delivery with a forged token", path: () => `/tracking/${id}`, as: () => token("customer", "c1", { secret: "not the secret, but as long as it is" }), status: 401 },
  { name: "a scheme that is not Bearer", path: () => `/tracking/${id}`, headers: { Authorization: "Basic eDp5" }, status: 401 },
];

for (const { name, method = "GET", path, as, body, headers = {}, status, field } of CASES) {
  test(`${name}: ${status}${field ? ` at ${field}` : ""}`, async () => {
    const url = typeof path === "string" ? path : path();
    const init: Json = { headers };
    if (as) init["token"] = await as();
    if (body !== undefined) init["body"] = body;
    const reply = await service.call(method, url, init);
    assert.equal(reply.status, status, reply.text);
    assert.equal(reply.headers.get("Content-Type"), "application/problem+json");
    assert.equal(reply.body["status"], status);
    assert.equal(reply.body["field"], field);
    for (const key of ["type", "title", "detail"]) assert.equal(typeof reply.body[key], "string");
  });
}

test("none of it changed anything", async () => {
  const { status, seq, current_location } = (await service.call("GET", `/tracking/${id}`)).body;
  assert.deepEqual([status, seq, current_location], ["ASSIGNED", 1, null]);
});

test("a right id whose object is empty is 410", async () => {
  // The same secret on other storage: the id is ours, the delivery is not there.
  const elsewhere = await start({ vars: { ID_SECRET } });
  assert.equal((await elsewhere.call("GET", `/tracking/${id}`)).status, 410);
  await elsewhere.stop();
});

test("without a secret, what needs it says what to set", async () => {
  const bare = await start({ vars: { JWT_SECRET: undefined, ID_SECRET: "short" } });
  assert.equal((await bare.call("GET", "/health")).status, 200);
  const noToken = await bare.call("POST", "/tracking/start", { token: "a.b.c", body: START });
  assert.equal(noToken.status, 500);
  assert.match(noToken.body["detail"], /JWT_SECRET/);
  const noIds = await bare.call("GET", `/tracking/${id}`);
  assert.equal(noIds.status, 500);
  assert.match(noIds.body["detail"], /ID_SECRET/);
  await bare.stop();
});
