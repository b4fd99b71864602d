// The table of forgeries that the native tests read, over each way in which a token can arrive: all 401.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Provider, startProvider } from "../provider.ts";
import { type Json, type Service, start, startDelivery } from "../service.ts";
import { type Closed, Socket } from "../socket.ts";

interface Entry {
  name: string;
  token: string;
}

const table = JSON.parse(await readFile(join(import.meta.dirname, "../../crates/core/tests/data/forgeries.json"), "utf8"));
const accepted: Entry[] = table.accepted;
const forged: Entry[] = table.forged;
const INVALID: Closed = { code: 1008, reason: "Invalid token" };

let provider: Provider;
let service: Service;
/** A public delivery, which needs no token, and a private one, which does. */
let open: string;
let hidden: string;
before(async () => {
  provider = await startProvider(...table.jwks.keys);
  const vars = { ...provider.vars, JWT_ISSUER: table.issuer, JWT_AUDIENCE: table.audience };
  service = await start({ vars: { ...vars, JWT_SECRET: table.secret } });
  const by = accepted[0]?.token as string;
  const begin = async (extra: Json = {}) => (await startDelivery(service, extra, by)).tracking_id;
  open = await begin();
  hidden = await begin({ visibility: "private" });
});
after(async () => {
  await service.stop();
  await provider.stop();
});

const inHeader = async (token: string): Promise<number> =>
  (await service.call("GET", `/tracking/${open}`, { headers: { Authorization: `Bearer ${token}` } })).status;
const closeOf = async (path: string, protocols: string[] = []): Promise<Closed> => (await new Socket(`${service.ws}${path}`, protocols).opened()).close();
const inQuery = (token: string): Promise<Closed> => closeOf(`/ws/tracking/${open}?token=${encodeURIComponent(token)}`);
const inSubprotocol = (token: string): Promise<Closed> => closeOf(`/ws/tracking/${open}`, ["onway.v1", `bearer.${token}`]);

/** What can stand in a header as it is: white space at the ends is not part of a header's value. */
const FITS_HEADER = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
/** What can stand in the name of a subprotocol (RFC 9110, 5.6.2). */
const FITS_SUBPROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

test("what the forgeries differ from is accepted", async () => {
  for (const { name, token } of accepted) {
    const reply = await service.call("GET", `/tracking/${hidden}`, { token });
    assert.equal(reply.status, 200, `${name}: ${reply.text}`);
  }
});

test("in the header", async () => {
  const fitting = forged.filter(({ token }) => FITS_HEADER.test(token));
  assert.ok(fitting.length > 190);
  for (const { name, token } of fitting) assert.equal(await inHeader(token), 401, name);
});

test("in the query", async () => {
  for (const { name, token } of forged) assert.deepEqual(await inQuery(token), INVALID, name);
  for (const raw of ["%ff%fe.%00.%c3%28", "%", "a%0d%0aX-Header:%201"]) assert.deepEqual(await closeOf(`/ws/tracking/${open}?token=${raw}`), INVALID, raw);
});

test("in the subprotocol", async () => {
  const fitting = forged.filter(({ token }) => FITS_SUBPROTOCOL.test(token));
  assert.ok(fitting.length > 190);
  for (const { name, token } of fitting) assert.deepEqual(await inSubprotocol(token), INVALID, name);
});

test("in an auth frame", async () => {
  for (const { name, token } of forged) {
    const socket = await new Socket(`${service.ws}/ws/tracking/${open}`).opened();
    await socket.next("initial_state");
    socket.send({ type: "auth", token });
    assert.deepEqual(await socket.close(), INVALID, name);
  }
});

test("none of it made the provider's server work", () => {
  // Once for the first token, and once for the first name of a key that it does not have; again for such a
  // name after each minute, should this take so long.
  assert.ok(provider.requests <= 4, `${provider.requests} requests`);
});

test("two tokens in one header are none", async () => {
  const token = accepted[0]?.token;
  assert.equal(await inHeader(`${token}, Bearer ${token}`), 401);
});

test("without a secret, HS256 is not accepted, whoever signed", async () => {
  const { vars } = provider;
  const only = await start({ vars: { ...vars, JWT_SECRET: undefined } });
  for (const { name, token } of [...accepted, ...forged].filter(({ token }) => token.startsWith("eyJhbGciOiJIUzI1NiIs"))) {
    const reply = await only.call("GET", "/tracking/start", { token });
    assert.equal(reply.status, 405);
    const started = await only.call("POST", "/tracking/start", { token, body: { order_id: "O-1", dropoff: { lat: 5.6, lng: -0.2 } } });
    assert.equal(started.status, 401, name);
  }
  await only.stop();
});
