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

interface PushEvent {
  eventName: string;
  eventMetadata: { key: string; value: string }[];
}

/**
 * Registers the service worker. What it returns lets a message arrive there, and resolves with what is shown once the
 * worker has dealt with it: to ask while it shows one can lose it, as browsers drop from their list what they do not
 * show yet.
 */
async function receiver(page: Page): Promise<(message: Json) => Promise<Json[]>> {
  await page.evaluate(() => navigator.serviceWorker.register("/push-worker.js", { scope: "/push/" }));
  const session = await page.context().newCDPSession(page);
  // A message to a worker that is still activating is dropped without a word.
  const activated = new Promise<string>((resolve) => {
    session.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
      const own = versions.find(({ scriptURL, status }) => scriptURL.endsWith("/push-worker.js") && status === "activated");
      if (own) resolve(own.registrationId);
    });
  });
  let dealt: (event: PushEvent) => void;
  session.on("BackgroundService.backgroundServiceEventReceived", ({ backgroundServiceEvent: event }) => {
    if (event.eventName === "Push event completed") dealt(event);
  });
  await session.send("BackgroundService.startObserving", { service: "pushMessaging" });
  await session.send("BackgroundService.setRecording", { service: "pushMessaging", shouldRecord: true });
  await session.send("ServiceWorker.enable");
  const registrationId = await activated;
  return async (message) => {
    const completed = new Promise<PushEvent>((resolve) => (dealt = resolve));
    await session.send("ServiceWorker.deliverPushMessage", { origin: service.url, registrationId, data: JSON.stringify(message) });
    assert.deepEqual((await completed).eventMetadata, [{ key: "Status", value: "Success" }]);
    return page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration("/push/");
      return ((await registration?.getNotifications()) ?? []).map(({ title, body, tag, data }) => ({ title, body, tag, data }));
    });
  };
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
  const deliver = await receiver(page);
  const message = { title: "Almost there", body: "Onway: order A-17 is almost there.", tag: id, url: `/track/${id}`, tracking_id: id, kind: "delivery.approaching", seq: 7 };
  const data = { url: `/track/${id}`, tracking_id: id, seq: 7 };
  assert.deepEqual(await deliver(message), [{ title: message.title, body: message.body, tag: id, data }]);
  const titles = async (arriving: Json) => (await deliver(arriving)).map(({ title }) => title).toSorted();
  assert.deepEqual(await titles({ ...message, title: "The driver is here", seq: 8 }), ["The driver is here"], "the one before is gone");
  assert.deepEqual(await titles({ ...message, title: "Late" }), ["The driver is here"], "an older one takes no newer one's place");
  assert.deepEqual(await titles({ ...message, title: "Of another delivery", tag: "another" }), ["Of another delivery", "The driver is here"]);
  await context.close();
});
