// `onway day`: a driver's day through each tracker's protocol, over a bad network and two kills of workerd, leaves
// what a day leaves over a good one. DAY_SEED repeats a run.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { JWT_SECRET, type Json } from "../service.ts";

const ROOT = join(import.meta.dirname, "../..");
const ONWAY = join(ROOT, "target/debug/onway");
/** Recorded trips, which are no part of the repository. */
const RECORDED = join(ROOT, "../shared/data/trips/goal.ndjson.gz");
const SEED = process.env["DAY_SEED"] ?? "20261121";
const PROTOCOLS = ["gpslogger", "osmand", "overland", "owntracks", "traccar"];
/** At which parts of the disturbed days workerd is killed, in per cent. */
const KILLS = [33, 66];

let folder: string;
let made: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-day-"));
  made = join(folder, "trips.ndjson");
  await writeFile(made, [0, 1, 2].map((n) => JSON.stringify(trip(n))).join("\n"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** A drive of four minutes with bends, a stop, and one position that nobody can have reached. */
function trip(n: number): Json {
  let [lat, lng] = [5.6 + n / 10, -0.2];
  const pts = Array.from({ length: 48 }, (_, i) => {
    const moves = i < 20 || i > 25 ? 1 : 0;
    lat += 0.0004 * moves * Math.cos((i + n) / 6);
    lng += 0.0004 * moves * Math.sin((i + n) / 6);
    return [i * 5, Number((i === 30 ? lat + 0.05 : lat).toFixed(6)), Number(lng.toFixed(6))];
  });
  return { trip_id: `made-${n}`, mode: "scooter", cols: ["t", "lat", "lon"], t_absolute: false, pts };
}

interface Done {
  code: number | null;
  reports: Json[];
  killed: number;
  errors: string;
}

/** Runs the command on a service of its own, which is killed at these parts of the disturbed days. */
async function day(file: string, options: string[], kills: number[] = []): Promise<Done> {
  const state = await mkdtemp(join(folder, "state-"));
  let service: Process = await startWorkerd(state);
  const port = Number(new URL(service.url).port);
  const args = ["day", file, "--url", service.url, "--json", "--seed", SEED, ...options];
  const child = spawn(ONWAY, args, { env: { ...process.env, JWT_SECRET }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "exit");
  const [reports, due]: [Json[], number[]] = [[], [...kills]];
  let errors = "";
  child.stderr.on("data", (data) => (errors += String(data)));
  try {
    for await (const text of createInterface({ input: child.stdout })) {
      const line = JSON.parse(text) as Json;
      if (line["protocol"] !== undefined) reports.push(line);
      if (line["run"] !== "disturbed" || due[0] === undefined || line["per_cent"] < due[0]) continue;
      due.shift();
      await service.kill();
      service = await startWorkerd(state, {}, port);
    }
    const [code] = (await ended) as [number | null];
    return { code, reports, killed: kills.length - due.length, errors };
  } finally {
    child.kill();
    await service.kill();
  }
}

/** What all five days have to show. */
function check({ code, reports, killed, errors }: Done, stops: number): void {
  console.log(errors);
  assert.deepEqual(reports.flatMap((report) => report["differences"]), [], `seed ${SEED}`);
  assert.equal(code, 0, errors);
  assert.equal(killed, KILLS.length);
  assert.deepEqual(reports.map((report) => report["protocol"]).sort(), PROTOCOLS);
  for (const report of reports) {
    const name = report["protocol"];
    assert.equal(report["stops"], stops, name);
    assert.ok(report["fixes"][0] > stops * 20, `${name}: ${report["fixes"]}`);
    for (const trouble of ["requests_lost", "answers_lost", "repeated", "late", "interruptions"]) {
      assert.ok(report[trouble] > 0, `${name} has had no ${trouble}`);
    }
  }
}

test("twelve stops by each protocol, killed twice, are as on a good day", { timeout: 600_000 }, async () => {
  check(await day(made, [], KILLS), 12);
});

test("recorded trips are as on a good day", { timeout: 600_000 }, async (t) => {
  if (!(await access(RECORDED).then(() => true, () => false))) {
    return t.skip("no recorded trips beside the repository");
  }
  check(await day(RECORDED, [], KILLS), 12);
});

test("a fix that is never sent again is missed", { timeout: 120_000 }, async () => {
  const { code, reports, errors } = await day(made, ["--stops", "2", "--protocol", "owntracks", "--forget", "1", "--patience", "1s"]);
  assert.equal(code, 1, errors);
  const [report] = reports;
  assert.equal(report?.["fixes"][0] - report?.["fixes"][1], 1);
  const missed = (report?.["differences"] as Json[]).filter((found) => /^fix [0-9., -]+$/.test(found["what"]));
  assert.equal(missed.length, 1, errors);
  assert.deepEqual([missed[0]?.["at"], missed[0]?.["disturbed"]], ["day_is_over", null]);
  assert.match(errors, /over the bad network/);
});
