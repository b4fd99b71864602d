/** The marker's place on the screen: gliding from fix to fix. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Delivery, Point } from "../client";
import { type Glide, glideAlong, shownAt, standing } from "./motion";

export interface Gliding {
  /** Null while there is no position to show. */
  readonly point: Point | null;
  /** The line driven up to the marker. */
  readonly trail: readonly Point[];
}

interface Current {
  readonly glide: Glide;
  /** Fix time in seconds that the marker glides to. */
  readonly timestamp: number;
}

/**
 * Where to draw the marker of `delivery`. `rate` is how fast its clock runs; `still` moves it
 * without motion.
 */
export function useGlide(delivery: Delivery | null, rate: number, still: boolean): Gliding {
  const current = useRef<Current | null>(null);
  const [, draw] = useState(0);
  const location = delivery?.snapshot.current_location ?? null;
  const trail = delivery?.trail ?? null;

  useEffect(() => {
    const now = performance.now();
    if (!trail || !location) {
      current.current = null;
      draw(now);
      return;
    }
    const known = current.current;
    const { timestamp } = location;
    if (known && !still && document.visibilityState === "visible") {
      const spacing = ((timestamp - known.timestamp) * 1_000) / rate;
      current.current = { glide: glideAlong(known.glide, trail, spacing, now), timestamp };
    } else {
      current.current = { glide: standing(trail), timestamp };
    }
    draw(now);
    let frame = requestAnimationFrame(function next(at) {
      draw(at);
      const moving = current.current && !shownAt(current.current.glide, at).arrived;
      if (moving) frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
    // Only a new position, or another line to it, starts a new glide.
  }, [location, trail, still]);

  if (!current.current || !location) return { point: location, trail: trail ?? [] };
  return shownAt(current.current.glide, performance.now());
}
