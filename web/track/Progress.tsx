/** How much of the way is done. The words below it say the same, so it is hidden from readers. */
import type { JSX } from "preact";
import { Icon } from "./icons";

export function Progress({ value, quiet }: { value: number; quiet: boolean }): JSX.Element {
  const share = Math.min(Math.max(value, 0), 1);
  return (
    <div class={`progress${quiet ? " progress--quiet" : ""}`} aria-hidden="true">
      <Icon name="store" />
      <div class="progress__track">
        <div class="progress__done" style={{ width: `${share * 100}%` }} />
        <div class="progress__head" style={{ left: `${share * 100}%` }} />
      </div>
      <Icon name="pin" />
    </div>
  );
}
