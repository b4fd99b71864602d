/** The way without sockets: `GET /tracking/{id}` again and again, with its ETag. */
import { backoff } from "./backoff";
import { type Ending, endingOfStatus } from "./closing";
import type { Problem, Snapshot } from "./wire";

/** From one answer to the next question, in milliseconds; each is moved by up to a fifth. */
export const POLL_EVERY_MS = 10_000;
const POLL_TIMEOUT_MS = 10_000;

export interface PollerOptions {
  request: () => { url: string; headers: Record<string, string> };
  onSnapshot: (snapshot: Snapshot) => void;
  /** Answers come, or they do not. */
  onHealth: (healthy: boolean) => void;
  /** The service said no for good. */
  onRefused: (ending: Ending, problem: Problem | null) => void;
  fetch?: typeof fetch;
  random?: () => number;
}

export class Poller {
  private running: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private etag: string | null = null;
  private failures = 0;

  constructor(private readonly options: PollerOptions) {}

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
    const outcome = await this.once(run.signal);
    // Stopped meanwhile: the answer is nobody's any more.
    if (run.signal.aborted) return;
    const random = (this.options.random ?? Math.random)();
    let pause = POLL_EVERY_MS * (0.8 + 0.4 * random);
    if (outcome.ok) {
      this.failures = 0;
    } else {
      pause = Math.max(outcome.retry_after * 1_000, POLL_EVERY_MS / 2) + backoff(this.failures, random);
      this.failures += 1;
    }
    if (outcome.ok || this.failures > 1) this.options.onHealth(outcome.ok);
    if (outcome.over) return this.stop();
    this.timer = setTimeout(() => void this.ask(run), pause);
  }

  private async once(signal: AbortSignal): Promise<{ ok: boolean; over: boolean; retry_after: number }> {
    const { url, headers } = this.options.request();
    if (this.etag !== null) headers["If-None-Match"] = this.etag;
    const request = new AbortController();
    const abort = (): void => request.abort();
    const timeout = setTimeout(abort, POLL_TIMEOUT_MS);
    signal.addEventListener("abort", abort);
    try {
      const response = await (this.options.fetch ?? globalThis.fetch)(url, {
        headers: { Accept: "application/json", ...headers },
        cache: "no-store",
        signal: request.signal,
      });
      if (response.status === 304) return { ok: true, over: false, retry_after: 0 };
      if (response.ok) {
        const snapshot = (await response.json()) as Snapshot;
        if (signal.aborted) return { ok: false, over: false, retry_after: 0 };
        this.etag = response.headers.get("ETag");
        this.options.onSnapshot(snapshot);
        return { ok: true, over: false, retry_after: 0 };
      }
      const ending = endingOfStatus(response.status);
      if (ending === null) return { ok: false, over: false, retry_after: retryAfter(response) };
      const problem = await readProblem(response);
      if (!signal.aborted) this.options.onRefused(ending, problem);
      return { ok: true, over: true, retry_after: 0 };
    } catch {
      return { ok: false, over: false, retry_after: 0 };
    } finally {
      clearTimeout(timeout);
      signal.removeEventListener("abort", abort);
    }
  }
}

async function readProblem(response: Response): Promise<Problem | null> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return null;
  }
}

/** Seconds of `Retry-After`; its date form is not used by the service. */
function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get("Retry-After"));
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 600) : 0;
}
