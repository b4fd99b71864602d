import { describe as group, expect, test } from "vitest";
import type { Reach, Snapshot, TrackingState } from "../client";
import { fromSnapshot } from "../client/delivery";
import { T0, aSnapshot } from "../client/fixtures";
import { Formatter } from "./format";
import { badgeOf, describe, locationState } from "./view";

const format = new Formatter("en-GB", "UTC");
const NOW = (T0 + 650) * 1_000;

function following(fields: Partial<Snapshot> = {}, state: Partial<TrackingState> = {}): TrackingState {
  return { delivery: fromSnapshot(aSnapshot(fields)), reach: "live", ending: null, problem: null, ...state };
}

group("the ETA", () => {
  test("is a clock time, minutes and a range in words", () => {
    expect(describe(following(), NOW, format).eta).toEqual({
      clock: "00:13",
      half: null,
      iso: "2024-01-01T00:13:50.000Z",
      minutes: "in 3 min",
      range: "00:13–00:15",
    });
  });

  test.each([
    [0, "in 3 min"],
    [60_000, "in 2 min"],
    [100_000, "in 1 min"],
    [151_000, "arriving now"],
    [240_000, "arriving now"],
    [400_000, "later than expected"],
  ])("after %i ms without a frame it reads %s", (elapsed, minutes) => {
    expect(describe(following(), NOW + elapsed, format).eta?.minutes).toBe(minutes);
  });

  test("near the door says that the driver is arriving, while the position is live", () => {
    const minutes = (metres: number, elapsed = 0) => describe(following({ remaining_m: metres }), NOW + elapsed, format).eta?.minutes;
    expect([minutes(99), minutes(101), minutes(99, 95_000)]).toEqual(["arriving now", "in 3 min", "in 1 min"]);
  });

  test("is gone at the end, and the lead says what happened", () => {
    const view = describe(following({ status: "DELIVERED" }), NOW, format);
    expect(view).toMatchObject({ eta: null, headline: "Delivered", tone: "done", over: true, position: null });
  });

  test("that is not there yet is explained", () => {
    const view = describe(following({ status: "ASSIGNED", eta_at: null, location_state: "hidden" }), NOW, format);
    expect(view.lead).toContain("after that");
  });

  test.each<[Partial<Snapshot>, string]>([
    [{ current_location: null, location_state: "none" }, "as soon as the driver's position is known"],
    [{}, "in a moment"],
    [{ location_state: "lost" }, "when the driver's phone is heard again"],
  ])("that is not there on the way is explained: %o", (fields, words) => {
    expect(describe(following({ eta_seconds: null, eta_at: null, ...fields }), NOW, format).lead).toContain(words);
  });

  test("names the planned window until it is over", () => {
    const window = { from: T0, to: T0 + 3_600 };
    const early = { status: "CREATED", eta_at: null, window } as const;
    expect(describe(following(early), NOW, format).lead).toContain("Planned for 00:00–01:00");
    expect(describe(following(early), NOW + 7_200_000, format).lead).not.toContain("Planned");
  });
});

group("the position", () => {
  test.each([
    [0, "live"],
    [90_000, "live"],
    [91_000, "stale"],
    [601_000, "lost"],
    [-119_000, "live"],
    [-121_000, "stale"],
  ])("is aged by the delivery's clock: %i ms is %s", (age, state) => {
    expect(locationState(aSnapshot(), NOW + age)).toBe(state);
  });

  test("that the service calls stale is never shown as live", () => {
    expect(locationState(aSnapshot({ location_state: "stale" }), NOW)).toBe("stale");
  });

  test("comes with distance and direction", () => {
    expect(describe(following(), NOW, format).position).toMatchObject({
      words: "Position updated just now",
      distance: "0.9 mi to go, from the northwest",
    });
  });

  test("that is not there yet is explained by the status", () => {
    const none = { current_location: null, location_state: "none" } as const;
    const words = (status: Snapshot["status"]) => describe(following({ ...none, status }), NOW, format).position?.words;
    expect(words("IN_TRANSIT")).toContain("first position");
    expect(words("CREATED")).toContain("after pickup");
  });

  test("that is hidden is explained in words", () => {
    const hidden = { current_location: null, location_state: "hidden" } as const;
    const words = (fields: Partial<Snapshot>): string | undefined =>
      describe(following({ ...hidden, ...fields }), NOW, format).position?.words;
    expect(words({ status: "ASSIGNED" })).toBe("The driver's position appears here after pickup.");
    expect(words({ stops_before: 3 })).toContain("when you are among the next stops");
    expect(words({})).toBe("The driver's position is not shown at the moment.");
  });
});

group("the connection in words", () => {
  test.each<[Reach, boolean, string]>([
    ["live", true, "Live"],
    ["polling", true, "Live, every 10 s"],
    ["connecting", true, "Reconnecting"],
    ["connecting", false, "Offline"],
    ["offline", true, "Offline"],
  ])("%s with a network: %s reads %s", (reach, online, words) => {
    expect(badgeOf(following({}, { reach }), NOW, online)?.words).toBe(words);
  });

  test("a live socket with a silent driver is not called live", () => {
    expect(badgeOf(following(), NOW + 120_000, true)?.kind).toBe("stale");
    expect(badgeOf(following({ driver_online: false }), NOW, true)?.kind).toBe("stale");
  });

  test("there is none at the end", () => {
    expect(badgeOf(following({ status: "DELIVERED" }), NOW, true)).toBeNull();
    expect(badgeOf(following({}, { reach: "ended", ending: "expired" }), NOW, true)).toBeNull();
  });
});

group("the end", () => {
  test.each(["expired", "not_found", "not_allowed", "invalid_token", "replaced", "refused", "closed"] as const)(
    "%s has its own words and no map",
    (ending) => {
      const view = describe({ delivery: null, reach: "ended", ending, problem: null }, NOW, format);
      expect(view.over).toBe(true);
      expect(view.headline.length).toBeGreaterThan(5);
    },
  );

  test("a delivery that was seen to its end stays so when its page expires", () => {
    const view = describe(following({ status: "DELIVERED" }, { reach: "ended", ending: "expired" }), NOW, format);
    expect(view.headline).toBe("Delivered");
  });
});

group("the timeline", () => {
  const states = (fields: Partial<Snapshot>): string[] =>
    describe(following(fields), NOW, format).steps.map((step) => `${step.status} ${step.state}`);

  test("shows what was, what is and what is to come", () => {
    expect(states({})).toEqual([
      "CREATED done",
      "ASSIGNED done",
      "PICKED_UP done",
      "IN_TRANSIT current",
      "DELIVERED ahead",
    ]);
  });

  test("ends where a delivery failed", () => {
    const timeline = [
      { status: "CREATED", at: T0 },
      { status: "ASSIGNED", at: T0 + 1 },
      { status: "CANCELLED", at: T0 + 2 },
    ] as Snapshot["timeline"];
    expect(states({ status: "CANCELLED", timeline })).toEqual(["CREATED done", "ASSIGNED done", "CANCELLED failed"]);
  });

  test("a delivery that starts with its driver was received then", () => {
    const timeline = [{ status: "ASSIGNED", at: T0 }] as Snapshot["timeline"];
    const steps = describe(following({ status: "ASSIGNED", timeline }), NOW, format).steps;
    expect(steps.slice(0, 2).map((step) => step.time)).toEqual(["00:00", "00:00"]);
  });

  test("takes back what a decline took back", () => {
    expect(states({ status: "CREATED" })[1]).toBe("ASSIGNED ahead");
  });
});
