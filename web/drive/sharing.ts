/**
 * Sharing the phone's position, for as long as the page is seen.
 *
 * No web page reads the position in the background. So this one keeps the screen on, notices when it
 * was hidden, and says from when to when nothing was recorded.
 */
import type { Fix, PresenceReason } from "../client/driver-wire";

/** A radius above this is worth a word: the driver may be in the next street. */
export const POOR_ACCURACY_M = 50;
/** Without a position for so long there is none. */
export const NO_GPS_AFTER_MS = 60_000;
/** Being hidden for less is a glance at another app. */
export const PAUSE_MIN_MS = 10_000;
/** Per cent, while it does not charge. */
export const LOW_BATTERY = 15;
const LOOK_EVERY_MS = 10_000;

export interface SharingState {
  /** What the driver wants. */
  readonly on: boolean;
  readonly denied: boolean;
  readonly gps: "searching" | "good" | "poor" | "none";
  readonly fix: Fix | null;
  /** When nothing was recorded the last time, in Unix milliseconds by the phone's clock. */
  readonly paused: { from: number; to: number } | null;
  /** Whether the screen stays on; null where the browser cannot say. */
  readonly awake: boolean | null;
  /** Per cent; null where the browser does not tell. */
  readonly battery: number | null;
  readonly low_battery: boolean;
}

/** What sharing tells the driver's line. */
export interface Ear {
  locate(fix: Fix): Promise<void>;
  locateAnew(): void;
  presence(reason: PresenceReason): void;
}

interface Battery extends EventTarget {
  level: number;
  charging: boolean;
}

/** The parts of a browser that this needs: replaced in tests. */
export interface Phone {
  geolocation: Pick<Geolocation, "watchPosition" | "clearWatch" | "getCurrentPosition">;
  document: EventTarget & { readonly visibilityState: DocumentVisibilityState };
  window: EventTarget;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  wakeLock: { request(type: "screen"): Promise<EventTarget & { release(): Promise<void> }> } | undefined;
  battery: () => Promise<Battery> | undefined;
  clock: () => number;
}

const ON = "onway.sharing";
const HIDDEN_SINCE = "onway.hidden-since";
const PRECISE: PositionOptions = { enableHighAccuracy: true, maximumAge: 0, timeout: 30_000 };

export class Sharing {
  private current: SharingState;
  private watch: number | null = null;
  private lock: { release(): Promise<void> } | null = null;
  private looks: ReturnType<typeof setInterval> | undefined;
  /** When the last position came, or was first asked for. */
  private since = 0;
  private readonly ears = new AbortController();
  private readonly listeners = new Set<(state: SharingState) => void>();

  constructor(
    private readonly ear: Ear,
    private readonly phone: Phone = thisPhone(),
  ) {
    this.current = {
      on: this.read(ON) === "1",
      denied: false,
      gps: "searching",
      fix: null,
      paused: null,
      awake: null,
      battery: null,
      low_battery: false,
    };
    const { signal } = this.ears;
    phone.document.addEventListener("visibilitychange", () => this.looked(), { signal });
    phone.window.addEventListener("pageshow", () => this.looked(), { signal });
    phone.window.addEventListener("pagehide", () => this.left(), { signal });
    void this.watchBattery(signal);
    // The page may have been thrown away while it was hidden.
    if (this.current.on) this.looked();
  }

  get state(): SharingState {
    return this.current;
  }

  subscribe(listener: (state: SharingState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Call it from a tap: the browser may ask for permission. */
  start(): void {
    this.write(ON, "1");
    this.change({ on: true, denied: false });
    this.begin();
  }

  stop(): void {
    this.write(ON, null);
    this.write(HIDDEN_SINCE, null);
    this.end();
    this.change({ on: false, gps: "searching", paused: null });
  }

  dismissPause(): void {
    this.change({ paused: null });
  }

  /** Lets go of the phone; what the driver wants stays as it is. */
  close(): void {
    this.ears.abort();
    this.end();
    this.listeners.clear();
  }

  private begin(): void {
    this.end();
    this.since = this.phone.clock();
    this.ear.locateAnew();
    this.watch = this.phone.geolocation.watchPosition((at) => this.located(at), (error) => this.failed(error), PRECISE);
    this.looks = setInterval(() => this.look(), LOOK_EVERY_MS);
    void this.stayAwake();
  }

  private end(): void {
    if (this.watch !== null) this.phone.geolocation.clearWatch(this.watch);
    this.watch = null;
    clearInterval(this.looks);
    void this.lock?.release().catch(() => undefined);
    this.lock = null;
  }

  private looked(): void {
    if (!this.current.on) return;
    const now = this.phone.clock();
    if (this.phone.document.visibilityState === "hidden") {
      if (this.read(HIDDEN_SINCE) === null) this.write(HIDDEN_SINCE, String(now));
      this.change({});
      return;
    }
    // Some phones go on for a while when they are hidden.
    const from = Math.max(Number(this.read(HIDDEN_SINCE) ?? now), this.since);
    this.write(HIDDEN_SINCE, null);
    if (now - from >= PAUSE_MIN_MS) this.change({ paused: { from, to: now } });
    this.begin();
    this.change({});
  }

  private left(): void {
    if (!this.current.on) return;
    if (this.read(HIDDEN_SINCE) === null) this.write(HIDDEN_SINCE, String(this.phone.clock()));
    this.ear.presence("closed");
  }

  private located({ coords, timestamp }: GeolocationPosition): void {
    const fix = fixOf(coords, timestamp, this.current.battery);
    this.since = this.phone.clock();
    this.change({ fix, denied: false, gps: coords.accuracy > POOR_ACCURACY_M ? "poor" : "good" });
    void this.ear.locate(fix);
  }

  private failed(error: GeolocationPositionError): void {
    if (error.code === error.PERMISSION_DENIED) this.change({ denied: true, gps: "none" });
    else this.look();
  }

  /** A phone that stands still may say nothing at all: it is asked. */
  private look(): void {
    const silent = this.phone.clock() - this.since;
    if (silent >= NO_GPS_AFTER_MS) this.change({ gps: "none" });
    if (silent < NO_GPS_AFTER_MS / 2 || this.phone.document.visibilityState === "hidden") return;
    this.phone.geolocation.getCurrentPosition((at) => this.located(at), () => undefined, PRECISE);
  }

  private async stayAwake(): Promise<void> {
    const { wakeLock, document } = this.phone;
    if (!wakeLock || document.visibilityState === "hidden") return;
    try {
      const lock = await wakeLock.request("screen");
      if (this.watch === null || this.lock !== null) return void lock.release();
      this.lock = lock;
      this.change({ awake: true });
      lock.addEventListener("release", () => this.lock === lock && this.change({ awake: false }), { once: true });
    } catch {
      // Low power modes and some home-screen apps refuse.
      this.change({ awake: false });
    }
  }

  private async watchBattery(signal: AbortSignal): Promise<void> {
    const battery = await Promise.resolve(this.phone.battery()).catch(() => undefined);
    if (!battery || signal.aborted) return;
    const read = (): void => {
      const level = Math.round(battery.level * 100);
      this.change({ battery: level, low_battery: level <= LOW_BATTERY && !battery.charging });
    };
    battery.addEventListener("levelchange", read, { signal });
    battery.addEventListener("chargingchange", read, { signal });
    read();
  }

  private change(fields: Partial<SharingState>): void {
    this.current = { ...this.current, ...fields };
    this.ear.presence(reasonOf(this.current, this.phone.document.visibilityState === "hidden"));
    for (const listener of this.listeners) listener(this.current);
  }

  private read(name: string): string | null {
    try {
      return this.phone.storage.getItem(name);
    } catch {
      return null;
    }
  }

  private write(name: string, value: string | null): void {
    try {
      if (value === null) this.phone.storage.removeItem(name);
      else this.phone.storage.setItem(name, value);
    } catch {
      // Storage may be switched off: it then lasts as long as the page.
    }
  }
}

/** Why positions do not come, the most telling reason first. */
export function reasonOf(state: SharingState, hidden: boolean): PresenceReason {
  if (!state.on) return null;
  if (hidden) return "page_hidden";
  if (state.denied) return "permission_denied";
  if (state.gps === "none") return "no_gps";
  return state.low_battery ? "low_battery" : null;
}

/** A fix as the service takes it: what the phone does not know is left out. */
export function fixOf(coords: GeolocationCoordinates, timestamp: number, battery: number | null): Fix {
  const { accuracy, speed, heading, altitude } = coords;
  return {
    lat: round(coords.latitude, 7),
    lng: round(coords.longitude, 7),
    timestamp: Math.round(timestamp),
    ...(Number.isFinite(accuracy) && { accuracy: round(accuracy, 1) }),
    ...(isNumber(speed) && speed >= 0 && { speed: round(speed, 2) }),
    ...(isNumber(heading) && { heading: round(heading, 1) % 360 }),
    ...(isNumber(altitude) && { altitude: round(altitude, 1) }),
    ...(battery !== null && { battery }),
  };
}

const isNumber = (value: number | null): value is number => value !== null && Number.isFinite(value);
const round = (value: number, digits: number): number => Number(value.toFixed(digits));

function thisPhone(): Phone {
  const { geolocation, wakeLock } = navigator;
  const { getBattery } = navigator as Navigator & { getBattery?: () => Promise<Battery> };
  return {
    geolocation,
    document,
    window,
    storage: localStorage,
    wakeLock,
    battery: () => getBattery?.call(navigator),
    clock: Date.now,
  };
}
