/** The page where there is no delivery to show. */
import type { JSX } from "preact";
import { Hero } from "./Hero";
import { Brand } from "./icons";
import type { View } from "./view";
import { ENDINGS, type EndingWords } from "./words";

const BY_STATUS: Record<number, EndingWords> = {
  401: ENDINGS.not_allowed,
  403: ENDINGS.not_allowed,
  404: ENDINGS.not_found,
  410: ENDINGS.expired,
};

export function Refusal({ status }: { status: number }): JSX.Element {
  const words = BY_STATUS[status] ?? ENDINGS.not_found;
  const view: View = { tone: "quiet", eta: null, position: null, progress: null, steps: [], over: true, ...words };
  return (
    <div class="layout layout--over">
      <header class="bar">
        <Brand />
      </header>
      <main class="sheet">
        <Hero view={view} />
      </main>
    </div>
  );
}
