/** The page of a customer's own deliveries. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { Formatter } from "../track/format";
import { Brand, Icon } from "../track/icons";
import { OWN, dropToken } from "../track/token";
import type { OwnState } from "./own";
import { Row } from "./Row";
import { useOwn } from "./use-own";
import { type RowView, countWords, rowOf } from "./view";

/** Why there is no list, and how one gets in. */
const REFUSALS = {
  none: ["Open the link that the shop sent you", "Your deliveries are private: the link in the shop's message opens this page for you."],
  401: ["Your access has run out", "Open the link that the shop sent you again to see your deliveries."],
  403: ["This is not a customer's link", "Only customers have a list of their own deliveries. Open the link that the shop sent you."],
} as const;

export function App({ token }: { token: string | null }): JSX.Element {
  return (
    <div class="own">
      <header class="own__bar">
        <Brand />
      </header>
      <main class="own__main">{token === null ? <Refused why="none" /> : <List token={token} />}</main>
    </div>
  );
}

function List({ token }: { token: string }): JSX.Element {
  const { state, now, own } = useOwn(token);
  const format = useMemo(() => new Formatter(null, null), []);
  const refused = state.phase === "refused";
  useEffect(() => {
    if (refused) dropToken(OWN);
  }, [refused]);
  const more = useMore(state);
  if (refused) return <Refused why={state.status === 403 ? 403 : 401} />;

  const rows = state.deliveries.map((delivery) => rowOf(delivery, now, format));
  const [active, past] = [rows.filter((row) => row.active), rows.filter((row) => !row.active)];
  return (
    <>
      <h1 class="own__title">Your deliveries</h1>
      <Trouble state={state} onRetry={() => void own.refresh()} />
      {state.phase === "loading" && state.trouble === null && <Waiting />}
      {state.phase === "ready" && rows.length === 0 && <Empty />}
      <div ref={more.list}>
        <Section title="Active" rows={active} token={token} />
        <Section title="Past" rows={past} token={token} />
      </div>
      {state.more && (
        <button class="button button--soft" type="button" aria-disabled={state.busy} onClick={() => void more.load(() => own.more())}>
          More
        </button>
      )}
      <p class="visually-hidden" role="status">
        {state.phase === "ready" && countWords(active.length, past.length, state.more)}
      </p>
    </>
  );
}

function Section({ title, rows, token }: { title: string; rows: readonly RowView[]; token: string }): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <section class="own__section" aria-label={`${title} deliveries`}>
      <h2 class="own__heading">{title}</h2>
      <ul class="own__list">
        {rows.map((row) => (
          <Row key={row.id} row={row} token={token} />
        ))}
      </ul>
    </section>
  );
}

/** Whoever asked for more by keyboard goes on at the first that came. */
function useMore(state: OwnState): { list: { current: HTMLDivElement | null }; load: (more: () => Promise<void>) => Promise<void> } {
  const list = useRef<HTMLDivElement>(null);
  const known = useRef<Set<string> | null>(null);
  useEffect(() => {
    if (known.current === null || state.busy) return;
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("[data-id]") ?? [])];
    rows.find((row) => !known.current?.has(row.dataset["id"] ?? ""))?.focus();
    known.current = null;
  }, [state.busy]);
  const load = (more: () => Promise<void>): Promise<void> => {
    if (state.busy) return Promise.resolve();
    known.current = new Set(state.deliveries.map(({ tracking_id }) => tracking_id));
    return more();
  };
  return { list, load };
}

function Trouble({ state, onRetry }: { state: OwnState; onRetry: () => void }): JSX.Element {
  const known = state.deliveries.length > 0;
  const words = {
    offline: known ? "No connection. This is what was last known; it goes on by itself when you are back." : "No connection.",
    unavailable: `The service cannot be reached at the moment.${known ? " This is what was last known." : ""}`,
  };
  return (
    <div role="alert">
      {state.trouble && (
        <div class="own__notice">
          <Icon name="signal" />
          <p>{words[state.trouble]}</p>
          <button class="own__retry" type="button" aria-disabled={state.busy} onClick={onRetry}>
            Try again
          </button>
        </div>
      )}
    </div>
  );
}

function Empty(): JSX.Element {
  return (
    <Card icon="store" title="No deliveries yet">
      A delivery appears here a few seconds after the shop has started it.
    </Card>
  );
}

function Refused({ why }: { why: keyof typeof REFUSALS }): JSX.Element {
  const [title, words] = REFUSALS[why];
  return (
    <Card icon="lock" title={title} heading>
      {words}
    </Card>
  );
}

interface CardProps {
  icon: "lock" | "store";
  title: string;
  /** Whether its title is that of the page. */
  heading?: boolean;
  children: ComponentChildren;
}

function Card({ icon, title, heading, children }: CardProps): JSX.Element {
  const Title = heading ? "h1" : "h2";
  return (
    <section class="own__card">
      <span class="own__seal">
        <Icon name={icon} />
      </span>
      <Title class="own__subtitle">{title}</Title>
      <p>{children}</p>
    </section>
  );
}

/** The shape of what is to come. */
function Waiting(): JSX.Element {
  return (
    <div role="img" aria-label="Loading your deliveries">
      <div class="own__waiting" />
      <div class="own__waiting" />
      <div class="own__waiting" />
    </div>
  );
}
