// workerd is killed while it carries out what the queue has given it, at moments that follow from what receivers have
// seen: every endpoint has every event all the same, and no text is sent twice.
import assert from "node:assert/strict";
import { once } from "node:events";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Held, type Process, startWorkerd } from "../faults/workerd.ts";
import { answering, type Receiver, receiver, verified } from "../receiver.ts";
import { type Json, startDelivery, token } from "../service.ts";

const TYPES = ["created", "assigned", "picked_up", "in_transit", "delivered"].map((name) => `delivery.${name}`);
/** Of these the customer has a text each, with these words. */
const TEXTS: [type: string, words: string][] = [["delivery.in_transit", "is on its way"], ["delivery.delivered", "has been delivered"]];
const VARS = {
  ALLOW_LOCAL_ENDPOINTS: "1",
  WEBHOOKS_CACHE_S: "0",
  WEBHOOK_RETRIES_S: Array(20).fill("1").join(),
  PUBLIC_URL: "https://onway.example",
  SMS_PROVIDER: "twilio",
  SMS_ACCOUNT: "AC1",
  SMS_TOKEN: "the token of the account",
  SMS_FROM: "+15550100",
  SMS_COUNTRIES: "+233",
};

interface Endpoint {
  at: Receiver;
  id: string;
  secret: string;
  /** How it answers unless a moment says otherwise. */
  usual: Receiver["answer"];
}

/** A delivery that has run its course. */
interface Course {
  id: string;
  phone: string;
}

/** What speaks the API of the texts' provider, and keeps what it was sent. */
const provider = {
  server: createServer((request, response) => {
    let form = "";
    request.on("data", (part) => (form += part));
    request.on("end", () => {
      const fields = new URLSearchParams(form);
      provider.sent.push({ to: fields.get("To") ?? "", body: fields.get("Body") ?? "" });
      provider.answer(response);
    });
  }),
  sent: [] as { to: string; body: string }[],
  answer: (_: ServerResponse): void => {},
  usual: (response: ServerResponse) => void response.writeHead(201, { "Content-Type": "application/json" }).end('{"sid": "SM1", "status": "queued"}'),
};

let folder: string;
let service: Process;
let vars: Record<string, string>;
let numbers = 0;
let kills = 0;
/** Events whose text had been begun when it was killed. */
const begun = new Set<string>();
const endpoints: Record<string, Endpoint> = {};
const of = (name: string): Receiver => (endpoints[name] as Endpoint).at;
const all = (): Endpoint[] => Object.values(endpoints);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-consumer-"));
  provider.server.listen(0, "127.0.0.1");
  await once(provider.server, "listening");
  vars = { ...VARS, SMS_API_URL: `http://127.0.0.1:${(provider.server.address() as AddressInfo).port}` };
  service = await startWorkerd(folder, vars, 0, "delivers");
  const seen = new Set<string>();
  await listening("quick", answering(200));
  await listening("of its store", answering(204), { store_id: "s1" });
  await listening("slow", (response) => void setTimeout(() => answering(200)(response), 150));
  await listening("failing at first", (response, _, { body }) => {
    answering(seen.has(body["id"]) ? 200 : 500)(response);
    seen.add(body["id"]);
  });
});
beforeEach(usual);
after(async () => {
  await service.kill();
  for (const { at } of all()) at.close();
  provider.server.closeAllConnections();
  provider.server.close();
  await rm(folder, { recursive: true, force: true });
});

async function listening(name: string, answer: Receiver["answer"], extra: Json = {}): Promise<void> {
  const at = await receiver();
  const { status, text, body } = await service.call("POST", "/webhooks", { token: await token("admin", "root"), body: { url: at.url, ...extra } });
  assert.equal(status, 201, text);
  endpoints[name] = { at, id: body["id"], secret: body["secret"], usual: answer };
}

function usual(): void {
  for (const { at, usual } of all()) at.answer = usual;
  provider.answer = provider.usual;
}

async function until(done: () => Promise<boolean> | boolean, what: string): Promise<void> {
  for (let tries = 0; !(await done()); tries += 1) {
    assert.ok(tries < 1_200, `waited in vain for ${what}\n${service.log.join("\n")}`);
    await delay(25);
  }
}

/** A delivery of all statuses: its news lie in the queue, which delivers nothing meanwhile. */
async function course(): Promise<Course> {
  await service.queue.pause(true);
  const phone = `+23320${1_000_000 + (numbers += 1)}`;
  const { tracking_id: id } = await startDelivery(service, { phone });
  for (const status of ["PICKED_UP", "IN_TRANSIT", "DELIVERED"]) {
    const reply = await service.call("POST", `/tracking/${id}/status`, { token: await token("driver", "d1"), body: { status } });
    assert.equal(reply.status, 200, reply.text);
  }
  await until(async () => (await service.queue.held()).filter(({ errand }) => errand["tracking_id"] === id).length === TYPES.length, "the news of a delivery");
  return { id, phone };
}

/** Kills it, and starts it again at the same address on the same state. `next`: the moment after this one. */
async function killed(next?: () => unknown): Promise<void> {
  const port = Number(new URL(service.url).port);
  await service.kill();
  kills += 1;
  for (const id of await claims()) begun.add(id);
  usual();
  next?.();
  service = await startWorkerd(folder, vars, port, "delivers");
}

/** The rows of D1 that say of which events a text is attempted; from a copy, which the next process knows nothing of. */
async function claims(): Promise<string[]> {
  const copy = join(folder, "copy");
  await cp(join(folder, "database", "d1"), copy, { recursive: true });
  const [name] = (await readdir(copy)).filter((file) => file.endsWith(".sqlite") && file !== "metadata.sqlite");
  const database = new DatabaseSync(join(copy, name ?? ""));
  const rows = database.prepare("SELECT id FROM sms").all() as { id: string }[];
  database.close();
  await rm(copy, { recursive: true });
  return rows.map(({ id }) => id);
}

/** Answers as usual so many times, then no more: resolves with the first that waits. */
const holds = (at: Receiver, count: number): Promise<void> =>
  new Promise((reached) => {
    const { answer } = at;
    let left = count;
    at.answer = (...asked) => (left-- > 0 ? answer(...asked) : reached());
  });

/** Resolves when so many have been answered. */
const answered = (at: Receiver, count: number): Promise<void> =>
  new Promise((reached) => {
    const { answer } = at;
    let left = count;
    at.answer = (response, ...asked) => {
      response.on("finish", () => void (--left === 0 && reached()));
      answer(response, ...asked);
    };
  });

const textsOf = ({ phone }: Course) => provider.sent.filter(({ to }) => to === phone);
const texted = (of: Course): Promise<void> => until(() => textsOf(of).length === TEXTS.length, "its texts");

/** Every endpoint has each event of the delivery, by one id, signed, and its list of attempts says so. */
async function complete(of: Course): Promise<void> {
  await until(async () => (await service.queue.held()).length === 0, "an empty queue");
  const admin = await token("admin", "root");
  const ids = new Map<string, string>();
  for (const [name, { at, id: endpoint, secret }] of Object.entries(endpoints)) {
    const received = at.received.filter(({ body }) => body["data"].tracking_id === of.id);
    const events = received.map((one) => ({ ...verified(secret, one), header: one.headers["webhook-id"] }) as Json);
    const types = new Map(events.map((event) => [event["seq"], event["type"]]));
    assert.deepEqual([...types].sort(([a], [b]) => a - b), TYPES.map((type, at) => [at + 1, type]), `what ${name} has`);
    for (const { id, header, type } of events) {
      assert.deepEqual([id, header], [ids.get(type) ?? id, id], `${type} has one id`);
      ids.set(type, id);
    }
    for (const [type, id] of ids) {
      const { attempts } = (await service.call("GET", `/webhooks/${endpoint}/attempts?event_id=${id}`, { token: admin })).body;
      const seen = JSON.stringify([name, type, attempts]);
      assert.ok(attempts.every((one: Json) => one["tracking_id"] === of.id && one["type"] === type && one["status"] !== null), seen);
      assert.ok(attempts.some((one: Json) => one["delivered"]), seen);
      // Of what was under way when it was killed there may be no line.
      assert.ok(attempts.length <= events.filter((event) => event["id"] === id).length, seen);
    }
  }
  for (const [type, words] of TEXTS) {
    const texts = textsOf(of).filter(({ body }) => body.includes(words));
    assert.ok(texts.length <= 1, `a text came twice: ${JSON.stringify(texts)}`);
    if (texts.length === 0) assert.ok(begun.has(ids.get(type) ?? ""), `the text of ${type} is missing, and no kill fell into its sending`);
  }
}

interface Moment {
  when: string;
  /** The kill may fall into the sending of a text, which is lost then. */
  mayLose?: boolean;
  /** Resolves at the moment, with what else has to hold in the end. */
  comes: (course: Course) => Promise<(() => Promise<void> | void) | void>;
}

const MOMENTS: Moment[] = [
  {
    when: "every endpoint has its first request, and none has answered",
    mayLose: true,
    comes: async () => void (await Promise.all(all().map(({ at }) => holds(at, 0)))),
  },
  {
    when: "an endpoint has answered three of a batch, and has the fourth",
    comes: async (course) => void (await Promise.all([holds(of("quick"), 3), texted(course)])),
  },
  {
    when: "an endpoint has answered all, and another nothing",
    comes: async (course) => void (await Promise.all([answered(of("quick"), 5), holds(of("slow"), 0), texted(course)])),
  },
  {
    when: "an endpoint that fails has said so to some",
    comes: async (course) => void (await Promise.all([answered(of("failing at first"), 2), texted(course)])),
  },
  {
    when: "an endpoint has taken an event, and nobody has noted it",
    mayLose: true,
    comes: async (course) => {
      const at = of("quick");
      const { answer } = at;
      at.answer = async (...asked) => {
        await service.fault({ kind: "hang", count: 1_000_000 });
        answer(...asked);
      };
      await answered(at, 1);
      const [first] = at.received.filter(({ body }) => body["data"].tracking_id === course.id);
      return () => assert.ok(at.received.filter(({ body }) => body["id"] === first?.body["id"]).length > 1, "it did not come again");
    },
  },
  {
    when: "a batch is over but for an endpoint that hangs, whose event waits in the queue",
    comes: async (course) => {
      await holds(of("slow"), 0);
      const isLeft = ({ errand }: Held) => errand["do"] !== "webhook" || errand["tries"] === 0;
      await until(async () => !(await service.queue.held()).some(isLeft), "the end of the batch");
      const first = of("slow").received.find(({ body }) => body["data"].tracking_id === course.id);
      const endpoint = endpoints["slow"]?.id;
      const waiting = (await service.queue.held()).filter(({ errand }) => errand["id"] === first?.body["id"] && errand["endpoint"] === endpoint);
      assert.equal(waiting.length, 1, "it is not to be tried again");
    },
  },
  {
    when: "each event has been spread, and is still to be spread",
    comes: async (course) => {
      await service.queue.mute(1_000_000);
      const errands = async () => (await service.told()).filter((one) => one["do"] !== "tell" && (one["tracking_id"] === course.id || one["to"] === course.phone));
      const count = TYPES.length * all().length + TEXTS.length;
      await until(async () => (await errands()).length === count, "all errands");
      return async () => assert.equal((await errands()).filter((one) => one["do"] === "sms").length, TEXTS.length, "it was not spread again");
    },
  },
  {
    when: "the provider has a text, and has not answered",
    mayLose: true,
    comes: () =>
      new Promise((reached) => {
        provider.answer = () => reached();
      }),
  },
  {
    when: "the provider has taken a text",
    mayLose: true,
    comes: () =>
      new Promise((reached) => {
        provider.answer = (response) => provider.usual(response.on("finish", () => reached()));
      }),
  },
];

for (const { when, mayLose = false, comes } of MOMENTS) {
  test(`killed when ${when}`, async () => {
    const one = await course();
    const moment = comes(one);
    await service.queue.pause(false);
    const holdsToo = await moment;
    await killed();
    await complete(one);
    await holdsToo?.();
    if (!mayLose) assert.equal(textsOf(one).length, TEXTS.length, "a text is missing");
  });
}

test("killed at the third request, at the ninth after that, at the fifteenth and at the twenty-first", async () => {
  const courses = [await course(), await course(), await course()];
  const nth = (count: number): Promise<void> =>
    new Promise((reached) => {
      let left = count;
      for (const { at } of all()) {
        const { answer } = at;
        at.answer = (...asked) => (--left > 0 ? answer(...asked) : reached());
      }
    });
  // Fewer in all than there are to be made, so that each moment comes.
  const counts = [3, 9, 15, 21];
  let moment = nth(counts[0] ?? 0);
  await service.queue.pause(false);
  for (const next of [...counts.slice(1), undefined]) {
    await moment;
    await killed(() => next && (moment = nth(next)));
  }
  for (const one of courses) await complete(one);
  const received = all().flatMap(({ at }, n) => at.received.map(({ body }) => `${n} ${body["id"]}`));
  console.log(`killed ${kills} times: ${new Set(received).size} events to be told, ${received.length} requests, ${provider.sent.length} of ${numbers * TEXTS.length} texts`);
});
