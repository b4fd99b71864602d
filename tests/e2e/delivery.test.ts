import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DROPOFF, type Service, start, startDelivery, token } from "../service.ts";

let service: Service;
before(async () => void (service = await start()));
after(() => service.stop());

test("a delivery is started, moves, arrives, and each caller sees its part", async () => {
  const { tracking_id: id, ...snapshot } = await startDelivery(service, { phone: "+233201234567", instructions: "ring twice" });
  assert.match(id, /^TRK-[A-Z2-7]{40}$/);
  assert.equal(snapshot.status, "ASSIGNED");
  assert.deepEqual(snapshot.timeline.map((entry: { status: string }) => entry.status), ["ASSIGNED"]);
  assert.equal(snapshot.location_state, "none");
  assert.deepEqual(snapshot.dropoff, DROPOFF);
  assert.equal(snapshot.phone, "+233201234567");

  const driver = await token("rider", "d1");
  const moved = await service.call("POST", `/tracking/update/${id}`, {
    token: driver,
    body: { latitude: 5.6, lon: -0.2, accuracy: 8, status: "out_for_delivery", battery: 77 },
  });
  assert.equal(moved.status, 200);
  assert.deepEqual(
    [moved.body.accepted, moved.body.duplicates, moved.body.late, moved.body.filtered, moved.body.rejected],
    [1, 0, 0, 0, []],
  );
  assert.equal(moved.body.status, "IN_TRANSIT");
  assert.equal(moved.body.current_location.raw.lat, 5.6);

  const seen = (await service.call("GET", `/tracking/${id}`)).body;
  assert.equal(seen.location_state, "live");
  assert.equal(seen.current_location.lat, 5.6);
  assert.equal(seen.current_location.raw, undefined);
  assert.equal(seen.current_location.battery, undefined);
  assert.match(seen.driver_id, /^DRV-/);
  assert.equal(seen.phone, undefined);
  assert.equal(seen.instructions, undefined);
  assert.ok(seen.eta_seconds > 300 && seen.eta_seconds < 1800, `${seen.eta_seconds}`);
  assert.ok(seen.eta_at >= seen.server_time / 1000);
  assert.ok(Math.abs(seen.remaining_m - 5560) < 20, `${seen.remaining_m}`);

  const customer = await service.call("GET", `/tracking/${id}`, { token: await token("client", "c1") });
  assert.equal(customer.body.instructions, "ring twice");
  assert.equal(customer.body.phone, undefined);

  const done = await service.call("POST", `/tracking/${id}/status`, { token: driver, body: { status: "delivered", note: "left at the door" } });
  assert.equal(done.status, 200);
  const end = (await service.call("GET", `/tracking/${id}`)).body;
  assert.deepEqual(
    [end.status, end.location_state, end.current_location, end.eta_seconds, end.trail],
    ["DELIVERED", "hidden", null, null, ""],
  );
  assert.equal(end.timeline.length, 4);
});

test("an unchanged delivery answers 304, a changed one 200", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const first = await service.call("GET", `/tracking/${id}`);
  const etag = first.headers.get("ETag") ?? "";
  assert.match(etag, /^W\/"/);
  const again = await service.call("GET", `/tracking/${id}`, { headers: { "If-None-Match": etag } });
  assert.deepEqual([again.status, again.text], [304, ""]);
  await service.call("POST", `/tracking/${id}/status`, { token: await token("driver", "d1"), body: { status: "PICKED_UP" } });
  const changed = await service.call("GET", `/tracking/${id}`, { headers: { "If-None-Match": etag } });
  assert.equal(changed.status, 200);
  assert.notEqual(changed.headers.get("ETag"), etag);
});

test("the same Idempotency-Key gives the same delivery, with another body 422", async () => {
  const desk = await token("dispatcher", "desk");
  const post = (body: object, key = "order-7", as = desk) =>
    service.call("POST", "/tracking/start", { token: as, body, headers: { "Idempotency-Key": key } });
  const body = { order_id: "O-7", dropoff: DROPOFF };
  const first = await post(body);
  const again = await post({ dropoff_lat: DROPOFF.lat, dropoff_lng: DROPOFF.lng, order_id: "O-7" });
  assert.deepEqual([first.status, again.status], [201, 201]);
  assert.equal(again.body.tracking_id, first.body.tracking_id);
  assert.equal(again.body.epoch, first.body.epoch);
  const other = await post({ ...body, order_id: "O-8" });
  assert.deepEqual([other.status, other.body.field], [422, "Idempotency-Key"]);
  assert.notEqual((await post(body, "order-8")).body.tracking_id, first.body.tracking_id);
  const somebodyElse = await post(body, "order-7", await token("dispatcher", "another desk"));
  assert.notEqual(somebodyElse.body.tracking_id, first.body.tracking_id);
});

test("sent again, an update changes nothing and is counted as duplicates", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const driver = await token("driver", "d1");
  const now = Date.now();
  const locations = [0, 1, 2].map((i) => ({ lat: 5.6 + i / 1000, lng: -0.2, timestamp: now - 30_000 + i * 10_000 }));
  const body = { locations };
  const first = await service.call("POST", `/tracking/update/${id}`, { token: driver, body });
  const again = await service.call("POST", `/tracking/update/${id}`, { token: driver, body });
  assert.deepEqual([first.body.accepted, again.body.accepted, again.body.duplicates], [3, 0, 3]);
  assert.equal(again.body.seq, first.body.seq);
});

test("an illegal status keeps the positions and answers 409 with the counts", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const driver = await token("driver", "d1");
  await service.call("POST", `/tracking/${id}/status`, { token: driver, body: { status: "IN_TRANSIT" } });
  const refused = await service.call("POST", `/tracking/update/${id}`, { token: driver, body: { lat: 5.6, lng: -0.2, status: "PICKED_UP" } });
  assert.deepEqual([refused.status, refused.body.accepted, refused.body.status], [409, 1, 409]);
  assert.equal((await service.call("GET", `/tracking/${id}`)).body.current_location.lat, 5.6);
});

test("a simulated clock runs from its origin at its rate, and only where it is allowed", async () => {
  const origin = 1_430_313_323;
  const { tracking_id: id, clock, server_time } = await startDelivery(service, { clock: { origin, rate: 60 } });
  assert.deepEqual(clock, { origin, rate: 60 });
  assert.ok(server_time >= origin * 1000 && server_time < (origin + 600) * 1000);
  const moved = await service.call("POST", `/tracking/update/${id}`, {
    token: await token("driver", "d1"),
    body: { lat: 5.6, lng: -0.2, timestamp: origin, status: "PICKED_UP" },
  });
  assert.equal(moved.body.accepted, 1);
  const strict = await start({ vars: { ALLOW_SIM_CLOCK: undefined } });
  const refused = await strict.call("POST", "/tracking/start", {
    token: await token("dispatcher", "desk"),
    body: { order_id: "O", dropoff: DROPOFF, clock: { origin, rate: 60 } },
  });
  assert.deepEqual([refused.status, refused.body.field], [422, "clock"]);
  await strict.stop();
});
