// The two servers of a comparison, each in a workerd of its own, as Miniflare starts it: Onway's Worker as it
// is deployed, and the yardstick of object.js. Same runtime, same settings, state on disk, nothing replaced.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { migrate, UNLIMITED } from "../service.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Signs the tokens of a run: known to both servers and to the load generator. */
export const JWT_SECRET = "the secret that signs the tokens of a benchmark";
const ID_SECRET = "the secret that signs the ids of a benchmark";

export type Side = "onway" | "javascript";

export interface Server {
  url: string;
  /** workerd's own process. */
  pid: number;
  stop(): Promise<void>;
}

interface Built {
  folder: string;
  modules: { type: "ESModule" | "CompiledWasm"; path: string }[];
}

function built(side: Side, onway: string): Built {
  if (side === "javascript") {
    const folder = import.meta.dirname;
    return { folder, modules: [{ type: "ESModule", path: join(folder, "object.js") }] };
  }
  const folder = join(ROOT, onway);
  const module = (type: "ESModule" | "CompiledWasm", name: string) => ({ type, path: join(folder, name) });
  return { folder, modules: [module("ESModule", "index.js"), module("CompiledWasm", "index_bg.wasm")] };
}

/** Starts a server on a free port of 127.0.0.1. `onway` is the folder of Onway's build. */
export async function serve(side: Side, onway = "build"): Promise<Server> {
  const { folder, modules } = built(side, onway);
  for (const { path } of modules) {
    if (!existsSync(path)) throw new Error(`${path} is missing: run scripts/wasm.sh first`);
  }
  const state = await mkdtemp(join(tmpdir(), "onway-bench-"));
  const settings = convertV4MiniflareOptions({
    name: "bench",
    rootPath: folder,
    modulesRoot: folder,
    modules,
    compatibilityDate: "2026-08-04",
    host: "127.0.0.1",
    port: 0,
    bindings: { JWT_SECRET, ID_SECRET, ...UNLIMITED },
    // Onway's archive; the yardstick has none.
    d1Databases: { DB: "onway" },
    durableObjects: {
      DELIVERY: { className: "DeliveryObject", useSQLite: true },
      DRIVER: { className: "DriverObject", useSQLite: true },
      FLEET: { className: "FleetObject", useSQLite: true },
    },
    // Straight to the Worker, as on the platform: Miniflare's own entry is a Worker of its own, through which
    // each frame would pass once more.
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  });
  const before = new Set(children());
  const miniflare = new Miniflare({ ...settings, resourcePersistencePath: state });
  const stop = async () => {
    await miniflare.dispose();
    await rm(state, { recursive: true, force: true });
  };
  try {
    await miniflare.ready;
    await migrate(await miniflare.getD1Database("DB"));
    const url = (await miniflare.unsafeGetDirectURL()).origin;
    const [pid, ...more] = children().filter((child) => !before.has(child));
    if (pid === undefined || more.length > 0) throw new Error("the process of workerd was not found");
    return { url, pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Processes that this one has started. */
function children(): number[] {
  const lists = readdirSync("/proc/self/task").map((thread) => readFileSync(`/proc/self/task/${thread}/children`, "utf8"));
  return lists.join(" ").split(/\s+/).filter(Boolean).map(Number);
}
