import { describe, expect, test } from "vitest";
import { aFix } from "./driver-fixtures";
import { Outbox } from "./outbox";
import { memoryStore } from "./rows";

describe("a full queue", () => {
  const filled = async (count: number): Promise<Outbox> => {
    const outbox = new Outbox(memoryStore(), 100, 40);
    for (let i = 0; i < count; i++) await outbox.addFix(aFix(i));
    return outbox;
  };

  test("thins its oldest positions, keeps the first and the newest, and counts what it let go", async () => {
    const outbox = await filled(101);
    const rows = await outbox.oldest(200, new Set());
    const kept = rows.map((row) => row.value.timestamp);
    const expected = Array.from({ length: 101 }, (_, i) => i).filter((i) => i >= 40 || i % 2 === 0);
    expect(kept).toEqual(expected.map((i) => aFix(i).timestamp));
    expect(await outbox.waiting()).toEqual({ fixes: 81, reports: 0, oldest: aFix(0).timestamp, thinned: 20 });
  });

  test("never grows beyond its bound, and never loses the newest", async () => {
    const outbox = await filled(1_000);
    const { fixes, thinned } = await outbox.waiting();
    expect(fixes).toBeLessThanOrEqual(100);
    expect(fixes + thinned).toBe(1_000);
    expect((await outbox.newest())?.value).toEqual(aFix(999));
  });

  test("forgets that it thinned once it is empty", async () => {
    const outbox = await filled(101);
    await outbox.removeFixes((await outbox.oldest(200, new Set())).map((row) => row.key));
    expect((await outbox.waiting()).thinned).toBe(0);
  });
});

test("positions under way are not chosen again", async () => {
  const outbox = new Outbox(memoryStore());
  for (let i = 0; i < 5; i++) await outbox.addFix(aFix(i));
  const [first] = await outbox.oldest(1, new Set());
  const rest = await outbox.oldest(2, new Set([first!.key]));
  expect(rest.map((row) => row.value)).toEqual([aFix(1), aFix(2)]);
});

test("reports beyond the bound are refused, an emergency never", async () => {
  const outbox = new Outbox(memoryStore());
  let taken = 0;
  while (await outbox.addReport({ type: "duty", id: String(taken), on_duty: true })) taken++;
  expect(taken).toBe(500);
  expect(await outbox.addReport({ type: "emergency", id: "e", at: 0 })).toBe(true);
});
