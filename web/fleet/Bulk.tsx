/** The same status for all that are marked, with what became of each. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type Calls, MAX_BATCH } from "../client/fleet-calls";
import type { BatchResult, FleetDelivery, Status } from "../client/wire";
import { useCall } from "../track/parts/use-call";
import { Modal } from "./Modal";
import { ReasonForm } from "./ReasonForm";
import type { Abilities } from "./session";
import type { Ranked } from "./urgency";
import { STATUS_WORDS } from "./words";

interface BulkProps {
  calls: Calls;
  may: Abilities;
  checked: ReadonlySet<string>;
  known: ReadonlyMap<string, FleetDelivery>;
  /** What is shown: all of it can be marked. */
  rows: readonly Ranked[];
  onChecked: (checked: ReadonlySet<string>) => void;
}

const FORWARD: readonly Status[] = ["PICKED_UP", "IN_TRANSIT", "DELIVERED", "FAILED", "CANCELLED"];

export function Bulk({ calls, may, checked, known, rows, onChecked }: BulkProps): JSX.Element {
  const [asking, setAsking] = useState(false);
  const [results, setResults] = useState<readonly BatchResult[] | null>(null);
  const { busy, trouble, run } = useCall("That is not yours to do.");
  const ids = [...checked].slice(0, MAX_BATCH);
  const send = (reason: string, status: string): void =>
    void run(async () => {
      const found = await calls.statuses(ids.map((tracking_id) => ({ tracking_id, status: status as Status, reason })));
      setAsking(false);
      setResults(found);
      const left = found.flatMap(({ ok, tracking_id }) => (ok || !tracking_id ? [] : [tracking_id]));
      onChecked(new Set([...left, ...[...checked].slice(MAX_BATCH)]));
    });
  const statuses = may.forward ? FORWARD : FORWARD.slice(-1);
  return (
    <>
      {checked.size > 0 && (
        <div class="bulk" role="group" aria-label="All that are marked">
          <strong>{checked.size} marked</strong>
          <button class="act act--bare" type="button" onClick={() => onChecked(new Set(rows.slice(0, MAX_BATCH).map(({ delivery }) => delivery.tracking_id)))}>
            Mark {Math.min(rows.length, MAX_BATCH)}
          </button>
          <button class="act act--bare" type="button" onClick={() => onChecked(new Set())}>
            Unmark
          </button>
          <button class="act act--main" type="button" onClick={() => setAsking(true)}>
            Set status
          </button>
        </div>
      )}
      {asking && (
        <Modal title={`Set the status of ${ids.length}`} onClose={() => setAsking(false)}>
          {checked.size > MAX_BATCH && <p class="block__note">The first {MAX_BATCH} of {checked.size}; the others stay marked.</p>}
          <ReasonForm
            title="Status"
            choices={statuses.map((status) => ({ value: status, words: STATUS_WORDS[status] }))}
            hint="Reason"
            submit={busy ? "Working" : "Set status"}
            busy={busy}
            onSubmit={send}
          />
          <p class="part__trouble" role="alert">
            {trouble}
          </p>
        </Modal>
      )}
      {results && <Results results={results} known={known} onClose={() => setResults(null)} />}
    </>
  );
}

function Results({ results, known, onClose }: { results: readonly BatchResult[]; known: ReadonlyMap<string, FleetDelivery>; onClose: () => void }): JSX.Element {
  const done = results.filter(({ ok }) => ok).length;
  return (
    <Modal title={`${done} of ${results.length} done`} onClose={onClose}>
      <ul class="results">
        {results.toSorted((a, b) => Number(a.ok) - Number(b.ok)).map(({ tracking_id, ok, problem }, index) => (
          <li key={`${tracking_id} ${index}`} class={ok ? "result" : "result result--bad"}>
            <span>{(tracking_id && known.get(tracking_id)?.order_id) ?? tracking_id ?? "Without an id"}</span>
            <span>{ok ? "Done" : (problem?.detail ?? problem?.title ?? "Refused")}</span>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
