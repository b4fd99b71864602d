import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Fix, PresenceReason } from "../client/driver-wire";
import { type Ear, LOW_BATTERY, NO_GPS_AFTER_MS, PAUSE_MIN_MS, type Phone, Sharing, fixOf } from "./sharing";

const NOON = 1_704_110_400_000;

/** A phone in a test's hand. */
class FakePhone implements Phone {
  readonly kept = new Map<string, string>();
  readonly document = Object.assign(new EventTarget(), { visibilityState: "visible" as DocumentVisibilityState });
  readonly window = new EventTarget();
  readonly watches = new Map<number, [PositionCallback, PositionErrorCallback]>();
  readonly asked: PositionCallback[] = [];
  locks: (EventTarget & { released: boolean; release(): Promise<void> })[] = [];
  refuses_lock = false;
  level = 1;
  readonly power = new EventTarget();
  readonly geolocation = {
    watchPosition: (at: PositionCallback, failed?: PositionErrorCallback | null) => {
      const id = this.watches.size + 1;
      this.watches.set(id, [at, failed ?? (() => undefined)]);
      return id;
    },
    clearWatch: (id: number) => void this.watches.delete(id),
    getCurrentPosition: (at: PositionCallback) => void this.asked.push(at),
  };
  readonly storage = {
    getItem: (name: string) => this.kept.get(name) ?? null,
    setItem: (name: string, value: string) => void this.kept.set(name, value),
    removeItem: (name: string) => void this.kept.delete(name),
  };
  readonly wakeLock = {
    request: () => {
      if (this.refuses_lock) return Promise.reject(new Error("power saving"));
      const lock = Object.assign(new EventTarget(), { released: false, release: () => Promise.resolve() });
      lock.release = () => {
        lock.released = true;
        lock.dispatchEvent(new Event("release"));
        return Promise.resolve();
      };
      this.locks.push(lock);
      return Promise.resolve(lock);
    },
  };
  readonly battery = () =>
    Promise.resolve(
      Object.defineProperties(this.power, {
        level: { get: () => this.level, configurable: true },
        charging: { value: false, configurable: true },
      }) as EventTarget & { level: number; charging: boolean },
    );
  readonly clock = Date.now;

  show(visibility: DocumentVisibilityState): void {
    this.document.visibilityState = visibility;
    // Browsers let go of the lock by themselves.
    if (visibility === "hidden") for (const lock of this.locks) if (!lock.released) void lock.release();
    this.document.dispatchEvent(new Event("visibilitychange"));
  }

  move(accuracy = 8): void {
    const coords = { latitude: 5.6, longitude: -0.2, accuracy, speed: null, heading: null, altitude: null };
    for (const [at] of this.watches.values()) at({ coords, timestamp: Date.now() } as unknown as GeolocationPosition);
  }

  fail(code: number): void {
    const error = { code, PERMISSION_DENIED: 1 } as GeolocationPositionError;
    for (const [, failed] of this.watches.values()) failed(error);
  }
}

let phone: FakePhone;
let reasons: PresenceReason[];
let fixes: Fix[];
let anew: number;
let ear: Ear;

beforeEach(() => {
  vi.useFakeTimers({ now: NOON });
  phone = new FakePhone();
  reasons = [];
  fixes = [];
  anew = 0;
  ear = {
    locate: (fix) => Promise.resolve(void fixes.push(fix)),
    locateAnew: () => void anew++,
    presence: (reason) => void (reasons.at(-1) !== reason && reasons.push(reason)),
  };
  return () => vi.useRealTimers();
});

const settle = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => undefined);
const wait = (ms: number): Promise<void> => vi.advanceTimersByTimeAsync(ms).then(() => undefined);

async function sharing(): Promise<Sharing> {
  const one = new Sharing(ear, phone);
  one.start();
  await settle();
  return one;
}

test("shares from a tap on, keeps the screen on, and stops as one", async () => {
  const one = await sharing();
  phone.move();
  expect(fixes).toEqual([{ lat: 5.6, lng: -0.2, timestamp: NOON, accuracy: 8, battery: 100 }]);
  expect(one.state).toMatchObject({ on: true, gps: "good", awake: true });
  one.stop();
  phone.move();
  expect(fixes.length).toBe(1);
  expect(phone.locks.every((lock) => lock.released)).toBe(true);
  expect(new Sharing(ear, phone).state.on).toBe(false);
});

describe("a page that was hidden", () => {
  test("says from when to when nothing was recorded, and takes the wake lock again", async () => {
    const one = await sharing();
    phone.show("hidden");
    expect(reasons.at(-1)).toBe("page_hidden");
    await wait(8 * 60_000);
    phone.show("visible");
    await settle();
    expect(one.state.paused).toEqual({ from: NOON, to: NOON + 8 * 60_000 });
    expect(one.state.awake).toBe(true);
    expect(phone.locks.filter((lock) => !lock.released).length).toBe(1);
    expect(phone.watches.size).toBe(1);
    phone.move();
    expect(reasons.at(-1)).toBe(null);
    expect(anew).toBe(2);
    one.dismissPause();
    expect(one.state.paused).toBe(null);
  });

  test("says nothing of a glance", async () => {
    const one = await sharing();
    phone.show("hidden");
    await wait(PAUSE_MIN_MS - 1);
    phone.show("visible");
    expect(one.state.paused).toBe(null);
  });

  test("counts from the last position, where the phone went on for a while", async () => {
    const one = await sharing();
    phone.show("hidden");
    await wait(60_000);
    phone.move();
    await wait(120_000);
    phone.show("visible");
    expect(one.state.paused).toEqual({ from: NOON + 60_000, to: NOON + 180_000 });
  });

  test("says so too if it was thrown away meanwhile", async () => {
    const one = await sharing();
    phone.show("hidden");
    phone.window.dispatchEvent(new Event("pagehide"));
    expect(reasons.at(-1)).toBe("closed");
    one.close();
    await wait(60_000);
    phone.document.visibilityState = "visible";
    expect(new Sharing(ear, phone).state).toMatchObject({ on: true, paused: { from: NOON, to: NOON + 60_000 } });
  });
});

describe("why positions do not come", () => {
  test("permission: until it is given", async () => {
    const one = await sharing();
    phone.fail(1);
    expect(one.state.denied).toBe(true);
    expect(reasons.at(-1)).toBe("permission_denied");
    one.start();
    phone.move();
    expect(one.state.denied).toBe(false);
    expect(reasons.at(-1)).toBe(null);
  });

  test("no GPS: after a minute without a word, and a phone that stands still is asked before", async () => {
    const one = await sharing();
    phone.move();
    await wait(NO_GPS_AFTER_MS / 2);
    expect(phone.asked.length).toBe(1);
    expect(one.state.gps).toBe("good");
    await wait(NO_GPS_AFTER_MS / 2);
    expect(one.state.gps).toBe("none");
    expect(reasons.at(-1)).toBe("no_gps");
    phone.move();
    expect(one.state.gps).toBe("good");
  });

  test("a time-out of the browser is no reason by itself", async () => {
    const one = await sharing();
    phone.move();
    phone.fail(3);
    expect(one.state.gps).toBe("good");
  });

  test("battery", async () => {
    const one = await sharing();
    phone.level = LOW_BATTERY / 100;
    phone.power.dispatchEvent(new Event("levelchange"));
    expect(one.state).toMatchObject({ battery: LOW_BATTERY, low_battery: true });
    expect(reasons.at(-1)).toBe("low_battery");
  });

  test("none while it is not shared", async () => {
    const one = await sharing();
    phone.fail(1);
    one.stop();
    expect(reasons.at(-1)).toBe(null);
    phone.show("hidden");
    expect(reasons.at(-1)).toBe(null);
  });
});

test("a screen that cannot be kept on is known", async () => {
  phone.refuses_lock = true;
  expect((await sharing()).state.awake).toBe(false);
});

test.each([
  [{ latitude: 5.123456789, longitude: -0.2, accuracy: 7.26, speed: 3.456, heading: 359.99, altitude: 12.34 }, 55, { lat: 5.1234568, lng: -0.2, timestamp: 1, accuracy: 7.3, speed: 3.46, heading: 0, altitude: 12.3, battery: 55 }],
  [{ latitude: 5, longitude: 6, accuracy: 7, speed: null, heading: null, altitude: null }, null, { lat: 5, lng: 6, timestamp: 1, accuracy: 7 }],
  [{ latitude: 5, longitude: 6, accuracy: 7, speed: -1, heading: NaN, altitude: null }, null, { lat: 5, lng: 6, timestamp: 1, accuracy: 7 }],
])("%o is a fix as the service takes it", (coords, battery, fix) => {
  expect(fixOf(coords as GeolocationCoordinates, 1.2, battery)).toEqual(fix);
});
