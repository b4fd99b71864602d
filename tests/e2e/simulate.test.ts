// `onway simulate --drivers`: a fleet delivers everything, and a dashboard sees its fixes; `onway replay` of GPX and CSV.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { JWT_SECRET, type Json, type Service, start } from "../service.ts";

const ONWAY = join(import.meta.dirname, "../../target/debug/onway");
const MINUTE_MS = 60_000;

let service: Service;
let folder: string;
before(async () => {
  service = await start();
  folder = await mkdtemp(join(tmpdir(), "onway-simulate-"));
});
after(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

async function onway(args: string[]): Promise<Json> {
  const options = { env: { ...process.env, JWT_SECRET }, timeout: 4 * MINUTE_MS };
  const { stdout } = await promisify(execFile)(ONWAY, [...args, "--url", service.url, "--json"], options);
  return JSON.parse(stdout) as Json;
}

/** Short ways and many fixes. */
const SHORT = ["--interval", "400ms", "--distance", "60", "--speed", "15", "--mode", "car", "--noise", "0"];

for (const http of [false, true]) {
  test(`a fleet delivers everything, ${http ? "by requests" : "on its drivers' lines"}`, async () => {
    const run = await onway(["simulate", "--drivers", "3", "--deliveries", "5", ...SHORT, ...(http ? ["--http"] : [])]);
    assert.deepEqual([run["delivered"], run["lost"], run["refused"], run["troubles"]], [5, 0, 0, []]);
    assert.ok(run["sent"] >= 5 && run["acknowledged"] === run["sent"], JSON.stringify(run));
    assert.equal(run["acknowledgement"].n, run["acknowledged"]);
    assert.equal(run["dashboard"], null);
  });
}

test("a dashboard sees a fleet's fixes", async () => {
  const run = await onway(["simulate", "--drivers", "4", "--store-id", "S-1,S-2", "--interval", "2s", "--seconds", "20", "--watch-fleet"]);
  const { dashboard } = run;
  assert.ok(dashboard["shards"] >= 1 && dashboard["frames_per_s"] > 0, JSON.stringify(run));
  assert.ok(dashboard["lag"].n > 0 && dashboard["lag"].n + dashboard["passed_over"] <= run["sent"], JSON.stringify(run));
});

test("recordings as GPX and CSV go through the service", async () => {
  const fixes = Array.from({ length: 30 }, (_, n) => ({ time: new Date(1_704_096_000_000 + n * 5_000).toISOString(), lat: 5.6 + n * 0.0003, lng: -0.2 + 0.0004 * Math.sin(n / 3) }));
  const points = fixes.map(({ time, lat, lng }) => `<trkpt lat="${lat}" lon="${lng}"><time>${time}</time></trkpt>`);
  await writeFile(join(folder, "way.gpx"), `<gpx version="1.1"><trk><type>car</type><trkseg>${points.join("\n")}</trkseg></trk></gpx>`);
  await writeFile(join(folder, "way.csv"), ["Time,Latitude,Longitude", ...fixes.map(({ time, lat, lng }) => `${time},${lat},${lng}`)].join("\n"));
  const run = await onway(["replay", join(folder, "way.gpx"), join(folder, "way.csv"), "--speed", "10"]);
  assert.equal(run["ok"], true, JSON.stringify(run));
});
