// A deployment's own ETA model: made by `onway fit`, put into D1, taken by each delivery that starts.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { type Json, startDelivery, token } from "../service.ts";

const ONWAY = join(import.meta.dirname, "../../target/debug/onway");

let folder: string;
let service: Process;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-model-"));
  service = await startWorkerd(folder);
});
after(async () => {
  await service.kill();
  await rm(folder, { recursive: true, force: true });
});

/** The ETA of five kilometres by car, in seconds. */
async function eta(): Promise<number> {
  const { tracking_id: id } = await startDelivery(service, { pickup: { lat: 5.6, lng: -0.2 }, dropoff: { lat: 5.645, lng: -0.2 } });
  const reply = await service.call("POST", `/tracking/update/${id}`, { token: await token("driver", "d1"), body: { lat: 5.6, lng: -0.2, status: "PICKED_UP" } });
  assert.equal(reply.status, 200, reply.text);
  return reply.body["eta_seconds"];
}

test("what onway fit writes as SQL is what deliveries go by; what is no model is passed over", async () => {
  const trips = Array.from({ length: 3 }, (_, trip) => ({
    trip_id: `t${trip}`, user: `u${trip}`, mode: "car", cols: ["t", "lat", "lon"], t_absolute: true,
    pts: Array.from({ length: 100 }, (_, n) => [1_700_000_000 + n * 10, 5.6 + n * 0.0005, -0.2 + trip * 0.01]),
  }));
  const [input, output, sql] = ["trips.ndjson", "model.json", "model.sql"].map((name) => join(folder, name)) as [string, string, string];
  await writeFile(input, trips.map((trip) => JSON.stringify(trip)).join("\n"));
  execFileSync(ONWAY, ["fit", input, "-o", output, "--sql", sql], { stdio: "ignore" });
  const builtIn = await eta();

  // A city three times as slow.
  const model = JSON.parse(await readFile(output, "utf8")) as Json;
  model["power"][3][0] += Math.log(3);
  const statements = (await readFile(sql, "utf8")).trim().split("\n");
  assert.deepEqual([statements.length, statements[0]], [2, "DELETE FROM model;"]);
  for (const statement of statements) await service.sql(statement);
  await service.sql("UPDATE model SET body = ?", JSON.stringify(model));
  await service.kill();
  service = await startWorkerd(folder);
  const own = await eta();
  assert.ok(Math.abs(own / builtIn - 3) < 0.1, `${own} s, built in ${builtIn} s`);

  for (const body of ["{", "null", JSON.stringify({ ...model, weights: [1e300] }), JSON.stringify({ ...model, version: 99 })]) {
    await service.sql("UPDATE model SET body = ?", body);
    await service.kill();
    service = await startWorkerd(folder);
    assert.equal(await eta(), builtIn, body.slice(0, 40));
  }
});
