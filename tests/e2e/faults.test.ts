// D1 fails in every way it can; the delivery does not notice, and the archive is whole in the end.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fixes, history, send, start, status } from "../faults/trip.ts";
import { type Fault, type Process, startWorkerd } from "../faults/workerd.ts";
import { token } from "../service.ts";
import { Socket } from "../socket.ts";

/** Retries as fast as a test can wait for. */
const FAST = { ARCHIVE_DELAY_S: "0.05", ARCHIVE_RETRY_FIRST_S: "0.1", ARCHIVE_RETRY_MOST_S: "0.5", ARCHIVE_TIMEOUT_S: "0.5" };
/** Two chunks that are closed, and the rest. */
const FIXES = 480;

let folder: string;
let processes: Process[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-faults-"));
  processes = [];
});
afterEach(async () => {
  for (const each of processes) await each.kill();
  await rm(folder, { recursive: true, force: true });
});

async function run(vars: Record<string, string> = FAST): Promise<Process> {
  const service = await startWorkerd(folder, vars);
  processes.push(service);
  return service;
}

/** Waits until D1 has the end of the delivery and its whole track. */
async function archived(service: Process, id: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const rows = await service.sql("SELECT status FROM delivery WHERE tracking_id = ?", id);
    const chunks = await service.sql("SELECT n FROM chunk WHERE tracking_id = ?", id);
    if (rows[0]?.["status"] === "DELIVERED" && chunks.length === 3) return;
    await delay(50);
  }
  assert.fail(`the archive never got it all:\n${service.log.join("\n")}`);
}

/** What the archive alone knows: the same D1, and objects that are all empty. */
async function fromArchive(service: Process, id: string): Promise<{ points: unknown[]; events: unknown }> {
  await service.kill();
  await rm(join(folder, "objects"), { recursive: true });
  const bare = await run();
  assert.equal((await bare.call("GET", `/tracking/${id}`)).status, 410);
  const reply = await bare.call("GET", `/tracking/${id}/events`, { token: await token("store", "x", { store: "s1" }) });
  return { points: await history(bare, id), events: [reply.body["events"], reply.body["etas"]] };
}

const faults: [string, Fault][] = [
  ["before it commits", { kind: "before", count: 4 }],
  ["after it has committed", { kind: "after", count: 4 }],
  ["by not answering", { kind: "hang", count: 3 }],
];
for (const [how, fault] of faults) {
  test(`D1 fails ${how}: everything is there in the end, once`, async () => {
    const service = await run();
    await service.fault(fault);
    const id = await start(service, 100);
    const taken = await send(service, id, fixes(0, FIXES / 2));
    assert.equal(taken["accepted"], FIXES / 2);
    await service.fault(fault);
    await send(service, id, fixes(FIXES / 2, FIXES / 2));
    await service.fault(fault);
    await status(service, id, "DELIVERED");
    await archived(service, id);
    const points = await history(service, id);
    assert.equal(points.length, FIXES);
    const reply = await service.call("GET", `/tracking/${id}/events`, { token: await token("store", "x", { store: "s1" }) });
    const archive = await fromArchive(service, id);
    assert.deepEqual(archive.points, points);
    assert.deepEqual(archive.events, [reply.body["events"], reply.body["etas"]]);
  });
}

// With the usual pauses (2 s, doubling to 600 s) nine attempts take about ten minutes.
test("D1 is gone for nine attempts: frames cost what they cost, and all of it arrives", async () => {
  const service = await run();
  const outage = { kind: "before", count: 1_000_000 } as const;
  await service.fault(outage);
  const id = await start(service, 100);
  const socket = await new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${await token("driver", "d1")}`]).opened();
  for (const [n, location] of fixes(0, FIXES).entries()) {
    socket.send({ type: "location_update", id: n, location });
    assert.equal((await socket.next("ack"))["accepted"], 1);
  }
  const counters = async () => (await service.call("GET", `/test/counters/${id}`)).body;
  const [before, { calls }] = [await counters(), await service.fault(outage)];
  while ((await service.fault(outage)).calls < calls + 9) await delay(20);
  const [after, during] = [await counters(), (await service.fault({ kind: "none", count: 0 })).calls - calls];
  // An attempt is an alarm, and the row that counts it.
  assert.ok(after["rows_written"] - before["rows_written"] <= during + 1);
  assert.ok(after["alarms"] - before["alarms"] <= during + 1);
  await status(service, id, "DELIVERED");
  await archived(service, id);
  assert.equal((await fromArchive(service, id)).points.length, FIXES);
  socket.end();
});

test("while D1 does not answer, drivers are acknowledged and watchers see them move", async () => {
  const service = await run({ ...FAST, ARCHIVE_TIMEOUT_S: "30" });
  await service.fault({ kind: "hang", count: 1_000_000 });
  const id = await start(service, 100);
  const watcher = await new Socket(`${service.ws}/ws/tracking/${id}`).opened();
  await watcher.next("initial_state");
  for (let n = 0; n < 250; n += 50) {
    assert.equal((await send(service, id, fixes(n, 50)))["accepted"], 50);
    assert.ok((await watcher.next("location_update"))["data"].current_location);
  }
  watcher.end();
});

test("an archive without its tables is an outage like any other", async () => {
  const service = await run();
  await service.sql("ALTER TABLE chunk RENAME TO mislaid");
  const id = await start(service, 100);
  await send(service, id, fixes(0, FIXES));
  await status(service, id, "DELIVERED");
  await delay(500);
  assert.equal((await history(service, id)).length, FIXES);
  await service.sql("ALTER TABLE mislaid RENAME TO chunk");
  await archived(service, id);
});

test("D1 is slow while fixes come, the object is evicted: the end is archived all the same", async () => {
  const service = await run({ ...FAST, ARCHIVE_TIMEOUT_S: "10" });
  await service.fault({ kind: "slow", count: 1 });
  const id = await start(service, 100);
  await delay(500);
  await send(service, id, fixes(0, 1));
  await delay(2_500);
  // The alarm that was set meanwhile finds nothing to do; whoever wakes next must not rely on it.
  await delay(1_000);
  assert.equal((await service.call("POST", `/test/forget/${id}`)).status, 200);
  await send(service, id, fixes(1, FIXES - 1));
  await status(service, id, "DELIVERED");
  await archived(service, id);
});

test("a D1 that hangs is not hurried by the fixes that come: an attempt has one alarm", async () => {
  const service = await run({ ...FAST, ARCHIVE_TIMEOUT_S: "1", ARCHIVE_RETRY_FIRST_S: "600", ARCHIVE_RETRY_MOST_S: "600" });
  await service.fault({ kind: "hang", count: 1_000 });
  const id = await start(service, 100);
  for (let n = 0; n < 40; n += 1) {
    await send(service, id, fixes(n, 1));
    await delay(50);
  }
  const { body } = await service.call("GET", `/test/counters/${id}`);
  // One at the start, one for the case that the attempt is lost, one for the next.
  assert.ok(body["alarms"] <= 3, `${body["alarms"]} alarms`);
});
