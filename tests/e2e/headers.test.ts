// What browsers are told, and what no answer and no log says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { join } from "node:path";
import { type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";

const SHOP = "https://shop.example";
const EVIL = "https://evil.example";
let open: Service;
let closed: Service;
let id: string;
before(async () => {
  open = await start({ vars: { CORS_ORIGINS: `${SHOP}, capacitor://localhost`, MAP_STYLE_URL: "https://tiles.example/style.json", MAP_ORIGINS: "https://glyphs.example" } });
  closed = await start();
  id = (await startDelivery(open)).tracking_id;
});
after(async () => {
  await open.stop();
  await closed.stop();
});

const vary = (headers: Headers) => (headers.get("Vary") ?? "").split(/, */);

test("a page of a listed origin may ask, and read what it needs", async () => {
  const preflight = await open.call("OPTIONS", `/tracking/update/${id}`, { headers: { Origin: SHOP, "Access-Control-Request-Method": "POST" } });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("Access-Control-Allow-Origin"), SHOP);
  assert.equal(preflight.headers.get("Access-Control-Allow-Methods"), "POST");
  for (const name of ["Authorization", "Idempotency-Key", "If-None-Match", "Content-Type"]) {
    assert.ok(preflight.headers.get("Access-Control-Allow-Headers")?.split(", ").includes(name), name);
  }
  const read = await open.call("GET", `/tracking/${id}`, { headers: { Origin: SHOP } });
  assert.equal(read.status, 200);
  assert.equal(read.headers.get("Access-Control-Allow-Origin"), SHOP);
  assert.equal(read.headers.get("Access-Control-Expose-Headers"), "ETag, Location, Retry-After");
  assert.deepEqual(vary(read.headers), ["Authorization", "Origin"]);
  assert.equal(read.headers.get("Access-Control-Allow-Credentials"), null);
  const refused = await open.call("GET", "/tracking/nonsense", { headers: { Origin: SHOP } });
  assert.deepEqual([refused.status, refused.headers.get("Access-Control-Allow-Origin")], [404, SHOP], "also what is refused");
});

test("a page of any other origin may not, and no cache mixes them up", async () => {
  for (const [service, origin] of [[open, EVIL], [open, "null"], [closed, SHOP]] as const) {
    const preflight = await service.call("OPTIONS", "/tracking/start", { headers: { Origin: origin, "Access-Control-Request-Method": "POST" } });
    assert.deepEqual([preflight.status, preflight.headers.get("Allow"), preflight.headers.get("Access-Control-Allow-Origin")], [405, "POST", null], origin);
    const read = await service.call("GET", "/health", { headers: { Origin: origin } });
    assert.deepEqual([read.status, read.headers.get("Access-Control-Allow-Origin")], [200, null], origin);
  }
  assert.ok(vary((await open.call("GET", "/health")).headers).includes("Origin"));
  const bare = await open.call("OPTIONS", "/tracking/start", { headers: { Origin: SHOP } });
  assert.equal(bare.status, 405, "no preflight");
});

test("a socket is for our own pages, those listed, and what is no browser", async () => {
  const here = (await startDelivery(closed)).tracking_id;
  const cases: [Service, string, string | undefined, boolean][] = [
    [open, id, undefined, true],
    [open, id, open.url, true],
    [open, id, SHOP, true],
    [open, id, "capacitor://localhost", true],
    [open, id, EVIL, false],
    [open, id, "null", false],
    [closed, here, closed.url, true],
    [closed, here, undefined, true],
    [closed, here, SHOP, false],
  ];
  for (const [service, which, origin, expected] of cases) {
    for (const path of [`/ws/tracking/${which}`, `/ws/driver/d1?token=${await token("driver", "d1")}`]) {
      const socket = await new Socket(`${service.ws}${path}`, [], origin === undefined ? {} : { Origin: origin }).opened();
      if (expected) assert.match((await socket.next())["type"], /state$/, `${origin} ${path}`);
      else assert.deepEqual(await socket.close(), { code: 1008, reason: "Not allowed" }, `${origin} ${path}`);
      socket.end();
    }
  }
});

test("every answer carries what protects it", async () => {
  const answers = [`/tracking/${id}`, "/health", "/nothing", "/openapi.json", `/track/${id}`, "/", "/drive", "/dispatch", "/store", "/integrations", "/favicon.svg", "/drive.html", "/track.html", "/dispatch.html"];
  for (const path of answers) {
    const { headers } = await open.call("GET", path);
    assert.equal(headers.get("X-Content-Type-Options"), "nosniff", path);
    assert.equal(headers.get("Cross-Origin-Resource-Policy"), "same-origin", path);
    assert.equal(headers.get("Referrer-Policy"), "strict-origin-when-cross-origin", path);
  }
});

test("a page says what it may load, and only the driver's may read a position", async () => {
  for (const path of [`/track/${id}`, "/track/nonsense", "/", "/drive", "/drive/connect", "/dispatch", "/store", "/integrations", "/drive.html", "/track.html", "/index.html", "/dispatch.html", "/store.html", "/webhooks.html"]) {
    const { headers } = await open.call("GET", path);
    const policy = headers.get("Content-Security-Policy") ?? "";
    assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/, path);
    assert.doesNotMatch(policy, /unsafe/, path);
    assert.equal(headers.get("Cross-Origin-Opener-Policy"), "same-origin", path);
    assert.equal(headers.get("X-Frame-Options"), "SAMEORIGIN", path);
    assert.match(headers.get("Permissions-Policy") ?? "", path.startsWith("/drive") ? /geolocation=\(self\)/ : /geolocation=\(\)/, path);
  }
  const policy = (await open.call("GET", `/track/${id}`)).headers.get("Content-Security-Policy") ?? "";
  const host = open.url.replace("http", "ws");
  assert.ok(policy.includes(`connect-src 'self' ${host} https://tiles.example https://glyphs.example;`), policy);
  assert.ok(policy.includes("img-src 'self' data: blob: https://tiles.example https://glyphs.example;"), policy);
});

test("no log holds a token or an id", async () => {
  // A process of its own, so that all that workerd and the Worker print is read.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "../faults/talk.ts")], { timeout: 90_000 });
  const said = stdout + stderr;
  const [tokens, ids] = [[...said.matchAll(/^secret (.+)$/gm)].map(([, secret]) => secret as string), said.replaceAll(/^secret .+$/gm, "")];
  assert.ok(tokens.length >= 4, said);
  assert.match(ids, /requests are not limited by it/, "the log is read");
  for (const secret of tokens) assert.ok(!ids.includes(secret), `${secret.slice(0, 12)}… is in the log`);
});
