// /metrics, and what a delivery counts for it. Whether the text is OpenMetrics another parser says: tests/contract.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fixes, send, start as startTrip, status } from "../faults/trip.ts";
import { type Service, start, token } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
before(async () => {
  service = await start();
});
after(() => service.stop());

test("metrics are text for admins: each sample has a family, a type and a help", async () => {
  const reply = await service.call("GET", "/metrics", { token: await token("admin", "root") });
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.headers.get("Content-Type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  const lines = reply.text.split("\n");
  assert.deepEqual(lines.slice(-2), ["# EOF", ""]);
  const families = lines.flatMap((line) => /^# TYPE (\w+)/.exec(line)?.[1] ?? []);
  const samples = lines.filter((line) => line !== "" && !line.startsWith("#"));
  assert.ok(samples.length >= 20, reply.text);
  for (const sample of samples) {
    assert.match(sample, /^onway_\w+(\{\w+="[\w.]+"\})? \d+(\.\d+)?$/);
    assert.ok(families.some((family) => sample.startsWith(family)), sample);
  }
  assert.equal((await service.call("GET", "/metrics", { token: await token("dispatcher", "desk") })).status, 403);
});

test("a delivery counts its fixes, frames, rows and alarms, with what it writes anyhow", async () => {
  const id = await startTrip(service, 1);
  const watcher = new Socket(`${service.ws}/ws/tracking/${id}`);
  await watcher.next("initial_state");
  const counters = async () => (await service.call("GET", `/test/counters/${id}`)).body;
  const before = await counters();
  await send(service, id, fixes(0, 10));
  const between = await counters();
  assert.equal(between["rows_written"] - before["rows_written"], 1, "counting writes no row of its own");
  // Some are known, one is not believed.
  await send(service, id, [...fixes(5, 10), { lat: 0, lng: 0, timestamp: 1_700_000_009 }]);
  await status(service, id, "DELIVERED");
  const { totals, rows_written } = await counters();
  assert.deepEqual([totals["accepted"] + totals["late"], totals["duplicates"], totals["filtered"], totals["rejected"]], [15, 5, 1, 0]);
  assert.ok(totals["frames"] >= 1 && totals["alarms"] >= 1, JSON.stringify(totals));
  // What the last write wrote it counts with the next.
  assert.ok(totals["rows"] >= between["rows_written"] && totals["rows"] <= rows_written, `${totals["rows"]} of ${rows_written}`);
  assert.equal(totals["d1_errors"], 0);
  watcher.end();
});
