/** A reason, without which some things are not done. */
import type { JSX } from "preact";
import { useFirstField } from "./use-first-field";

/** As the service takes it. */
const REASON_MAX = 200;

interface ReasonFormProps {
  title: string;
  choices?: readonly { value: string; words: string }[];
  hint?: string;
  submit: string;
  bad?: boolean;
  busy: boolean;
  onSubmit: (reason: string, choice: string) => void;
}

export function ReasonForm({ title, choices = [], hint, submit, bad, busy, onSubmit }: ReasonFormProps): JSX.Element {
  const form = useFirstField();
  const onForm = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const reason = String(fields.get("reason") ?? "").trim();
    if (reason !== "" && !busy) onSubmit(reason, String(fields.get("choice") ?? ""));
  };
  return (
    <form class="form form--card" ref={form} onSubmit={onForm}>
      {choices.length > 0 && (
        <label class="field">
          {title}
          <select name="choice">
            {choices.map(({ value, words }) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="field">
        {choices.length > 0 ? (hint ?? "Reason") : title}
        <input name="reason" required maxLength={REASON_MAX} autocomplete="off" autofocus />
      </label>
      <button class={`act ${bad ? "act--bad-main" : "act--main"}`} type="submit" aria-disabled={busy}>
        {submit}
      </button>
    </form>
  );
}
