import { expect, test } from "vitest";
import { placeOf, textOf, writtenIn } from "./place";

test.each([
  ["5.6037, -0.1869", 5.6037, -0.1869],
  ["  5.6037 -0.1869 ", 5.6037, -0.1869],
  ["5.6037; -0.1869", 5.6037, -0.1869],
  ["5.6037 ,-0.1869", 5.6037, -0.1869],
  ["5.60,-0.18", 5.6, -0.18],
  ["5.60,0.18", 5.6, 0.18],
  ["5,60.5", 5, 60.5],
  ["5,-60", 5, -60],
  ["5, 60", 5, 60],
  ["5,6037 -0,1869", 5.6037, -0.1869],
  ["5,6037; -0,1869", 5.6037, -0.1869],
  ["5,6037, -0,1869", 5.6037, -0.1869],
  ["\u22125.6037, \u22120.1869", -5.6037, -0.1869],
])("%j is a place", (text, lat, lng) => {
  expect(placeOf(text)).toEqual({ lat, lng });
});

test.each(["5,60", "-5,60", "5.6037", "5,6037,-0,1869", "5.6, -0.1, 3", "14 Ring Road", "Ring, Road", "0x1, 0x2", "1e1, 2", "5.6N, 0.1W", ", 5", "91, 0", "0, 181"])(
  "%j is none",
  (text) => {
    expect(placeOf(text)).toBeNull();
  },
);

test("a field says the place it shows, another that is written, nothing, or what cannot be read", () => {
  const known = { lat: 5.603712345, lng: -0.186912345 };
  expect(writtenIn(textOf(known), known)).toBe(known);
  expect(writtenIn("6, 1", known)).toEqual({ lat: 6, lng: 1 });
  expect(writtenIn(" ", known)).toBe("nothing");
  expect(writtenIn("5,60", known)).toBe("unreadable");
  expect(textOf(undefined)).toBe("");
});
