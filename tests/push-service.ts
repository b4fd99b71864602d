// A push service of the tests, and a browser that subscribes to it: a real server, and a decryption of node's own.
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Json } from "./service.ts";

/** A pair of keys that only tests use. */
export const VAPID_JWK = {
  kty: "EC",
  crv: "P-256",
  x: "_xwnxA_oU9EKRvIZLiyidA36egk_LEHkTWFjbTBhnXI",
  y: "xJnXSpqb4Q7L_YbBAuLUD2Er1rn6gGMXpAHaVCDqodw",
  d: "blIheowkU0ITxre8wwF2Z_7C64vkGjH3ecaSj6X9VpU",
};

export const PUSH_VARS = {
  VAPID_PRIVATE_KEY: JSON.stringify(VAPID_JWK),
  VAPID_SUBJECT: "mailto:push@example.com",
  ALLOW_LOCAL_ENDPOINTS: "1",
  PUSH_RETRIES_S: "0,0,0",
};

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface PushService {
  url: string;
  received: Received[];
  /** What the next requests to a path are answered with, each with one; 201 when there are no more. `null`: never. */
  answers: Map<string, (number | null)[]>;
  /** The requests to a path, once there are so many. */
  at(path: string, count?: number): Promise<Received[]>;
  stop(): Promise<void>;
}

export async function startPushService(): Promise<PushService> {
  const server = createServer((request, response) => void take(request, response));
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const path = request.url ?? "";
    const answer = service.answers.get(path)?.shift();
    service.received.push({ path, headers: request.headers, body: Buffer.concat(parts) });
    if (answer !== null) response.writeHead(answer ?? 201, answer === 302 ? { Location: "/elsewhere" } : {}).end();
  };
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const service: PushService = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    answers: new Map(),
    async at(path, count = 1) {
      const found = (): Received[] => service.received.filter((one) => one.path === path);
      for (let tries = 0; found().length < count; tries += 1) {
        if (tries > 600) throw new Error(`${found().length} of ${count} came to ${path}`);
        await delay(25);
      }
      return found();
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return service;
}

export interface Browser {
  /** As `PushSubscription.toJSON()` gives it. */
  subscription: Json;
  /** What a message says (RFC 8291, 3.4; RFC 8188, 2). */
  open(body: Buffer): Json;
}

export function browser(endpoint: string): Browser {
  const pair = createECDH("prime256v1");
  const own = pair.generateKeys();
  const auth = randomBytes(16);
  return {
    subscription: { endpoint, expirationTime: null, keys: { p256dh: own.toString("base64url"), auth: auth.toString("base64url") } },
    open(body) {
      const [salt, length] = [body.subarray(0, 16), body.readUInt8(20)];
      const theirs = body.subarray(21, 21 + length);
      if (body.length > 4_096 || body.readUInt32BE(16) < body.length - 21 - length) throw new Error("it is larger than its record");
      const info = Buffer.concat([Buffer.from("WebPush: info\0"), own, theirs]);
      const key = Buffer.from(hkdfSync("sha256", pair.computeSecret(theirs), auth, info, 32));
      const part = (name: string, bytes: number): Buffer => Buffer.from(hkdfSync("sha256", key, salt, Buffer.from(`Content-Encoding: ${name}\0`), bytes));
      const cipher = createDecipheriv("aes-128-gcm", part("aes128gcm", 16), part("nonce", 12));
      const sealed = body.subarray(21 + length);
      cipher.setAuthTag(sealed.subarray(-16));
      const text = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
      const end = text.lastIndexOf(2);
      return JSON.parse(text.subarray(0, end).toString()) as Json;
    },
  };
}
