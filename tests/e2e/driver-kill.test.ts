// workerd is killed while a driver's line is at full rate: what was acknowledged is in its delivery after the
// restart, whether it was passed on or kept. KILL_SEED repeats a run.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fix, history, numberOf, start } from "../faults/trip.ts";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { token } from "../service.ts";
import { Socket } from "../socket.ts";

const ROUNDS = 6;
const PIPELINE = 20;
const VARS = { ARCHIVE_DELAY_S: "0.05", ARCHIVE_RETRY_FIRST_S: "0.1", ARCHIVE_RETRY_MOST_S: "0.5" };

test("killed at full rate, the driver's line has lost nothing that it acknowledged", { timeout: 180_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "onway-driver-kill-"));
  let service: Process = await startWorkerd(folder, VARS);
  t.after(async () => {
    await service.kill();
    await rm(folder, { recursive: true, force: true });
  });
  const driver = await token("driver", "d1");
  const id = await start(service, 100);
  const acknowledged = new Set<number>();
  let sent = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    // In every other round the delivery takes nothing, so that all of it is kept by the driver's object.
    const broken = round % 2 === 1;
    if (broken) await service.call("GET", `/test/break/${id}`);
    const socket = await new Socket(`${service.ws}/ws/driver/d1`, ["onway.v1", `bearer.${driver}`]).opened();
    await socket.next("driver_state");
    const sending = { on: true };
    const ingest = (async () => {
      let answered = sent;
      while (sending.on) {
        while (sent - answered < PIPELINE) socket.send({ type: "location_update", id: sent, location: fix(sent++) });
        const ack = await socket.next("ack").catch(() => undefined);
        if (ack === undefined) return;
        assert.equal(ack["accepted"] + ack["duplicates"] + ack["late"] + ack["filtered"], 1, JSON.stringify(ack));
        acknowledged.add(ack["id"]);
        answered += 1;
      }
    })();
    await delay(150 + round * 60);
    await service.kill();
    sending.on = false;
    await ingest;
    for (const frame of socket.frames) if (frame["type"] === "ack") acknowledged.add(frame["id"]);
    service = await startWorkerd(folder, VARS);
    // Whoever asks wakes the driver's object, which sends what it kept.
    for (let tries = 0; ; tries += 1) {
      const state = await service.call("GET", "/tracking/driver/d1", { token: driver });
      assert.equal(state.status, 200, state.text);
      const known = new Set((await history(service, id)).map((point) => numberOf(point["lat"])));
      const lost = [...acknowledged].filter((n) => !known.has(n));
      if (lost.length === 0) break;
      assert.ok(tries < 200, `round ${round}: lost ${lost.length} of ${acknowledged.size}: ${lost.slice(0, 10)}`);
      await delay(50);
    }
  }
  const numbers = (await history(service, id)).map((point) => numberOf(point["lat"]));
  assert.equal(new Set(numbers).size, numbers.length, "each fix is there once");
  console.log(`killed ${ROUNDS} times, ${acknowledged.size} fixes acknowledged, ${numbers.length} stored`);
  assert.ok(acknowledged.size > ROUNDS * 20, "the test has to have had something to lose");
});
