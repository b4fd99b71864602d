/**
 * A customer's own deliveries, page by page, and kept up to date.
 *
 * Known are the pages that were asked for. A refresh asks for as many of them, from the first on, as
 * it takes to meet every active delivery again.
 */
import { type ClockAnchor, nowAt, observe } from "../client/clock";
import { isFinal } from "../client/delivery";
import { Refusal, request } from "../client/http";
import type { OwnDeliveries, OwnDelivery } from "../client/wire";

export interface OwnState {
  readonly phase: "loading" | "ready" | "refused";
  readonly deliveries: readonly OwnDelivery[];
  readonly more: boolean;
  /** A page is being asked for. */
  readonly busy: boolean;
  /** The newest answer did not come; or the service could not give one. */
  readonly trouble: "offline" | "unavailable" | null;
  /** Of a refusal. */
  readonly status: number | null;
}

export interface OwnOptions {
  token: string;
  onChange: (state: OwnState) => void;
  fetch?: typeof fetch;
  monotonic?: () => number;
}

const NOTHING: OwnState = { phase: "loading", deliveries: [], more: false, busy: false, trouble: null, status: null };

/** Whether it can still be followed on its way. */
export function isActive(delivery: OwnDelivery): boolean {
  return !delivery.expired && !isFinal(delivery.status);
}

export class Own {
  private current = NOTHING;
  private cursor: string | null = null;
  private pages = 0;
  private anchor: ClockAnchor | null = null;
  private readonly monotonic: () => number;

  constructor(private readonly options: OwnOptions) {
    this.monotonic = options.monotonic ?? (() => performance.now());
  }

  get state(): OwnState {
    return this.current;
  }

  /** The service's now in Unix milliseconds, or the device's before the first answer. */
  now(): number {
    return this.anchor === null ? Date.now() : nowAt(this.anchor, this.monotonic());
  }

  /** Loads the first page, or looks again at what is active. */
  refresh(): Promise<void> {
    return this.work(async () => {
      const missing = new Set(this.current.deliveries.filter(isActive).map((delivery) => delivery.tracking_id));
      const most = Math.max(this.pages, 1);
      let cursor: string | null = null;
      for (let page = 0; page < most; page++) {
        const { deliveries, next_cursor } = await this.ask(cursor);
        for (const { tracking_id } of deliveries) missing.delete(tracking_id);
        this.merge(deliveries);
        if (this.pages === 0) this.turned(next_cursor);
        cursor = next_cursor ?? null;
        if (missing.size === 0 || cursor === null) break;
      }
    });
  }

  /** Loads the next page. */
  more(): Promise<void> {
    return this.work(async () => {
      if (this.cursor === null) return;
      const { deliveries, next_cursor } = await this.ask(this.cursor);
      this.merge(deliveries);
      this.turned(next_cursor);
    });
  }

  private turned(next: string | null | undefined): void {
    this.pages += 1;
    this.cursor = next ?? null;
    this.change({ more: this.cursor !== null });
  }

  private async work(task: () => Promise<void>): Promise<void> {
    if (this.current.busy || this.current.phase === "refused") return;
    this.change({ busy: true });
    try {
      await task();
      this.change({ phase: "ready", trouble: null, busy: false });
    } catch (error) {
      if (error instanceof Refusal && (error.status === 401 || error.status === 403)) {
        this.change({ ...NOTHING, phase: "refused", status: error.status });
      } else {
        this.change({ trouble: error instanceof Refusal ? "unavailable" : "offline", busy: false });
      }
    }
  }

  private async ask(cursor: string | null): Promise<OwnDeliveries> {
    const query = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { token, fetch } = this.options;
    const page = await request<OwnDeliveries>(`/tracking?mine${query}`, { token }, fetch);
    this.anchor = observe(this.anchor, page.server_time, this.monotonic());
    return page;
  }

  /** Each once, as it was told last, the newest first. */
  private merge(fresh: readonly OwnDelivery[]): void {
    const byId = new Map(this.current.deliveries.map((delivery) => [delivery.tracking_id, delivery]));
    for (const delivery of fresh) byId.set(delivery.tracking_id, delivery);
    const deliveries = [...byId.values()].toSorted((a, b) => b.started_at - a.started_at);
    this.change({ deliveries });
  }

  private change(fields: Partial<OwnState>): void {
    this.current = { ...this.current, ...fields };
    this.options.onChange(this.current);
  }
}
