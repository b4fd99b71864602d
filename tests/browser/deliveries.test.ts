// A customer's phone: its own deliveries, one of them to the door and after, and what others see of that.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { type Service, start, startDelivery, token } from "../service.ts";
import { launch } from "./browser.ts";

const DROPOFF = { lat: 5.6037, lng: -0.1869, address: "14 Ring Road" };
const CODE = "A7K2";
/** One pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

let service: Service;
let browser: Browser;
before(async () => {
  service = await start({ vars: { TIMEZONE: "Africa/Accra", LOCALE: "en-GH" } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

async function open(address: string): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(new URL(address, service.url).href);
  return { page, problems };
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = await look();
    if (found) return found;
    await delay(200);
  }
  throw new Error(`it did not come: ${what}`);
}

async function driver(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<void> {
  const reply = await service.call(method, path, { token: await token("driver", "d1"), body, headers });
  assert.equal(reply.status, 200, reply.text);
}

/** The driver rides three blocks to the door. */
async function ride(id: string): Promise<void> {
  const now = Math.floor(Date.now() / 1000);
  const locations = [30, 20, 10, 0].map((ago) => ({ lat: DROPOFF.lat + ago * 0.000_05, lng: DROPOFF.lng, timestamp: now - ago }));
  await driver("POST", `/tracking/update/${id}`, { locations, status: "IN_TRANSIT" });
}

test("a customer finds a delivery, tells the driver where, gets it and rates it", async () => {
  const customer = await token("customer", "c-door");
  const { tracking_id: id } = await startDelivery(service, { customer_id: "c-door", dropoff: DROPOFF, handover_code: CODE });
  await until("it is listed", async () => {
    const { body } = await service.call("GET", "/tracking?mine", { token: customer });
    return body["deliveries"]?.length === 1;
  });

  const { page, problems } = await open(`/deliveries#token=${customer}`);
  await page.getByRole("heading", { name: "Active" }).waitFor();
  assert.doesNotMatch(page.url(), /token/);
  await page.getByRole("link", { name: /Driver assigned.*14 Ring Road/ }).click();
  await page.waitForURL(new RegExp(`/track/${id}$`));
  await page.getByRole("heading", { name: "Tell the driver this code at the door" }).waitFor();
  assert.equal(await page.locator(".code__value").innerText(), CODE);

  await page.getByLabel("Instructions for the driver").fill("The blue gate");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved. The driver sees it.").waitFor();
  const read = await service.call("GET", `/tracking/${id}`, { token: await token("driver", "d1") });
  assert.equal(read.body["instructions"], "The blue gate");

  await ride(id);
  await page.getByRole("heading", { name: "On the way" }).waitFor();
  await driver("POST", `/tracking/${id}/proof`, { code: CODE });
  await driver("POST", `/tracking/${id}/proof`, new Uint8Array(Buffer.from(PNG, "base64")), { "Content-Type": "image/png" });
  await driver("POST", `/tracking/${id}/status`, { status: "DELIVERED" });
  await page.getByRole("heading", { name: "Delivered" }).waitFor();
  assert.equal(await page.getByRole("heading", { name: "Tell the driver this code at the door" }).count(), 0);

  await page.getByRole("button", { name: "Photo of the delivery: show it large" }).click();
  const large = page.getByRole("dialog").getByRole("img", { name: "Photo of the delivery" });
  await large.waitFor();
  assert.equal(await large.evaluate((image) => (image as HTMLImageElement).naturalWidth), 1);
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });

  await page.getByRole("radio", { name: "4 stars" }).check({ force: true });
  await page.getByLabel("Comment").fill("Kind and quick");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Thank you for telling us.").waitFor();
  const seen = await service.call("GET", `/tracking/${id}`, { token: await token("store", "till", { store: "s1" }) });
  assert.partialDeepStrictEqual(seen.body["rating"], { stars: 4, comment: "Kind and quick" });

  // The token was kept for the tab.
  await page.goto(`${service.url}/deliveries`);
  await page.getByRole("link", { name: /Delivered.*4 of 5 stars/ }).waitFor();
  assert.deepEqual(problems, []);
  await page.close();
});

test("the list is for customers, and says how one gets in", async () => {
  for (const [fragment, title] of [
    ["", /open the link that the shop sent you/i],
    [`#token=${await token("customer", "c1", { ttl: -3600 })}`, /access has run out/i],
    [`#token=${await token("store", "till", { store: "s1" })}`, /not a customer's link/i],
    [`#token=${await token("customer", "c-nobody")}`, /no deliveries yet/i],
  ] as const) {
    const { page, problems } = await open(`/deliveries${fragment}`);
    await page.getByRole("heading", { name: title }).waitFor();
    assert.deepEqual(problems, []);
    await page.close();
  }
});

test("a dispatcher sees the way of a finished delivery again, and a customer does not", async () => {
  const { tracking_id: id } = await startDelivery(service, { dropoff: DROPOFF });
  await ride(id);
  await driver("POST", `/tracking/${id}/status`, { status: "DELIVERED" });

  const { page, problems } = await open(`/track/${id}#token=${await token("dispatcher", "desk")}`);
  await page.getByRole("button", { name: "Replay" }).click();
  const replay = page.getByRole("region", { name: "Replay" });
  await replay.waitFor();
  await replay.getByRole("radio", { name: "60 times as fast" }).check({ force: true });
  await page.getByText("The end of the way.").waitFor();
  const slider = replay.getByRole("slider", { name: "Time of the delivery" });
  const end = await slider.inputValue();
  await slider.press("Home");
  assert.ok(Number(await slider.inputValue()) < Number(end));
  await replay.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Replay" }).waitFor();
  assert.deepEqual(problems, []);
  await page.close();

  const customer = await open(`/track/${id}#token=${await token("customer", "c1")}`);
  await customer.page.getByRole("heading", { name: "How was the delivery?" }).waitFor();
  assert.equal(await customer.page.getByRole("button", { name: "Replay" }).count(), 0);
  await customer.page.close();
});

test("a customer shares a private delivery by a link, and takes it back", async () => {
  const { tracking_id: id } = await startDelivery(service, { visibility: "private", dropoff: DROPOFF });
  const { page, problems } = await open(`/track/${id}#token=${await token("customer", "c1")}`);
  await page.locator("summary", { hasText: "Share" }).click();
  await page.getByText("There are no links yet.").waitFor();
  await page.getByLabel("For whom").fill("Grandma");
  await page.getByRole("button", { name: "Make a link" }).click();
  const url = await page.getByLabel("Address of the link for Grandma").inputValue();

  const grandma = await open(url);
  await grandma.page.getByRole("heading", { name: "Driver assigned" }).waitFor();
  assert.equal(await grandma.page.locator("summary", { hasText: "Share" }).count(), 0);

  const revoke = page.getByRole("button", { name: /^Revoke the link for Grandma/ });
  await revoke.click();
  await revoke.click();
  await page.getByText("The link is revoked.").waitFor();
  await grandma.page.getByText(/private/i).first().waitFor();
  assert.deepEqual([...problems, ...grandma.problems], []);
  await grandma.page.close();
  await page.close();
});

test("who has a link rates the delivery", async () => {
  const { tracking_id: id } = await startDelivery(service, { dropoff: DROPOFF });
  const made = await service.call("POST", `/tracking/${id}/links`, { token: await token("customer", "c1"), body: { label: "Grandma" } });
  assert.equal(made.status, 201, made.text);
  const { page, problems } = await open(made.body["url"] as string);
  await ride(id);
  await driver("POST", `/tracking/${id}/status`, { status: "DELIVERED" });
  await page.getByRole("radio", { name: "5 stars" }).check({ force: true });
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Thank you for telling us.").waitFor();
  assert.deepEqual(problems, []);
  await page.close();
});
