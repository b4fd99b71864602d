// A service that speaks to a dashboard as the real one does, with as many deliveries as a test wants: the load of
// `dispatch.test.ts`, which asks what the page bears, not what the hubs do.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import type { Json } from "../service.ts";
import { CENTRE, delivery, drive, driverEntry, moved, statistics } from "./fleet-world.ts";

const DIST = join(import.meta.dirname, "../../web/dist");
const TYPES: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const PAGE = 250;

export interface FleetService {
  url: string;
  /** What was done over HTTP: method, path, body. */
  readonly done: { method: string; path: string; body: Json }[];
  readonly world: Map<string, Json>;
  /** Tells all dashboards of these, as the next frame would. */
  tell(change: { deliveries?: Json[]; removed?: string[] }): void;
  /** A call for help; `told`: whether the sockets hear of it. */
  emergency(of: Json, told?: boolean): Json;
  /** Tells all dashboards that what they asked is refused. */
  refuse(message: string): void;
  /** Whether updates come every second. */
  run(moving: boolean): void;
  stop(): Promise<void>;
}

export interface FleetOptions {
  deliveries: number;
  shards: number;
  stores?: number;
}

export async function startFleet({ deliveries, shards, stores = 12 }: FleetOptions): Promise<FleetService> {
  const now = (): number => Math.floor(Date.now() / 1000);
  const world = new Map<string, Json>();
  for (let n = 0; n < deliveries; n += 1) {
    const one = delivery(n, now(), stores);
    world.set(one["tracking_id"], one);
  }
  const calls: Json[] = [];
  const done: FleetService["done"] = [];
  const sockets = new Map<WebSocket, { shard: number | null; store: string | null }>();
  const shardOf = (one: Json): number => Number(String(one["tracking_id"]).slice(4, 10)) % shards || 0;
  const fits = (one: Json, { shard, store }: { shard: number | null; store: string | null }): boolean =>
    store === null ? shardOf(one) === shard : one["store_id"] === store;
  let seq = 1;

  function told(socket: WebSocket, change: { deliveries?: Json[]; moved?: Json[]; removed?: string[] }): void {
    const data = { deliveries: [], moved: [], removed: [], ...change, seq: (seq += 1), server_time: Date.now() };
    socket.send(JSON.stringify({ type: "fleet_update", data, ...(seq % 32 === 0 && { ack: true }) }));
  }

  function tell({ deliveries: changed = [], removed = [] }: { deliveries?: Json[]; removed?: string[] }): void {
    for (const one of changed) world.set(one["tracking_id"], one);
    for (const id of removed) world.delete(id);
    for (const [socket, scope] of sockets) {
      const mine = changed.filter((one) => fits(one, scope));
      if (mine.length > 0 || removed.length > 0) told(socket, { deliveries: mine, removed });
    }
  }

  function change(id: string, fields: Json): Json | undefined {
    const one = world.get(id);
    if (!one) return undefined;
    const next = { ...one, ...fields, seq: one["seq"] + 1, status_at: now() };
    tell({ deliveries: [next] });
    return next;
  }

  // A fifth of those on their way report each second: each every five.
  let tick = 0;
  function step(): void {
    tick += 1;
    const driven = [...world.values()].filter((one, n) => one["current_location"] && one["location_state"] === "live" && n % 5 === tick % 5);
    for (const one of driven) drive(one, now());
    for (const [socket, scope] of sockets) told(socket, { moved: driven.filter((one) => fits(one, scope)).map(moved) });
  }
  let timer: NodeJS.Timeout | undefined;

  const snapshot = (one: Json): Json => {
    const { current_location: at, dropoff } = one;
    return {
      ...one,
      dropoff: { ...dropoff, address: "14 Ring Road, Osu" },
      pickup: { ...one["pickup"], address: "Makola Market, stall 7" },
      current_location: at,
      timeline: [],
      trail: at ? polyline([[at.lat - 0.012, at.lng - 0.009], [at.lat - 0.007, at.lng - 0.009], [at.lat - 0.007, at.lng - 0.002], [at.lat, at.lng - 0.002], [at.lat, at.lng]]) : "",
      instructions: "Call at the gate",
      rating: one["status"] === "DELIVERED" ? { stars: 4, comment: "Kind and quick", at: now() } : null,
      epoch: "e",
      server_time: Date.now(),
    };
  };
  const PATH = ["CREATED", "ASSIGNED", "PICKED_UP", "IN_TRANSIT", "DELIVERED"];
  const events = (one: Json): Json[] => {
    const reached = PATH.slice(0, Math.max(1, PATH.indexOf(one["status"]) + 1));
    const desk = { role: "dispatcher", subject: "desk-1" };
    const at = (n: number): number => one["started_at"] + n * 240;
    const acts = (n: number): Json[] =>
      n === 1
        ? [
            { type: "assigned", status: "ASSIGNED", at: at(n), by: desk, driver_id: one["driver_id"], former_driver_id: null },
            { type: "corrected", status: "ASSIGNED", at: at(n), by: desk, about: ["dropoff", "window"] },
          ]
        : [];
    return reached.flatMap((status, n) => [{ type: "status", status, at: at(n), note: null, reason: null }, ...acts(n)]);
  };

  /** The body and status of an answer; undefined where there is no such route. */
  function answer(method: string, path: string, query: URLSearchParams, body: Json): [number, unknown] | undefined {
    const [, first = "", second = "", third = ""] = path.split("/").map(decodeURIComponent);
    if (method !== "GET") done.push({ method, path, body });
    if (path === "/fleet") {
      const from = Number(query.get("cursor") ?? 0);
      // Unasked it leaves out what is over.
      const over = ["DELIVERED", "FAILED", "CANCELLED"];
      const statuses = query.get("status")?.split(",");
      const listed = (one: Json): boolean => (statuses ? statuses.includes(one["status"]) : !over.includes(one["status"]));
      const all = [...world.values()].filter((one) => listed(one) && (!query.get("store_id") || one["store_id"] === query.get("store_id")));
      return [200, { shards, deliveries: all.slice(from, from + PAGE), next_cursor: from + PAGE < all.length ? String(from + PAGE) : null, server_time: Date.now() }];
    }
    if (path === "/drivers") return [200, { drivers: [1, 2, 3, 4].map(driverEntry) }];
    if (path === "/emergencies") return [200, { emergencies: calls.filter((call) => !call["acknowledged_at"]) }];
    if (first === "emergencies" && third === "acknowledge") {
      const call = calls.find((one) => one["id"] === second);
      if (!call) return [404, { title: "Not found", detail: "there is no such emergency" }];
      Object.assign(call, { acknowledged_at: now(), acknowledged_by: "desk" });
      for (const id of call["tracking_ids"]) change(id, { emergency: false });
      return [200, call];
    }
    if (first === "drivers" && third === "deliveries") return [200, {}];
    if (path === "/stats/deliveries") return [200, statistics(now(), Math.max(1, Math.round((Number(query.get("to")) - Number(query.get("from"))) / 86_400)))];
    if (path === "/tracking/start") {
      const one = { ...delivery(world.size + 1, now(), 1), ...body, tracking_id: `TRK-${String(world.size + 1).padStart(6, "0")}NEW`, status: "CREATED", driver_id: null, current_location: null, location_state: "none", eta_at: null, off_route: false, window: null, store_id: body["store_id"] ?? "store-1" };
      tell({ deliveries: [one] });
      return [201, snapshot(one)];
    }
    if (path === "/tracking/batch/status") {
      const results = (body["updates"] as Json[]).map(({ tracking_id, status }) => {
        const over = ["DELIVERED", "FAILED", "CANCELLED"].includes(world.get(tracking_id)?.["status"]);
        if (over) return { tracking_id, ok: false, problem: { type: "about:blank", title: "Conflict", status: 409, detail: "it is over" } };
        change(tracking_id, { status });
        return { tracking_id, ok: true, problem: null };
      });
      return [200, { results, server_time: Date.now() }];
    }
    if (first === "tracking" && second === "driver") {
      const jobs = [...world.values()].filter((one) => one["driver_id"] === third);
      return [200, { driver_id: third, online: true, on_duty: true, reason: null, last_seen: now(), last_location: { ...CENTRE, timestamp: now(), battery: 64 }, deliveries: jobs, emergencies: [], server_time: Date.now() }];
    }
    const one = first === "tracking" ? world.get(second) : undefined;
    if (first === "tracking" && !one) return [410, { title: "Gone", detail: "it has expired" }];
    if (!one) return undefined;
    if (third === "" && method === "GET") return [200, snapshot(one)];
    if (third === "events") return [200, { tracking_id: second, order_id: one["order_id"], status: one["status"], events: events(one), etas: [], server_time: Date.now() }];
    if (third === "history") {
      const points = Array.from({ length: 40 }, (_, n) => ({ lat: CENTRE.lat + n * 0.000_4, lng: CENTRE.lng, timestamp: now() - 400 + n * 10, verdict: "accepted" }));
      return [200, { points, next_cursor: null }];
    }
    if (third === "links") return [200, { links: [] }];
    if (third === "assign") return [200, snapshot(change(second, { driver_id: body["driver_id"], status: one["status"] === "CREATED" ? "ASSIGNED" : one["status"] }) ?? one)];
    if (third === "unassign") return [200, snapshot(change(second, { driver_id: null, status: "CREATED" }) ?? one)];
    if (third === "cancel") return [200, snapshot(change(second, { status: "CANCELLED" }) ?? one)];
    if (third === "status") return [200, snapshot(change(second, { status: body["status"] }) ?? one)];
    return [200, snapshot(one)];
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    let text = "";
    for await (const part of request) text += part;
    if (url.pathname === "/dispatch" || url.pathname === "/store" || /^\/(assets|favicon)/.test(url.pathname)) return page(url.pathname, response);
    const found = request.headers.authorization ? answer(request.method ?? "GET", url.pathname, url.searchParams, text === "" ? {} : JSON.parse(text)) : undefined;
    const [status, body] = found ?? (request.headers.authorization ? [404, { title: "Not found", detail: "no such route" }] : [401, { title: "Unauthorized", detail: "a token is needed" }]);
    response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" });
    response.end(JSON.stringify(body));
  }

  /** As the Worker serves them: the policy of `crates/core/src/origins.rs`, and the operator's settings in the page. */
  async function page(path: string, response: ServerResponse): Promise<void> {
    const file = path.startsWith("/assets") || path.startsWith("/favicon") ? path : `${path}.html`;
    const sockets_at = url.replace("http", "ws");
    const content = await readFile(join(DIST, file)).catch(() => null);
    if (content === null) return void response.writeHead(404).end();
    response.writeHead(200, {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Content-Security-Policy": `default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self' ${sockets_at}; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`,
      "Permissions-Policy": "geolocation=(), camera=(), microphone=(), payment=(), usb=()",
    });
    const config = { map_style_url: null, map_attribution: null, map_key: null, timezone: "Africa/Accra", locale: "en-GH" };
    response.end(file.endsWith(".html") ? content.toString().replace("<!--onway:data-->", JSON.stringify({ config })) : content);
  }

  const server = createServer((request, response) => void serve(request, response));
  const upgrades = new WebSocketServer({ server, handleProtocols: () => "onway.v1", perMessageDeflate: false });
  upgrades.on("connection", (socket, request) => {
    const at = new URL(request.url ?? "/", "http://localhost");
    if (!/bearer\./.test(request.headers["sec-websocket-protocol"] ?? "")) return socket.close(1008, "Not allowed");
    const store = /^\/ws\/store\/(.+)$/.exec(at.pathname)?.[1];
    const scope = { shard: store ? null : Number(at.searchParams.get("shard") ?? 0), store: store ? decodeURIComponent(store) : null };
    sockets.set(socket, scope);
    const state = (): void => {
      const all = [...world.values()].filter((one) => fits(one, scope));
      const pages = Math.max(1, Math.ceil(all.length / PAGE));
      for (let n = 1; n <= pages; n += 1) {
        const data = { shard: scope.shard, shards: scope.store ? 1 : shards, page: n, pages, deliveries: all.slice((n - 1) * PAGE, n * PAGE), seq, server_time: Date.now() };
        socket.send(JSON.stringify({ type: "fleet_state", data }));
      }
    };
    socket.on("message", (text) => {
      const frame = JSON.parse(String(text)) as Json;
      if (frame["type"] === "ping") socket.send('{"type":"pong"}');
      if (frame["type"] === "get" || frame["type"] === "subscribe") state();
    });
    socket.on("close", () => sockets.delete(socket));
    state();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    done,
    world,
    tell,
    emergency(of, told = true) {
      const call = { id: `E${calls.length + 1}`, driver_id: of["driver_id"], at: now(), message: "Flat tyre, on the motorway", tracking_ids: [of["tracking_id"]], acknowledged_at: null, acknowledged_by: null };
      calls.push(call);
      change(of["tracking_id"], { emergency: true });
      for (const [socket, { shard, store }] of sockets) {
        if (told && (shard === 0 || store === of["store_id"])) socket.send(JSON.stringify({ type: "emergency_alert", data: call }));
      }
      return call;
    },
    refuse(message) {
      for (const socket of sockets.keys()) socket.send(JSON.stringify({ type: "error", code: "invalid", message }));
    },
    run(moving) {
      clearInterval(timer);
      if (moving) timer = setInterval(step, 1_000);
    },
    async stop() {
      clearInterval(timer);
      for (const socket of sockets.keys()) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An encoded polyline, precision 5. */
function polyline(points: [number, number][]): string {
  let text = "";
  let before = [0, 0];
  for (const point of points) {
    for (const axis of [0, 1] as const) {
      const delta = Math.round(point[axis] * 1e5) - Math.round((before[axis] ?? 0) * 1e5);
      let bits = delta < 0 ? ~(delta << 1) : delta << 1;
      for (; bits >= 0x20; bits >>= 5) text += String.fromCharCode((0x20 | (bits & 0x1f)) + 63);
      text += String.fromCharCode(bits + 63);
    }
    before = point;
  }
  return text;
}
