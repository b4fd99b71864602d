/** Attempts as a table; on a narrow screen each is a card of the same cells. */
import type { JSX } from "preact";
import { pageOf } from "../deliveries/view";
import { Glyph } from "../fleet/icons";
import type { AttemptView } from "./words";

interface AttemptTableProps {
  element: { current: HTMLTableSectionElement | null };
  rows: readonly AttemptView[];
  token: string;
  busy: boolean;
  /** Shows the attempts of one event alone. */
  onOnly: (event_id: string) => void;
  /** Null where nothing is sent. */
  onAgain: ((event_id: string) => void) | null;
}

export function AttemptTable({ element, rows, token, busy, onOnly, onAgain }: AttemptTableProps): JSX.Element {
  return (
    <table class="tries__table">
      <caption class="visually-hidden">Attempts, the newest first</caption>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Event</th>
          <th scope="col">Delivery</th>
          <th scope="col">Attempt</th>
          <th scope="col">Answer</th>
          <th scope="col">Took</th>
          <th scope="col">Outcome</th>
          <th scope="col">
            <span class="visually-hidden">Again</span>
          </th>
        </tr>
      </thead>
      <tbody ref={element}>
        {rows.map((row) => (
          <tr key={row.key} tabIndex={-1}>
            <td>
              <time dateTime={row.iso}>{row.when}</time>
            </td>
            <th scope="row">
              <span class="tries__type">{row.type}</span>
              <button class="tries__id" type="button" aria-label={`Only attempts of ${row.event_id}`} title={`Only ${row.event_id}`} onClick={() => onOnly(row.event_id)}>
                {row.event_id}
              </button>
            </th>
            <td>
              {row.tracking_id === null ? (
                <span class="tries__none">None</span>
              ) : (
                <a class="tries__delivery" title={row.tracking_id} href={pageOf(row.tracking_id, token)}>
                  {row.tracking_id}
                </a>
              )}
            </td>
            <td data-name="Attempt">{row.attempt}</td>
            <td data-name="Answer">
              <span class={row.answered ? undefined : "tries__error"} title={row.answered ? undefined : row.answer}>
                {row.answer}
              </span>
            </td>
            <td data-name="Took">{row.took}</td>
            <td>
              <span class={row.taken ? "outcome outcome--taken" : "outcome"}>
                <Glyph name={row.taken ? "check" : "close"} />
                {row.taken ? "Taken" : "Not taken"}
              </span>
            </td>
            <td>
              {onAgain && (
                <button class="act" type="button" aria-disabled={busy} aria-label={`Redeliver ${row.type} of ${row.when}`} onClick={() => onAgain(row.event_id)}>
                  Redeliver
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
