/** `/drive/connect`: tracker apps that report in the background, where no web page can. */
import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { Refusal } from "../client/http";
import { Formatter } from "../track/format";
import { Brand } from "../track/icons";
import { type DeviceKey, type NewKey, createKey, listKeys, revokeKey } from "./device-keys";
import { Glyph } from "./glyphs";
import type { Session } from "./session";
import { SetupCard } from "./SetupCard";
import { Sheet } from "./Sheet";

/** As long as the service takes it. */
const LABEL_MAX = 64;

export function Connect({ session, onExpired }: { session: Session; onExpired: () => void }): JSX.Element {
  const [keys, setKeys] = useState<DeviceKey[] | null>(null);
  const [made, setMade] = useState<NewKey | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [revoking, setRevoking] = useState<DeviceKey | null>(null);
  const format = useMemo(() => new Formatter(null, null), []);

  const attempt = useCallback(
    async (work: () => Promise<void>): Promise<void> => {
      try {
        setTrouble(null);
        await work();
      } catch (error) {
        if (error instanceof Refusal && error.status === 401) onExpired();
        else setTrouble(error instanceof Refusal && error.message ? error.message : "No connection. Try again in a moment.");
      }
    },
    [onExpired],
  );
  const load = useCallback(async () => setKeys(await listKeys(session)), [session]);
  useEffect(() => void attempt(load), [attempt, load]);

  const create = (label: string): void =>
    void attempt(async () => {
      setMade(await createKey(session, label));
      await load();
    });
  const revoke = ({ key_id }: DeviceKey): void =>
    void attempt(async () => {
      await revokeKey(session, key_id);
      if (made?.key_id === key_id) setMade(null);
      await load();
    });

  return (
    <main class="drive">
      <header class="top">
        <a class="big big--plain top__more" href="/drive">
          <Glyph name="back" />
          Deliveries
        </a>
        <Brand />
      </header>
      <h1 class="title">Connect a tracker app</h1>
      <p class="lead">
        This page pauses when it is not on the screen. A tracker app reports your position in the background, also while the
        phone is in your pocket.
      </p>
      <p role="alert" class={trouble ? "note note--bad" : "visually-hidden"}>
        {trouble}
      </p>
      {trouble && keys === null && (
        <button class="big" type="button" onClick={() => void attempt(load)}>
          Try again
        </button>
      )}
      {made && <Made made={made} />}
      <NewKeyForm onCreate={create} />
      <section class="stack" aria-labelledby="keys">
        <h2 class="heading" id="keys">
          Connected apps
        </h2>
        {keys === null && !trouble && <p class="empty">Loading…</p>}
        {keys?.length === 0 && <p class="empty">No app is connected.</p>}
        <ul class="stack">
          {keys?.map((key) => (
            <li class="panel key" key={key.key_id}>
              <span>
                <strong>{key.label}</strong>
                <br />
                {key.last_used_at ? `Last used ${format.moment(key.last_used_at * 1_000, Date.now())}` : "Not used yet"}
              </span>
              <button class="big big--plain" type="button" aria-label={`Disconnect ${key.label}`} onClick={() => setRevoking(key)}>
                Disconnect
              </button>
            </li>
          ))}
        </ul>
      </section>
      {revoking && (
        <Sheet title={`Disconnect ${revoking.label}?`} onClose={() => setRevoking(null)}>
          <p>The app on that phone can no longer report. This cannot be taken back.</p>
          <button
            class="big big--bad"
            type="button"
            onClick={() => {
              revoke(revoking);
              setRevoking(null);
            }}
          >
            Disconnect
          </button>
        </Sheet>
      )}
    </main>
  );
}

function Made({ made }: { made: NewKey }): JSX.Element {
  return (
    <section class="stack" aria-labelledby="made" aria-live="polite">
      <h2 class="heading" id="made">
        Set up one of these apps
      </h2>
      <p class="note note--warn">This is shown once. When you leave the page, make a new key instead.</p>
      {made.setup.map((setup) => (
        <SetupCard key={`${setup.protocol} ${setup.app}`} setup={setup} />
      ))}
    </section>
  );
}

function NewKeyForm({ onCreate }: { onCreate: (label: string) => void }): JSX.Element {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const label = String(new FormData(form).get("label") ?? "").trim();
    if (label === "") return;
    onCreate(label);
    form.reset();
  };
  return (
    <form class="panel stack" onSubmit={submit}>
      <label class="field">
        Name of the phone
        <input name="label" maxLength={LABEL_MAX} required placeholder="My phone" autocomplete="off" />
      </label>
      <button class="big" type="submit">
        Connect
      </button>
    </form>
  );
}
