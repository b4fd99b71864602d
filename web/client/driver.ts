/**
 * A driver's line: its deliveries in, its positions and reports out.
 *
 * ```ts
 * const driver = await Driver.open({ driver_id, token });
 * driver.subscribe((state) => draw(state));
 * driver.start();
 * await driver.locate(fix);
 * await driver.setStatus(tracking_id, "PICKED_UP");
 * ```
 *
 * Everything that the driver does is kept before it is sent (`outbox.ts`) and shown as done, so that
 * neither a dead spot nor a closed page loses anything.
 */
import { type ClockAnchor, nowAt, observe } from "./clock";
import type { Connection } from "./connection";
import { type DriverState, UNKNOWN, learn, learnAll, reachOf, settle, shown } from "./driver-state";
import type { DriverFrame, DriverSnapshot, Fix, PresenceReason, Report } from "./driver-wire";
import { Line, type Surroundings } from "./line";
import { Outbox } from "./outbox";
import { type Store, openStore } from "./rows";
import { isDue } from "./sampling";
import { Sender } from "./sender";
import type { Status } from "./wire";

export interface DriverOptions {
  driver_id: string;
  token: string;
  /** Where the service is; the page's own origin by default. */
  origin?: string;
  store?: Store;
  surroundings?: Partial<Surroundings> & { clock?: () => number; monotonic?: () => number; newId?: () => string };
}

/** What is known of the line between two visits. */
interface Kept {
  data: DriverSnapshot;
  /** The service's time less the phone's, in milliseconds. */
  offset: number;
}

const KEPT = "state";
/** How often unanswered messages are looked for. */
const SWEEP_MS = 10_000;
/** A position of this age is where the driver is. */
const RECENT_MS = 300_000;

type Letter = Extract<DriverFrame, { type: "assignment" | "unassignment" }>;

/** A report as the page makes it. */
type NewReport = Report extends infer R ? (R extends Report ? Omit<R, "id"> : never) : never;

export class Driver {
  private current: DriverState;
  /** As the service last said it. */
  private base: DriverSnapshot | null = null;
  private line: Line<DriverFrame>;
  private readonly sender: Sender;
  private anchor: ClockAnchor | null = null;
  private offset = 0;
  /** The newest position that was kept. */
  private last_fix: Fix | null = null;
  /** The next position is due, whatever the last one was. */
  private anew = true;
  /** What this line has told; nothing at first. */
  private said: PresenceReason | undefined;
  private reason: PresenceReason = null;
  private sweep: ReturnType<typeof setInterval> | undefined;
  private readonly clock: () => number;
  private readonly monotonic: () => number;
  private readonly newId: () => string;
  private readonly listeners = new Set<(state: DriverState) => void>();

  private constructor(
    private readonly options: DriverOptions,
    private readonly outbox: Outbox,
  ) {
    const around = options.surroundings ?? {};
    this.clock = around.clock ?? Date.now;
    this.monotonic = around.monotonic ?? (() => performance.now());
    this.newId = around.newId ?? (() => crypto.randomUUID());
    this.current = { ...UNKNOWN, durable: outbox.store.durable };
    this.sender = new Sender({
      outbox,
      send: (frame) => this.line.send(frame),
      clock: this.clock,
      newId: this.newId,
      onDone: (report) => this.done(report),
      onRefused: (report, message) => this.refuse(report, message),
      onChange: () => void this.refresh(),
    });
    this.line = this.newLine();
  }

  /** Opens what was kept; `start` connects. */
  static async open(options: DriverOptions): Promise<Driver> {
    const driver = new Driver(options, new Outbox(options.store ?? (await openStore(options.driver_id))));
    const kept = await driver.outbox.store.get<Kept>(KEPT);
    if (kept) {
      driver.base = kept.data;
      driver.offset = kept.offset;
    }
    driver.last_fix = await driver.outbox.last();
    await driver.refresh();
    return driver;
  }

  get state(): DriverState {
    return this.current;
  }

  get store(): Store {
    return this.outbox.store;
  }

  /** The service's time in Unix milliseconds, as well as it is known. */
  now(): number {
    return this.anchor === null ? this.clock() + this.offset : nowAt(this.anchor, this.monotonic());
  }

  start(): void {
    this.sweep ??= setInterval(() => void this.sender.pump(), SWEEP_MS);
    this.line.start();
  }

  stop(): void {
    clearInterval(this.sweep);
    this.line.stop();
  }

  /** Another device took the line over, and this one takes it back. */
  takeOver(): void {
    this.line.stop();
    this.line = this.newLine();
    this.line.start();
  }

  /** Signed out: other people's addresses and phone numbers stay no longer. What waits to be sent does. */
  async forget(): Promise<void> {
    this.stop();
    await this.outbox.store.set(KEPT, null);
  }

  wake(): void {
    this.line.wake();
  }

  subscribe(listener: (state: DriverState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes a position; keeps and sends it if one is due. */
  async locate(fix: Fix): Promise<void> {
    // A phone that stood still may tell the same fix again, also to the next page.
    if (fix.timestamp === this.last_fix?.timestamp) return;
    if (!isDue(this.anew ? null : this.last_fix, fix, this.current.sampling)) return;
    this.anew = false;
    this.last_fix = fix;
    await this.outbox.addFix(fix);
    await this.sender.pump();
    await this.refresh();
  }

  /** The next position is due at once: nothing was recorded for a while. */
  locateAnew(): void {
    this.anew = true;
  }

  setStatus(tracking_id: string, status: Status, reason?: string): Promise<void> {
    return this.report({ type: "status_update", tracking_id, status, at: Math.round(this.now()), ...(reason && { reason }) });
  }

  accept(tracking_id: string): Promise<void> {
    return this.report({ type: "accept", tracking_id });
  }

  decline(tracking_id: string, reason?: string): Promise<void> {
    return this.report({ type: "decline", tracking_id, ...(reason && { reason }) });
  }

  setDuty(on_duty: boolean): Promise<void> {
    return this.report({ type: "duty", on_duty });
  }

  raiseEmergency(message?: string): Promise<void> {
    const fix = this.last_fix;
    // An older place would send help the wrong way: the service knows the last one itself, and its age.
    const recent = fix !== null && this.clock() - fix.timestamp < RECENT_MS;
    const place = recent && { lat: fix.lat, lng: fix.lng };
    return this.report({ type: "emergency", at: Math.round(this.now()), ...place, ...(message && { message }) });
  }

  /** Says why positions do not come, once for each change. */
  presence(reason: PresenceReason): void {
    this.reason = reason;
    if (reason !== this.said && this.line.send({ type: "presence", reason })) this.said = reason;
  }

  /** Asks for the state anew: ETAs move without a frame. */
  ask(): void {
    this.line.send({ type: "get" });
  }

  dismissRefusal(): void {
    this.change({ refused: null });
  }

  private async report(report: NewReport): Promise<void> {
    if (await this.outbox.addReport({ ...report, id: this.newId() } as Report)) {
      await this.refresh();
      await this.sender.pump();
    } else {
      this.refuse(null, "Too much is waiting to be sent. Find a connection first.");
    }
  }

  private newLine(): Line<DriverFrame> {
    return new Line<DriverFrame>({
      url: () => this.url(),
      protocols: () => ["onway.v1", `bearer.${this.options.token}`],
      onFrame: (frame) => this.receive(frame),
      onChange: (connection) => this.connectionChanged(connection),
      renew: () => Promise.resolve(false),
      background: true,
      surroundings: this.options.surroundings ?? {},
    });
  }

  private url(): string {
    const path = `/ws/driver/${encodeURIComponent(this.options.driver_id)}`;
    const url = new URL(path, this.options.origin ?? globalThis.location.origin);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url.href;
  }

  private connectionChanged(connection: Connection): void {
    const reach = reachOf(connection);
    if (reach === "live" && this.current.reach !== "live") {
      this.said = undefined;
      this.presence(this.reason);
      void this.sender.opened();
    } else if (reach !== "live") {
      this.sender.closed();
    }
    this.change({ reach, ending: connection.ending });
  }

  private receive(frame: DriverFrame): void {
    if ("data" in frame && "server_time" in frame.data && Number.isFinite(frame.data.server_time)) {
      this.anchor = observe(this.anchor, frame.data.server_time, this.monotonic());
      this.offset = this.now() - this.clock();
    }
    switch (frame.type) {
      case "ack":
        return void this.sender.acknowledged(String(frame.id));
      case "error":
        if (frame.id === undefined || frame.id === null) this.refuse(null, frame.message);
        else void this.sender.refused(String(frame.id), frame.code, frame.message);
        return;
      case "driver_state":
        return void this.keep(learnAll(this.base, frame.data));
      case "assignment":
      case "unassignment":
        return void this.takeLetter(frame);
      case "emergency_acknowledged":
        if (this.base) void this.keep(learn(this.base, frame));
        // The service may call it by another name than this phone did.
        if (!this.base?.emergencies.some((one) => one.id === frame.data.id)) this.ask();
        return;
      default:
        if (this.base) void this.keep(learn(this.base, frame));
    }
  }

  private async takeLetter(frame: Letter): Promise<void> {
    // Before the whole state came it cannot be kept: it comes again.
    if (!this.base) return;
    const known = this.base.deliveries.some((job) => job.tracking_id === frame.data.tracking_id);
    // Kept first: what is acknowledged does not come again.
    await this.keep(learn(this.base, frame));
    this.line.send({ type: "ack", id: frame.id });
    // A new delivery comes without its place among the stops.
    if (frame.type === "assignment" && !known) this.ask();
  }

  /** The service has it: it is part of what is known from now on. */
  private done(report: Report): void {
    if (this.base) void this.keep(settle(this.base, report));
    // What the service makes of these it tells nowhere else: its id of an emergency, an ETA after a step.
    if (report.type === "emergency" || report.type === "status_update") this.ask();
  }

  private refuse(report: Report | null, message: string): void {
    this.change({ refused: { report, message } });
  }

  private async keep(data: DriverSnapshot): Promise<void> {
    this.base = data;
    await this.outbox.store.set(KEPT, { data, offset: this.offset } satisfies Kept);
    await this.refresh();
  }

  /** Draws the state anew from what the service said and what waits. */
  private async refresh(): Promise<void> {
    const [rows, waiting] = await Promise.all([this.outbox.reports(), this.outbox.waiting()]);
    const pending = rows.map((row) => row.value.report);
    this.change({ waiting, ...shown(this.base, pending) });
  }

  private change(fields: Partial<DriverState>): void {
    this.current = { ...this.current, ...fields };
    for (const listener of this.listeners) listener(this.current);
  }
}
