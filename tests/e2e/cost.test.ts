// That `onway cost` counts as the platform does.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { type Json, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

const ONWAY = join(import.meta.dirname, "../../target/debug/onway");
const run = promisify(execFile);
const ORIGIN = 1_700_000_000;
let folder: string;
let service: Process;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-cost-"));
  // Each alarm for itself, as over a delivery that takes its time. What is told depends on the way: `budgets` counts it.
  service = await startWorkerd(folder, { ARCHIVE_DELAY_S: "0" }, 0, false);
});
after(async () => {
  await service.kill();
  await rm(folder, { recursive: true, force: true });
});

interface Counted {
  rows_written: number;
  alarms: number;
  d1_rows_written: number;
}

/** Drives a whole delivery and returns what the platform has counted. */
async function counted(frames: number, everyS: number): Promise<Counted> {
  const before = await service.fault({ kind: "none", count: 0 });
  const { tracking_id: id } = await startDelivery(service, { clock: { origin: ORIGIN, rate: 1000 } });
  const driver = await new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${await token("driver", "d1")}`]).opened();
  const say = async (message: Json) => {
    driver.send(message);
    await driver.next("ack");
  };
  for (const status of ["PICKED_UP", "IN_TRANSIT"]) await say({ type: "status_update", id: status, status });
  const began = Date.now();
  for (let i = 0; i < frames; i += 1) {
    // A second of the delivery is a millisecond here: no fix may come from the future.
    await delay(Math.max(0, began + i * everyS - Date.now()));
    await say({ type: "location_update", id: i, lat: 5.6 + i / 10_000, lng: -0.2, timestamp: ORIGIN + i * everyS });
  }
  await say({ type: "status_update", id: "end", status: "DELIVERED" });
  driver.end();
  const closed = async () => (await service.sql("SELECT 1 FROM delivery WHERE tracking_id = ? AND closed > 0", id)).length > 0;
  for (let tries = 0; !(await closed()); tries += 1) {
    assert.ok(tries < 400, "it never vanished");
    await delay(50);
  }
  await delay(200);
  const counters = (await service.call("GET", `/test/counters/${id}`)).body;
  const { rowsWritten } = await service.fault({ kind: "none", count: 0 });
  const rows_written = counters["rows_written"] + counters["alarms"];
  return { rows_written, alarms: counters["alarms"], d1_rows_written: rowsWritten - before.rowsWritten };
}

async function estimate(frames: number, everyS: number): Promise<Json> {
  const minutes = (frames * everyS) / 60;
  const { stdout } = await run(ONWAY, ["cost", "--minutes", String(minutes), "--every", `${everyS}s`, "--events", "0", "--json"]);
  return JSON.parse(stdout) as Json;
}

const deliveries: [frames: number, everyS: number, what: string][] = [
  [360, 5, "half an hour with a fix every 5 s"],
  // Its sockets are counted a moment before it expires: whoever wakes the object then sets no alarm.
  [100, 15, "twenty-five minutes with a fix every 15 s"],
  [20, 5, "a short one, without a full chunk"],
];
for (const [frames, everyS, what] of deliveries) {
  test(`${what}: the model's operations are the platform's`, async () => {
    const { onway } = await estimate(frames, everyS);
    assert.equal(onway.operations.frames, frames);
    const { rows_written, alarms, d1_rows_written } = onway.operations;
    assert.deepEqual({ rows_written, alarms, d1_rows_written }, await counted(frames, everyS));
  });
}
