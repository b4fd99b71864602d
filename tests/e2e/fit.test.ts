// A model of the deployment's own history: what is in D1 teaches it, the last week judges it, and a switch puts it in use.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { type Json, type Service, start, startDelivery, token } from "../service.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");
const ONWAY = join(ROOT, "target/debug/onway");
const DAY = 86_400;
const BEGIN = 1_740_000_000;
/** In the week that is held out there are 13 of these. */
const DELIVERIES = 48;

let folder: string;
let service: Service;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-fit-"));
  await mkdir(join(folder, "v3"));
  await writeFile(join(folder, "wrangler.toml"), 'name = "onway"\ncompatibility_date = "2026-08-04"\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "onway"\ndatabase_id = "onway"\n');
  service = await start({ state: join(folder, "v3"), vars: { ARCHIVE_DELAY_S: "0.05" } });
});
after(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

async function onway(...args: string[]): Promise<{ out: string; said: string }> {
  const at = ["--persist-to", folder, "--config", join(folder, "wrangler.toml"), "--wrangler", join(ROOT, "node_modules/.bin/wrangler")];
  const { stdout, stderr } = await run(ONWAY, [...args, ...at], { env: { ...process.env, CI: "1" }, maxBuffer: 1 << 26 });
  return { out: stdout, said: stderr };
}

const stats = async () => (await service.call("GET", `/stats/deliveries?from=${BEGIN}&to=${BEGIN + 60 * DAY}`, { token: await token("dispatcher", "desk") })).body;

/** A slow city: whoever drives in it makes three metres a second. */
async function drive(n: number): Promise<void> {
  const driver = `d${n % 8}`;
  const origin = BEGIN + Math.floor((n * 28 * DAY) / DELIVERIES);
  const lng = -0.2 + (n % 5) * 0.01;
  const secs = 500 + ((n * 37) % 8) * 50;
  const at = (t: number) => ({ lat: Number((5.6 + (t * 3) / 111_195).toFixed(6)), lng });
  const { tracking_id: id } = await startDelivery(service, { driver_id: driver, mode: "car", dropoff: at(secs), pickup: at(0), clock: { origin, rate: 1_000 } });
  const sender = await token("driver", driver);
  const begun = Date.now();
  const picked = await service.call("POST", `/tracking/${id}/status`, { token: sender, body: { status: "PICKED_UP", at: origin } });
  assert.equal(picked.status, 200, picked.text);
  await delay(Math.max(0, secs + 10 - (Date.now() - begun)));
  const locations = Array.from({ length: Math.floor(secs / 10) }, (_, i) => ({ ...at(i * 10), timestamp: origin + i * 10 }));
  const body = { locations, status: "DELIVERED", at: origin + secs };
  const sent = await service.call("POST", `/tracking/update/${id}`, { token: sender, body });
  assert.equal(sent.status, 200, sent.text);
}

// wrangler takes some seconds each time it is asked.
test("what was delivered teaches a model that beats the one built in on the last week, and a switch puts it in use", { timeout: 300_000 }, async () => {
  for (let n = 0; n < DELIVERIES; n += 12) await Promise.all(Array.from({ length: 12 }, (_, i) => drive(n + i)));
  for (let tries = 0; (await stats())["total"]["statuses"]["DELIVERED"] !== DELIVERIES; tries += 1) {
    assert.ok(tries < 200, JSON.stringify(await stats()));
    await delay(100);
  }
  const file = join(folder, "model.json");
  const { out, said } = await onway("fit", "--from-d1", "--json", "-o", file, "--use");
  const found = JSON.parse(out) as Json;
  console.log(said);
  assert.deepEqual([found["trips"], found["held_out"]], [35, 13]);
  const { in_use, before, after, better } = found["contest"];
  assert.deepEqual([in_use, before["trips"], better, found["used"]], ["built-in", 13, true, true]);
  assert.ok(after["mae_s"] < 0.7 * before["mae_s"] && after["mape"] < 0.7 * before["mape"], out);
  const { fitted } = JSON.parse(await readFile(file, "utf8")) as Json;
  assert.equal(fitted["trips"], 35);

  // Isolates read it again after some minutes; one that starts reads it at once.
  await service.stop();
  service = await start({ state: join(folder, "v3"), vars: { ARCHIVE_DELAY_S: "0.05" } });
  assert.deepEqual((await stats())["model"], { source: "deployment", fitted_at: fitted["at"], trips: 35 });

  const again = await onway("models", "use", file);
  assert.match(again.said, /not better/, "the same is not better than itself");
  const back = await onway("models", "built-in");
  assert.match(back.said, /built in/);
  await service.stop();
  service = await start({ state: join(folder, "v3"), vars: { ARCHIVE_DELAY_S: "0.05" } });
  assert.equal((await stats())["model"]["source"], "built-in");
});
