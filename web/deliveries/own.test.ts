import { beforeEach, expect, test, vi } from "vitest";
import { T0 } from "../client/fixtures";
import type { OwnDelivery } from "../client/wire";
import { ownDelivery } from "./fixtures";
import { Own } from "./own";

const answer = vi.fn<(url: string, init: RequestInit) => Promise<Response>>();
beforeEach(() => answer.mockReset());

const open = (): Own =>
  new Own({ token: "a.b.c", onChange: () => undefined, fetch: answer as unknown as typeof fetch, monotonic: () => 0 });

/** A service with these deliveries, the newest first, two a page. */
function serve(all: readonly OwnDelivery[]): void {
  answer.mockImplementation((url) => {
    const from = Number(new URL(url, "https://onway.test").searchParams.get("cursor") ?? 0);
    const next_cursor = from + 2 < all.length ? String(from + 2) : null;
    return Promise.resolve(Response.json({ deliveries: all.slice(from, from + 2), next_cursor, server_time: T0 * 1_000 }));
  });
}

const past = (id: number, fields: Partial<OwnDelivery> = {}): OwnDelivery =>
  ownDelivery({ tracking_id: `TRK-${id}`, started_at: T0 - id, status: "DELIVERED", ended_at: T0, ...fields });
const ids = (own: Own): string[] => own.state.deliveries.map(({ tracking_id }) => tracking_id);

test("the first page is asked for with the token, the next by its cursor", async () => {
  serve([past(1), past(2), past(3)]);
  const own = open();
  await own.refresh();
  expect(own.state).toMatchObject({ phase: "ready", more: true, busy: false });
  expect(new Headers(answer.mock.calls[0]![1].headers).get("Authorization")).toBe("Bearer a.b.c");
  await own.more();
  expect(ids(own)).toEqual(["TRK-1", "TRK-2", "TRK-3"]);
  expect(own.state.more).toBe(false);
  expect(own.now()).toBe(T0 * 1_000);
});

test("a refresh asks for one page where no later one has an active delivery", async () => {
  serve([past(1), past(2), past(3)]);
  const own = open();
  await own.refresh();
  await own.more();
  answer.mockClear();
  await own.refresh();
  expect(answer).toHaveBeenCalledTimes(1);
});

test("a refresh finds active deliveries also on later pages, and new ones", async () => {
  serve([past(1), past(2), past(3, { status: "ASSIGNED" })]);
  const own = open();
  await own.refresh();
  await own.more();
  serve([past(0), past(1), past(2), past(3, { status: "IN_TRANSIT" })]);
  await own.refresh();
  expect(ids(own)).toEqual(["TRK-0", "TRK-1", "TRK-2", "TRK-3"]);
  expect(own.state.deliveries[3]?.status).toBe("IN_TRANSIT");
});

test("what is known stays when the network goes, and is mended when it comes back", async () => {
  serve([past(1)]);
  const own = open();
  await own.refresh();
  answer.mockImplementation(() => Promise.reject(new TypeError("network")));
  await own.refresh();
  expect(own.state).toMatchObject({ phase: "ready", trouble: "offline" });
  expect(ids(own)).toEqual(["TRK-1"]);
  answer.mockImplementation(() => Promise.resolve(new Response(null, { status: 503 })));
  await own.refresh();
  expect(own.state.trouble).toBe("unavailable");
  serve([past(1)]);
  await own.refresh();
  expect(own.state.trouble).toBeNull();
});

test.each([401, 403])("after %i nothing is kept, and nothing more is asked", async (status) => {
  serve([past(1)]);
  const own = open();
  await own.refresh();
  answer.mockImplementation(() => Promise.resolve(Response.json({ detail: "no" }, { status })));
  await own.refresh();
  expect(own.state).toMatchObject({ phase: "refused", status, deliveries: [], busy: false });
  answer.mockClear();
  await own.refresh();
  expect(answer).not.toHaveBeenCalled();
});
