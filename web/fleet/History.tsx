/** What happened to a delivery, and what was promised meanwhile. */
import type { JSX } from "preact";
import type { Timeline } from "../client/wire";
import type { Formatter } from "../track/format";
import { happened } from "./history";
import { timeWords } from "./words";

export function History({ timeline, now, format }: { timeline: Timeline | null; now: number; format: Formatter }): JSX.Element | null {
  if (timeline === null) return null;
  const { etas, omitted = 0 } = timeline;
  const first = etas[0];
  const last = etas.at(-1);
  return (
    <section class="block" aria-label="Timeline">
      <h3>Timeline</h3>
      <ol class="events">
        {happened(timeline).map(({ key, at, words, more, by }) => (
          <li key={key} class="event">
            <time dateTime={new Date(at * 1_000).toISOString()}>{timeWords(at, now, format)}</time>
            <span>
              {words}
              {by && <em>{by}</em>}
              {more && <em>{more}</em>}
            </span>
          </li>
        ))}
      </ol>
      {omitted > 0 && <p class="block__note">{omitted} older {omitted === 1 ? "act is" : "acts are"} left out; the statuses are all there.</p>}
      {first && last && etas.length > 1 && (
        <p class="block__note">
          First expected at {timeWords(first.eta_at, now, format)}, last at {timeWords(last.eta_at, now, format)}, said {etas.length} times.
        </p>
      )}
    </section>
  );
}
