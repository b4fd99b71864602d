import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

let state: string;
before(async () => void (state = await mkdtemp(join(tmpdir(), "onway-test-"))));
after(() => rm(state, { recursive: true, force: true }));

test("what was acknowledged is there after a restart, and goes on where it stood", async () => {
  let service = await start({ state });
  const { tracking_id: id, epoch } = await startDelivery(service, { clock: { origin: 1_700_000_000, rate: 1 } });
  const driver = await token("driver", "d1");
  const fixes = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => ({ lat: 5.6 + (from + i) / 10_000, lng: -0.2, timestamp: 1_700_000_000 + from + i }));
  const send = async (locations: object[]) =>
    (await service.call("POST", `/tracking/update/${id}`, { token: driver, body: { locations } })).body;
  await service.call("POST", `/tracking/${id}/status`, { token: driver, body: { status: "PICKED_UP" } });
  // Within 120 s of the clock's origin, so that none is ahead of now; past two windows of 64.
  assert.equal((await send(fixes(0, 110)))["accepted"], 110);
  const earlier = (await service.call("GET", `/tracking/${id}`)).body;
  await service.stop();

  service = await start({ state });
  const later = (await service.call("GET", `/tracking/${id}`)).body;
  for (const key of ["seq", "epoch", "status", "current_location", "trail", "timeline"]) assert.deepEqual(later[key], earlier[key], key);
  const again = await send(fixes(0, 115));
  assert.deepEqual([again["duplicates"], again["accepted"]], [110, 5]);
  const back = await new Socket(`${service.ws}/ws/tracking/${id}?since=1&epoch=${epoch}`).opened();
  assert.equal((await back.next())["data"].status, "PICKED_UP");
  back.end();
  await service.stop();
});

test("a panic in one delivery is a 500 there, and touches no other", async (t) => {
  const service: Service = await start({ state });
  t.after(() => service.stop());
  const { tracking_id: broken } = await startDelivery(service);
  const { tracking_id: whole } = await startDelivery(service);
  const watcher = await new Socket(`${service.ws}/ws/tracking/${whole}`).opened();
  await watcher.next("initial_state");
  const driver = await token("driver", "d1");
  for (let round = 0; round < 3; round += 1) {
    const [panicked, updated] = await Promise.all([
      service.call("POST", `/test/panic/${broken}`),
      service.call("POST", `/tracking/update/${whole}`, { token: driver, body: { lat: 5.6 + round / 10_000, lng: -0.2, status: "PICKED_UP" } }),
    ]);
    assert.equal(panicked.status, 500);
    assert.equal(panicked.headers.get("Content-Type"), "application/problem+json");
    assert.equal(updated.status, 200);
    assert.equal((await watcher.next("location_update"))["data"].current_location.lat, Number((5.6 + round / 10_000).toFixed(7)));
  }
  assert.equal((await service.call("GET", `/tracking/${broken}`)).status, 200, "the broken one goes on from its rows");
  watcher.end();
});

test("a frame that causes no event writes one row", async (t) => {
  const service = await start({ state });
  t.after(() => service.stop());
  const { tracking_id: id } = await startDelivery(service, { clock: { origin: 1_700_000_000, rate: 1000 } });
  const driver = await token("driver", "d1");
  const rows = async () => (await service.call("GET", `/test/counters/${id}`)).body["rows_written"] as number;
  const started = await rows();
  const frames = 360;
  const socket = await new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${driver}`]).opened();
  for (const status of ["PICKED_UP", "IN_TRANSIT"]) {
    socket.send({ type: "status_update", id: status, status });
    await socket.next("ack");
  }
  const underWay = await rows();
  const costs = new Map<number, number>();
  for (let i = 0, before = underWay; i < frames; i += 1) {
    socket.send({ type: "location_update", id: i, lat: 5.6 + i / 10_000, lng: -0.2, timestamp: 1_700_000_000 + i * 5 });
    assert.equal((await socket.next("ack"))["accepted"], 1);
    const now = await rows();
    costs.set(now - before, (costs.get(now - before) ?? 0) + 1);
    before = now;
  }
  socket.send({ type: "status_update", id: "end", status: "DELIVERED" });
  await socket.next("ack");
  const all = await rows();
  console.log(`rows: ${started} to start, ${underWay - started} for two statuses, ${all} in all for ${frames} frames; by frame`, costs);
  // A chunk of history that is full goes to a row of its own: twice in half an hour.
  assert.deepEqual([...costs.keys()].sort(), [1, 2]);
  assert.ok((costs.get(2) ?? 0) <= 2);
  assert.ok(all <= 1.15 * frames, `${all} rows for ${frames} frames`);
  socket.end();
});
