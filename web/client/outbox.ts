/** What a driver's phone has not handed over yet: positions and reports, kept until acknowledged. */
import type { Fix, Report } from "./driver-wire";
import type { QueuedReport, Row, Store } from "./rows";

/** Positions kept: over a day without a network at a fix every five seconds. */
export const MAX_FIXES = 20_000;
/** Of the oldest so many positions, every second is let go when there is no more room. */
export const THIN_FIXES = 4_000;
/** Reports kept: more than anybody does in a day. */
export const MAX_REPORTS = 500;

export interface Waiting {
  readonly fixes: number;
  readonly reports: number;
  /** When the oldest position was taken, in Unix milliseconds by the phone's clock. */
  readonly oldest: number | null;
  /** Positions that were let go for want of room since the queue was last empty. */
  readonly thinned: number;
}

export const NOTHING_WAITS: Waiting = { fixes: 0, reports: 0, oldest: null, thinned: 0 };

const THINNED = "thinned";
const LAST = "last";

export class Outbox {
  constructor(
    readonly store: Store,
    private readonly max_fixes = MAX_FIXES,
    private readonly thin_fixes = THIN_FIXES,
  ) {}

  async addFix(fix: Fix): Promise<void> {
    if ((await this.store.fixes.count()) >= this.max_fixes) await this.thin();
    await this.store.fixes.add(fix);
    await this.store.set(LAST, fix);
  }

  /** The newest position that was ever kept, also if it is acknowledged. */
  last(): Promise<Fix | null> {
    return this.store.get<Fix>(LAST);
  }

  /** False if there is no room. */
  async addReport(report: Report): Promise<boolean> {
    if (report.type !== "emergency" && (await this.store.reports.count()) >= MAX_REPORTS) return false;
    const after = (await this.newest())?.key ?? 0;
    await this.store.reports.add({ report, after });
    return true;
  }

  newest(): Promise<Row<Fix> | null> {
    return this.store.fixes.last();
  }

  /** The oldest positions up to the one with key `last`, without those that are under way. */
  async oldest(limit: number, under_way: ReadonlySet<number>, last = Infinity): Promise<Row<Fix>[]> {
    const rows = await this.store.fixes.first(limit + under_way.size);
    return rows.filter((row) => row.key <= last && !under_way.has(row.key)).slice(0, limit);
  }

  /** Whether a position up to the one with key `last` is not acknowledged yet. */
  async has(last: number): Promise<boolean> {
    const [first] = await this.store.fixes.first(1);
    return first !== undefined && first.key <= last;
  }

  /** In the order in which they happened. */
  reports(): Promise<Row<QueuedReport>[]> {
    return this.store.reports.first(2 * MAX_REPORTS);
  }

  async removeFixes(keys: readonly number[]): Promise<void> {
    await this.store.fixes.remove(keys);
    if ((await this.store.fixes.count()) === 0) await this.store.set(THINNED, 0);
  }

  removeReport(key: number): Promise<void> {
    return this.store.reports.remove([key]);
  }

  async waiting(): Promise<Waiting> {
    const [fixes, reports, first, thinned] = await Promise.all([
      this.store.fixes.count(),
      this.store.reports.count(),
      this.store.fixes.first(1),
      this.store.get<number>(THINNED),
    ]);
    return { fixes, reports, oldest: first[0]?.value.timestamp ?? null, thinned: thinned ?? 0 };
  }

  /** The way that the oldest positions describe stays; it is drawn with half the points. */
  private async thin(): Promise<void> {
    const oldest = await this.store.fixes.first(this.thin_fixes);
    const every_second = oldest.filter((_, i) => i % 2 === 1).map((row) => row.key);
    await this.store.fixes.remove(every_second);
    await this.store.set(THINNED, ((await this.store.get<number>(THINNED)) ?? 0) + every_second.length);
  }
}
