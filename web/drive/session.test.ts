import { describe, expect, test } from "vitest";
import { type Keeper, inviteOf, keepSession, readSession, sessionOf } from "./session";

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: object): string => `${part({ alg: "HS256" })}.${part(claims)}.c2lnbmF0dXJl`;
const good = jwt({ sub: "Kofi Ansah é", role: "driver", exp: 1_900_000_000 });

describe("a pasted token", () => {
  test.each([good, `  ${good}\n`, `Bearer ${good}`])("%j names its driver", (pasted) => {
    expect(sessionOf(pasted)).toEqual({ token: good, driver_id: "Kofi Ansah é", expires_at: 1_900_000_000 });
  });

  test.each(["", "a.b.c", "hello", good.slice(0, good.lastIndexOf(".")), jwt({ role: "driver" }), jwt({ sub: 7 }), `${good} and more`])(
    "%j is none",
    (pasted) => {
      expect(sessionOf(pasted)).toBe(null);
    },
  );
});

test("a session is kept until it is over", () => {
  const kept = new Map<string, string>();
  const keeper: Keeper = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
  };
  const session = { token: good, driver_id: "d1", expires_at: null };
  keepSession(session, keeper);
  expect(readSession(keeper)).toEqual(session);
  keepSession(null, keeper);
  expect(readSession(keeper)).toBe(null);
  kept.set("onway.driver", "{broken");
  expect(readSession(keeper)).toBe(null);
});

test.each([
  ["#invite=abc-1", "abc-1"],
  ["#x=1&invite=abc", "abc"],
  ["#", null],
  ["", null],
])("the invite of %j", (hash, invite) => {
  expect(inviteOf(hash)).toBe(invite);
});
