import { expect, test } from "vitest";
import { admit } from "./session";

const tokenOf = (claims: object): string => `e30.${btoa(JSON.stringify(claims)).replaceAll("=", "")}.c2ln`;

test.each<[object, string | null, object]>([
  [{ role: "admin" }, null, { session: { role: "admin", store_id: null } }],
  [{ role: "superadmin" }, "s1", { session: { role: "admin", store_id: "s1" } }],
  [{ role: "store", store_id: "s1" }, null, { session: { role: "store", store_id: "s1" } }],
  [{ role: "merchant", "https://x.test/store_id": "s2" }, "s1", { session: { role: "store", store_id: "s2" } }],
  [{ role: "store" }, "s1", { session: { store_id: "s1" } }],
  [{ role: "store" }, null, { refused: "no_store" }],
  [{ role: "dispatcher" }, null, { refused: "wrong_role" }],
  [{ role: "driver" }, null, { refused: "wrong_role" }],
  [{}, null, { refused: "wrong_role" }],
])("%o with the store %s in the address: %o", (claims, store, expected) => {
  expect(admit(tokenOf(claims), store)).toMatchObject(expected);
});

test("what is no token opens nothing", () => {
  expect(admit("hello")).toEqual({ refused: "no_token" });
});
