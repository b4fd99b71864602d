// A socket of a test: frames are awaited in order, and a close is an event like them.
import { setTimeout as delay } from "node:timers/promises";
import WebSocket from "ws";
import type { Json } from "./service.ts";

/** So long a frame may take on a loaded machine before the test is told that it is missing. */
const PATIENCE_MS = 15_000;

/** So long a connection may outlive the exchange of close frames, as in Chrome: workerd lets go of one of a Durable Object only when that hibernates. */
const LINGER_MS = 2_000;

export interface Closed {
  code: number;
  reason: string;
}

export class Socket {
  readonly frames: Json[] = [];
  readonly raw: WebSocket;
  /** Whether it says that it keeps up, when it is asked. */
  answers = true;
  closed: Closed | undefined;
  #wake: (() => void)[] = [];

  constructor(url: string, protocols: string[] = [], headers: Record<string, string> = {}) {
    const options = { headers, closeTimeout: LINGER_MS };
    this.raw = new WebSocket(url, protocols, options);
    this.raw.on("message", (data) => {
      const frame = JSON.parse(String(data));
      this.frames.push(frame);
      if (frame.ack === true && this.answers) this.send({ type: "ack", seq: frame.data.seq });
      this.#changed();
    });
    this.raw.on("close", (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.#changed();
    });
    this.raw.on("error", () => this.#changed());
  }

  /** Resolves when the upgrade has been answered. */
  async opened(): Promise<this> {
    await this.#until(() => this.raw.readyState !== WebSocket.CONNECTING, "the socket to open");
    return this;
  }

  send(message: unknown): void {
    this.raw.send(typeof message === "string" || message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  /** Takes the next frame, of one type where named. */
  async next(type?: string): Promise<Json> {
    const index = () => this.frames.findIndex((frame) => type === undefined || frame.type === type);
    await this.#until(() => index() >= 0 || this.closed !== undefined, `a frame ${type ?? ""}`);
    const [frame] = index() < 0 ? [] : this.frames.splice(index(), 1);
    if (!frame) throw new Error(`closed ${JSON.stringify(this.closed)} while waiting for ${type ?? "a frame"}`);
    return frame;
  }

  /** Resolves with the code and reason once it has closed. */
  async close(): Promise<Closed> {
    await this.#until(() => this.closed !== undefined, "the close");
    return this.closed as Closed;
  }

  end(): void {
    this.raw.terminate();
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    const patience = new AbortController();
    const timeout = delay(PATIENCE_MS, "timeout" as const, { signal: patience.signal }).catch(() => undefined);
    try {
      while (!done()) {
        const changed = new Promise<void>((wake) => this.#wake.push(wake));
        if ((await Promise.race([changed, timeout])) === "timeout") throw new Error(`waited in vain for ${what}`);
      }
    } finally {
      patience.abort();
    }
  }
}
