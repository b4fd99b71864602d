import { beforeEach, expect, test, vi } from "vitest";
import { T0 } from "../client/fixtures";
import { Refusal } from "../client/http";
import type { AttemptFilter } from "../client/webhook-calls";
import type { Attempt, AttemptPage } from "../client/wire";
import { ALL, Attempts } from "./attempts";
import { anAttempt } from "./fixtures";

const ask = vi.fn<(id: string, filter: AttemptFilter, cursor?: string | null) => Promise<AttemptPage>>();
beforeEach(() => void ask.mockReset());

const waits: number[] = [];
const open = (): Attempts => new Attempts({ attempts: ask }, "ep_1", () => undefined, (ms) => Promise.resolve(void waits.push(ms)));
const nth = (n: number, fields: Partial<Attempt> = {}): Attempt => anAttempt({ event_id: `evt_${n}`, at: T0 + n, ...fields });
const events = (attempts: Attempts): string[] => attempts.state.attempts.map(({ event_id }) => event_id);

/** A service with these attempts, the newest first, two a page. */
function serve(...all: Attempt[]): void {
  ask.mockImplementation((_id, { outcome, event_id }, cursor) => {
    const fitting = all.filter((one) => (outcome === null || one.delivered === (outcome === "delivered")) && (event_id === null || one.event_id === event_id));
    const from = cursor ? Number(cursor) : 0;
    return Promise.resolve({ attempts: fitting.slice(from, from + 2), next_cursor: from + 2 < fitting.length ? String(from + 2) : null });
  });
}

test("pages follow each other, and a refresh puts what is new before them", async () => {
  serve(nth(3), nth(2), nth(1));
  const attempts = open();
  await attempts.refresh();
  expect(attempts.state).toMatchObject({ phase: "ready", more: true, busy: false });
  await attempts.more();
  expect(attempts.state.more).toBe(false);
  serve(nth(4), nth(3), nth(2), nth(1));
  await attempts.refresh();
  expect(events(attempts)).toEqual(["evt_4", "evt_3", "evt_2", "evt_1"]);
});

test("where the newest page does not meet what is known, the list begins anew, without a gap", async () => {
  serve(nth(1));
  const attempts = open();
  await attempts.refresh();
  serve(nth(5), nth(4), nth(3), nth(2), nth(1));
  await attempts.refresh();
  expect(events(attempts)).toEqual(["evt_5", "evt_4"]);
  await attempts.more();
  await attempts.more();
  expect(events(attempts)).toEqual(["evt_5", "evt_4", "evt_3", "evt_2", "evt_1"]);
});

test("a filter begins anew, and an answer for the one before is passed over", async () => {
  serve(nth(2, { delivered: false, status: 500 }), nth(1));
  const attempts = open();
  const before = attempts.refresh();
  await attempts.choose({ outcome: "failed", event_id: null });
  await before;
  expect(events(attempts)).toEqual(["evt_2"]);
  await attempts.choose({ outcome: null, event_id: "evt_1" });
  expect(events(attempts)).toEqual(["evt_1"]);
  await attempts.choose(ALL);
  expect(events(attempts)).toEqual(["evt_2", "evt_1"]);
});

test("what is known stays when the service is away", async () => {
  serve(nth(1));
  const attempts = open();
  await attempts.refresh();
  ask.mockRejectedValueOnce(new Refusal(503, ""));
  await attempts.refresh();
  expect(attempts.state).toMatchObject({ phase: "ready", busy: false });
  expect(attempts.state.trouble?.words).toMatch(/cannot do it/);
  expect(events(attempts)).toEqual(["evt_1"]);
  await attempts.refresh();
  expect(attempts.state.trouble).toBeNull();
});

test("a refresh that is asked for while one is on its way comes after it", async () => {
  serve(nth(1));
  const attempts = open();
  const first = attempts.refresh();
  serve(nth(2), nth(1));
  await attempts.refresh();
  await first;
  expect(events(attempts)).toEqual(["evt_2", "evt_1"]);
  expect(ask).toHaveBeenCalledTimes(2);
});

test("the next attempt of an event is waited for, whatever the filter is", async () => {
  serve(nth(1, { delivered: false, status: 500 }));
  const attempts = open();
  await attempts.choose({ outcome: "failed", event_id: null });
  const before = await attempts.newest("evt_1");
  const found = attempts.await("evt_1", before);
  serve(nth(1, { at: T0 + 9, attempt: 2 }), nth(1, { delivered: false, status: 500 }));
  expect(await found).toMatchObject({ attempt: 2, delivered: true });
  expect(events(attempts)).toEqual(["evt_1"]);
});

test("waiting has an end, also while the service is away or nobody looks any more", async () => {
  ask.mockRejectedValue(new TypeError("network"));
  waits.length = 0;
  const attempts = open();
  expect(await attempts.await("evt_1", null)).toBeNull();
  expect(waits.length).toBe(20);
  attempts.stop();
  ask.mockClear();
  expect(await attempts.await("evt_1", null)).toBeNull();
  expect(ask).not.toHaveBeenCalled();
});
