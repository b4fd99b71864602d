/** The endpoint that is looked at: how it is, what can be done with it, and what it was told. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { WebhookCalls } from "../client/webhook-calls";
import type { WebhookEndpoint } from "../client/wire";
import { useCall } from "../track/parts/use-call";
import { AttemptsPane } from "./AttemptsPane";
import { Confirm } from "./Confirm";
import { EndpointForm } from "./EndpointForm";
import { State } from "./State";
import type { Session } from "./session";
import type { Times } from "./times";
import { useAttempts } from "./use-attempts";
import { EVENTS, type Hearable, adviceWords } from "./words";

interface DetailProps {
  endpoint: WebhookEndpoint;
  calls: WebhookCalls;
  session: Session;
  /** Whether somebody chose it: they go on here. */
  focused: boolean;
  now: number;
  times: Times;
  zone: string | null;
  onChanged: (endpoint: WebhookEndpoint) => void;
  onDeleted: () => void;
  onSecret: (secret: string) => void;
  /** It may be another than is known. */
  onStale: () => void;
}

export function Detail({ endpoint, calls, session, focused, now, times, zone, onChanged, onDeleted, onSecret, onStale }: DetailProps): JSX.Element {
  const [asking, ask] = useState<"change" | "rotate" | "delete" | null>(null);
  const { id, enabled } = endpoint;
  const followed = useAttempts(calls, id, onStale);
  const { busy, trouble, run } = useCall("This endpoint is not yours to set.");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (focused) heading.current?.focus();
  }, []);
  const close = (): void => ask(null);
  const test = (): void =>
    void run(() =>
      followed.follow(async () => {
        const { event_id } = await calls.test(id);
        return { words: "The test event is on its way. Waiting for the answer.", next: { event_id, before: null } };
      }),
    );
  const enable = (): void => void run(async () => onChanged(await calls.change(id, { enabled: true })));
  const rotate = async (): Promise<void> => {
    const changed = await calls.rotate(id);
    close();
    onChanged(changed);
    onSecret(changed.secret ?? "");
  };
  const remove = async (): Promise<void> => {
    await calls.remove(id);
    close();
    onDeleted();
  };
  const advice = adviceWords(endpoint);
  return (
    <section class="hooks__detail" aria-labelledby="endpoint">
      <h2 id="endpoint" class="hooks__url" ref={heading} tabIndex={-1}>
        {endpoint.url}
      </h2>
      <p>
        <State endpoint={endpoint} now={now} times={times} />
      </p>
      {advice && <p class="hooks__advice">{advice}</p>}
      <dl class="hooks__facts">
        {endpoint.description && <Fact name="Description">{endpoint.description}</Fact>}
        <Fact name="Hears of">{endpoint.events ? <Names events={endpoint.events as Hearable[]} /> : "Everything"}</Fact>
        <Fact name="Deliveries">{endpoint.store_id ? `Of store ${endpoint.store_id}` : "All"}</Fact>
        <Fact name="Made">{times.moment(endpoint.created_at * 1_000, now)}</Fact>
      </dl>
      <div class="actions__row" role="group" aria-label="Endpoint">
        {enabled ? (
          <button class="act act--main" type="button" aria-disabled={busy} onClick={test}>
            Send a test event
          </button>
        ) : (
          <button class="act act--main" type="button" aria-disabled={busy} onClick={enable}>
            Enable again
          </button>
        )}
        <button class="act" type="button" onClick={() => ask("change")}>
          Change
        </button>
        <button class="act" type="button" onClick={() => ask("rotate")}>
          Rotate secret
        </button>
        <button class="act act--bad" type="button" onClick={() => ask("delete")}>
          Delete
        </button>
      </div>
      <p class="part__trouble" role="alert">
        {trouble}
      </p>
      <AttemptsPane followed={followed} calls={calls} id={id} token={session.token} sends={enabled} now={now} times={times} zone={zone} />
      {asking === "change" && (
        <EndpointForm
          calls={calls}
          endpoint={endpoint}
          session={session}
          onDone={(changed) => {
            close();
            onChanged(changed);
          }}
          onClose={close}
        />
      )}
      {asking === "rotate" && (
        <Confirm title="Rotate the secret" words="Make a new secret" act={rotate} onClose={close}>
          A new secret is made and shown once. For 24 hours both sign: give the receiver the new one within that time.
        </Confirm>
      )}
      {asking === "delete" && (
        <Confirm title="Delete the endpoint" words="Delete it" bad act={remove} onClose={close}>
          Nothing is sent to {endpoint.url} any more, and what it was told cannot be sent again. To pause it, disable it instead.
        </Confirm>
      )}
    </section>
  );
}

function Fact({ name, children }: { name: string; children: JSX.Element | string }): JSX.Element {
  return (
    <div class="fact">
      <dt class="fact__name">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Names({ events }: { events: readonly Hearable[] }): JSX.Element {
  return (
    <ul class="hooks__names">
      {events.map((name) => (
        <li key={name} title={EVENTS[name]}>
          <code>{name}</code>
        </li>
      ))}
    </ul>
  );
}
