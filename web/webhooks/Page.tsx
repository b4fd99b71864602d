/** Somebody is signed in: the endpoints, and the one that is looked at. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ORDER_SERVICE, WebhookCalls } from "../client/webhook-calls";
import type { WebhookEndpoint } from "../client/wire";
import { Glyph } from "../fleet/icons";
import { zoneOf } from "../fleet/local-time";
import { addressOf } from "../fleet/session";
import { Brand } from "../track/icons";
import type { PageConfig } from "../track/page-data";
import { Detail } from "./Detail";
import { EndpointForm } from "./EndpointForm";
import { List } from "./List";
import { OrderService } from "./OrderService";
import { Secret } from "./Secret";
import { Endpoints, type EndpointsState } from "./endpoints";
import { alarmWords } from "./health";
import type { Session } from "./session";
import { Times } from "./times";
import { refusalWords } from "./trouble";
import { useRepeat } from "./use-repeat";

interface PageProps {
  session: Session;
  config: PageConfig;
  onLeave: (why: string | null) => void;
}

export function Page({ session, config, onLeave }: PageProps): JSX.Element {
  const { token, role, store_id } = session;
  const calls = useMemo(() => new WebhookCalls(token), [token]);
  const times = useMemo(() => new Times(config.locale, config.timezone), [config]);
  const zone = useMemo(() => zoneOf(config.timezone), [config]);
  const [, draw] = useState<EndpointsState | null>(null);
  const known = useMemo(() => new Endpoints(calls, store_id, draw), [calls, store_id]);
  const [selected, select] = useState(() => new URLSearchParams(location.search).get("endpoint"));
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const [said, setSaid] = useState("");
  const [deleted, setDeleted] = useState(0);
  const title = useRef<HTMLHeadingElement>(null);
  /** Whether what is looked at was chosen here, and not by the address. */
  const chosen = useRef(false);
  useRepeat(() => void known.refresh(), known);

  const { phase, endpoints, trouble } = known.state;
  const refused = trouble?.refused ?? null;
  useEffect(() => {
    if (refused !== null) onLeave(refusalWords(refused));
  }, [refused]);
  const alarm = alarmWords(endpoints);
  useEffect(() => {
    document.title = `${alarm === null ? "" : `(${alarm}) `}Webhooks – Onway`;
  }, [alarm]);

  // Once the question is off the page: behind it nothing takes the focus.
  useEffect(() => {
    if (deleted > 0) title.current?.focus();
  }, [deleted]);

  const choose = (id: string | null): void => {
    chosen.current = true;
    select(id);
    setSaid("");
    remember(id);
  };
  const onMade = (made: WebhookEndpoint): void => {
    setAdding(false);
    known.put(made);
    choose(made.id);
    setSecret(made.secret ?? null);
  };
  const onDeleted = (id: string): void => {
    known.drop(id);
    choose(null);
    setSaid("The endpoint is deleted.");
    setDeleted((count) => count + 1);
  };
  const now = Date.now();
  const hasOrders = role === "admin" && store_id === null;
  const endpoint = endpoints.find(({ id }) => id === selected);
  return (
    <div class="hooks">
      <header class="top">
        <Brand />
        <h1 class="top__title">Webhooks{store_id !== null && ` of store ${store_id}`}</h1>
        <span class="top__space" />
        <a class="act act--bare" href={addressOf(role === "admin" && store_id === null ? "/dispatch" : "/store", token, store_id)}>
          {role === "admin" && store_id === null ? "Dispatch" : "Store"}
        </a>
        <button class="act act--bare" type="button" aria-label="Sign out" title="Sign out" onClick={() => onLeave(null)}>
          <Glyph name="leave" />
        </button>
      </header>
      <main class="hooks__main">
        <section class="hooks__side" aria-labelledby="endpoints">
          <div class="hooks__head">
            <h2 id="endpoints" ref={title} tabIndex={-1}>
              Endpoints
            </h2>
            <button class="act act--main" type="button" onClick={() => setAdding(true)}>
              <Glyph name="plus" /> Add endpoint
            </button>
          </div>
          <List state={known.state} orders={hasOrders} selected={selected} now={now} times={times} onSelect={choose} onAdd={() => setAdding(true)} onRetry={() => void known.refresh()} />
        </section>
        {endpoint && (
          <Detail
            key={endpoint.id}
            endpoint={endpoint}
            calls={calls}
            session={session}
            focused={chosen.current}
            now={now}
            times={times}
            zone={zone}
            onChanged={(changed) => known.put(changed)}
            onDeleted={() => onDeleted(endpoint.id)}
            onSecret={setSecret}
            onStale={() => void known.refresh()}
          />
        )}
        {hasOrders && selected === ORDER_SERVICE && <OrderService calls={calls} session={session} focused={chosen.current} now={now} times={times} zone={zone} />}
        {phase === "ready" && selected !== null && !endpoint && !(hasOrders && selected === ORDER_SERVICE) && <p class="hooks__none">There is no such endpoint any more.</p>}
      </main>
      {adding && <EndpointForm calls={calls} endpoint={null} session={session} onDone={onMade} onClose={() => setAdding(false)} />}
      {secret !== null && <Secret secret={secret} onClose={() => setSecret(null)} />}
      <p class="visually-hidden" role="status">
        {said || (phase === "ready" ? `${endpoints.length === 1 ? "1 endpoint" : `${endpoints.length} endpoints`}${alarm === null ? "" : `, ${alarm}`}.` : "")}
      </p>
    </div>
  );
}

/** What is looked at is in the address, so that it can be sent to somebody. */
function remember(id: string | null): void {
  const url = new URL(location.href);
  if (id === null) url.searchParams.delete("endpoint");
  else url.searchParams.set("endpoint", id);
  history.replaceState(history.state, "", url);
}
