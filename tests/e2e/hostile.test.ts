// Hostile requests: each entry point with each body, path and header of the tables in tests/hostile, and the
// exact answer. What is refused changes nothing, and the service goes on.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Case, requests, sent, written } from "../hostile/cases.ts";
import { type People, people } from "../hostile/people.ts";
import { PUSH_VARS } from "../push-service.ts";
import { type Service, start } from "../service.ts";

let service: Service;
let cast: People;
before(async () => {
  // Of text messages only what is written back.
  service = await start({ vars: { ...PUSH_VARS, ALLOW_LOCAL_ENDPOINTS: undefined, SMS_PROVIDER: "twilio", SMS_TOKEN: "the token of the account", PUBLIC_URL: "https://onway.example" } });
  cast = await people(service);
});
after(() => service.stop());

/** Longest explanation: an answer does not repeat what it was sent. */
const DETAIL_MAX = 300;

async function check(it: Case): Promise<void> {
  const headers = Object.fromEntries(Object.entries(it.headers).map(([name, value]) => [name, written(value)]));
  const token = cast.token(it.as);
  if (token !== undefined) headers["Authorization"] ??= `Bearer ${token}`;
  const body = sent(it);
  const reply = await service.call(it.method, cast.filled(written(it.path)), { headers, ...(body === undefined ? {} : { body }) });
  assert.equal(reply.status, it.status, reply.text);
  if (it.status < 400) return;
  assert.equal(reply.headers.get("Content-Type"), "application/problem+json");
  const { type, title, status, detail, field, ...counts } = reply.body;
  assert.deepEqual([type, status, field], ["about:blank", it.status, it.field]);
  assert.ok(typeof title === "string" && typeof detail === "string" && detail.length <= DETAIL_MAX, detail);
  assert.equal(Object.keys(counts).length, it.status === 409 && "accepted" in counts ? 5 : 0, reply.text);
  assert.equal(reply.headers.get("Allow") ?? undefined, it.allow);
  assert.equal(reply.headers.get("WWW-Authenticate"), it.status === 401 ? "Bearer" : null);
}

for (const file of ["start", "update", "status", "assign", "correct", "batch", "links", "paths", "privacy", "stats", "fleet", "webhooks", "webhook-reads", "sms", "push"]) {
  const { entry, cases } = requests(file);
  describe(entry, () => {
    for (const it of cases) test(`${it.name}: ${it.status}${it.field === undefined ? "" : ` at ${it.field}`}`, () => check(it));
    test("nothing that was refused has changed anything, and the delivery answers", () => cast.unchanged());
  });
}
