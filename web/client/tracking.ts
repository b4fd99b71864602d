/**
 * Following one delivery: the public face of this library.
 *
 * ```ts
 * const tracking = new Tracking({ tracking_id, link });
 * const unsubscribe = tracking.subscribe((state) => draw(state, tracking.now()));
 * tracking.start();
 * ```
 *
 * One socket, resumed by `seq`; HTTP while sockets do not work; one merged state.
 */
import { type ClockAnchor, nowAt, observe } from "./clock";
import type { Ending } from "./closing";
import { type Connection, needsPolling } from "./connection";
import { type Delivery, isUnderWay, merge } from "./delivery";
import { distance } from "./geo";
import { Line, type Surroundings } from "./line";
import { Poller } from "./poller";
import type { Point } from "./trail";
import type { Problem, ServerFrame, Snapshot } from "./wire";

/** How the newest state reaches this client. */
export type Reach =
  /** Not yet, or again in a moment. */
  | "connecting"
  /** By a socket, as it happens. */
  | "live"
  /** By HTTP, every few seconds. */
  | "polling"
  /** Not at all for a while: what is shown is what was last known. */
  | "offline"
  /** No more: see `ending`. */
  | "ended";

export interface TrackingState {
  readonly delivery: Delivery | null;
  readonly reach: Reach;
  readonly ending: Ending | null;
  /** What the service said when it refused over HTTP. */
  readonly problem: Problem | null;
}

export interface TrackingOptions {
  tracking_id: string;
  /** Where the service is; the page's own origin by default. */
  origin?: string;
  /** The opaque string of a share link. */
  link?: string | null;
  token?: string | null;
  /** Called when the token was refused; a new one, or null to give up. */
  renewToken?: () => Promise<string | null>;
  /** What the page already holds, and the monotonic instant (ms) it was made at. */
  initial?: { snapshot: Snapshot; at: number } | null;
  surroundings?: Partial<Surroundings> & { fetch?: typeof fetch; monotonic?: () => number };
}

/** Resuming tells the newest position only: a longer way to it than this is asked for, not drawn straight. */
const MISSED_WAY_M = 100;

export class Tracking {
  private current: TrackingState = { delivery: null, reach: "connecting", ending: null, problem: null };
  private anchor: ClockAnchor | null = null;
  private polled: boolean | null = null;
  /** While it resumes: the line as it was when the socket opened, before any stretch that was missed. */
  private resumed: readonly Point[] | null = null;
  private token: string | null;
  /** What is known is what anybody may see, and the token shows more: the whole is asked for, not what is new. */
  private outsider: boolean;
  private readonly listeners = new Set<(state: TrackingState) => void>();
  private readonly line: Line;
  private readonly poller: Poller;
  private readonly monotonic: () => number;

  constructor(private readonly options: TrackingOptions) {
    const around = options.surroundings ?? {};
    this.token = options.token ?? null;
    this.monotonic = around.monotonic ?? (() => performance.now());
    this.outsider = Boolean(options.initial) && this.token !== null;
    if (options.initial) this.absorb({ type: "initial_state", data: options.initial.snapshot }, options.initial.at);
    this.line = new Line({
      url: () => this.socketUrl(),
      protocols: () => (this.token === null ? ["onway.v1"] : ["onway.v1", `bearer.${this.token}`]),
      onFrame: (frame) => {
        if (frame.type === "initial_state") this.outsider = false;
        this.absorb(frame, this.monotonic());
      },
      onChange: (connection) => this.connectionChanged(connection),
      renew: () => this.renew(),
      surroundings: around,
    });
    this.poller = new Poller({
      request: () => this.pollRequest(),
      onSnapshot: (data) => this.absorb({ type: "initial_state", data }, this.monotonic()),
      onHealth: (healthy) => {
        this.polled = healthy;
        this.connectionChanged(this.line.state);
      },
      onRefused: (ending, problem) => {
        if (ending !== "invalid_token") this.change({ problem });
        this.line.refuse(ending);
      },
      ...(around.fetch && { fetch: around.fetch }),
      ...(around.random && { random: around.random }),
    });
  }

  get state(): TrackingState {
    return this.current;
  }

  /** The delivery's now in Unix milliseconds; null before the first word from the service. */
  now(): number | null {
    return this.anchor === null ? null : nowAt(this.anchor, this.monotonic());
  }

  /** Delivery seconds per real second: 1 unless its clock is simulated. */
  get rate(): number {
    return this.anchor?.rate ?? 1;
  }

  start(): void {
    this.line.start();
  }

  /** Ends it for good. */
  stop(): void {
    this.line.stop();
  }

  /** The machine slept: is the socket still there? (A monotonic clock may stand still meanwhile.) */
  wake(): void {
    this.line.wake();
  }

  /** Calls `listener` at each change, until the returned function is called. */
  subscribe(listener: (state: TrackingState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A fresher token, before the old one runs out. */
  setToken(token: string): void {
    this.outsider ||= this.token === null;
    this.token = token;
    this.line.send({ type: "auth", token });
    if (this.outsider) this.line.send({ type: "get" });
  }

  private absorb(frame: ServerFrame, at: number): void {
    if ("data" in frame && frame.type !== "emergency_alert" && Number.isFinite(frame.data?.server_time)) {
      const rate = frame.type === "initial_state" ? (frame.data.clock?.rate ?? 1) : undefined;
      this.anchor = observe(this.anchor, frame.data.server_time, at, rate);
    }
    const known = this.current.delivery;
    if (frame.type === "initial_state") {
      const base = known && this.resumed && { ...known, trail: this.resumed };
      const next = merge(base ?? known, frame);
      this.resumed = null;
      if (next !== base) this.change({ delivery: next });
      return;
    }
    this.change({ delivery: merge(known, frame) });
    if (frame.type === "resumed") this.fillGap();
    // A status alone does not carry the position that it lets be seen.
    const hidden = known?.snapshot.location_state === "hidden" && !isUnderWay(known.snapshot.status);
    if (frame.type === "status_update" && hidden && isUnderWay(frame.data.status)) this.line.send({ type: "get" });
  }

  /** Asks for the line driven while nobody listened. */
  private fillGap(): void {
    const [left, found] = [this.resumed?.at(-1), this.current.delivery?.trail.at(-1)];
    if (left && found && distance(left, found) > MISSED_WAY_M) this.line.send({ type: "get" });
    else this.resumed = null;
  }

  private connectionChanged(connection: Connection): void {
    if (needsPolling(connection)) {
      this.poller.start();
    } else {
      this.poller.stop();
      this.polled = null;
    }
    const reach = reachOf(connection, this.polled);
    if (reach === "live" && this.current.reach !== "live") this.resumed = this.current.delivery?.trail ?? null;
    this.change({ reach, ending: connection.ending });
  }

  private change(fields: Partial<TrackingState>): void {
    const next = { ...this.current, ...fields };
    const keys = Object.keys(fields) as (keyof TrackingState)[];
    if (keys.every((key) => next[key] === this.current[key])) return;
    this.current = next;
    for (const listener of this.listeners) listener(next);
  }

  private async renew(): Promise<boolean> {
    const token = (await this.options.renewToken?.()) ?? null;
    if (token === null || token === this.token) return false;
    this.token = token;
    return true;
  }

  private socketUrl(): string {
    const url = new URL(`/ws/tracking/${encodeURIComponent(this.options.tracking_id)}`, this.origin());
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    if (this.options.link) url.searchParams.set("link", this.options.link);
    const snapshot = this.current.delivery?.snapshot;
    if (snapshot && !this.outsider) {
      url.searchParams.set("since", String(snapshot.seq));
      url.searchParams.set("epoch", snapshot.epoch);
    }
    return url.href;
  }

  private pollRequest(): { url: string; headers: Record<string, string> } {
    const url = new URL(`/tracking/${encodeURIComponent(this.options.tracking_id)}`, this.origin());
    if (this.options.link) url.searchParams.set("link", this.options.link);
    return { url: url.href, headers: this.token === null ? {} : { Authorization: `Bearer ${this.token}` } };
  }

  private origin(): string {
    return this.options.origin ?? globalThis.location.origin;
  }
}

function reachOf(connection: Connection, polled: boolean | null): Reach {
  switch (connection.phase) {
    case "open":
      return "live";
    case "ended":
      return "ended";
    default:
      if (polled === null) return "connecting";
      return polled ? "polling" : "offline";
  }
}
