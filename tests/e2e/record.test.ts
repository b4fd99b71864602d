import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fix, fixes, history, ORIGIN, send, start as startTrip, status } from "../faults/trip.ts";
import { isNear, type Json, type Role, type Service, start, startDelivery, token } from "../service.ts";

let service: Service;
before(async () => void (service = await start()));
after(() => service.stop());

const get = async (path: string, role?: Role, sub = "x", headers: Record<string, string> = {}) =>
  service.call("GET", path, { headers, ...(role ? { token: await token(role, sub, { store: "s1" }) } : {}) });

test("history holds each fix with what was made of it", async () => {
  const id = await startTrip(service, 100);
  await send(service, id, [fix(0), { ...fix(1), accuracy: 8.25, speed: 11, heading: 1, battery: 80 }, { ...fix(2), lat: 9 }, fix(3)]);
  const points = await history(service, id);
  assert.deepEqual(points.map((point) => point["verdict"]), ["accepted", "accepted", "filtered", "accepted"]);
  assert.equal(points[2]?.["reason"], "speed");
  const { lat, lng } = fix(1) as { lat: number; lng: number };
  const { shown, ...told } = points[1] as Json;
  assert.ok(isNear({ lat: shown[0], lng: shown[1] }, lat));
  assert.deepEqual(told, { lat, lng, timestamp: ORIGIN + 0.1, verdict: "accepted", accuracy: 8.3, speed: 11, heading: 1, battery: 80 });
});

test("a span, a page and a thinned line are what they say", async () => {
  const id = await startTrip(service, 100);
  await send(service, id, fixes(0, 700));
  const span = await history(service, id, `&since=${ORIGIN + 10}&until=${ORIGIN + 20}`);
  assert.deepEqual([span.length, span[0]?.["timestamp"], span.at(-1)?.["timestamp"]], [101, ORIGIN + 10, ORIGIN + 20]);
  const thinned = (await get(`/tracking/${id}/history?max_points=20`, "admin")).body["points"];
  assert.ok(thinned.length >= 2 && thinned.length <= 20, `${thinned.length} points`);
  assert.deepEqual([thinned[0].timestamp, thinned.at(-1).timestamp], [ORIGIN, ORIGIN + 69.9]);
});

test("GeoJSON by format or by Accept is a line with its times", async () => {
  const id = await startTrip(service, 100);
  const path = `/tracking/${id}/history`;
  assert.equal((await get(`${path}?format=geojson`, "admin")).body["geometry"], null);
  await send(service, id, [fix(0)]);
  assert.equal((await get(`${path}?format=geojson`, "admin")).body["geometry"].type, "Point");
  await send(service, id, [fix(10), fix(20)]);
  const reply = await get(path, "admin", "x", { Accept: "application/geo+json" });
  assert.equal(reply.headers.get("Content-Type"), "application/geo+json");
  const { type, geometry, properties } = reply.body as Json;
  assert.deepEqual([type, geometry.type, geometry.coordinates.length], ["Feature", "LineString", 3]);
  [0, 10, 20].forEach((n, at) => assert.ok(isNear({ lng: geometry.coordinates[at][0], lat: geometry.coordinates[at][1] }, fix(n)["lat"])));
  assert.deepEqual(properties.coordTimes, ["2023-11-14T22:13:20Z", "2023-11-14T22:13:21Z", "2023-11-14T22:13:22Z"]);
});

test("the timeline says what happened and which ETA was published when", async () => {
  const id = await startTrip(service, 1000);
  for (let minute = 0; minute < 5; minute += 1) {
    await send(service, id, [{ ...fix(minute * 600), timestamp: ORIGIN + minute * 60 }]);
    // A minute and more of the delivery's clock.
    await delay(80);
  }
  await service.call("POST", `/tracking/${id}/status`, { token: await token("driver", "d1"), body: { status: "FAILED", reason: "nobody there", note: "rang twice" } });
  const seen = (await get(`/tracking/${id}/events`, "store")).body;
  assert.deepEqual(seen["events"].map((event: Json) => [event["type"], event["status"]]), [["status", "ASSIGNED"], ["status", "PICKED_UP"], ["status", "FAILED"]]);
  assert.deepEqual([seen["events"][2].reason, seen["events"][2].note], ["nobody there", "rang twice"]);
  assert.ok(seen["etas"].length >= 2, JSON.stringify(seen["etas"]));
  for (const { at, eta_at, eta_range } of seen["etas"]) {
    assert.ok(eta_at >= at - 60 && eta_range[0] <= eta_at - at && eta_at - at <= eta_range[1], JSON.stringify({ at, eta_at, eta_range }));
  }
  const customer = (await get(`/tracking/${id}/events`, "customer", "c1")).body;
  assert.deepEqual([customer["events"][2].reason, customer["events"][2].note], [null, null]);
});

test("those who may read it, and nobody else", async () => {
  const id = await startTrip(service, 1);
  const cases: [Role | undefined, string, number, number][] = [
    ["driver", "d1", 200, 200],
    ["driver", "d2", 403, 403],
    ["customer", "c1", 403, 200],
    ["customer", "c2", 403, 403],
    ["store", "x", 200, 200],
    ["dispatcher", "x", 200, 200],
    ["admin", "x", 200, 200],
    [undefined, "", 401, 401],
  ];
  const check = async (expected: typeof cases) => {
    for (const [role, sub, history, events] of expected) {
      const seen = [(await get(`/tracking/${id}/history`, role, sub)).status, (await get(`/tracking/${id}/events`, role, sub)).status];
      assert.deepEqual(seen, [history, events], `${role} ${sub}`);
    }
  };
  await check(cases);
  await status(service, id, "DELIVERED");
  // A driver sees its own while it is active.
  await check(cases.map(([role, sub, ...rest]) => (sub === "d1" ? [role, sub, 403, 403] : [role, sub, ...rest])));
});

test("after it has expired, the record stays for store, dispatcher and admin", async (t) => {
  const brief = await start({ vars: { EXPIRE_FINISHED_HOURS: "0" } });
  t.after(() => brief.stop());
  const id = await startTrip(brief, 1);
  await status(brief, id, "DELIVERED");
  const ask = async (path: string, role: Role, sub: string) =>
    (await brief.call("GET", `/tracking/${id}${path}`, { token: await token(role, sub, { store: "s1" }) })).status;
  assert.equal(await ask("", "admin", "x"), 410);
  for (const role of ["store", "dispatcher", "admin"] as const) {
    assert.deepEqual([await ask("/history", role, "x"), await ask("/events", role, "x")], [200, 200], role);
  }
  assert.deepEqual([await ask("/history", "customer", "c1"), await ask("/events", "customer", "c1")], [403, 410]);
  assert.deepEqual([await ask("/history", "driver", "d1"), await ask("/events", "driver", "d1")], [403, 403]);
});

test("no cache keeps what somebody's track is in", async () => {
  const { tracking_id: id } = await startDelivery(service);
  for (const path of ["/history", "/history?format=geojson", "/events"]) {
    assert.equal((await get(`/tracking/${id}${path}`, "admin")).headers.get("Cache-Control"), "private, no-store", path);
  }
});

test("what cannot be asked is refused with its field; what never was is 410", async () => {
  const { tracking_id: id } = await startDelivery(service);
  for (const [query, field] of [["since=x", "since"], ["until=1e400", "until"], ["since=2&until=1", "until"], ["max_points=0", "max_points"], ["format=kml", "format"], ["cursor=x", "cursor"], ["cursor=", "cursor"]] as const) {
    const reply = await get(`/tracking/${id}/history?${query}`, "admin");
    assert.deepEqual([reply.status, reply.body["field"]], [422, field], query);
  }
  assert.equal((await get("/tracking/TRK-NONE/history", "admin")).status, 404);
  assert.equal((await service.call("POST", `/tracking/${id}/history`, { token: await token("admin", "x") })).status, 405);
});
