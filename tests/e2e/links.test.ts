// Share links: what one opens, and that it stops at once when it is revoked, alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Json, type Reply, type Role, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

let service: Service;
before(async () => void (service = await start()));
after(() => service.stop());

const NOT_ALLOWED = { code: 1008, reason: "Not allowed" };
const call = async (method: string, path: string, body?: unknown, role: Role = "customer", sub = "c1"): Promise<Reply> =>
  service.call(method, path, { token: await token(role, sub, { store: "s1" }), ...(body === undefined ? {} : { body }) });
const make = async (id: string, body: Json = {}): Promise<Json> => {
  const reply = await call("POST", `/tracking/${id}/links`, { label: "Grandma", ...body });
  assert.equal(reply.status, 201, reply.text);
  return reply.body;
};
const own = async (extra: Json = {}): Promise<string> => (await startDelivery(service, { visibility: "private", ...extra })).tracking_id;
const read = (id: string, link: string) => service.call("GET", `/tracking/${id}?link=${link}`);
const follow = (id: string, link: string) => new Socket(`${service.ws}/ws/tracking/${id}?link=${link}`, ["onway.v1"]);
const move = async (id: string, body: Json) => service.call("POST", `/tracking/update/${id}`, { token: await token("driver", "d1"), body });

test("a link opens a private delivery as the public would see it, and shows its secret once", async () => {
  const id = await own({ instructions: "Ring twice", phone: "+233201234567" });
  const { link, url, ...entry } = await make(id);
  assert.equal(url, `${service.url}/s/${link}`);
  assert.match(link, new RegExp(`^${id}\\.[A-Za-z0-9_-]{22}$`));
  assert.deepEqual({ ...entry, id: "", created_at: 0 }, { id: "", label: "Grandma", from: null, to: null, created_at: 0, created_by: "customer", last_used_at: null });
  const seen = await read(id, link);
  assert.equal(seen.status, 200);
  assert.equal(seen.headers.get("Cache-Control"), "private, no-cache");
  assert.doesNotMatch(seen.text, /Ring twice|233201234567|"c1"|"d1"|"s1"/);
  assert.equal((await service.call("GET", `/tracking/${id}`)).status, 401);
  assert.equal((await service.call("GET", `/tracking/${id}/events?link=${link}`)).body["events"].length, 1);
  assert.equal((await service.call("GET", `/tracking/${id}/history?link=${link}`)).status, 401);
  const list = await call("GET", `/tracking/${id}/links`, undefined, "store");
  assert.equal(list.headers.get("Cache-Control"), "no-store");
  assert.ok(!list.text.includes(link.split(".")[1]) && list.body["links"][0].last_used_at > 0, list.text);
});

/** Resolves when the close has come: that the connection itself ends can take the runtime much longer. */
async function told(socket: Socket): Promise<void> {
  for (let tries = 0; socket.raw.readyState === socket.raw.OPEN; tries += 1) {
    assert.ok(tries < 1_000, "it was never closed");
    await delay(5);
  }
}

test("revoking a link closes its sockets at once, and no others", async () => {
  const id = await own();
  const [one, two] = [await make(id), await make(id, { label: "Neighbour" })];
  const sockets = [follow(id, one["link"]), follow(id, one["link"])];
  const others = [follow(id, two["link"]), new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${await token("customer", "c1")}`])];
  for (const socket of [...sockets, ...others]) await socket.next("initial_state");
  const began = performance.now();
  assert.equal((await call("DELETE", `/tracking/${id}/links/${one["id"]}`)).status, 204);
  for (const socket of sockets) await told(socket);
  console.log(`${sockets.length} sockets heard of it ${Math.round(performance.now() - began)} ms after it was asked for`);
  for (const socket of sockets) assert.deepEqual(await socket.close(), NOT_ALLOWED);
  assert.equal((await read(id, one["link"])).status, 403);
  assert.deepEqual(await follow(id, one["link"]).close(), NOT_ALLOWED);
  await move(id, { status: "PICKED_UP" });
  for (const socket of others) assert.equal((await socket.next("status_update"))["data"].status, "PICKED_UP");
  assert.equal((await read(id, two["link"])).status, 200);
  assert.equal((await call("DELETE", `/tracking/${id}/links/${one["id"]}`)).status, 404);
  for (const socket of others) socket.end();
});

test("a link is open between its times, and a change of them counts at once", async () => {
  // Times are those of the delivery's clock.
  const ORIGIN = 1_700_000_000;
  const id = await own({ clock: { origin: ORIGIN, rate: 1 } });
  const { link, id: name } = await make(id, { from: ORIGIN + 3_600 });
  assert.equal((await read(id, link)).status, 403);
  const change = async (body: Json) => assert.equal((await call("PATCH", `/tracking/${id}/links/${name}`, body)).status, 200);
  await change({ from: null, to: ORIGIN + 3_600 });
  assert.equal((await read(id, link)).status, 200);
  const [ended, lapsed] = [follow(id, link), follow(id, link)];
  for (const socket of [ended, lapsed]) await socket.next("initial_state");
  const now = (await read(id, link)).body["server_time"];
  await change({ to: now + 300 });
  await delay(400);
  // Nothing leaves any more: at the next frame in either direction it closes.
  ended.send({ type: "get" });
  assert.deepEqual(await ended.close(), NOT_ALLOWED);
  await move(id, { status: "PICKED_UP" });
  assert.deepEqual(await lapsed.close(), NOT_ALLOWED);
  assert.equal((await read(id, link)).status, 403);
  await change({ to: null, label: "Grandpa" });
  assert.equal((await read(id, link)).status, 200);
  const open = follow(id, link);
  await open.next("initial_state");
  await change({ to: ORIGIN });
  assert.deepEqual(await open.close(), NOT_ALLOWED);
});

test("whatever does not hold is refused in the same words, also where none is needed", async () => {
  const id = (await startDelivery(service)).tracking_id as string;
  const other = (await startDelivery(service)).tracking_id as string;
  const { link } = await make(other);
  const secret = link.split(".")[1];
  const details = new Set<string>();
  for (const text of ["", "x", id, `${id}.`, `${id}.${secret}`, link, `${id}.${"A".repeat(22)}`, `${id}.${"A".repeat(9_000)}`]) {
    const reply = await read(id, text);
    assert.equal(reply.status, 403, text);
    details.add(reply.text);
    assert.deepEqual(await follow(id, text).close(), NOT_ALLOWED);
  }
  assert.equal(details.size, 1);
  assert.equal((await service.call("GET", `/tracking/${id}`)).status, 200);
});

test("a link goes with a token, and who is somebody by the token stays that", async () => {
  const id = await own();
  const { link, id: name } = await make(id);
  const stranger = await service.call("GET", `/tracking/${id}?link=${link}`, { token: await token("customer", "c9") });
  assert.equal(stranger.status, 200);
  const store = await service.call("GET", `/tracking/${id}?link=${link}`, { token: await token("store", "x", { store: "s1" }) });
  assert.equal(store.body["customer_id"], "c1");
  const socket = await follow(id, link).opened();
  await socket.next("initial_state");
  socket.send({ type: "auth", token: await token("store", "x", { store: "s1" }) });
  socket.send({ type: "get" });
  assert.equal((await socket.next("initial_state"))["data"].customer_id, "c1");
  await call("DELETE", `/tracking/${id}/links/${name}`);
  socket.send({ type: "get" });
  assert.equal((await socket.next("initial_state"))["data"].customer_id, "c1");
  socket.end();
});

test("links outlive the object's memory, and a delivery has at most fifty", async () => {
  const id = await own();
  const links: Json[] = [];
  for (let n = 0; n < 50; n += 1) links.push(await make(id, { label: `${n}` }));
  assert.equal((await call("POST", `/tracking/${id}/links`, { label: "one too many" })).status, 409);
  await service.call("GET", `/test/forget/${id}`);
  for (const { link } of [links[0], links[49]] as Json[]) assert.equal((await read(id, link)).status, 200);
  const listed = (await call("GET", `/tracking/${id}/links`)).body["links"].map((entry: Json) => entry["label"]);
  assert.deepEqual(new Set(listed), new Set(links.map(({ label }) => label)));
});

test("the page of a link has the snapshot in it, and tells nobody its address", async () => {
  const id = await own({ order_id: "MINE" });
  const { link, id: name } = await make(id);
  const page = await service.call("GET", `/s/${link}`);
  assert.equal(page.status, 200);
  assert.equal(page.headers.get("Referrer-Policy"), "strict-origin");
  assert.equal(page.headers.get("Cache-Control"), "no-store");
  assert.match(page.text, /Driver assigned/);
  const data = /<script type="application\/json" id="onway-data">(.*?)<\/script>/s.exec(page.text)?.[1] ?? "";
  assert.equal(JSON.parse(data).snapshot.order_id, "MINE");
  assert.doesNotMatch(page.text, /name="referrer"/);
  assert.ok(!page.text.includes(link.split(".")[1]));
  await call("DELETE", `/tracking/${id}/links/${name}`);
  const closed = await service.call("GET", `/s/${link}`);
  assert.deepEqual([closed.status, /MINE/.test(closed.text)], [403, false]);
  assert.equal((await service.call("GET", "/s/x")).status, 404);
  assert.equal((await service.call("GET", `/s/TRK-${"A".repeat(40)}.${"A".repeat(22)}`)).status, 404);
});
