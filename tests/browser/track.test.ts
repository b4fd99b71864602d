// A customer's phone: the page of a delivery that a driver carries out over a real socket.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { type Json, type Service, start, startDelivery, token } from "../service.ts";
import { Socket } from "../socket.ts";
import { launch, problemsOf } from "./browser.ts";

const ARTIFACTS = join(import.meta.dirname, "../artifacts");
/** A street grid from the pickup to the dropoff, as a driver would ride it. */
const STREETS: [number, number][] = [
  [5.6145, -0.2057], [5.6145, -0.2021], [5.6128, -0.2021], [5.6128, -0.1987], [5.6102, -0.1987],
  [5.6102, -0.1951], [5.6079, -0.1951], [5.6079, -0.1917], [5.6061, -0.1917], [5.6061, -0.1893],
];
const DROPOFF = { lat: 5.6037, lng: -0.1869, address: "14 Ring Road" };
/** A fix every so often, in seconds of the delivery's clock, which runs so many times as fast. */
const STEP_S = 6;
const RATE = 20;
const ORIGIN = 1_767_258_000;

/** Points along the streets, `per` between two corners. */
function* ride(per: number): Generator<{ lat: number; lng: number; heading: number }> {
  for (let i = 1; i < STREETS.length; i += 1) {
    const [from, to] = [STREETS[i - 1] as [number, number], STREETS[i] as [number, number]];
    const heading = to[0] === from[0] ? 90 : 180;
    for (let j = 0; j < per; j += 1) {
      yield { lat: from[0] + ((to[0] - from[0]) * j) / per, lng: from[1] + ((to[1] - from[1]) * j) / per, heading };
    }
  }
}

let service: Service;
let browser: Browser;
before(async () => {
  service = await start({ vars: { TIMEZONE: "Africa/Accra", LOCALE: "en-GH" } });
  browser = await launch();
  await mkdir(ARTIFACTS, { recursive: true });
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

async function open(path: string): Promise<{ page: Page; problems: string[] }> {
  const page = await browser.newPage({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });
  const problems = problemsOf(page);
  await page.goto(service.url + path);
  return { page, problems };
}

test("the page follows a delivery from the street to the door", async () => {
  const { tracking_id: id } = await startDelivery(service, {
    dropoff: DROPOFF,
    pickup: { lat: 5.6145, lng: -0.2057 },
    mode: "scooter",
    clock: { origin: ORIGIN, rate: RATE },
  });
  const driver = await new Socket(`${service.ws}/ws/tracking/${id}`, ["onway.v1", `bearer.${await token("driver", "d1")}`]).opened();
  await driver.next("initial_state");
  const { page, problems } = await open(`/track/${id}`);
  await page.getByRole("heading", { name: "Driver assigned" }).waitFor();

  driver.send({ type: "status_update", id: "go", status: "IN_TRANSIT" });
  await driver.next("ack");
  await page.getByRole("heading", { name: "On the way" }).waitFor();

  let seconds = 0;
  const fixes = [...ride(4)];
  const report = async ({ lat, lng, heading }: Json, i: number) => {
    await delay((STEP_S * 1000) / RATE);
    driver.send({ type: "location_update", id: i, location: { lat, lng, heading, speed: 9.4, accuracy: 6, timestamp: ORIGIN + (seconds += STEP_S) } });
    const ack = await driver.next("ack");
    assert.equal(ack["accepted"], 1, JSON.stringify(ack));
  };
  for (const [i, fix] of fixes.slice(0, 24).entries()) await report(fix, i);
  await page.getByText(/\d:\d\d/).first().waitFor();
  const minutes = async () => Number(/\bin (\d+)\s*min/.exec(await page.locator("main").innerText())?.[1] ?? NaN);
  const early = await minutes();
  assert.ok(early >= 1 && early < 30, `${early} minutes`);
  await page.screenshot({ path: join(ARTIFACTS, "track.png") });

  for (const [i, fix] of fixes.slice(24).entries()) await report(fix, 100 + i);
  const shown = async () => Number(/\bin (\d+)\s*min/.exec(await page.locator("main").innerText())?.[1] ?? 0);
  while ((await shown()) >= early) await delay(200);
  driver.send({ type: "status_update", id: "done", status: "DELIVERED" });
  await driver.next("ack");
  await page.getByRole("heading", { name: "Delivered" }).waitFor();
  assert.deepEqual(problems, []);
  driver.end();
  await page.close();
});

test("a lost connection is said in words, and mends itself", async () => {
  const { tracking_id: id } = await startDelivery(service, { dropoff: DROPOFF });
  const driver = await token("driver", "d1");
  const move = (lat: number) =>
    service.call("POST", `/tracking/update/${id}`, { token: driver, body: { lat, lng: -0.2, status: "IN_TRANSIT" } });
  await move(5.61);
  const { page, problems } = await open(`/track/${id}`);
  await page.locator(".badge--live").waitFor();
  await page.context().setOffline(true);
  await page.getByText(/offline/i).first().waitFor();
  await move(5.6101);
  await page.context().setOffline(false);
  await page.locator(".badge--live").waitFor();
  assert.deepEqual(problems, []);
  await page.close();
});

test("a share link opens a private delivery, follows it, and ends when it is revoked", async () => {
  const { tracking_id: id } = await startDelivery(service, { visibility: "private", dropoff: DROPOFF });
  const customer = await token("customer", "c1");
  const made = await service.call("POST", `/tracking/${id}/links`, { token: customer, body: { label: "Grandma" } });
  const { page, problems } = await open(new URL(made.body["url"]).pathname);
  const referrers: string[] = [];
  page.on("request", (request) => referrers.push(request.headers()["referer"] ?? ""));
  await page.getByRole("heading", { name: "Driver assigned" }).waitFor();
  await page.locator(".badge--live").waitFor();
  await service.call("POST", `/tracking/update/${id}`, { token: await token("driver", "d1"), body: { lat: 5.61, lng: -0.19, status: "IN_TRANSIT" } });
  await page.getByRole("heading", { name: "On the way" }).waitFor();
  await service.call("DELETE", `/tracking/${id}/links/${made.body["id"]}`, { token: customer });
  await page.getByRole("heading", { name: "Private delivery" }).waitFor();
  assert.deepEqual(problems, []);
  assert.ok(referrers.every((referrer) => !referrer.includes("/s/")), `${referrers}`);
  await page.close();
});

test("what cannot be followed is explained", async () => {
  const { tracking_id: hidden } = await startDelivery(service, { visibility: "private", dropoff: DROPOFF });
  for (const [path, text] of [
    [`/track/TRK-${"A".repeat(40)}`, /not found/i],
    [`/track/${hidden}`, /private/i],
  ] as const) {
    const { page } = await open(path);
    await page.getByText(text).first().waitFor();
    await page.close();
  }
  const { page } = await open(`/track/${hidden}#token=${await token("customer", "c1")}`);
  await page.getByRole("heading", { name: "Driver assigned" }).waitFor();
  assert.doesNotMatch(page.url(), /token/);
  await page.close();
});
