// What is kept for long enough goes, kind by kind, in steps; anonymous figures stay.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fix, start as startTrip, send, status } from "../faults/trip.ts";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { type Json, start, startDelivery, token } from "../service.ts";

const VARS = { EXPIRE_FINISHED_HOURS: "0", ARCHIVE_DELAY_S: "0.05", ARCHIVE_RETRY_FIRST_S: "0.1", ARCHIVE_RETRY_MOST_S: "0.5" };
const DAY = 86_400_000;

let folder: string;
let service: Process;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-retention-"));
  service = await startWorkerd(folder, VARS);
});
afterEach(async () => {
  await service.kill();
  await rm(folder, { recursive: true, force: true });
});

const run = async () => assert.equal((await service.call("GET", "/test/retention")).status, 200);
const count = async (table: string, where = "1") => Number((await service.sql(`SELECT count(*) AS n FROM ${table} WHERE ${where}`))[0]?.["n"]);

async function gone(id: string): Promise<void> {
  for (let tries = 0; (await count("delivery", `tracking_id = '${id}' AND closed > 0`)) === 0; tries += 1) {
    assert.ok(tries < 300, `it never vanished:\n${service.log.join("\n")}`);
    await delay(50);
  }
}

/** A delivery from its start to after its end. */
async function delivered(extra: Json = {}): Promise<string> {
  const { tracking_id: id } = await startDelivery(service, { pickup: { lat: 5.6, lng: -0.2, address: "12 MARKER Road" }, clock: { origin: 1_700_000_000, rate: 100 }, ...extra });
  await status(service, id, "PICKED_UP");
  await send(service, id, [fix(0), fix(10), fix(20)]);
  await status(service, id, "DELIVERED");
  await gone(id);
  return id;
}

const age = (id: string, days: number) => service.sql("UPDATE delivery SET closed = ? WHERE tracking_id = ?", Date.now() - days * DAY, id);

test("positions go first, then what is personal; figures stay, and lead to nobody", async () => {
  const [young, old, ancient] = [await delivered(), await delivered(), await delivered()];
  await age(young, 29);
  await age(old, 31);
  await age(ancient, 401);
  await run();
  const chunks = await service.sql("SELECT tracking_id FROM chunk");
  assert.deepEqual(chunks.map((row) => row["tracking_id"]), [young]);
  const left = await service.sql("SELECT tracking_id FROM delivery ORDER BY closed");
  assert.deepEqual(left.map((row) => row["tracking_id"]), [old, young]);
  const [figure, ...others] = await service.sql("SELECT * FROM figure");
  assert.equal(others.length, 0);
  const { id: _, duration_s, eta_error_s, on_time, travelled_m, dwell_s, interval_s, stars, ...rest } = figure as Json;
  // 0.05 degrees of latitude.
  assert.deepEqual(rest, { store_id: "s1", mode: "car", status: "DELIVERED", day: Math.floor(1_700_000_000 / 86_400), distance_m: 5_600 });
  assert.ok(duration_s > 0 && eta_error_s >= 0, JSON.stringify(figure));
  // Three fixes, a metre and a second apart.
  assert.deepEqual([on_time, travelled_m, dwell_s, interval_s, stars], [null, 0, null, 1, null]);
  for (const personal of ["O-1", "d1", "c1", "MARKER", ancient]) assert.ok(!JSON.stringify(figure).includes(personal), personal);
  const store = await token("store", "x", { store: "s1" });
  const seen = async (id: string, path: string) => (await service.call("GET", `/tracking/${id}${path}`, { token: store })).status;
  assert.deepEqual([await seen(young, "/history"), await seen(old, "/events"), await seen(ancient, "/events"), await seen(ancient, "/history")], [200, 200, 410, 410]);
  await run();
  assert.equal(await count("figure"), 1, "a second run finds nothing");
});

test("each kind has its span, and one that is not there keeps no other from going", async () => {
  const secs = (days: number) => Math.floor((Date.now() - days * DAY) / 1000);
  for (const days of [1, 89, 91, 399, 401]) {
    await service.sql("INSERT INTO driver (driver_id, revision, on_duty, online, last_seen, deliveries) VALUES (?, 1, 1, 0, ?, 0)", `d${days}`, secs(days));
    await service.sql("INSERT INTO emergency VALUES (?, 'd1', ?, '{}', NULL, '{}')", `e${days}`, secs(days));
    await service.sql("INSERT INTO erasure (tracking_id, at) VALUES (?, ?)", `T${days}`, Date.now() - days * DAY);
  }
  await service.sql("INSERT INTO driver (driver_id, revision, on_duty, online, last_seen, deliveries) VALUES ('busy', 1, 1, 0, ?, 1)", secs(500));
  await run();
  const ids = async (table: string, column: string) => (await service.sql(`SELECT ${column} AS id FROM ${table} ORDER BY 1`)).map((row) => row["id"]);
  assert.deepEqual(await ids("driver", "driver_id"), ["busy", "d1", "d89"]);
  assert.deepEqual(await ids("emergency", "id"), ["e1", "e399", "e89", "e91"]);
  assert.deepEqual(await ids("erasure", "tracking_id"), ["T1", "T399", "T89", "T91"]);
});

test("a run is bounded and says so; the next goes on", async () => {
  const most = 200 * 20;
  await service.sql(`INSERT INTO erasure (tracking_id, at) SELECT 'T' || value, 1 FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${most + 10}) SELECT value FROM n)`);
  await run();
  assert.equal(await count("erasure"), 10);
  await run();
  assert.equal(await count("erasure"), 0);
});

test("the sweep wakes what lost its alarm, and notes what has gone", async () => {
  const id = await delivered();
  await service.sql("UPDATE delivery SET closed = NULL, ended = ?", Date.now() - DAY);
  await run();
  assert.equal(await count("delivery", "closed > 0"), 1, "an empty object is noted");
  // An object whose alarm is lost: the process dies, and the list of alarms with it.
  const lost = await startTrip(service, 1);
  await service.kill();
  await rm(join(folder, "objects/onway/metadata.sqlite"), { force: true });
  service = await startWorkerd(folder, { ...VARS, EXPIRE_ACTIVE_HOURS: "0" });
  await service.sql("INSERT OR IGNORE INTO delivery (tracking_id, revision, order_id, mode, status, visibility, started, timeline, etas, rest) VALUES (?, 0, 'O', 'van', 'CREATED', 'public', 1, '[]', '[]', '{}')", lost);
  await service.sql("UPDATE delivery SET started = 1 WHERE tracking_id = ?", lost);
  await run();
  await gone(lost);
  assert.equal(await count("delivery", `tracking_id = '${lost}' AND status = 'PICKED_UP'`), 1);
  void id;
});

test("the platform's cron trigger runs it", async (t) => {
  const platform = await start({ triggers: true });
  t.after(() => platform.stop());
  const reply = await platform.call("GET", "/cdn-cgi/local/scheduled?cron=17+*+*+*+*");
  assert.deepEqual([reply.status, reply.text], [200, "ok"]);
});
