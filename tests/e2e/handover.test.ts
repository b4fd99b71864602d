// What is said of a delivery beside where it is: corrected, proven, rated; found again by its customer.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Call, type Json, type Reply, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
let as: Record<"driver" | "customer" | "store" | "dispatcher" | "admin", string>;
before(async () => {
  service = await start({ vars: { ARCHIVE_DELAY_S: "0.05", EXPIRE_FINISHED_HOURS: "0.0003" } });
  const [driver, customer, store, dispatcher, admin] = await Promise.all([
    token("driver", "d1"), token("customer", "c1"), token("store", "x", { store: "s1" }), token("dispatcher", "x"), token("admin", "x"),
  ]);
  as = { driver, customer, store, dispatcher, admin };
});
after(() => service.stop());

const JPEG = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, ...new TextEncoder().encode("the rest of a photo")]);
const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]);

const patch = (id: string, by: string, body: Json) => service.call("PATCH", `/tracking/${id}`, { token: by, body });
const post = (path: string, by: string, body: Json) => service.call("POST", path, { token: by, body });
const get = (path: string, by?: string) => service.call("GET", path, by === undefined ? {} : { token: by });
const image = (id: string, bytes: Uint8Array, type = "image/jpeg", query = "", by = as.driver, call: Call = service.call): Promise<Reply> =>
  call("POST", `/tracking/${id}/proof${query}`, { token: by, body: bytes as Uint8Array<ArrayBuffer>, headers: { "Content-Type": type } });
const follow = (id: string, by?: string) =>
  new Socket(`${service.ws}/ws/tracking/${id}`, by === undefined ? [] : ["onway.v1", `bearer.${by}`]).opened();

test("a correction is told to all who follow, and leads elsewhere", async () => {
  const { tracking_id: id } = await startDelivery(service, { route: "_p~iF~ps|U_ulLnnqC", phone: "+233201234567" });
  const watcher = await follow(id, as.store);
  await watcher.next("initial_state");
  await post(`/tracking/update/${id}`, as.driver, { lat: 5.6, lng: -0.2, status: "IN_TRANSIT" });
  const before = (await get(`/tracking/${id}`, as.store)).body;
  const corrected = await patch(id, as.store, { dropoff: { lat: 5.8, lng: -0.2, address: "elsewhere" }, phone: null, window: { to: 1_900_000_000 } });
  assert.equal(corrected.status, 200, corrected.text);
  assert.deepEqual([corrected.body.dropoff.address, corrected.body.phone, corrected.body.route, corrected.body.window.to], ["elsewhere", undefined, undefined, 1_900_000_000]);
  assert.ok(corrected.body.eta_seconds > before.eta_seconds && corrected.body.remaining_m > before.remaining_m);
  for (let told = await watcher.next(); told["type"] !== "initial_state" || told["data"].dropoff.lat !== 5.8; told = await watcher.next());
  assert.equal((await patch(id, as.store, { window: { to: 1_900_000_000 } })).body.seq, corrected.body.seq, "the same again is no event");
  assert.equal((await patch(id, as.customer, { instructions: "the blue gate" })).body.instructions, "the blue gate");
  assert.equal((await patch(id, as.customer, { phone: "+233201234568" })).status, 403);
  assert.equal((await patch(id, as.driver, { instructions: "x" })).status, 403);
  watcher.end();
});

test("what becomes private is shut to those who have no token", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const [anybody, customer] = await Promise.all([follow(id), follow(id, as.customer)]);
  for (const socket of [anybody, customer]) await socket.next("initial_state");
  assert.equal((await patch(id, as.dispatcher, { visibility: "private" })).status, 200);
  assert.deepEqual(await anybody.close(), { code: 1008, reason: "Not allowed" });
  assert.equal((await customer.next("initial_state"))["type"], "initial_state");
  assert.equal((await get(`/tracking/${id}`)).status, 401);
  customer.end();
});

test("a photo, a signature and a code prove it, each once, to those whom they concern", async () => {
  const { tracking_id: id } = await startDelivery(service, { handover_code: "A7K2" });
  const photo = await image(id, JPEG);
  assert.equal(photo.status, 200, photo.text);
  assert.equal((await image(id, JPEG)).body.seq, photo.body.seq, "sent again, it is the same");
  const signed = await image(id, PNG, "image/png", "?kind=signature");
  assert.deepEqual(signed.body.proof.map((proof: Json) => [proof["kind"], proof["content_type"]]), [["photo", "image/jpeg"], ["signature", "image/png"]]);
  const wrong = await post(`/tracking/${id}/proof`, as.driver, { code: "A7K3" });
  assert.deepEqual([wrong.status, wrong.body.detail], [409, "this is not the code of this delivery"]);
  assert.equal((await post(`/tracking/${id}/proof`, as.driver, { code: "a7k2" })).body.proof.length, 3);
  assert.equal(signed.body.handover_code, undefined, "the driver has to be told");
  assert.equal((await get(`/tracking/${id}`, as.customer)).body.handover_code, "A7K2");
  assert.equal((await get(`/tracking/${id}`)).body.proof, undefined);

  const path = `/tracking/${id}/proof/${photo.body.proof[0].id}`;
  for (const [by, status] of [[as.customer, 200], [as.driver, 200], [as.store, 200], [as.admin, 200], [undefined, 401], [await token("customer", "c2"), 403]] as const) {
    assert.equal((await get(path, by)).status, status);
  }
  const response = await fetch(service.url + path, { headers: { Authorization: `Bearer ${as.store}` } });
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), JPEG);
  assert.deepEqual(["content-type", "cache-control", "x-content-type-options"].map((name) => response.headers.get(name)), ["image/jpeg", "private, no-store", "nosniff"]);
  assert.equal((await get(`/tracking/${id}/proof/0123456789abcdef01234567`, as.store)).status, 404);
});

test("what is erased takes its images along", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const { id: shown } = (await image(id, JPEG)).body.proof[0];
  await image(id, PNG, "image/png", "?kind=signature");
  await post(`/tracking/${id}/status`, as.driver, { status: "DELIVERED" });
  const erased = await service.call("DELETE", `/tracking/${id}/personal-data`, { token: as.admin });
  assert.equal(erased.status, 200, erased.text);
  assert.equal(erased.body["erased"].find((step: Json) => step["what"] === "proofs").count, 2);
  assert.deepEqual((await service.images()).filter((key) => key.startsWith(id)), []);
  for (const by of [as.store, as.admin]) assert.equal((await get(`/tracking/${id}/proof/${shown}`, by)).status, 410);
});

test("an image goes with the last that is known of its delivery", async () => {
  const brief = await start({ vars: { ARCHIVE_DELAY_S: "0.05", EXPIRE_FINISHED_HOURS: "0", RETENTION_POSITIONS_DAYS: "0", RETENTION_SUMMARIES_DAYS: "0" } });
  try {
    const { tracking_id: id } = await startDelivery(brief);
    const { id: proof } = (await image(id, JPEG, "image/jpeg", "", as.driver, brief.call)).body.proof[0];
    assert.deepEqual(await brief.images(), [`${id}/${proof}`]);
    await brief.call("POST", `/tracking/${id}/status`, { token: as.driver, body: { status: "DELIVERED" } });
    for (let tries = 0; (await brief.images()).length > 0; tries += 1) {
      assert.ok(tries < 100, "it stays");
      await delay(100);
      assert.equal((await brief.call("GET", "/test/retention")).status, 200);
    }
    assert.equal((await brief.call("GET", `/tracking/${id}/proof/${proof}`, { token: as.store })).status, 410);
  } finally {
    await brief.stop();
  }
});

test("what is no proof is refused with what is wrong", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const cases: [Promise<Reply>, number, string?][] = [
    [image(id, JPEG, "image/gif"), 415],
    [image(id, JPEG, "text/html"), 415],
    [image(id, new TextEncoder().encode("<svg onload=alert(1)>"), "image/png"), 422, "body"],
    [image(id, new Uint8Array(), "image/png"), 422, "body"],
    [image(id, JPEG, "image/jpeg", "?kind=code"), 422, "kind"],
    [image(id, Uint8Array.from([...JPEG, ...new Uint8Array(1024 * 1024)])), 413],
    [image(id, JPEG, "image/jpeg", "", as.customer), 403],
    [image(id, JPEG, "image/jpeg", "", as.store), 403],
    [post(`/tracking/${id}/proof`, as.driver, {}), 422, "code"],
    [post(`/tracking/${id}/proof`, as.driver, { code: "" }), 422, "code"],
    [image("TRK-X", JPEG), 404],
  ];
  for (const [reply, status, field] of cases) {
    const { status: answered, body, text } = await reply;
    assert.deepEqual([answered, body["field"]], [status, field], text);
  }
  assert.equal((await get(`/tracking/${id}`, as.store)).body.proof, undefined, "nothing was kept");
  for (let n = 0; n < 10; n += 1) await image(id, Uint8Array.from([...JPEG, n]));
  assert.equal((await image(id, Uint8Array.from([...JPEG, 99]))).status, 409);
});

test("without a bucket the answer says so, and a code is taken", async () => {
  const plain = await start({ proofs: false });
  try {
    const { tracking_id: id } = await startDelivery(plain);
    const refused = await image(id, JPEG, "image/jpeg", "", as.driver, plain.call);
    assert.equal(refused.status, 501);
    assert.match(refused.body["detail"], /no bucket PROOFS is bound/);
    assert.equal((await plain.call("POST", `/tracking/${id}/proof`, { token: as.driver, body: { code: "1234" } })).status, 200);
  } finally {
    await plain.stop();
  }
});

test("the customer rates what was delivered, and finds it again after it has expired", async () => {
  const sub = "c-rates";
  const customer = await token("customer", sub);
  const { tracking_id: id } = await startDelivery(service, { customer_id: sub });
  const rate = (stars: number, by = customer) => post(`/tracking/${id}/rating`, by, { stars, comment: "kind" });
  assert.equal((await rate(5)).status, 409, "not yet");
  await image(id, JPEG);
  const shown = (await get(`/tracking/${id}`, customer)).body.proof[0].id;
  await post(`/tracking/${id}/status`, as.driver, { status: "DELIVERED" });
  for (const by of [as.driver, as.store, as.admin, as.customer]) assert.equal((await rate(5, by)).status, 403);
  assert.deepEqual((await rate(4)).body.rating.stars, 4);
  assert.equal((await rate(5)).body.rating.stars, 5);

  for (let tries = 0; (await get(`/tracking/${id}`, customer)).status !== 410; tries += 1) {
    assert.ok(tries < 100, "it expires");
    await delay(100);
  }
  const mine = (await get("/tracking?mine", customer)).body;
  const [{ tracking_id, status, rating, expired }] = mine["deliveries"];
  assert.deepEqual([mine["deliveries"].length, tracking_id, status, rating?.stars, expired], [1, id, "DELIVERED", 5, true]);
  // The image outlives the object, for those who may.
  assert.equal((await get(`/tracking/${id}/proof/${shown}`, as.store)).status, 200);
  assert.equal((await get(`/tracking/${id}/proof/${shown}`, customer)).status, 410);
});

test("a customer's list has its own deliveries, the newest first, page by page", async () => {
  const sub = "c-many";
  const customer = await token("customer", sub);
  const ids: string[] = [];
  for (let n = 0; n < 23; n += 1) ids.unshift((await startDelivery(service, { customer_id: sub, order_id: `O-${n}` })).tracking_id);
  await post(`/tracking/update/${ids[0]}`, as.driver, { lat: 5.64, lng: -0.2, status: "IN_TRANSIT" });
  const list = async () => {
    const first = (await get("/tracking?mine", customer)).body;
    const second = first["next_cursor"] === null ? { deliveries: [], next_cursor: null } : (await get(`/tracking?mine=1&cursor=${first["next_cursor"]}`, customer)).body;
    assert.equal(second["next_cursor"], null);
    return [...first["deliveries"], ...second["deliveries"]] as Json[];
  };
  let listed = await list();
  for (let tries = 0; listed.length < ids.length && tries < 50; tries += 1) {
    await delay(100);
    listed = await list();
  }
  assert.deepEqual(new Set(listed.map((entry) => entry["tracking_id"])), new Set(ids));
  assert.equal(listed.length, ids.length, "each once");
  const newest = listed.find((entry) => entry["tracking_id"] === ids[0]);
  assert.deepEqual([newest?.["status"], newest?.["expired"]], ["IN_TRANSIT", false], "as it is now");
  assert.ok(newest?.["eta_at"] > Date.now() / 1000);
  assert.deepEqual((await get("/tracking?mine", await token("customer", "nobody"))).body["deliveries"], []);
  for (const [path, by, status] of [["/tracking?mine", undefined, 401], ["/tracking?mine", as.store, 403], ["/tracking", customer, 422], ["/tracking?mine&cursor=x", customer, 422]] as const) {
    assert.equal((await get(path, by)).status, status, path);
  }
});
