/**
 * How a marker gets from one fix to the next: along the line driven, in the time that lay between
 * them, never back to where it was.
 */
import { type Point, between, distance } from "../client";

/** The quickest and slowest glide, in milliseconds. */
const SHORTEST_MS = 300;
const LONGEST_MS = 12_000;
/** Beyond this a glide would show a drive that nobody drove: the marker moves over at once. */
const JUMP_M = 3_000;

export interface Glide {
  /** From where the marker is shown now, over the points driven since, to the newest fix. */
  readonly path: readonly Point[];
  /** Monotonic instant of its start, and its length, in milliseconds. */
  readonly start: number;
  readonly duration: number;
}

export interface Shown {
  readonly point: Point;
  /** Points of the path already passed. */
  readonly passed: readonly Point[];
  readonly arrived: boolean;
}

/** A marker that stands. */
export function standing(at: Point): Glide {
  return { path: [at], start: 0, duration: 0 };
}

/**
 * The glide from `shown` over `driven` (the new points, the newest last).
 * `spacing` is the real time between the two fixes in milliseconds.
 */
export function glideTo(shown: Point, driven: readonly Point[], spacing: number, now: number): Glide {
  const path = [shown, ...driven];
  const target = path.at(-1) ?? shown;
  if (length(path) > JUMP_M || spacing <= 0) return standing(target);
  return { path, start: now, duration: Math.min(Math.max(spacing, SHORTEST_MS), LONGEST_MS) };
}

/** Where the marker is at monotonic instant `now`: at even speed along the path. */
export function shownAt(glide: Glide, now: number): Shown {
  const { path, start, duration } = glide;
  const end = path.at(-1) ?? { lat: 0, lng: 0 };
  const share = duration === 0 ? 1 : Math.min(Math.max((now - start) / duration, 0), 1);
  if (share === 1) return { point: end, passed: path.slice(0, -1), arrived: true };
  let left = length(path) * share;
  for (const [index, from] of path.entries()) {
    const to = path[index + 1];
    if (to === undefined) break;
    const leg = distance(from, to);
    if (leg >= left && leg > 0) {
      return { point: between(from, to, left / leg), passed: path.slice(0, index + 1), arrived: false };
    }
    left -= leg;
  }
  return { point: end, passed: path.slice(0, -1), arrived: false };
}

function length(path: readonly Point[]): number {
  return path.reduce((sum, point, index) => sum + distance(path[index - 1] ?? point, point), 0);
}
