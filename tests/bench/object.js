// The yardstick of `make bench`: live tracking of one delivery as a good engineer writes it in plain
// JavaScript. One Durable Object a delivery, hibernatable sockets, state in memory, one SQLite row a fix, one
// JSON text for all sockets. It speaks the part of Onway's contract that is measured, and leaves out the rest:
// late and repeated fixes, filtering, audiences, resuming, expiry, an ETA that learns.
import { DurableObject } from "cloudflare:workers";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const MAY_SEND = ["driver", "admin"];
const MAY_START = ["dispatcher", "admin", "store", "driver"];
const METRES_A_DEGREE = 111_195;
const utf8 = new TextEncoder();

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const [, first, second, third] = url.pathname.split("/");
    const route = `${request.method} /${first}/${second}`;
    const delivery = (id) => env.DELIVERY.getByName(id);
    if (route === "GET /ws/tracking" && third && request.headers.get("Upgrade") === "websocket") {
      const offered = (request.headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((name) => name.trim());
      const token = offered.find((name) => name.startsWith("bearer."))?.slice(7);
      const caller = token === undefined ? null : await verify(token, env);
      if (token !== undefined && caller === null) return problem(401, "Unauthorized");
      const upgrade = { Upgrade: "websocket", "x-role": caller?.role ?? "" };
      if (offered.includes("onway.v1")) upgrade["x-protocol"] = "onway.v1";
      return delivery(third).fetch("https://delivery/", { headers: upgrade });
    }
    const caller = await verify((request.headers.get("Authorization") ?? "").replace(/^Bearer /, ""), env);
    if (route === "POST /tracking/start") {
      if (!MAY_START.includes(caller?.role)) return problem(401, "Unauthorized");
      const id = `TRK-${[...crypto.getRandomValues(new Uint8Array(32))].map((byte) => BASE32[byte & 31]).join("")}`;
      return Response.json(await delivery(id).start(id, await request.json()), { status: 201 });
    }
    if (route === "POST /tracking/update" && third) {
      if (!MAY_SEND.includes(caller?.role)) return problem(401, "Unauthorized");
      const updated = await delivery(third).update(await request.json());
      return updated ? Response.json(updated) : problem(422, "Unprocessable Content");
    }
    return problem(404, "Not Found");
  },
};

export class DeliveryObject extends DurableObject {
  constructor(state, env) {
    super(state, env);
    this.sql = state.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS delivery (id INTEGER PRIMARY KEY, facts TEXT NOT NULL, status TEXT NOT NULL)");
    this.sql.exec("CREATE TABLE IF NOT EXISTS fix (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)");
    const [row] = this.sql.exec("SELECT facts, status FROM delivery").toArray();
    const [fix] = this.sql.exec("SELECT seq, body FROM fix ORDER BY seq DESC LIMIT 1").toArray();
    this.facts = row && JSON.parse(row.facts);
    this.status = row?.status ?? "ASSIGNED";
    this.seq = fix?.seq ?? 0;
    this.fix = fix ? JSON.parse(fix.body) : null;
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'));
  }

  start(id, { order_id, driver_id = null, dropoff }) {
    this.facts = { tracking_id: id, order_id, driver_id, dropoff };
    this.sql.exec("INSERT INTO delivery VALUES (0, ?, ?)", JSON.stringify(this.facts), this.status);
    return this.view();
  }

  update({ location, ...flat }) {
    const counts = this.take(location ?? flat);
    return counts && { ...this.view(), ...counts };
  }

  fetch(request) {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    server.serializeAttachment({ role: request.headers.get("x-role") });
    server.send(JSON.stringify({ type: "initial_state", data: this.view() }));
    const headers = { "Sec-WebSocket-Extensions": "" };
    if (request.headers.has("x-protocol")) headers["Sec-WebSocket-Protocol"] = request.headers.get("x-protocol");
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  webSocketMessage(socket, text) {
    const message = parsed(text);
    const allowed = MAY_SEND.includes(socket.deserializeAttachment()?.role);
    const acknowledge = (counts) => socket.send(JSON.stringify({ type: "ack", id: message.id, ...counts }));
    if (!allowed || !this.take(message?.location ?? message, acknowledge)) {
      socket.send(JSON.stringify({ type: "error", code: allowed ? "invalid" : "forbidden", message: "not taken", id: message?.id }));
    }
  }

  webSocketClose(socket, code, reason) {
    if (![1005, 1006, 1015].includes(code)) socket.close(code, reason);
  }

  /** Stores a fix, a status or both, acknowledges, and tells everybody. Returns the counts; null for what is not valid. */
  take(report, acknowledge = () => {}) {
    const { lat, lng, timestamp, status, accuracy = null, heading = null, speed = null, address = null } = report ?? {};
    const moved = lat !== undefined || lng !== undefined;
    if (moved && !(Math.abs(lat) <= 90 && Math.abs(lng) <= 180)) return null;
    if (!moved && status === undefined) return null;
    if (status !== undefined) {
      this.status = status;
      this.sql.exec("UPDATE delivery SET status = ? WHERE id = 0", status);
    }
    const time = timestamp === undefined ? Date.now() : timestamp >= 1e11 ? timestamp : timestamp * 1000;
    const newer = moved && time > (this.fix?.time ?? 0);
    if (newer) this.fix = { time, lat, lng, accuracy, heading, speed, address };
    if (moved) this.sql.exec("INSERT INTO fix VALUES (?, ?)", ++this.seq, JSON.stringify({ time, lat, lng, accuracy, heading, speed, address }));
    const counts = { accepted: newer ? 1 : 0, duplicates: 0, late: moved && !newer ? 1 : 0, filtered: 0, rejected: [] };
    acknowledge(counts);
    if (status !== undefined) this.broadcast({ type: "status_update", data: { ...this.view(), at: Math.floor(Date.now() / 1000) } });
    if (newer) this.broadcast({ type: "location_update", data: this.view() });
    return counts;
  }

  broadcast(frame) {
    const text = JSON.stringify(frame);
    for (const socket of this.ctx.getWebSockets()) {
      try {
        socket.send(text);
      } catch {
        // It has closed: its close event is on the way.
      }
    }
  }

  view() {
    const { tracking_id, order_id, driver_id, dropoff } = this.facts;
    const now = Date.now();
    const fix = this.fix;
    const remaining = fix && Math.round(metres(fix, dropoff));
    const eta = remaining === null ? null : Math.round(remaining / Math.max(fix.speed ?? 0, 5));
    return {
      tracking_id, order_id, driver_id, status: this.status,
      current_location: fix && { lat: fix.lat, lng: fix.lng, timestamp: Math.floor(fix.time / 1000), accuracy: fix.accuracy, heading: fix.heading, speed: fix.speed, address: fix.address },
      location_state: fix ? "live" : "none",
      eta_seconds: eta, eta_at: eta === null ? null : Math.floor(now / 1000) + eta,
      eta_range: eta === null ? null : [Math.round(eta * 0.8), Math.round(eta * 1.4)], eta_source: eta === null ? null : "speed", eta_confidence: eta === null ? null : "low",
      off_route: false, remaining_m: remaining, progress: null, stops_before: 0,
      seq: this.seq, updated_at: Math.floor((fix?.time ?? now) / 1000), server_time: now,
    };
  }
}

/** A message as an object; undefined for anything else. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** On a plane, which is near enough for the way of one delivery. */
function metres(from, to) {
  const north = (to.lat - from.lat) * METRES_A_DEGREE;
  const east = (to.lng - from.lng) * METRES_A_DEGREE * Math.cos((from.lat * Math.PI) / 180);
  return Math.hypot(north, east);
}

let key;
/** The claims of a token that holds (HS256), or null. */
async function verify(token, env) {
  const [header, claims, signature] = token.split(".");
  if (signature === undefined) return null;
  key ??= crypto.subtle.importKey("raw", utf8.encode(env.JWT_SECRET), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  try {
    const holds = await crypto.subtle.verify("HMAC", await key, unbase64url(signature), utf8.encode(`${header}.${claims}`));
    const told = holds ? JSON.parse(new TextDecoder().decode(unbase64url(claims))) : null;
    return told && told.exp * 1000 > Date.now() ? told : null;
  } catch {
    return null;
  }
}

function unbase64url(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
}

function problem(status, title) {
  return Response.json({ type: "about:blank", title, status }, { status, headers: { "Content-Type": "application/problem+json" } });
}
