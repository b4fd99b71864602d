/** A finished delivery again: the map as it was, and what to play it with. Loaded when it is asked for. */
import "../../styles/replay.css";
import type { JSX } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { Snapshot } from "../../client";
import type { Formatter } from "../format";
import type { PageConfig } from "../page-data";
import type { Scene } from "../scene";
import { Picture } from "../Stage";
import { useMedia } from "../use-tracking";
import { type Player, type PlayerState, SPEEDS } from "./player";

export { Player, fixesOf } from "./player";

/** Steps of the slider by keyboard. */
const STEPS = 200;

interface ReplayStageProps {
  player: Player;
  snapshot: Snapshot;
  config: PageConfig;
  format: Formatter;
}

export function ReplayStage({ player, snapshot, config, format }: ReplayStageProps): JSX.Element {
  const still = useMedia("(prefers-reduced-motion: reduce)");
  const { at } = usePlayerState(player);
  const { point, heading, trail } = player.shown();
  const { dropoff, pickup } = snapshot;
  const scene: Scene = {
    dropoff,
    pickup: pickup ?? null,
    driver: { point, target: player.fixes.at(-1) ?? point, accuracy: null, heading, live: true, age: null },
    trail,
    whole: player.fixes,
    description: `Map of the delivery as it was at ${format.clock(at)}.`,
  };
  return <Picture scene={scene} still={still} config={config} format={format} />;
}

export function Controls({ player, format, onClose }: { player: Player; format: Formatter; onClose: () => void }): JSX.Element {
  const { at, playing, speed } = usePlayerState(player);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const step = useMemo(() => Math.max(1, Math.round((player.to - player.from) / STEPS)), [player]);
  useFrames(player, playing);
  useEffect(() => button.current?.focus(), []);
  return (
    <section class="card replay" aria-label="Replay">
      <div class="replay__row">
        <button class="button replay__play" type="button" ref={button} onClick={() => player.toggle()}>
          {playing ? "Pause" : "Play"}
        </button>
        <fieldset class="replay__speeds">
          <legend class="visually-hidden">Speed</legend>
          {SPEEDS.map((choice) => (
            <label key={choice} class="replay__speed">
              <input
                class="visually-hidden"
                type="radio"
                name={id}
                checked={choice === speed}
                onChange={() => player.setSpeed(choice)}
              />
              <span aria-hidden="true">{choice}×</span>
              <span class="visually-hidden">{choice === 1 ? "As fast as it was" : `${choice} times as fast`}</span>
            </label>
          ))}
        </fieldset>
        <button class="button button--plain replay__close" type="button" onClick={onClose}>
          Close
        </button>
      </div>
      <input
        class="replay__slider"
        type="range"
        aria-label="Time of the delivery"
        aria-valuetext={format.clock(at)}
        min={player.from}
        max={player.to}
        step={step}
        value={at}
        onInput={(event) => player.seek(event.currentTarget.valueAsNumber)}
        onKeyDown={(event) => {
          if (event.key !== " ") return;
          event.preventDefault();
          player.toggle();
        }}
      />
      <p class="replay__row replay__times" aria-hidden="true">
        <span>{format.clock(player.from)}</span>
        <strong>{format.clock(at)}</strong>
        <span>{format.clock(player.to)}</span>
      </p>
      <p class="visually-hidden" role="status">
        {player.ended && "The end of the way."}
      </p>
    </section>
  );
}

function usePlayerState(player: Player): PlayerState {
  const [state, setState] = useState(player.state);
  useEffect(() => player.subscribe(setState), [player]);
  return state;
}

/** Tells the player of the time that goes by, picture by picture. */
function useFrames(player: Player, playing: boolean): void {
  useEffect(() => {
    if (!playing) return;
    let before = performance.now();
    let frame = requestAnimationFrame(function next(now) {
      player.tick(now - before);
      before = now;
      frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
  }, [player, playing]);
}
