// A dispatcher at work on the real service: each thing that the panel of a delivery offers, what the service says of it
// afterwards, and what the page shows. `dispatch.test.ts` asks what the page bears, against a stand-in.
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser, Locator, Page } from "playwright-core";
import { type Json, type Service, start, startDelivery, token } from "../service.ts";
import { launch, problemsOf } from "./browser.ts";

const ARTIFACTS = join(import.meta.dirname, "../artifacts");
const PICKUP = { lat: 5.6, lng: -0.2, address: "Osu Kitchen" };
const DROPOFF = { lat: 5.62, lng: -0.2, address: "14 Ring Road" };
/** As little as the panel needs to stand beside the map: each picture of it costs, without a graphics card. */
const ROOM = { width: 1000, height: 640 };
const LITTLE_ROOM = { width: 800, height: 640 };
/** Past `exp` a token is honoured for a minute, for clocks that differ. */
const LEEWAY_S = 60;

let service: Service;
let browser: Browser;
let desk: string;
/** One desk for all of it, as one has it open all day; only what is new goes wrong in a test. */
let page: Page;
let problems: string[];
before(async () => {
  service = await start({ vars: { TIMEZONE: "Africa/Accra", LOCALE: "en-GH", ARCHIVE_DELAY_S: "0.05" } });
  browser = await launch();
  desk = await token("dispatcher", "desk-1");
  await mkdir(ARTIFACTS, { recursive: true });
  page = await browser.newPage({ viewport: ROOM, timezoneId: "America/New_York", reducedMotion: "reduce" });
  problems = problemsOf(page);
  await page.goto(`${service.url}/dispatch?status=ASSIGNED,IN_TRANSIT,DELIVERED,CANCELLED#token=${desk}`);
  await page.locator(".reach--live").waitFor();
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await look();
    if (found) return found;
    await delay(50);
  }
  throw new Error(`it did not come: ${what}`);
}

async function asked(method: string, path: string, by = desk, body?: unknown): Promise<Json> {
  const reply = await service.call(method, path, { token: by, ...(body === undefined ? {} : { body }) });
  assert.ok(reply.status < 300, `${method} ${path}: ${reply.status} ${reply.text}`);
  return reply.body;
}
const read = (id: string): Promise<Json> => asked("GET", `/tracking/${id}`);
/** What the desk did to it. */
const acts = async (id: string): Promise<Json[]> => (await asked("GET", `/tracking/${id}/events`))["events"].filter(({ by }: Json) => by?.subject === "desk-1");

let orders = 0;
/** An order with a driver of its own. */
async function order(extra: Json = {}): Promise<{ id: string; name: string; driver: string }> {
  orders += 1;
  const [name, driver] = [`ORD-${100 + orders}`, extra["driver_id"] ?? `rider-${orders}`];
  const { tracking_id: id } = await startDelivery(service, { order_id: name, driver_id: driver, pickup: PICKUP, dropoff: DROPOFF, ...extra }, await token("dispatcher", "night-shift"));
  return { id, name, driver };
}

/** Chooses it in the list; its panel, once that is filled. */
async function choose(name: string): Promise<Locator> {
  await page.getByRole("listbox").getByRole("option", { name }).click();
  const panel = page.getByRole("complementary", { name: `Delivery ${name}` });
  await panel.getByRole("region", { name: "Timeline" }).waitFor();
  return panel;
}
const act = (panel: Locator, name: string) => panel.getByRole("button", { name, exact: true });
const timeline = (panel: Locator): Locator => panel.getByRole("region", { name: "Timeline" });

test("the order of a driver's stops is changed in the panel, then saved", async () => {
  const first = await order({ driver_id: "kofi" });
  const [second, third] = [await order({ driver_id: "kofi" }), await order({ driver_id: "kofi" })];
  const stops = async (): Promise<string[]> => (await asked("GET", "/tracking/driver/kofi"))["deliveries"].map((one: Json) => one["order_id"]);
  await until("all three are the driver's", async () => (await stops()).length === 3);
  const panel = await choose(first.name);
  const listed = panel.locator(".stop__name");
  await listed.first().waitFor();
  assert.deepEqual((await listed.allInnerTexts()).map((text) => text.split(/\s/)[0]), [first.name, second.name, third.name]);
  await act(panel, `${third.name} one stop earlier`).click();
  await act(panel, `${third.name} one stop earlier`).click();
  assert.deepEqual(await stops(), [first.name, second.name, third.name], "nothing is done before it is saved");
  await act(panel, "Save this order").click();
  await until("the service has it", async () => (await stops()).join() === [third.name, first.name, second.name].join());
  await act(panel, "Save this order").waitFor({ state: "hidden" });
  assert.deepEqual((await listed.allInnerTexts()).map((text) => text.split(/\s/)[0]), [third.name, first.name, second.name]);
  await until("the one that was looked at has one before it", async () => (await read(first.id))["stops_before"] === 1);
  await timeline(panel).getByText("Put in another place among the driver's stops").waitFor();
  assert.ok((await acts(first.id)).some(({ type }) => type === "reordered"));
  assert.deepEqual(problems, []);
});

test("what was told wrong is corrected, and nothing else is touched", async () => {
  const to = Math.floor(Date.UTC(2030, 6, 1, 12, 0) / 1000);
  const { id, name } = await order({ window: { from: to - 3_600, to }, instructions: "Ring twice", phone: "+233201234567" });
  const panel = await choose(name);
  await act(panel, "Correct").click();
  await panel.getByLabel("Destination").fill("15 Ring Road");
  await panel.getByLabel("Promised by, Africa/Accra time").fill("2030-07-01T12:40");
  await panel.getByLabel("Instructions").fill("Call at the gate");
  const sent = page.waitForRequest((request) => request.method() === "PATCH");
  await act(panel, "Save").click();
  assert.deepEqual((await sent).postDataJSON(), {
    dropoff: { lat: DROPOFF.lat, lng: DROPOFF.lng, address: "15 Ring Road" },
    window: { from: to - 3_600, to: to + 2_400 },
    instructions: "Call at the gate",
  });
  await panel.getByText("Corrected.").waitFor();
  const { dropoff, window, instructions, phone } = await read(id);
  assert.deepEqual([dropoff.address, dropoff.lat, window, instructions, phone], ["15 Ring Road", DROPOFF.lat, { from: to - 3_600, to: to + 2_400 }, "Call at the gate", "+233201234567"]);
  assert.deepEqual((await acts(id)).map(({ type, about }) => [type, about.toSorted()]), [["corrected", ["dropoff", "instructions", "window"]]]);
  const places = panel.getByRole("region", { name: "Places" });
  for (const words of ["15 Ring Road", "Call at the gate"]) await places.getByText(words).waitFor();
  await timeline(panel).getByText(/^Corrected: .*by dispatcher desk-1$/).waitFor();
  assert.deepEqual(problems, []);
});

test("cancelled with a reason, by keys alone", async (t) => {
  t.after(() => page.getByRole("searchbox").fill(""));
  const { id, name } = await order();
  const { keyboard } = page;
  await page.getByRole("option", { name }).waitFor();
  await keyboard.press("/");
  await keyboard.type(name);
  await keyboard.press("Escape");
  await until("one is left", async () => (await page.getByRole("listbox").getByRole("option").count()) === 1);
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? "");
  const role = (): Promise<string | null | undefined> => page.evaluate(() => document.activeElement?.getAttribute("role"));
  for (let presses = 0; (await role()) !== "listbox"; presses += 1) {
    assert.ok(presses < 30, "the list is reached by Tab");
    await keyboard.press("Tab");
  }
  await keyboard.press("Home");
  const panel = page.getByRole("complementary", { name: `Delivery ${name}` });
  await timeline(panel).waitFor();
  await keyboard.press("Enter");
  for (let presses = 0; (await focused()) !== "Cancel"; presses += 1) {
    assert.ok(presses < 20, "the button is reached by Tab");
    await keyboard.press("Tab");
  }
  await keyboard.press("Enter");
  await keyboard.type("The wr");
  await keyboard.press("Escape");
  assert.equal(await panel.getByLabel("Why it is cancelled").count(), 0, "Esc closes the form alone");
  assert.equal(await focused(), "Cancel");
  await keyboard.press("Enter");
  await keyboard.type("The shop is closed");
  await keyboard.press("Enter");
  await panel.locator(".panel__head").getByText("Cancelled", { exact: true }).waitFor();
  const { status } = await read(id);
  assert.equal(status, "CANCELLED");
  assert.deepEqual((await acts(id)).map(({ type, status, reason }) => [type, status, reason]), [["status", "CANCELLED", "The shop is closed"]]);
  await timeline(panel).getByText("The shop is closed").waitFor();
  assert.equal(await act(panel, "Cancel").count(), 0, "what is over cannot be cancelled");
  await keyboard.press("Escape");
  assert.deepEqual([await panel.count(), await role()], [0, "listbox"], "one goes on in the list");
  assert.deepEqual(problems, []);
});

test("moved on with a reason, over a step that nobody said", async () => {
  const { id, name } = await order();
  const panel = await choose(name);
  await act(panel, "Move on").click();
  assert.deepEqual(await panel.getByLabel("Move on to").locator("option").allInnerTexts(), ["Picked up", "On the way", "Delivered"]);
  await panel.getByLabel("Move on to").selectOption("IN_TRANSIT");
  await panel.getByRole("button", { name: "Move on" }).last().click();
  assert.equal((await read(id))["status"], "ASSIGNED", "not without a reason");
  await panel.getByLabel(/^Why/).fill("The rider's phone is broken");
  await panel.getByRole("button", { name: "Move on" }).last().click();
  await panel.locator(".panel__head").getByText("On the way").waitFor();
  assert.equal((await read(id))["status"], "IN_TRANSIT");
  const last = (await acts(id)).at(-1);
  assert.deepEqual([last?.["type"], last?.["status"], last?.["reason"]], ["status", "IN_TRANSIT", "The rider's phone is broken"]);
  await timeline(panel).getByText("The rider's phone is broken").waitFor();
  assert.deepEqual(problems, []);
});

test("a finished delivery is seen again, also where the panel lies over the map", async (t) => {
  t.after(() => page.setViewportSize(ROOM));
  const { id, name, driver } = await order();
  const rider = await token("driver", driver);
  const now = Math.floor(Date.now() / 1000);
  const locations = Array.from({ length: 12 }, (_, n) => ({ lat: Number((PICKUP.lat + n * 0.000_9).toFixed(6)), lng: PICKUP.lng, timestamp: now - (11 - n) * 10 }));
  for (const status of ["PICKED_UP", "IN_TRANSIT"]) await asked("POST", `/tracking/${id}/status`, rider, { status });
  await asked("POST", `/tracking/update/${id}`, rider, { locations });
  await asked("POST", `/tracking/${id}/status`, rider, { status: "DELIVERED" });
  const believed = (await asked("GET", `/tracking/${id}/history`))["points"].filter(({ verdict }: Json) => verdict !== "filtered");
  const panel = await choose(name);
  await act(panel, "Replay").click();
  const replay = page.getByRole("region", { name: "Replay" });
  await replay.waitFor();
  await page.setViewportSize(LITTLE_ROOM);
  await panel.waitFor({ state: "hidden" });
  const slider = replay.getByRole("slider", { name: "Time of the delivery" });
  assert.deepEqual([await slider.getAttribute("min"), await slider.getAttribute("max")].map(Number), [believed[0].timestamp * 1000, believed.at(-1).timestamp * 1000]);
  await replay.getByText("60×").click();
  // Who prefers less motion starts it by hand.
  await replay.getByRole("button", { name: "Play" }).click();
  await replay.getByText("The end of the way.").waitFor({ state: "attached" });
  const drawn = await page.locator(".replay-stage .driver__dot").boundingBox();
  assert.ok(drawn && drawn.width > 20, "the driver is seen");
  assert.ok(drawn.y + drawn.height < ((await replay.boundingBox())?.y ?? 0), "and not under the controls");
  await page.screenshot({ path: join(ARTIFACTS, "desk.png") });
  await page.keyboard.press("Escape");
  await replay.waitFor({ state: "hidden" });
  assert.equal(await act(panel, "Replay").evaluate((button) => button === document.activeElement), true, "one goes on where one was");
  assert.deepEqual(problems, []);
});

test("the file of the statistics says what the service says", async () => {
  const total = async (): Promise<number> => (await asked("GET", "/stats/deliveries"))["total"]["deliveries"];
  await until("all are in the archive", async () => (await total()) === orders);
  await page.getByRole("button", { name: "Statistics" }).click();
  await page.getByText("Deliveries", { exact: true }).first().waitFor();
  assert.equal(await page.locator(".figure", { hasText: "Deliveries" }).first().locator(".figure__value").innerText(), String(orders));
  const asking = page.waitForRequest(/format=csv/);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
  const query = new URL((await asking).url()).searchParams;
  query.delete("format");
  const stats = await asked("GET", `/stats/deliveries?${query}`);
  await page.route("**/stats/**", (route) => route.fulfill({ status: 503, body: "" }), { times: 1 });
  await page.getByRole("button", { name: "CSV" }).click();
  await page.getByText("The service cannot do it at the moment. Try again in a minute.").waitFor();
  assert.match(file.suggestedFilename(), /^deliveries.*\.csv$/);
  const [head = [], ...lines] = (await readFile(await file.path(), "utf8")).trimEnd().split("\r\n").map((line) => line.split(",").map((cell) => cell.replace(/^"(.*)"$/, "$1")));
  const numbers = (figures: Json): Json => Object.fromEntries(Object.entries({ ...figures, ...figures["statuses"] }).filter(([name]) => head.includes(name) && name !== "key"));
  const groups: [string, string | null, Json][] = [
    ["total", null, stats["total"]],
    ...["day", "store", "driver", "mode"].flatMap((kind) => (stats[`by_${kind}`] as Json[]).map((group): [string, string | null, Json] => [kind, group["key"], group])),
  ];
  assert.equal(lines.length, groups.length);
  for (const [at, [kind, key, figures]] of groups.entries()) {
    const line = Object.fromEntries(head.map((name, n) => [name, lines[at]?.[n] ?? ""]));
    assert.deepEqual([lines[at]?.[0], lines[at]?.[1]], [kind, key ?? ""]);
    for (const [name, value] of Object.entries(numbers(figures))) assert.equal(line[name] === "" ? null : Number(line[name]), value, `${kind} ${key} ${name}`);
  }
  assert.ok(Object.keys(numbers(stats["total"])).length > 8);
  assert.deepEqual(problems, []);
});

test("a call for help is taken from the red bar, and stays taken", async () => {
  const { id, name, driver } = await order();
  await page.getByRole("option", { name }).waitFor();
  const call = await asked("POST", `/drivers/${driver}/emergency`, await token("driver", driver), { message: "A fall, at the bridge" });
  const bar = page.getByRole("alert").filter({ hasText: `${driver} calls for help` });
  await bar.getByText("A fall, at the bridge").waitFor();
  await bar.getByRole("button", { name: "Show" }).click();
  const panel = page.getByRole("complementary", { name: `Delivery ${name}` });
  await panel.locator(".panel__head").getByText(/Emergency/).waitFor();
  await bar.getByRole("button", { name: "Acknowledge" }).click();
  await bar.waitFor({ state: "hidden" });
  const one = async (): Promise<Json | undefined> => (await asked("GET", "/emergencies"))["emergencies"].find((other: Json) => other["id"] === call["id"]);
  const taken = await one();
  assert.equal(taken?.["acknowledged_by"], "desk-1");
  await panel.locator(".panel__head").getByText(/Emergency/).waitFor({ state: "hidden" });
  assert.deepEqual((await read(id))["emergencies"] ?? [], []);
  assert.deepEqual(problems, []);
});

test("an access that has run out is said at the next thing that is done, and one goes on where one was", async () => {
  const { id, name } = await order();
  const panel = await choose(name);
  // What the token is by the time that it is sent.
  const old = await token("dispatcher", "desk-1", { ttl: -2 * LEEWAY_S });
  await page.route("**/cancel", (route) => route.continue({ headers: { ...route.request().headers(), authorization: `Bearer ${old}` } }), { times: 1 });
  const cancel = async (): Promise<void> => {
    await act(panel, "Cancel").click();
    await panel.getByLabel("Why it is cancelled").fill("The shop is closed");
    await act(panel, "Cancel this delivery").click();
  };
  await cancel();
  await page.getByText("Your access has run out. Sign in again.").waitFor();
  assert.equal((await read(id))["status"], "ASSIGNED");
  assert.equal(await page.evaluate(() => sessionStorage.getItem("onway.token.dispatch")), null, "a page that is loaded again does not try it again");
  await page.getByLabel("Token").fill(desk);
  await page.getByRole("button", { name: "Sign in" }).click();
  await timeline(panel).waitFor();
  assert.match(page.url(), /status=ASSIGNED/, "the filters stay");
  await cancel();
  await until("it is cancelled", async () => (await read(id))["status"] === "CANCELLED");
  assert.deepEqual(problems, []);
});

test("an access that runs out while nothing is done is said, too", async () => {
  // A link that is opened in the tab that is at work.
  const link = new URL(page.url());
  link.hash = `token=${await token("dispatcher", "desk-1", { ttl: 2 - LEEWAY_S })}`;
  await page.goto(link.href);
  // Nothing leaves for it any more: the next frame closes the socket.
  const said = page.getByText("Your access has run out. Sign in again.");
  await until("it is said", async () => {
    await order();
    return said.isVisible();
  });
  await page.getByLabel("Token").fill(desk);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".reach--live").waitFor();
  assert.deepEqual(problems, []);
});
