import { launch } from "./browser.ts";
import { startFleet } from "./fleet-service.ts";
import { token } from "../service.ts";
import { setTimeout as delay } from "node:timers/promises";
const OUT = "/tmp/w/shots/";
import { mkdirSync } from "node:fs";
mkdirSync(OUT, { recursive: true });
const browser = await launch();
const service = await startFleet({ deliveries: 120, shards: 2 });
const only = process.argv[2];
for (const [w, h] of [[1280, 800], [390, 844]] as const) {
  for (const scheme of ["light", "dark"] as const) {
    const name = (n: string) => `${OUT}${n}-${w}-${scheme}.png`;
    const page = await browser.newPage({ viewport: { width: w, height: h }, colorScheme: scheme, timezoneId: "America/New_York" });
    page.on("pageerror", (e) => console.log("ERR", e));
    const open = async (q: string) => {
      await page.goto(`${service.url}/dispatch${q}#token=${await token("dispatcher", "desk")}`);
      await page.locator(".reach--live").waitFor({ state: "attached" });
      await page.locator(".list .item").first().waitFor();
      await delay(1500);
    };
    try {
      await open("?status=IN_TRANSIT");
      await page.screenshot({ path: name("list") });
      await page.locator(".list .item").nth(1).click();
      await page.getByText("14 Ring Road, Osu").waitFor();
      await delay(1500);
      await page.screenshot({ path: name("panel") });
      await page.locator(".carrier").first().scrollIntoViewIfNeeded().catch((e) => console.log(String(e).slice(0, 100)));
      await delay(200);
      await page.screenshot({ path: name("driver") });
      await page.keyboard.press("Escape");
      await page.locator("body").press("n");
      await page.getByText("Click where it goes").waitFor().catch(() => undefined);
      await delay(500);
      await page.screenshot({ path: name("new0") });
      const box = await page.locator(".fleet-map").boundingBox();
      console.log(w, JSON.stringify(box));
      if (box) {
        await page.mouse.click(box.x + box.width * 0.4, box.y + box.height * 0.4);
        await delay(300);
        await page.mouse.click(box.x + box.width * 0.6, box.y + box.height * 0.6);
        await delay(500);
      }
      await page.getByLabel("Destination", { exact: true }).fill("5,60");
      await page.getByLabel("Order", { exact: true }).focus();
      await delay(500);
      await page.screenshot({ path: name("new") });
      await open("?status=DELIVERED");
      await page.locator(".list .item").nth(0).click();
      await page.getByText("14 Ring Road, Osu").waitFor();
      const button = page.getByRole("button", { name: /replay/i }).first();
      await button.click();
      await delay(2500);
      await page.screenshot({ path: name("replay") });
    } catch (e) { console.log(w, scheme, String(e).slice(0, 400)); await page.screenshot({ path: name("failed") }); }
    await page.close();
  }
}
await browser.close();
await service.stop();
process.exit(0);
