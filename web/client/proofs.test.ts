import { expect, test, vi } from "vitest";
import { MAX_PROOFS, type ProofState, Proofs } from "./proofs";
import { type Proof, type Store, memoryStore } from "./rows";

const proof = (i = 0): Proof => ({ tracking_id: `TRK-${i}`, kind: "code", content_type: "application/json", body: `{"code":"${i}"}` });
const problem = (status: number, detail: string): Response => Response.json({ title: "No", detail }, { status });

function aQueue(answer: (path: string) => Response | Error, store: Store = memoryStore()) {
  const states: ProofState[] = [];
  const ask = vi.fn<(path: string, init: RequestInit) => Promise<Response>>((path) => {
    const said = answer(path);
    return said instanceof Error ? Promise.reject(said) : Promise.resolve(said);
  });
  const proofs = new Proofs(store, "t", (state) => states.push(state), ask as unknown as typeof fetch);
  return { proofs, ask, store, last: () => states.at(-1) };
}

test("a proof is handed over with the driver's token", async () => {
  const { proofs, ask, last } = aQueue(() => new Response(null, { status: 201 }));
  await proofs.add(proof());
  await proofs.flush();
  expect(ask).toHaveBeenCalledOnce();
  const [path, init] = ask.mock.calls[0]!;
  expect(path).toBe("/tracking/TRK-0/proof?kind=code");
  expect(init).toMatchObject({ method: "POST", body: '{"code":"0"}' });
  expect(Object.fromEntries(init.headers as Headers)).toEqual({ authorization: "Bearer t", "content-type": "application/json" });
  expect(last()).toEqual({ waiting: 0, refused: null });
});

test.each([
  ["the network", new TypeError("failed to fetch")],
  ["the service", problem(503, "Busy")],
  ["the pace", problem(429, "Slow down")],
  ["the sign-in", problem(401, "Expired")],
])("what fails for %s waits, and the next visit sends it", async (_, failure) => {
  const { proofs, store, last } = aQueue(() => failure);
  await proofs.add(proof());
  await proofs.flush();
  expect(last()).toEqual({ waiting: 1, refused: null });
  const next = aQueue(() => new Response(null, { status: 201 }), store);
  await next.proofs.flush();
  expect(next.ask).toHaveBeenCalledOnce();
  expect(next.last()).toEqual({ waiting: 0, refused: null });
});

test.each([501, 404, 413])("%i is settled: its words are shown, and the next one goes on", async (status) => {
  const { proofs, ask, last } = aQueue((path) => (path.includes("TRK-1") ? problem(status, "No storage is bound.") : new Response(null, { status: 201 })));
  await proofs.add(proof(1));
  await proofs.flush();
  expect(last()).toEqual({ waiting: 0, refused: { kind: "code", message: "No storage is bound." } });
  await proofs.add(proof(2));
  await proofs.flush();
  expect(ask).toHaveBeenCalledTimes(2);
  expect(last()).toEqual({ waiting: 0, refused: null });
});

test("there is room for so many", async () => {
  const { proofs } = aQueue(() => new TypeError("offline"));
  for (let i = 0; i < MAX_PROOFS; i++) expect(await proofs.add(proof(i))).toBe(true);
  expect(await proofs.add(proof())).toBe(false);
});
