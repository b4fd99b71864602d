/** A new endpoint, or another address, other events and the like for one that is. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { WebhookCalls } from "../client/webhook-calls";
import type { WebhookEndpoint } from "../client/wire";
import { Modal } from "../fleet/Modal";
import { useCall } from "../track/parts/use-call";
import { DESCRIPTION_MAX, type Draft, STORE_MAX, URL_MAX, changeOf, draftOf, mistakeOf, requestOf, toggled } from "./form";
import type { Session } from "./session";
import { EVENTS, NAMES } from "./words";

interface EndpointFormProps {
  calls: WebhookCalls;
  /** Null: a new one. */
  endpoint: WebhookEndpoint | null;
  session: Session;
  onDone: (endpoint: WebhookEndpoint) => void;
  onClose: () => void;
}

export function EndpointForm({ calls, endpoint, session, onDone, onClose }: EndpointFormProps): JSX.Element {
  const [draft, setDraft] = useState(() => draftOf(endpoint, session.store_id));
  const [mistake, setMistake] = useState<ReturnType<typeof mistakeOf>>(null);
  const { busy, trouble, run } = useCall("This endpoint is not yours to set.");
  const form = useRef<HTMLFormElement>(null);
  const set = (fields: Partial<Draft>): void => {
    setMistake(null);
    setDraft({ ...draft, ...fields });
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const found = mistakeOf(draft);
    setMistake(found);
    if (found) {
      form.current?.querySelector<HTMLElement>(found.field === "url" ? "[name=url]" : "[name=heard]:checked")?.focus();
      return;
    }
    void run(async () => {
      const change = endpoint && changeOf(draft, endpoint);
      if (endpoint && !change) return onClose();
      onDone(endpoint && change ? await calls.change(endpoint.id, change) : await calls.make(requestOf(draft)));
    });
  };
  return (
    <Modal title={endpoint ? "Change the endpoint" : "Add an endpoint"} onClose={onClose}>
      <form class="form" ref={form} onSubmit={submit} noValidate>
        <label class="field">
          Address
          <input
            name="url"
            type="url"
            inputMode="url"
            required
            maxLength={URL_MAX}
            autocomplete="off"
            spellcheck={false}
            placeholder="https://shop.example.com/onway"
            aria-invalid={mistake?.field === "url"}
            value={draft.url}
            onInput={(event) => set({ url: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          Description (optional)
          <input maxLength={DESCRIPTION_MAX} autocomplete="off" placeholder="What it is for" value={draft.description} onInput={(event) => set({ description: event.currentTarget.value })} />
        </label>
        {endpoint === null && session.role === "admin" && (
          <label class="field">
            Store (empty: deliveries of all)
            <input maxLength={STORE_MAX} autocomplete="off" spellcheck={false} value={draft.store_id} onInput={(event) => set({ store_id: event.currentTarget.value })} />
          </label>
        )}
        <Events draft={draft} wrong={mistake?.field === "events"} onChange={set} />
        <label class="pick-one">
          <input type="checkbox" checked={draft.enabled} onChange={(event) => set({ enabled: event.currentTarget.checked })} />
          <span>Enabled</span>
        </label>
        <p class="part__trouble" role="alert">
          {mistake?.words ?? trouble}
        </p>
        <button class="act act--main" type="submit" aria-disabled={busy}>
          {busy ? "Saving" : endpoint ? "Save" : "Add endpoint"}
        </button>
      </form>
    </Modal>
  );
}

function Events({ draft, wrong, onChange }: { draft: Draft; wrong: boolean; onChange: (fields: Partial<Draft>) => void }): JSX.Element {
  return (
    <fieldset class="hears" aria-invalid={wrong}>
      <legend>What it hears of</legend>
      <label class="pick-one">
        <input type="radio" name="heard" checked={draft.everything} onChange={() => onChange({ everything: true })} />
        <span>Everything, also what is added later</span>
      </label>
      <label class="pick-one">
        <input type="radio" name="heard" checked={!draft.everything} onChange={() => onChange({ everything: false })} />
        <span>These events</span>
      </label>
      {!draft.everything && (
        <div class="hears__events" role="group" aria-label="Events">
          {NAMES.map((name) => (
            <label key={name} class="pick-one">
              <input type="checkbox" checked={draft.events.includes(name)} onChange={(event) => onChange({ events: toggled(draft.events, name, event.currentTarget.checked) })} />
              <code>{name}</code>
              <span class="hears__words">{EVENTS[name]}</span>
            </label>
          ))}
        </div>
      )}
    </fieldset>
  );
}
