/** How an endpoint is: in words, with a sign beside them. */
import type { JSX } from "preact";
import type { WebhookEndpoint } from "../client/wire";
import { Glyph, type GlyphName } from "../fleet/icons";
import { type Health, healthOf } from "./health";
import type { Times } from "./times";
import { stateWords } from "./words";

const GLYPHS: Record<Health, GlyphName> = { enabled: "check", failing: "warn", disabled: "close", off: "close" };

export function State({ endpoint, now, times }: { endpoint: WebhookEndpoint; now: number; times: Times }): JSX.Element {
  const health = healthOf(endpoint);
  return (
    <span class={`state state--${health}`}>
      <Glyph name={GLYPHS[health]} />
      {stateWords(endpoint, now, times)}
    </span>
  );
}
