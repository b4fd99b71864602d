/** Where the driver is, how old that is, or why it is not shown. */
import type { JSX } from "preact";
import { Icon } from "./icons";
import type { PositionView } from "./view";

const ICONS = { live: "compass", stale: "signal", lost: "signal", hidden: "eye-off", none: "clock" } as const;

export function Position({ position }: { position: PositionView }): JSX.Element {
  const { state, words, distance } = position;
  return (
    <section class={`position position--${state}`} aria-label="Driver's position">
      <Icon name={ICONS[state]} />
      <div>
        {distance && <p class="position__distance">{distance}</p>}
        <p class="position__words">{words}</p>
      </div>
    </section>
  );
}
