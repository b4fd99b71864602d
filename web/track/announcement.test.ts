import { expect, test } from "vitest";
import { fromSnapshot } from "../client/delivery";
import { T0, aSnapshot } from "../client/fixtures";
import { announce } from "./announcement";
import { Formatter } from "./format";
import { type BadgeView, describe } from "./view";

const NOW = (T0 + 650) * 1_000;
const LIVE: BadgeView = { kind: "live", words: "Live" };
const OFFLINE: BadgeView = { kind: "offline", words: "Offline" };
const view = describe(
  { delivery: fromSnapshot(aSnapshot()), reach: "live", ending: null, problem: null },
  NOW,
  new Formatter("en-GB", "UTC"),
);
const said = announce(null, view, NOW, LIVE).said;

test("the page as it is opened is no news", () => {
  expect(announce(null, view, NOW, LIVE).words).toBeNull();
});

test("the same again, or an ETA that moved a little, is no news", () => {
  expect(announce(said, view, NOW + 119_000, LIVE).words).toBeNull();
});

test("an ETA that creeps is told once it has moved far enough", () => {
  let state = said;
  const told: (string | null)[] = [];
  for (let moved = 30_000; moved <= 120_000; moved += 30_000) {
    const next = announce(state, view, NOW + moved, LIVE);
    state = next.said;
    told.push(next.words);
  }
  expect(told).toEqual([null, null, null, "Expected at 00:13, in 3 min."]);
});

test("a new status is told", () => {
  expect(announce(said, { ...view, headline: "Delivered", eta: null }, null, LIVE).words).toBe("Delivered.");
});

test("losing the connection is told, and having it again", () => {
  const lost = announce(said, view, NOW, OFFLINE);
  expect(lost.words).toBe("Connection lost.");
  expect(announce(lost.said, view, NOW, LIVE).words).toBe("Connected again.");
});
