import { describe, expect, test } from "vitest";
import type { DriverState } from "../client/driver-state";
import { aJob } from "../client/driver-fixtures";
import type { Report } from "../client/driver-wire";
import type { ProofState } from "../client/proofs";
import { noticesOf } from "./notices";
import type { SharingState } from "./sharing";
import { emergencyView, reportWords, waitingWords } from "./words";

const NOW = 1_704_110_400_000;
const STATE: DriverState = {
  reach: "live",
  ending: null,
  jobs: [aJob()],
  on_duty: true,
  sampling: { interval_s: 5, min_displacement_m: 10 },
  emergencies: [],
  pending: [],
  waiting: { fixes: 0, reports: 0, oldest: null, thinned: 0 },
  refused: null,
  durable: true,
};
const SHARING: SharingState = { on: true, denied: false, gps: "good", fix: null, paused: null, awake: true, battery: 80, low_battery: false };
const PROOFS: ProofState = { waiting: 0, refused: null };
const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
const failed: Report = { type: "status_update", id: "1", tracking_id: "TRK-TEST", status: "PICKED_UP", at: NOW };

interface Case {
  state?: Partial<DriverState>;
  sharing?: Partial<SharingState>;
  proofs?: Partial<ProofState>;
  online?: boolean;
}

describe("what the driver is told", () => {
  test.each<[string, Case, string[]]>([
    ["all is well", {}, []],
    ["one position is on its way", { state: { waiting: { fixes: 1, reports: 1, oldest: NOW - 900, thinned: 0 } } }, []],
    ["the phone is offline", { online: false }, ["No connection. What you do is kept on this phone and sent when you are back."]],
    [
      "the backlog goes out",
      { state: { waiting: { fixes: 812, reports: 3, oldest: NOW - 3_600_000, thinned: 40 } } },
      ["Waiting to be sent: 812 positions and 3 reports, from 11:00 on.", "40 older positions had to make room: too much was waiting."],
    ],
    ["a step was refused", { state: { refused: { report: failed, message: "It was cancelled." } } }, ["Not accepted: ORD-12345: picked up. It was cancelled."]],
    ["no storage for proofs", { proofs: { refused: { kind: "photo", message: "No storage is bound." } } }, ["The photo was not taken. No storage is bound."]],
    ["it was hidden", { sharing: { paused: { from: NOW + 60_000, to: NOW + 540_000 } } }, ["Tracking was paused from 12:01 to 12:09, while this page was not on the screen."]],
    ["no permission", { sharing: { denied: true, gps: "none" } }, ["This page may not read your position. Allow location for it in the browser's settings."]],
    ["no GPS", { sharing: { gps: "none" } }, ["No GPS. Your position is not known: go outside, or check that location is switched on."]],
    ["poor GPS", { sharing: { gps: "poor", fix: { lat: 0, lng: 0, timestamp: 0, accuracy: 80.4 } } }, ["GPS is poor: your position is only known to 80 m."]],
    ["the screen", { sharing: { awake: false } }, ["The screen may switch itself off, and tracking would pause. Switch off power saving."]],
    ["the battery", { sharing: { battery: 9, low_battery: true } }, ["Battery at 9 %. Charge the phone, or tracking will end."]],
    ["nothing of it while nothing is shared", { sharing: { on: false, gps: "none", awake: false, low_battery: true } }, []],
    ["a browser that keeps nothing", { state: { durable: false } }, ["This browser keeps nothing: do not close the page while something is waiting."]],
  ])("%s", (_, { state, sharing, proofs, online = true }, expected) => {
    const notices = noticesOf({ ...STATE, ...state }, { ...SHARING, ...sharing }, { ...PROOFS, ...proofs }, online, { clock, now: NOW });
    expect(notices.map((notice) => notice.text)).toEqual(expected);
    expect(new Set(notices.map((notice) => notice.id)).size).toBe(notices.length);
  });
});

test.each([
  [0, 0, 0, null],
  [1, 0, 0, "1 position"],
  [12, 1, 0, "12 positions and 1 report"],
  [1, 2, 3, "1 position, 2 reports, 3 proofs"],
])("%i positions, %i reports and %i proofs", (fixes, reports, proofs, words) => {
  expect(waitingWords(fixes, reports, proofs)).toBe(words);
});

test.each<[Report, string]>([
  [failed, "ORD-12345: picked up"],
  [{ type: "decline", id: "1", tracking_id: "gone" }, "A delivery: declined"],
  [{ type: "duty", id: "1", on_duty: false }, "Off duty"],
])("%o in words", (report, words) => {
  expect(reportWords(report, [aJob()])).toBe(words);
});

describe("an emergency", () => {
  const raised: Report = { type: "emergency", id: "e", at: NOW };
  const known = { id: "e", at: NOW / 1_000, acknowledged_at: null };

  test("says how far it came", () => {
    expect(emergencyView([], [], true, NOW)).toBe(null);
    expect(emergencyView([], [raised], false, NOW)).toMatchObject({ stage: "waiting", text: expect.stringContaining("no connection") });
    expect(emergencyView([], [raised], true, NOW)).toMatchObject({ stage: "waiting", text: expect.stringContaining("on its way") });
    expect(emergencyView([known], [], true, NOW)).toMatchObject({ stage: "received", at: NOW });
    const seen = { ...known, acknowledged_at: NOW / 1_000 + 60 };
    expect(emergencyView([seen], [], true, NOW + 120_000)).toMatchObject({ stage: "acknowledged", at: NOW + 60_000 });
    expect(emergencyView([seen], [], true, NOW + 7_200_000)).toBe(null);
  });

  test("that is new stands before one that was seen", () => {
    expect(emergencyView([{ ...known, acknowledged_at: NOW / 1_000 }], [raised], true, NOW)).toMatchObject({ stage: "waiting" });
  });
});
