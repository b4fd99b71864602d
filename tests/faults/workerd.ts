// workerd itself, without anything around it, so that it can be killed and D1 can fail: the service, and a
// D1 of the tests' own (d1.js) behind the runtime's D1 API. State is on disk and outlives the process.
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

export interface Process {
  url: string;
  ws: string;
  call: Call;
  /** What the runtime has written to its standard error. */
  log: string[];
  /** Sets the next calls of D1; returns how many there were since the start, and rows written. */
  fault(fault: Fault): Promise<{ calls: number; rowsWritten: number }>;
  sql<Row = Json>(sql: string, ...params: unknown[]): Promise<Row[]>;
  /** SIGKILL: no handler runs, nothing is flushed. */
  kill(): Promise<void>;
}

/** Starts workerd on the state in `folder`; at this port, where somebody waits for it to come back there. */
export async function startWorkerd(folder: string, vars: Record<string, string> = {}, port = 0): Promise<Process> {
  for (const name of ["objects", "database"]) await mkdir(join(folder, name), { recursive: true });
  const config = join(folder, "workerd.capnp");
  // What is counted and made to fail here is the archive: who looks, the tests among them, is not noted.
  await writeFile(config, capnp(folder, { JWT_SECRET, ID_SECRET, ALLOW_SIM_CLOCK: "1", ACCESS_LOG: "off", ...vars }, port));
  const child = spawn(BINARY, ["serve", "--experimental", "--control-fd=3", config], { stdio: ["ignore", "inherit", "pipe", "pipe"] });
  const log: string[] = [];
  createInterface({ input: child.stderr as Readable }).on("line", (line) => log.push(line));
  const ports = await listening(child, log);
  const service = `127.0.0.1:${ports.get("http")}`;
  const post = async (path: string, body: unknown) => {
    const response = await fetch(`http://127.0.0.1:${ports.get("d1")}${path}`, { method: "POST", body: JSON.stringify(body) });
    return response.json();
  };
  const sql = async <Row>(text: string, ...params: unknown[]) => ((await post("/sql", { sql: text, params })) as Row[][])[0] as Row[];
  await migrate(sql);
  return {
    url: `http://${service}`,
    ws: `ws://${service}`,
    call: caller(`http://${service}`),
    log,
    fault: (fault) => post("/fault", fault) as Promise<{ calls: number; rowsWritten: number }>,
    sql,
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
    if (ports.size === 2) return ports;
  }
  throw new Error(`workerd ended before it listened:\n${log.join("\n")}`);
}

const text = (value: string) => JSON.stringify(value);

function capnp(folder: string, vars: Record<string, string>, port: number): string {
  const embed = (path: string) => `embed ${text(relative(folder, join(ROOT, path)))}`;
  const bindings = Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "onway", worker = (
      modules = [(name = "index.js", esModule = ${embed("build-test/index.js")}), (name = "./index_bg.wasm", wasm = ${embed("build-test/index_bg.wasm")})],
      compatibilityDate = "2026-08-04",
      bindings = [
        (name = "DELIVERY", durableObjectNamespace = "DeliveryObject"),
        (name = "DRIVER", durableObjectNamespace = "DriverObject"),
        (name = "ASSETS", service = "assets"),
        (name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", service = "d1")])),
        ${bindings.join(",\n        ")}
      ],
      durableObjectNamespaces = [
        (className = "DeliveryObject", uniqueKey = "onway", enableSql = true),
        (className = "DriverObject", uniqueKey = "driver", enableSql = true),
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
    (name = "assets", disk = (path = ${text(join(ROOT, "web/dist"))})),
    (name = "objects", disk = (path = ${text(join(folder, "objects"))}, writable = true)),
    (name = "database", disk = (path = ${text(join(folder, "database"))}, writable = true)),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:${port}", http = (), service = "onway"),
    (name = "d1", address = "127.0.0.1:0", http = (), service = "d1"),
  ],
);
`;
}
