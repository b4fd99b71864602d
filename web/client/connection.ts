/**
 * The life of one socket as a state machine: what happened goes in, what to do comes out.
 *
 * It is pure, so that every rule of reconnecting (full jitter, close codes, hidden pages, dead
 * transports) is a table in its test. `line.ts` does what it says.
 */
import { backoff } from "./backoff";
import { afterClose, type Ending } from "./closing";

export type Phase =
  /** Not started. */
  | "idle"
  | "connecting"
  | "open"
  /** Lost; the retry timer runs. */
  | "waiting"
  /** Lost for an invalid token; a new one was asked for. */
  | "renewing"
  /** Let go on purpose while nobody looks. */
  | "suspended"
  /** Over for good. */
  | "ended";

export interface Connection {
  readonly phase: Phase;
  /** Losses since the last socket that lasted. */
  readonly attempt: number;
  readonly hidden: boolean;
  /** The service said when to come back: nothing shortens that wait. */
  readonly held: boolean;
  readonly ending: Ending | null;
}

export type Timer = "connect" | "stable" | "ping" | "pong" | "retry" | "suspend";

export type Happening =
  | { type: "start" }
  | { type: "opened" }
  /** Any frame at all: the transport lives. */
  | { type: "received" }
  | { type: "closed"; code: number; reason: string; retry_after?: number }
  /** HTTP said what a close code would have said. */
  | { type: "refused"; ending: Ending }
  | { type: "renewed"; token: boolean }
  | { type: "timer"; timer: Timer }
  | { type: "online" }
  | { type: "offline" }
  | { type: "hidden" }
  | { type: "visible" }
  /** The page is being put away (`pagehide`). */
  | { type: "left" }
  | { type: "stop" };

export type Effect =
  | { do: "open" }
  | { do: "drop" }
  | { do: "ping" }
  | { do: "renew" }
  | { do: "set"; timer: Timer; ms: number }
  | { do: "clear"; timers: readonly Timer[] };

export interface Step {
  readonly next: Connection;
  readonly effects: readonly Effect[];
}

export const INITIAL: Connection = { phase: "idle", attempt: 0, hidden: false, held: false, ending: null };

export const CONNECT_TIMEOUT_MS = 10_000;
export const PING_EVERY_MS = 30_000;
export const PONG_WITHIN_MS = 10_000;
/** The pong is awaited for less when somebody just came back and looks. */
export const PROBE_WITHIN_MS = 4_000;
/** A socket that lasted this long was no failure: waits start small again. */
export const STABLE_AFTER_MS = 10_000;
/** A hidden page keeps its socket for this long, for a glance at another app. */
export const SUSPEND_AFTER_MS = 300_000;
/** From this many losses on, HTTP is asked instead. */
export const FALLBACK_AFTER = 2;

const SOCKET_TIMERS = ["connect", "stable", "ping", "pong"] as const;

/** Whether to poll over HTTP: sockets do not work and somebody looks. */
export function needsPolling(c: Connection): boolean {
  return !c.hidden && c.attempt >= FALLBACK_AFTER && (c.phase === "waiting" || c.phase === "connecting");
}

/** The one transition function. `random` is uniform in [0, 1). */
export function step(c: Connection, happening: Happening, random: number): Step {
  if (c.phase === "ended") return stay(c);
  switch (happening.type) {
    case "start":
      return c.phase === "idle" ? connect(c) : stay(c);
    case "opened":
      if (c.phase !== "connecting") return stay(c);
      return {
        next: { ...c, phase: "open" },
        effects: [
          clear("connect", "retry"),
          set("stable", STABLE_AFTER_MS),
          set("ping", PING_EVERY_MS),
        ],
      };
    case "received":
      return { next: c, effects: [clear("pong")] };
    case "closed":
      return c.phase === "connecting" || c.phase === "open"
        ? lost(c, happening.code, happening.reason, random, happening.retry_after)
        : stay(c);
    case "refused":
      return happening.ending === "invalid_token" ? renew(c) : end(c, happening.ending);
    case "renewed":
      if (c.phase !== "renewing") return stay(c);
      return happening.token ? wait(c, random, 0) : end(c, "invalid_token");
    case "timer":
      return elapsed(c, happening.timer, random);
    case "online":
      if (c.phase === "waiting" && !c.held) return wait({ ...c, attempt: 0 }, random, 0);
      return c.phase === "open" ? probe(c) : stay(c);
    case "offline":
      return c.phase === "open" ? probe(c) : stay(c);
    case "hidden":
      return { next: { ...c, hidden: true }, effects: [set("suspend", SUSPEND_AFTER_MS)] };
    case "visible":
      return appeared({ ...c, hidden: false });
    case "left":
      return c.phase === "idle" ? stay({ ...c, hidden: true }) : suspend({ ...c, hidden: true });
    case "stop":
      return end(c, "stopped");
  }
}

function elapsed(c: Connection, timer: Timer, random: number): Step {
  switch (timer) {
    case "connect":
    case "pong": {
      if (c.phase !== "connecting" && c.phase !== "open") return stay(c);
      // A dead transport may never report its own close: drop it and go on.
      const { next, effects } = lost(c, 1006, "", random);
      return { next, effects: [{ do: "drop" }, ...effects] };
    }
    case "stable":
      return c.phase === "open" ? stay({ ...c, attempt: 0 }) : stay(c);
    case "ping":
      if (c.phase !== "open") return stay(c);
      return { next: c, effects: [{ do: "ping" }, set("pong", PONG_WITHIN_MS), set("ping", PING_EVERY_MS)] };
    case "retry":
      if (c.phase !== "waiting") return stay(c);
      return c.hidden ? suspend(c) : connect(c);
    case "suspend":
      return c.hidden ? suspend(c) : stay(c);
  }
}

function connect(c: Connection): Step {
  return {
    next: { ...c, phase: "connecting", held: false },
    effects: [clear("retry"), { do: "open" }, set("connect", CONNECT_TIMEOUT_MS)],
  };
}

function lost(c: Connection, code: number, reason: string, random: number, retry_after = 0): Step {
  const after = afterClose(code, reason);
  if (after.next === "end") return end(c, after.ending);
  if (after.next === "renew") return renew(c);
  return wait(c, random, retry_after * 1_000);
}

/** Waits out the jitter; a page that nobody sees waits for its viewer instead. */
function wait(c: Connection, random: number, at_least: number): Step {
  const held = at_least > 0;
  const attempt = c.attempt + 1;
  if (c.hidden && !held) {
    return { next: { ...c, phase: "suspended", attempt }, effects: [clear(...SOCKET_TIMERS, "retry")] };
  }
  return {
    next: { ...c, phase: "waiting", attempt, held },
    effects: [clear(...SOCKET_TIMERS), set("retry", at_least + backoff(c.attempt, random))],
  };
}

function renew(c: Connection): Step {
  return {
    next: { ...c, phase: "renewing" },
    effects: [{ do: "drop" }, clear(...SOCKET_TIMERS, "retry"), { do: "renew" }],
  };
}

function suspend(c: Connection): Step {
  if (c.phase === "renewing") return stay(c);
  return {
    next: { ...c, phase: "suspended" },
    effects: [{ do: "drop" }, clear(...SOCKET_TIMERS, "retry", "suspend")],
  };
}

/** Somebody looks again: one person, no herd, so without jitter. */
function appeared(c: Connection): Step {
  const back = { next: c, effects: [clear("suspend")] };
  if (c.phase === "suspended" || (c.phase === "waiting" && !c.held)) return join(back, connect(c));
  return c.phase === "open" ? join(back, probe(c)) : back;
}

/** Is the socket still there? Phones drop them silently while they sleep. */
function probe(c: Connection): Step {
  return { next: c, effects: [{ do: "ping" }, set("pong", PROBE_WITHIN_MS)] };
}

function end(c: Connection, ending: Ending): Step {
  return {
    next: { ...c, phase: "ended", ending },
    effects: [{ do: "drop" }, clear(...SOCKET_TIMERS, "retry", "suspend")],
  };
}

function stay(c: Connection): Step {
  return { next: c, effects: [] };
}

function join(first: Step, then: Step): Step {
  return { next: then.next, effects: [...first.effects, ...then.effects] };
}

function set(timer: Timer, ms: number): Effect {
  return { do: "set", timer, ms };
}

function clear(...timers: Timer[]): Effect {
  return { do: "clear", timers };
}
