/** A delivery that could not be made, and why. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Job } from "../client/driver-wire";
import { Sheet } from "./Sheet";
import type { Work } from "./use-driver";
import { FAILURES } from "./words";

const OTHER = "Another reason";

export function Failure({ work, job, onClose }: { work: Work; job: Job; onClose: () => void }): JSX.Element {
  const [reason, setReason] = useState<string | null>(null);
  const [other, setOther] = useState("");
  const said = reason === OTHER ? other.trim() : reason;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!said) return;
    onClose();
    void work.driver.setStatus(job.tracking_id, "FAILED", said);
  };
  return (
    <Sheet title="Why could it not be delivered?" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <fieldset class="stack choices">
          <legend class="visually-hidden">Reason</legend>
          {[...FAILURES, OTHER].map((words) => (
            <label class="choice" key={words}>
              <input type="radio" name="reason" checked={reason === words} onChange={() => setReason(words)} />
              {words}
            </label>
          ))}
        </fieldset>
        {reason === OTHER && (
          <label class="field">
            In your words
            <input value={other} maxLength={200} required onInput={(event) => setOther(event.currentTarget.value)} />
          </label>
        )}
        <button class="big big--bad" type="submit" disabled={!said}>
          Not delivered
        </button>
      </form>
    </Sheet>
  );
}
