import { expect, test } from "vitest";
import { type Desk, addressOf, admit, pasted } from "./session";

const tokenOf = (claims: object): string => `e30.${btoa(JSON.stringify(claims)).replaceAll("=", "")}.c2ln`;

test.each<[object, Desk, object]>([
  [{ role: "dispatcher" }, "dispatch", { session: { role: "dispatcher", store_id: null, may: { forward: true } } }],
  [{ role: "superadmin" }, "dispatch", { session: { role: "admin", may: { cancelAfterPickup: true } } }],
  [{ role: "store", store_id: "s1" }, "dispatch", { refused: "wrong_role" }],
  [{ role: "driver" }, "store", { refused: "wrong_role" }],
  [{ role: "store", store_id: "s1" }, "store", { session: { store_id: "s1", may: { forward: false, drivers: false, acknowledge: false } } }],
  [{ role: "merchant", "https://x.test/store_id": "s2" }, "store", { session: { store_id: "s2" } }],
  [{ role: "store", app_metadata: { store_id: "s3" } }, "store", { session: { store_id: "s3" } }],
  [{ role: "store" }, "store", { refused: "no_store" }],
  [{ role: "admin" }, "store", { refused: "no_store" }],
])("%o at %s: %o", (claims, desk, expected) => {
  expect(admit(tokenOf(claims), desk)).toMatchObject(expected);
});

test("an admin looks at the store that the address names", () => {
  expect(admit(tokenOf({ role: "admin" }), "store", "s1")).toMatchObject({ session: { store_id: "s1" } });
});

test("what is no token opens nothing", () => {
  expect(admit(pasted("Bearer hello"), "dispatch")).toEqual({ refused: "no_token" });
});

test("a token goes along in the fragment alone", () => {
  const url = new URL(addressOf("/integrations", "a.b+c.d", "s 1"), "https://onway.test");
  expect([url.pathname, url.searchParams.get("store_id"), new URLSearchParams(url.hash.slice(1)).get("token")]).toEqual(["/integrations", "s 1", "a.b+c.d"]);
  expect(addressOf("/dispatch", "a", null)).toBe("/dispatch#token=a");
});
