// The access log: who looked at what, once for each, also after the object has forgotten everything.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Json, type Role, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
// Nothing but the access log and the end is sent to the archive at once.
before(async () => void (service = await start({ vars: { ACCESS_LOG_DELAY_S: "0.5", EXPIRE_FINISHED_HOURS: "0" } })));
after(() => service.stop());

const get = async (path: string, role?: Role, sub = "x") => service.call("GET", path, role ? { token: await token(role, sub, { store: "s1" }) } : {});
const log = async (query: string): Promise<Json> => {
  const reply = await get(`/access-log?${query}`, "admin", "root");
  assert.equal(reply.status, 200, reply.text);
  return reply.body;
};
/** Waits until the log has so many looks at a delivery. */
async function noted(id: string, count: number): Promise<Json[]> {
  for (let tries = 0; ; tries += 1) {
    const { entries } = await log(`tracking_id=${id}`);
    if (entries.reduce((sum: number, entry: Json) => sum + entry["count"], 0) >= count) return entries;
    assert.ok(tries < 300, `the log has only ${JSON.stringify(entries)}`);
    await delay(50);
  }
}
const brief = ({ party, subject, action, count }: Json) => `${party} ${subject} ${action} ${count}`;

test("each viewer is an entry for what was looked at, and no token or secret is in it", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const { link, id: name } = (await service.call("POST", `/tracking/${id}/links`, { token: await token("customer", "c1"), body: { label: "x" } })).body;
  for (let n = 0; n < 3; n += 1) await get(`/tracking/${id}`, "customer", "c1");
  await get(`/tracking/${id}`, "driver", "d1");
  await get(`/tracking/${id}/history`, "store");
  await get(`/tracking/${id}/events`, "dispatcher", "desk");
  await get(`/track/${id}`);
  await get(`/s/${link}`);
  assert.equal((await get(`/tracking/${id}/history`, "customer", "c9")).status, 403);
  const socket = new Socket(`${service.ws}/ws/tracking/${id}?link=${link}`, ["onway.v1"]);
  await socket.next("initial_state");
  // What is in memory is gone, as after a sleep.
  await service.call("GET", `/test/forget/${id}`);
  await get(`/tracking/${id}`, "customer", "c1");
  const entries = await noted(id, 9);
  const together = new Map<string, number>();
  for (const entry of entries) {
    const key = brief({ ...entry, count: "" });
    together.set(key, (together.get(key) ?? 0) + Number(entry["count"]));
  }
  const named = Object.fromEntries(together);
  // Counts that were not stored yet may be lost with the memory, a viewer never is.
  assert.deepEqual(Object.keys(named).sort(), [
    "customer c1 read ",
    "dispatcher desk timeline ",
    "link null follow ",
    "link null page ",
    "public null page ",
    "store x history ",
  ]);
  assert.ok(entries.filter((entry) => entry["party"] === "link").every((entry) => entry["link"] === name));
  assert.ok(!JSON.stringify(entries).includes(link.split(".")[1]));
  const now = Date.now() / 1000;
  assert.ok(entries.every((entry) => entry["first_at"] <= entry["last_at"] && Math.abs(now - entry["first_at"]) < 300));
  socket.end();
});

test("it is searched by subject and time, page by page, by admins alone", async () => {
  const { tracking_id: id } = await startDelivery(service);
  await get(`/tracking/${id}`, "customer", "c1");
  await get(`/tracking/${id}`, "dispatcher", "looker");
  await noted(id, 2);
  assert.deepEqual((await log(`tracking_id=${id}&subject=looker`)).entries.map(brief), ["dispatcher looker read 1"]);
  assert.deepEqual((await log("subject=looker")).entries.map((entry: Json) => entry["tracking_id"]), [id]);
  assert.deepEqual((await log(`tracking_id=${id}&since=2999-01-01T00:00:00Z`)).entries, []);
  assert.deepEqual((await log(`tracking_id=${id}&until=2000-01-01T00:00:00Z`)).entries, []);
  assert.equal((await log(`parcel_id=${id}`)).next_cursor, null);
  assert.equal((await get("/access-log", "dispatcher")).status, 403);
});

test("reads of a delivery that has expired are in it, too", async () => {
  const { tracking_id: id } = await startDelivery(service);
  await service.call("POST", `/tracking/${id}/status`, { token: await token("driver", "d1"), body: { status: "DELIVERED" } });
  for (let tries = 0; (await get(`/tracking/${id}/history`, "admin", "root")).status !== 200; tries += 1) {
    assert.ok(tries < 400);
    await delay(50);
  }
  const entries = await noted(id, 1);
  assert.ok(entries.every((entry) => entry["party"] === "admin" && entry["action"] === "history"), JSON.stringify(entries));
});

test("where it is off, nothing is noted", async (t) => {
  const off = await start({ vars: { ACCESS_LOG: "off", ACCESS_LOG_DELAY_S: "0" } });
  t.after(() => off.stop());
  const { tracking_id: id } = await startDelivery(off);
  const admin = await token("admin", "root");
  const rows = async () => Number((await off.call("GET", `/test/counters/${id}`)).body["rows_written"]);
  const before = await rows();
  for (let n = 0; n < 5; n += 1) await off.call("GET", `/tracking/${id}`, { token: admin });
  assert.equal(await rows(), before);
  assert.deepEqual((await off.call("GET", "/access-log", { token: admin })).body, { entries: [], next_cursor: null });
});
