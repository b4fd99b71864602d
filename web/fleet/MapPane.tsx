/** The map, loaded after the list; in its place, when asked for, the replay of a delivery that is over. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Point, Snapshot } from "../client";
import type { BBox } from "../client/fleet";
import type { Formatter } from "../track/format";
import type { PageConfig } from "../track/page-data";
import type { Replaying } from "../track/replay/replaying";
import { useMedia } from "../track/use-tracking";
import type { FleetMap, FleetMapOptions, Focus } from "./fleet-map";
import { Glyph } from "./icons";
import type { Mark } from "./shapes";
import { TONES } from "./urgency";
import { TONE_WORDS } from "./words";

interface MapPaneProps {
  hidden: boolean;
  config: PageConfig;
  marks: ReadonlyMap<string, Mark>;
  focus: Focus | null;
  picking: boolean;
  places: readonly Point[];
  replay: Replaying | null;
  snapshot: Snapshot | null;
  format: Formatter;
  onReplayEnd: () => void;
  onSelect: (id: string | null) => void;
  onPick: (point: Point) => void;
  onView: (bbox: BBox) => void;
}

export function MapPane(props: MapPaneProps): JSX.Element {
  const { hidden, config, marks, focus, picking, places, replay, snapshot, format, onReplayEnd } = props;
  const container = useRef<HTMLDivElement>(null);
  const { map, state } = useMap(container, props);
  useEffect(() => map?.show(marks), [map, marks, state]);
  useEffect(() => map?.look(focus), [map, focus, state]);
  useEffect(() => {
    if (focus) map?.reveal(focus.id);
  }, [map, focus?.id, state]);
  useEffect(() => map?.pick(picking, picking ? places : []), [map, picking, places, state]);
  return (
    <div class={`map-pane${hidden ? " map-pane--hidden" : ""}`} aria-hidden={hidden}>
      <div class="fleet-map" ref={container} role="region" aria-label="Map of the deliveries. The list beside it says the same in words." />
      {state === "loading" && <p class="map-note">Loading the map</p>}
      {state === "failed" && <p class="map-note">This browser cannot show the map. The list has all there is on it.</p>}
      {picking && <p class="map-note map-note--ask">{places.length === 0 ? "Click where it goes" : "Click where it is fetched, or anew where it goes"}</p>}
      {state === "ready" && (
        <div class="map-tools">
          <button class="act act--card" type="button" onClick={() => map?.fit()}>
            <Glyph name="fit" /> Show all
          </button>
        </div>
      )}
      <Legend />
      {replay && snapshot && (
        <div class="replay-stage">
          {/* The way is fitted into what the controls leave free. */}
          <div class="stage">
            <replay.code.ReplayStage player={replay.player} snapshot={snapshot} config={config} format={format} />
          </div>
          <div class="replay-controls">
            <replay.code.Controls player={replay.player} format={format} onClose={onReplayEnd} />
          </div>
        </div>
      )}
    </div>
  );
}

function Legend(): JSX.Element {
  return (
    <details class="legend">
      <summary>Colours</summary>
      <ul>
        {TONES.map((tone) => (
          <li key={tone} class={`tone-${tone}`}>
            <span class="chip__dot" /> {TONE_WORDS[tone]}
          </li>
        ))}
      </ul>
    </details>
  );
}

type MapState = "loading" | "ready" | "failed";

function useMap(container: { current: HTMLDivElement | null }, props: MapPaneProps): { map: FleetMap | null; state: MapState } {
  const [map, setMap] = useState<FleetMap | null>(null);
  const [state, setState] = useState<MapState>("loading");
  const still = useMedia("(prefers-reduced-motion: reduce)");
  const dark = useMedia("(prefers-color-scheme: dark)");
  const newest = useRef(props);
  newest.current = props;
  useEffect(() => {
    let made: FleetMap | null = null;
    let cancelled = false;
    const options = (element: HTMLElement): FleetMapOptions => ({
      container: element,
      config: newest.current.config,
      still,
      onReady: () => setState("ready"),
      onFailed: () => setState("failed"),
      onSelect: (id) => newest.current.onSelect(id),
      onPick: (point) => newest.current.onPick(point),
      onView: (bbox) => newest.current.onView(bbox),
    });
    const load = async (): Promise<void> => {
      try {
        const { FleetMap } = await import("./fleet-map");
        if (cancelled || !container.current) return;
        made = new FleetMap(options(container.current));
        setMap(made);
      } catch {
        // No network for the map's code, or no WebGL: the list says everything.
        setState("failed");
      }
    };
    void load();
    return () => {
      cancelled = true;
      made?.destroy();
    };
  }, [still]);
  useEffect(() => map?.recolour(), [dark]);
  return { map, state };
}
