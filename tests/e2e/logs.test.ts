// What the service writes into its log: lines of JSON, and nothing that leads to anybody.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Json } from "../service.ts";

const SECRETS = ["RIDER-KOFI", "CUST-AMA", "STORE-OSU", "12 MARKER ROAD", "5.6037", "5.60371", "-0.1869", "TRK-", "eyJ", "+233", "@example.com"];

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-logs-"));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Runs tests/faults/noise.ts in a process of its own, so that all that the runtime writes can be read. */
async function output(vars: Json): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../faults/noise.ts"), folder, JSON.stringify(vars)], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
  const code = await new Promise((resolve) => child.on("exit", resolve));
  await delay(0);
  assert.equal(code, 0, text);
  return text;
}

const lines = (text: string): Json[] => text.split("\n").flatMap((line) => {
  const json = line.indexOf('{"');
  return json < 0 ? [] : [JSON.parse(line.slice(json)) as Json];
});

test("connects, disconnects, refusals and errors are lines without ids, tokens or places", async () => {
  const text = await output({ LOG_LEVEL: "info" });
  for (const secret of SECRETS) assert.ok(!text.includes(secret), `${secret}:\n${text}`);
  const found = lines(text);
  const of = (event: string) => found.filter((line) => line["event"] === event);
  assert.ok(found.every((line) => ["info", "warn", "error"].includes(line["level"])), text);
  const [connect] = of("connect").filter((line) => "delivery" in line);
  assert.match(connect?.["delivery"] ?? "", /^[A-Z2-7]{8}$/);
  const disconnects = of("disconnect");
  assert.ok(disconnects.some((line) => line["delivery"] === connect!["delivery"] && line["code"] === "1000" && !("reason" in line)), text);
  const refused = of("refusal").map((line) => [line["route"], line["status"], line["code"]]);
  assert.ok(refused.some(([route, status]) => route === "/tracking/{id}/status" && status === "409"), text);
  assert.ok(refused.some(([route, status, code]) => route === "/tracking/start" && status === "422" && code === "invalid"), text);
  assert.ok(refused.some(([route, status]) => route === "-" && status === "404"), text);
  assert.ok(refused.some(([route, , code]) => route === "socket" && code === "not_found"), text);
  assert.ok(of("error").some((line) => line["in"] === "archive" && /attempt 1 failed/.test(line["why"])), text);
});

test("LOG_LEVEL leaves out what is less", async () => {
  const found = lines(await output({ LOG_LEVEL: "error" }));
  assert.ok(found.length > 0 && found.every((line) => line["level"] === "error"), JSON.stringify(found));
  assert.deepEqual(lines(await output({ LOG_LEVEL: "off" })), []);
});
