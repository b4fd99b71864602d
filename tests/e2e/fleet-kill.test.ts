// Hubs are killed with everything else: what deliveries have told is there again, and what they have not is told.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { type Json, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

let folder: string;
let service: Process;
let desk: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-fleet-"));
  service = await startWorkerd(folder);
  desk = await token("dispatcher", "desk");
});
after(async () => {
  await service.kill();
  await rm(folder, { recursive: true, force: true });
});

async function fleet(query = ""): Promise<Map<string, Json>> {
  const reply = await service.call("GET", `/fleet?${query}`, { token: desk });
  assert.equal(reply.status, 200, reply.text);
  return new Map(reply.body["deliveries"].map((delivery: Json) => [delivery["tracking_id"], delivery]));
}

async function until(look: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; !(await look()); tries += 1) {
    assert.ok(tries < 300, `waited in vain for ${what}`);
    await delay(50);
  }
}

const restart = async (vars: Record<string, string> = {}) => {
  await service.kill();
  service = await startWorkerd(folder, vars);
};

/** How many rows the hubs have of these on disk. Whatever has them open is to be killed before. */
async function rowsOnDisk(ids: string[]): Promise<number> {
  const objects = join(folder, "objects/onway");
  let rows = 0;
  for (const name of (await readdir(objects)).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite")) {
    const database = new DatabaseSync(join(objects, name));
    const isHub = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'entry'").get() !== undefined;
    if (isHub) rows += ids.filter((id) => database.prepare("SELECT 1 FROM entry WHERE id = ?").get(id) !== undefined).length;
    database.close();
  }
  return rows;
}

const counters = async (id: string) => (await service.call("GET", `/test/counters/${id}`)).body as Record<string, number>;
const update = async (id: string, body: Json) => {
  const reply = await service.call("POST", `/tracking/update/${id}`, { token: await token("driver", "d1"), body });
  assert.equal(reply.status, 200, reply.text);
};

test("whenever everything is killed, the list comes to what the deliveries are", async () => {
  const ids: string[] = [];
  const statuses = new Map<string, string>();
  const steps = ["PICKED_UP", "IN_TRANSIT", "DELIVERED"];
  for (let round = 0; round < 4; round += 1) {
    for (let n = 0; n < 4; n += 1) {
      const { tracking_id: id } = await startDelivery(service, { store_id: "s-kill" });
      ids.push(id);
      statuses.set(id, "ASSIGNED");
    }
    for (const [at, id] of ids.entries()) {
      const next = steps[steps.indexOf(statuses.get(id) ?? "") + 1];
      if (next === undefined || (at + round) % 3 === 0) continue;
      const reply = await service.call("POST", `/tracking/${id}/status`, { token: desk, body: { status: next } });
      assert.equal(reply.status, 200, reply.text);
      statuses.set(id, next);
    }
    // At once: some of the reports are on their way, some are not.
    await restart();
    await until(async () => {
      for (const query of ["status=created,assigned,picked_up,in_transit,delivered", "store_id=s-kill&status=created,assigned,picked_up,in_transit,delivered"]) {
        const known = await fleet(query);
        if (!ids.every((id) => known.get(id)?.["status"] === statuses.get(id))) return false;
      }
      return true;
    }, `what was acknowledged before kill ${round}`);
  }
});

test("a position that a checkpoint has outlives the hub, and one that it has not comes with the next report", async () => {
  const { tracking_id: id } = await startDelivery(service, { store_id: "s-position" });
  await update(id, { lat: 5.6, lng: -0.2, status: "PICKED_UP" });
  const lat = async () => (await fleet()).get(id)?.["current_location"]?.lat;
  await until(async () => (await lat()) === 5.6, "its position");
  for (let k = 0; k < 4; k += 1) assert.equal((await service.call("GET", `/test/fleet/count/shard/${k}`)).status, 200);
  await restart();
  assert.equal(await lat(), 5.6);
});

test("while nobody watches, a minute of positions is one report, and none of them costs a row", async () => {
  const { tracking_id: id } = await startDelivery(service, { store_id: null });
  const socket = await new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${await token("driver", "d1")}`]).opened();
  await until(async () => Number((await counters(id))["reports"]) >= 2, "what is told at once, and its socket");
  // Let the count of sockets, which is told 5 s after it changed, be told.
  await delay(5_500);
  const before = await counters(id);
  const frames = 100;
  for (let n = 0; n < frames; n += 1) {
    socket.send({ type: "location_update", id: n, lat: 5.6 + n / 100_000, lng: -0.2 });
    await socket.next("ack");
  }
  const after = await counters(id);
  const spent = (name: string) => Number(after[name]) - Number(before[name]);
  assert.ok(spent("reports") <= 1, `${spent("reports")} reports of ${frames} positions`);
  assert.ok(spent("rows_written") <= frames + 3, `${spent("rows_written")} rows`);
  socket.end();
});

test("what was erased is in no hub, of however many there once were", async () => {
  await restart({ FLEET_SHARDS: "64" });
  const ids: string[] = [];
  for (let n = 0; n < 4; n += 1) {
    const { tracking_id: id } = await startDelivery(service, { store_id: null });
    await update(id, { status: "DELIVERED" });
    ids.push(id);
  }
  await until(async () => {
    const known = await fleet("status=delivered");
    return ids.every((id) => known.has(id));
  }, "all of them");
  await restart();
  const root = await token("admin", "root");
  for (const id of ids) {
    const erased = await service.call("DELETE", `/tracking/${id}/personal-data`, { token: root });
    assert.equal(erased.status, 200, erased.text);
  }
  await service.kill();
  assert.equal(await rowsOnDisk(ids), 0);
  await restart();
});
