/** Sends again all of a span of time that was not taken. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { fromLocal, toLocal, zoneWords } from "../fleet/local-time";

const DAY_S = 86_400;

interface SpanProps {
  /** Of the times that are written; null: the device's. */
  zone: string | null;
  busy: boolean;
  /** In Unix seconds. */
  onSend: (from: number, to: number) => void;
}

export function Span({ zone, busy, onSend }: SpanProps): JSX.Element {
  // To the minute, and so that what was just told is in it.
  const [end, setEnd] = useState(minuteAfter);
  const [trouble, say] = useState<string | null>(null);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const read = (name: string): number | null => fromLocal(String(fields.get(name) ?? ""), zone);
    const [from, to] = [read("from"), read("to")];
    if (from === null || to === null) return say("Write both times.");
    if (to < from) return say("The end must not be before the beginning.");
    say(null);
    if (!busy) onSend(from, to);
  };
  return (
    <details class="span" onToggle={(event) => event.currentTarget.open && setEnd(minuteAfter())}>
      <summary>Send again what was not taken</summary>
      <form key={end} class="form" onSubmit={submit} noValidate>
        <p class="block__note">All events of that time that it has not taken, up to 500 at once. Their ids stay the same.</p>
        <div class="form__pair">
          <label class="field">
            From, {zoneWords(zone)}
            <input name="from" type="datetime-local" required defaultValue={toLocal(end - DAY_S, zone)} />
          </label>
          <label class="field">
            To, {zoneWords(zone)}
            <input name="to" type="datetime-local" required defaultValue={toLocal(end, zone)} />
          </label>
        </div>
        <p class="part__trouble" role="alert">
          {trouble}
        </p>
        <button class="act" type="submit" aria-disabled={busy}>
          Redeliver all of them
        </button>
      </form>
    </details>
  );
}

function minuteAfter(): number {
  return Math.ceil(Date.now() / 60_000) * 60;
}
