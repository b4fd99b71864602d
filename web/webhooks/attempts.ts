/**
 * The attempts to tell one endpoint, page by page, the newest first, and kept up to date.
 *
 * What was attempted never changes: a refresh asks for the newest page alone, and puts it before what
 * is known. Where the two do not meet, the known ones go, so that the list has no gap.
 */
import type { AttemptFilter, WebhookCalls } from "../client/webhook-calls";
import type { Attempt } from "../client/wire";
import { type Trouble, troubleOf } from "./trouble";
import { keyOf } from "./words";

export interface AttemptsState {
  readonly phase: "loading" | "ready";
  readonly filter: AttemptFilter;
  readonly attempts: readonly Attempt[];
  readonly more: boolean;
  readonly busy: boolean;
  readonly trouble: Trouble | null;
}

export const ALL: AttemptFilter = { outcome: null, event_id: null };
/** An answer may take 10 s, and the queue a few more. */
const WATCH_MAX = 20;
const WATCH_MS = 1_000;

export class Attempts {
  private current: AttemptsState = { phase: "loading", filter: ALL, attempts: [], more: false, busy: false, trouble: null };
  private cursor: string | null = null;
  /** Another one with each filter: an answer for the one before is passed over. */
  private asking = 0;
  /** A refresh was asked for while a page was on its way, which may be older than what it is to show. */
  private again = false;
  private stopped = false;

  constructor(
    private readonly calls: Pick<WebhookCalls, "attempts">,
    private readonly id: string,
    private readonly onChange: (state: AttemptsState) => void,
    private readonly wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms)),
  ) {}

  get state(): AttemptsState {
    return this.current;
  }

  stop(): void {
    this.stopped = true;
  }

  choose(filter: AttemptFilter): Promise<void> {
    this.asking += 1;
    this.cursor = null;
    this.again = false;
    this.change({ phase: "loading", filter, attempts: [], more: false, busy: false, trouble: null });
    return this.refresh();
  }

  async refresh(): Promise<void> {
    if (this.current.busy) {
      this.again = true;
      return;
    }
    await this.work(null, (fresh, next) => {
      const known = this.current.attempts;
      const keys = new Set(fresh.map(keyOf));
      const meets = known.some((attempt) => keys.has(keyOf(attempt)));
      if (known.length === 0 || !meets) {
        this.cursor = next;
        return fresh;
      }
      return [...fresh, ...known.filter((attempt) => !keys.has(keyOf(attempt)))];
    });
  }

  /** Loads the next page. */
  async more(): Promise<void> {
    if (this.cursor === null) return;
    await this.work(this.cursor, (older, next) => {
      this.cursor = next;
      const keys = new Set(this.current.attempts.map(keyOf));
      return [...this.current.attempts, ...older.filter((attempt) => !keys.has(keyOf(attempt)))];
    });
  }

  /** The newest attempt of an event, or of any: what `await` compares with. */
  async newest(event_id: string | null): Promise<string | null> {
    const [first] = (await this.calls.attempts(this.id, { outcome: null, event_id })).attempts;
    return first ? keyOf(first) : null;
  }

  /** Waits for an attempt that is newer than `before`, and shows it; null: none came for long. */
  async await(event_id: string | null, before: string | null): Promise<Attempt | null> {
    for (let tries = 0; tries < WATCH_MAX && !this.stopped; tries++) {
      await this.wait(WATCH_MS);
      // What goes wrong here, the list says too.
      const [first] = await this.calls.attempts(this.id, { outcome: null, event_id }).then(({ attempts }) => attempts, () => []);
      if (first && keyOf(first) !== before) {
        await this.refresh();
        return first;
      }
    }
    return null;
  }

  private async work(cursor: string | null, merge: (page: readonly Attempt[], next: string | null) => readonly Attempt[]): Promise<void> {
    if (this.current.busy || this.stopped) return;
    const { asking } = this;
    this.change({ busy: true });
    try {
      const page = await this.calls.attempts(this.id, this.current.filter, cursor);
      if (asking !== this.asking) return;
      const attempts = merge(page.attempts, page.next_cursor ?? null);
      this.change({ phase: "ready", attempts, more: this.cursor !== null, busy: false, trouble: null });
    } catch (error) {
      if (asking === this.asking) this.change({ busy: false, trouble: troubleOf(error) });
    }
    if (asking === this.asking && this.again) {
      this.again = false;
      await this.refresh();
    }
  }

  private change(fields: Partial<AttemptsState>): void {
    if (this.stopped) return;
    this.current = { ...this.current, ...fields };
    this.onChange(this.current);
  }
}
