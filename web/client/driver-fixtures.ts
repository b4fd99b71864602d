/** A driver, its phone and the other end of its line, for tests. */
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { Surroundings } from "./line";
import type { DriverSnapshot, Fix, Job } from "./driver-wire";
import { T0, aSnapshot } from "./fixtures";

export function aFix(i: number, fields: Partial<Fix> = {}): Fix {
  return { lat: 5.6 + i * 0.001, lng: -0.2, timestamp: T0 * 1_000 + i * 10_000, accuracy: 8, ...fields };
}

export function aJob(fields: Partial<Job> = {}): Job {
  return { ...aSnapshot({ status: "ASSIGNED", phone: "+233201234567", instructions: "Ring twice" }), accepted_at: T0, ...fields };
}

export function aDriverSnapshot(fields: Partial<DriverSnapshot> = {}): DriverSnapshot {
  return {
    driver_id: "d1",
    on_duty: true,
    deliveries: [aJob()],
    sampling: { interval_s: 5, min_displacement_m: 10 },
    emergencies: [],
    server_time: T0 * 1_000,
    ...fields,
  };
}

export type Json = Record<string, any>;

/** The service's end of a line: real sockets, and every frame that came in. */
export class FakeService {
  readonly frames: Json[] = [];
  readonly offered: string[][] = [];
  /** What it answers; by default it acknowledges whatever has an id. */
  answer: (frame: Json) => object | null = (frame) =>
    "id" in frame && frame["type"] !== "ack" ? { type: "ack", id: frame["id"] } : null;
  first: object = { type: "driver_state", data: aDriverSnapshot() };
  private readonly sockets = new Set<WebSocket>();
  private readonly waiters = new Set<() => void>();

  private constructor(private readonly server: WebSocketServer) {
    server.on("connection", (socket, request) => {
      this.sockets.add(socket);
      this.offered.push((request.headers["sec-websocket-protocol"] ?? "").split(/, ?/));
      socket.send(JSON.stringify(this.first));
      socket.on("message", (data: Buffer) => this.take(socket, JSON.parse(data.toString()) as Json));
      socket.on("close", () => this.sockets.delete(socket));
    });
  }

  static async start(): Promise<FakeService> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "onway.v1" });
    await new Promise((done) => server.once("listening", done));
    return new FakeService(server);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  send(frame: object): void {
    for (const socket of this.sockets) socket.send(JSON.stringify(frame));
  }

  /** Ends all lines: with a code and a reason, or as a network does. */
  cut(code?: number, reason?: string): void {
    for (const socket of this.sockets) {
      if (code === undefined) socket.terminate();
      else socket.close(code, reason);
    }
  }

  of(type: string): Json[] {
    return this.frames.filter((frame) => frame["type"] === type);
  }

  /** The identities of all positions that came, repeated ones too. */
  fixes(): number[] {
    return this.of("location_update").flatMap((frame) => (frame["locations"] as Fix[]).map((fix) => fix.timestamp));
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((wake) => this.waiters.add(wake));
  }

  /** Something else than a frame has changed. */
  look(): void {
    for (const wake of this.waiters) wake();
    this.waiters.clear();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }

  private take(socket: WebSocket, frame: Json): void {
    this.frames.push(frame);
    const answer = this.answer(frame);
    if (answer) socket.send(JSON.stringify(answer));
    this.look();
  }
}

/** A page around a line: retries come at once. */
export function aPage(): Surroundings {
  return {
    WebSocket: WebSocket as unknown as typeof globalThis.WebSocket,
    random: () => 0,
    window: new EventTarget(),
    document: Object.assign(new EventTarget(), { visibilityState: "visible" as const }),
  };
}
