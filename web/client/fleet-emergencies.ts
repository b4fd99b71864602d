/**
 * Who calls for help: what `GET /emergencies` says, and what is told or done meanwhile.
 *
 * A socket tells of a call once, and not again to one that comes back: so the list is asked for
 * whenever a socket opens and with each poll. What fails is asked again until it is answered.
 */
import { backoff } from "./backoff";
import { Refusal, request } from "./http";
import type { EmergencyView } from "./wire";

/** The sockets of all shards open at about the same time: they ask once. */
export const ASK_AFTER_MS = 300;

export interface FleetEmergenciesOptions {
  token: () => string;
  origin: () => string;
  /** Whether anybody is there to be told: a page that is hidden asks when it is back. */
  wanted: () => boolean;
  onChange: () => void;
  fetch?: typeof fetch;
  random?: () => number;
}

export class FleetEmergencies {
  private calls = new Map<string, EmergencyView>();
  /** What was told while an answer is under way, which is then older. */
  private told = new Map<string, EmergencyView>();
  private running: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** When the timer is for a failure, a question that is due sooner takes its place. */
  private retrying = false;
  private again = false;
  private failures = 0;

  constructor(private readonly options: FleetEmergenciesOptions) {}

  /** Those that nobody has yet. */
  get open(): ReadonlyMap<string, EmergencyView> {
    return this.calls;
  }

  /** The last question failed: there may be calls that are not known. */
  get uncertain(): boolean {
    return this.failures > 0;
  }

  /** Asks soon; several at once are one question. */
  ask(): void {
    if (this.running) {
      this.again = true;
      return;
    }
    if (this.timer !== undefined && !this.retrying) return;
    this.wait(ASK_AFTER_MS, false);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.again = false;
    this.running?.abort();
    this.running = null;
  }

  /** What a socket told, or what was done here. */
  note(emergency: EmergencyView): void {
    if (this.running) this.told.set(emergency.id, emergency);
    this.take(emergency);
    this.options.onChange();
  }

  /** All there are. */
  replace(emergencies: readonly EmergencyView[]): void {
    this.calls = new Map();
    for (const emergency of emergencies) this.take(emergency);
    this.options.onChange();
  }

  private take(emergency: EmergencyView): void {
    if ((emergency.acknowledged_at ?? null) === null) this.calls.set(emergency.id, emergency);
    else this.calls.delete(emergency.id);
  }

  private wait(ms: number, retrying: boolean): void {
    clearTimeout(this.timer);
    this.retrying = retrying;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (!retrying || this.options.wanted()) void this.fetch();
    }, ms);
  }

  private async fetch(): Promise<void> {
    const run = new AbortController();
    this.running = run;
    this.told = new Map();
    let lasting = false;
    try {
      const { token, origin, fetch } = this.options;
      const url = new URL("/emergencies", origin()).href;
      const { emergencies } = await request<{ emergencies: EmergencyView[] }>(url, { token: token(), signal: run.signal, cache: "no-store" }, fetch);
      if (run.signal.aborted) return;
      this.failures = 0;
      this.replace([...emergencies, ...this.told.values()]);
    } catch (error) {
      // Stopped meanwhile: nobody waits for it any more.
      if (run.signal.aborted) return;
      this.failures += 1;
      lasting = error instanceof Refusal && (error.status === 401 || error.status === 403);
      this.options.onChange();
    }
    this.running = null;
    if (this.again) this.wait(ASK_AFTER_MS, false);
    else if (this.failures > 0 && !lasting) this.wait(ASK_AFTER_MS + backoff(this.failures, (this.options.random ?? Math.random)()), true);
    this.again = false;
  }
}
