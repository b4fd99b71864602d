import { expect, test } from "vitest";
import { Formatter } from "./format";

const uk = new Formatter("en-GB", "UTC");
const ghana = new Formatter("en-GH", "Africa/Accra");
const germany = new Formatter("de-DE", "Europe/Berlin");
const T = Date.UTC(2026, 0, 5, 12, 40);

test("times follow locale and timezone", () => {
  expect(uk.clock(T)).toBe("12:40");
  expect(germany.clock(T)).toBe("13:40");
  expect(new Formatter("en-US", "America/New_York").clock(T)).toBe("7:40 AM");
});

test("the half of the day stands apart", () => {
  expect(uk.clockParts(T)).toEqual({ clock: "12:40", half: null });
  expect(new Formatter("en-US", "UTC").clockParts(T)).toEqual({ clock: "12:40", half: "PM" });
});

test("a day is named when it is another one", () => {
  expect(uk.moment(T, T + 1)).toBe("12:40");
  expect(uk.moment(T, T + 86_400_000)).toContain("5 Jan");
});

test.each([
  [T + 1, "Today"],
  [T + 86_400_000, "5 Jan"],
  [T + 400 * 86_400_000, "5 Jan 2026"],
])("the date at %i says no more than it has to: %s", (now, words) => {
  expect(uk.date(T, now)).toBe(words);
});

test("the days of a chart are written as the operator's locale has it, in the chart's own zone", () => {
  const midnight = Date.UTC(2026, 0, 5);
  expect(new Formatter("en-US", "America/New_York").dayIn("UTC")(midnight)).toBe("Jan 5");
  expect(germany.dayIn("UTC")(midnight)).toBe("5. Jan.");
  expect(uk.dayIn("America/New_York")(midnight)).toBe("4 Jan");
});

test("a range is whole minutes, and one time when it is short", () => {
  expect(uk.range(T + 59_000, T + 541_000)).toBe("12:40–12:50");
  expect(uk.range(T, T)).toBe("12:40");
});

test.each([
  [0, "10 m"],
  [37, "40 m"],
  [340, "350 m"],
  [1_460, "1.5 km"],
  [12_300, "12 km"],
])("%i m reads %s", (metres, words) => {
  expect(ghana.distance(metres)).toBe(words);
});

test("roads in Britain are measured in miles", () => {
  expect(uk.distance(1_609)).toBe("1 mi");
  expect(uk.distance(60)).toMatch(/^200 ?ft$/);
});

test.each([
  [3_000, "just now"],
  [27_000, "25 seconds ago"],
  [190_000, "3 minutes ago"],
  [7_300_000, "2 hours ago"],
  [-5_000, "just now"],
])("%i ms of age reads %s", (ms, words) => {
  expect(uk.ago(ms)).toBe(words);
});

test.each([
  [14, "14 min"],
  [60, "1 h"],
  [100, "1 h 40 min"],
])("%i minutes read %s", (minutes, words) => {
  expect(ghana.minutes(minutes)).toBe(words);
});

test.each([
  [0, "north"],
  [44, "northeast"],
  [181, "south"],
  [359, "north"],
])("%i degrees is %s", (degrees, words) => {
  expect(uk.compass(degrees)).toBe(words);
});

test("a locale or timezone that nobody knows is passed over", () => {
  expect(() => new Formatter("not a locale", "Nowhere/Land").clock(T)).not.toThrow();
});
