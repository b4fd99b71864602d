/** The marker's place on the screen: gliding from fix to fix. */
import { useEffect, useRef, useState } from "preact/hooks";
import { type Delivery, type Point, samePlace } from "../client";
import { type Glide, glideTo, shownAt, standing } from "./motion";

export interface Gliding {
  /** Null while there is no position to show. */
  readonly point: Point | null;
  /** The line driven up to the marker. */
  readonly trail: readonly Point[];
}

interface Current {
  glide: Glide;
  /** The trail that was complete before this glide began. */
  before: readonly Point[];
  /** Fix time in seconds that the marker glides to. */
  timestamp: number;
}

/**
 * Where to draw the marker of `delivery`. `rate` is how fast its clock runs; `still` moves it
 * without motion.
 */
export function useGlide(delivery: Delivery | null, rate: number, still: boolean): Gliding {
  const current = useRef<Current | null>(null);
  const [, draw] = useState(0);
  const location = delivery?.snapshot.current_location ?? null;

  useEffect(() => {
    if (!delivery || !location) {
      current.current = null;
      draw(performance.now());
      return;
    }
    const known = current.current;
    const now = performance.now();
    const target = known?.glide.path.at(-1);
    if (known && target && samePlace(target, location)) {
      current.current = { ...known, timestamp: location.timestamp };
    } else if (known && !still && document.visibilityState === "visible") {
      const shown = shownAt(known.glide, now).point;
      const spacing = ((location.timestamp - known.timestamp) * 1_000) / rate;
      const driven = delivery.trail.slice(delivery.trail_from);
      current.current = {
        glide: glideTo(shown, driven.length > 0 ? driven : [location], spacing, now),
        before: delivery.trail.slice(0, delivery.trail_from),
        timestamp: location.timestamp,
      };
    } else {
      current.current = { glide: standing(location), before: delivery.trail, timestamp: location.timestamp };
    }
    draw(now);
    let frame = requestAnimationFrame(function next(at) {
      draw(at);
      const moving = current.current && !shownAt(current.current.glide, at).arrived;
      if (moving) frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
    // Only a new position starts a new glide.
  }, [location, delivery === null, still]);

  if (!current.current || !location) return { point: location, trail: delivery?.trail ?? [] };
  const { glide, before } = current.current;
  const shown = shownAt(glide, performance.now());
  return { point: shown.point, trail: [...before, ...shown.passed, shown.point] };
}
