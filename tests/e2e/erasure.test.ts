// Erasure, export and opt-out: what is held on a person, and that nothing of it is left.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fixes, send, status } from "../faults/trip.ts";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { type Json, type Role, startDelivery, token } from "../service.ts";

const VARS = { ARCHIVE_DELAY_S: "0.05", ARCHIVE_RETRY_FIRST_S: "0.1", ARCHIVE_RETRY_MOST_S: "0.5" };
/** What only this person's data holds. */
const MARKS = ["ORDER-MARK", "CUSTOMER-MARK", "ADDRESS-MARK", "INSTRUCTIONS-MARK", "NOTE-MARK", "+233201234567"];

let folder: string;
let service: Process;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-erasure-"));
  service = await startWorkerd(folder, VARS);
});
afterEach(async () => {
  await service.kill();
  await rm(folder, { recursive: true, force: true });
});

async function again(vars: Record<string, string>): Promise<void> {
  await service.kill();
  service = await startWorkerd(folder, { ...VARS, ...vars });
}

const call = async (method: string, path: string, role: Role, sub: string, body?: Json) =>
  service.call(method, path, { token: await token(role, sub, { store: "s1" }), ...(body ? { body } : {}) });
const erase = (id: string, role: Role = "customer", sub = "CUSTOMER-MARK") => call("DELETE", `/tracking/${id}/personal-data`, role, sub);

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await done()); tries += 1) {
    assert.ok(tries < 300, `${what}:\n${service.log.join("\n")}`);
    await delay(50);
  }
}

const rows = async (sql: string, ...params: unknown[]) => Number((await service.sql(`SELECT count(*) AS n FROM ${sql}`, ...params))[0]?.["n"]);
const archived = (id: string) => until("it never reached D1", async () => (await rows("delivery WHERE tracking_id = ? AND ended > 0", id)) > 0 && (await rows("chunk WHERE tracking_id = ?", id)) > 0);

async function marked(extra: Json = {}, ended = true): Promise<string> {
  const place = { lat: 5.65, lng: -0.2, address: "ADDRESS-MARK" };
  const { tracking_id: id } = await startDelivery(service, {
    order_id: "ORDER-MARK", customer_id: "CUSTOMER-MARK", dropoff: place, phone: "+233201234567", instructions: "INSTRUCTIONS-MARK",
    clock: { origin: 1_700_000_000, rate: 100 }, ...extra,
  });
  await call("POST", `/tracking/${id}/status`, "dispatcher", "desk", { status: "PICKED_UP", note: "NOTE-MARK" });
  await send(service, id, fixes(0, 50));
  if (ended) await status(service, id, "DELIVERED");
  return id;
}

/** The files of the storage that hold a text. */
async function holding(folderOf: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, folderOf), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(text)) found.push(entry.name.replace(/^[0-9a-f]{64}/, "object"));
  }
  return found;
}

test("while it is under way nothing is erased; then everything is, once and for all", async () => {
  const id = await marked({}, false);
  assert.equal((await erase(id)).status, 409);
  await status(service, id, "DELIVERED");
  for (const [role, sub, expected] of [["customer", "another", 403], ["store", "x", 403], ["driver", "d1", 403], ["dispatcher", "x", 403]] as const) {
    assert.equal((await erase(id, role, sub)).status, expected, role);
  }
  await archived(id);
  const reply = await erase(id);
  assert.equal(reply.status, 200, reply.text);
  const erased = Object.fromEntries(reply.body["erased"].map((step: Json) => [step["what"], step["count"]]));
  assert.deepEqual({ ...erased, access_log: undefined }, { positions: 1, access_log: undefined, webhooks: 0, push: 0, summary: 1, proofs: 0 });
  assert.equal(await rows("access"), 0);
  const { days, until: ends, where } = reply.body["remains"];
  assert.deepEqual([days, ends, where.length], [30, reply.body["erased_at"] + 30 * 86_400, 2]);
  for (const [method, path, body] of [["GET", ""], ["GET", "/history"], ["GET", "/events"], ["POST", "/status", { status: "FAILED", reason: "x" }]] as const) {
    assert.equal((await call(method, `/tracking/${id}${path}`, "admin", "root", body as Json | undefined)).status, 410, `${method} ${path}`);
  }
  assert.equal((await service.call("POST", `/tracking/update/${id}`, { token: await token("driver", "d1"), body: { lat: 5.6, lng: -0.2 } })).status, 410);
  // Once more: the same person hears the same, an admin too, nobody else.
  const more = await erase(id);
  assert.deepEqual([more.status, more.body["erased_at"], more.body["erased"]], [200, reply.body["erased_at"], []]);
  assert.deepEqual([(await erase(id, "admin", "root")).status, (await erase(id, "customer", "another")).status], [200, 403]);
  // An attempt that was taken for lost arrives late.
  await service.sql("INSERT INTO delivery (tracking_id, revision, order_id, mode, status, visibility, started, timeline, etas, rest) SELECT ?1, 9, 'x', 'van', 'CREATED', 'public', 1, '[]', '[]', '{}' WHERE NOT EXISTS (SELECT 1 FROM erasure WHERE tracking_id = ?1)", id);
  assert.deepEqual([await rows("delivery"), await rows("chunk"), await rows("figure")], [0, 0, 1]);
});

test("after it has expired it is erased from D1, and the id of its key starts no other", async () => {
  await again({ EXPIRE_FINISHED_HOURS: "0" });
  const body = { order_id: "ORDER-MARK", driver_id: "d1", customer_id: "CUSTOMER-MARK", dropoff: { lat: 5.6, lng: -0.2 } };
  const begin = async () => service.call("POST", "/tracking/start", { token: await token("dispatcher", "desk"), body, headers: { "Idempotency-Key": "k" } });
  const id = (await begin()).body["tracking_id"];
  await status(service, id, "CANCELLED").catch(() => call("POST", `/tracking/${id}/cancel`, "dispatcher", "desk", {}));
  await until("it never vanished", async () => (await rows("delivery WHERE closed > 0")) === 1);
  assert.equal((await begin()).status, 410);
  assert.equal((await erase(id, "customer", "another")).status, 403);
  assert.equal((await erase(id)).status, 200);
  assert.equal(await rows("delivery"), 0);
  assert.equal((await begin()).status, 410, "erased, it stays gone");
});

test("D1 is away: nothing is erased by half, and asking again does it", async () => {
  const id = await marked();
  await archived(id);
  await service.fault({ kind: "before", count: 1_000 });
  assert.equal((await erase(id)).status, 500);
  await service.fault({ kind: "none", count: 0 });
  assert.equal((await call("GET", `/tracking/${id}`, "customer", "CUSTOMER-MARK")).status, 200, "the object still has it");
  assert.equal((await erase(id)).status, 200);
  assert.deepEqual([await rows("delivery"), (await call("GET", `/tracking/${id}`, "customer", "CUSTOMER-MARK")).status], [0, 410]);
});

test("no file of the storage holds what was erased", async () => {
  const id = await marked();
  await archived(id);
  for (const mark of MARKS) assert.notDeepEqual(await holding("objects/onway", mark), [], `${mark} was never there: the test would see nothing`);
  assert.equal((await erase(id)).status, 200);
  const inObjects = async () => Object.fromEntries(await Promise.all(MARKS.map(async (mark) => [mark, await holding("objects/onway", mark)] as const)));
  const running = await inObjects();
  // What a process that runs has open, it may still write back: the files are read again after a restart.
  await again({});
  await service.call("GET", `/tracking/${id}`);
  const restarted = await inObjects();
  const database = Object.fromEntries(await Promise.all(MARKS.map(async (mark) => [mark, await holding("database", mark)] as const)));
  const drivers = Object.fromEntries(await Promise.all(MARKS.map(async (mark) => [mark, await holding("objects/driver", mark)] as const)));
  console.log("objects, running:", running, "the driver's files:", drivers, "restarted:", restarted, "D1's files:", database);
  for (const mark of MARKS) assert.deepEqual(restarted[mark], [], `${mark} in the files of objects`);
  for (const table of ["delivery", "chunk", "erasure", "figure", "privacy"]) {
    const dump = JSON.stringify(await service.sql(`SELECT * FROM ${table}`));
    for (const mark of MARKS) assert.ok(!dump.includes(mark), `${mark} in ${table}`);
  }
  // What the driver's object knew of its stop is in no row of it any more.
  await service.kill();
  for (const name of (await readdir(join(folder, "objects/driver"))).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))) {
    const driver = new DatabaseSync(join(folder, "objects/driver", name));
    for (const table of ["driver", "position", "spill"]) {
      const dump = JSON.stringify(driver.prepare(`SELECT * FROM ${table}`).all());
      for (const mark of MARKS) assert.ok(!dump.includes(mark), `${mark} in the driver's ${table}`);
    }
    driver.close();
  }
});

test("a customer's data: exported, refused while active, erased in steps until nothing remains", async () => {
  await again({ EXPIRE_FINISHED_HOURS: "0" });
  const active = await marked({}, false);
  const path = "/customers/CUSTOMER-MARK/personal-data";
  for (const role of ["customer", "dispatcher", "store"] as const) assert.equal((await call("GET", path, role, "CUSTOMER-MARK")).status, 403, role);
  await until("it never reached D1", async () => (await rows("delivery")) === 1);
  await service.sql("INSERT INTO endpoint (id, url, secret, enabled, created) VALUES ('ep_A', 'https://shop.example/hear', 'x', 1, 1)");
  await service.sql("INSERT INTO told SELECT value, 'evt_A', 'delivery.created', ?, 7, '{}', 1 FROM json_each('[\"ep_A\",\"order-service\"]')", active);
  await service.sql("INSERT INTO push SELECT 'sub_' || value, ?, NULL, value, NULL, 'https://push.example/' || value, 'p', 'a', '[]', 'en', 7 FROM json_each('[\"customer\",\"store\"]')", active);
  const seen = await call("GET", path, "admin", "root");
  assert.equal(seen.status, 200, seen.text);
  assert.deepEqual(
    [seen.body["told"].map((one: Json) => one["to"]).sort(), seen.body["push"].map((one: Json) => one["endpoint"])],
    [["https://shop.example/hear", "order-service"], ["https://push.example/customer"]],
  );
  for (const mark of MARKS) assert.ok(seen.text.includes(mark), `${mark} is held, and not exported`);
  assert.equal((await call("DELETE", path, "admin", "root")).status, 409);
  await status(service, active, "DELIVERED");
  await until("it never vanished", async () => (await rows("delivery WHERE closed > 0")) === 1);
  await service.sql(`INSERT INTO delivery (tracking_id, revision, order_id, customer_id, mode, status, visibility, started, ended, closed, timeline, etas, rest)
    SELECT 'T' || value, 1, 'ORDER-MARK', 'CUSTOMER-MARK', 'van', 'DELIVERED', 'public', 1, 2, 3, '[]', '[]', '{}' FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29]')`);
  const [first, second] = [await call("GET", path, "admin", "root"), await call("GET", `${path}?cursor=T7`, "admin", "root")];
  assert.deepEqual([first.body["deliveries"].length, second.body["deliveries"].length, second.body["next_cursor"]], [25, 3, null]);
  const left: number[] = [];
  do left.push((await call("DELETE", path, "admin", "root")).body["remaining"]);
  while (left.at(-1) !== 0 && left.length < 5);
  assert.deepEqual(left, [5, 0]);
  const nothing = await call("GET", path, "admin", "root");
  assert.deepEqual(["deliveries", "objects", "privacy", "told", "push"].map((name) => nothing.body[name]), [[], [], [], [], []]);
  assert.deepEqual([await rows("told"), await rows("push")], [0, 0]);
});

test("a driver's data: its line, keys, calls for help, and its part in deliveries", async () => {
  const id = await marked({ driver_id: "d1" }, false);
  const path = "/drivers/d1/personal-data";
  await service.call("POST", "/drivers/d1/device-keys", { token: await token("driver", "d1"), body: { label: "LABEL-MARK" } });
  await service.call("POST", "/drivers/d1/emergency", { token: await token("driver", "d1"), body: { message: "HELP-MARK" } });
  await until("the driver never heard of it", async () => (await call("GET", "/tracking/driver/d1", "admin", "root")).body["deliveries"].length === 1);
  assert.equal((await call("DELETE", path, "admin", "root")).status, 409);
  await status(service, id, "DELIVERED");
  await archived(id);
  await until("the record has no call for help", async () => (await rows("emergency")) === 1);
  const seen = await call("GET", path, "admin", "root");
  assert.equal(seen.status, 200, seen.text);
  for (const mark of ["LABEL-MARK", "HELP-MARK", id]) assert.ok(seen.text.includes(mark), `${mark} is held, and not exported`);
  await until("it never ended", async () => (await call("DELETE", path, "admin", "root")).body["remaining"] === 0);
  assert.deepEqual([await rows("delivery WHERE driver_id IS NOT NULL"), await rows("chunk"), await rows("emergency"), await rows("driver")], [0, 0, 0, 0]);
  const [row] = await service.sql("SELECT order_id, customer_id, timeline FROM delivery");
  assert.deepEqual([row?.["order_id"], row?.["customer_id"]], ["ORDER-MARK", "CUSTOMER-MARK"]);
  assert.ok(!String(row?.["timeline"]).includes("MARK"));
  const nothing = await call("GET", path, "admin", "root");
  assert.deepEqual([nothing.body["deliveries"], nothing.body["emergencies"], nothing.body["driver"].keys], [[], [], []]);
  for (const mark of ["LABEL-MARK", "HELP-MARK"]) assert.deepEqual(await holding("objects/driver", mark), [], mark);
});

test("no delivery names a driver who was erased: neither one that it declined and that is under way, nor one in the archive", async () => {
  const seen = async () => call("GET", "/tracking/driver/DRIVER-MARK", "admin", "root");
  const given = async (count: number) => until("the driver's object never heard of it", async () => (await seen()).body["deliveries"].length === count);
  const { tracking_id: open } = await startDelivery(service, { driver_id: "DRIVER-MARK" });
  const { tracking_id: ended } = await startDelivery(service, { driver_id: "DRIVER-MARK" });
  const { tracking_id: driven } = await startDelivery(service, { driver_id: "DRIVER-MARK" });
  await given(3);
  assert.equal((await call("POST", `/tracking/${open}/decline`, "driver", "DRIVER-MARK", { reason: "too far" })).status, 200);
  for (const id of [open, ended]) await call("POST", `/tracking/${id}/assign`, "dispatcher", "desk", { driver_id: "d1" });
  await status(service, ended, "DELIVERED");
  await call("POST", `/tracking/${driven}/status`, "admin", "root", { status: "DELIVERED", reason: "the phone was lost" });
  await given(0);
  await until("it never reached D1", async () => (await rows("delivery WHERE ended > 0")) === 2);
  const events = async (id: string) => (await call("GET", `/tracking/${id}/events`, "store", "till")).body["events"] as Json[];
  assert.equal((await events(open))[1]?.["note"], "declined by DRIVER-MARK: too far");
  assert.equal((await events(ended))[1]?.["former_driver_id"], "DRIVER-MARK");
  await until("it never ended", async () => (await call("DELETE", "/drivers/DRIVER-MARK/personal-data", "admin", "root")).body["remaining"] === 0);

  assert.deepEqual([(await events(open))[1]?.["note"], (await events(open))[1]?.["by"]], ["declined: too far", { role: "driver" }]);
  for (const table of ["delivery", "driver", "emergency", "erasure"]) {
    assert.ok(!JSON.stringify(await service.sql(`SELECT * FROM ${table}`)).includes("DRIVER-MARK"), table);
  }
  const { type, at, by, about } = (await events(driven)).at(-1) as Json;
  assert.deepEqual([type, by, about], ["erased", { role: "admin", subject: "root" }, ["driver"]]);
  assert.ok(Number.isInteger(at));
  assert.deepEqual((await events(driven))[1]?.["by"], { role: "admin", subject: "root" }, "what staff did stays");
  await service.kill();
  for (const [kind, tables] of [["onway", ["delivery", "live", "event"]], ["driver", ["driver", "position", "spill", "key"]]] as const) {
    for (const name of (await readdir(join(folder, `objects/${kind}`))).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))) {
      const object = new DatabaseSync(join(folder, `objects/${kind}`, name));
      const there = new Set(object.prepare("SELECT name FROM sqlite_master").all().map((row) => row["name"]));
      for (const table of tables.filter((table) => there.has(table))) {
        assert.ok(!JSON.stringify(object.prepare(`SELECT * FROM ${table}`).all()).includes("DRIVER-MARK"), `${kind}: ${table}`);
      }
      object.close();
    }
  }
});

test("the driver's object forgets a stop before it is erased", async () => {
  const id = await marked({ driver_id: "d1" }, false);
  const stops = async () => (await call("GET", "/tracking/driver/d1", "admin", "root")).body["deliveries"].length as number;
  await until("the driver never heard of it", async () => (await stops()) === 1);
  await status(service, id, "DELIVERED");
  const reply = await erase(id, "admin", "root");
  assert.deepEqual([reply.status, reply.body["erased_by"], await stops()], [200, { role: "admin", subject: "root" }, 0]);
  assert.deepEqual((await erase(id)).body["erased_by"], { role: "admin", subject: "root" }, "asked again");
});

test("who opts out is served, and neither the way nor the ETAs are kept beyond the end", async () => {
  const path = "/customers/CUSTOMER-MARK/privacy";
  assert.equal((await call("PUT", path, "customer", "another", { opt_out: true })).status, 403);
  const set = await call("PUT", path, "customer", "CUSTOMER-MARK", { opt_out: true });
  assert.deepEqual([set.status, set.body], [200, { customer_id: "CUSTOMER-MARK", opt_out: true }]);
  await again({ EXPIRE_FINISHED_HOURS: "0.0003" });
  const ids = [await marked(), await marked({ customer_id: "c2" })];
  await until("they never vanished", async () => (await rows("delivery WHERE closed > 0")) === 2);
  const kept = async (id: string) => [await rows("chunk WHERE tracking_id = ?", id), await rows("delivery WHERE tracking_id = ? AND etas = '[]'", id)];
  assert.deepEqual(await kept(ids[0] as string), [0, 1]);
  assert.deepEqual((await kept(ids[1] as string))[0], 1);
  assert.equal((await call("PUT", path, "admin", "root", { opt_out: false })).status, 200);
});
