/**
 * The delivery without a map: destination, line driven, driver, distances as rings.
 *
 * It is what shows while the map loads, and instead of it where there are no tiles, no network or
 * no WebGL; it needs nothing but the delivery itself.
 */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Point } from "../client";
import type { Formatter } from "./format";
import { DriverMarker, PlaceMarker } from "./markers";
import { type Frame, keepOrFit, project, rings } from "./projection";
import { type Scene, pointsOf } from "./scene";

export function Sketch({ scene, format }: { scene: Scene; format: Formatter }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const held = useRef<Frame | null>(null);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const frame = size && keepOrFit(held.current, pointsOf(scene), size.width, size.height);
  held.current = frame;
  return (
    <div class="sketch" ref={box} role="img" aria-label={scene.description}>
      {frame && <Drawing frame={frame} scene={scene} format={format} />}
    </div>
  );
}

function Drawing({ frame, scene, format }: { frame: Frame; scene: Scene; format: Formatter }): JSX.Element {
  const home = project(frame, scene.dropoff);
  const driver = scene.driver && project(frame, scene.driver.point);
  // Labels stand on the side where there is room.
  const inward = home.x > frame.width / 2 ? -1 : 1;
  return (
    <>
      <svg class="sketch__plane" viewBox={`0 0 ${frame.width} ${frame.height}`} aria-hidden="true">
        {rings(frame).map((radius) => (
          <g key={radius}>
            <circle class="sketch__ring" cx={home.x} cy={home.y} r={radius * frame.scale} />
            <text class="sketch__distance" x={home.x + inward * radius * frame.scale} y={home.y + 4}>
              {format.distance(radius)}
            </text>
          </g>
        ))}
        {driver && <line class="sketch__left" x1={driver.x} y1={driver.y} x2={home.x} y2={home.y} />}
        <polyline class="sketch__trail-casing" points={pixels(frame, scene.trail)} />
        <polyline class="sketch__trail" points={pixels(frame, scene.trail)} />
      </svg>
      {scene.pickup && (
        <Spot at={project(frame, scene.pickup)}>
          <PlaceMarker kind="pickup" />
        </Spot>
      )}
      <Spot at={home}>
        <PlaceMarker kind="dropoff" />
      </Spot>
      {scene.driver && driver && (
        <Spot at={driver}>
          <DriverMarker driver={scene.driver} scale={frame.scale} />
        </Spot>
      )}
      <span class="sketch__north" aria-hidden="true">
        N
      </span>
    </>
  );
}

function Spot({ at, children }: { at: { x: number; y: number }; children: JSX.Element }): JSX.Element {
  return (
    <div class="sketch__spot" style={{ transform: `translate(${at.x}px, ${at.y}px)` }}>
      {children}
    </div>
  );
}

function pixels(frame: Frame, points: readonly Point[]): string {
  return points
    .map((point) => {
      const { x, y } = project(frame, point);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}
