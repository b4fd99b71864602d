// A dispatcher at work, and a store: what they see, by keys and by hand, and what 5,000 deliveries cost the page.
// The service is a stand-in that speaks the same (`fleet-service.ts`): the pages are what is asked about.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { type Json, token } from "../service.ts";
import { launch, problemsOf } from "./browser.ts";
import { type FleetService, startFleet } from "./fleet-service.ts";

const ARTIFACTS = join(import.meta.dirname, "../artifacts");
/** `FLEET=5000` measures a large one: minutes, where the machine draws without a graphics card. */
const MANY = Number(process.env["FLEET"] ?? 1_000);

let browser: Browser;
before(async () => {
  browser = await launch();
  await mkdir(ARTIFACTS, { recursive: true });
});
after(() => browser?.close());

interface Ending {
  after: (end: () => Promise<void>) => void;
}

async function fleet(t: Ending, deliveries: number, shards = 4): Promise<FleetService> {
  const service = await startFleet({ deliveries, shards });
  t.after(() => service.stop());
  return service;
}

async function open(t: Ending, service: FleetService, path = "/dispatch", role = "dispatcher", store?: string): Promise<{ page: Page; problems: string[] }> {
  // The device is elsewhere than the operator: times are the operator's.
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, timezoneId: "America/New_York" });
  // A map that nobody looks at any more would slow the next.
  t.after(() => page.close());
  const problems = problemsOf(page);
  await page.goto(`${service.url}${path}#token=${await token(role, "desk", store ? { store } : {})}`);
  await page.locator(".reach--live").waitFor();
  await page.getByRole("listbox").waitFor();
  return { page, problems };
}

const marks = (page: Page): Promise<string | null> => page.locator(".fleet-map").getAttribute("data-marks");
const active = (service: FleetService): Json[] => [...service.world.values()].filter((one) => !["DELIVERED", "FAILED", "CANCELLED"].includes(one["status"]));
const selected = (page: Page): Promise<string> => page.locator(".item--selected .item__order").innerText();
/** Those of the list; a choice of a filter is an option, too. */
const rows = (page: Page) => page.getByRole("listbox").getByRole("option");
const total = async (page: Page): Promise<number> => Number(await rows(page).first().getAttribute("aria-setsize"));

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await look()) return;
    await delay(100);
  }
  throw new Error(`it did not come: ${what}`);
}

async function shoot(page: Page, name: string): Promise<void> {
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    // The map takes its colours anew, and draws its clusters again.
    await delay(1_500);
    await page.screenshot({ path: join(ARTIFACTS, `${name}-${scheme}.png`) });
  }
  await page.emulateMedia({ colorScheme: null });
}

test("a dispatcher sees everything, the most urgent first, and finds a delivery by keys alone", async (t) => {
  const service = await fleet(t, 400);
  const { page, problems } = await open(t, service);
  assert.doesNotMatch(page.url(), /token/);
  const all = active(service);
  await until("all are listed", async () => (await total(page)) === all.length);
  await until("all are on the map", async () => (await marks(page)) === String(all.length));
  assert.ok((await rows(page).count()) < 60, "only what is seen is drawn");
  assert.equal(await page.locator(".maplibregl-marker").count(), 0);

  await page.keyboard.press("/");
  const one = all.find((other) => other["status"] === "IN_TRANSIT") as Json;
  await page.keyboard.type(one["order_id"]);
  await until("one is left", async () => (await total(page)) === 1);
  assert.match(page.url(), new RegExp(`q=${one["order_id"]}`));
  await page.keyboard.press("Escape");
  await page.getByRole("listbox").focus();
  await page.keyboard.press("ArrowDown");
  await page.getByRole("complementary", { name: `Delivery ${one["order_id"]}` }).waitFor();
  // The one that is looked at is not one that is marked.
  assert.deepEqual([await rows(page).first().getAttribute("aria-current"), await rows(page).first().getAttribute("aria-selected")], ["true", "false"]);
  await page.getByRole("status").filter({ hasText: /^1 delivery, / }).waitFor({ state: "attached" });
  await page.getByText("14 Ring Road, Osu").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".panel").count(), 0);

  await page.goto(`${service.url}/dispatch?show=late`);
  const late = page.getByRole("button", { name: /^Late/, pressed: true });
  await rows(page).filter({ hasText: "late" }).first().waitFor();
  await until("the late ones alone", async () => (await total(page)) === Number(/\d+/.exec(await late.innerText())?.[0]));
  await page.getByRole("listbox").focus();
  await page.keyboard.press("Home");
  const first = await selected(page);
  await page.keyboard.press("End");
  assert.notEqual(await selected(page), first);
  assert.deepEqual(problems, []);
});

test("an unassigned delivery is given to the nearest free driver in two clicks", async (t) => {
  const service = await fleet(t, 60, 2);
  const { page, problems } = await open(t, service, "/dispatch?show=unassigned");
  await rows(page).first().click();
  const order = await selected(page);
  await page.getByRole("button", { name: "Assign", exact: true }).click();
  await page.getByRole("button", { name: /rider-1/ }).click();
  await page.getByText("Assigned to rider-1.").waitFor();
  const done = service.done.find(({ path }) => path.endsWith("/assign"));
  assert.equal(done?.body["driver_id"], "rider-1");
  const timeline = page.getByRole("region", { name: "Timeline" });
  await timeline.getByText("Given to rider-1by dispatcher desk-1").waitFor();
  await timeline.getByText("Corrected: destination, promised time").waitFor();
  assert.equal(await timeline.getByText(/^Assigned$/).count(), 1);
  assert.equal([...service.world.values()].find((one) => one["order_id"] === order)?.["status"], "ASSIGNED");
  assert.deepEqual(problems, []);
});

test("what goes wrong is said: an emergency until somebody has it, a failure once", async (t) => {
  const service = await fleet(t, 60, 2);
  const { page, problems } = await open(t, service);
  const carried = active(service).filter((one) => one["status"] === "IN_TRANSIT");
  const [calling, failing] = carried as [Json, Json];
  service.emergency(calling);
  await page.getByText(`${calling["driver_id"]} calls for help`).waitFor();
  await until("it is on top", async () => (await page.locator(".item__order").first().innerText()) === calling["order_id"]);
  await page.getByRole("button", { name: "Acknowledge" }).click();
  await page.getByText(/calls for help/).waitFor({ state: "hidden" });

  const toast = (one: Json) => page.getByRole("log").getByText(one["order_id"]);
  service.tell({ deliveries: [{ ...failing, status: "FAILED", seq: failing["seq"] + 1 }] });
  await toast(failing).waitFor();
  await page.getByRole("log").getByRole("button", { name: "Dismiss" }).first().click();

  // What was erased takes its toast with it.
  const [erased] = carried.slice(2) as [Json];
  service.tell({ deliveries: [{ ...erased, status: "FAILED", seq: erased["seq"] + 1 }] });
  await toast(erased).waitFor();
  service.tell({ removed: [erased["tracking_id"]] });
  await toast(erased).waitFor({ state: "detached" });
  assert.deepEqual(problems, []);
});

test("a status with a reason, one for many, and what became of each", async (t) => {
  const service = await fleet(t, 60, 2);
  const { page, problems } = await open(t, service);
  const before = active(service).length;
  await until("all are listed", async () => (await total(page)) === before);
  const list = page.getByRole("listbox");
  await list.focus();
  await page.keyboard.press("Home");
  await page.getByRole("button", { name: "Fail", exact: true }).click();
  await page.getByLabel("Why it failed").fill("The street is flooded");
  await page.getByRole("button", { name: "Fail this delivery" }).click();
  await until("it was sent", async () => service.done.some(({ body }) => body["status"] === "FAILED" && body["reason"] === "The street is flooded"));
  // It is over, and leaves the list: else it would be marked with the others.
  await until("it is gone", async () => (await total(page)) === before - 1);

  await list.focus();
  for (const key of ["Home", "x", "ArrowDown", "x", "ArrowDown", "x"]) await page.keyboard.press(key);
  await page.getByText("3 marked").waitFor();
  assert.equal(await page.getByRole("option", { selected: true }).count(), 3);
  // One of them ends meanwhile, unheard: the others are done all the same.
  const marked = await page.locator(".item--checked").first().getAttribute("data-id");
  Object.assign(service.world.get(marked ?? "") as Json, { status: "CANCELLED" });
  await page.getByRole("button", { name: "Set status" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Status").selectOption("DELIVERED");
  await dialog.getByLabel("Reason").fill("Told by phone");
  const sent = page.waitForRequest(/batch\/status/);
  await dialog.getByRole("button", { name: "Set status" }).click();
  const { updates } = (await sent).postDataJSON() as { updates: Json[] };
  assert.equal(updates.length, 3);
  assert.ok(updates.every(({ status, reason }) => status === "DELIVERED" && reason === "Told by phone"));
  await page.getByRole("dialog", { name: /2 of 3 done/ }).getByText("it is over").waitFor();
  assert.deepEqual(problems, []);
});

test("a new delivery is started with two clicks on the map, and once however often it is sent", async (t) => {
  const service = await fleet(t, 40, 2);
  const { page, problems } = await open(t, service);
  await page.locator(".map-tools").waitFor();
  await page.keyboard.press("n");
  await page.getByText("Click where it goes").waitFor();
  const map = page.locator(".fleet-map");
  await map.click({ position: { x: 300, y: 300 } });
  await map.click({ position: { x: 420, y: 420 } });
  await page.getByLabel("Order", { exact: true }).fill("ORD-NEW");
  await page.getByLabel("Promised by, Africa/Accra time").fill("2030-07-01T12:40");
  const sent = page.waitForRequest(/tracking\/start/);
  await page.getByRole("button", { name: "Start delivery" }).click();
  const request = await sent;
  assert.match((await request.allHeaders())["idempotency-key"] ?? "", /^[0-9a-f]{32}$/);
  const body = request.postDataJSON() as Json;
  assert.equal(body["window"]["to"], Date.UTC(2030, 6, 1, 12, 40) / 1000);
  assert.equal(body["mode"], "car", "unless another is chosen");
  assert.ok(body["dropoff"]["lat"] > body["pickup"]["lat"] && body["dropoff"]["lng"] < body["pickup"]["lng"], JSON.stringify(body));
  await page.getByRole("complementary", { name: "Delivery ORD-NEW" }).waitFor();
  assert.deepEqual(problems, []);
});

test("a place that is written is sent as it is read, and none where it cannot be", async (t) => {
  const service = await fleet(t, 40, 2);
  const { page, problems } = await open(t, service);
  await page.locator(".map-tools").waitFor();
  await page.keyboard.press("n");
  await page.getByText("Click where it goes").waitFor();
  await page.locator(".fleet-map").click({ position: { x: 300, y: 300 } });
  await page.getByLabel("Order", { exact: true }).fill("ORD-WRITTEN");
  const to = page.getByLabel("Destination", { exact: true });
  for (const wrong of ["5,60", "14 Ring Road"]) {
    await to.fill(wrong);
    await page.getByRole("button", { name: "Start delivery" }).click();
    await page.getByText("These are no coordinates.").waitFor();
    assert.equal(await to.getAttribute("aria-invalid"), "true");
  }
  await to.fill("");
  await page.getByRole("button", { name: "Start delivery" }).click();
  await page.getByText("Click on the map where it goes, or write its coordinates.").waitFor();
  assert.ok(!service.done.some(({ path }) => path === "/tracking/start"), "nothing was sent");
  // The key that sends the form comes before the page is drawn anew.
  await to.fill("5,6037 -0,1869");
  const sent = page.waitForRequest(/tracking\/start/);
  await to.press("Enter");
  assert.deepEqual(((await sent).postDataJSON() as Json)["dropoff"], { lat: 5.6037, lng: -0.1869 });
  await page.getByRole("complementary", { name: "Delivery ORD-WRITTEN" }).waitFor();
  assert.deepEqual(problems, []);
});

test("on a phone the map stays to be clicked on for a new delivery, and a replay shows its way", async (t) => {
  const service = await fleet(t, 120, 2);
  const { page, problems } = await open(t, service, "/dispatch?status=DELIVERED");
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator(".map-tools").waitFor();
  await page.getByRole("button", { name: "New delivery" }).click();
  await page.getByText("Click where it goes").waitFor();
  const map = page.locator(".fleet-map");
  const box = (await map.boundingBox()) as { height: number };
  await map.click({ position: { x: 195, y: box.height / 2 } });
  await until("the place is taken", async () => /\d/.test(await page.getByLabel("Destination", { exact: true }).inputValue()));
  await page.getByRole("button", { name: "Close" }).click();

  await rows(page).first().click();
  await page.getByRole("button", { name: /replay/i }).click();
  const stage = page.locator(".replay-stage");
  await stage.locator(".map--ready .driver__dot").waitFor();
  const controls = (await page.getByRole("region", { name: "Replay" }).boundingBox()) as { y: number };
  for (const mark of [".driver__dot", ".place:not(.place--pickup)"]) {
    const at = (await stage.locator(`.map ${mark}`).boundingBox()) as { x: number; y: number; height: number };
    assert.ok(at.x > 0 && at.x < 390 && at.y + at.height < controls.y, `${mark}: ${JSON.stringify(at)} above ${controls.y}`);
  }
  // A map that its space is too small for shows the world.
  assert.doesNotMatch(await stage.locator(".maplibregl-ctrl-scale").innerText(), /\d{3} km/);
  assert.deepEqual(problems, []);
});

test("a click on another copy of the world is a place within ±180, and what a socket refuses is said", async (t) => {
  const service = await fleet(t, 40, 1);
  const { page, problems } = await open(t, service);
  await page.locator(".map-tools").waitFor();
  await page.keyboard.press("n");
  await page.getByText("Click where it goes").waitFor();
  // Out to the whole world, where the button may be disabled, and then past its edges.
  for (let step = 0; step < 14; step += 1) {
    await page.getByRole("button", { name: "Zoom out" }).evaluate((button) => (button as unknown as { click(): void }).click());
    await delay(400);
  }
  const map = page.locator(".fleet-map");
  const { x: left, y: top, width, height } = (await map.boundingBox()) as { x: number; y: number; width: number; height: number };
  for (const [name, by, x] of [["Destination", 400, 4], ["Pickup", -800, width - 60]] as const) {
    const middle = [left + width / 2 - by / 2, top + height / 2] as const;
    await page.mouse.move(...middle);
    await page.mouse.down();
    await page.mouse.move(middle[0] + by, middle[1], { steps: 6 });
    await page.mouse.up();
    await delay(1_500);
    await map.click({ position: { x, y: height / 2 } });
    const field = page.getByLabel(name, { exact: true });
    await until("the place is taken", async () => /\d/.test(await field.inputValue()));
    const [, lng] = (await field.inputValue()).split(", ").map(Number) as [number, number];
    assert.ok(Math.abs(lng) <= 180, `${name}: ${lng}`);
  }
  service.refuse("bbox must be within ±180");
  await page.getByText("Not all deliveries may be here: bbox must be within ±180").waitFor();
  assert.deepEqual(problems, []);
});

test("a store sees its own, and what a store may not do is not there", async (t) => {
  const service = await fleet(t, 600);
  const { page, problems } = await open(t, service, "/store", "store", "store-2");
  await page.getByRole("heading", { name: "Store store-2" }).waitFor();
  const own = active(service).filter((one) => one["store_id"] === "store-2");
  await until("its own are listed", async () => (await total(page)) === own.length);
  await page.getByRole("listbox").focus();
  await page.keyboard.press("End");
  await page.getByRole("button", { name: "Correct" }).waitFor();
  for (const name of ["Fail", "Move on"]) assert.equal(await page.getByRole("button", { name, exact: true }).count(), 0);
  service.run(true);
  await shoot(page, "store");
  assert.deepEqual(problems, []);
});

test("who has no business here is told so", async (t) => {
  const service = await fleet(t, 1, 1);
  for (const [path, role, words] of [["/dispatch", "customer", /not a dispatcher's/], ["/store", "driver", /not a store's/]] as const) {
    const page = await browser.newPage();
    await page.goto(`${service.url}${path}#token=${await token(role, "x")}`);
    await page.getByText(words).waitFor();
    await page.close();
  }
});

test("without a connection it says so, keeps what is known, and goes on by itself", async (t) => {
  const service = await fleet(t, 50, 2);
  const { page, problems } = await open(t, service);
  const before = active(service).length;
  await until("all are listed", async () => (await total(page)) === before);
  await page.context().setOffline(true);
  await page.locator(".reach--offline, .reach--connecting, .reach--partial").waitFor({ timeout: 60_000 });
  assert.equal(await total(page), before);
  const calling = active(service).find((one) => one["status"] === "IN_TRANSIT") as Json;
  service.emergency(calling, false);
  await page.context().setOffline(false);
  await page.locator(".reach--live").waitFor({ timeout: 60_000 });
  // No socket told of it: it is asked for.
  await page.getByText(`${calling["driver_id"]} calls for help`).waitFor();
  assert.deepEqual(problems, []);
});

/** Frames and what the page's own script took of them, while `act` is done. */
async function measure(page: Page, act: () => Promise<void>): Promise<Json> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const metrics = async (): Promise<Json> => Object.fromEntries((await session.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
  await page.evaluate(() => {
    const kept = { deltas: [] as number[], long: [] as number[], stop: false };
    Object.assign(globalThis, { kept });
    new PerformanceObserver((list) => kept.long.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
    let last = performance.now();
    const next = (now: number): void => {
      kept.deltas.push(now - last);
      last = now;
      if (!kept.stop) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  const from = await metrics();
  await act();
  const to = await metrics();
  const { deltas, long } = await page.evaluate(() => {
    const { kept } = globalThis as unknown as { kept: { deltas: number[]; long: number[]; stop: boolean } };
    kept.stop = true;
    return kept;
  });
  await session.detach();
  const sorted = deltas.slice(1).toSorted((a, b) => a - b);
  const at = (share: number): number => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1));
  const frames = Math.max(1, sorted.length);
  return {
    frames,
    frame_p50_ms: at(0.5),
    frame_p95_ms: at(0.95),
    script_ms_per_frame: Number((((to["ScriptDuration"] - from["ScriptDuration"]) * 1000) / frames).toFixed(2)),
    layout_ms_per_frame: Number((((to["LayoutDuration"] + to["RecalcStyleDuration"] - from["LayoutDuration"] - from["RecalcStyleDuration"]) * 1000) / frames).toFixed(2)),
    main_thread_busy: Number(((to["TaskDuration"] - from["TaskDuration"]) / (to["Timestamp"] - from["Timestamp"])).toFixed(2)),
    long_tasks: long.length,
    longest_task_ms: Math.round(Math.max(0, ...long)),
    heap_mb: Math.round(to["JSHeapUsedSize"] / 1e6),
  };
}

test(`${MANY} deliveries, on their way, at once`, async (t) => {
  const service = await fleet(t, MANY, 8);
  const { page, problems } = await open(t, service, "/dispatch?status=CREATED,ASSIGNED,PICKED_UP,IN_TRANSIT,DELIVERED,FAILED");
  await until("all are listed", async () => (await total(page)) === MANY);
  await until("all are on the map", async () => (await marks(page)) === String(MANY));
  assert.equal(await page.locator(".maplibregl-marker").count(), 0);
  assert.ok((await rows(page).count()) < 60);
  service.run(true);
  await delay(2_000);

  const box = await page.locator(".fleet-map").boundingBox();
  assert.ok(box);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const pan = async (): Promise<void> => {
    await page.mouse.move(x, y);
    await page.mouse.down();
    // Each step waits for a frame, and a frame without a graphics card may take half a second.
    await page.mouse.move(x + 260, y + 120, { steps: 8 });
    await page.mouse.move(x - 260, y - 120, { steps: 8 });
    await page.mouse.up();
  };
  const zoom = async (by: number): Promise<void> => {
    await page.mouse.move(x, y);
    for (let step = 0; step < 6; step += 1) {
      await page.mouse.wheel(0, by);
      await delay(80);
    }
    await delay(1_500);
  };
  t.diagnostic("Chromium draws WebGL in software here: frame times are the rasterizer's. The page's share is script_ms_per_frame.");
  t.diagnostic(`updates only: ${JSON.stringify(await measure(page, () => delay(5_000)))}`);
  t.diagnostic(`panning, clustered: ${JSON.stringify(await measure(page, pan))}`);
  await shoot(page, "dispatch-5000");
  await zoom(-400);
  t.diagnostic(`close up, gliding: ${JSON.stringify(await measure(page, () => delay(5_000)))}`);
  t.diagnostic(`panning close up: ${JSON.stringify(await measure(page, pan))}`);
  assert.equal(await marks(page), String(MANY));
  assert.equal(await total(page), MANY);
  assert.deepEqual(problems, []);
});

test("pictures of the pages", async (t) => {
  const service = await fleet(t, 900);
  const { page, problems } = await open(t, service);
  service.run(true);
  await page.locator(".map-tools").waitFor();
  await rows(page).nth(2).click();
  await page.getByText("14 Ring Road, Osu").waitFor();
  await delay(1_500);
  await shoot(page, "dispatch");
  await page.getByRole("button", { name: "Statistics" }).click();
  const chart = page.getByRole("img", { name: /Deliveries by day/ });
  await chart.waitFor();
  await page.getByRole("rowheader", { name: "< 2 min" }).waitFor();
  // The operator writes the day first, this browser would write the month.
  await chart.hover();
  const day = await chart.locator(".u-value").first().innerText();
  assert.match(day, /^\d+ \p{L}+$/u);
  await delay(2_500);
  assert.equal(await chart.locator(".u-value").first().innerText(), day, "it stays, however the fleet moves");
  await shoot(page, "dispatch-statistics");
  assert.deepEqual(problems, []);
});
