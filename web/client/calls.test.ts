import { expect, test, vi } from "vitest";
import { type Access, instruct, makeLink, proofImage, rate, revokeLink, track } from "./calls";
import { aSnapshot } from "./fixtures";

function service(answer: (url: string) => Response): { access: Access; calls: string[] } {
  const calls: string[] = [];
  const fetch = vi.fn((url: string, init: RequestInit) => {
    const token = new Headers(init.headers).get("Authorization") ?? "nobody";
    calls.push([init.method ?? "GET", url, token, init.body ?? ""].join(" ").trim());
    return Promise.resolve(answer(url));
  });
  return { access: { tracking_id: "TRK-1", token: "t", link: null, fetch: fetch as never }, calls };
}

const snapshot = (): Response => Response.json(aSnapshot());

test("a rating goes with the token, else with the link, and without an empty comment", async () => {
  const { access, calls } = service(snapshot);
  await rate(access, 5, " ");
  await rate({ ...access, link: "TRK-1.s" }, 4, " kind ");
  await rate({ ...access, token: null, link: "TRK-1.s+" }, 3, "");
  expect(calls).toEqual([
    'POST /tracking/TRK-1/rating Bearer t {"stars":5}',
    'POST /tracking/TRK-1/rating Bearer t {"stars":4,"comment":"kind"}',
    'POST /tracking/TRK-1/rating?link=TRK-1.s%2B nobody {"stars":3}',
  ]);
});

test("instructions are given, and taken away by nothing", async () => {
  const { access, calls } = service(snapshot);
  await instruct(access, " Ring twice ");
  await instruct(access, "  ");
  expect(calls.map((call) => call.split(" t ")[1])).toEqual(['{"instructions":"Ring twice"}', '{"instructions":null}']);
});

test("a share link is made with or without an end, and revoked", async () => {
  const { access, calls } = service((url) => (url.endsWith("/l1") ? new Response(null, { status: 204 }) : Response.json({})));
  await makeLink(access, "Grandma", null);
  await makeLink(access, "Door", 1_704_132_000);
  await revokeLink(access, "l1");
  expect(calls).toEqual([
    'POST /tracking/TRK-1/links Bearer t {"label":"Grandma"}',
    'POST /tracking/TRK-1/links Bearer t {"label":"Door","to":1704132000}',
    "DELETE /tracking/TRK-1/links/l1 Bearer t",
  ]);
});

test("a proof's image is asked for with the token", async () => {
  const { access, calls } = service(() => new Response("image"));
  expect(await (await proofImage(access, "p/1", AbortSignal.timeout(1_000))).text()).toBe("image");
  expect(calls).toEqual(["GET /tracking/TRK-1/proof/p%2F1 Bearer t"]);
});

test("a track is read to its last page", async () => {
  const page = (url: string): number => Number(new URL(url, "https://onway.test").searchParams.get("cursor") ?? 1);
  const { access, calls } = service((url) =>
    Response.json({ points: [{ lat: page(url), lng: 0, timestamp: 0 }], next_cursor: page(url) < 3 ? String(page(url) + 1) : null }),
  );
  expect((await track(access)).map(({ lat }) => lat)).toEqual([1, 2, 3]);
  expect(calls[0]).toContain("max_points=2000");
});
