/**
 * A fleet, followed live: one socket per shard, or one of a store, merged into one model.
 *
 * Everything is kept and filtered here, not by `subscribe`: the list, its counts and what needs a
 * human are of the whole fleet, and moving the map must not make the service send it again. Only
 * beyond `CROWD` deliveries the subscription is narrowed to what the map shows (`look`).
 */
import { type ClockAnchor, nowAt, observe } from "./clock";
import type { Ending } from "./closing";
import { type Connection, needsPolling } from "./connection";
import { FleetEmergencies } from "./fleet-emergencies";
import { EMPTY_SHARD, Merged, type Difference, type ShardModel, absorb, replace, silent } from "./fleet-model";
import { FleetPoller } from "./fleet-poller";
import { Line, type Surroundings } from "./line";
import type { EmergencyView, ErrorFrame, FleetDelivery, FleetFrame, Status } from "./wire";

/** More than so many deliveries are more than a page keeps at hand. */
export const CROWD = 10_000;
/** A moving map subscribes once it rests. */
export const LOOK_AFTER_MS = 400;
/** Frames of several shards within so long are drawn as one. */
export const GATHER_MS = 120;
/** No deployment has more shards: a wrong number must not open sockets without end. */
const MAX_SHARDS = 64;
/** Who the deliveries of `GET /fleet` belong to until a socket tells of them. */
const POLLED = "polled";

export type BBox = readonly [west: number, south: number, east: number, north: number];
export type FleetReach =
  /** Not all sockets are open, or have told all there is since they are. */
  | "connecting"
  | "live"
  /** Some shards are not: what they have stands still. */
  | "partial"
  | "polling"
  | "offline"
  | "ended";

export interface FleetState {
  readonly reach: FleetReach;
  readonly ending: Ending | null;
  /** How many sockets there are to be, and how many are open. */
  readonly shards: number;
  readonly open: number;
  /** Something whole was told. */
  readonly ready: boolean;
  /** Who calls for help could not be asked: there may be more than are known. */
  readonly uncertain: boolean;
  /** What a socket asked was refused, in the service's words: it may tell of less than was asked. */
  readonly refused: string | null;
}

/** What changed since the last call. */
export interface FleetBatch extends Difference {
  readonly state: FleetState;
}

export interface FleetOptions {
  token: string;
  /** Null: all of it, shard by shard. */
  store_id: string | null;
  /** A fresher token, when the one in use was refused. */
  renewToken?: () => Promise<string | null>;
  origin?: string;
  surroundings?: Partial<Surroundings> & { fetch?: typeof fetch; monotonic?: () => number };
}

interface Shard {
  readonly line: Line<FleetFrame | ErrorFrame>;
  model: ShardModel;
  /** What the service said to what was asked last; null: it was taken. */
  refused: string | null;
}

export class Fleet {
  private readonly shards = new Map<string, Shard>();
  private readonly merged = new Merged();
  private readonly calls: FleetEmergencies;
  private readonly listeners = new Set<(batch: FleetBatch) => void>();
  private readonly poller: FleetPoller;
  private readonly monotonic: () => number;
  private polled: ShardModel = EMPTY_SHARD;
  private healthy: boolean | null = null;
  private token: string;
  private anchor: ClockAnchor | null = null;
  private current: FleetState = { reach: "connecting", ending: null, shards: 1, open: 0, ready: false, uncertain: false, refused: null };
  private readonly changed = new Set<string>();
  private readonly removed = new Set<string>();
  private gathering: ReturnType<typeof setTimeout> | undefined;
  private looking: ReturnType<typeof setTimeout> | undefined;
  /** There were too many once: from then on only what the map shows is asked for. */
  private crowded = false;
  private view: BBox | null = null;
  private chosen: readonly Status[] = [];
  private renewing: Promise<boolean> | null = null;

  constructor(private readonly options: FleetOptions) {
    const around = options.surroundings ?? {};
    this.token = options.token;
    this.monotonic = around.monotonic ?? (() => performance.now());
    const asking = {
      token: () => this.token,
      origin: () => this.origin(),
      ...(around.fetch && { fetch: around.fetch }),
      ...(around.random && { random: around.random }),
    };
    this.calls = new FleetEmergencies({
      ...asking,
      wanted: () => [...this.shards.values()].some(({ line }) => line.state.phase === "open" || needsPolling(line.state)),
      onChange: () => {
        this.change({ ...this.current, uncertain: this.calls.uncertain });
        this.gather();
      },
    });
    this.poller = new FleetPoller({
      ...asking,
      store_id: options.store_id,
      onFleet: (deliveries, server_time) => {
        this.absorbPolled(deliveries, server_time);
        this.calls.ask();
      },
      onHealth: (healthy) => {
        this.healthy = healthy;
        this.lookAround();
      },
      onRefused: (ending) => {
        for (const { line } of this.shards.values()) line.refuse(ending);
      },
    });
  }

  get state(): FleetState {
    return this.current;
  }

  get deliveries(): ReadonlyMap<string, FleetDelivery> {
    return this.merged.deliveries;
  }

  /** Calls for help that nobody has yet. */
  get emergencies(): ReadonlyMap<string, EmergencyView> {
    return this.calls.open;
  }

  /** The service's now in Unix milliseconds, or the device's before its first word. */
  now(): number {
    return this.anchor === null ? Date.now() : nowAt(this.anchor, this.monotonic());
  }

  start(): void {
    this.open("0");
    this.calls.ask();
  }

  /** Ends it for good. */
  stop(): void {
    clearTimeout(this.gathering);
    clearTimeout(this.looking);
    this.poller.stop();
    this.calls.stop();
    for (const { line } of this.shards.values()) line.stop();
  }

  /** Calls `listener` with what changed, until the returned function is called. */
  subscribe(listener: (batch: FleetBatch) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Where the map looks: asked for alone only where the fleet is more than a page can keep. */
  look(bbox: BBox): void {
    this.view = bbox;
    if (this.crowded) this.narrow();
  }

  /** Which statuses are looked at, none for all: asked for alone as `look` does. */
  choose(statuses: readonly Status[]): void {
    if (statuses.join() === this.chosen.join()) return;
    this.chosen = statuses;
    if (this.crowded && this.view) this.narrow();
  }

  /** All calls for help that there are, as `GET /emergencies` says. */
  setEmergencies(emergencies: readonly EmergencyView[]): void {
    this.calls.replace(emergencies);
  }

  /** One of them, after what was done here. */
  setEmergency(emergency: EmergencyView): void {
    this.calls.note(emergency);
  }

  private narrow(): void {
    clearTimeout(this.looking);
    this.looking = setTimeout(() => {
      for (const { line } of this.shards.values()) line.send(this.subscription());
    }, LOOK_AFTER_MS);
  }

  private open(key: string): void {
    let open = false;
    const shard: Shard = {
      model: EMPTY_SHARD,
      refused: null,
      line: new Line<FleetFrame | ErrorFrame>({
        url: () => this.socketUrl(key),
        protocols: () => ["onway.v1", `bearer.${this.token}`],
        onFrame: (frame) => this.receive(key, frame),
        onChange: ({ phase }) => {
          if (phase === "open" && this.crowded && this.view) this.narrow();
          if (phase === "open" && !open) this.calls.ask();
          open = phase === "open";
          if (!open) shard.model = silent(shard.model);
          this.lookAround();
        },
        renew: () => this.renew(),
        surroundings: this.options.surroundings ?? {},
      }),
    };
    this.shards.set(key, shard);
    shard.line.start();
  }

  private receive(key: string, frame: FleetFrame | ErrorFrame): void {
    const shard = this.shards.get(key);
    if (!shard) return;
    if (frame.type === "error") {
      shard.refused = frame.message;
      return this.lookAround();
    }
    if (frame.type === "emergency_alert" || frame.type === "emergency_acknowledged") {
      return this.calls.note(frame.data);
    }
    if (frame.type !== "fleet_state" && frame.type !== "fleet_update") return;
    this.anchor = observe(this.anchor, frame.data.server_time, this.monotonic());
    const { shard: model, difference } = absorb(shard.model, frame);
    shard.model = model;
    // Each subscription that is taken begins with a state.
    if (frame.type === "fleet_state") shard.refused = null;
    this.take(key, difference);
    if (!this.crowded && this.merged.deliveries.size > CROWD) {
      this.crowded = true;
      if (this.view) this.narrow();
    }
    if (frame.type === "fleet_state") this.counted(frame.data.shards);
  }

  /** Opens the sockets that are missing, and closes those that are no more. */
  private counted(told: number): void {
    const shards = this.options.store_id === null ? Math.min(Math.max(told, 1), MAX_SHARDS) : 1;
    for (let shard = 0; shard < shards; shard++) {
      if (!this.shards.has(String(shard))) this.open(String(shard));
    }
    for (const [key, { line }] of this.shards) {
      if (Number(key) < shards) continue;
      this.shards.delete(key);
      line.stop();
      this.note(this.merged.drop(key));
    }
    if (this.isWhole()) {
      this.note(this.merged.drop(POLLED));
      this.polled = EMPTY_SHARD;
    }
    this.lookAround();
  }

  private absorbPolled(deliveries: readonly FleetDelivery[], server_time: number): void {
    this.anchor = observe(this.anchor, server_time, this.monotonic());
    const open = [...this.shards.values()].filter(({ model }) => model.complete);
    const told = (id: string): boolean => open.some(({ model }) => model.deliveries.has(id));
    const { shard, difference } = replace(this.polled, deliveries.filter(({ tracking_id }) => !told(tracking_id)));
    this.polled = shard;
    this.take(POLLED, difference);
    // The answer is all there is: what only silent sockets told of is over.
    const all = new Set(deliveries.map(({ tracking_id }) => tracking_id));
    for (const [key, { line, model }] of this.shards) {
      if (line.state.phase === "open") continue;
      const removed = [...model.deliveries.keys()].filter((id) => !all.has(id));
      this.take(key, { changed: [], removed });
    }
    this.lookAround();
  }

  private take(key: string, difference: Difference): void {
    this.note(this.merged.apply(key, difference));
  }

  private note({ changed, removed }: Difference): void {
    for (const { tracking_id } of changed) {
      this.changed.add(tracking_id);
      this.removed.delete(tracking_id);
    }
    for (const id of removed) {
      this.removed.add(id);
      this.changed.delete(id);
    }
    if (changed.length > 0 || removed.length > 0) this.gather();
  }

  private gather(): void {
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      const { deliveries } = this.merged;
      const changed = [...this.changed].flatMap((id) => deliveries.get(id) ?? []);
      const batch = { changed, removed: [...this.removed], state: this.current };
      this.changed.clear();
      this.removed.clear();
      for (const listener of this.listeners) listener(batch);
    }, GATHER_MS);
  }

  private lookAround(): void {
    const connections = [...this.shards.values()].map(({ line }) => line.state);
    const ended = connections.find(({ phase, ending }) => phase === "ended" && ending !== "stopped");
    const open = connections.filter(({ phase }) => phase === "open").length;
    if (!ended && connections.some(needsPolling)) {
      this.poller.start();
    } else {
      this.poller.stop();
      this.healthy = null;
    }
    const ready = this.polled.complete || (connections.length > 0 && this.isWhole());
    this.change({
      reach: this.reach(connections, open, ended !== undefined),
      ending: ended?.ending ?? null,
      shards: connections.length,
      open,
      ready: this.current.ready || ready,
      uncertain: this.calls.uncertain,
      refused: [...this.shards.values()].find(({ refused }) => refused !== null)?.refused ?? null,
    });
  }

  /** Each socket has told all there is since it opened. */
  private isWhole(): boolean {
    return [...this.shards.values()].every(({ model }) => model.complete);
  }

  private reach(connections: readonly Connection[], open: number, ended: boolean): FleetReach {
    if (ended) return "ended";
    if (open === connections.length) return this.isWhole() ? "live" : "connecting";
    if (this.healthy !== null) return this.healthy ? "polling" : open > 0 ? "partial" : "offline";
    if (open > 0) return connections.some(({ attempt }) => attempt > 0) ? "partial" : "connecting";
    return "connecting";
  }

  private change(state: FleetState): void {
    const keys = Object.keys(state) as (keyof FleetState)[];
    if (keys.every((key) => state[key] === this.current[key])) return;
    this.current = state;
    this.gather();
  }

  private subscription(): object {
    const [bbox, status] = [this.view, this.chosen];
    return { type: "subscribe", ...(bbox && { bbox }), ...(status.length > 0 && { status }) };
  }

  /** The sockets of all shards are refused at once: they ask for one new token. */
  private renew(): Promise<boolean> {
    this.renewing ??= (async () => {
      const token = (await this.options.renewToken?.()) ?? null;
      if (token === null || token === this.token) return false;
      this.token = token;
      return true;
    })().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  private socketUrl(key: string): string {
    const { store_id } = this.options;
    const path = store_id === null ? `/ws/fleet?shard=${key}` : `/ws/store/${encodeURIComponent(store_id)}`;
    const url = new URL(path, this.origin());
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url.href;
  }

  private origin(): string {
    return this.options.origin ?? globalThis.location.origin;
  }
}
