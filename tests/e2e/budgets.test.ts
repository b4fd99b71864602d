// What a delivery costs, in what the platform bills: counted, never timed.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fix, start, status } from "../faults/trip.ts";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

/** Half an hour at a fix every 5 s. */
const FRAMES = 360;
const RATE = 1000;

let folder: string;
let service: Process;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-budgets-"));
  // Everything goes to the archive at once: nothing is saved by doing it together.
  service = await startWorkerd(folder, { ARCHIVE_DELAY_S: "0" });
});
after(async () => {
  await service.kill();
  await rm(folder, { recursive: true, force: true });
});

const counters = async (id: string) => (await service.call("GET", `/test/counters/${id}`)).body as Record<string, number>;
const driverSocket = async (id: string) => new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${await token("driver", "d1")}`]).opened();

test("half an hour: rows of the object, alarms, rows of D1", async () => {
  const schema = await service.fault({ kind: "none", count: 0 });
  const { tracking_id: id } = await startDelivery(service, { clock: { origin: 1_700_000_000, rate: RATE } });
  const started = await counters(id);
  const socket = await driverSocket(id);
  for (const to of ["PICKED_UP", "IN_TRANSIT"]) await status(service, id, to);
  const frames = new Map<number, number>();
  for (let n = 0; n < FRAMES; n += 1) {
    const before = await counters(id);
    socket.send({ type: "location_update", id: n, lat: 5.6 + n / 10_000, lng: -0.2, timestamp: 1_700_000_000 + n * 5 });
    assert.equal((await socket.next("ack"))["accepted"], 1);
    const after = await counters(id);
    // An alarm that goes off in between writes what it has sent: it is counted with the whole.
    const rows = Number(after["rows_written"]) - Number(before["rows_written"]);
    frames.set(rows, (frames.get(rows) ?? 0) + 1);
  }
  await status(service, id, "DELIVERED");
  for (let tries = 0; (await service.sql("SELECT 1 FROM delivery WHERE tracking_id = ? AND ended > 0", id)).length === 0; tries += 1) {
    assert.ok(tries < 100, "the end never reached D1");
    await delay(50);
  }
  // To the very end: it expires, and its object is emptied.
  for (let tries = 0; (await service.sql("SELECT 1 FROM delivery WHERE tracking_id = ? AND closed > 0", id)).length === 0; tries += 1) {
    assert.ok(tries < 400, "it never vanished");
    await delay(50);
  }
  const all = await counters(id);
  const d1 = (await service.fault({ kind: "none", count: 0 })).rowsWritten - schema.rowsWritten;
  const told = (await service.told()).map((message) => message["kind"]);
  // Setting an alarm is billed as a row.
  const rows = Number(all["rows_written"]) + Number(all["alarms"]);
  console.log(`rows of the object: ${started["rows_written"]} to start, ${rows} in all for ${FRAMES} frames, ${all["alarms"]} alarms among them; by frame`, frames, `rows of D1: ${d1}`, told);
  // What is told has a row of its own, beside the frame that it is told with.
  assert.ok((frames.get(1) ?? 0) >= FRAMES - 4 - told.length, "a frame that causes nothing writes one row");
  assert.ok(rows <= 1.15 * FRAMES, `${rows} rows for ${FRAMES} frames`);
  assert.ok(Number(all["alarms"]) <= 12, `${all["alarms"]} alarms`);
  assert.ok(d1 <= 12, `${d1} rows of D1`);
  assert.ok(told.length >= 5 && told.length <= 12, `${told.length} messages`);
  socket.end();
});

test("a broadcast is serialized once for each audience, whatever the number of sockets, and writes no attachment", async () => {
  const id = await start(service, 1);
  const driver = await driverSocket(id);
  const store = await Promise.all(Array.from({ length: 3 }, async () => new Socket(`${service.ws}/ws/tracking/${id}?token=${await token("store", "x", { store: "s1" })}`).opened()));
  const watchers = await Promise.all(Array.from({ length: 20 }, () => new Socket(`${service.ws}/ws/tracking/${id}`).opened()));
  for (const socket of [...store, ...watchers]) await socket.next("initial_state");
  const before = await counters(id);
  driver.send({ type: "location_update", id: 1, location: fix(1) });
  for (const socket of [driver, ...store, ...watchers]) await socket.next("location_update");
  const after = await counters(id);
  const spent = (name: string) => Number(after[name]) - Number(before[name]);
  assert.deepEqual([spent("broadcasts"), spent("serializations"), spent("attachments")], [1, 3, 0]);
  for (const socket of [driver, ...store, ...watchers]) socket.end();
});

test("nobody gets more than four frames a second, and the way between is in the trail", async () => {
  const id = await start(service, 1);
  const driver = await driverSocket(id);
  const watcher = await new Socket(`${service.ws}/ws/tracking/${id}?token=${await token("dispatcher", "desk")}`).opened();
  await watcher.next("initial_state");
  const before = await counters(id);
  const count = 60;
  for (let n = 0; n < count; n += 1) {
    driver.send({ type: "location_update", id: n, location: fix(n) });
    await driver.next("ack");
    await delay(25);
  }
  // The last position arrives without another that would push it.
  let last = 0;
  let frames = 0;
  while (last !== fix(count - 1)["lat"]) {
    last = (await watcher.next("location_update"))["data"].current_location.raw.lat;
    frames += 1;
  }
  const broadcasts = Number((await counters(id))["broadcasts"]) - Number(before["broadcasts"]);
  assert.equal(broadcasts, frames);
  assert.ok(frames < count / 4, `${frames} frames for ${count} fixes`);
  for (const socket of [driver, watcher]) socket.end();
});

test("statuses between fixes: each frame has a later number than the one before, and the pace stays", async () => {
  const id = await start(service, 1);
  const driver = await driverSocket(id);
  const watcher = await new Socket(`${service.ws}/ws/tracking/${id}?token=${await token("dispatcher", "desk")}`).opened();
  await watcher.next("initial_state");
  const count = 80;
  const began = performance.now();
  for (let n = 0; n < count; n += 1) {
    driver.send({ type: "location_update", id: n, location: fix(n) });
    await driver.next("ack");
    if (n === 20) driver.send({ type: "status_update", status: "IN_TRANSIT" });
    if (n === 40) driver.send({ type: "status_update", status: "DELIVERED" });
    await delay(25);
  }
  await delay(1_000);
  const seconds = (performance.now() - began) / 1_000;
  const seqs = watcher.frames.map((frame) => frame["data"].seq);
  assert.deepEqual(watcher.frames.filter((frame) => frame["type"] === "status_update").map((frame) => frame["data"].status), ["IN_TRANSIT", "DELIVERED"]);
  assert.ok(seqs.every((seq, at) => at === 0 || seq > seqs[at - 1]), `${seqs}`);
  const positions = watcher.frames.filter((frame) => frame["type"] === "location_update").length;
  // One every 400 ms, and one before each status.
  assert.ok(positions <= seconds / 0.4 + 3, `${positions} positions in ${seconds} s`);
  for (const socket of [driver, watcher]) socket.end();
});
