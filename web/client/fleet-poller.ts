/** The way of a dashboard without sockets: `GET /fleet`, page by page, again and again. */
import { backoff } from "./backoff";
import { type Ending, endingOfStatus } from "./closing";
import { STATUSES } from "./delivery";
import { Refusal, request } from "./http";
import type { FleetAnswer, FleetDelivery } from "./wire";

/** From one answer to the next question, in milliseconds; each is moved by up to a fifth. */
export const FLEET_POLL_EVERY_MS = 15_000;
/** No fleet that a page can show has as many pages. */
const MAX_PAGES = 100;

export interface FleetPollerOptions {
  token: () => string;
  /** Of one store, or of all. */
  store_id: string | null;
  origin: () => string;
  onFleet: (deliveries: readonly FleetDelivery[], server_time: number) => void;
  onHealth: (healthy: boolean) => void;
  onRefused: (ending: Ending) => void;
  fetch?: typeof fetch;
  random?: () => number;
}

export class FleetPoller {
  private running: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  constructor(private readonly options: FleetPollerOptions) {}

  /** Asks now and from then on; nothing if it does already. */
  start(): void {
    if (this.running) return;
    this.running = new AbortController();
    this.failures = 0;
    void this.ask(this.running);
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
    clearTimeout(this.timer);
  }

  private async ask(run: AbortController): Promise<void> {
    const random = (this.options.random ?? Math.random)();
    let pause = FLEET_POLL_EVERY_MS * (0.8 + 0.4 * random);
    try {
      const { deliveries, server_time } = await this.all(run.signal);
      if (run.signal.aborted) return;
      this.failures = 0;
      this.options.onHealth(true);
      this.options.onFleet(deliveries, server_time);
    } catch (error) {
      // Stopped meanwhile: the answer is nobody's any more.
      if (run.signal.aborted) return;
      const ending = error instanceof Refusal ? endingOfStatus(error.status) : null;
      this.options.onHealth(false);
      if (ending !== null) {
        this.stop();
        return this.options.onRefused(ending);
      }
      pause = FLEET_POLL_EVERY_MS / 2 + backoff(this.failures, random);
      this.failures += 1;
    }
    this.timer = setTimeout(() => void this.ask(run), pause);
  }

  private async all(signal: AbortSignal): Promise<{ deliveries: FleetDelivery[]; server_time: number }> {
    const { token, store_id, origin, fetch } = this.options;
    const found: FleetDelivery[] = [];
    let cursor: string | null = null;
    let server_time = 0;
    for (let page = 0; page < MAX_PAGES; page++) {
      const url = new URL("/fleet", origin());
      // Unasked it leaves out what is over, which the sockets tell of for a while.
      url.searchParams.set("status", STATUSES.join(","));
      if (store_id !== null) url.searchParams.set("store_id", store_id);
      if (cursor !== null) url.searchParams.set("cursor", cursor);
      const answer: FleetAnswer = await request<FleetAnswer>(url.href, { token: token(), signal, cache: "no-store" }, fetch);
      found.push(...answer.deliveries);
      server_time = answer.server_time;
      cursor = answer.next_cursor ?? null;
      if (cursor === null) break;
    }
    return { deliveries: found, server_time };
  }
}
