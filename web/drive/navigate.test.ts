import { describe, expect, test } from "vitest";
import { aJob } from "../client/driver-fixtures";
import { mapLink, placeWords, targetOf } from "./navigate";
import { fit } from "./photo";

const ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 Chrome/140.0 Mobile";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15";
const DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0";
const place = { lat: 5.6037, lng: -0.1869, address: "12 Oxford Street (rear) & yard" };

describe("navigation", () => {
  test.each([
    [ANDROID, "geo:5.6037,-0.1869?q=5.6037,-0.1869(12%20Oxford%20Street%20%20rear%20%20%26%20yard)"],
    [IPHONE, "maps://?daddr=5.6037,-0.1869"],
    [DESK, "https://www.openstreetmap.org/directions?to=5.6037%2C-0.1869"],
  ])("%s", (agent, link) => {
    expect(mapLink(place, agent)).toBe(link);
  });

  test("leads to the pickup first, where there is one", () => {
    const pickup = { lat: 1, lng: 2, address: null };
    const dropoff = aJob().dropoff;
    expect(targetOf(aJob({ pickup })).place).toBe(pickup);
    expect(targetOf(aJob({ pickup, status: "PICKED_UP" })).place).toEqual(dropoff);
    expect(targetOf(aJob({ pickup: null })).place).toEqual(dropoff);
    expect(placeWords(pickup)).toBe("1.00000, 2.00000");
  });
});

test.each([
  [4_000, 3_000, { width: 1_600, height: 1_200 }],
  [3_000, 4_000, { width: 1_200, height: 1_600 }],
  [800, 600, { width: 800, height: 600 }],
  [10_000, 1, { width: 1_600, height: 1 }],
])("a photo of %i × %i is fitted", (width, height, fitted) => {
  expect(fit(width, height, 1_600)).toEqual(fitted);
});
