// workerd itself, without anything around it, so that it can be killed and D1 can fail: the service, a D1 of the
// tests' own (d1.js) behind the runtime's D1 API, and a queue (queue.js). State is on disk and outlives the process.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { type Call, caller, ID_SECRET, JWT_SECRET, type Json, migrations } from "../service.ts";

/** The path of the program. */
const BINARY = (createRequire(import.meta.url)("workerd") as { default: string }).default;
const ROOT = join(import.meta.dirname, "../..");

export interface Fault {
  /** before: fails and writes nothing. after: writes, and fails. hang: never answers. */
  kind: "before" | "after" | "slow" | "hang" | "none";
  /** How many calls go so. */
  count: number;
}

/** A message that waits in the queue: when it is to be delivered, in Unix milliseconds, and how often it was. */
export interface Held {
  errand: Json;
  due: number;
  attempts: number;
}

export interface Process {
  /** Of the runtime. */
  pid: number | undefined;
  url: string;
  ws: string;
  call: Call;
  /** What the runtime has written to its standard error. */
  log: string[];
  /** Sets the next calls of D1; returns how many there were since the start, and rows written. */
  fault(fault: Fault): Promise<{ calls: number; rowsWritten: number }>;
  sql<Row = Json>(sql: string, ...params: unknown[]): Promise<Row[]>;
  /** What the queue was given since it started, oldest first; it is away for the next so many calls. */
  told(): Promise<Json[]>;
  queueAway(calls: number): Promise<void>;
  /** Of a queue that delivers. */
  queue: {
    /** What nobody has acknowledged, oldest first. */
    held(): Promise<Held[]>;
    /** Delivers nothing more, or again. A batch that has been begun goes on. */
    pause(paused: boolean): Promise<void>;
    /** It takes what it is given in the next so many calls, and never answers. */
    mute(calls: number): Promise<void>;
  };
  /** SIGKILL: no handler runs, nothing is flushed. */
  kill(): Promise<void>;
}

/** Whether the queue only keeps what it is given, or brings it to the consumer; `false`: there is none, and nobody is told. */
type Queue = "keeps" | "delivers" | false;

/** Starts workerd on the state in `folder`; at this port, where somebody waits for it to come back there. */
export async function startWorkerd(folder: string, vars: Record<string, string> = {}, port = 0, queue: Queue = "keeps"): Promise<Process> {
  for (const name of ["objects", "database", "messages"]) await mkdir(join(folder, name), { recursive: true });
  const config = join(folder, "workerd.capnp");
  // What is counted and made to fail here is the archive: who looks, the tests among them, is not noted.
  await writeFile(config, capnp(folder, { JWT_SECRET, ID_SECRET, ALLOW_SIM_CLOCK: "1", ACCESS_LOG: "off", LOG_LEVEL: "warn", ...vars }, port, queue));
  const child = spawn(BINARY, ["serve", "--experimental", "--control-fd=3", config], { stdio: ["ignore", "inherit", "pipe", "pipe"] });
  const log: string[] = [];
  createInterface({ input: child.stderr as Readable }).on("line", (line) => log.push(line));
  const ports = await listening(child, log);
  const service = `127.0.0.1:${ports.get("http")}`;
  const sink = `http://127.0.0.1:${ports.get("queue")}`;
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`http://127.0.0.1:${ports.get("d1")}${path}`, { method: "POST", body: JSON.stringify(body) });
    return response.json();
  };
  const sql = async <Row>(text: string, ...params: unknown[]) => ((await post("/sql", { sql: text, params })) as Row[][])[0] as Row[];
  await migrate(sql);
  const ask = async (path: string, body?: unknown) => (await fetch(sink + path, body === undefined ? {} : { method: "POST", body: String(body) })).json();
  // What was left in it by a process that was killed goes on.
  if (queue === "delivers") await ask("/pause", false);
  return {
    pid: child.pid,
    url: `http://${service}`,
    ws: `ws://${service}`,
    call: caller(`http://${service}`),
    log,
    fault: (fault) => post("/fault", fault) as Promise<{ calls: number; rowsWritten: number }>,
    sql,
    told: async () => ((await ask("/kept")) as string[]).map((message) => JSON.parse(message) as Json),
    queueAway: async (calls) => void (await ask("/away", calls)),
    queue: {
      held: async () => ((await ask("/held")) as (Omit<Held, "errand"> & { body: string })[]).map(({ body, ...held }) => ({ ...held, errand: JSON.parse(body) as Json })),
      pause: async (paused) => void (await ask("/pause", paused)),
      mute: async (calls) => void (await ask("/mute", calls)),
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function migrate(sql: (text: string, ...params: unknown[]) => Promise<unknown[]>): Promise<void> {
  if ((await sql("SELECT 1 FROM sqlite_master WHERE name = 'delivery'")).length > 0) return;
  for (const [, statements] of await migrations()) {
    for (const statement of statements) await sql(statement);
  }
}

/** Resolves with the ports once both sockets listen. */
async function listening(child: ChildProcess, log: string[]): Promise<Map<string, number>> {
  const ports = new Map<string, number>();
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const message = JSON.parse(line) as { event: string; socket: string; port: number };
    if (message.event === "listen") ports.set(message.socket, message.port);
    if (ports.size === 3) return ports;
  }
  throw new Error(`workerd ended before it listened:\n${log.join("\n")}`);
}

const text = (value: string) => JSON.stringify(value);

function capnp(folder: string, vars: Record<string, string>, port: number, queue: Queue): string {
  const embed = (path: string) => `embed ${text(relative(folder, join(ROOT, path)))}`;
  const bindings = Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "onway", worker = (
      modules = [(name = "index.js", esModule = ${embed("build-test/index.js")}), (name = "./index_bg.wasm", wasm = ${embed("build-test/index_bg.wasm")})],
      compatibilityDate = "2026-08-04",
      compatibilityFlags = ["queue_consumer_no_wait_for_wait_until"],
      bindings = [
        (name = "DELIVERY", durableObjectNamespace = "DeliveryObject"),
        (name = "DRIVER", durableObjectNamespace = "DriverObject"),
        (name = "FLEET", durableObjectNamespace = "FleetObject"),
        (name = "ASSETS", service = "assets"),
        ${queue ? '(name = "EVENTS", queue = "queue"),' : ""}
        (name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", service = "d1")])),
        ${bindings.join(",\n        ")}
      ],
      durableObjectNamespaces = [
        (className = "DeliveryObject", uniqueKey = "onway", enableSql = true),
        (className = "DriverObject", uniqueKey = "driver", enableSql = true),
        (className = "FleetObject", uniqueKey = "fleet", enableSql = true),
      ],
      durableObjectStorage = (localDisk = "objects"),
    )),
    (name = "d1", worker = (
      modules = [(name = "d1.js", esModule = ${embed("tests/faults/d1.js")})],
      compatibilityDate = "2026-08-04",
      bindings = [(name = "DATABASE", durableObjectNamespace = "Database")],
      durableObjectNamespaces = [(className = "Database", uniqueKey = "d1", enableSql = true)],
      durableObjectStorage = (localDisk = "database"),
    )),
    (name = "queue", worker = (
      modules = [(name = "queue.js", esModule = ${embed("tests/faults/queue.js")})],
      compatibilityDate = "2026-08-04",
      compatibilityFlags = ["service_binding_extra_handlers"],
      bindings = [
        (name = "MESSAGES", durableObjectNamespace = "Messages"),
        ${queue === "delivers" ? '(name = "CONSUMER", service = "onway"),' : ""}
      ],
      durableObjectNamespaces = [(className = "Messages", uniqueKey = "messages", enableSql = true)],
      durableObjectStorage = (localDisk = "messages"),
    )),
    ${queue === "delivers" ? '(name = "internet", network = (allow = ["public", "private"])),' : ""}
    (name = "assets", disk = (path = ${text(join(ROOT, "web/dist"))})),
    (name = "objects", disk = (path = ${text(join(folder, "objects"))}, writable = true)),
    (name = "database", disk = (path = ${text(join(folder, "database"))}, writable = true)),
    (name = "messages", disk = (path = ${text(join(folder, "messages"))}, writable = true)),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:${port}", http = (), service = "onway"),
    (name = "d1", address = "127.0.0.1:0", http = (), service = "d1"),
    (name = "queue", address = "127.0.0.1:0", http = (), service = "queue"),
  ],
);
`;
}
