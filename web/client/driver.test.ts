import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeService, type Json, aDriverSnapshot, aFix, aJob, aPage } from "./driver-fixtures";
import { Driver } from "./driver";
import type { DriverState } from "./driver-state";
import { BATCH } from "./sender";

let service: FakeService;
const open: Driver[] = [];

beforeEach(async () => {
  indexedDB = new IDBFactory();
  service = await FakeService.start();
});
afterEach(async () => {
  for (const driver of open.splice(0)) driver.stop();
  await service.stop();
});

/** The page, opened on this phone: what an earlier one kept is there. */
async function visit(driver_id = "d1", page = aPage()): Promise<Driver> {
  const surroundings = { ...page, clock: () => aFix(10).timestamp };
  const driver = await Driver.open({ driver_id, token: "t.o.k", origin: service.origin, surroundings });
  driver.subscribe(() => service.look());
  open.push(driver);
  return driver;
}

/** The page is closed without a word. */
function leave(driver: Driver): void {
  driver.stop();
  driver.store.close();
}

async function online(driver: Driver): Promise<Driver> {
  driver.start();
  await when(driver, (state) => state.reach === "live" && state.jobs !== null);
  return driver;
}

const when = (driver: Driver, holds: (state: DriverState) => boolean): Promise<void> => service.until(() => holds(driver.state));
const empty = ({ waiting }: DriverState): boolean => waiting.fixes === 0 && waiting.reports === 0;
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => aFix(from + i).timestamp);
const ascending = (times: readonly number[]): number[] => times.toSorted((a, b) => a - b);

describe("positions", () => {
  test("are sent at once when due, by the token's driver", async () => {
    const driver = await online(await visit());
    await driver.locate(aFix(1));
    await when(driver, empty);
    expect(service.offered).toEqual([["onway.v1", "bearer.t.o.k"]]);
    expect(service.fixes()).toEqual(range(1, 2));
    expect(service.of("location_update")[0]).toMatchObject({ sent_at: expect.any(Number), locations: [aFix(1)] });
  });

  test("that the phone tells again, also to the next page, are not sent again", async () => {
    const first = await online(await visit());
    await first.locate(aFix(1));
    await when(first, empty);
    leave(first);
    const second = await online(await visit());
    await second.locate(aFix(1));
    await second.locate(aFix(2));
    await when(second, empty);
    expect(service.fixes()).toEqual(range(1, 3));
  });

  test("that are not due are not sent", async () => {
    const driver = await online(await visit());
    await driver.locate(aFix(1));
    await driver.locate(aFix(1, { timestamp: aFix(1).timestamp + 1_000, lat: 6 }));
    await driver.locate(aFix(2));
    await when(driver, empty);
    expect(service.fixes()).toEqual(range(1, 3));
  });

  test("that waited follow the newest, oldest first, in batches", async () => {
    const total = 2 * BATCH + 50;
    const before = await visit();
    for (let i = 0; i < total; i++) await before.locate(aFix(i));
    expect(before.state.waiting).toMatchObject({ fixes: total, oldest: aFix(0).timestamp });
    leave(before);

    const driver = await online(await visit());
    await when(driver, empty);
    const sizes = service.of("location_update").map((frame) => frame["locations"].length);
    expect(sizes).toEqual([1, BATCH, BATCH, 49]);
    expect(service.fixes()).toEqual([...range(total - 1, total), ...range(0, total - 1)]);
  });

  test("go on where the acknowledgement ended, over a lost line and a closed page", async () => {
    const total = 3 * BATCH;
    const first = await visit();
    for (let i = 0; i < total; i++) await first.locate(aFix(i));
    // The newest and the first batch are acknowledged; then the line is cut, and what follows is not.
    let acks = 0;
    service.answer = (frame) => {
      if (frame["type"] !== "location_update") return null;
      if (++acks <= 2) return { type: "ack", id: frame["id"] };
      service.cut();
      return null;
    };
    first.start();
    await service.until(() => acks >= 3);
    leave(first);
    const seen = service.fixes().length;

    acks = -Infinity;
    const second = await online(await visit());
    await when(second, empty);
    const again = service.fixes().slice(seen);
    expect(ascending(again)).toEqual(range(BATCH, total - 1));
    expect(new Set(service.fixes()).size).toBe(total);
  });

  test("that the service cannot use are let go and said", async () => {
    service.answer = (frame) => ("id" in frame ? { type: "error", code: "invalid", message: "No valid fix.", id: frame["id"] } : null);
    const driver = await online(await visit());
    await driver.locate(aFix(1));
    await when(driver, (state) => empty(state) && state.refused !== null);
    expect(driver.state.refused).toEqual({ report: null, message: "No valid fix." });
  });

  test("of one driver are never sent by another on the same phone", async () => {
    const one = await visit("d1");
    await one.locate(aFix(1));
    leave(one);
    const other = await online(await visit("d2"));
    await other.locate(aFix(2));
    await when(other, empty);
    expect(service.fixes()).toEqual(range(2, 3));
  });
});

describe("reports", () => {
  const steps = ["PICKED_UP", "IN_TRANSIT", "DELIVERED"] as const;
  const statuses = (): string[] => service.of("status_update").map((frame) => frame["status"]);

  test("made offline are shown as done, survive closing, and arrive in their order", async () => {
    const known = await online(await visit());
    leave(known);
    const before = await visit();
    expect(before.state.jobs?.map((job) => job.status)).toEqual(["ASSIGNED"]);
    for (const status of steps) await before.setStatus("TRK-TEST", status);
    expect(before.state.jobs).toEqual([]);
    leave(before);

    const driver = await online(await visit());
    await when(driver, empty);
    expect(statuses()).toEqual([...steps]);
    for (const frame of service.of("status_update")) expect(frame).toMatchObject({ id: expect.any(String), at: expect.any(Number) });
  });

  test("wait for the acknowledgement of the one before, and repeat with the same id", async () => {
    const ids: string[] = [];
    service.answer = (frame) => {
      if (frame["type"] !== "status_update") return null;
      ids.push(frame["id"]);
      if (ids.length === 1) service.cut();
      return ids.length === 1 ? null : { type: "ack", id: frame["id"] };
    };
    const driver = await online(await visit());
    await driver.setStatus("TRK-TEST", "PICKED_UP");
    await driver.setStatus("TRK-TEST", "IN_TRANSIT");
    await when(driver, empty);
    expect(statuses()).toEqual(["PICKED_UP", "PICKED_UP", "IN_TRANSIT"]);
    expect(ids[0]).toBe(ids[1]);
  });

  test("that end a delivery or the duty stay between the positions before and after them", async () => {
    const before = await visit();
    await before.setDuty(true);
    for (let i = 0; i < BATCH + 2; i++) await before.locate(aFix(i));
    await before.setStatus("TRK-TEST", "IN_TRANSIT");
    await before.setStatus("TRK-TEST", "DELIVERED");
    for (let i = BATCH + 2; i < BATCH + 5; i++) await before.locate(aFix(i));
    await before.setDuty(false);
    leave(before);

    const driver = await online(await visit());
    await when(driver, empty);
    const said = service.frames.filter((frame) => "id" in frame).map((frame) => frame["status"] ?? frame["on_duty"] ?? frame["locations"]?.length);
    expect(said).toEqual([true, "IN_TRANSIT", BATCH, 2, "DELIVERED", 1, 2, false]);
    expect(service.fixes().slice(0, BATCH + 2)).toEqual(range(0, BATCH + 2));
  });

  test("that are refused are taken back and said", async () => {
    service.answer = (frame) => ("id" in frame ? { type: "error", code: "conflict", message: "It was cancelled.", id: frame["id"] } : null);
    const driver = await online(await visit());
    await driver.setStatus("TRK-TEST", "PICKED_UP");
    await when(driver, (state) => empty(state) && state.refused !== null);
    expect(driver.state.refused).toMatchObject({ message: "It was cancelled.", report: { status: "PICKED_UP" } });
    expect(driver.state.jobs?.[0]?.status).toBe("ASSIGNED");
  });

  test("stay while the service has no time for them", async () => {
    service.answer = (frame) => ("id" in frame ? { type: "error", code: "unavailable", message: "Later.", id: frame["id"] } : null);
    const driver = await online(await visit());
    await driver.setStatus("TRK-TEST", "PICKED_UP");
    await service.until(() => statuses().length === 1);
    expect(driver.state.waiting.reports).toBe(1);
    service.answer = (frame) => ({ type: "ack", id: frame["id"] });
    service.cut();
    await when(driver, empty);
    expect(statuses()).toEqual(["PICKED_UP", "PICKED_UP"]);
  });

  test("an emergency does not name a place that the driver left long ago", async () => {
    const driver = await online(await visit());
    await driver.locate(aFix(-100));
    await driver.raiseEmergency();
    await when(driver, empty);
    expect(service.of("emergency").map((frame) => frame["lat"])).toEqual([undefined]);
  });

  test("an emergency overtakes everything, and says how far it came", async () => {
    const before = await visit();
    for (let i = 0; i < 10; i++) await before.locate(aFix(i));
    await before.setDuty(true);
    await before.raiseEmergency("Accident");
    leave(before);

    const driver = await online(await visit());
    await when(driver, empty);
    const [raised] = service.frames.filter((frame) => frame["type"] !== "presence") as [Json];
    expect(raised).toMatchObject({ type: "emergency", message: "Accident", lat: aFix(9).lat, lng: aFix(9).lng });
    expect(driver.state.emergencies).toMatchObject([{ id: raised["id"] }]);
    // The service knows it by another id, and tells it where it is asked.
    const known = { id: "d1.e", at: 1_704_067_200, acknowledged_at: 1_704_067_300 };
    service.answer = (frame) => (frame["type"] === "get" ? { type: "driver_state", data: aDriverSnapshot({ emergencies: [known] }) } : null);
    service.send({ type: "emergency_acknowledged", data: known });
    await when(driver, (state) => state.emergencies[0]?.id === "d1.e");
    expect(driver.state.emergencies).toEqual([known]);
  });
});

describe("the line", () => {
  test("acknowledges assignments, and shows one that comes twice once", async () => {
    const driver = await online(await visit());
    const data = aJob({ tracking_id: "TRK-2", accepted_at: null });
    service.first = { type: "driver_state", data: aDriverSnapshot({ deliveries: [aJob(), data] }) };
    service.answer = (frame) => (frame["type"] === "get" ? service.first : null);
    service.send({ type: "assignment", id: 12, data });
    service.send({ type: "assignment", id: 12, data });
    await service.until(() => service.of("ack").length === 2);
    expect(service.of("ack")).toEqual([{ type: "ack", id: 12 }, { type: "ack", id: 12 }]);
    expect(driver.state.jobs?.map((job) => job.tracking_id)).toEqual(["TRK-TEST", "TRK-2"]);
    service.send({ type: "unassignment", id: 13, data: { tracking_id: "TRK-2", reason: "reassigned" } });
    await when(driver, (state) => state.jobs?.length === 1);
  });

  test("keeps what it knows of a delivery that does not answer, and how often to report", async () => {
    const driver = await online(await visit());
    service.send({ type: "sampling", interval_s: 20, min_displacement_m: 50 });
    const { tracking_id, order_id, dropoff } = aJob();
    const summary = { tracking_id, order_id, dropoff, pickup: null, status: "PICKED_UP" };
    const { sampling: _, ...told } = aDriverSnapshot();
    service.send({ type: "driver_state", data: { ...told, deliveries: [summary, { ...summary, tracking_id: "TRK-2" }] } });
    await when(driver, (state) => state.jobs?.length === 2);
    expect(driver.state.sampling).toEqual({ interval_s: 20, min_displacement_m: 50 });
    expect(driver.state.jobs).toMatchObject([{ ...aJob(), status: "PICKED_UP" }, { tracking_id: "TRK-2", timeline: [], seq: 0 }]);
  });

  test("that another device took over is taken back on request only", async () => {
    const driver = await online(await visit());
    service.cut(1008, "Replaced");
    await when(driver, (state) => state.ending === "replaced");
    await driver.locate(aFix(1));
    expect(driver.state.waiting.fixes).toBe(1);
    driver.takeOver();
    await when(driver, empty);
    expect(service.offered.length).toBe(2);
  });

  test("whose token is refused ends, and keeps what waits for the next sign-in", async () => {
    const driver = await online(await visit());
    service.cut(1008, "Invalid token");
    await when(driver, (state) => state.ending === "invalid_token");
    await driver.setStatus("TRK-TEST", "PICKED_UP");
    leave(driver);
    expect((await visit()).state.waiting.reports).toBe(1);
  });

  test("that was signed out forgets the deliveries and keeps what waits", async () => {
    const driver = await online(await visit());
    service.answer = () => null;
    await driver.setStatus("TRK-TEST", "PICKED_UP");
    await driver.forget();
    driver.store.close();
    const next = await visit();
    expect(next.state.jobs).toBe(null);
    expect(next.state.waiting.reports).toBe(1);
  });

  test("stays up while nobody sees the page", async () => {
    const page = aPage();
    const driver = await online(await visit("d1", page));
    Object.assign(page.document, { visibilityState: "hidden" });
    page.document.dispatchEvent(new Event("visibilitychange"));
    service.cut();
    await when(driver, () => service.offered.length === 2);
    await when(driver, (state) => state.reach === "live");
  });

  test("says why positions do not come, once for each change and again on each new line", async () => {
    const driver = await online(await visit());
    for (const reason of ["no_gps", "no_gps", "page_hidden"] as const) driver.presence(reason);
    await service.until(() => service.of("presence").length === 3);
    service.cut();
    await service.until(() => service.of("presence").length === 4);
    expect(service.of("presence").map((frame) => frame["reason"])).toEqual([null, "no_gps", "page_hidden", "page_hidden"]);
  });
});
