// Webhooks in a real browser, before the real service: what is added, tested, sent again and mended by hand, and what
// the desks say of it.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { answering, type Receiver, receiver, verified } from "../receiver.ts";
import { type Json, type Service, start, startDelivery, token } from "../service.ts";
import { launch, problemsOf } from "./browser.ts";

const ARTIFACTS = join(import.meta.dirname, "../artifacts");
const PAGE = "/integrations";
let service: Service;
let browser: Browser;
let shop: Receiver;
before(async () => {
  // No retry by itself comes between.
  service = await start({ vars: { ALLOW_LOCAL_ENDPOINTS: "1", WEBHOOKS_CACHE_S: "0", WEBHOOK_RETRIES_S: "3600", TIMEZONE: "Africa/Accra", LOCALE: "en-GB" } });
  browser = await launch();
  shop = await receiver();
  await mkdir(ARTIFACTS, { recursive: true });
});
beforeEach(async () => {
  for (const table of ["endpoint", "told", "attempt"]) await service.sql(`DELETE FROM ${table}`);
  shop.received.length = 0;
  shop.answer = answering(200);
});
after(async () => {
  await browser?.close();
  await service?.stop();
  shop?.close();
});

interface Opened {
  context: BrowserContext;
  page: Page;
  problems: string[];
}

async function open(t: { after: (end: () => Promise<void>) => void }, path: string, by: string): Promise<Opened> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  t.after(() => context.close());
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: service.url });
  const page = await context.newPage();
  const problems = problemsOf(page);
  await page.goto(`${service.url}${path}#token=${by}`);
  return { context, page, problems };
}

async function call(method: string, path: string, body?: Json): Promise<Json> {
  const reply = await service.call(method, path, { token: await token("admin", "root"), ...(body ? { body } : {}) });
  assert.ok(reply.status < 300, `${method} ${path} answered ${reply.status}: ${reply.text}`);
  return reply.body;
}

const rows = (page: Page) => page.locator("tbody tr");
const state = (page: Page) => page.locator(".hooks__detail .state");
const said = (page: Page, words: string | RegExp) => page.locator(".tries__said").filter({ hasText: words }).waitFor();

test("an endpoint is added, hears a test, fails, is told again, and says why it was disabled", async (t) => {
  const { page, problems } = await open(t, PAGE, await token("admin", "root"));
  await page.getByRole("heading", { name: "No webhooks yet" }).waitFor();
  assert.doesNotMatch(page.url(), /token/);

  await page.getByRole("button", { name: "Add the first endpoint" }).click();
  const form = page.getByRole("dialog", { name: "Add an endpoint" });
  await form.getByLabel("Address").fill("nowhere");
  await form.getByRole("button", { name: "Add endpoint" }).click();
  await form.getByRole("alert").filter({ hasText: "https://" }).waitFor();
  await form.getByLabel("Address").fill(shop.url);
  await form.getByLabel("Description").fill("The shop");
  await form.getByLabel("These events").check();
  await form.getByRole("button", { name: "Add endpoint" }).click();
  await form.getByRole("alert").filter({ hasText: "at least one" }).waitFor();
  await form.getByLabel("delivery.delivered").check();
  await form.getByLabel("emergency").check();
  await form.getByRole("button", { name: "Add endpoint" }).click();

  const secrets = page.getByRole("dialog", { name: "The secret of the endpoint" });
  const secret = await secrets.getByLabel("Secret").inputValue();
  assert.match(secret, /^whsec_/);
  await secrets.getByRole("button", { name: "Copy" }).click();
  await secrets.getByRole("status").filter({ hasText: "Copied" }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
  await page.keyboard.press("Escape");
  await secrets.waitFor({ state: "detached" });
  assert.doesNotMatch(await page.content(), /whsec_/);
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), shop.url, "the focus is on what was made");
  const [made] = (await call("GET", "/webhooks"))["endpoints"] as [Json];
  assert.deepEqual([made["events"], made["description"]], [["delivery.delivered", "emergency"], "The shop"]);

  shop.answer = answering(500);
  await page.getByRole("button", { name: "Send a test event" }).click();
  await said(page, "It was not taken: the answer was 500.");
  assert.equal(await rows(page).count(), 1);
  assert.match(await rows(page).first().innerText(), /test[\s\S]*500[\s\S]*Not taken/);
  await state(page).filter({ hasText: /^Failing since \d/ }).waitFor();
  const event = verified(secret, shop.received[0]!);
  assert.equal(event["type"], "test");

  shop.answer = answering(200);
  await rows(page).first().getByRole("button", { name: /^Redeliver test/ }).click();
  await said(page, "It was taken: 200");
  assert.equal(await rows(page).count(), 2);
  assert.match(await rows(page).first().innerText(), /200[\s\S]*Taken/);
  assert.equal(shop.received[1]?.body["id"], event["id"], "it is the same event");
  await state(page).filter({ hasText: /^Enabled$/ }).waitFor();

  shop.answer = answering(410);
  await page.getByRole("button", { name: "Send a test event" }).click();
  await state(page).filter({ hasText: "Disabled: it answered 410 Gone" }).waitFor();
  assert.equal(await page.getByRole("button", { name: /test event|^Redeliver/ }).count(), 0, "nothing can be sent to it");
  assert.match(await page.title(), /1 disabled/);
  await page.getByRole("button", { name: "Enable again" }).click();
  await state(page).filter({ hasText: /^Enabled$/ }).waitFor();

  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete it" }).click();
  await page.getByRole("heading", { name: "No webhooks yet" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "endpoints");
  assert.deepEqual((await call("GET", "/webhooks"))["endpoints"], []);
  assert.deepEqual(problems, []);
});

test("what it hears of changes, the secret is rotated, and nothing else is touched by that", async (t) => {
  const { id, secret } = await call("POST", "/webhooks", { url: shop.url, description: "Till", events: ["emergency"] });
  await service.sql("UPDATE endpoint SET failing_since = 1704067200000");
  const { page, problems } = await open(t, `${PAGE}?endpoint=${id}`, await token("admin", "root"));
  await page.getByRole("button", { name: "Change" }).click();
  const form = page.getByRole("dialog", { name: "Change the endpoint" });
  await form.getByLabel("Description").fill("");
  await form.getByLabel("Everything").check();
  await form.getByRole("button", { name: "Save" }).click();
  await form.waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Change", "the focus is back where it was");
  const changed = await call("GET", `/webhooks/${id}`);
  assert.deepEqual([changed["events"], changed["description"], changed["failing_since"]], [null, "", 1_704_067_200]);

  await page.getByRole("button", { name: "Rotate secret" }).click();
  await page.getByRole("dialog", { name: "Rotate the secret" }).getByRole("button", { name: "Make a new secret" }).click();
  const rotated = await page.getByRole("dialog", { name: "The secret of the endpoint" }).getByLabel("Secret").inputValue();
  assert.notEqual(rotated, secret);
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.waitForFunction(() => document.activeElement?.textContent === "Rotate secret");
  await page.getByRole("button", { name: "Send a test event" }).click();
  await said(page, "It was taken: 200");
  for (const one of [secret, rotated]) assert.equal(verified(one, shop.received[0]!)["type"], "test");
  assert.deepEqual(problems, []);
});

test("attempts are found by outcome and event, page by page, and a span of time is sent again", async (t) => {
  const { id } = await call("POST", "/webhooks", { url: shop.url, events: ["delivery.created", "delivery.delivered"] });
  shop.answer = answering(503);
  const { tracking_id } = await startDelivery(service);
  await shop.until((received) => received.length === 1, "nothing was told");
  // It is noted after it was answered.
  while ((await call("GET", `/webhooks/${id}/attempts`))["attempts"].length === 0) await delay(50);
  const { page, problems } = await open(t, `${PAGE}?endpoint=${id}`, await token("admin", "root"));
  await rows(page).first().getByRole("link", { name: tracking_id }).waitFor();

  shop.answer = answering(200);
  await page.getByText("Send again what was not taken").click();
  await page.getByRole("button", { name: "Redeliver all of them" }).click();
  await said(page, "1 event is on the way again.");
  await rows(page).nth(1).waitFor();
  await page.getByRole("button", { name: "Redeliver all of them" }).click();
  await said(page, "Nothing of that time was left to send");

  await page.getByLabel("Outcome").selectOption("Not taken");
  await rows(page).nth(1).waitFor({ state: "detached" });
  assert.match(await rows(page).first().innerText(), /503[\s\S]*Not taken/);

  await service.sql(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 150)
     INSERT INTO attempt (endpoint, at, event, n, status, ms, error) SELECT ?1, 1704067200000 + i * 1000, 'evt_' || i, 1, NULL, 10000, 'no answer in time' FROM n`,
    id,
  );
  await page.getByRole("button", { name: "Show all" }).click();
  await rows(page).nth(99).waitFor();
  assert.equal(await rows(page).count(), 100);
  await page.getByRole("button", { name: "More", exact: true }).click();
  await rows(page).nth(151).waitFor();
  assert.equal(await page.evaluate(() => [...document.querySelectorAll("tbody tr")].indexOf(document.activeElement as Element)), 100, "the focus is on the first that came");
  await page.getByRole("textbox", { name: "Event id" }).fill("evt_7");
  await page.getByRole("button", { name: "Find" }).click();
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  assert.match(await rows(page).first().innerText(), /No answer: no answer in time[\s\S]*10\.0 s[\s\S]*Not taken/);
  assert.deepEqual(problems, []);
});

test("a store sees its own alone, and its desk says what needs somebody", async (t) => {
  await call("POST", "/webhooks", { url: shop.url });
  const { id } = await call("POST", "/webhooks", { url: `${shop.url}/own`, store_id: "s1" });
  await service.sql("UPDATE endpoint SET enabled = 0, disabled_reason = 'nothing but failures for five days' WHERE id = ?1", id);
  const { page, problems } = await open(t, "/store", await token("store", "till", { store: "s1" }));
  await page.getByRole("link", { name: "Webhooks: 1 disabled" }).click();
  await page.getByRole("heading", { name: "Webhooks of store s1" }).waitFor();
  const hooks = page.locator(".hook");
  await hooks.first().waitFor();
  assert.equal(await hooks.count(), 1);
  assert.match(await hooks.first().innerText(), /\/own[\s\S]*Disabled: nothing but failures for five days/);
  assert.deepEqual(problems, []);

  const admin = await open(t, "/dispatch", await token("admin", "root"));
  await admin.page.getByRole("link", { name: "Webhooks: 1 disabled" }).click();
  await admin.page.locator(".hook").nth(2).waitFor();
  assert.match(await admin.page.locator(".hook").nth(2).innerText(), /Order service/);
});

test("whoever may not look after webhooks is told so, and no desk of theirs leads there", async (t) => {
  const { page } = await open(t, PAGE, await token("dispatcher", "desk"));
  await page.getByRole("alert").filter({ hasText: "for admins" }).waitFor();
  await page.goto(`${service.url}${PAGE}#token=${await token("admin", "root", { ttl: -120 })}`);
  await page.getByRole("alert").filter({ hasText: "run out" }).waitFor();
  const desk = await open(t, "/dispatch", await token("dispatcher", "desk"));
  await desk.page.locator(".reach--live").waitFor();
  assert.equal(await desk.page.getByRole("link", { name: /Webhooks/ }).count(), 0);
});

test("without a network the page says so, and shows what was known", async (t) => {
  const { id } = await call("POST", "/webhooks", { url: shop.url });
  const { context, page } = await open(t, `${PAGE}?endpoint=${id}`, await token("admin", "root"));
  await page.getByText("Nothing was sent to it yet").waitFor();
  await context.setOffline(true);
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByRole("alert").filter({ hasText: "No connection" }).filter({ hasText: "last known" }).waitFor();
  await context.setOffline(false);
  await page.getByRole("alert").filter({ hasText: "No connection" }).waitFor({ state: "detached" });
  assert.equal(await page.locator(".hook").count(), 2);
});

test("the page at work, light and dark, wide and narrow", async (t) => {
  const { id } = await call("POST", "/webhooks", { url: shop.url, description: "Order desk" });
  const events = ["delivery.delivered", "delivery.failed"];
  const { id: board } = await call("POST", "/webhooks", { url: shop.url, events, description: "Warehouse board" });
  const { id: till } = await call("POST", "/webhooks", { url: shop.url, events, store_id: "s1", description: "Till of the market store" });
  shop.answer = (response, _, { body }) => answering(body["type"] === "delivery.picked_up" ? 503 : 204)(response);
  const { tracking_id } = await startDelivery(service, { store_id: "s2" });
  for (const status of ["PICKED_UP", "IN_TRANSIT", "DELIVERED"]) {
    const told = shop.received.length;
    await call("POST", `/tracking/${tracking_id}/status`, { status });
    await shop.until((received) => received.length > told, "it was not told");
  }
  // Each noted, and the warehouse's too.
  for (const [one, count] of [[id, 5], [board, 1]] as const) {
    for (let tries = 0; (await call("GET", `/webhooks/${one}/attempts`))["attempts"].length < count; tries += 1) {
      assert.ok(tries < 600, "not all was noted");
      await delay(50);
    }
  }
  // As if it had been so: a receiver of this machine has no name, and fails for no day.
  await service.sql("UPDATE endpoint SET url = 'https://shop.example.com/onway' WHERE id = ?1", id);
  await service.sql("UPDATE endpoint SET url = 'https://board.example.com/deliveries', failing_since = ?2 WHERE id = ?1", board, Date.now() - 7_200_000);
  await service.sql("UPDATE endpoint SET url = 'https://till.example.com/onway', enabled = 0, disabled_reason = 'it answered 410 Gone' WHERE id = ?1", till);
  const { page, problems } = await open(t, `${PAGE}?endpoint=${id}`, await token("admin", "root"));
  await rows(page).nth(4).waitFor();
  await page.setViewportSize({ width: 1280, height: 780 });
  for (const scheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.screenshot({ path: join(ARTIFACTS, scheme === "light" ? "webhooks.png" : "webhooks-dark.png") });
  }
  await page.setViewportSize({ width: 390, height: 844 });
  const fits = (): Promise<boolean> => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits(), "nothing is wider than a phone");
  for (const width of [700, 1000, 1280]) {
    await page.setViewportSize({ width, height: 844 });
    assert.ok(await fits(), `something is wider than ${width}`);
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await page.screenshot({ path: join(ARTIFACTS, "webhooks-narrow.png"), fullPage: true });
  await page.getByRole("button", { name: "Add endpoint" }).click();
  await page.getByLabel("These events").check();
  await page.screenshot({ path: join(ARTIFACTS, "webhooks-add.png") });
  assert.deepEqual(problems, []);
});
