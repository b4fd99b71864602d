/**
 * One socket that stays up: does what the state machine in `connection.ts` says.
 *
 * Why not a kept library. `partysocket` 1.3 is the best of them, and it does resume well (its URL
 * may be a function). But it has no jitter, and hiding one in the URL function takes `reconnect()`
 * away, which does nothing while a connect is under way; it turns every error of a socket into a
 * synthetic close with code 1000, which is the one code after which a client of Onway must never
 * come back; it queues what is sent while the line is down, where a stale acknowledgement is worse
 * than none; and it knows no pong, so that a silently dead transport stays "open".
 */
import { type Connection, type Effect, type Happening, INITIAL, type Timer, step } from "./connection";
import type { AnyFrame, FrameExtras, ServerFrame } from "./wire";

/** Exactly these bytes are answered by the platform without waking the delivery's object. */
export const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';

/** The parts of a browser that a line needs: replaced in tests. */
export interface Surroundings {
  WebSocket: typeof WebSocket;
  random: () => number;
  /** Where `online`, `offline`, `pagehide` and `pageshow` are heard. */
  window: EventTarget;
  /** Where `visibilitychange` is heard. */
  document: EventTarget & { readonly visibilityState: DocumentVisibilityState };
}

export interface LineOptions<Frame extends AnyFrame = ServerFrame> {
  /** Asked at each attempt, so that it can carry where to resume. */
  url: () => string;
  /** Asked at each attempt, so that it can carry a renewed token. */
  protocols: () => string[];
  onFrame: (frame: Frame) => void;
  onChange: (connection: Connection) => void;
  /** True if there is a token that was not tried yet. */
  renew: () => Promise<boolean>;
  /** Stays up while nobody sees the page, as far as the browser lets it. */
  background?: boolean;
  surroundings?: Partial<Surroundings>;
}

export class Line<Frame extends AnyFrame = ServerFrame> {
  private connection: Connection = INITIAL;
  private socket: WebSocket | null = null;
  private retry_after: number | undefined;
  private readonly timers = new Map<Timer, ReturnType<typeof setTimeout>>();
  private readonly ears = new AbortController();
  private readonly around: Surroundings;

  constructor(private readonly options: LineOptions<Frame>) {
    this.around = {
      WebSocket: globalThis.WebSocket,
      random: Math.random,
      window: globalThis.window,
      document: globalThis.document,
      ...options.surroundings,
    };
  }

  get state(): Connection {
    return this.connection;
  }

  start(): void {
    this.listen();
    if (this.unseen()) this.feed({ type: "hidden" });
    this.feed({ type: "start" });
  }

  /** Closes for good. */
  stop(): void {
    this.feed({ type: "stop" });
  }

  /** The machine slept: checks the socket, or connects again soon. */
  wake(): void {
    this.feed({ type: "online" });
  }

  /** HTTP said what a close code would have said. */
  refuse(ending: (Happening & { type: "refused" })["ending"]): void {
    this.feed({ type: "refused", ending });
  }

  /** Sends if the socket is open; false if it is not: nothing is queued. */
  send(frame: object): boolean {
    return this.sendText(JSON.stringify(frame));
  }

  private sendText(text: string): boolean {
    if (this.socket?.readyState !== this.around.WebSocket.OPEN) return false;
    this.socket.send(text);
    return true;
  }

  private feed(happening: Happening): void {
    const before = this.connection;
    const { next, effects } = step(before, happening, this.around.random());
    this.connection = next;
    for (const effect of effects) this.act(effect);
    if (next.phase === "ended") this.ears.abort();
    if (next !== before) this.options.onChange(next);
  }

  private act(effect: Effect): void {
    switch (effect.do) {
      case "open":
        return this.open();
      case "drop":
        return this.drop();
      case "ping":
        this.sendText(PING);
        return;
      case "renew":
        void this.options.renew().then(
          (token) => this.feed({ type: "renewed", token }),
          () => this.feed({ type: "renewed", token: false }),
        );
        return;
      case "set":
        this.clear(effect.timer);
        this.timers.set(
          effect.timer,
          setTimeout(() => this.feed({ type: "timer", timer: effect.timer }), effect.ms),
        );
        return;
      case "clear":
        for (const timer of effect.timers) this.clear(timer);
    }
  }

  private clear(timer: Timer): void {
    clearTimeout(this.timers.get(timer));
    this.timers.delete(timer);
  }

  private open(): void {
    this.drop();
    this.retry_after = undefined;
    let socket: WebSocket;
    try {
      socket = new this.around.WebSocket(this.options.url(), this.options.protocols());
    } catch {
      // A browser may refuse the URL or a protocol outright: the same as a failed attempt.
      queueMicrotask(() => this.feed({ type: "closed", code: 1006, reason: "" }));
      return;
    }
    this.socket = socket;
    // A socket that was dropped may still report: only the current one is heard.
    const current = (): boolean => this.socket === socket;
    socket.addEventListener("open", () => current() && this.feed({ type: "opened" }));
    socket.addEventListener("message", (event: MessageEvent) => current() && this.receive(event.data));
    socket.addEventListener("close", (event: CloseEvent) => {
      if (!current()) return;
      this.socket = null;
      const { retry_after } = this;
      this.feed({ type: "closed", code: event.code, reason: event.reason, ...(retry_after && { retry_after }) });
    });
  }

  private drop(): void {
    const { socket } = this;
    this.socket = null;
    socket?.close(1000);
  }

  private receive(data: unknown): void {
    this.feed({ type: "received" });
    if (typeof data !== "string" || data === PONG) return;
    const frame = parse(data);
    if (frame === null) return;
    if (frame.type === "error" && typeof frame.retry_after === "number") this.retry_after = frame.retry_after;
    this.options.onFrame(frame as AnyFrame as Frame);
    if (frame.ack === true && frame.data) this.send({ type: "ack", seq: frame.data.seq });
  }

  private listen(): void {
    const { signal } = this.ears;
    const { window, document } = this.around;
    window.addEventListener("online", () => this.feed({ type: "online" }), { signal });
    window.addEventListener("offline", () => this.feed({ type: "offline" }), { signal });
    window.addEventListener("pagehide", () => this.feed({ type: "left" }), { signal });
    window.addEventListener("pageshow", () => this.look(), { signal });
    document.addEventListener("visibilitychange", () => this.look(), { signal });
  }

  private look(): void {
    if (this.around.document.visibilityState === "visible") this.feed({ type: "visible" });
    else if (this.unseen()) this.feed({ type: "hidden" });
  }

  private unseen(): boolean {
    return this.around.document.visibilityState === "hidden" && !this.options.background;
  }
}

function parse(text: string): (AnyFrame & FrameExtras) | null {
  try {
    const value: unknown = JSON.parse(text);
    const typed = typeof value === "object" && value !== null && "type" in value;
    return typed ? (value as AnyFrame & FrameExtras) : null;
  } catch {
    return null;
  }
}
