// GET /stats/deliveries against the same figures, computed here from what each delivery says of itself.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Process, startWorkerd } from "../faults/workerd.ts";
import { type Json, startDelivery, token } from "../service.ts";

const ZONE = "Europe/Berlin";
const DROPOFF = { lat: 5.65, lng: -0.2 };
/** So many times as fast as ours the clocks of the deliveries run. */
const RATE = 300;
const HORIZONS = [0, 120, 300, 600, 1200, 2400];

let folder: string;
let service: Process;
let desk: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "onway-stats-"));
  service = await startWorkerd(folder, { ARCHIVE_DELAY_S: "0.05", TIMEZONE: ZONE, EXPIRE_FINISHED_HOURS: "0.5" });
  desk = await token("dispatcher", "desk");
});
after(async () => {
  await service.kill();
  await rm(folder, { recursive: true, force: true });
});

interface Plan {
  origin: number;
  store: string | null;
  driver: string;
  mode: string;
  /** Seconds from the start to the end. */
  lasts: number;
  end: "DELIVERED" | "FAILED" | "CANCELLED";
  /** Seconds from the start to the end of the window. */
  window?: number;
  stars?: number;
}

// Around the night in which Berlin's clocks go forward: 2025-03-30, 01:00 UTC.
const at = (time: string) => Date.parse(time) / 1000;
const PLANS: Plan[] = [
  { origin: at("2025-03-29T22:30:00Z"), store: "s1", driver: "d1", mode: "van", lasts: 900, end: "DELIVERED", window: 1_000, stars: 5 },
  { origin: at("2025-03-29T23:30:00Z"), store: "s1", driver: "d2", mode: "van", lasts: 1_500, end: "DELIVERED", window: 1_000 },
  { origin: at("2025-03-30T21:30:00Z"), store: "=s2", driver: "d2", mode: "scooter", lasts: 600, end: "DELIVERED", stars: 2 },
  { origin: at("2025-03-30T22:30:00Z"), store: "=s2", driver: "d1", mode: "scooter", lasts: 2_700, end: "DELIVERED", window: 3_000, stars: 4 },
  { origin: at("2025-03-30T22:40:00Z"), store: null, driver: "d1", mode: "car", lasts: 300, end: "CANCELLED" },
  { origin: at("2025-03-31T08:00:00Z"), store: "s1", driver: "d3", mode: "car", lasts: 400, end: "FAILED", window: 9_000 },
];

interface Driven extends Plan {
  id: string;
  /** Of the fixes, in order: time, metres from the destination, and from the one before. */
  fixes: { at: number; left: number; step: number }[];
  etas: Json[];
  ended: number;
}

function metres(a: Json, b: Json): number {
  const radians = Math.PI / 180;
  const half = (x: number) => Math.sin((x * radians) / 2) ** 2;
  const h = half(b["lat"] - a["lat"]) + Math.cos(a["lat"] * radians) * Math.cos(b["lat"] * radians) * half(b["lng"] - a["lng"]);
  return 2 * 6_371_000 * Math.asin(Math.sqrt(h));
}

/** Drives a delivery on its own clock: north, to the destination, and waits there. */
async function drive(plan: Plan): Promise<Driven> {
  const { origin, lasts } = plan;
  const { tracking_id: id } = await startDelivery(service, {
    driver_id: plan.driver, customer_id: "c1", store_id: plan.store, mode: plan.mode, dropoff: DROPOFF, pickup: { lat: 5.6, lng: -0.2 },
    clock: { origin, rate: RATE }, ...(plan.window === undefined ? {} : { window: { to: origin + plan.window } }),
  }, desk);
  const driver = await token("driver", plan.driver);
  const update = async (body: Json) => {
    const reply = await service.call("POST", `/tracking/update/${id}`, { token: driver, body });
    assert.equal(reply.status, 200, reply.text);
    return reply.body;
  };
  await update({ lat: 5.6, lng: -0.2, timestamp: origin, status: "PICKED_UP", at: origin });
  const sent = [{ lat: 5.6, lng: -0.2, timestamp: origin }];
  const travel = lasts - 120;
  for (let secs = 20; secs <= lasts - 10; secs += 20) {
    // Who waits is never twice in quite the same place.
    const lat = 5.6 + 0.05 * Math.min(1, secs / travel) + (secs % 7) * 1e-6;
    sent.push({ lat: Number(lat.toFixed(6)), lng: -0.2, timestamp: origin + secs });
  }
  // In parts, so that some ETAs are published; a part waits until its time has come on the delivery's clock.
  const begun = Date.now();
  for (let n = 1; n < sent.length; n += 6) {
    const part = sent.slice(n, n + 6);
    const due = ((part.at(-1)!.timestamp - origin) * 1_000) / RATE - (Date.now() - begun);
    if (due > 0) await delay(due);
    const body = await update({ locations: part });
    assert.equal(body["filtered"], 0, JSON.stringify(body));
  }
  await delay(Math.max(0, (lasts * 1_000) / RATE - (Date.now() - begun)));
  const reason = plan.end === "DELIVERED" ? {} : { reason: "nobody there" };
  const ends = await service.call("POST", `/tracking/${id}/status`, { token: desk, body: { status: plan.end, at: origin + lasts, ...reason } });
  assert.equal(ends.status, 200, ends.text);
  if (plan.stars !== undefined) {
    const rated = await service.call("POST", `/tracking/${id}/rating`, { token: await token("customer", "c1"), body: { stars: plan.stars } });
    assert.equal(rated.status, 200, rated.text);
  }
  const fixes = sent.map((fix, n) => ({ at: fix.timestamp, left: metres(fix, DROPOFF), step: n === 0 ? 0 : metres(sent[n - 1]!, fix) }));
  return { ...plan, id, fixes, etas: [], ended: 0 };
}

/** Waits until they have left their objects, half an hour of their clocks after the end, and reads from the archive when they ended
 * and what was published. */
async function archived(driven: Driven[]): Promise<Driven[]> {
  for (let tries = 0; ; tries += 1) {
    const rows = await service.sql("SELECT tracking_id, started, ended, etas FROM delivery WHERE closed IS NOT NULL");
    if (rows.length === driven.length) {
      return driven.map((one) => {
        const row = rows.find((row) => row["tracking_id"] === one.id) as Json;
        assert.equal(row["started"], one.origin * 1000);
        return { ...one, ended: row["ended"], etas: JSON.parse(row["etas"]) };
      });
    }
    assert.ok(tries < 1_000, `the archive never got it all:\n${service.log.join("\n")}`);
    await delay(50);
  }
}

const mean = (values: number[]) => (values.length === 0 ? null : values.reduce((a, b) => a + b) / values.length);
const ranked = (values: number[], share: number) => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.ceil(share * sorted.length) - 1]!;
};

function figures(of: Driven[]): Json {
  const delivered = of.filter((one) => one.end === "DELIVERED");
  const times = delivered.map((one) => (one.ended - one.origin * 1000) / 1000);
  const windows = delivered.filter((one) => one.window !== undefined);
  const statuses: Json = {};
  for (const { end } of of) statuses[end] = (statuses[end] ?? 0) + 1;
  const stars = of.flatMap((one) => one.stars ?? []);
  return {
    deliveries: of.length, statuses,
    delivery_time_p50_s: ranked(times, 0.5), delivery_time_p90_s: ranked(times, 0.9),
    on_time_rate: mean(windows.map((one) => Number(one.ended <= (one.origin + one.window!) * 1000))), with_window: windows.length,
    distance_mean_m: mean(of.map((one) => one.fixes.reduce((sum, fix) => sum + fix.step, 0))),
    dwell_mean_s: mean(delivered.map((one) => one.ended / 1000 - one.fixes.find((fix) => fix.left <= 100)!.at)),
    update_interval_mean_s: mean(of.map((one) => (one.fixes.at(-1)!.at - one.fixes[0]!.at) / (one.fixes.length - 1))),
    rating_mean: mean(stars), ratings: stars.length,
  };
}

function alike(got: Json, expected: Json, where: string): void {
  const { key: _, ...rest } = got;
  assert.deepEqual(Object.keys(rest).sort(), Object.keys(expected).sort(), where);
  for (const [name, value] of Object.entries(expected)) {
    // The service smooths positions: the way by some per cent, the arrival by a fix.
    const slack = name === "distance_mean_m" ? 0.03 * (value ?? 0) : name === "dwell_mean_s" ? 21 : 1e-3;
    if (typeof value === "number") assert.ok(Math.abs(rest[name] - value) <= slack, `${where} ${name}: ${rest[name]}, not ${value}`);
    else assert.deepEqual(rest[name], value, `${where} ${name}`);
  }
}

const SPAN = `from=${at("2025-03-01T00:00:00Z")}&to=${at("2025-05-01T00:00:00Z")}`;
const stats = async (query: string, by = desk) => service.call("GET", `/stats/deliveries?${query}`, { token: by });
let driven: Driven[];

test("the figures are those of the deliveries, in all and by day, store, driver and mode", async () => {
  driven = await archived(await Promise.all(PLANS.map(drive)));
  const reply = await stats(SPAN);
  assert.equal(reply.status, 200, reply.text);
  const { body } = reply;
  assert.deepEqual([body["from"], body["to"], body["time_zone"]], [at("2025-03-01T00:00:00Z"), at("2025-05-01T00:00:00Z"), ZONE]);
  assert.deepEqual(body["model"], { source: "built-in", fitted_at: null, trips: null });
  alike(body["total"], figures(driven), "total");
  const day = new Intl.DateTimeFormat("sv-SE", { timeZone: ZONE });
  const keys: [string, (one: Driven) => string | null][] = [
    ["by_day", (one) => day.format(new Date(one.origin * 1000))], ["by_store", (one) => one.store],
    ["by_driver", (one) => one.driver], ["by_mode", (one) => one.mode],
  ];
  for (const [list, keyOf] of keys) {
    const groups = Map.groupBy(driven, keyOf);
    assert.deepEqual(new Set(body[list].map((group: Json) => group["key"])), new Set(groups.keys()), list);
    for (const group of body[list]) alike(group, figures(groups.get(group["key"])!), `${list} ${group["key"]}`);
  }
  assert.deepEqual(body["by_day"].map((group: Json) => group["key"]), ["2025-03-29", "2025-03-30", "2025-03-31"]);
});

test("how far the published ETAs were off, by how long before the end", async () => {
  const { body } = await stats(SPAN);
  const told = driven.filter((one) => one.end === "DELIVERED").flatMap((one) => {
    const end = Math.floor(one.ended / 1000);
    return one.etas.map(([at, eta, low, high]: any) => ({ ahead: end - at, off: eta - end, held: Number(low <= end && end <= high) }));
  }).filter((one) => one.ahead > 0);
  assert.ok(told.length > 20, `${told.length}`);
  assert.deepEqual(body["eta_error"].map((entry: Json) => entry["horizon_s"]), HORIZONS);
  for (const [n, entry] of body["eta_error"].entries()) {
    const those = told.filter((one) => one.ahead >= HORIZONS[n]! && one.ahead < (HORIZONS[n + 1] ?? Infinity));
    assert.equal(entry["count"], those.length);
    for (const [name, value] of [["mean_absolute_s", mean(those.map((one) => Math.abs(one.off)))], ["bias_s", mean(those.map((one) => one.off))], ["coverage", mean(those.map((one) => one.held))]] as const) {
      if (value === null) assert.equal(entry[name], null);
      else assert.ok(Math.abs(entry[name] - value) < 1e-6, `${HORIZONS[n]} ${name}: ${entry[name]}, not ${value}`);
    }
  }
});

test("what is asked for is what counts, and a store sees its own", async () => {
  const total = async (query: string, by = desk) => (await stats(`${SPAN}&${query}`, by)).body["total"];
  alike(await total("mode=van"), figures(driven.filter((one) => one.mode === "van")), "van");
  alike(await total("driver_id=d2"), figures(driven.filter((one) => one.driver === "d2")), "d2");
  alike(await total("store_id=%3Ds2"), figures(driven.filter((one) => one.store === "=s2")), "=s2");
  alike(await total("", await token("store", "x", { store: "s1" })), figures(driven.filter((one) => one.store === "s1")), "its own");
  assert.equal((await total("store_id=nobody"))["deliveries"], 0);
  const narrow = await stats(`from=${PLANS[1]!.origin}&to=${PLANS[2]!.origin}`);
  assert.equal(narrow.body["total"]["deliveries"], 1);
  assert.equal((await stats(SPAN, await token("store", "x"))).status, 403);
});

test("as CSV, which runs no formula", async () => {
  const reply = await stats(`${SPAN}&format=csv`);
  assert.equal(reply.headers.get("Content-Type"), "text/csv; charset=utf-8; header=present");
  const lines = reply.text.split("\r\n");
  assert.equal(lines.pop(), "");
  const { body } = await stats(SPAN);
  assert.equal(lines.length, 2 + body["by_day"].length + body["by_store"].length + body["by_driver"].length + body["by_mode"].length);
  const rows = lines.map((line) => line.split(","));
  assert.ok(rows.every((row) => row.length === rows[0]!.length), reply.text);
  const column = (name: string) => rows[0]!.indexOf(name);
  assert.equal(Number(rows[1]![column("deliveries")]), driven.length);
  assert.equal(Number(rows[1]![column("DELIVERED")]), 4);
  assert.ok(rows.some((row) => row[0] === "store" && row[1] === "\"'=s2\""), reply.text);
});

test("an erased delivery leaves what counts, and no driver", async () => {
  const one = driven[1]!;
  const erased = await service.call("DELETE", `/tracking/${one.id}/personal-data`, { token: await token("admin", "root") });
  assert.equal(erased.status, 200, erased.text);
  const { body } = await stats(SPAN);
  assert.equal(body["total"]["deliveries"], driven.length);
  assert.equal(body["total"]["with_window"], 3);
  assert.equal(body["by_driver"].find((group: Json) => group["key"] === "d2")["deliveries"], 1);
  assert.ok(!JSON.stringify(await service.sql("SELECT * FROM figure")).includes("d2"));
  assert.equal((await stats(`${SPAN}&driver_id=d2`)).body["total"]["deliveries"], 1);
});

test("ten thousand deliveries", async () => {
  const first = Date.parse("2024-01-01T00:00:00Z");
  await service.sql(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
    INSERT INTO delivery (tracking_id, revision, order_id, driver_id, customer_id, store_id, mode, status, visibility, started, ended, timeline, etas, rest)
    SELECT 'TRK-' || i, 1, 'O', 'd' || (i % 97), NULL, 's' || (i % 13), 'car', iif(i % 10 = 0, 'FAILED', 'DELIVERED'), 'public',
      ${first} + i * 600000, ${first} + i * 600000 + (600 + i * 7919 % 3000) * 1000, '[]',
      (SELECT json_group_array(json_array(${first / 1000} + i * 600 + value * 60, ${first / 1000} + i * 600 + 900, 0, 9999999999)) FROM json_each('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19]')),
      '{"figures":{"distance_m":' || i || ',"dwell_s":60,"interval_s":5.0}}' FROM n`);
  const begun = performance.now();
  const { body, text } = await stats(`from=${first / 1000}&to=${first / 1000 + 9_999 * 600 + 1}`);
  console.log(`10,000 deliveries with 200,000 published ETAs: ${Math.round(performance.now() - begun)} ms, ${text.length} bytes`);
  const delivered = Array.from({ length: 10_000 }, (_, i) => i).filter((i) => i % 10 !== 0).map((i) => 600 + ((i * 7919) % 3_000));
  assert.deepEqual(body["total"]["statuses"], { DELIVERED: 9_000, FAILED: 1_000 });
  assert.equal(body["total"]["delivery_time_p50_s"], ranked(delivered, 0.5));
  assert.equal(body["total"]["delivery_time_p90_s"], ranked(delivered, 0.9));
  assert.equal(body["total"]["distance_mean_m"], 4_999.5);
  assert.deepEqual([body["by_store"].length, body["by_driver"].length, body["by_day"].length], [13, 97, 70]);
});
