// An object is evicted whenever the platform likes. Its sockets stay, and nobody notices.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fix, history, start as startTrip } from "../faults/trip.ts";
import { isNear, type Json, type Service, start, token } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
before(async () => void (service = await start({ vars: { ARCHIVE_DELAY_S: "0.1" } })));
after(() => service.stop());

/** What a watcher believes, of all that the frames say; what depends on the moment is left out. */
function believed({ data }: Json): Json {
  const { tracking_id: _id, server_time: _now, updated_at: _updated, epoch: _epoch, eta_seconds: _eta, eta_at: _at, eta_range: _range, timeline, ...rest } = data;
  return { ...rest, timeline: timeline.map((entry: Json) => entry["status"]) };
}

/** Drives a delivery, with jumps, late fixes and repetitions, and is evicted where `evict` says so. */
async function drive(evict: boolean): Promise<{ answers: Json[]; last: Json; points: Json[] }> {
  const id = await startTrip(service, 10);
  const driver = await new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${await token("driver", "d1")}`]).opened();
  const watcher = await new Socket(`${service.ws}/ws/tracking/${id}?token=${await token("store", "x", { store: "s1" })}`).opened();
  const answers: Json[] = [];
  for (let n = 0; n < 120; n += 1) {
    if (evict) assert.equal((await service.call("POST", `/test/forget/${id}`)).status, 200);
    const jump = { ...fix(n), lat: 5.9 };
    const location = n % 17 === 5 ? jump : n % 11 === 7 ? fix(Math.max(0, n - 30.5)) : n % 13 === 3 ? fix(n - 2) : fix(n);
    driver.send({ type: "location_update", id: n, location });
    const { id: _n, ...counts } = await driver.next("ack");
    answers.push(counts);
  }
  if (evict) await service.call("POST", `/test/forget/${id}`);
  watcher.send({ type: "get" });
  await watcher.next("initial_state");
  const last = believed(await watcher.next("initial_state"));
  for (const socket of [driver, watcher]) socket.end();
  return { answers, last, points: await history(service, id) };
}

test("evicted between any two frames, a delivery goes on as if it had not been", async () => {
  const [evicted, stayed] = [await drive(true), await drive(false)];
  assert.deepEqual(evicted.answers, stayed.answers);
  assert.deepEqual(evicted.points, stayed.points);
  assert.deepEqual(evicted.last, stayed.last);
});

test("after the platform's own eviction the sockets are still there, and all who follow are told", async () => {
  const id = await startTrip(service, 1);
  const driver = await new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${await token("driver", "d1")}`]).opened();
  const watcher = await new Socket(`${service.ws}/ws/tracking/${id}`).opened();
  driver.send({ type: "location_update", id: 1, location: fix(1) });
  await driver.next("ack");
  await watcher.next("location_update");
  const counted = async () => (await service.call("GET", `/test/counters/${id}`)).body;
  assert.ok((await counted())["rows_written"] > 0);
  // 5 s after they came the sockets are counted; workerd evicts after 10 s in which nothing happens.
  await delay(18_500);
  assert.equal((await counted())["rows_written"], 0, "its memory is gone");
  driver.send({ type: "location_update", id: 2, location: fix(2) });
  assert.equal((await driver.next("ack"))["accepted"], 1);
  assert.ok(isNear((await watcher.next("location_update"))["data"].current_location, fix(2)["lat"]));
  for (const socket of [driver, watcher]) socket.end();
});
