// What the README shows, run as it stands.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { type Service, JWT_SECRET, start } from "../service.ts";
import { launch } from "./browser.ts";

const ROOT = join(import.meta.dirname, "../..");
let service: Service;
before(async () => void (service = await start()));
after(() => service.stop());

async function example(heading: string, language: string): Promise<string> {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const section = readme.split(`## ${heading}\n`)[1] ?? "";
  const code = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section)?.[1];
  assert.ok(code, `README.md has no ${language} under "${heading}"`);
  return code;
}

test("the curl example starts a delivery and moves it, the browser example follows it", async (t) => {
  const { stdout } = await promisify(execFile)("bash", ["-euc", await example("From the command line", "sh")], {
    cwd: ROOT,
    env: { ...process.env, ONWAY: service.url, JWT_SECRET },
  });
  const page_url = stdout.trim().split("\n").at(-1) ?? "";
  assert.match(page_url, new RegExp(`^${service.url}/track/TRK-`));
  assert.match(stdout, /"status":"IN_TRANSIT"/);

  const browser = await launch();
  t.after(() => browser.close());
  const page = await browser.newPage();
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  await page.goto(page_url);
  await page.evaluate(await example("In a browser", "js"));
  while (!said.some((line) => line.includes("IN_TRANSIT"))) await page.waitForEvent("console");
});
