/** What stands on the map and on the sketch alike. Positioned by whoever draws it. */
import type { JSX } from "preact";
import type { DriverScene } from "./scene";

/** Accuracy circles beyond this (pixels) only wash the map out. */
const LARGEST_CIRCLE = 480;

interface DriverMarkerProps {
  driver: DriverScene;
  /** Pixels of a metre on the ground. */
  scale: number;
  /** Degrees the map itself is turned by. */
  turned?: number;
}

export function DriverMarker({ driver, scale, turned = 0 }: DriverMarkerProps): JSX.Element {
  const { accuracy, heading, live, age } = driver;
  const circle = accuracy === null ? 0 : Math.min(2 * accuracy * scale, LARGEST_CIRCLE);
  return (
    <div class={`driver${live ? "" : " driver--quiet"}`}>
      {circle > 34 && <div class="driver__accuracy" style={{ width: `${circle}px`, height: `${circle}px` }} />}
      {live && <div class="driver__pulse" />}
      <div class="driver__dot">
        {heading === null ? (
          <span class="driver__standing" />
        ) : (
          <svg class="driver__arrow" viewBox="0 0 24 24" style={{ transform: `rotate(${heading - turned}deg)` }}>
            <path d="M12 4.500l6 14-6-3-6 3z" />
          </svg>
        )}
      </div>
      {age && <div class="driver__age">{age}</div>}
    </div>
  );
}

export function PlaceMarker({ kind }: { kind: "dropoff" | "pickup" }): JSX.Element {
  return (
    <div class={`place place--${kind}`}>
      <svg viewBox="0 0 32 40">
        <path class="place__drop" d="M16 38.500S3 26.500 3 15.500a13 13 0 0 1 26 0c0 11-13 23-13 23z" />
        {kind === "dropoff" ? (
          <path class="place__sign" d="M10.500 15.500L16 10.500l5.500 5v5.500h-11z" />
        ) : (
          <path class="place__sign" d="M10.500 14.500l1-3.500h9l1 3.500zM11.500 15.500h9V21h-9z" />
        )}
      </svg>
    </div>
  );
}
