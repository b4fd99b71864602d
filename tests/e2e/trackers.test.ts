// Phone trackers over HTTP: each protocol's request as its app sends it, and the reply byte for byte.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isNear, type Json, type Service, start, startDelivery, token } from "../service.ts";

let service: Service;
let desk: { token: string };
before(async () => {
  service = await start();
  desk = { token: await token("dispatcher", "desk") };
});
after(() => service.stop());

const now = () => Math.floor(Date.now() / 1000);
const json = (body: unknown) => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
const feature = (lat: number, timestamp: string, extra: Json = {}) => ({
  type: "Feature",
  geometry: { type: "Point", coordinates: [-0.2, lat] },
  properties: { timestamp, horizontal_accuracy: 5, speed: 7, battery_level: 0.5, ...extra },
});

/** A driver with one delivery and a key. */
async function aDriver(id: string): Promise<{ id: string; key: string; key_id: string }> {
  const made = await service.call("POST", `/drivers/${id}/device-keys`, desk);
  const { tracking_id } = await startDelivery(service, { driver_id: id });
  for (let tries = 0; ; tries += 1) {
    const state = await service.call("GET", `/tracking/driver/${id}`, desk);
    if (state.body["deliveries"].length === 1) return { id: tracking_id, key: made.body["key"], key_id: made.body["key_id"] };
    assert.ok(tries < 100, "the driver does not hear of its delivery");
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

const send = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(service.url + path, init);
  return [response.status, await response.text(), response.headers.get("Content-Type")];
};

const protocols: [string, (key: string) => [string, RequestInit?], [number, string, string | null], number | null][] = [
  ["osmand", (key) => [`/log/osmand/${key}/phone?lat=5.6&lon=-0.2&timestamp=${now()}&spd_ms=7&batt=50`], [200, "", null], 7],
  ["traccar, form", (key) => [`/log/traccar/${key}`, { method: "POST", body: new URLSearchParams({ id: "x", lat: "5.6", lon: "-0.2", speed: "10", timestamp: `${now()}`, batt: "50" }) }], [200, "", null], 5.14],
  ["traccar, JSON", (key) => [`/log/traccar/${key}`, json({ device_id: "x", location: { timestamp: new Date().toISOString(), coords: { latitude: 5.6, longitude: -0.2, speed: 7, heading: -1 }, battery: { level: 0.5 } } })], [200, "", null], 7],
  ["owntracks", (key) => [`/log/owntracks/${key}`, json({ _type: "location", lat: 5.6, lon: -0.2, tst: now(), vel: 36, tid: "dr", batt: 50 })], [200, "[]", "application/json"], 10],
  ["overland", (key) => [`/log/overland/${key}`, json({ locations: [feature(5.5999, new Date(Date.now() - 10_000).toISOString())], current: feature(5.6, new Date().toISOString()) })], [200, '{"result":"ok"}', "application/json"], 7],
  ["gpslogger", (key) => [`/log/gpslogger/${key}?lat=5.6&lon=-0.2&timestamp=${now()}&spd=7.0&batt=50.0&acc=5.0`], [200, "", null], 7],
];

test("each protocol moves the delivery, in its own units, and gets its own reply", async () => {
  for (const [name, request, expected, speed] of protocols) {
    const driver = await aDriver(`T-${name}`);
    const [path, init] = request(driver.key);
    assert.deepEqual(await send(path, init), expected, name);
    const { body } = await service.call("GET", `/tracking/${driver.id}`, desk);
    assert.ok(isNear(body["current_location"], 5.6), `${name}: ${JSON.stringify(body["current_location"])}`);
    assert.equal(body["current_location"].speed, speed, name);
    assert.equal(body["current_location"].battery, 50, name);
    // The same again adds nothing.
    await send(path, init);
    const again = await service.call("GET", `/tracking/${driver.id}`, desk);
    assert.equal(again.body["fixes"].accepted, body["fixes"].accepted, name);
  }
});

test("what is of no use empties the queue, and what is not allowed does not", async () => {
  const driver = await aDriver("T-odd");
  const { key } = driver;
  const rows = async () => (await service.call("GET", `/tracking/${driver.id}/history`, desk)).body["points"].length;
  const cases: [string, RequestInit, [number, string]][] = [
    [`/log/traccar/${key}`, { method: "POST", body: new URLSearchParams({ id: "x", batt: "40" }) }, [200, ""]],
    [`/log/traccar/${key}`, { method: "POST", body: "\u0000{" }, [200, ""]],
    [`/log/owntracks/${key}`, json({ _type: "lwt", tst: now() }), [200, "[]"]],
    [`/log/owntracks/${key}`, { method: "POST", body: "" }, [200, "[]"]],
    [`/log/owntracks/${key}`, json({ locations: [] }), [200, "[]"]],
    [`/log/overland/${key}`, json({ _type: "location" }), [200, '{"result":"ok"}']],
    [`/log/gpslogger/${key}?lat=null&lon=`, {}, [200, ""]],
    [`/log/overland/${key}`, { method: "POST", body: "x".repeat(2_000_000) }, [413, '{"error":"too much in one request: send smaller batches"}']],
    [`/log/owntracks/${key.slice(0, -1)}`, json({}), [401, "[]"]],
  ];
  for (const [path, init, [status, text]] of cases) {
    assert.deepEqual((await send(path, init)).slice(0, 2), [status, text], `${path} ${String(init.body).slice(0, 80)}`);
  }
  assert.equal(await rows(), 0);
  // A delivery that has ended takes no more: understood, and of no use.
  await service.call("POST", `/tracking/${driver.id}/status`, { ...desk, body: { status: "DELIVERED" } });
  assert.deepEqual((await send(`/log/osmand/${key}?lat=5.7&lon=-0.2&timestamp=${now() + 2}`)).slice(0, 2), [200, ""]);
  assert.equal(await rows(), 0);
  // What was measured before its end, and only now gets through, is still its own.
  assert.deepEqual((await send(`/log/osmand/${key}?lat=5.7&lon=-0.2&timestamp=${now() - 10}`)).slice(0, 2), [200, ""]);
  assert.equal(await rows(), 1);
  const off = await service.call("DELETE", `/drivers/T-odd/device-keys/${driver.key_id}`, desk);
  assert.equal(off.status, 204);
  assert.equal((await send(`/log/osmand/${key}?lat=5.7&lon=-0.2`))[0], 401);
});

test("an SOS of a tracker is a call for help", async () => {
  const driver = await aDriver("T-sos");
  for (let times = 0; times < 2; times += 1) {
    const body = new URLSearchParams({ id: "x", lat: "5.6", lon: "-0.2", alarm: "sos", timestamp: `${now()}` });
    assert.equal((await send(`/log/traccar/${driver.key}`, { method: "POST", body }))[0], 200);
  }
  const open = (await service.call("GET", `/tracking/${driver.id}`, desk)).body["emergencies"] ?? [];
  assert.ok(open.length === 1 || open.length === 2, JSON.stringify(open));
  assert.equal(open[0].driver_id, "T-sos");
});
