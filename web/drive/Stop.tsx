/** One stop: where, when, how to get there, and the step that comes next. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Job } from "../client/driver-wire";
import { distance } from "../client/geo";
import type { Point } from "../client/trail";
import type { Formatter } from "../track/format";
import { Failure } from "./Failure";
import { Glyph } from "./glyphs";
import { Handover } from "./Handover";
import { mapLink, placeWords, targetOf } from "./navigate";
import type { Work } from "./use-driver";
import { NEXT_STEP, STATUS } from "./words";

export interface StopProps {
  work: Work;
  job: Job;
  /** Where the driver is. */
  here: Point | null;
  format: Formatter;
  /** The service's now, in Unix milliseconds. */
  now: number;
}

/** The stop that comes next, as large as it can be. */
export function NextStop(props: StopProps): JSX.Element {
  const { job, here, format, now } = props;
  const { place, words } = targetOf(job);
  return (
    <article class="stop stop--next" aria-labelledby="next-stop">
      <p class="stop__status">{STATUS[job.status]}</p>
      <h2 class="stop__place" id="next-stop">
        <span class="stop__words">{words} </span>
        {placeWords(place)}
      </h2>
      <p class="stop__facts">{factsOf(job, here, format, now).join(" · ")}</p>
      <Details job={job} />
      <Actions {...props} />
    </article>
  );
}

/** A stop after that: folded, with the same actions inside. */
export function LaterStop(props: StopProps & { position: number }): JSX.Element {
  const { job, here, format, now, position } = props;
  return (
    <li>
      <details class="stop">
        <summary class="stop__summary">
          <span class="stop__number" aria-hidden="true">
            {position}
          </span>
          <span class="stop__line">
            <strong>{placeWords(targetOf(job).place)}</strong>
            <span class="stop__facts">{[STATUS[job.status], ...factsOf(job, here, format, now)].join(" · ")}</span>
          </span>
        </summary>
        <Details job={job} />
        <Actions {...props} />
      </details>
    </li>
  );
}

/** "12:40, in 14 min", "1.5 km", "ORD-12345": what is known of them. */
export function factsOf(job: Job, here: Point | null, format: Formatter, now: number): string[] {
  const facts: string[] = [];
  if (job.eta_at) {
    const minutes = Math.max(1, Math.round((job.eta_at * 1_000 - now) / 60_000));
    facts.push(`${format.clock(job.eta_at * 1_000)}, in ${format.minutes(minutes)}`);
  }
  if (isNumber(job.remaining_m)) facts.push(`${format.distance(job.remaining_m)} to go`);
  else if (here) facts.push(`${format.distance(distance(here, targetOf(job).place))} away`);
  const { window } = job;
  if (window?.to) facts.push(`promised by ${format.clock(window.to * 1_000)}`);
  facts.push(job.order_id);
  return facts;
}

function Details({ job }: { job: Job }): JSX.Element | null {
  if (!job.instructions) return null;
  return (
    <p class="stop__instructions">
      <span class="visually-hidden">Instructions: </span>
      {job.instructions}
    </p>
  );
}

function Actions({ work, job }: StopProps): JSX.Element {
  const [sheet, setSheet] = useState<"handover" | "failure" | null>(null);
  const close = (): void => setSheet(null);
  const step = NEXT_STEP[job.status];
  const way = mapLink(targetOf(job).place, navigator.userAgent);
  const take = (): void => {
    if (!step) return;
    // The last step cannot be taken back: it is asked for, with the proof.
    if (step.status === "DELIVERED") setSheet("handover");
    else void work.driver.setStatus(job.tracking_id, step.status);
  };
  return (
    <div class="stack">
      <div class="pair">
        {/* An app opens beside this page by itself; a new tab for it would stay empty. */}
        <a class="big big--soft" href={way} {...(way.startsWith("https:") && { target: "_blank", rel: "noreferrer" })}>
          <Glyph name="way" />
          Navigate
        </a>
        {job.phone && (
          <a class="big big--soft" href={`tel:${job.phone}`}>
            <Glyph name="phone" />
            Call
          </a>
        )}
      </div>
      {step && (
        <button class="big big--huge" type="button" onClick={take}>
          {step.words}
        </button>
      )}
      <button class="big big--plain" type="button" onClick={() => setSheet("failure")}>
        Could not deliver
      </button>
      {sheet === "handover" && <Handover work={work} job={job} onClose={close} />}
      {sheet === "failure" && <Failure work={work} job={job} onClose={close} />}
    </div>
  );
}

const isNumber = (value: number | null | undefined): value is number => typeof value === "number";
