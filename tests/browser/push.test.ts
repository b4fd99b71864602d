// Push messages in a real browser: the switch on the page, and what the service worker shows. No message comes from
// outside: the browser is told by its own debugging protocol that one did.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { PUSH_VARS } from "../push-service.ts";
import { type Json, type Service, start, startDelivery } from "../service.ts";
import { launch, problemsOf } from "./browser.ts";

const ARTIFACTS = join(import.meta.dirname, "../artifacts");
let service: Service;
let browser: Browser;
before(async () => {
  service = await start({ vars: { ...PUSH_VARS, TIMEZONE: "Africa/Accra", LOCALE: "en-GH" } });
  browser = await launch();
  await mkdir(ARTIFACTS, { recursive: true });
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

async function open(path: string): Promise<{ context: BrowserContext; page: Page; problems: string[] }> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
  await context.grantPermissions(["notifications"], { origin: service.url });
  const page = await context.newPage();
  const problems = problemsOf(page);
  await page.goto(service.url + path);
  return { context, page, problems };
}

/** Lets a message arrive at the service worker of the page; resolves with the notifications once one has this title. */
async function deliver(page: Page, message: Json, title: string = message["title"]): Promise<Json[]> {
  const session = await page.context().newCDPSession(page);
  const found = new Promise<string>((resolve) => {
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const own = registrations.find(({ scopeURL }) => scopeURL.endsWith("/push/"));
      if (own) resolve(own.registrationId);
    });
  });
  await session.send("ServiceWorker.enable");
  await session.send("ServiceWorker.deliverPushMessage", { origin: service.url, registrationId: await found, data: JSON.stringify(message) });
  await session.detach();
  return page.evaluate(async (expected) => {
    const registration = await navigator.serviceWorker.getRegistration("/push/");
    for (let tries = 0; tries < 200; tries += 1) {
      const shown = (await registration?.getNotifications()) ?? [];
      if (shown.some(({ title }) => title === expected)) return shown.map(({ title, body, tag, data }) => ({ title, body, tag, data }));
      await new Promise((later) => setTimeout(later, 25));
    }
    return [];
  }, title);
}

test("the page offers to tell, and says so where the browser takes none", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const { context, page, problems } = await open(`/track/${id}`);
  const card = page.locator("details.tell");
  await card.locator("summary").click();
  assert.equal(await card.getByRole("checkbox").count(), 8);
  assert.equal(await card.getByRole("checkbox", { checked: true }).count(), 7);
  await card.getByRole("checkbox", { name: "It was cancelled" }).uncheck();
  await card.screenshot({ path: join(ARTIFACTS, "push.png") });
  // Without its maker's push service a browser cannot subscribe: the page says so, and nothing else breaks.
  await card.getByRole("button", { name: "Tell me" }).click();
  await card.getByRole("status").filter({ hasText: /no notifications|not allowed/ }).waitFor();
  assert.deepEqual(problems, []);
  await context.close();
});

test("a message is shown, and one after it takes its place", async () => {
  const { tracking_id: id } = await startDelivery(service);
  const { context, page } = await open(`/track/${id}`);
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.register("/push-worker.js", { scope: "/push/" });
    for (let tries = 0; !registration.active && tries < 400; tries += 1) await new Promise((later) => setTimeout(later, 25));
  });
  const message = { title: "Almost there", body: "Onway: order A-17 is almost there.", tag: id, url: `/track/${id}`, tracking_id: id, kind: "delivery.approaching", seq: 7 };
  const data = { url: `/track/${id}`, tracking_id: id, seq: 7 };
  assert.deepEqual(await deliver(page, message), [{ title: message.title, body: message.body, tag: id, data }]);
  const next = await deliver(page, { ...message, title: "The driver is here", seq: 8 });
  assert.deepEqual(next.map(({ title }) => title), ["The driver is here"], "the one before is gone");
  await deliver(page, { ...message, title: "Late" }, "The driver is here");
  // One after the other: once this is shown the one before was looked at.
  const last = await deliver(page, { ...message, title: "Of another delivery", tag: "another" });
  assert.deepEqual(last.map(({ title }) => title).toSorted(), ["Of another delivery", "The driver is here"], "an older one takes no newer one's place");
  await context.close();
});
