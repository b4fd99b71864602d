import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { isNear, type Service, start, startDelivery, token } from "../service.ts";
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
    assert.ok(isNear((await watcher.next("location_update"))["data"].current_location, 5.6 + round / 10_000));
  }
  assert.equal((await service.call("GET", `/tracking/${broken}`)).status, 200, "the broken one goes on from its rows");
  watcher.end();
});

/** The file of the only object, opened while nobody serves it. */
async function withObject<T>(use: (database: DatabaseSync) => T): Promise<T> {
  const files = (await readdir(state, { recursive: true })).filter((file) => file.includes("DeliveryObject") && file.endsWith(".sqlite") && !file.includes("metadata"));
  assert.equal(files.length, 1, files.join());
  const database = new DatabaseSync(join(state, files[0] as string));
  try {
    return use(database);
  } finally {
    database.close();
  }
}

const version = (database: DatabaseSync) => database.prepare("SELECT version FROM delivery").get()?.["version"];

test("a delivery of the first layout is read, goes to the archive, and is brought forward", async () => {
  await rm(state, { recursive: true, force: true });
  let service = await start({ state });
  const { tracking_id: id } = await startDelivery(service, { clock: { origin: 1_700_000_000, rate: 1000 } });
  const driver = await token("driver", "d1");
  const send = async (from: number, count: number) => {
    const locations = Array.from({ length: count }, (_, i) => ({ lat: 5.6 + (from + i) / 1e5, lng: -0.2, timestamp: 1_700_000_000 + (from + i) / 10 }));
    return (await service.call("POST", `/tracking/update/${id}`, { token: driver, body: { locations } })).body["accepted"] as number;
  };
  const points = async () => (await service.call("GET", `/tracking/${id}/history`, { token: await token("admin", "x") })).body["points"].length as number;
  assert.equal(await send(0, 300), 300);
  await service.stop();
  // As the first layout had it: nothing counted the chunks, and there was no outbox.
  await withObject((database) => {
    database.exec("UPDATE delivery SET version = 1; DROP TABLE guidance; DROP TABLE link; DROP TABLE access");
    database.exec("UPDATE live SET state = json_remove(state, '$.chunks', '$.revision', '$.outbox', '$.published')");
  });

  service = await start({ state });
  assert.equal(await points(), 300);
  await service.stop();
  assert.equal(await withObject(version), 4, "what wakes it finds no alarm and sets one");

  service = await start({ state });
  assert.equal(await send(300, 300), 300);
  assert.equal(await points(), 600);
  await service.stop();
  assert.equal(await withObject(version), 4);

  // A layout of the future is nobody's to touch.
  await withObject((database) => database.exec("UPDATE delivery SET version = 99"));
  service = await start({ state });
  assert.equal((await service.call("GET", `/tracking/${id}`)).status, 500);
  assert.equal((await service.call("POST", `/tracking/${id}/status`, { token: driver, body: { status: "PICKED_UP" } })).status, 500);
  await service.stop();
  assert.equal(await withObject(version), 99);
});
