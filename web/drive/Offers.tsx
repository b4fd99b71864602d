/** New deliveries that wait for an answer. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Job } from "../client/driver-wire";
import { distance } from "../client/geo";
import type { Point } from "../client/trail";
import type { Formatter } from "../track/format";
import { placeWords } from "./navigate";
import { Sheet } from "./Sheet";
import type { Work } from "./use-driver";
import { DECLINES } from "./words";

interface OffersProps {
  work: Work;
  offers: readonly Job[];
  here: Point | null;
  format: Formatter;
}

export function Offers({ work, offers, here, format }: OffersProps): JSX.Element | null {
  const [declining, setDeclining] = useState<Job | null>(null);
  const newest = offers.at(-1)?.tracking_id;
  useEffect(() => {
    // Browsers refuse it before the first tap, and some have none.
    if (newest !== undefined && navigator.userActivation?.hasBeenActive) navigator.vibrate?.([200, 100, 200]);
  }, [newest]);
  if (offers.length === 0) return null;
  const decline = (reason: string): void => {
    if (declining) void work.driver.decline(declining.tracking_id, reason);
    setDeclining(null);
  };
  return (
    <section class="stack" aria-labelledby="offers" aria-live="polite">
      <h2 class="heading" id="offers">
        {offers.length === 1 ? "New delivery" : `${offers.length} new deliveries`}
      </h2>
      {offers.map((job) => {
        const first = job.pickup ?? job.dropoff;
        return (
          <article class="stop stop--offer" key={job.tracking_id} aria-label={job.order_id}>
            {job.pickup && <p>From {placeWords(job.pickup)}</p>}
            <h3 class="stop__place">To {placeWords(job.dropoff)}</h3>
            <p class="stop__facts">
              {[here && `${format.distance(distance(here, first))} away`, job.order_id].filter(Boolean).join(" · ")}
            </p>
            <div class="pair">
              <button class="big" type="button" onClick={() => void work.driver.accept(job.tracking_id)}>
                Accept
              </button>
              <button class="big big--plain" type="button" onClick={() => setDeclining(job)}>
                Decline
              </button>
            </div>
          </article>
        );
      })}
      {declining && (
        <Sheet title="Why not?" onClose={() => setDeclining(null)}>
          <div class="stack">
            {DECLINES.map((reason) => (
              <button class="big big--plain" type="button" key={reason} onClick={() => decline(reason)}>
                {reason}
              </button>
            ))}
          </div>
        </Sheet>
      )}
    </section>
  );
}
