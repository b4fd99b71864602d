// What the filter and the ETA cost for each position, in WebAssembly, beside reading the frame that it comes in:
// rounds inside one request, timed from outside, since a Worker's clock stands still while it computes.
import { start } from "../service.ts";

const ROUNDS = Number(process.env["DECIDE_ROUNDS"] ?? 20_000);
const REPEATS = 7;
const PARTS = ["write", "parse", "decide"] as const;

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const service = await start();
const times: Record<(typeof PARTS)[number], number[]> = { write: [], parse: [], decide: [] };
for (let repeat = 0; repeat <= REPEATS; repeat += 1) {
  for (const part of PARTS) {
    const begun = performance.now();
    const reply = await service.call("GET", `/test/measure/${part}/${ROUNDS}`);
    if (reply.status !== 200) throw new Error(`${part}: ${reply.text}`);
    // The first round warms up.
    if (repeat > 0) times[part].push(((performance.now() - begun) * 1000) / ROUNDS);
  }
}
await service.stop();
const [write, parse, decide] = PARTS.map((part) => median(times[part])) as [number, number, number];
const [reading, deciding] = [parse - write, decide - parse];
const spread = (part: (typeof PARTS)[number]) => `${Math.min(...times[part]).toFixed(1)}–${Math.max(...times[part]).toFixed(1)}`;
console.log(`a frame with one fix, µs: read ${reading.toFixed(1)}, window, filter and ETA ${deciding.toFixed(1)}, ratio ${(deciding / reading).toFixed(1)}`);
console.log(`medians of ${REPEATS} times ${ROUNDS} rounds; whole rounds ${PARTS.map((part) => `${part} ${spread(part)}`).join(", ")}`);
