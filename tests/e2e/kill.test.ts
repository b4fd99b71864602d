// workerd is killed while a driver reports at full rate, twenty times over the same state. KILL_SEED
// repeats a run.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import polyline from "@mapbox/polyline";
import { fix, history, numberOf, send, start, status } from "../faults/trip.ts";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { type Json, token } from "../service.ts";
import { Socket } from "../socket.ts";

const ROUNDS = 20;
/** Messages that are on the way at once. */
const PIPELINE = 40;
const VARS = { ARCHIVE_DELAY_S: "0.05", ARCHIVE_RETRY_FIRST_S: "0.1", ARCHIVE_RETRY_MOST_S: "0.5" };

/** mulberry32: small, and the same everywhere. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Which fixes a frame shows. */
function shown(frame: Json): number[] {
  const data = frame["data"] ?? {};
  const trail: number[] = (polyline.decode(data["trail"] ?? "") as [number, number][]).map(([lat]) => numberOf(lat));
  return data["current_location"] ? [...trail, numberOf(data["current_location"].lat)] : trail;
}

test("killed twenty times at full rate, it has all that it acknowledged, and nobody saw what it has not", { timeout: 300_000 }, async (t) => {
  const seed = Number(process.env["KILL_SEED"] ?? 20_261_121);
  const next = random(seed);
  const folder = await mkdtemp(join(tmpdir(), "onway-kill-"));
  let service: Process = await startWorkerd(folder, VARS);
  t.after(async () => {
    await service.kill();
    await rm(folder, { recursive: true, force: true });
  });
  const driver = await token("driver", "d1");
  const id = await start(service, 100);
  const acknowledged = new Set<number>();
  const seen = new Set<number>();
  let [sent, lastSeq, killed] = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round += 1) {
    const socket = await new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${driver}`]).opened();
    const watcher = await new Socket(`${service.ws}/ws/tracking/${id}`).opened();
    const first = await watcher.next("initial_state");
    assert.ok(first["data"].seq >= lastSeq, `seq went back from ${lastSeq} to ${first["data"].seq}`);
    // From the first that has no answer, so that each round also sends again what may have been taken.
    sent = acknowledged.size === 0 ? 0 : Math.max(...acknowledged) + 1;
    const sending = { on: true };
    const ingest = (async () => {
      let answered = sent;
      while (sending.on) {
        while (sent - answered < PIPELINE) socket.send({ type: "location_update", id: sent, location: fix(sent++) });
        const ack = await socket.next("ack").catch(() => undefined);
        if (ack === undefined) return;
        assert.equal(ack["accepted"] + ack["duplicates"] + ack["late"], 1, JSON.stringify(ack));
        acknowledged.add(ack["id"]);
        answered += 1;
      }
    })();
    await delay(50 + next() * 400);
    await service.kill();
    sending.on = false;
    await ingest;
    // What had arrived before the kill counts, whether it was looked at or not.
    for (const frame of socket.frames) if (frame["type"] === "ack") acknowledged.add(frame["id"]);
    for (const frame of [first, ...watcher.frames]) {
      for (const n of shown(frame)) seen.add(n);
      lastSeq = Math.max(lastSeq, frame["data"]?.seq ?? 0);
    }
    killed += 1;
    service = await startWorkerd(folder, VARS);
    const known = new Set((await history(service, id)).map((point) => numberOf(point["lat"])));
    const lost = [...acknowledged].filter((n) => !known.has(n));
    const imagined = [...seen].filter((n) => !known.has(n));
    assert.deepEqual([lost, imagined], [[], []], `round ${round} of seed ${seed}`);
  }
  await send(service, id, [fix(sent)]);
  await status(service, id, "DELIVERED");
  const points = await history(service, id);
  const numbers = points.map((point) => numberOf(point["lat"]));
  assert.equal(new Set(numbers).size, numbers.length, "each fix is there once");

  // The outbox drains, and D1 holds each row once and all of them.
  for (let tries = 0; ; tries += 1) {
    const [row] = await service.sql("SELECT status FROM delivery WHERE tracking_id = ?", id);
    const [held] = await service.sql("SELECT count(*) AS chunks, max(n) AS last FROM chunk WHERE tracking_id = ?", id);
    if (row?.["status"] === "DELIVERED" && held?.["chunks"] === held?.["last"]) break;
    assert.ok(tries < 200, `the outbox does not drain: ${JSON.stringify([row, held])}\n${service.log.join("\n")}`);
    await delay(50);
  }
  await delay(300);
  await service.kill();
  await rm(join(folder, "objects"), { recursive: true });
  service = await startWorkerd(folder, VARS);
  assert.deepEqual(await history(service, id), points);
  console.log(`seed ${seed}: killed ${killed} times, ${acknowledged.size} fixes acknowledged, ${points.length} stored, ${seen.size} seen by the watcher`);
  assert.ok(acknowledged.size > ROUNDS * 20, "the test has to have had something to lose");
});
