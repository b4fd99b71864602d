// A driver's phone: positions from the browser's own geolocation, dead spots, and a page that is loaded again in them.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { history } from "../faults/trip.ts";
import { type Json, type Service, start, startDelivery, token } from "../service.ts";
import { launch, problemsOf } from "./browser.ts";

const ARTIFACTS = join(import.meta.dirname, "../artifacts");
const PICKUP = { lat: 5.6, lng: -0.2, address: "Osu Kitchen" };
const DROPOFF = { lat: 5.61, lng: -0.2, address: "14 Ring Road" };
/** About 10 m to the north, once a second: a driver in a street. */
const STEP_DEG = 0.000_09;
const STEP_MS = 1_000;

let service: Service;
let browser: Browser;
before(async () => {
  service = await start();
  browser = await launch();
  await mkdir(ARTIFACTS, { recursive: true });
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

interface Phone {
  context: BrowserContext;
  page: Page;
  /** Latitudes of the positions that the page has kept, in their order, over all its visits. */
  kept: number[];
  problems: string[];
  /** Rides on until the page has kept `count` positions more. */
  ride(count: number): Promise<void>;
}

async function phone(): Promise<Phone> {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: 2,
    hasTouch: true,
    permissions: ["geolocation", "screen-wake-lock"],
    geolocation: { latitude: PICKUP.lat, longitude: PICKUP.lng, accuracy: 8 },
  });
  const page = await context.newPage();
  const kept: number[] = [];
  const problems = problemsOf(page);
  await page.exposeBinding("onwayKept", (_, lat: number) => void kept.push(lat));
  await page.addInitScript(() => {
    const add = IDBObjectStore.prototype.add;
    IDBObjectStore.prototype.add = function (value, key) {
      if (this.name === "fixes") (globalThis as Json)["onwayKept"](value.lat);
      return key === undefined ? add.call(this, value) : add.call(this, value, key);
    };
  });
  let latitude = PICKUP.lat;
  return {
    context,
    page,
    kept,
    problems,
    async ride(count) {
      for (const goal = kept.length + count; kept.length < goal; ) {
        latitude = Number((latitude + STEP_DEG).toFixed(7));
        await context.setGeolocation({ latitude, longitude: PICKUP.lng, accuracy: 8 });
        await delay(STEP_MS);
      }
    },
  };
}

/** Signs in with a token, as a driver who was given one. */
async function signIn({ page }: Phone, driver: string): Promise<void> {
  await page.goto(`${service.url}/drive`);
  await page.getByText("I have a token").click();
  await page.getByLabel("Token").fill(await token("driver", driver));
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".reach--live").waitFor();
}

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

test("a dead spot and two reloads in it lose nothing and repeat nothing", async () => {
  const { tracking_id: id } = await startDelivery(service, { driver_id: "d1", pickup: PICKUP, dropoff: DROPOFF });
  const driver = await phone();
  const { page, context } = driver;
  await signIn(driver, "d1");
  // Who was never off duty only has to share.
  await page.getByRole("button", { name: /^(Go on duty|Share position)$/ }).click();
  await button(page, "Accept").click();
  // Also to the service: it is no offer any more when the page is opened anew.
  const admin = { token: await token("admin", "x") };
  while (((await service.call("GET", `/tracking/${id}`, admin)).body["accepted_at"] ?? null) === null) await delay(50);
  await page.reload();
  await page.locator(".reach--live").waitFor();
  await button(page, "Picked up").waitFor();
  assert.equal(await button(page, "Accept").count(), 0);
  await button(page, "Picked up").click();
  await driver.ride(2);
  await page.screenshot({ path: join(ARTIFACTS, "drive.png"), fullPage: true });
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));

  await context.setOffline(true);
  await page.reload();
  await page.getByText("No connection.").first().waitFor();
  await driver.ride(3);
  await button(page, "On the way").click();
  await page.getByText(/Waiting to be sent: 3 positions and 1 report/).waitFor();
  await page.screenshot({ path: join(ARTIFACTS, "drive-offline.png"), fullPage: true });
  await page.reload();
  await driver.ride(2);
  await button(page, "Delivered").click();
  await page.getByRole("dialog").getByRole("button", { name: "Delivered", exact: true }).click();
  await page.getByText(/and 2 reports/).waitFor();

  await context.setOffline(false);
  await page.locator(".reach--live").waitFor();
  await page.getByText(/Waiting to be sent/).waitFor({ state: "detached" });
  const points = (await history(service, id)).map((point) => point["lat"] as number);
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;
  for (const lat of driver.kept) {
    const count = (lats: number[]): number => lats.filter((other) => near(other, lat)).length;
    assert.equal(count(points), count(driver.kept), `${lat}: kept ${driver.kept.join()}, arrived ${points.join()}`);
  }
  assert.equal(points.length, driver.kept.length);
  const events = await service.call("GET", `/tracking/${id}/events`, { token: await token("admin", "x") });
  const statuses = (events.body["events"] as Json[]).filter((event) => event["type"] === "status").map((event) => event["status"] as string);
  assert.deepEqual(statuses.slice(-4), ["ASSIGNED", "PICKED_UP", "IN_TRANSIT", "DELIVERED"]);
  assert.deepEqual(driver.problems, []);
  await context.close();
});

test("an invite signs in once", async () => {
  const invite = await service.call("POST", "/drivers/d2/invite", { token: await token("dispatcher", "desk"), body: {} });
  assert.equal(invite.status, 201, invite.text);
  const link = new URL(invite.body["path"] as string, service.url);
  const [first, second] = [await phone(), await phone()];
  await first.page.goto(service.url + link.pathname + link.hash);
  await first.page.locator(".reach--live").waitFor();
  assert.doesNotMatch(first.page.url(), /invite/);
  await second.page.goto(service.url + link.pathname + link.hash);
  await second.page.getByText(/has run out, or was used before/).waitFor();
  assert.deepEqual([...first.problems, ...second.problems], []);
  await first.context.close();
  await second.context.close();
});

test("an emergency has to be held, also by keyboard, and its answer is shown", async () => {
  const driver = await phone();
  const { page, context } = driver;
  await signIn(driver, "d3");
  const press = page.getByRole("button", { name: /emergency|Keep holding/ });
  await press.focus();
  await page.keyboard.down("Space");
  await page.getByText("Keep holding…").waitFor();
  await page.keyboard.up("Space");
  await page.getByText("Hold for emergency").waitFor();
  assert.equal(await page.getByText(/^Emergency/).count(), 0);
  await page.keyboard.down("Space");
  await page.getByText(/Emergency received/).waitFor();
  await page.keyboard.up("Space");

  const desk = await token("dispatcher", "desk");
  const listed = await service.call("GET", "/emergencies", { token: desk });
  const raised = (listed.body["emergencies"] as Json[]).filter((emergency) => emergency["driver_id"] === "d3");
  assert.equal(raised.length, 1, listed.text);
  const seen = await service.call("POST", `/emergencies/${raised[0]?.["id"]}/acknowledge`, { token: desk });
  assert.equal(seen.status, 200, seen.text);
  await page.getByText(/Emergency seen/).waitFor();
  assert.deepEqual(driver.problems, []);
  await context.close();
});

test("the newest device has the line, and the other one can take it back", async () => {
  const [one, other] = [await phone(), await phone()];
  await signIn(one, "d4");
  await signIn(other, "d4");
  await one.page.getByText("Another device took over").waitFor();
  await button(one.page, "Use this device").click();
  await one.page.locator(".reach--live").waitFor();
  await other.page.getByText("Another device took over").waitFor();
  assert.deepEqual([...one.problems, ...other.problems], []);
  await one.context.close();
  await other.context.close();
});

test("a tracker app is connected by a QR code, and disconnected", async () => {
  const driver = await phone();
  const { page, context } = driver;
  await signIn(driver, "d5");
  await page.goto(`${service.url}/drive/connect`);
  await page.getByText("No app is connected.").waitFor();
  await page.getByLabel("Name of the phone").fill("Kofi's phone");
  await button(page, "Connect").click();
  await page.getByText("Traccar Client", { exact: true }).click();
  await page.getByRole("img", { name: /QR code that sets up Traccar Client/ }).waitFor();
  await page.screenshot({ path: join(ARTIFACTS, "drive-connect.png"), fullPage: true });
  await button(page, "Disconnect Kofi's phone").click();
  await page.getByRole("dialog").getByRole("button", { name: "Disconnect", exact: true }).click();
  await page.getByText("No app is connected.").waitFor();
  assert.deepEqual(driver.problems, []);
  await context.close();
});

test("the service worker answers for the driver's page alone", async () => {
  const { tracking_id: id } = await startDelivery(service, { driver_id: "d6", dropoff: DROPOFF });
  const driver = await phone();
  const { page, context } = driver;
  await signIn(driver, "d6");
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await context.setOffline(true);
  await page.goto(`${service.url}/drive/connect`);
  await page.getByRole("heading", { name: "Connect a tracker app" }).waitFor();
  await assert.rejects(page.goto(`${service.url}/track/${id}`), /ERR_INTERNET_DISCONNECTED/);
  await context.close();
});
