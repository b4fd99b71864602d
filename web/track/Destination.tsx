/** Where it goes, and by which names the parties know it. */
import type { JSX } from "preact";
import type { Snapshot } from "../client";

interface DestinationProps {
  snapshot: Snapshot;
  /** Whether the instructions stand elsewhere, in a field. */
  instructed: boolean;
}

export function Destination({ snapshot, instructed }: DestinationProps): JSX.Element {
  const { dropoff, pickup, order_id, instructions } = snapshot;
  return (
    <section class="card" aria-labelledby="destination-title">
      <h2 class="card__title" id="destination-title">
        Delivery
      </h2>
      <dl class="facts">
        <Fact term="To" value={dropoff.address ?? `${dropoff.lat.toFixed(5)}, ${dropoff.lng.toFixed(5)}`} />
        {pickup?.address && <Fact term="From" value={pickup.address} />}
        {instructions && !instructed && <Fact term="Instructions" value={instructions} />}
        <Fact term="Order" value={order_id} />
      </dl>
    </section>
  );
}

function Fact({ term, value }: { term: string; value: string }): JSX.Element {
  return (
    <div class="facts__row">
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}
