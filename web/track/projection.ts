/** From degrees to the pixels of a small plane, for a sketch of a few kilometres. */
import type { Point } from "../client";

const METRES_PER_DEGREE = 111_195;
/** Space around what is shown, in pixels: room for the bar and a pin above, for a label below. */
const TOP = 108;
const SIDE = 44;
const BOTTOM = 68;
/** At least this share of the height is for what is shown: a box may be lower than the space around it. */
const LEAST_FREE = 0.4;
/** A frame is held until something comes this close to its edge. */
const EDGE = 28;
/** No closer than this many metres across. */
const LEAST_SPAN_M = 160;

export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Where `centre` is drawn, in pixels from the top. */
  readonly middle: number;
  readonly centre: Point;
  /** Pixels of a metre. */
  readonly scale: number;
}

/** Space above and below what is shown in a box of this height, in pixels. */
export function roomIn(height: number): { top: number; bottom: number } {
  const share = Math.min(1, (height * (1 - LEAST_FREE)) / (TOP + BOTTOM));
  return { top: TOP * share, bottom: BOTTOM * share };
}

/** The frame that holds all of `points` in a box of this size. */
export function fit(points: readonly Point[], width: number, height: number): Frame {
  const lats = points.map((point) => point.lat);
  const lngs = points.map((point) => point.lng);
  const [south, north] = [Math.min(...lats), Math.max(...lats)];
  const [west, east] = [Math.min(...lngs), Math.max(...lngs)];
  const centre = { lat: (south + north) / 2, lng: (west + east) / 2 };
  const wide = Math.max((east - west) * METRES_PER_DEGREE * cosine(centre), LEAST_SPAN_M);
  const high = Math.max((north - south) * METRES_PER_DEGREE, LEAST_SPAN_M);
  const { top, bottom } = roomIn(height);
  const free = Math.max(height - top - bottom, 40);
  const scale = Math.min(Math.max(width - 2 * SIDE, 40) / wide, free / high);
  return { width, height, middle: top + (height - top - bottom) / 2, centre, scale };
}

/** Where `point` is in the frame, in pixels from its upper left. */
export function project(frame: Frame, point: Point): { x: number; y: number } {
  const { width, middle, centre, scale } = frame;
  return {
    x: width / 2 + (point.lng - centre.lng) * METRES_PER_DEGREE * cosine(centre) * scale,
    y: middle - (point.lat - centre.lat) * METRES_PER_DEGREE * scale,
  };
}

/**
 * `held` as long as it still serves: everything is in it, and not lost in a corner of it. A frame
 * that changed with each fix would make the whole picture tremble.
 */
export function keepOrFit(held: Frame | null, points: readonly Point[], width: number, height: number): Frame {
  const fresh = fit(points, width, height);
  if (held === null || held.width !== width || held.height !== height) return fresh;
  const { top, bottom } = roomIn(height);
  const inside = points.every((point) => {
    const { x, y } = project(held, point);
    return x >= EDGE && x <= width - EDGE && y >= top - EDGE && y <= height - bottom + EDGE;
  });
  return inside && fresh.scale < held.scale * 1.8 ? held : fresh;
}

/** Radii in metres for rings that read well at this scale: two or three round numbers. */
export function rings(frame: Frame): number[] {
  const reach = Math.hypot(frame.width, frame.height) / frame.scale / 2;
  const rough = reach / 2.4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  return [step / 2, step, 2 * step];
}

function cosine(point: Point): number {
  return Math.max(Math.cos((point.lat * Math.PI) / 180), 0.01);
}
