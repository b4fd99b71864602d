/** The page of one delivery. */
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Tracking } from "../client";
import { Announcer } from "./Announcer";
import { Badge } from "./Badge";
import { Destination } from "./Destination";
import { Formatter } from "./format";
import { Hero } from "./Hero";
import { Brand, Icon } from "./icons";
import type { PageConfig } from "./page-data";
import { Position } from "./Position";
import { Progress } from "./Progress";
import type { Replaying } from "./replay/replaying";
import { Stage } from "./Stage";
import { Timeline } from "./Timeline";
import { useParts } from "./use-parts";
import { useTell } from "./use-tell";
import { useNow, useOnline, useTrackingState } from "./use-tracking";
import { badgeOf, describe } from "./view";
import { type Viewer, allowed } from "./viewer";

interface AppProps {
  tracking: Tracking;
  config: PageConfig;
  viewer: Viewer;
}

export function App({ tracking, config, viewer }: AppProps): JSX.Element {
  const state = useTrackingState(tracking);
  const now = useNow(tracking);
  const online = useOnline();
  const format = useMemo(() => new Formatter(config.locale, config.timezone), [config]);
  const view = describe(state, now, format);
  const badge = badgeOf(state, now, online);
  const { delivery } = state;
  const title = [view.eta && `${view.eta.clock} ${view.eta.half ?? ""}`.trim(), view.headline].filter(Boolean).join(" · ");

  useEffect(() => {
    document.title = `${title} – Onway`;
  }, [title]);

  // What ended the page for this viewer ends these parts of it too.
  const shut = state.ending !== null && state.ending !== "stopped" && state.ending !== "expired";
  const may = delivery && !shut ? allowed(viewer, delivery.snapshot) : null;
  const parts = useParts(may);
  const [replay, setReplay] = useState<Replaying | null>(null);
  const shown = { replaying: replay !== null, onReplay: setReplay };
  const given = parts && may && delivery && { viewer, may, snapshot: delivery.snapshot, now, format, ...shown };
  const Tell = useTell(config.push_key ?? null, may !== null && !view.over && viewer.role !== "driver");
  const over = view.over && replay === null;
  const waiting = delivery === null && !view.over;
  return (
    <div class={`layout${over ? " layout--over" : ""}`}>
      <header class="bar">
        <Brand />
        <Badge badge={badge} />
      </header>
      <main class="sheet">
        {replay && <replay.code.Controls player={replay.player} format={format} onClose={() => setReplay(null)} />}
        <Hero view={view} />
        {badge?.kind === "offline" && <Offline known={delivery !== null} />}
        {waiting && <Waiting />}
        {view.progress !== null && <Progress value={view.progress} quiet={view.position?.state !== "live"} />}
        {view.position && <Position position={view.position} />}
        {given && <parts.Above {...given} />}
        <Timeline steps={view.steps} />
        {delivery && state.ending !== "not_allowed" && (
          <Destination snapshot={delivery.snapshot} instructed={parts !== null && may?.instruct === true} />
        )}
        {Tell && config.push_key && !view.over && <Tell viewer={viewer} push_key={config.push_key} />}
        {given && <parts.Below {...given} />}
        <Footer rate={tracking.rate} />
      </main>
      {!over && (
        <section class="stage" aria-label="Map">
          {delivery && replay && (
            <replay.code.ReplayStage player={replay.player} snapshot={delivery.snapshot} config={config} format={format} />
          )}
          {delivery && !replay && (
            <Stage
              delivery={delivery}
              position={view.position}
              rate={tracking.rate}
              config={config}
              format={format}
            />
          )}
        </section>
      )}
      <Announcer view={view} arrival={state.delivery?.arrival?.at ?? null} badge={badge} />
    </div>
  );
}

/** The shape of what is to come. */
function Waiting(): JSX.Element {
  return (
    <div class="waiting" aria-hidden="true">
      <div class="waiting__line waiting__line--large" />
      <div class="waiting__line" />
      <div class="waiting__card" />
    </div>
  );
}

function Offline({ known }: { known: boolean }): JSX.Element {
  return (
    <p class="notice">
      <Icon name="signal" />
      {known ? "No connection. This is what was last known; it" : "No connection. The page"} goes on by itself when you are
      back.
    </p>
  );
}

function Footer({ rate }: { rate: number }): JSX.Element | null {
  if (rate === 1) return null;
  return <p class="footnote">Simulated delivery: its clock runs {rate} times as fast.</p>;
}
