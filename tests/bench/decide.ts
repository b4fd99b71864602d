// What the filter and the ETA cost for each position, in WebAssembly, beside reading the frame that it comes in:
// rounds inside one request, timed from outside, since a Worker's clock stands still while it computes.
import { start } from "../service.ts";

const ROUNDS = Number(process.env["DECIDE_ROUNDS"] ?? 20_000);
const REPEATS = 7;
const PARTS = ["write", "parse", "estimate", "decide"] as const;

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const service = await start();
const times: Record<(typeof PARTS)[number], number[]> = { write: [], parse: [], estimate: [], decide: [] };
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
const [write, parse, estimate, decide] = PARTS.map((part) => median(times[part])) as [number, number, number, number];
const reading = parse - write;
const told = (micros: number) => `${micros.toFixed(1)} (${(micros / reading).toFixed(1)} times that)`;
const spread = (part: (typeof PARTS)[number]) => `${Math.min(...times[part]).toFixed(1)}–${Math.max(...times[part]).toFixed(1)}`;
console.log(`a frame with one fix, µs: read ${reading.toFixed(1)}; filter and ETA ${told(estimate - parse)}; all that is decided ${told(decide - parse)}`);
console.log(`medians of ${REPEATS} times ${ROUNDS} rounds; whole rounds ${PARTS.map((part) => `${part} ${spread(part)}`).join(", ")}`);
