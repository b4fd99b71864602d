// Web Push: who may subscribe, that what arrives can be read by the browser it is for and by nobody else, and what
// becomes of a push service's answers.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { importJWK, jwtVerify } from "jose";
import { browser, type PushService, PUSH_VARS, startPushService, VAPID_JWK } from "../push-service.ts";
import { DROPOFF, type Json, type Reply, type Role, type Service, start, startDelivery, token } from "../service.ts";

let service: Service;
let push: PushService;
before(async () => {
  push = await startPushService();
  service = await start({ vars: PUSH_VARS });
});
after(async () => {
  await service.stop();
  await push.stop();
});

const KEY = Buffer.concat([Buffer.from([4]), Buffer.from(VAPID_JWK.x, "base64url"), Buffer.from(VAPID_JWK.y, "base64url")]).toString("base64url");
let count = 0;
const fresh = () => {
  const path = `/to/${(count += 1)}`;
  return { path, ...browser(push.url + path) };
};
const call = async (method: string, path: string, body?: unknown, role?: Role, sub = "c1"): Promise<Reply> =>
  service.call(method, path, { ...(role ? { token: await token(role, sub, { store: "s1" }) } : {}), ...(body === undefined ? {} : { body }) });
const subscribe = (subscription: Json, body: Json, role?: Role, sub?: string, query = "") => call("POST", `/push/subscriptions${query}`, { subscription, ...body }, role, sub);
const report = async (id: string, status: string, extra: Json = {}) => {
  const reply = await call("POST", `/tracking/${id}/status`, { status, ...extra }, "dispatcher", "desk");
  assert.equal(reply.status, 200, reply.text);
};

test("the standard's example comes out as the standard has it (RFC 8291, 5)", async () => {
  const sealed = await fetch(`${service.url}/test/push/encrypt`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      text: "When I grow up, I want to be a watermelon",
      salt: "DGv6ra1nlYgDCS1FRnbzlw",
      p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
      auth: "BTBZMqHH6r4Tts7J_aSIgg",
      d: "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
      x: "_jP0qw3qcZFNtVgj9ztUlI9BMG2SBzLbuaWaUyhkgiA",
      y: "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
    }),
  });
  const standard =
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
  assert.equal(Buffer.from(await sealed.arrayBuffer()).toString("base64url"), standard);
});

test("a customer is told what it chose, by a sender that can be verified", async () => {
  const { tracking_id: id } = await startDelivery(service, { order_id: "A-17" });
  assert.deepEqual((await call("GET", "/push/key")).body, { key: KEY });
  const phone = fresh();
  const made = await subscribe(phone.subscription, { tracking_id: id, language: "de-AT" }, "customer");
  assert.equal(made.status, 201, made.text);
  assert.equal((await subscribe(phone.subscription, { tracking_id: id, language: "de-AT" }, "customer")).body["id"], made.body["id"]);
  await report(id, "PICKED_UP");
  await report(id, "IN_TRANSIT");
  await report(id, "DELIVERED");
  const all = await push.at(phone.path, 2);
  const said = all.map(({ body }) => phone.open(body)).sort((a, b) => a["seq"] - b["seq"]);
  assert.deepEqual(said.map(({ kind }) => kind), ["delivery.in_transit", "delivery.delivered"]);
  const [first] = said as [Json];
  assert.deepEqual([first["title"], first["url"], first["tag"], first["tracking_id"]], ["Unterwegs", `/track/${id}`, id, id]);
  assert.match(first["body"], /A-17/);
  for (const { headers, body } of all) {
    assert.ok(body.length <= 4_096);
    assert.deepEqual([headers["content-encoding"], headers["urgency"]], ["aes128gcm", "normal"]);
    assert.match(String(headers["ttl"]), /^\d+$/);
    assert.match(String(headers["topic"]), /^[A-Za-z0-9_-]{1,32}$/);
    const [, jwt, key] = /^vapid t=([^,]+), k=(\S+)$/.exec(String(headers["authorization"])) ?? [];
    assert.equal(key, KEY);
    const { d: _, ...publicKey } = VAPID_JWK;
    const { payload, protectedHeader } = await jwtVerify(String(jwt), await importJWK(publicKey, "ES256"), { audience: push.url });
    assert.deepEqual([payload["sub"], protectedHeader.alg], ["mailto:push@example.com", "ES256"]);
    assert.ok(Number(payload.exp) - Date.now() / 1000 <= 86_400);
  }
  assert.equal(new Set(all.map(({ body }) => body.subarray(0, 16).toString("hex"))).size, 2, "each message has its own salt");
});

test("who may see a delivery may be told of it, for as long as that is so", async () => {
  const { tracking_id: id } = await startDelivery(service, { visibility: "private" });
  const [stranger, nobody, holder, staff] = [fresh(), fresh(), fresh(), fresh()];
  assert.equal((await subscribe(nobody.subscription, { tracking_id: id })).status, 401);
  assert.equal((await subscribe(stranger.subscription, { tracking_id: id }, "customer", "c2")).status, 403);
  assert.equal((await subscribe(stranger.subscription, { tracking_id: "TRK-X" }, "customer")).status, 404);
  assert.equal((await subscribe(staff.subscription, {}, "customer")).status, 422);
  assert.equal((await subscribe(staff.subscription, {})).status, 401);
  const { link, id: name } = (await call("POST", `/tracking/${id}/links`, { label: "Grandma" }, "customer")).body;
  assert.equal((await subscribe(holder.subscription, { tracking_id: id, kinds: ["delivery.picked_up", "delivery.delivered"] }, undefined, undefined, `?link=${link}`)).status, 201);
  assert.equal((await subscribe(staff.subscription, { tracking_id: id, kinds: ["delivery.delivered"] }, "store")).status, 201);
  await report(id, "PICKED_UP");
  assert.equal(holder.open((await push.at(holder.path))[0]?.body as Buffer)["kind"], "delivery.picked_up");
  assert.equal((await call("DELETE", `/tracking/${id}/links/${name}`, undefined, "customer")).status, 204);
  await report(id, "IN_TRANSIT");
  await report(id, "DELIVERED");
  await push.at(staff.path);
  // An errand each: that of the link was given out with the other's.
  assert.equal((await push.at(holder.path)).length, 1);
});

test("what a delivery hides from those outside no message tells them; its timeline has it for staff", async () => {
  const { tracking_id: id } = await startDelivery(service, { visibility_rules: { location: "never" } });
  const [customer, staff] = [fresh(), fresh()];
  const kinds = ["delivery.approaching", "delivery.delivered"];
  assert.equal((await subscribe(customer.subscription, { tracking_id: id, kinds }, "customer")).status, 201);
  assert.equal((await subscribe(staff.subscription, { tracking_id: id, kinds }, "store")).status, 201);
  await report(id, "IN_TRANSIT");
  const reply = await call("POST", `/tracking/update/${id}`, DROPOFF, "driver", "d1");
  assert.equal(reply.status, 200, reply.text);
  await report(id, "DELIVERED");
  const told = (await push.at(staff.path, 2)).map(({ body }) => staff.open(body)["kind"]).sort();
  assert.deepEqual(told, kinds);
  assert.deepEqual((await push.at(customer.path)).map(({ body }) => customer.open(body)["kind"]), ["delivery.delivered"]);
  const { events } = (await call("GET", `/tracking/${id}/events`, undefined, "dispatcher")).body;
  const moments = events.filter((event: Json) => event["type"] !== "status").map((event: Json) => [event["type"], event["by"], event["about"]]);
  assert.deepEqual(moments, [["approaching", null, ["dropoff"]]]);
  const seen = (await call("GET", `/tracking/${id}/events`, undefined, "customer")).body["events"];
  assert.ok(seen.every((event: Json) => event["type"] === "status"));
});

test("a driver is told what becomes its own, and what is taken from it", async () => {
  const [one, two] = [fresh(), fresh()];
  assert.equal((await subscribe(one.subscription, {}, "driver", "p1")).status, 201);
  assert.equal((await subscribe(two.subscription, { kinds: ["delivery.assigned"] }, "driver", "p2")).status, 201);
  const { tracking_id: id } = await startDelivery(service, { driver_id: "p1" });
  assert.equal(one.open((await push.at(one.path))[0]?.body as Buffer)["kind"], "delivery.assigned");
  assert.equal((await call("POST", `/tracking/${id}/assign`, { driver_id: "p2" }, "dispatcher", "desk")).status, 200);
  const [given] = await push.at(two.path);
  assert.deepEqual([given?.headers["urgency"], two.open(given?.body as Buffer)["url"]], ["high", "/drive"]);
  const taken = (await push.at(one.path, 2)).map(({ body }) => one.open(body)["kind"]).sort();
  assert.deepEqual(taken, ["delivery.assigned", "delivery.declined"]);
});

test("what a push service answers decides what becomes of the message and the subscription", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const cases: [string, (number | null)[], number, boolean][] = [
    ["gone", [410], 1, false],
    ["not found", [404], 1, false],
    ["busy, then not", [429, 503], 3, true],
    ["broken for good", [500, 500, 500, 500, 500], 4, true],
    ["too large, then not", [413], 2, true],
    ["too large for good", [413, 413, 413], 2, true],
    ["refused", [403], 1, true],
    ["elsewhere", [302], 1, true],
  ];
  const phones = cases.map(([name, answers, ...expected]) => {
    const phone = fresh();
    push.answers.set(phone.path, [...answers]);
    return { name, phone, expected };
  });
  for (const { phone } of phones) assert.equal((await subscribe(phone.subscription, { tracking_id: id, kinds: ["delivery.picked_up", "delivery.delivered"] }, "customer")).status, 201);
  await report(id, "PICKED_UP");
  for (const { phone, expected: [times] } of phones) await push.at(phone.path, times);
  for (const { phone } of phones) push.answers.delete(phone.path);
  await report(id, "DELIVERED");
  for (const { name, phone, expected: [times, stays] } of phones) {
    const all = await push.at(phone.path, times + (stays ? 1 : 0));
    const seen = all.map(({ body }) => phone.open(body)["kind"]);
    const wanted = [...Array.from({ length: times }, () => "delivery.picked_up"), ...(stays ? ["delivery.delivered"] : [])];
    assert.deepEqual(seen.sort().reverse(), wanted, name);
  }
  assert.deepEqual(push.received.filter(({ path }) => path === "/elsewhere"), []);
});

test("one that never answers delays nobody", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const [silent, other] = [fresh(), fresh()];
  push.answers.set(silent.path, [null]);
  for (const { subscription } of [silent, other]) assert.equal((await subscribe(subscription, { tracking_id: id, kinds: ["delivery.picked_up", "delivery.delivered"] }, "customer")).status, 201);
  await report(id, "PICKED_UP");
  await push.at(silent.path);
  await push.at(other.path);
  // The first attempt was given up after its time, and made again.
  await push.at(silent.path, 2);
});

test("who unsubscribes hears no more, and a delivery has at most ten", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const phones = Array.from({ length: 10 }, fresh);
  for (const { subscription } of phones) assert.equal((await subscribe(subscription, { tracking_id: id, kinds: ["delivery.picked_up"] })).status, 201);
  const more = fresh();
  assert.equal((await subscribe(more.subscription, { tracking_id: id })).status, 409);
  const [first, ...rest] = phones as [(typeof phones)[0]];
  assert.equal((await subscribe(first.subscription, { tracking_id: id, kinds: ["delivery.picked_up"] })).status, 201, "the same once more is no other");
  assert.equal((await call("DELETE", "/push/subscriptions", { endpoint: first.subscription["endpoint"], tracking_id: "TRK-OTHER" })).status, 204);
  const ended = await call("DELETE", "/push/subscriptions", { endpoint: first.subscription["endpoint"], tracking_id: id });
  assert.deepEqual([ended.status, ended.text], [204, ""]);
  assert.equal((await subscribe(more.subscription, { tracking_id: id, kinds: ["delivery.picked_up"] })).status, 201);
  await report(id, "PICKED_UP");
  for (const { path } of [...rest, more]) await push.at(path);
  assert.deepEqual(push.received.filter(({ path }) => path === first.path), []);
});

test("without keys nothing is offered, and with wrong ones it is said which", async () => {
  for (const [key, status, words] of [[undefined, 501, /VAPID_PRIVATE_KEY is not set/], ["{}", 500, /onway vapid/]] as const) {
    const other = await start({ vars: { ...PUSH_VARS, VAPID_PRIVATE_KEY: key } });
    const answers = [await other.call("GET", "/push/key"), await other.call("POST", "/push/subscriptions", { body: { subscription: fresh().subscription } })];
    for (const reply of answers) {
      assert.equal(reply.status, status, reply.text);
      assert.match(reply.body["detail"], words);
    }
    await other.stop();
  }
});
