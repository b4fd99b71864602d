import polyline from "@mapbox/polyline";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { T0, aLocationUpdate, aSnapshot } from "./fixtures";
import { PING } from "./line";
import { POLL_EVERY_MS } from "./poller";
import { Tracking, type TrackingOptions } from "./tracking";

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

  static get last(): FakeSocket {
    return FakeSocket.all.at(-1)!;
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
const answer = vi.fn<(url: string, init: RequestInit) => Promise<Response>>();

function follow(options: Partial<TrackingOptions> = {}): Tracking {
  const tracking = new Tracking({
    tracking_id: "TRK-TEST",
    origin: "https://onway.test",
    surroundings: {
      WebSocket: FakeSocket as unknown as typeof WebSocket,
      random: () => 0.5,
      window: page.window,
      document: page.document as never,
      fetch: answer as unknown as typeof fetch,
      monotonic: () => Date.now(),
    },
    ...options,
  });
  tracking.start();
  return tracking;
}

/** Loses sockets until HTTP is asked. */
async function loseSockets(): Promise<void> {
  FakeSocket.last.fail();
  await vi.advanceTimersByTimeAsync(1_000);
  FakeSocket.last.fail();
  await vi.advanceTimersByTimeAsync(10);
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.all = [];
  answer.mockReset();
});
afterEach(() => vi.useRealTimers());

test("asked whether it keeps up, it answers by the number of the frame, and comes back after Too slow", async () => {
  follow();
  const socket = FakeSocket.last.accept();
  socket.deliver({ type: "initial_state", data: aSnapshot() });
  expect(socket.sent).toEqual([]);
  const asking = aLocationUpdate({ seq: 40 });
  socket.deliver({ type: "location_update", data: asking, ack: true });
  expect(socket.sent).toEqual([JSON.stringify({ type: "ack", seq: 40 })]);
  socket.fail(1008, "Too slow");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(FakeSocket.last).not.toBe(socket);
});

describe("the socket", () => {
  test("starts without a place to resume, and offers the protocol", () => {
    follow();
    expect(FakeSocket.last.url).toBe("wss://onway.test/ws/tracking/TRK-TEST");
    expect(FakeSocket.last.protocols).toEqual(["onway.v1"]);
  });

  test("carries a share link in its URL and a token in its protocols", () => {
    follow({ link: "TRK-TEST.secret", token: "a.b.c" });
    expect(FakeSocket.last.url).toContain("?link=TRK-TEST.secret");
    expect(FakeSocket.last.protocols).toEqual(["onway.v1", "bearer.a.b.c"]);
  });

  test("resumes from the last seq, also from what the page was served with", async () => {
    follow({ initial: { snapshot: aSnapshot(), at: Date.now() } });
    expect(FakeSocket.last.url).toContain("?since=17&epoch=e1");
    FakeSocket.last.accept().deliver({ type: "location_update", data: aLocationUpdate({ seq: 21 }) }).fail();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSocket.last.url).toContain("?since=21&epoch=e1");
  });

  test("is pinged every thirty seconds with exactly the bytes the platform answers", async () => {
    follow();
    const socket = FakeSocket.last.accept();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(socket.sent).toEqual(['{"type":"ping"}']);
    socket.deliver({ type: "pong" });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(socket.sent).toEqual([PING, PING]);
    expect(FakeSocket.all.length).toBe(1);
  });

  test("is replaced when no pong comes", async () => {
    const tracking = follow();
    FakeSocket.last.accept();
    await vi.advanceTimersByTimeAsync(40_000);
    expect(tracking.state.reach).toBe("connecting");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSocket.all.length).toBe(2);
  });

  test("answers a frame that asks for it", () => {
    follow();
    const socket = FakeSocket.last.accept().deliver({ type: "initial_state", data: aSnapshot() });
    socket.deliver({ type: "location_update", ack: true, data: aLocationUpdate() });
    expect(socket.sent).toEqual(['{"type":"ack","seq":18}']);
  });

  test("survives frames that are no JSON and kinds it does not know", () => {
    const tracking = follow();
    const socket = FakeSocket.last.accept().deliver({ type: "initial_state", data: aSnapshot() });
    socket.dispatchEvent(Object.assign(new Event("message"), { data: "{" }));
    socket.deliver({ type: "sampling", interval_s: 5 });
    expect(tracking.state.delivery?.snapshot.seq).toBe(17);
  });

  test("comes back with a new token, and only with a new one", async () => {
    const tokens = ["new", "new"];
    const tracking = follow({ token: "old", renewToken: () => Promise.resolve(tokens.shift() ?? null) });
    FakeSocket.last.accept().fail(1008, "Invalid token");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(FakeSocket.last.protocols).toEqual(["onway.v1", "bearer.new"]);
    FakeSocket.last.accept().fail(1008, "Invalid token");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.all.length).toBe(2);
    expect(tracking.state.ending).toBe("invalid_token");
  });

  test("waits as long as a rate limit says", async () => {
    follow();
    const frame = { type: "error", code: "rate_limit", message: "too many", retry_after: 20 };
    FakeSocket.last.accept().deliver(frame).fail(1008, "Rate limit");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(FakeSocket.all.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSocket.all.length).toBe(2);
  });

  test("is heard no more once it was given up", () => {
    const tracking = follow();
    const socket = FakeSocket.last.accept().deliver({ type: "initial_state", data: aSnapshot() });
    tracking.stop();
    socket.deliver({ type: "location_update", data: aLocationUpdate() });
    expect(tracking.state.delivery?.snapshot.seq).toBe(17);
    expect(tracking.state).toMatchObject({ reach: "ended", ending: "stopped" });
  });
});

test("a pickup asks for the position that it lets be seen", () => {
  const hidden = { location_state: "hidden", current_location: null } as const;
  follow({ initial: { snapshot: aSnapshot({ status: "ASSIGNED", ...hidden }), at: Date.now() } });
  const socket = FakeSocket.last.accept();
  const data = { tracking_id: "TRK-TEST", at: T0 + 660, server_time: (T0 + 660) * 1_000 };
  socket.deliver({ type: "status_update", data: { ...data, status: "PICKED_UP", seq: 18 } });
  socket.deliver({ type: "status_update", data: { ...data, status: "IN_TRANSIT", seq: 19 } });
  expect(socket.sent).toEqual(['{"type":"get"}']);
});

describe("resuming", () => {
  const far = { lat: 5.605, lng: -0.188, timestamp: T0 + 900 };
  const resumed = { type: "resumed", data: { seq: 40, server_time: (T0 + 900) * 1_000 } };

  function resumeAt(current_location: typeof far): { tracking: Tracking; socket: FakeSocket } {
    const tracking = follow({ initial: { snapshot: aSnapshot(), at: Date.now() } });
    const socket = FakeSocket.last.accept();
    socket.deliver({ type: "location_update", data: aLocationUpdate({ seq: 40, current_location }) }).deliver(resumed);
    return { tracking, socket };
  }

  test("asks for the way that was missed, and draws that instead of a straight line", () => {
    const { tracking, socket } = resumeAt(far);
    expect(socket.sent).toEqual(['{"type":"get"}']);
    const trail = polyline.encode([[5.6145, -0.2], [5.6145, -0.188], [far.lat, far.lng]]);
    socket.deliver({ type: "initial_state", data: aSnapshot({ seq: 40, trail, current_location: far }) });
    expect(tracking.state.delivery?.trail.map(({ lat, lng }) => [lat, lng])).toEqual([
      [5.6145, -0.2],
      [5.6145, -0.188],
      [5.605, -0.188],
    ]);
  });

  test("asks for nothing where nothing was missed", () => {
    const { socket } = resumeAt({ ...far, lat: 5.6144, lng: -0.2 });
    expect(socket.sent).toEqual([]);
  });
});

describe("a token beside what anybody may see", () => {
  const initial = { snapshot: aSnapshot(), at: Date.now() };

  test("asks for the whole, and resumes from that", async () => {
    const tracking = follow({ initial, token: "a.b.c" });
    expect(FakeSocket.last.url).not.toContain("since=");
    FakeSocket.last.accept().deliver({ type: "initial_state", data: aSnapshot({ handover_code: "A7K2" }) });
    expect(tracking.state.delivery?.snapshot.handover_code).toBe("A7K2");
    FakeSocket.last.fail();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(FakeSocket.last.url).toContain("since=17");
    tracking.stop();
  });

  test("that comes later asks for the whole too", () => {
    const tracking = follow({ initial });
    expect(FakeSocket.last.url).toContain("since=17");
    FakeSocket.last.accept();
    tracking.setToken("a.b.c");
    tracking.setToken("d.e.f");
    const sent = FakeSocket.last.sent.map((text) => (JSON.parse(text) as { type: string }).type);
    expect(sent.filter((type) => type !== "ping")).toEqual(["auth", "get", "auth", "get"]);
    FakeSocket.last.deliver({ type: "initial_state", data: aSnapshot({ seq: 18 }) });
    tracking.setToken("g.h.i");
    expect(JSON.parse(FakeSocket.last.sent.at(-1)!)).toEqual({ type: "auth", token: "g.h.i" });
    tracking.stop();
  });
});

test("a frame from a newer service changes nothing, least of all the clock", () => {
  const tracking = follow({ initial: { snapshot: aSnapshot(), at: Date.now() } });
  const { delivery } = tracking.state;
  FakeSocket.last.accept().deliver({ type: "weather", data: { sunny: true } }).deliver({ type: "weather", data: null });
  expect(tracking.state.delivery).toBe(delivery);
  expect(tracking.now()).toBe(aSnapshot().server_time);
});

describe("without sockets", () => {
  test("HTTP is asked with the ETag, and the socket takes over when it works again", async () => {
    const tracking = follow({ token: "a.b.c" });
    answer.mockImplementation(() => Promise.resolve(Response.json(aSnapshot(), { headers: { ETag: 'W/"1"' } })));
    await loseSockets();
    expect(tracking.state.reach).toBe("polling");
    expect(tracking.state.delivery?.snapshot.seq).toBe(17);
    expect(answer.mock.calls[0]![1].headers).toMatchObject({ Authorization: "Bearer a.b.c" });

    answer.mockImplementation(() => Promise.resolve(new Response(null, { status: 304 })));
    await vi.advanceTimersByTimeAsync(POLL_EVERY_MS);
    expect(answer.mock.calls.at(-1)![1].headers).toMatchObject({ "If-None-Match": 'W/"1"' });

    const asked = answer.mock.calls.length;
    FakeSocket.last.accept();
    expect(tracking.state.reach).toBe("live");
    await vi.advanceTimersByTimeAsync(3 * POLL_EVERY_MS);
    expect(answer.mock.calls.length).toBe(asked);
  });

  test("it is offline when HTTP fails too, and says so", async () => {
    const tracking = follow();
    answer.mockImplementation(() => Promise.reject(new TypeError("network")));
    await loseSockets();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(tracking.state.reach).toBe("offline");
  });

  test.each([
    [403, "not_allowed"],
    [404, "not_found"],
    [410, "expired"],
  ])("an answer of %i ends it, with its problem", async (status, ending) => {
    const tracking = follow();
    const problem = { type: "about:blank", title: "No", status, detail: "…" };
    answer.mockImplementation(() => Promise.resolve(Response.json(problem, { status })));
    await loseSockets();
    expect(tracking.state).toMatchObject({ reach: "ended", ending, problem });
  });

  test("an overloaded service is given the time it asks for", async () => {
    follow();
    answer.mockImplementation(() => Promise.resolve(new Response(null, { status: 429, headers: { "Retry-After": "60" } })));
    await loseSockets();
    await vi.advanceTimersByTimeAsync(59_000);
    expect(answer).toHaveBeenCalledTimes(1);
  });
});

test("the delivery's clock runs at the rate of the snapshot", async () => {
  const snapshot = aSnapshot({ clock: { origin: T0, rate: 60 } });
  const tracking = follow({ initial: { snapshot, at: Date.now() } });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(tracking.now()).toBe(snapshot.server_time + 60_000);
  expect(tracking.rate).toBe(60);
});

test("a frame that changes nothing draws nothing", () => {
  const tracking = follow({ initial: { snapshot: aSnapshot(), at: Date.now() } });
  FakeSocket.last.accept();
  const drawn = vi.fn();
  tracking.subscribe(drawn);
  FakeSocket.last.deliver({ type: "location_update", data: aLocationUpdate({ seq: 17 }) });
  expect(drawn).not.toHaveBeenCalled();
});
