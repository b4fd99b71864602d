/** What can be done about a delivery. Each asks once more, or for a reason, in place. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Snapshot, PATH, isFinal } from "../client";
import type { Calls } from "../client/fleet-calls";
import type { FleetDelivery } from "../client/wire";
import type { Formatter } from "../track/format";
import { useCall } from "../track/parts/use-call";
import { Assign } from "./Assign";
import { Correct } from "./Correct";
import { ReasonForm } from "./ReasonForm";
import type { Session } from "./session";
import { STATUS_WORDS } from "./words";

type Doing = "assign" | "forward" | "fail" | "cancel" | "correct";

interface ActionsProps {
  delivery: FleetDelivery;
  snapshot: Snapshot | null;
  calls: Calls;
  session: Session;
  format: Formatter;
  /** Of the times that are written; null: the device's. */
  zone: string | null;
  onDone: () => void;
}

export function Actions({ delivery, snapshot, calls, session, format, zone, onDone }: ActionsProps): JSX.Element | null {
  const [doing, setDoing] = useState<Doing | null>(null);
  const [said, setSaid] = useState("");
  const { busy, trouble, run } = useCall("That is not yours to do.");
  const row = useRef<HTMLDivElement>(null);
  const { tracking_id: id, status, driver_id } = delivery;
  const { may } = session;
  useLayoutEffect(() => {
    if (doing === null) return;
    // Before the page's own Esc, which closes the whole panel: whoever opened a form goes on at its button.
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || (event.target as HTMLElement).closest("dialog, .side")) return;
      event.preventDefault();
      row.current?.querySelector<HTMLElement>('[aria-expanded="true"]')?.focus();
      setDoing(null);
    };
    addEventListener("keydown", onKeyDown, { capture: true });
    return () => removeEventListener("keydown", onKeyDown, { capture: true });
  }, [doing]);
  if (isFinal(status)) return null;

  const done = (words: string): void => {
    setDoing(null);
    setSaid(words);
    onDone();
  };
  const act = (words: string, task: () => Promise<unknown>): Promise<boolean> =>
    run(async () => {
      await task();
      done(words);
    });
  const ahead = PATH.slice(PATH.indexOf(status) + 1).filter((next) => next !== "ASSIGNED");
  const canCancel = may.cancelAfterPickup || status === "CREATED" || status === "ASSIGNED";
  const button = (kind: Doing, words: string, extra = ""): JSX.Element => (
    <button class={`act ${extra}`} type="button" aria-expanded={doing === kind} onClick={() => setDoing(doing === kind ? null : kind)}>
      {words}
    </button>
  );
  return (
    <section class="block actions" aria-label="Actions">
      <div class="actions__row" ref={row}>
        {button("assign", driver_id ? "Reassign" : "Assign", driver_id ? "" : "act--main")}
        {status === "ASSIGNED" && (
          <button class="act" type="button" aria-disabled={busy} onClick={() => void act("Unassigned.", () => calls.unassign(id))}>
            Unassign
          </button>
        )}
        {may.forward && button("forward", "Move on")}
        {button("correct", "Correct")}
        {may.forward && button("fail", "Fail", "act--bad")}
        {canCancel && button("cancel", "Cancel", "act--bad")}
      </div>
      {doing === "assign" && (
        <Assign
          delivery={delivery}
          calls={calls}
          near={may.drivers}
          busy={busy}
          format={format}
          onAssign={(driver) => void act(`Assigned to ${driver}.`, () => calls.assign(id, driver))}
        />
      )}
      {doing === "forward" && (
        <ReasonForm
          title="Move on to"
          choices={ahead.map((next) => ({ value: next, words: STATUS_WORDS[next] }))}
          hint="Why it is not the driver who says so"
          submit="Move on"
          busy={busy}
          onSubmit={(reason, next) => void act("Done.", () => calls.status({ tracking_id: id, status: next as FleetDelivery["status"], reason }))}
        />
      )}
      {doing === "fail" && (
        <ReasonForm title="Why it failed" submit="Fail this delivery" bad busy={busy} onSubmit={(reason) => void act("Failed.", () => calls.status({ tracking_id: id, status: "FAILED", reason }))} />
      )}
      {doing === "cancel" && (
        <ReasonForm title="Why it is cancelled" submit="Cancel this delivery" bad busy={busy} onSubmit={(reason) => void act("Cancelled.", () => calls.cancel(id, reason))} />
      )}
      {doing === "correct" && (
        <Correct delivery={delivery} snapshot={snapshot} zone={zone} busy={busy} onCorrect={(correction) => void act("Corrected.", () => calls.correct(id, correction))} />
      )}
      <p class="part__trouble" role="alert">
        {trouble}
      </p>
      <p class="part__said" role="status">
        {said}
      </p>
    </section>
  );
}
