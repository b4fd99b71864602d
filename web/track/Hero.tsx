/** The answer to "when?": status, arrival, and what the arrival depends on. */
import type { JSX } from "preact";
import { Icon } from "./icons";
import type { View } from "./view";

export function Hero({ view }: { view: View }): JSX.Element {
  const { eta, lead, tone, headline, icon, reload } = view;
  return (
    <section class={`hero hero--${tone}${eta ? " hero--eta" : ""}`} aria-label="Status">
      {icon && (
        <span class={`seal seal--${tone}`}>
          <Icon name={icon} />
        </span>
      )}
      <h1 class="hero__headline">{headline}</h1>
      {eta && (
        <p class="hero__eta">
          <span class="visually-hidden">Expected at </span>
          <time class="hero__clock" dateTime={eta.iso}>
            {eta.clock}
            {eta.half && <span class="hero__half"> {eta.half}</span>}
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
