// Dispatchers and a store in front of the real service, while a simulated fleet drives.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { JWT_SECRET, type Service, start, token } from "../service.ts";
import { launch, problemsOf } from "./browser.ts";

const ROOT = join(import.meta.dirname, "../..");
const ARTIFACTS = join(import.meta.dirname, "../artifacts");
const DRIVERS = 24;

let service: Service;
let browser: Browser;
let fleet: ChildProcess;
before(async () => {
  service = await start({ vars: { TIMEZONE: "Africa/Accra", LOCALE: "en-GH" } });
  browser = await launch();
  const options = ["--drivers", String(DRIVERS), "--store-id", "store-1", "--store-id", "store-2", "--seconds", "600", "--interval", "2s"];
  fleet = spawn(join(ROOT, "target/debug/onway"), ["simulate", "--url", service.url, ...options], {
    env: { ...process.env, JWT_SECRET },
    stdio: "ignore",
  });
});
after(async () => {
  if (fleet?.exitCode === null) {
    fleet.kill("SIGINT");
    await once(fleet, "exit");
  }
  await browser?.close();
  await service?.stop();
});

async function open(path: string, jwt: string): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const problems = problemsOf(page);
  await page.goto(`${service.url}${path}#token=${jwt}`);
  return { page, problems };
}

/** How many deliveries the page counts. */
const counted = (page: Page, count: number) => page.waitForFunction((wanted) => document.body.innerText.includes(`All ${wanted}`) || document.body.innerText.includes(`All\n${wanted}`), count, { timeout: 90_000 });

test("a dispatcher sees the fleet move, and acts", async () => {
  const { page, problems } = await open("/dispatch", await token("dispatcher", "desk-1"));
  await counted(page, DRIVERS);
  await page.locator("[data-id]").first().click();
  await page.getByText("Timeline").waitFor();
  await page.getByRole("button", { name: "Cancel" }).waitFor();
  await page.screenshot({ path: join(ARTIFACTS, "dispatch-live.png") });
  assert.deepEqual(problems, []);
  await page.close();
});

test("a store sees its own", async () => {
  const { page, problems } = await open("/store", await token("store", "s-1", { store: "store-1" }));
  await counted(page, DRIVERS / 2);
  await page.screenshot({ path: join(ARTIFACTS, "store-live.png") });
  assert.deepEqual(problems, []);
  await page.close();
});
