import { expect, test } from "vitest";
import { targetOf } from "./target";

const ID = "TRK-ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

test.each([
  [ID, `/track/${ID}`],
  [`  ${ID.toLowerCase()} `, `/track/${ID}`],
  [`https://onway.test/track/${ID}`, `/track/${ID}`],
  [`https://onway.test/track/${ID}/?utm=mail#x`, `/track/${ID}`],
  [`onway.test/track/${ID}`, `/track/${ID}`],
  [`${ID}.aB3-_secretsecret`, `/s/${ID}.aB3-_secretsecret`],
  [`https://onway.test/s/${ID}.aB3-_secretsecret`, `/s/${ID}.aB3-_secretsecret`],
])("%s leads to %s", (input, target) => {
  expect(targetOf(input)).toBe(target);
});

test.each(["", "hello", "TRK-", "https://onway.test/", "javascript:alert(1)", `${ID}.`, `${ID}/../..`])(
  "%s leads nowhere",
  (input) => {
    expect(targetOf(input)).toBeNull();
  },
);
