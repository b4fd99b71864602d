// A server that receives webhooks, and answers as a test says.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import type { Json } from "./service.ts";

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  body: Json;
  /** The connection was closed before an answer was complete. */
  isClosed: boolean;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** How it answers from now on: 200 to begin with. */
  answer: (response: ServerResponse, request: IncomingMessage, received: Received) => void;
  /** Waits for as many events as make this true. */
  until: (done: (received: Received[]) => boolean, what: string) => Promise<void>;
  close: () => void;
}

export const answering =
  (status: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, headers).end();

export async function receiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts).toString();
      const received: Received = { path: request.url ?? "", headers: request.headers, text, body: JSON.parse(text), isClosed: false };
      response.on("close", () => void (received.isClosed = !response.writableFinished));
      self.received.push(received);
      self.answer(response, request, received);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const self: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received: [],
    answer: answering(200),
    until: async (done, what) => {
      for (let tries = 0; !done(self.received); tries += 1) {
        if (tries > 1200) throw new Error(`${what}: only ${JSON.stringify(self.received.map(({ path, text }) => [path, text.slice(0, 120)]))}`);
        await delay(25);
      }
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return self;
}

/** The event, if the independent library takes it: throws otherwise. */
export function verified(secret: string, { text, headers }: Received): Json {
  return new Webhook(secret).verify(text, headers as Record<string, string>) as Json;
}
