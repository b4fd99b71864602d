/** What is on the map, whoever draws it. */
import { type Delivery, type Place, type Point } from "../client";
import type { Gliding } from "./use-glide";
import type { PositionView } from "./view";

export interface DriverScene {
  readonly point: Point;
  /** Where the newest fix is, which the marker may still glide to. */
  readonly target: Point;
  /** Radius in metres; null if unknown. */
  readonly accuracy: number | null;
  /** Degrees clockwise from north; null while standing or unknown. */
  readonly heading: number | null;
  readonly live: boolean;
  /** "3 minutes ago", where it is not live. */
  readonly age: string | null;
}

export interface Scene {
  readonly dropoff: Place;
  readonly pickup: Place | null;
  readonly driver: DriverScene | null;
  readonly trail: readonly Point[];
  /** The whole line, where it is known beforehand: the view holds all of it. */
  readonly whole?: readonly Point[];
  /** The same in words. */
  readonly description: string;
}

/** Below this speed (m/s) a heading is noise. */
const STANDING_BELOW = 0.5;

export function sceneOf(delivery: Delivery, gliding: Gliding, position: PositionView | null): Scene {
  const { dropoff, pickup, current_location: location } = delivery.snapshot;
  const shown = position && (position.state === "live" || position.state === "stale" || position.state === "lost");
  const driver =
    shown && location && gliding.point
      ? {
          point: gliding.point,
          target: location,
          accuracy: location.accuracy ?? null,
          heading: (location.speed ?? 0) < STANDING_BELOW ? null : (location.heading ?? null),
          live: position.state === "live",
          age: position.age,
        }
      : null;
  const words = position ? [position.distance, position.words].filter(Boolean).join(". ") : "";
  return {
    dropoff,
    pickup: pickup ?? null,
    driver,
    trail: driver ? gliding.trail : [],
    description: `Map of the delivery. ${words}`,
  };
}

/** What a view of the scene has to hold. */
export function pointsOf(scene: Scene): Point[] {
  const points: Point[] = [scene.dropoff, ...(scene.whole ?? scene.trail)];
  if (scene.driver) points.push(scene.driver.target);
  else if (scene.pickup) points.push(scene.pickup);
  return points;
}
