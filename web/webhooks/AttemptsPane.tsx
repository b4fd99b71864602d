/** What an endpoint was told, attempt by attempt, and telling it again. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { AttemptFilter, WebhookCalls } from "../client/webhook-calls";
import { useCall } from "../track/parts/use-call";
import { AttemptTable } from "./AttemptTable";
import { Span } from "./Span";
import { TroubleNotice } from "./TroubleNotice";
import { ALL, type AttemptsState } from "./attempts";
import type { Times } from "./times";
import type { Followed } from "./use-attempts";
import { attemptOf, countWords, redeliveredWords } from "./words";

interface AttemptsPaneProps {
  followed: Followed;
  calls: WebhookCalls;
  id: string;
  token: string;
  /** Whether anything is sent to it. */
  sends: boolean;
  now: number;
  times: Times;
  zone: string | null;
}

export function AttemptsPane({ followed, calls, id, token, sends, now, times, zone }: AttemptsPaneProps): JSX.Element {
  const { attempts, said, follow } = followed;
  const { busy, trouble, run } = useCall("This endpoint is not yours to send to.");
  const { state } = attempts;
  const title = useRef<HTMLHeadingElement>(null);
  const more = useMore(state);
  const again = (event_id: string): void =>
    void run(() =>
      follow(async () => {
        const before = await attempts.newest(event_id);
        await calls.redeliver(id, { event_id });
        return { words: "The event is on its way again. Waiting for the answer.", next: { event_id, before } };
      }),
    );
  const span = (from: number, to: number): void =>
    void run(() =>
      follow(async () => {
        const before = await attempts.newest(null);
        const redelivered = await calls.redeliver(id, { from, to });
        return { words: redeliveredWords(redelivered), ...(redelivered.count > 0 && { next: { event_id: null, before } }) };
      }),
    );
  const choose = (filter: AttemptFilter): void => void attempts.choose(filter);
  const only = (event_id: string): void => {
    choose({ outcome: null, event_id });
    title.current?.focus();
  };
  const rows = state.attempts.map((attempt) => attemptOf(attempt, now, times));
  return (
    <section class="tries" aria-labelledby="attempts">
      <div class="hooks__head">
        <h3 id="attempts" ref={title} tabIndex={-1}>
          Attempts
        </h3>
        <button class="act" type="button" aria-disabled={state.busy} onClick={() => void attempts.refresh()}>
          Refresh
        </button>
      </div>
      <Filter key={state.filter.event_id} filter={state.filter} onFilter={choose} />
      {sends && <Span zone={zone} busy={busy} onSend={span} />}
      <p class="part__trouble" role="alert">
        {trouble}
      </p>
      <p class="part__said tries__said" role="status">
        {said}
      </p>
      <TroubleNotice trouble={state.trouble} known={state.phase === "ready"} busy={state.busy} onRetry={() => void attempts.refresh()} />
      {state.phase === "loading" && state.trouble === null && <div class="item-waiting item-waiting--large" role="img" aria-label="Loading attempts" />}
      {state.phase === "ready" && rows.length === 0 && <p class="hooks__none">{nothingWords(state.filter)}</p>}
      {rows.length > 0 && <AttemptTable element={more.list} rows={rows} token={token} busy={busy} onOnly={only} onAgain={sends ? again : null} />}
      {state.more && (
        <button class="act" type="button" aria-disabled={state.busy} onClick={() => void more.load(() => attempts.more())}>
          More
        </button>
      )}
      <p class="visually-hidden" role="status">
        {state.phase === "ready" && countWords(rows.length, state.more)}
      </p>
    </section>
  );
}

function nothingWords({ outcome, event_id }: AttemptFilter): string {
  if (outcome === null && event_id === null) return "Nothing was sent to it yet. A test event shows whether it listens.";
  return "No attempt fits the filter. Attempts are kept for a while, not for ever.";
}

function Filter({ filter, onFilter }: { filter: AttemptFilter; onFilter: (filter: AttemptFilter) => void }): JSX.Element {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const event_id = String(new FormData(event.currentTarget as HTMLFormElement).get("event_id") ?? "").trim() || null;
    if (event_id !== filter.event_id) onFilter({ ...filter, event_id });
  };
  return (
    <form class="tries__filter" role="search" aria-label="Attempts" onSubmit={submit}>
      <label class="field">
        Outcome
        <select
          value={filter.outcome ?? ""}
          onChange={({ currentTarget: { value } }) => onFilter({ ...filter, outcome: value === "failed" || value === "delivered" ? value : null })}
        >
          <option value="">All</option>
          <option value="failed">Not taken</option>
          <option value="delivered">Taken</option>
        </select>
      </label>
      <label class="field tries__event">
        Event id
        <input name="event_id" maxLength={64} autocomplete="off" spellcheck={false} placeholder="evt_…" defaultValue={filter.event_id ?? ""} />
      </label>
      <button class="act" type="submit">
        Find
      </button>
      {(filter.outcome !== null || filter.event_id !== null) && (
        <button class="act act--bare" type="button" onClick={() => onFilter(ALL)}>
          Show all
        </button>
      )}
    </form>
  );
}

/** Whoever asked for more by keyboard goes on at the first that came. */
function useMore(state: AttemptsState): { list: { current: HTMLTableSectionElement | null }; load: (more: () => Promise<void>) => Promise<void> } {
  const list = useRef<HTMLTableSectionElement>(null);
  const known = useRef<number | null>(null);
  useEffect(() => {
    if (known.current === null || state.busy) return;
    list.current?.querySelectorAll<HTMLElement>("tr")[known.current]?.focus();
    known.current = null;
  }, [state.busy]);
  const load = (more: () => Promise<void>): Promise<void> => {
    if (state.busy) return Promise.resolve();
    known.current = state.attempts.length;
    return more();
  };
  return { list, load };
}
