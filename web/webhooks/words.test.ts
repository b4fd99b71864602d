import { expect, test } from "vitest";
import { T0 } from "../client/fixtures";
import type { Attempt, WebhookEndpoint } from "../client/wire";
import { anAttempt, anEndpoint } from "./fixtures";
import { alarmWords, healthOf, ofStore } from "./health";
import { Times } from "./times";
import { adviceWords, attemptOf, countWords, eventsWords, keyOf, outcomeWords, redeliveredWords, stateWords } from "./words";

const times = new Times("en-GB", "UTC");
const NOW = (T0 + 3_600) * 1_000;

const FAILING = { failing_since: T0 + 2_400 };
const GONE = { enabled: false, disabled_reason: "it answered 410 Gone" };

test.each<[Partial<WebhookEndpoint>, string, string]>([
  [{}, "enabled", "Enabled"],
  [FAILING, "failing", "Failing since 00:40"],
  [GONE, "disabled", "Disabled: it answered 410 Gone"],
  [{ ...GONE, ...FAILING }, "disabled", "Disabled: it answered 410 Gone"],
  [{ enabled: false }, "off", "Disabled by hand"],
  [{ enabled: false, ...FAILING }, "off", "Disabled by hand"],
])("%o is %s: %s", (fields, health, words) => {
  const endpoint = anEndpoint(fields);
  expect([healthOf(endpoint), stateWords(endpoint, NOW, times)]).toEqual([health, words]);
});

test("what is not well says what to do", () => {
  expect(adviceWords(anEndpoint())).toBeNull();
  expect(adviceWords(anEndpoint(FAILING))).toMatch(/five days/);
  expect(adviceWords(anEndpoint(GONE))).toMatch(/enable it again/);
  expect(adviceWords(anEndpoint({ enabled: false }))).toMatch(/nothing is sent/i);
});

test.each<[Partial<WebhookEndpoint>[], string | null]>([
  [[], null],
  [[{}, { enabled: false }], null],
  [[FAILING, {}], "1 failing"],
  [[FAILING, GONE, GONE], "2 disabled, 1 failing"],
])("%o needs somebody: %s", (all, words) => {
  expect(alarmWords(all.map(anEndpoint))).toBe(words);
});

test("of one store those of the others are no concern", () => {
  const all = [anEndpoint({ id: "a" }), anEndpoint({ id: "b", store_id: "s1" }), anEndpoint({ id: "c", store_id: "s2" })];
  expect(ofStore(all, "s1").map(({ id }) => id)).toEqual(["b"]);
  expect(ofStore(all, null)).toEqual(all);
});

test("what it hears of is counted, and one is named", () => {
  expect(eventsWords(null)).toBe("Everything");
  expect(eventsWords(["delivery.failed"])).toBe("delivery.failed");
  expect(eventsWords(["delivery.failed", "emergency"])).toBe("2 events");
});

test.each<[Partial<Attempt>, object]>([
  [{}, { when: "00:00:00", iso: "2024-01-01T00:00:00.000Z", type: "delivery.created", tracking_id: "TRK-1", answer: "204", took: "35 ms", taken: true }],
  [{ status: 500, delivered: false, ms: 1_240 }, { answer: "500", took: "1.2 s", taken: false }],
  [{ status: null, error: "no answer in time", delivered: false }, { answer: "No answer: no answer in time", taken: false }],
  [{ status: null, delivered: false }, { answer: "No answer" }],
  [{ type: null, tracking_id: null }, { type: "Erased", tracking_id: null }],
  [{ type: "test", tracking_id: null }, { type: "test", tracking_id: null }],
  [{ at: T0 - 1 }, { when: "31 Dec, 23:59:59" }],
])("the attempt %o reads %o", (fields, expected) => {
  expect(attemptOf(anAttempt(fields), NOW, times)).toMatchObject(expected);
});

test("attempts of one event are told apart", () => {
  const keys = [{}, { attempt: 2 }, { at: T0 + 5 }, { event_id: "evt_B" }].map((fields) => keyOf(anAttempt(fields)));
  expect(new Set(keys).size).toBe(4);
});

test.each<[Partial<Attempt> | null, string]>([
  [{}, "It was taken: 204 after 35 ms."],
  [{ status: 500, delivered: false }, "It was not taken: the answer was 500."],
  [{ status: null, error: "refused", delivered: false }, "It was not taken: there was no answer (refused)."],
  [null, "It is on its way. Its attempt will be listed here once it was made."],
])("of %o somebody who waits is told: %s", (fields, words) => {
  expect(outcomeWords(fields && anAttempt(fields))).toBe(words);
});

test.each([
  [0, false, "Nothing of that time was left to send: all of it was taken."],
  [1, false, "1 event is on the way again."],
  [500, true, "500 events are on the way again. There is more: send again once these were taken."],
])("%i sent again, more %s: %s", (count, more, words) => {
  expect(redeliveredWords({ count, more })).toBe(words);
});

test.each([
  [0, false, "No attempts."],
  [1, false, "1 attempt."],
  [100, true, "100 or more attempts."],
])("%i attempts, more %s, are counted: %s", (count, more, words) => {
  expect(countWords(count, more)).toBe(words);
});
