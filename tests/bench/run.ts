// `make bench`: Onway beside the yardstick of object.js, in turns (A B A B …), each turn in a fresh workerd, with
// one load generator. With BENCH_PEER_URL the other side is a server of yours, which keeps running; BENCH_PEER_PID
// is its process, found by its port where it is not given.
import { execFileSync, spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { type Comparison, type Report, compare, markdown, merge } from "./compare.ts";
import { JWT_SECRET, serve } from "./servers.ts";

const ROOT = join(import.meta.dirname, "../..");
const ARTIFACTS = join(ROOT, "tests/artifacts");
const GENERATOR = process.env["ONWAY_BIN"] ?? join(ROOT, "target/tool/onway");
/** 1 is the whole of it; a tenth is enough to see that it works. */
const scale = number("BENCH_SCALE", 1, 0.01, 10);
const rounds = Math.max(1, Math.round(number("BENCH_ROUNDS", 3, 1, 20)));
const peerUrl = process.env["BENCH_PEER_URL"];
const peerSecret = process.env["BENCH_PEER_SECRET"] ?? JWT_SECRET;

interface Side {
  name: string;
  /** Starts it, where it is ours. */
  open(): Promise<{ url: string; pid?: number; stop(): Promise<void> }>;
  secret: string;
}

const onway: Side = { name: "Onway", open: () => serve("onway"), secret: JWT_SECRET };
const other: Side =
  peerUrl === undefined
    ? { name: "JavaScript", open: () => serve("javascript"), secret: JWT_SECRET }
    : { name: "peer", open: async () => ({ url: peerUrl, ...peerPid(), stop: async () => {} }), secret: peerSecret };

const cancel = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => cancel.abort());

const before = loadavg();
const reports = new Map<Side, Report[]>([
  [onway, []],
  [other, []],
]);
for (let round = 1; round <= rounds && !cancel.signal.aborted; round += 1) {
  // Who comes first changes, so that what grows over a run falls on both.
  for (const side of round % 2 === 1 ? [onway, other] : [other, onway]) {
    console.log(`round ${round} of ${rounds}: ${side.name}, load ${loadavg().map((load) => load.toFixed(2)).join(" ")}`);
    reports.get(side)?.push(await turn(side, round));
  }
}
const [mine, theirs] = [merge(reports.get(onway) ?? []), merge(reports.get(other) ?? [])];
const comparison: Comparison = compare([onway.name, mine], [other.name, theirs], {
  rounds,
  scale,
  loadBefore: before,
  loadAfter: loadavg(),
  workerd: workerd(),
});
const table = markdown(comparison);
await writeFile(join(ARTIFACTS, "bench.json"), `${JSON.stringify(comparison, null, 2)}\n`);
await writeFile(join(ARTIFACTS, "bench.md"), table);
console.log(`\n${table}\nall values: tests/artifacts/bench.json`);

/** One side under the whole load. */
async function turn(side: Side, round: number): Promise<Report> {
  const server = await side.open();
  try {
    await mkdir(ARTIFACTS, { recursive: true });
    const json = join(ARTIFACTS, `bench-${side.name}-${round}.json`);
    const args = ["bench", "--url", server.url, "--json", json, ...sizes()];
    if (server.pid !== undefined) args.push("--pid", String(server.pid));
    const env = { ...process.env, JWT_SECRET: side.secret };
    const child = spawn(GENERATOR, args, { env, stdio: ["ignore", "ignore", "inherit"], signal: cancel.signal });
    const code = await new Promise<number | null>((done, failed) => child.on("error", failed).on("exit", done));
    if (code !== 0) throw new Error(`onway ${args.join(" ")} ended with ${code}`);
    return JSON.parse(await readFile(json, "utf8")) as Report;
  } finally {
    await server.stop();
  }
}

/** The loads at this scale: fewer fixes first, then fewer watchers. */
function sizes(): string[] {
  const fixes = Math.min(100, Math.max(3, Math.round(25 * scale)));
  const watchers = [5000, 1000, 100].map((all) => Math.max(10, Math.round(all * Math.min(1, scale * 2))));
  return ["--fixes", String(fixes), "--watchers", watchers.join(","), "--burst-watchers", String(watchers[1])];
}

function peerPid(): { pid?: number } {
  const pid = process.env["BENCH_PEER_PID"];
  return pid === undefined ? {} : { pid: Number(pid) };
}

function workerd(): string {
  return execFileSync(join(ROOT, "node_modules/.bin/workerd"), ["--version"], { encoding: "utf8" }).trim();
}

function number(name: string, otherwise: number, least: number, most: number): number {
  const value = Number(process.env[name] ?? otherwise);
  if (!(value >= least && value <= most)) throw new Error(`${name} must be a number from ${least} to ${most}`);
  return value;
}
