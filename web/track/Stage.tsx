/** The picture of the delivery: a sketch at once, the map when it has loaded. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Delivery } from "../client";
import type { Formatter } from "./format";
import { Icon } from "./icons";
import type { MapView } from "./map-view";
import type { PageConfig } from "./page-data";
import { Sketch } from "./Sketch";
import { type Scene, sceneOf } from "./scene";
import { useGlide } from "./use-glide";
import { useMedia } from "./use-tracking";
import type { PositionView } from "./view";

interface StageProps {
  delivery: Delivery;
  position: PositionView | null;
  /** How fast the delivery's clock runs. */
  rate: number;
  config: PageConfig;
  format: Formatter;
}

/** The map waits for this long after the page is idle, so that words come first. */
const MAP_AFTER_MS = 200;

export function Stage({ delivery, position, rate, config, format }: StageProps): JSX.Element {
  const still = useMedia("(prefers-reduced-motion: reduce)");
  const gliding = useGlide(delivery, rate, still);
  return <Picture scene={sceneOf(delivery, gliding, position)} still={still} config={config} format={format} />;
}

interface PictureProps {
  scene: Scene;
  /** Without motion. */
  still: boolean;
  config: PageConfig;
  format: Formatter;
}

/** The scene as it is now, whatever moves it. */
export function Picture({ scene, still, config, format }: PictureProps): JSX.Element {
  const container = useRef<HTMLDivElement>(null);
  const { view, ready, away, wanted, want } = useMapView(container, config, still);
  useEffect(() => view?.update(scene));

  return (
    <>
      {!ready && <Sketch scene={scene} format={format} />}
      <div class={`map${ready ? " map--ready" : ""}`} ref={container} inert={!ready} />
      {!wanted && (
        <button class="button button--on-map" type="button" onClick={want}>
          Show map
        </button>
      )}
      {ready && away && (
        <button class="button button--on-map" type="button" onClick={() => view?.recentre()}>
          <Icon name="target" /> Show all
        </button>
      )}
    </>
  );
}

interface MapState {
  view: MapView | null;
  ready: boolean;
  away: boolean;
  wanted: boolean;
  want: () => void;
}

/** Loads MapLibre when the page is idle; on a connection that saves data, only when asked to. */
function useMapView(container: { current: HTMLDivElement | null }, config: PageConfig, still: boolean): MapState {
  const [wanted, setWanted] = useState(!savesData());
  const [view, setView] = useState<MapView | null>(null);
  const [ready, setReady] = useState(false);
  const [away, setAway] = useState(false);
  const dark = useMedia("(prefers-color-scheme: dark)");

  useEffect(() => {
    if (!wanted) return;
    let made: MapView | null = null;
    let cancelled = false;
    const load = async (): Promise<void> => {
      try {
        const { MapView } = await import("./map-view");
        if (cancelled || !container.current) return;
        const onFailed = (): void => setReady(false);
        const onReady = (): void => setReady(true);
        made = new MapView({ container: container.current, config, still, onReady, onFailed, onAway: setAway });
        setView(made);
      } catch {
        // No network for the map's code, or no WebGL: the sketch stays, and it says everything.
        setReady(false);
      }
    };
    const timer = setTimeout(() => void load(), MAP_AFTER_MS);
    return () => {
      cancelled = true;
      clearTimeout(timer);
      made?.destroy();
    };
  }, [wanted, config, still]);

  useEffect(() => view?.recolour(), [dark]);
  return { view, ready, away, wanted, want: () => setWanted(true) };
}

function savesData(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  return connection?.saveData === true;
}
