/**
 * Hands over what waits in the outbox, while the line is up.
 *
 * Emergencies first, then the newest position, then reports one after the other in their order, then
 * the backlog of positions from the oldest on, a batch at a time. What was sent is removed when its
 * `id` is acknowledged, and otherwise sent again: the service knows what it has seen.
 *
 * A delivery that has ended takes no more positions, nor does a driver off duty. So what ends a
 * delivery or changes the duty stays between the positions before it and those after it.
 */
import { isFinal } from "./delivery";
import type { Fix, Report } from "./driver-wire";
import type { Outbox } from "./outbox";

/** The service takes no more positions in a frame. */
export const BATCH = 200;
/** Without an answer for so long, it is sent again. */
export const ANSWER_WITHIN_MS = 30_000;
/** A message that the service cannot take for reasons of its own is offered so many times. */
export const MAX_ATTEMPTS = 5;

/** The message is fine; the moment is not. */
const LATER = new Set(["unavailable", "rate_limit", "invalid_token"]);

export interface SenderOptions {
  outbox: Outbox;
  /** False if the line is not up. */
  send: (frame: object) => boolean;
  /** The phone's clock, in Unix milliseconds. */
  clock: () => number;
  newId: () => string;
  /** A report was acknowledged and removed. */
  onDone: (report: Report) => void;
  /** A report was refused and removed; null for positions. */
  onRefused: (report: Report | null, message: string) => void;
  /** What waits has changed. */
  onChange: () => void;
}

interface UnderWay {
  readonly kind: "live" | "backlog" | "report" | "emergency";
  readonly keys: readonly number[];
  readonly report: Report | null;
  readonly since: number;
}

export class Sender {
  private readonly under_way = new Map<string, UnderWay>();
  private up = false;
  /** Positions up to this one were sent live, or are backlog. */
  private live_key = 0;
  private failures = 0;
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly options: SenderOptions) {}

  /** The line is up: what was under way on the last one begins again. */
  opened(): Promise<void> {
    this.up = true;
    this.under_way.clear();
    this.live_key = 0;
    return this.pump();
  }

  closed(): void {
    this.up = false;
  }

  /** Sends what may be sent now. */
  pump(): Promise<void> {
    return this.queue(() => this.sendAll());
  }

  acknowledged(id: string): Promise<void> {
    return this.queue(async () => {
      const sent = this.under_way.get(id);
      if (!sent) return;
      this.failures = 0;
      await this.remove(id, sent);
      if (sent.report) this.options.onDone(sent.report);
      this.options.onChange();
      await this.sendAll();
    });
  }

  refused(id: string, code: string, message: string): Promise<void> {
    return this.queue(async () => {
      const sent = this.under_way.get(id);
      if (!sent || LATER.has(code)) return;
      if (code === "internal" && ++this.failures < MAX_ATTEMPTS) return;
      this.failures = 0;
      await this.remove(id, sent);
      this.options.onRefused(sent.report, message);
      this.options.onChange();
      await this.sendAll();
    });
  }

  /** One step after the other: no two of them choose the same rows. */
  private queue(step: () => Promise<void>): Promise<void> {
    // A database that closes with the page fails a step; the next page begins where it stood.
    this.turn = this.turn.then(step).catch(() => undefined);
    return this.turn;
  }

  private async remove(id: string, sent: UnderWay): Promise<void> {
    const { outbox } = this.options;
    if (sent.report) await Promise.all(sent.keys.map((key) => outbox.removeReport(key)));
    else await outbox.removeFixes(sent.keys);
    this.under_way.delete(id);
  }

  private async sendAll(): Promise<void> {
    if (!this.up) return;
    const { outbox, clock } = this.options;
    for (const [id, { since }] of this.under_way) {
      if (clock() - since >= ANSWER_WITHIN_MS) this.under_way.delete(id);
    }
    const rows = await outbox.reports();
    for (const row of rows) {
      const { report } = row.value;
      if (report.type === "emergency" && !this.under_way.has(report.id)) this.sendReport("emergency", row.key, report);
    }
    const last = rows.find((row) => divides(row.value.report))?.value.after ?? Infinity;
    const newest = await outbox.newest();
    if (newest && newest.key > this.live_key && newest.key <= last) {
      this.live_key = newest.key;
      if (!this.fixKeys().has(newest.key)) this.sendFixes("live", [newest]);
    }
    const next = rows.find((row) => row.value.report.type !== "emergency");
    if (next && !this.has("report")) {
      const { report, after } = next.value;
      if (!divides(report) || !(await outbox.has(after))) this.sendReport("report", next.key, report);
    }
    if (!this.has("backlog")) {
      const backlog = await outbox.oldest(BATCH, this.fixKeys(), last);
      if (backlog.length > 0) this.sendFixes("backlog", backlog);
    }
  }

  private sendReport(kind: "report" | "emergency", key: number, report: Report): void {
    this.send(kind, [key], report.id, report, report);
  }

  private sendFixes(kind: "live" | "backlog", rows: readonly { key: number; value: Fix }[]): void {
    const id = this.options.newId();
    const locations = rows.map((row) => row.value);
    const frame = { type: "location_update", id, sent_at: this.options.clock(), locations };
    this.send(kind, rows.map((row) => row.key), id, null, frame);
  }

  private send(kind: UnderWay["kind"], keys: readonly number[], id: string, report: Report | null, frame: object): void {
    if (!this.options.send(frame)) return;
    this.under_way.set(id, { kind, keys, report, since: this.options.clock() });
  }

  private has(kind: UnderWay["kind"]): boolean {
    return [...this.under_way.values()].some((sent) => sent.kind === kind);
  }

  private fixKeys(): Set<number> {
    const fixes = [...this.under_way.values()].filter((sent) => sent.report === null);
    return new Set(fixes.flatMap((sent) => sent.keys));
  }
}

/** Whether positions before and after it belong to something else. */
function divides(report: Report): boolean {
  return report.type === "duty" || (report.type === "status_update" && isFinal(report.status));
}
