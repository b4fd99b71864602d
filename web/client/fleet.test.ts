import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { isFinal } from "./delivery";
import { CROWD, Fleet, type FleetBatch, GATHER_MS, LOOK_AFTER_MS } from "./fleet";
import { ASK_AFTER_MS } from "./fleet-emergencies";
import { aFleetDelivery, aState, anUpdate } from "./fleet-fixtures";
import { T0 } from "./fixtures";
import type { EmergencyView, FleetDelivery } from "./wire";

/** A browser's socket, driven by the test. */
class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  readonly sent: string[] = [];

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    super();
    FakeSocket.all.push(this);
  }

  accept(): this {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
    return this;
  }

  deliver(frame: object): this {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(frame) }));
    return this;
  }

  fail(code = 1006, reason = ""): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.readyState = 3;
  }
}

const page = { window: new EventTarget(), document: Object.assign(new EventTarget(), { visibilityState: "visible" }) };
const answer = vi.fn<(url: string) => Promise<Response>>();
let fleet: Fleet;
let batches: FleetBatch[];
/** What `GET /emergencies` answers. */
let helpless: EmergencyView[];

function follow(store_id: string | null = null, renewToken?: () => Promise<string | null>): Fleet {
  fleet = new Fleet({
    token: "a.b.c",
    store_id,
    ...(renewToken && { renewToken }),
    origin: "https://onway.test",
    surroundings: {
      WebSocket: FakeSocket as unknown as typeof WebSocket,
      random: () => 0.5,
      window: page.window,
      document: page.document as never,
      fetch: answer as unknown as typeof fetch,
      monotonic: () => Date.now(),
    },
  });
  batches = [];
  fleet.subscribe((batch) => batches.push(batch));
  fleet.start();
  return fleet;
}

const at = (shard: number): FakeSocket => FakeSocket.all.findLast(({ url }) => url.endsWith(`shard=${shard}`))!;
const one = (id: string, fields: Partial<FleetDelivery> = {}): FleetDelivery => aFleetDelivery({ tracking_id: id, ...fields });
const known = (): string[] => [...fleet.deliveries.keys()].toSorted();
const serve = (...deliveries: FleetDelivery[]): void => {
  answer.mockImplementation((url) => {
    if (url.endsWith("/emergencies")) return Promise.resolve(Response.json({ emergencies: helpless }));
    const { searchParams: query } = new URL(url);
    const statuses = query.get("status")?.split(",");
    const listed = deliveries.filter(({ status }) => (statuses ? statuses.includes(status) : !isFinal(status)));
    const from = Number(query.get("cursor") ?? 0);
    const next_cursor = from + 1 < listed.length ? String(from + 1) : null;
    return Promise.resolve(Response.json({ shards: 2, deliveries: listed.slice(from, from + 1), next_cursor, server_time: T0 * 1_000 }));
  });
};

/** Both shards of a fleet, told. */
function live(): void {
  follow();
  at(0).accept().deliver(aState([one("A")], 1, 1, 2, 0));
  at(1).accept().deliver(aState([one("B")], 1, 1, 2, 1));
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  answer.mockReset();
  helpless = [];
});
afterEach(() => {
  fleet.stop();
  vi.useRealTimers();
});

test("the first shard tells how many there are: one socket each, one model", () => {
  live();
  expect(FakeSocket.all.map(({ url }) => url)).toEqual(["wss://onway.test/ws/fleet?shard=0", "wss://onway.test/ws/fleet?shard=1"]);
  expect(FakeSocket.all[0]?.protocols).toEqual(["onway.v1", "bearer.a.b.c"]);
  expect(known()).toEqual(["A", "B"]);
  expect(fleet.state).toMatchObject({ reach: "live", shards: 2, open: 2, ready: true });
});

test("it is not ready before each shard has told all of it", () => {
  follow();
  at(0).accept().deliver(aState([one("A")], 1, 1, 2, 0));
  at(1).accept().deliver(aState([one("B")], 1, 2, 2, 1));
  expect(fleet.state).toMatchObject({ ready: false, reach: "connecting", open: 2 });
  at(1).deliver(aState([one("C")], 2, 2, 2, 1));
  expect(fleet.state).toMatchObject({ ready: true, reach: "live" });
});

test("a store has one socket of its own", () => {
  follow("shop/1");
  FakeSocket.all[0]!.accept().deliver(aState([one("A")], 1, 1, 8));
  expect(FakeSocket.all.map(({ url }) => url)).toEqual(["wss://onway.test/ws/store/shop%2F1"]);
  expect(fleet.state.reach).toBe("live");
});

test("frames that come together are drawn as one", () => {
  live();
  vi.advanceTimersByTime(GATHER_MS);
  batches.length = 0;
  at(0).deliver(anUpdate({ deliveries: [one("C")] })).deliver(anUpdate({ removed: ["C"], deliveries: [one("A", { seq: 11 })] }));
  at(1).deliver(anUpdate({ removed: ["B"] }));
  vi.advanceTimersByTime(GATHER_MS);
  expect(batches.length).toBe(1);
  expect(batches[0]?.changed.map(({ tracking_id }) => tracking_id)).toEqual(["A"]);
  expect(batches[0]?.removed).toEqual(["C", "B"]);
});

test("a broadcast that asks for it is acknowledged", () => {
  live();
  at(1).deliver({ ...anUpdate({ seq: 32 }), ack: true });
  expect(at(1).sent).toEqual(['{"type":"ack","seq":32}']);
});

test("one lost shard is said, its deliveries stay, and come back by its new socket", async () => {
  live();
  at(1).fail();
  expect(fleet.state).toMatchObject({ reach: "partial", open: 1 });
  expect(known()).toEqual(["A", "B"]);
  await vi.advanceTimersByTimeAsync(2_000);
  at(1).accept();
  expect(fleet.state).toMatchObject({ reach: "connecting", open: 2, ready: true });
  at(1).deliver(aState([one("C")], 1, 1, 2, 1));
  expect(known()).toEqual(["A", "C"]);
  expect(fleet.state.reach).toBe("live");
});

test("where sockets do not work, all pages are asked for over HTTP, and what is not there any more goes", async () => {
  serve(one("A"), one("C"));
  live();
  for (let times = 0; times < 2; times++) {
    at(0).fail();
    at(1).fail();
    await vi.advanceTimersByTimeAsync(4_000);
  }
  expect(fleet.state.reach).toBe("polling");
  expect(known()).toEqual(["A", "C"]);
  at(0).accept().deliver(aState([one("A", { seq: 11 })], 1, 1, 2, 0));
  at(1).accept().deliver(aState([one("D")], 1, 1, 2, 1));
  expect(known()).toEqual(["A", "D"]);
  expect(fleet.state.reach).toBe("live");
});

test("what ends while sockets do not work is told as they would, until the service has it no more", async () => {
  serve(one("A"), one("B", { status: "FAILED", seq: 12 }), one("C", { status: "DELIVERED" }));
  live();
  for (let times = 0; times < 2; times++) {
    at(0).fail();
    at(1).fail();
    await vi.advanceTimersByTimeAsync(4_000);
  }
  expect(known()).toEqual(["A", "B", "C"]);
  expect(batches.flatMap(({ changed }) => changed).some(({ tracking_id, status }) => tracking_id === "B" && status === "FAILED")).toBe(true);
  expect(batches.flatMap(({ removed }) => removed)).toEqual([]);
  serve(one("A"));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(known()).toEqual(["A"]);
});

test("a poll does not take what a live shard tells", async () => {
  serve(one("A"), one("B"));
  live();
  for (let times = 0; times < 2; times++) {
    at(1).fail();
    await vi.advanceTimersByTimeAsync(4_000);
  }
  at(0).deliver(anUpdate({ removed: ["A"] }));
  expect(known()).toEqual(["B"]);
});

test("an invalid token is renewed once for all shards", async () => {
  const renewToken = vi.fn(() => Promise.resolve("d.e.f"));
  follow(null, renewToken);
  at(0).accept().deliver(aState([], 1, 1, 2, 0));
  at(1).accept();
  at(0).fail(1008, "Invalid token");
  at(1).fail(1008, "Invalid token");
  await vi.advanceTimersByTimeAsync(4_000);
  expect(renewToken).toHaveBeenCalledTimes(1);
  expect([at(0).protocols[1], at(1).protocols[1]]).toEqual(["bearer.d.e.f", "bearer.d.e.f"]);
});

test("who may not see it is told why", () => {
  follow();
  at(0).accept().fail(1008, "Not allowed");
  expect(fleet.state).toMatchObject({ reach: "ended", ending: "not_allowed" });
});

test("a shard that is no more is closed, and what it had goes", () => {
  live();
  at(0).deliver(aState([one("A")], 1, 1, 1, 0));
  expect(known()).toEqual(["A"]);
  expect(at(1).readyState).toBe(3);
});

test("a call for help is known until somebody has it", () => {
  live();
  const call = { id: "E1", driver_id: "d1", at: T0, tracking_ids: ["A"] };
  at(0).deliver({ type: "emergency_alert", data: call });
  expect([...fleet.emergencies.keys()]).toEqual(["E1"]);
  at(0).deliver({ type: "emergency_acknowledged", data: { ...call, acknowledged_at: T0 + 5 } });
  expect(fleet.emergencies.size).toBe(0);
});

const call = (id: string, fields: Partial<EmergencyView> = {}): EmergencyView => ({ id, driver_id: "d1", at: T0, tracking_ids: ["A"], ...fields });
const calling = (): string[] => [...fleet.emergencies.keys()];
const asked = (): number => answer.mock.calls.filter(([url]) => url.endsWith("/emergencies")).length;

test("a call for help raised while a socket was away is known once it is back, and one that is over goes", async () => {
  serve();
  helpless = [call("E1")];
  live();
  await vi.advanceTimersByTimeAsync(ASK_AFTER_MS);
  expect([asked(), calling()]).toEqual([1, ["E1"]]);
  helpless = [call("E1", { acknowledged_at: T0 + 5 }), call("E2")];
  at(0).fail();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(calling()).toEqual(["E1"]);
  at(0).accept();
  await vi.advanceTimersByTimeAsync(ASK_AFTER_MS);
  expect([asked(), calling()]).toEqual([2, ["E2"]]);
});

test("where sockets do not work, each poll asks who calls for help", async () => {
  serve();
  follow();
  for (let times = 0; times < 2; times++) {
    at(0).fail();
    await vi.advanceTimersByTimeAsync(4_000);
  }
  helpless = [call("E1")];
  await vi.advanceTimersByTimeAsync(20_000);
  expect(calling()).toEqual(["E1"]);
});

test("who calls for help is asked again until it is answered, and that it is not known is said", async () => {
  serve();
  const served = answer.getMockImplementation()!;
  answer.mockImplementation(() => Promise.resolve(new Response("", { status: 503 })));
  live();
  await vi.advanceTimersByTimeAsync(ASK_AFTER_MS);
  expect(fleet.state.uncertain).toBe(true);
  helpless = [call("E1")];
  answer.mockImplementation(served);
  await vi.advanceTimersByTimeAsync(10_000);
  expect([fleet.state.uncertain, calling(), asked()]).toEqual([false, ["E1"], 2]);
});

test("an answer that was under way takes back nothing that was told meanwhile", async () => {
  let give: (response: Response) => void = () => undefined;
  answer.mockImplementation(() => new Promise((resolve) => (give = resolve)));
  live();
  at(0).deliver({ type: "emergency_alert", data: call("E0") });
  await vi.advanceTimersByTimeAsync(ASK_AFTER_MS);
  at(0).deliver({ type: "emergency_alert", data: call("E2") });
  fleet.setEmergency(call("E1", { acknowledged_at: T0 + 5 }));
  give(Response.json({ emergencies: [call("E1")] }));
  await vi.advanceTimersByTimeAsync(0);
  expect(calling()).toEqual(["E2"]);
});

test("other statuses narrow the subscription of a crowd, too", () => {
  live();
  fleet.look([-1, 5, 0, 6]);
  at(0).deliver(aState(Array.from({ length: CROWD + 1 }, (_, index) => one(`C${index}`)), 1, 1, 2, 0));
  vi.advanceTimersByTime(LOOK_AFTER_MS);
  fleet.choose(["FAILED"]);
  vi.advanceTimersByTime(LOOK_AFTER_MS);
  fleet.choose(["FAILED"]);
  vi.advanceTimersByTime(LOOK_AFTER_MS);
  fleet.choose([]);
  vi.advanceTimersByTime(LOOK_AFTER_MS);
  expect(at(1).sent).toEqual([
    '{"type":"subscribe","bbox":[-1,5,0,6]}',
    '{"type":"subscribe","bbox":[-1,5,0,6],"status":["FAILED"]}',
    '{"type":"subscribe","bbox":[-1,5,0,6]}',
  ]);
});

test("a map that moves narrows the subscription only of a crowd, once it rests", () => {
  live();
  fleet.look([-1, 5, 0, 6]);
  vi.advanceTimersByTime(LOOK_AFTER_MS);
  expect(at(0).sent).toEqual([]);
  at(0).deliver(aState(Array.from({ length: CROWD + 1 }, (_, index) => one(`C${index}`)), 1, 1, 2, 0));
  fleet.look([-1, 5, 0, 7]);
  fleet.look([-1, 5, 0, 8]);
  vi.advanceTimersByTime(LOOK_AFTER_MS);
  expect(at(0).sent).toEqual(['{"type":"subscribe","bbox":[-1,5,0,8]}']);
  at(0).deliver(aState([one("C1")], 1, 1, 2, 0));
  fleet.look([-1, 5, 0, 9]);
  vi.advanceTimersByTime(LOOK_AFTER_MS);
  expect(at(1).sent.at(-1)).toBe('{"type":"subscribe","bbox":[-1,5,0,9]}');
});

test("what a socket refuses is said, until it takes what is asked", () => {
  live();
  at(1).deliver({ type: "error", code: "invalid", field: "bbox", message: "bbox must be within ±180" });
  expect(fleet.state.refused).toBe("bbox must be within ±180");
  at(0).deliver(aState([one("A")], 1, 1, 2, 0));
  expect(fleet.state.refused).toBe("bbox must be within ±180");
  at(1).deliver(aState([one("B")], 1, 1, 2, 1));
  expect(fleet.state.refused).toBeNull();
});
