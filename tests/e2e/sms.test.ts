// Text messages, through a local server that speaks Twilio's API and keeps what it is sent.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { DROPOFF, type Json, type Service, start, startDelivery, token } from "../service.ts";

const SECRET = "the token of the account";
const PUBLIC = "https://onway.example";

interface Message {
  to: string;
  from: string | null;
  body: string;
  path: string;
  authorization: string | undefined;
}

let provider: Server;
let url = "";
let received: Message[] = [];
/** How it answers a number; it takes what is not named. */
const answers = new Map<string, (response: ServerResponse) => void>();
let services: Service[] = [];
let numbers = 0;

/** A number that no other test has. */
const number = (country = "+23320"): string => `${country}${1_000_000 + (numbers += 1)}`;
const sent = (to: string): Message[] => received.filter((message) => message.to === to);

before(async () => {
  provider = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      const form = new URLSearchParams(text);
      const to = form.get("To") ?? "";
      received.push({ to, from: form.get("From"), body: form.get("Body") ?? "", path: request.url ?? "", authorization: request.headers.authorization });
      const answer = answers.get(to);
      if (answer) return answer(response);
      response.writeHead(201, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ sid: "SM1", status: "queued" }));
    });
  });
  await new Promise<void>((listening) => provider.listen(0, "127.0.0.1", listening));
  url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const service of services) await service.stop();
  services = [];
  answers.clear();
});
after(() => {
  provider.closeAllConnections();
  provider.close();
});

async function open(vars: Record<string, string | undefined> = {}): Promise<Service> {
  const service = await start({
    vars: {
      LOG_LEVEL: "error",
      ALLOW_LOCAL_ENDPOINTS: "1",
      PUBLIC_URL: `${PUBLIC}/`,
      OPERATOR_NAME: "Koala Pizza",
      TIMEZONE: "Africa/Accra",
      SMS_PROVIDER: "twilio",
      SMS_API_URL: url,
      SMS_ACCOUNT: "AC1",
      SMS_TOKEN: SECRET,
      SMS_FROM: "+15550100",
      SMS_COUNTRIES: "+233",
      ...vars,
    },
  });
  services.push(service);
  return service;
}

async function until(done: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (done()) return;
    await delay(25);
  }
  assert.fail(`waited in vain for ${what}: ${JSON.stringify(received)}`);
}

/** Fixes of a driver, a second apart, the last one now. */
async function drive(service: Service, id: string, places: { lat: number; lng: number }[], status?: string): Promise<void> {
  const now = Date.now();
  const locations = places.map((place, at) => ({ ...place, accuracy: 5, timestamp: now - (places.length - 1 - at) * 1000 }));
  const body = { locations, ...(status === undefined ? {} : { status }) };
  const reply = await service.call("POST", `/tracking/update/${id}`, { token: await token("driver", "d1"), body });
  assert.equal(reply.status, 200, reply.text);
}

async function step(service: Service, id: string, status: string): Promise<void> {
  const reply = await service.call("POST", `/tracking/${id}/status`, { token: await token("driver", "d1"), body: { status } });
  assert.equal(reply.status, 200, reply.text);
}

/** A delivery on its way. */
async function underway(service: Service, phone: string, extra: Json = {}, by?: string): Promise<string> {
  const { tracking_id: id } = await startDelivery(service, { order_id: "A-17", phone, ...extra }, by);
  await step(service, id, "in_transit");
  return id;
}

/** Waits until all that was to be told before has been: a message of its own has come through the same queue. */
async function settled(service: Service, extra: Json = {}, by?: string): Promise<void> {
  const phone = number();
  await underway(service, phone, extra, by);
  await until(() => sent(phone).length === 1, "the message after");
}

async function reply(service: Service, from: string, body: string, secret = SECRET): Promise<number> {
  const form = { From: from, To: "+15550100", Body: body };
  const signed = `${PUBLIC}/sms/twilio` + Object.entries(form).sort().map(([name, value]) => name + value).join("");
  const answer = await service.call("POST", "/sms/twilio", {
    headers: { "Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": createHmac("sha1", secret).update(signed).digest("base64") },
    body: new URLSearchParams(form).toString(),
  });
  if (answer.status === 200) assert.match(answer.text, /<Response\/>$/);
  return answer.status;
}

test("three messages of a delivery, with its page and the time of the operator's zone", async () => {
  const service = await open();
  const phone = number();
  const id = await underway(service, phone);
  await until(() => sent(phone).length === 1, "the start");
  await drive(service, id, [{ lat: 5.6465, lng: -0.2 }, { lat: 5.6466, lng: -0.2 }, { lat: 5.6467, lng: -0.2 }]);
  await until(() => sent(phone).length === 2, "that it is near");
  await step(service, id, "delivered");
  await until(() => sent(phone).length === 3, "that it is there");
  const [begun, near, done] = sent(phone) as [Message, Message, Message];
  assert.equal(begun.body, `Koala Pizza: order A-17 is on its way. Follow it: ${PUBLIC}/track/${id}`);
  assert.match(near.body, new RegExp(`^Koala Pizza: order A-17 is almost there, expected at \\d\\d:\\d\\d\\. ${PUBLIC}/track/${id}$`));
  // Accra has UTC: a minute may begin in between.
  const [hour, minute] = (/at (\d\d):(\d\d)/.exec(near.body) ?? []).slice(1).map(Number) as [number, number];
  const now = new Date();
  const ahead = (hour * 60 + minute - now.getUTCHours() * 60 - now.getUTCMinutes() + 1441) % 1440;
  assert.ok(ahead <= 30, near.body);
  assert.equal(done.body, "Koala Pizza: order A-17 has been delivered.");
  assert.deepEqual([begun.path, begun.from], ["/2010-04-01/Accounts/AC1/Messages.json", "+15550100"]);
  assert.equal(begun.authorization, `Basic ${Buffer.from(`AC1:${SECRET}`).toString("base64")}`);
});

test("in another language, in the deployment's own words, and of a private delivery without its page", async () => {
  const service = await open({ LOCALE: "de-AT", TEXTS: JSON.stringify({ de: { "delivery.delivered": { title: "Da", body: "{operator} war da: {order}" } } }) });
  const phone = number();
  const id = await underway(service, phone, { visibility: "private", order_id: "{link} evil.example" });
  await until(() => sent(phone).length === 1, "the start");
  await step(service, id, "delivered");
  await until(() => sent(phone).length === 2, "the end");
  assert.deepEqual(sent(phone).map((message) => message.body), ["Koala Pizza: Bestellung {link} evil-example ist unterwegs.", "Koala Pizza war da: {link} evil-example"]);
});

test("who says stop hears no more, until they say start", async () => {
  const service = await open();
  const phone = number();
  const id = await underway(service, phone);
  await until(() => sent(phone).length === 1, "the start");
  assert.equal(await reply(service, phone, "Stop", "another token"), 403);
  assert.equal(await reply(service, phone, " Stopp. "), 200);
  await step(service, id, "delivered");
  await settled(service);
  assert.equal(sent(phone).length, 1);
  assert.equal(await reply(service, phone, "START"), 200);
  await underway(service, phone);
  await until(() => sent(phone).length === 2, "the next delivery");
});

test("nobody is told abroad, of what a driver started, or who wants no data used", async () => {
  const service = await open();
  const [abroad, own, opted] = [number("+4915"), number(), number()];
  await underway(service, abroad);
  await underway(service, own, { driver_id: "d1" }, await token("driver", "d1"));
  const wish = await service.call("PUT", "/customers/quiet/privacy", { token: await token("customer", "quiet"), body: { opt_out: true } });
  assert.equal(wish.status, 200, wish.text);
  await underway(service, opted, { customer_id: "quiet" });
  await settled(service);
  assert.deepEqual([abroad, own, opted].map((phone) => sent(phone).length), [0, 0, 0]);
});

for (const [name, vars, tell] of [
  ["a number", { SMS_PER_NUMBER: "2" }, { phones: 1, of: 3, stores: ["s1"], expected: 2 }],
  ["who starts", { SMS_PER_STARTER: "2" }, { phones: 3, of: 3, stores: ["s1", "s2", "s3"], expected: 2 }],
  ["a store", { SMS_PER_STORE: "2" }, { phones: 3, of: 3, stores: ["s1"], expected: 2 }],
  ["all", { SMS_PER_DAY: "2" }, { phones: 3, of: 3, stores: ["s1", "s2", "s3"], expected: 2 }],
] as const) {
  test(`no more on a day than is allowed, to, for or by ${name}`, async () => {
    const service = await open({ ...vars });
    const phones = Array.from({ length: tell.phones }, () => number());
    const count = (): number => phones.reduce((sum, phone) => sum + sent(phone).length, 0);
    for (let n = 0; n < tell.of; n += 1) {
      await underway(service, phones[n % phones.length] as string, { store_id: tell.stores[n % tell.stores.length] });
      if (n < tell.expected) await until(() => count() === n + 1, `message ${n + 1}`);
    }
    // To another number, for another store, by another; in all there is no other, and the third could come soon.
    if (name === "all") await delay(500);
    else await settled(service, { store_id: "another" }, await token("dispatcher", "another"));
    assert.equal(count(), tell.expected);
  });
}

test("an answer that says later is heard: the message comes once it is taken", async () => {
  const service = await open();
  const phone = number();
  answers.set(phone, (response) => {
    answers.delete(phone);
    response.writeHead(503).end();
  });
  await underway(service, phone);
  await until(() => sent(phone).length === 2, "the second attempt");
});

test("what may have been sent, or was refused for good, is not sent again", async () => {
  const service = await open();
  const [lost, wrong, gone] = [number(), number(), number()];
  const refuse = (code: number) => (response: ServerResponse) => {
    response.writeHead(400, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ code, message: "no" }));
  };
  answers.set(lost, (response) => void response.destroy());
  answers.set(wrong, refuse(21_211));
  answers.set(gone, refuse(21_610));
  for (const phone of [lost, wrong, gone]) await underway(service, phone);
  await until(() => [lost, wrong, gone].every((phone) => sent(phone).length === 1), "an attempt each");
  answers.clear();
  // Each of the first two hears of the next event; who has said stop to the provider does not.
  for (const phone of [lost, wrong, gone]) await underway(service, phone);
  await until(() => sent(lost).length === 2 && sent(wrong).length === 2, "the next event");
  await settled(service);
  assert.deepEqual([lost, wrong, gone].map((phone) => sent(phone).length), [2, 2, 1]);
});

test("a message that was being sent when everything stopped is not sent again", async (context) => {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const state = await mkdtemp(join(tmpdir(), "onway-sms-"));
  context.after(() => rm(state, { recursive: true, force: true }));
  const vars = { LOG_LEVEL: "error", ALLOW_LOCAL_ENDPOINTS: "1", SMS_PROVIDER: "twilio", SMS_API_URL: url, SMS_ACCOUNT: "AC1", SMS_TOKEN: SECRET, SMS_FROM: "+15550100", SMS_COUNTRIES: "+233" };
  const phone = number();
  // It never answers.
  answers.set(phone, () => {});
  const first = await start({ vars, state });
  const id = await underway(first, phone);
  await until(() => sent(phone).length === 1, "the attempt");
  await first.stop();
  answers.clear();
  const second = await start({ vars, state });
  services.push(second);
  await step(second, id, "delivered");
  await until(() => sent(phone).length === 2, "the end");
  await settled(second);
  assert.deepEqual(sent(phone).map((message) => / on its way|delivered/.exec(message.body)?.[0]), [" on its way", "delivered"]);
});

test("what cannot be used tells nobody, and says so where somebody asks", async () => {
  const off = await open({ SMS_PROVIDER: undefined });
  assert.equal(await reply(off, "+233201234567", "STOP"), 501);
  const service = await open({ SMS_COUNTRIES: "Ghana", PUBLIC_URL: undefined });
  assert.equal(await reply(service, "+233201234567", "STOP"), 500);
  const phone = number();
  await underway(service, phone);
  const { tracking_id: id } = await startDelivery(service, { dropoff: DROPOFF });
  assert.equal((await service.call("GET", `/tracking/${id}`)).status, 200);
  assert.equal(sent(phone).length, 0);
});
