// Tokens of an identity provider: accepted by its keys, whether it can be reached at the moment or not, and
// honoured until they end and no longer.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ISSUER, type Mode, type Provider, type SigningKey, signingKey, startProvider } from "../provider.ts";
import { DROPOFF, type Options, type Reply, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

const rsa = await signingKey("RS256", "rsa-1");
const p256 = await signingKey("ES256", "p256-1");
const ed25519 = await signingKey("EdDSA", "ed25519-1");
const INVALID = { code: 1008, reason: "Invalid token" };

async function serve(t: TestContext, provider: Provider, options: Options = {}): Promise<Service> {
  const service = await start({ ...options, vars: { ...provider.vars, ...options.vars } });
  t.after(() => service.stop());
  return service;
}

async function publish(t: TestContext, ...keys: SigningKey[]): Promise<Provider> {
  const provider = await startProvider(...keys.map((key) => key.jwk));
  t.after(() => provider.stop());
  return provider;
}

/** A request that anybody with a good token may make, and nobody without. */
const knock = (service: Service, token: string): Promise<Reply> =>
  service.call("POST", "/tracking/start", { token, body: { order_id: "O-1", dropoff: DROPOFF } });
const status = async (service: Service, token: string): Promise<number> => (await knock(service, token)).status;

test("tokens of each algorithm are accepted, everywhere", async (t) => {
  const provider = await publish(t, rsa, p256, ed25519);
  const service = await serve(t, provider);
  const { tracking_id: id } = await startDelivery(service, { visibility: "private" });
  for (const key of [rsa, p256, ed25519]) {
    const signed = await key.sign();
    assert.equal(await status(service, signed), 201, key.alg);
    const sockets = [
      new Socket(`${service.ws}/ws/tracking/${id}?token=${signed}`),
      new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${signed}`]),
    ];
    for (const socket of sockets) {
      await socket.next("initial_state");
      // The same person's next token, signed with another key.
      socket.send({ type: "auth", token: await p256.sign() });
      socket.send({ type: "get" });
      assert.equal((await socket.next()).type, "initial_state", key.alg);
      socket.end();
    }
  }
  assert.equal(provider.requests, 1, "one set for all of it");
});

test("our own tokens and the provider's are accepted side by side, or the provider's alone", async (t) => {
  const provider = await publish(t, rsa);
  const both = await serve(t, provider);
  assert.deepEqual([await status(both, await rsa.sign()), await status(both, await token("admin", "x"))], [201, 201]);
  const alone = await serve(t, provider, { vars: { JWT_SECRET: undefined } });
  assert.deepEqual([await status(alone, await rsa.sign()), await status(alone, await token("admin", "x"))], [201, 401]);
});

test("role and store are where the provider puts them", async (t) => {
  const provider = await publish(t, rsa);
  const cases = [
    ["https://example.com/role", { "https://example.com/role": "merchant" }],
    ["public_metadata.role", { public_metadata: { role: "store" } }],
  ] as const;
  for (const [ROLE_CLAIM, claims] of cases) {
    const service = await serve(t, provider, { vars: { ROLE_CLAIM, STORE_CLAIM: "org.id" } });
    assert.equal(await status(service, await rsa.sign({ ...claims, role: undefined, org: { id: "s1" } })), 201, ROLE_CLAIM);
    assert.equal(await status(service, await rsa.sign({ role: "admin", org: { id: "s1" } })), 403, "not under this name");
  }
});

test("without an issuer or an audience, or with an unsafe address, no token of the provider holds", async (t) => {
  const provider = await publish(t, rsa);
  const cases: Record<string, string | undefined>[] = [
    { JWT_ISSUER: undefined },
    { JWT_AUDIENCE: undefined },
    { JWKS_URL: provider.vars["JWKS_URL"]?.replace("127.0.0.1", "127.0.0.1.nip.example") },
    { JWKS_URL: provider.vars["JWKS_URL"]?.replace("http://", "http://user@") },
  ];
  for (const vars of cases) {
    const service = await serve(t, provider, { vars });
    assert.equal(await status(service, await rsa.sign()), 401, JSON.stringify(vars));
    assert.equal(await status(service, await token("admin", "x")), 201, "our own do");
  }
  assert.equal(provider.requests, 0);
});

test("a new key is found at once, and names that nobody knows are not followed up twice", async (t) => {
  const provider = await publish(t, rsa);
  const service = await serve(t, provider);
  assert.equal(await status(service, await rsa.sign()), 201);
  assert.equal(provider.requests, 1);

  const rotated = await signingKey("RS256", "rsa-2");
  provider.keys = [rotated.jwk];
  // Several at the same time: one asks, the others wait for what it hears.
  const tokens = await Promise.all(Array.from({ length: 8 }, () => rotated.sign()));
  assert.deepEqual(await Promise.all(tokens.map((signed) => status(service, signed))), Array(8).fill(201));
  assert.equal(provider.requests, 2);
  assert.equal(await status(service, await rsa.sign()), 401, "the old key was withdrawn");

  const unknown = await signingKey("ES256", "nobody's");
  for (let i = 0; i < 5; i += 1) assert.equal(await status(service, await unknown.sign({}, { kid: `kid-${i}` })), 401);
  assert.equal(provider.requests, 2, "not again within a minute");
});

const FAILURES: Mode[] = ["cut", "hang", "trickle", "error", "garbage", "huge", "redirect"];

for (const mode of FAILURES) {
  test(`keys that are held are used where the provider's answer is: ${mode}`, async (t) => {
    const provider = await publish(t, rsa);
    const service = await serve(t, provider, { vars: { JWKS_FRESH_SECONDS: "1" } });
    assert.equal(await status(service, await rsa.sign()), 201);
    provider.mode = mode;
    while (provider.requests < 2) {
      assert.equal(await status(service, await rsa.sign()), 201);
      await delay(200);
    }
    assert.equal(await status(service, await rsa.sign()), 201);
    assert.equal(await status(service, await p256.sign()), 401, "and a key that is not held stays unknown");
    assert.equal(provider.requests, 2, "it is left in peace for a minute");
  });

  test(`a provider that has never answered but: ${mode}`, async (t) => {
    const provider = await publish(t, rsa);
    provider.mode = mode;
    const service = await serve(t, provider);
    const { tracking_id: id } = await startDelivery(service);
    const reply = await knock(service, await rsa.sign());
    assert.equal(reply.status, 503, reply.text);
    assert.equal(reply.headers.get("Content-Type"), "application/problem+json");
    const wait = Number(reply.headers.get("Retry-After"));
    assert.ok(wait >= 1 && wait <= 10, `Retry-After: ${wait}`);
    const asked = provider.requests;

    // Until then nobody waits for it again, what is surely forged is told apart, and our own tokens hold.
    assert.equal(await status(service, await rsa.sign()), 503);
    assert.equal(await status(service, await rsa.sign({ iss: "https://evil.example/" })), 401);
    assert.equal(await status(service, await rsa.sign({ exp: 1 })), 401);
    assert.equal(await status(service, await token("admin", "x")), 201);
    assert.equal(provider.requests, asked);

    // On a socket: come back later; one that is open stays open.
    const refused = await new Socket(`${service.ws}/ws/tracking/${id}?token=${await rsa.sign()}`).opened();
    assert.deepEqual(await refused.close(), { code: 1013, reason: "Try again later" });
    const watcher = await new Socket(`${service.ws}/ws/tracking/${id}`).opened();
    await watcher.next("initial_state");
    watcher.send({ type: "auth", token: await rsa.sign() });
    assert.equal((await watcher.next()).code, "unavailable");
    watcher.send({ type: "get" });
    assert.equal((await watcher.next()).type, "initial_state");
    watcher.end();
  });
}

test("a provider that comes back is believed again", async (t) => {
  const provider = await publish(t, rsa);
  provider.mode = "error";
  const service = await serve(t, provider);
  const reply = await knock(service, await rsa.sign());
  assert.equal(reply.status, 503);
  provider.mode = "up";
  await delay(Number(reply.headers.get("Retry-After")) * 1000);
  assert.equal(await status(service, await rsa.sign()), 201);
});

test("a set without keys withdraws all of them", async (t) => {
  const provider = await publish(t, rsa);
  const service = await serve(t, provider, { vars: { JWKS_FRESH_SECONDS: "1" } });
  assert.equal(await status(service, await rsa.sign()), 201);
  provider.mode = "empty";
  while (provider.requests < 2) {
    await status(service, await rsa.sign());
    await delay(200);
  }
  assert.equal(await status(service, await rsa.sign()), 401);
});

test("a new isolate has the keys while the provider is away", async (t) => {
  const state = await mkdtemp(join(tmpdir(), "onway-test-"));
  t.after(() => rm(state, { recursive: true, force: true }));
  const provider = await publish(t, rsa);
  const first = await start({ state, vars: provider.vars });
  assert.equal(await status(first, await rsa.sign()), 201);
  await first.stop();
  provider.mode = "cut";
  const second = await serve(t, provider, { state });
  assert.equal(await status(second, await rsa.sign()), 201);
  assert.equal(provider.requests, 1);
});

test("nothing leaves after exp, in either direction, and a renewed token goes on", async (t) => {
  const provider = await publish(t, p256);
  const service = await serve(t, provider);
  const { tracking_id: id, epoch } = await startDelivery(service, { visibility: "private" });
  // The leeway is 60 s: this holds for four more.
  const exp = Math.floor(Date.now() / 1000) - 56;
  const ends = (exp + 60) * 1000;
  const short = await p256.sign({ sub: "c1", role: "customer", exp });
  const follow = async (query = "") => new Socket(`${service.ws}/ws/tracking/${id}?token=${short}${query}`).opened();
  const [silent, asking, renewed] = [await follow(), await follow(), await follow(`&since=1&epoch=${epoch}`)];
  for (const socket of [silent, asking]) await socket.next("initial_state");
  await renewed.next("resumed");
  renewed.send({ type: "auth", token: await p256.sign({ sub: "c1", role: "customer" }) });

  const driver = await new Socket(`${service.ws}/ws/tracking/${id}?token=${await p256.sign({ sub: "d1", role: "driver" })}`).opened();
  await driver.next("initial_state");
  driver.send({ type: "status_update", id: 1, status: "PICKED_UP" });
  await driver.next("ack");
  for (const socket of [silent, asking, renewed]) assert.equal((await socket.next()).type, "status_update");

  while (Date.now() <= ends) await delay(ends - Date.now() + 1);
  asking.send({ type: "get" });
  assert.deepEqual(await asking.close(), INVALID);
  driver.send({ type: "location_update", id: 2, lat: 5.6, lng: -0.2 });
  await driver.next("ack");
  assert.deepEqual(await silent.close(), INVALID);
  assert.deepEqual([...asking.frames, ...silent.frames], [], "not one frame more");
  assert.equal((await renewed.next()).type, "location_update");
  assert.deepEqual(await (await follow()).close(), INVALID);
  assert.deepEqual(await (await follow(`&since=1&epoch=${epoch}`)).close(), INVALID);
  driver.end();
  renewed.end();
});

test("after exp, an auth frame that renews nothing gets a close and no error", async (t) => {
  const provider = await publish(t, rsa);
  provider.mode = "error";
  const service = await serve(t, provider);
  const { tracking_id: id } = await startDelivery(service);
  const expires = Date.now() + 3_000;
  const short = await token("customer", "c1", { ttl: Math.floor(expires / 1000) - 60 - Math.floor(Date.now() / 1000) });
  const cases = [
    [{ type: "auth" }, INVALID],
    [{ type: "auth", id: {}, token: await token("customer", "c1") }, INVALID],
    // It may be good, and nobody can say so now: come back with it.
    [{ type: "auth", token: await rsa.sign({ sub: "c1", role: "customer" }) }, { code: 1013, reason: "Try again later" }],
  ] as const;
  const sockets = cases.map(() => new Socket(`${service.ws}/ws/tracking/${id}?token=${short}`));
  for (const socket of sockets) await socket.next("initial_state");
  while (Date.now() <= expires) await delay(expires - Date.now() + 1);
  for (const [i, [frame, close]] of cases.entries()) {
    const socket = sockets[i] as Socket;
    socket.send(frame);
    assert.deepEqual(await socket.close(), close, JSON.stringify(frame).slice(0, 40));
    assert.deepEqual(socket.frames, []);
  }
});

test("a token of the provider renews its own subject and role only", async (t) => {
  const provider = await publish(t, rsa);
  const service = await serve(t, provider);
  const { tracking_id: id } = await startDelivery(service);
  for (const claims of [{ sub: "c2", role: "customer" }, { sub: "c1", role: "admin" }]) {
    const socket = await new Socket(`${service.ws}/ws/tracking/${id}?token=${await rsa.sign({ sub: "c1", role: "customer" })}`).opened();
    await socket.next("initial_state");
    socket.send({ type: "auth", token: await rsa.sign({ ...claims, iss: ISSUER }) });
    assert.deepEqual(await socket.close(), { code: 1008, reason: "Not allowed" });
  }
});
