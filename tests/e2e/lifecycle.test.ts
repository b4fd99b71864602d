// The end of a delivery: it expires, is archived, and vanishes; its id answers 410 for ever, and writes nothing.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fixes, history, send, start, status } from "../faults/trip.ts";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { type Json, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

/** Spans and pauses that a test can wait for: what has ended can be read for a second. */
const SOON = { EXPIRE_FINISHED_HOURS: "0.0003", ARCHIVE_DELAY_S: "0.05", ARCHIVE_RETRY_FIRST_S: "0.1", ARCHIVE_RETRY_MOST_S: "0.5", ARCHIVE_TIMEOUT_S: "0.5" };

let folder: string;
let processes: Process[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-lifecycle-"));
  processes = [];
});
afterEach(async () => {
  for (const each of processes) await each.kill();
  await rm(folder, { recursive: true, force: true });
});

async function run(vars: Record<string, string> = SOON): Promise<Process> {
  const service = await startWorkerd(folder, vars);
  processes.push(service);
  return service;
}

async function until(what: string, done: () => Promise<boolean>, service: Process): Promise<void> {
  for (let tries = 0; !(await done()); tries += 1) {
    assert.ok(tries < 300, `${what}:\n${service.log.join("\n")}`);
    await delay(50);
  }
}

const closed = async (service: Process, id: string) =>
  (await service.sql("SELECT 1 FROM delivery WHERE tracking_id = ? AND closed > 0", id)).length === 1;
const vanished = (service: Process, id: string) => until("it never vanished", () => closed(service, id), service);
const store = () => token("store", "x", { store: "s1" });

/** The objects on disk: files, rows of theirs, and alarms that stand. Whatever has them open is to be killed before. */
async function onDisk(): Promise<{ files: number; rows: number; alarms: number }> {
  const held = { files: 0, rows: 0, alarms: 0 };
  const names = (await readdir(join(folder, "objects/onway"))).filter((name) => name.endsWith(".sqlite"));
  for (const name of names) {
    const path = join(folder, "objects/onway", name);
    const database = new DatabaseSync(path);
    const count = (table: string) => Number((database.prepare(`SELECT count(*) AS n FROM "${table}"`).get() as Json)["n"]);
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all().map((row) => String((row as Json)["name"]));
    if (name === "metadata.sqlite") {
      held.alarms = tables.filter((table) => table.includes("ALARM")).reduce((sum, table) => sum + count(table), 0);
    } else {
      held.files += 1;
      held.rows += tables.filter((table) => !table.startsWith("_cf_")).reduce((sum, table) => sum + count(table), 0);
    }
    database.close();
  }
  return held;
}

const counters = async (service: Process, id: string) => (await service.call("GET", `/test/counters/${id}`)).body;

test("a day of deliveries expires, is archived and vanishes: rows and files before and after", { timeout: 240_000 }, async () => {
  const vars = { ...SOON, EXPIRE_ACTIVE_HOURS: "8", EXPIRE_FINISHED_HOURS: "4" };
  let service = await run(vars);
  const schema = await service.fault({ kind: "none", count: 0 });
  const count = 24;
  const ends = ["DELIVERED", "FAILED", "CANCELLED", undefined];
  const ids: string[] = [];
  for (let hour = 0; hour < count; hour += 1) {
    // A clock on which an hour takes 3.6 s: what has ended expires after four, what never ends after eight.
    const { tracking_id: id } = await startDelivery(service, { order_id: `O-${hour}`, clock: { origin: 1_700_000_000, rate: 1000 } });
    ids.push(id);
    if (ends[hour % 4] !== undefined) {
      await send(service, id, Array.from({ length: 20 }, (_, n) => ({ lat: 5.6 + n / 1e4, lng: -0.2, timestamp: 1_700_000_000 + n })));
      const by = await token("dispatcher", "desk");
      const reply = await service.call("POST", `/tracking/${id}/status`, { token: by, body: { status: ends[hour % 4], reason: "x" } });
      assert.equal(reply.status, 200, reply.text);
    }
  }
  await until("D1 never had them", async () => (await service.sql("SELECT 1 FROM delivery")).length === count, service);
  const earlier = (await service.fault({ kind: "none", count: 0 })).rowsWritten - schema.rowsWritten;
  await service.kill();
  const before = await onDisk();
  service = await run(vars);
  for (const id of ids) await vanished(service, id);
  const rows = earlier + (await service.fault({ kind: "none", count: 0 })).rowsWritten;
  const [held] = await service.sql("SELECT count(*) AS summaries, (SELECT count(*) FROM chunk) AS chunks FROM delivery WHERE closed IS NOT NULL");
  assert.deepEqual(held, { summaries: count, chunks: (count * 3) / 4 });
  for (const id of ids) assert.equal((await service.call("GET", `/tracking/${id}`)).status, 410);
  await service.kill();
  const after = await onDisk();
  console.log(`${count} deliveries: before`, before, "after", after, `D1 wrote ${rows} rows`);
  assert.deepEqual([before.files, before.alarms], [count, count]);
  assert.ok(rows / count <= 12, `${rows / count} rows of D1 a delivery`);
  assert.ok(before.rows >= 3 * count, `${before.rows} rows before`);
  assert.deepEqual([after.rows, after.alarms], [0, 0]);
});

test("sockets close as it expires, and the driver's object hears that it has gone", async () => {
  // A day takes 2.6 s: the delivery never ends.
  const service = await run({ ...SOON, EXPIRE_ACTIVE_HOURS: "0.72" });
  const { tracking_id: id } = await startDelivery(service, { clock: { origin: 1_700_000_000, rate: 1000 } });
  const watcher = await new Socket(`${service.ws}/ws/tracking/${id}`).opened();
  await watcher.next("initial_state");
  const driver = await token("driver", "d1");
  const stops = async () => (await service.call("GET", "/tracking/driver/d1", { token: driver })).body["deliveries"].length;
  assert.equal(await stops(), 1);
  assert.deepEqual(await watcher.close(), { code: 1008, reason: "Session expired" });
  await vanished(service, id);
  const dispatcher = await token("dispatcher", "desk");
  assert.equal((await service.call("GET", "/tracking/driver/d1", { token: dispatcher })).body["deliveries"].length, 0);
  const [row] = await service.sql("SELECT status, ended FROM delivery WHERE tracking_id = ?", id);
  assert.deepEqual(row, { status: "ASSIGNED", ended: null });
});

test("after it has vanished its id answers 410 whatever comes, writes nothing, and cannot be started again", async () => {
  const service = await run();
  const dispatcher = await token("dispatcher", "desk");
  const body = { order_id: "O-1", driver_id: "d1", customer_id: "c1", store_id: "s1", dropoff: { lat: 5.65, lng: -0.2 } };
  const begin = () => service.call("POST", "/tracking/start", { token: dispatcher, body, headers: { "Idempotency-Key": "once" } });
  const id = (await begin()).body["tracking_id"] as string;
  assert.equal((await begin()).body["tracking_id"], id);
  const at = Math.floor(Date.now() / 1000);
  await send(service, id, Array.from({ length: 300 }, (_, n) => ({ lat: 5.6 + n / 1e5, lng: -0.2, timestamp: at - 40 + n / 10 })));
  await status(service, id, "DELIVERED");
  const [before, events] = [await history(service, id), (await service.call("GET", `/tracking/${id}/events`, { token: await store() })).body];
  assert.equal(before.length, 300);
  await vanished(service, id);

  const asked = async () => {
    const driver = await token("driver", "d1");
    const calls: [string, string, Json?][] = [
      ["GET", ""], ["POST", "/status", { status: "FAILED", reason: "x" }], ["POST", "/assign", { driver_id: "d2" }], ["POST", "/cancel", {}],
    ];
    for (const [method, path, sent] of calls) {
      const reply = await service.call(method, `/tracking/${id}${path}`, { token: dispatcher, ...(sent ? { body: sent } : {}) });
      assert.equal(reply.status, 410, `${method} ${path}: ${reply.text}`);
    }
    assert.equal((await service.call("POST", `/tracking/update/${id}`, { token: driver, body: { lat: 5.6, lng: -0.2 } })).status, 410);
    assert.equal((await service.call("GET", `/track/${id}`)).status, 410);
    const socket = new Socket(`${service.ws}/ws/tracking/${id}`);
    assert.deepEqual(await socket.close(), { code: 1008, reason: "Session expired" });
    assert.equal((await begin()).status, 410, "a repeated start");
    const batch = await service.call("POST", "/tracking/batch/status", { token: dispatcher, body: { updates: [{ tracking_id: id, status: "DELIVERED" }] } });
    assert.equal(batch.body["results"][0].problem.status, 410);
    // The driver's line passes on what a phone had kept.
    const line = await new Socket(`${service.ws}/ws/driver/d1`, ["onway.v1", `bearer.${driver}`]).opened();
    line.send({ type: "location_update", id: 1, tracking_id: id, lat: 5.6, lng: -0.2 });
    line.send({ type: "ping" });
    await line.next("pong");
    line.end();
  };
  await asked();
  const written = await counters(service, id);
  await service.call("POST", `/test/forget/${id}`);
  await asked();
  assert.deepEqual([(await counters(service, id))["rows_written"], (await counters(service, id))["alarms"]], [written["rows_written"], written["alarms"]]);

  assert.deepEqual(await history(service, id), before, "the way is read from D1");
  const later = (await service.call("GET", `/tracking/${id}/events`, { token: await store() })).body;
  assert.deepEqual([later["events"], later["etas"]], [events["events"], events["etas"]]);
  assert.equal((await service.call("GET", `/tracking/${id}/history`, { token: await token("customer", "c1") })).status, 403);

  // A process that never knew it answers the same.
  await service.kill();
  const another = await run();
  assert.equal((await another.call("GET", `/tracking/${id}`)).status, 410);
  assert.equal((await counters(another, id))["rows_written"], 0);
});

for (const [how, kind] of [["fails", "before"], ["writes, and fails", "after"], ["does not answer", "hang"]] as const) {
  test(`D1 ${how} as it expires: it stays, answers 410, and goes when D1 is back`, async () => {
    const service = await run();
    const id = await start(service, 1);
    await send(service, id, fixes(0, 100).map((fix) => ({ ...fix, timestamp: fix["timestamp"] - 40 })));
    await service.fault({ kind, count: 1_000_000 });
    await status(service, id, "DELIVERED");
    const points = await history(service, id);
    await until("it never expired", async () => (await service.call("GET", `/tracking/${id}`)).status === 410, service);
    await delay(1_000);
    assert.deepEqual(await history(service, id), points, "the object still has it");
    assert.equal(await closed(service, id), false);
    await service.fault({ kind: "none", count: 0 });
    await vanished(service, id);
    assert.deepEqual(await history(service, id), points);
  });
}

test("what D1 has lost is sent again before anything is deleted", async () => {
  const service = await run();
  const id = await start(service, 1);
  await send(service, id, fixes(0, 60).map((fix) => ({ ...fix, timestamp: fix["timestamp"] - 40 })));
  await status(service, id, "DELIVERED");
  const points = await history(service, id);
  await until("D1 never had it", async () => (await service.sql("SELECT 1 FROM chunk WHERE tracking_id = ?", id)).length === 1, service);
  await service.sql("DELETE FROM chunk");
  await service.sql("DELETE FROM delivery");
  await vanished(service, id);
  assert.deepEqual(await history(service, id), points);
});

test("killed between the archive and the end, again and again: nothing is lost, and it ends empty", async () => {
  let service = await run();
  const id = await start(service, 1);
  await send(service, id, fixes(0, 100).map((fix) => ({ ...fix, timestamp: fix["timestamp"] - 40 })));
  await status(service, id, "DELIVERED");
  const points = await history(service, id);
  // D1 takes what it is sent and the answer is lost: the object is killed while it waits to read it back.
  for (let round = 0; round < 3; round += 1) {
    await service.fault({ kind: round === 1 ? "after" : "hang", count: 1_000_000 });
    await until("it never expired", async () => (await service.call("GET", `/tracking/${id}`)).status === 410, service);
    await delay(300);
    await service.kill();
    service = await run();
    assert.deepEqual(await history(service, id), points, `round ${round}`);
  }
  await vanished(service, id);
  assert.deepEqual(await history(service, id), points);
  assert.equal((await service.call("GET", `/tracking/${id}`)).status, 410);
});
