import { describe, expect, test } from "vitest";
import {
  FALLBACK_AFTER,
  INITIAL,
  type Connection,
  type Effect,
  type Happening,
  PONG_WITHIN_MS,
  PROBE_WITHIN_MS,
  needsPolling,
  step,
} from "./connection";

const HALF = 0.5;

function run(from: Connection, ...happenings: Happening[]): { c: Connection; effects: readonly Effect[] } {
  let c = from;
  let effects: readonly Effect[] = [];
  for (const happening of happenings) ({ next: c, effects } = step(c, happening, HALF));
  return { c, effects };
}

const connecting = run(INITIAL, { type: "start" }).c;
const open = run(connecting, { type: "opened" }).c;
const lost: Happening = { type: "closed", code: 1006, reason: "" };
const retry: Happening = { type: "timer", timer: "retry" };
const closed = (reason: string): Happening => ({ type: "closed", code: 1008, reason });

function timerSet(effects: readonly Effect[], timer: string): number | undefined {
  return effects.flatMap((effect) => (effect.do === "set" && effect.timer === timer ? [effect.ms] : []))[0];
}

describe("reconnecting", () => {
  test("waits double from loss to loss up to thirty seconds, with full jitter", () => {
    let c = open;
    const waits: (number | undefined)[] = [];
    for (let i = 0; i < 6; i++) {
      const step1 = run(c, lost);
      waits.push(timerSet(step1.effects, "retry"));
      c = run(step1.c, retry).c;
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });

  test("a socket that dies young does not start the waits again; one that lasts does", () => {
    const second = run(open, lost, retry, { type: "opened" }).c;
    expect(timerSet(run(second, lost).effects, "retry")).toBe(2_000);
    const lasted = run(second, { type: "timer", timer: "stable" }).c;
    expect(timerSet(run(lasted, lost).effects, "retry")).toBe(1_000);
  });

  test.each([1001, 1005, 1006, 1009, 1011, 1012, 4000])("code %i is worth a retry", (code) => {
    expect(run(open, { type: "closed", code, reason: "" }).c.phase).toBe("waiting");
  });

  test("1000 is the end", () => {
    expect(run(open, { type: "closed", code: 1000, reason: "" }).c).toMatchObject({ phase: "ended", ending: "closed" });
  });

  test.each([
    ["Tracking not found", "not_found"],
    ["Not allowed", "not_allowed"],
    ["Session expired", "expired"],
    ["Replaced", "replaced"],
    ["something new", "refused"],
  ])("1008 %s is the end", (reason, ending) => {
    expect(run(open, closed(reason)).c).toMatchObject({ phase: "ended", ending });
  });

  test.each(["Rate limit", "Too slow"])("1008 %s is worth a retry", (reason) => {
    expect(run(open, closed(reason)).c.phase).toBe("waiting");
  });

  test("a rate limit is waited out, and nothing shortens it", () => {
    const held = run(open, { ...closed("Rate limit"), retry_after: 20 } as Happening);
    expect(timerSet(held.effects, "retry")).toBe(21_000);
    expect(run(held.c, { type: "online" }).c).toEqual(held.c);
    expect(run(held.c, { type: "hidden" }, { type: "visible" }).c.phase).toBe("waiting");
  });

  test("an invalid token is renewed, or the end", () => {
    const renewing = run(open, closed("Invalid token"));
    expect(renewing.c.phase).toBe("renewing");
    expect(renewing.effects).toContainEqual({ do: "renew" });
    expect(run(renewing.c, { type: "renewed", token: true }).c.phase).toBe("waiting");
    expect(run(renewing.c, { type: "renewed", token: false }).c.ending).toBe("invalid_token");
  });

  test("nothing wakes what has ended", () => {
    const over = run(open, { type: "stop" }).c;
    for (const type of ["start", "online", "visible", "opened"] as const) expect(run(over, { type }).c).toBe(over);
  });
});

describe("dead transports", () => {
  test("a ping without a pong drops the socket", () => {
    const pinged = run(open, { type: "timer", timer: "ping" });
    expect(pinged.effects).toContainEqual({ do: "ping" });
    expect(timerSet(pinged.effects, "pong")).toBe(PONG_WITHIN_MS);
    const dead = run(pinged.c, { type: "timer", timer: "pong" });
    expect(dead.effects).toContainEqual({ do: "drop" });
    expect(dead.c.phase).toBe("waiting");
  });

  test("any frame proves life", () => {
    expect(run(open, { type: "received" }).effects).toEqual([{ do: "clear", timers: ["pong"] }]);
  });

  test("a connection that does not come about is given up", () => {
    expect(run(connecting, { type: "timer", timer: "connect" }).c.phase).toBe("waiting");
  });

  test.each(["online", "offline", "visible"] as const)("an open socket is probed on %s", (type) => {
    const probed = run(open, { type });
    expect(probed.effects).toContainEqual({ do: "ping" });
    expect(timerSet(probed.effects, "pong")).toBe(PROBE_WITHIN_MS);
    expect(probed.c.phase).toBe("open");
  });

  test("coming online shortens the wait", () => {
    const waiting = run(open, lost, retry, lost, retry, lost).c;
    expect(timerSet(run(waiting, { type: "online" }).effects, "retry")).toBe(1_000);
  });
});

describe("pages that nobody sees", () => {
  const hidden = run(open, { type: "hidden" }).c;

  test("keep their socket for a while, then let it go", () => {
    expect(hidden.phase).toBe("open");
    expect(run(hidden, { type: "timer", timer: "suspend" }).c.phase).toBe("suspended");
  });

  test("do not reconnect", () => {
    expect(run(hidden, lost).c.phase).toBe("suspended");
    expect(run(open, lost, { type: "hidden" }, retry).c.phase).toBe("suspended");
  });

  test("connect at once when somebody looks again", () => {
    const back = run(hidden, lost, { type: "visible" });
    expect(back.c.phase).toBe("connecting");
    expect(back.effects).toContainEqual({ do: "open" });
  });

  test("let go at once when they are put away, and come back when restored", () => {
    const away = run(open, { type: "left" });
    expect(away.effects).toContainEqual({ do: "drop" });
    expect(run(away.c, { type: "visible" }).c.phase).toBe("connecting");
  });
});

test("HTTP is asked while sockets do not work and somebody looks", () => {
  let c = connecting;
  for (let i = 0; i < FALLBACK_AFTER; i++) {
    expect(needsPolling(c)).toBe(false);
    c = run(c, lost, retry).c;
  }
  expect(needsPolling(c)).toBe(true);
  expect(needsPolling(run(c, { type: "hidden" }).c)).toBe(false);
  expect(needsPolling(run(c, { type: "opened" }).c)).toBe(false);
});

test("what HTTP refuses is over", () => {
  expect(run(connecting, { type: "refused", ending: "expired" }).c.ending).toBe("expired");
  expect(run(connecting, { type: "refused", ending: "invalid_token" }).c.phase).toBe("renewing");
});
