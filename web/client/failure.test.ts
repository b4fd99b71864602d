import { expect, test } from "vitest";
import { failureWords } from "./failure";
import { Refusal } from "./http";

test.each([
  [new TypeError("Failed to fetch"), /no connection/i],
  [new Refusal(401, "x"), /open the link/i],
  [new Refusal(403, "x"), /not yours/i],
  [new Refusal(410, "x"), /no longer/i],
  [new Refusal(429, ""), /minute/i],
  [new Refusal(503, "secrets of the service"), /at the moment/i],
  [new Refusal(409, "a delivery has at most 50 links"), /^A delivery has at most 50 links\.$/],
  [new Refusal(422, "That is long."), /^That is long\.$/],
  [new Refusal(400, ""), /refused/i],
])("%o is told in words", (error, words) => {
  expect(failureWords(error)).toMatch(words);
});

test("who may not is told in the words of the place", () => {
  expect(failureWords(new Refusal(403, "x"), "Only the customer can.")).toBe("Only the customer can.");
});
