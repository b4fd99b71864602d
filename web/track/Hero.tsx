/** The answer to "when?": status, arrival, and what the arrival depends on. */
import type { JSX } from "preact";
import { Icon } from "./icons";
import type { View } from "./view";

export function Hero({ view }: { view: View }): JSX.Element {
  const { eta, lead, tone, headline, reload } = view;
  return (
    <section class={`hero hero--${tone}${eta ? " hero--eta" : ""}`} aria-label="Status">
      {view.over && <Seal tone={tone} />}
      <h1 class="hero__headline">{headline}</h1>
      {eta && (
        <p class="hero__eta">
          <span class="visually-hidden">Expected at </span>
          <time class="hero__clock" dateTime={eta.iso}>
            {eta.clock}
          </time>
          <span class="hero__minutes">{eta.minutes}</span>
        </p>
      )}
      {eta?.range && <p class="hero__detail">Probably between {eta.range.replace("–", " and ")}</p>}
      {lead && <p class="hero__detail">{lead}</p>}
      {reload && (
        <button class="button" type="button" onClick={() => location.reload()}>
          Load again
        </button>
      )}
    </section>
  );
}

function Seal({ tone }: { tone: View["tone"] }): JSX.Element {
  const name = tone === "done" ? "check" : tone === "failed" ? "cross" : "lock";
  return (
    <span class={`seal seal--${tone}`}>
      <Icon name={name} />
    </span>
  );
}
