// The real service on the real runtime: workerd, as Miniflare starts it, with the Worker built with
// feature `test-utils`, its objects' SQLite on disk, and nothing replaced.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";

const ROOT = join(import.meta.dirname, "..");
export const JWT_SECRET = "the secret that signs the tokens of the tests";
export const ID_SECRET = "the secret that signs the ids of the tests";

/** Tests send as fast as they are answered. */
export const UNLIMITED = { FRAMES_PER_SECOND: "1000000", FRAMES_BURST: "1000000" };

export type Json = Record<string, any>;
export type Role = "driver" | "customer" | "store" | "dispatcher" | "admin";

export interface Options {
  /** Overrides variables; `undefined` unsets one. */
  vars?: Record<string, string | undefined>;
  /** Where the objects' SQLite lives: kept when given, removed at the end otherwise. */
  state?: string;
  /** Whether a bucket for photos and signatures is bound; it is unless this says no. */
  proofs?: boolean;
  /** Rate-limit bindings: how many in how many seconds. None by default: nothing is limited. */
  limits?: Record<string, { limit: number; period: 10 | 60 }>;
  /** Whether the queue is bound through which people are told; it is unless this says no. */
  queue?: boolean;
  /** Lets a request set off the cron trigger. */
  triggers?: boolean;
  /** A fixed port, for what has it written down. */
  port?: number;
}

export interface Service {
  url: string;
  /** The same for sockets. */
  ws: string;
  /** What lies in the bucket of proofs. */
  images: () => Promise<string[]>;
  state: string;
  /** Asks D1 itself. */
  sql: (query: string, ...values: unknown[]) => Promise<Json[]>;
  stop(): Promise<void>;
  call: Call;
}

export type Call = (method: string, path: string, init?: CallInit) => Promise<Reply>;

export interface CallInit {
  token?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Reply {
  status: number;
  headers: Headers;
  body: Json;
  text: string;
}

export async function start(options: Options = {}): Promise<Service> {
  const state = options.state ?? (await mkdtemp(join(tmpdir(), "onway-test-")));
  const vars: Record<string, string | undefined> = { JWT_SECRET, ID_SECRET, ALLOW_SIM_CLOCK: "1", LOG_LEVEL: "warn", ...UNLIMITED, ...options.vars };
  const bindings = Object.fromEntries(Object.entries(vars).filter(([, value]) => value !== undefined)) as Record<string, string>;
  const build = join(ROOT, "build-test");
  const settings = convertV4MiniflareOptions({
    name: "onway",
    rootPath: build,
    modulesRoot: build,
    modules: [
      { type: "ESModule", path: join(build, "index.js") },
      { type: "CompiledWasm", path: join(build, "index_bg.wasm") },
    ],
    compatibilityDate: "2026-08-04",
    compatibilityFlags: ["queue_consumer_no_wait_for_wait_until"],
    host: "127.0.0.1",
    port: options.port ?? 0,
    bindings,
    ratelimits: Object.fromEntries(Object.entries(options.limits ?? {}).map(([name, simple], at) => [name, { namespace_id: String(at + 1), simple }])),
    d1Databases: { DB: "onway" },
    ...(options.proofs === false ? {} : { r2Buckets: { PROOFS: "onway-proofs" } }),
    ...(options.queue === false
      ? {}
      : { queueProducers: { EVENTS: { queueName: "onway-events" } }, queueConsumers: { "onway-events": { maxBatchSize: 6, maxBatchTimeout: 0, maxRetries: 20, retryDelay: 1 } } }),
    durableObjects: {
      DELIVERY: { className: "DeliveryObject", useSQLite: true },
      DRIVER: { className: "DriverObject", useSQLite: true },
      FLEET: { className: "FleetObject", useSQLite: true },
    },
    assets: {
      directory: join(ROOT, "web/dist"),
      binding: "ASSETS",
      run_worker_first: ["/openapi.json"],
      routerConfig: { has_user_worker: true },
      assetConfig: { html_handling: "none", not_found_handling: "none" },
    },
  });
  const miniflare = new Miniflare({ ...settings, resourcePersistencePath: state, ...(options.triggers ? { unsafeTriggerHandlers: true } : {}) });
  const url = (await miniflare.ready).origin;
  await migrate(await miniflare.getD1Database("DB"));
  return {
    url,
    ws: url.replace("http", "ws"),
    state,
    async stop() {
      await miniflare.dispose();
      if (options.state === undefined) await rm(state, { recursive: true, force: true });
    },
    call: caller(url),
    sql: async (query, ...values) => (await ((await miniflare.getD1Database("DB")) as unknown as Database).prepare(query).bind(...values).all()).results,
    images: async () => ((await miniflare.getR2Bucket("PROOFS")) as unknown as Bucket).list().then((found) => found.objects.map((object) => object.key)),
  };
}

/** Whether a shown position, which is smoothed, is that of a fix: within 20 m. */
export function isNear(shown: { lat: number; lng: number }, lat: number, lng = -0.2): boolean {
  return Math.abs(shown.lat - lat) < 0.000_18 && Math.abs(shown.lng - lng) < 0.000_18;
}

/** Calls the service at `url`. */
export function caller(url: string): Call {
  return async (method, path, init = {}) => {
    const headers: Record<string, string> = { ...init.headers };
    if (init.token) headers["Authorization"] = `Bearer ${init.token}`;
    let body: string | Uint8Array<ArrayBuffer> | undefined;
    if (init.body !== undefined) {
      headers["Content-Type"] ??= "application/json";
      const raw = typeof init.body === "string" || init.body instanceof Uint8Array;
      body = raw ? (init.body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(init.body);
    }
    const response = await fetch(url + path, { method, headers, redirect: "manual", ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    const json = response.headers.get("Content-Type")?.includes("json") && text !== "";
    return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : {} };
  };
}

/** What the tests use of D1: Miniflare's types are those of the platform, which are not installed here. */
interface Database {
  prepare(sql: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
}

interface Bucket {
  list(): Promise<{ objects: { key: string }[] }>;
}

interface Statement {
  bind(...values: unknown[]): Statement;
  run(): Promise<unknown>;
  all<Row = Json>(): Promise<{ results: Row[] }>;
}

/** Applies what `wrangler d1 migrations apply` would. */
export async function migrate(database: Database): Promise<void> {
  await database.prepare("CREATE TABLE IF NOT EXISTS d1_migrations (name TEXT PRIMARY KEY)").run();
  const applied = new Set((await database.prepare("SELECT name FROM d1_migrations").all<{ name: string }>()).results.map((row) => row.name));
  for (const [name, statements] of await migrations()) {
    if (applied.has(name)) continue;
    const note = database.prepare("INSERT INTO d1_migrations VALUES (?)").bind(name);
    await database.batch([...statements.map((statement) => database.prepare(statement)), note]);
  }
}

/** The migrations of D1, in order, statement by statement. */
export async function migrations(): Promise<[string, string[]][]> {
  const folder = join(ROOT, "migrations");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  const read = async (name: string): Promise<[string, string[]]> => {
    const text = (await readFile(join(folder, name), "utf8")).replaceAll(/--.*$/gm, "");
    return [name, text.split(";").map((statement) => statement.trim()).filter((statement) => statement !== "")];
  };
  return Promise.all(names.map(read));
}

export interface TokenOptions {
  store?: string;
  /** Seconds from now; negative for one that has expired. */
  ttl?: number;
  secret?: string;
}

export function token(role: string, sub: string, { store, ttl = 3600, secret = JWT_SECRET }: TokenOptions = {}): Promise<string> {
  const claims: Json = { role, ...(store === undefined ? {} : { store_id: store }) };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(sub)
    .setExpirationTime(Math.floor(Date.now() / 1000) + ttl)
    .sign(new TextEncoder().encode(secret));
}

export const DROPOFF = { lat: 5.65, lng: -0.2 };

/** Starts a delivery with a driver, a customer and a store; by a dispatcher, unless another token is given. */
export async function startDelivery(service: { call: Call }, extra: Json = {}, by?: string): Promise<Json> {
  const reply = await service.call("POST", "/tracking/start", {
    token: by ?? (await token("dispatcher", "desk")),
    body: { order_id: "O-1", driver_id: "d1", customer_id: "c1", store_id: "s1", dropoff: DROPOFF, ...extra },
  });
  if (reply.status !== 201) throw new Error(`start answered ${reply.status}: ${reply.text}`);
  return reply.body;
}
