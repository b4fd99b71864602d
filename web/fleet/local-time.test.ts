import { expect, test } from "vitest";
import { fromLocal, toLocal, zoneOf, zoneWords } from "./local-time";

const at = (iso: string): number => Date.parse(iso) / 1_000;

// Berlin: forward at 01:00 UTC on 31 March 2024, back at 01:00 UTC on 27 October. New York: at 2 in the morning there.
test.each([
  ["Africa/Accra", "2024-01-01T12:40", "2024-01-01T12:40Z"],
  ["Asia/Kolkata", "2024-01-01T00:10", "2023-12-31T18:40Z"],
  ["Pacific/Kiritimati", "2024-01-01T00:00", "2023-12-31T10:00Z"],
  ["Europe/Berlin", "2024-03-31T00:30", "2024-03-30T23:30Z"],
  ["Europe/Berlin", "2024-03-31T01:59", "2024-03-31T00:59Z"],
  ["Europe/Berlin", "2024-03-31T03:00", "2024-03-31T01:00Z"],
  ["Europe/Berlin", "2024-03-31T20:00", "2024-03-31T18:00Z"],
  ["Europe/Berlin", "2024-10-27T01:59", "2024-10-26T23:59Z"],
  ["Europe/Berlin", "2024-10-27T02:00", "2024-10-27T00:00Z"],
  ["Europe/Berlin", "2024-10-27T02:59", "2024-10-27T00:59Z"],
  ["Europe/Berlin", "2024-10-27T03:00", "2024-10-27T02:00Z"],
  ["America/New_York", "2024-03-10T01:30", "2024-03-10T06:30Z"],
  ["America/New_York", "2024-03-10T03:30", "2024-03-10T07:30Z"],
  ["America/New_York", "2024-11-03T01:30", "2024-11-03T05:30Z"],
  ["America/New_York", "2024-11-03T02:30", "2024-11-03T07:30Z"],
  ["Australia/Lord_Howe", "2024-04-07T01:45", "2024-04-06T14:45Z"],
])("in %s, %s is %s, both ways", (zone, text, iso) => {
  expect(fromLocal(text, zone)).toBe(at(iso));
  expect(toLocal(at(iso), zone)).toBe(text);
});

test.each([
  ["Europe/Berlin", "2024-03-31T02:30", "2024-03-31T01:30Z"],
  ["America/New_York", "2024-03-10T02:30", "2024-03-10T07:30Z"],
  ["Australia/Lord_Howe", "2024-10-06T02:15", "2024-10-05T15:45Z"],
])("in %s, %s is skipped: as long after the change as was written", (zone, text, iso) => {
  expect(fromLocal(text, zone)).toBe(at(iso));
});

test("the second of an hour that comes twice shows as the first", () => {
  expect(toLocal(at("2024-10-27T01:30Z"), "Europe/Berlin")).toBe("2024-10-27T02:30");
});

test.each(["", "tomorrow", "12:40", "2024-13-01T12:40", "2024-01-01"])("%j is no time", (text) => {
  expect(fromLocal(text, "Africa/Accra")).toBeNull();
});

test("without a zone it is the device's", () => {
  expect(fromLocal("2024-06-01T12:40", null)).toBe(new Date("2024-06-01T12:40").getTime() / 1_000);
  expect(toLocal(null, null)).toBe("");
});

test.each([
  [null, null, "in this device's time"],
  ["Not/AZone", null, "in this device's time"],
  ["America/New_York", "America/New_York", "America/New York time"],
])("%j is the zone %j, said as: %s", (timezone, zone, words) => {
  expect(zoneOf(timezone)).toBe(zone);
  expect(zoneWords(zone)).toBe(words);
});
