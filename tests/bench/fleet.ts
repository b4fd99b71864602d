// What a hub takes: reports a second, CPU for each, and memory, on loopback and bounded in time. It runs workerd with the
// Worker of the tests: `node bench/fleet.ts`.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startWorkerd } from "../faults/workerd.ts";
import { token } from "../service.ts";
import { Socket } from "../socket.ts";

const SECONDS = Number(process.env["SECONDS"] ?? 20);
const DELIVERIES = Number(process.env["DELIVERIES"] ?? 2_500);
/** Requests on their way at once. */
const AT_ONCE = 16;
const TICKS_PER_SECOND = 100;

const folder = await mkdtemp(join(tmpdir(), "onway-fleet-bench-"));
const service = await startWorkerd(folder);
const usage = async () => {
  const [stat, status] = await Promise.all(["stat", "status"].map((file) => readFile(`/proc/${service.pid}/${file}`, "utf8")));
  const fields = (stat ?? "").slice((stat ?? "").lastIndexOf(")") + 2).split(" ");
  return { cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND, mb: Number(/VmRSS:\s+(\d+)/.exec(status ?? "")?.[1]) / 1024 };
};

function report(delivery: number, n: number): string {
  const now = Date.now();
  const id = `TRK-${String(delivery).padStart(40, "A")}`;
  const facts = { tracking_id: id, order_id: `O-${delivery}`, store_id: "s1", driver_id: `d${delivery}`, status: "IN_TRANSIT", status_at: 1_700_000_000, mode: "car", pickup: { lat: 5.6, lng: -0.2 }, dropoff: { lat: 5.7, lng: -0.2 }, window: null, started_at: 1_700_000_000, emergency: false };
  const moving = { current_location: { lat: 5.6 + n / 1e5, lng: -0.2, timestamp: Math.floor(now / 1000), heading: 90, speed: 6.1 }, location_state: "live", eta_at: null, remaining_m: 1500, stops_before: 0, off_route: false, driver_online: true, battery: 80, seq: n, updated_at: Math.floor(now / 1000) };
  const members = (value: object) => JSON.stringify(value).slice(1, -1);
  return JSON.stringify({
    tracking_id: id,
    version: { revision: n, at: now },
    facts: { json: members(facts), status: "IN_TRANSIT", driver_id: `d${delivery}`, place: { lat_e7: 56_000_000, lng_e7: -2_000_000 }, expires: now + 3_600_000 },
    moving: { json: members(moving), place: { lat_e7: 56_000_000 + n, lng_e7: -2_000_000 }, fixed: now, stale_at: now + 90_000, lost_at: now + 600_000, updated: now },
  });
}

async function run(what: string, seconds: number, many: number, path: string): Promise<void> {
  const before = await usage();
  const began = performance.now();
  const waits: number[] = [];
  let n = 0;
  const one = async () => {
    while (performance.now() - began < seconds * 1_000 && n < many) {
      n += 1;
      const sent = performance.now();
      const reply = await fetch(`${service.url}${path}`, { method: "POST", body: report(n % DELIVERIES, n) });
      if (!reply.ok) throw new Error(`${reply.status}: ${await reply.text()}`);
      await reply.text();
      waits.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  const passed = (performance.now() - began) / 1_000;
  const after = await usage();
  waits.sort((a, b) => a - b);
  const at = (part: number) => waits[Math.floor((waits.length - 1) * part)]?.toFixed(1);
  console.log(`${what}: ${Math.round(n / passed)} reports/s, ${(((after.cpu - before.cpu) / n) * 1_000).toFixed(2)} ms of CPU each (client, Worker and hub share the machine), p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${after.mb.toFixed(0)} MB`);
}

try {
  await run(`${DELIVERIES} new deliveries, a row each`, 120, DELIVERIES, "/test/fleet/hear/shard/0");
  await run("positions, nobody watches", SECONDS, Infinity, "/test/fleet/hear/shard/0");
  await run("the same requests to nobody (what is not the hub's)", SECONDS / 2, Infinity, "/test/fleet/count/shard/1");
  const desk = await token("dispatcher", "desk");
  const sockets = await Promise.all(Array.from({ length: 3 }, () => new Socket(`${service.ws}/ws/fleet?shard=0&token=${desk}`).opened()));
  await run("positions, three dashboards watch", SECONDS, Infinity, "/test/fleet/hear/shard/0");
  const frames = sockets.map((socket) => socket.frames.length);
  console.log(`frames: ${frames}; the hub says`, (await service.call("GET", "/test/fleet/count/shard/0")).text);
  for (const socket of sockets) socket.end();
} finally {
  await service.kill();
  await rm(folder, { recursive: true, force: true });
}
