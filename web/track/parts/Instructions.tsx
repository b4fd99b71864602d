/** What the customer tells the driver on the way. */
import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { instruct } from "../../client/calls";
import type { Viewer } from "../viewer";
import { useCall } from "./use-call";

/** As the service takes it. */
const INSTRUCTIONS_MAX = 1_000;

export function Instructions({ viewer, known }: { viewer: Viewer; known: string }): JSX.Element {
  // What was saved holds until the service tells it, or something newer.
  const [kept, setKept] = useState(known);
  const [text, setText] = useState(known);
  const [saved, setSaved] = useState(false);
  const { busy, trouble, run, say } = useCall("Only who ordered it can tell the driver something.");
  const id = useId();
  const changed = text.trim() !== kept;
  useEffect(() => {
    setKept(known);
    // What somebody is writing is not overwritten.
    if (!changed) setText(known);
  }, [known]);
  const write = (next: string): void => {
    setText(next);
    setSaved(false);
    say(null);
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!changed) return;
    void run(async () => {
      await instruct(viewer, text);
      setKept(text.trim());
      setSaved(true);
    });
  };
  return (
    <section class="card">
      <form class="part" onSubmit={submit}>
        <label class="part__field card__title" htmlFor={id}>
          Instructions for the driver
        </label>
        <textarea
          id={id}
          rows={3}
          maxLength={INSTRUCTIONS_MAX}
          value={text}
          readOnly={busy}
          aria-describedby={`${id}-count`}
          placeholder="The gate, the floor, where to ring"
          onInput={(event) => write(event.currentTarget.value)}
        />
        <p class="part__count" id={`${id}-count`}>
          {text.length} of {INSTRUCTIONS_MAX.toLocaleString("en")} characters
        </p>
        <p class="part__trouble" role="alert">
          {trouble}
        </p>
        <div class="part__actions">
          <button class="button" type="submit" aria-disabled={busy || !changed}>
            {busy ? "Saving" : "Save"}
          </button>
          <p class="part__said" role="status">
            {saved && (kept === "" ? "Taken away." : "Saved. The driver sees it.")}
          </p>
        </div>
      </form>
    </section>
  );
}
