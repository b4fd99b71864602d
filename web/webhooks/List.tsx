/** The endpoints, each with what it hears of and how it is. */
import type { JSX } from "preact";
import { ORDER_SERVICE } from "../client/webhook-calls";
import type { WebhookEndpoint } from "../client/wire";
import { TroubleNotice } from "./TroubleNotice";
import { State } from "./State";
import type { EndpointsState } from "./endpoints";
import type { Times } from "./times";
import { eventsWords, storeWords } from "./words";

interface ListProps {
  state: EndpointsState;
  /** Whether the order service stands among them. */
  orders: boolean;
  selected: string | null;
  now: number;
  times: Times;
  onSelect: (id: string) => void;
  onAdd: () => void;
  onRetry: () => void;
}

export function List({ state, orders, selected, now, times, onSelect, onAdd, onRetry }: ListProps): JSX.Element {
  const { phase, endpoints, busy, trouble } = state;
  const item = (id: string, inside: JSX.Element): JSX.Element => (
    <li key={id}>
      <button class="hook" type="button" aria-current={selected === id ? "true" : undefined} onClick={() => onSelect(id)}>
        {inside}
      </button>
    </li>
  );
  return (
    <>
      <TroubleNotice trouble={trouble} known={phase === "ready"} busy={busy} onRetry={onRetry} />
      {phase === "loading" && trouble === null && (
        <div role="img" aria-label="Loading endpoints">
          <div class="item-waiting" />
          <div class="item-waiting" />
          <div class="item-waiting" />
        </div>
      )}
      {phase === "ready" && endpoints.length === 0 && <Empty onAdd={onAdd} />}
      <ul class="hooks__list">
        {endpoints.map((endpoint) => item(endpoint.id, <Entry endpoint={endpoint} now={now} times={times} />))}
        {phase === "ready" &&
          orders &&
          item(
            ORDER_SERVICE,
            <>
              <span class="hook__url">Order service</span>
              <span class="hook__facts">Hears of statuses, where ORDER_SERVICE_URL is set.</span>
            </>,
          )}
      </ul>
    </>
  );
}

function Entry({ endpoint, now, times }: { endpoint: WebhookEndpoint; now: number; times: Times }): JSX.Element {
  return (
    <>
      <span class="hook__url">{endpoint.url}</span>
      {endpoint.description && <span class="hook__description">{endpoint.description}</span>}
      <span class="hook__facts">
        {eventsWords(endpoint.events)} · {storeWords(endpoint.store_id)}
      </span>
      <State endpoint={endpoint} now={now} times={times} />
    </>
  );
}

function Empty({ onAdd }: { onAdd: () => void }): JSX.Element {
  return (
    <div class="hooks__empty">
      <h3>No webhooks yet</h3>
      <p>
        A webhook tells another system of deliveries as they happen: Onway sends each event, signed, to an address of yours, and tries
        again for a day where nobody takes it.
      </p>
      <ol>
        <li>Put a receiver on the web that answers POST requests with 2xx.</li>
        <li>Add its address here, and choose what it hears of.</li>
        <li>Give it the secret that is shown then, and send a test event.</li>
      </ol>
      <button class="act act--main" type="button" onClick={onAdd}>
        Add the first endpoint
      </button>
    </div>
  );
}
