import { expect, test } from "vitest";
import { claimsOf, roleOf } from "./claims";

const token = (claims: unknown): string => `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;

test.each([
  [{ role: "customer" }, "customer"],
  [{ role: "Client" }, "customer"],
  [{ role: "restaurant" }, "store"],
  [{ role: "superadmin" }, "admin"],
  [{ "https://example.com/role": "dispatcher" }, "dispatcher"],
  [{ public_metadata: { role: "rider" } }, "driver"],
  [{ role: "cook" }, null],
  [{ role: ["store"] }, null],
  [{ aud: null }, null],
  ["text", null],
])("the role of %o is %s", (claims, role) => {
  expect(roleOf(token(claims))).toBe(role);
});

test.each(["", "a", "a.b", "a.!.c", `a.${btoa("{")}.c`])("%s has no claims", (text) => {
  expect(claimsOf(text)).toBeNull();
  expect(roleOf(text)).toBeNull();
});
