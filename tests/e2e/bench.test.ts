// That the benchmark works, in counts: its times belong to `make bench`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { compare, markdown, merge, type Report } from "../bench/compare.ts";
import { JWT_SECRET, type Side, serve } from "../bench/servers.ts";

const ONWAY = join(import.meta.dirname, "../../target/debug/onway");
const run = promisify(execFile);
let folder: string;
before(async () => void (folder = await mkdtemp(join(tmpdir(), "onway-test-"))));
after(() => rm(folder, { recursive: true, force: true }));

async function bench(side: Side): Promise<Report> {
  const server = await serve(side, "build-test");
  try {
    const json = join(folder, `${side}.json`);
    const sizes = ["--watchers", "10", "--burst-watchers", "10", "--fixes", "5", "--cold"];
    const env = { ...process.env, JWT_SECRET };
    await run(ONWAY, ["bench", "--url", server.url, "--pid", String(server.pid), "--json", json, ...sizes], { env });
    return JSON.parse(await readFile(json, "utf8")) as Report;
  } finally {
    await server.stop();
  }
}

const values = (report: Report, scenario: string, metric: string) =>
  report.series.find((series) => series.scenario === scenario && series.metric === metric)?.values ?? [];

for (const side of ["onway", "javascript"] as const) {
  test(`ten watchers of ${side} are shown every fix, and its processor time is counted`, async () => {
    const report = await bench(side);
    assert.deepEqual(values(report, "fan-out to 10", "frames"), [50]);
    assert.equal(values(report, "fan-out to 10", "fix to last screen").length, 5);
    // The newest value and the way between: no position is missing, however many frames it took.
    assert.ok((values(report, "10 fixes/s to 10", "positions shown")[0] ?? 0) >= 100);
    for (const scenario of ["ingest by socket", "ingest by HTTP"]) {
      const [micros] = values(report, scenario, "CPU per fix");
      assert.ok(micros !== undefined && micros > 0, scenario);
    }
    const table = markdown(compare(["A", merge([report, report])], ["B", report], { rounds: 2, scale: 1, loadBefore: [0], loadAfter: [0], workerd: "" }));
    assert.match(table, /\| fan-out to 10 \| frames \| 50\.0 \| 50\.0 \| 1\.00 \|/);
  });
}

test("a machine that is not this one is not loaded", async () => {
  const refused = run(ONWAY, ["bench", "--url", "http://192.0.2.1:8787"], { env: { ...process.env, JWT_SECRET } });
  await assert.rejects(refused, (error: { stderr: string }) => error.stderr.includes("192.0.2.1 is not this machine"));
});
