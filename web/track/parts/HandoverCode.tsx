/** What the driver asks for at the door. */
import type { JSX } from "preact";

export function HandoverCode({ code }: { code: string }): JSX.Element {
  return (
    <section class="card code" aria-labelledby="code-title">
      <h2 class="code__words" id="code-title">
        Tell the driver this code at the door
      </h2>
      <p class="code__value" aria-hidden="true">
        {code}
      </p>
      {/* Letter by letter: it is no word. */}
      <p class="visually-hidden">{[...code].join(" ")}</p>
    </section>
  );
}
