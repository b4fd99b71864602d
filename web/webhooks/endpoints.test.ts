import { expect, test, vi } from "vitest";
import { Refusal } from "../client/http";
import type { WebhookEndpoint } from "../client/wire";
import { Endpoints } from "./endpoints";
import { anEndpoint } from "./fixtures";

const list = vi.fn<() => Promise<WebhookEndpoint[]>>();
const open = (store_id: string | null = null): Endpoints => new Endpoints({ list }, store_id, () => undefined);
const ids = (known: Endpoints): string[] => known.state.endpoints.map(({ id }) => id);

test("endpoints are listed; of one store those of the others are not", async () => {
  list.mockResolvedValue([anEndpoint({ id: "a" }), anEndpoint({ id: "b", store_id: "s1" })]);
  const [all, own] = [open(), open("s1")];
  await Promise.all([all.refresh(), own.refresh()]);
  expect([ids(all), ids(own), all.state.phase]).toEqual([["a", "b"], ["b"], "ready"]);
});

test("what is known stays when the service is away, and is mended when it comes back", async () => {
  list.mockResolvedValue([anEndpoint()]);
  const known = open();
  await known.refresh();
  for (const [error, words] of [[new TypeError("network"), /No connection/], [new Refusal(503, ""), /cannot do it/], [new Refusal(429, ""), /too often/]] as const) {
    list.mockRejectedValueOnce(error);
    await known.refresh();
    expect(known.state.trouble?.words).toMatch(words);
    expect(ids(known)).toEqual(["ep_1"]);
  }
  await known.refresh();
  expect(known.state).toMatchObject({ trouble: null, busy: false });
});

test.each([401, 403] as const)("after %i nothing is kept, and nothing more is asked", async (status) => {
  list.mockResolvedValue([anEndpoint()]);
  const known = open();
  await known.refresh();
  list.mockRejectedValueOnce(new Refusal(status, "no"));
  await known.refresh();
  expect(known.state).toMatchObject({ phase: "refused", endpoints: [], trouble: { refused: status } });
  list.mockClear();
  await known.refresh();
  expect(list).not.toHaveBeenCalled();
});

test("an answer from before a change does not undo it", async () => {
  list.mockResolvedValue([anEndpoint({ id: "a" }), anEndpoint({ id: "b" })]);
  const known = open();
  await known.refresh();
  const late = known.refresh();
  known.drop("a");
  known.put(anEndpoint({ id: "b", enabled: false, secret: "whsec_x" }));
  known.put(anEndpoint({ id: "c", secret: "whsec_y" }));
  await late;
  expect(ids(known)).toEqual(["b", "c"]);
  expect(known.state.endpoints[0]?.enabled).toBe(false);
  expect(JSON.stringify(known.state)).not.toContain("whsec_");
});
