/**
 * How a marker gets from one fix to the next: along the line driven, in the time that lay between
 * them, never back to where it was.
 *
 * A glide knows how far the marker is behind the end of the line. What is drawn is the line up to
 * there, so marker and line cannot part, however fast fixes come.
 */
import { type Point, between, distance } from "../client";

/** The quickest and slowest glide, in milliseconds. */
const SHORTEST_MS = 300;
const LONGEST_MS = 12_000;
/** Beyond this a glide would show a drive that nobody drove: the marker moves over at once. */
const JUMP_M = 3_000;
/** A marker this far from a line that replaced its own was never on it. */
const ASTRAY_M = 250;

export interface Glide {
  /** The whole line, its end the newest fix. */
  readonly trail: readonly Point[];
  /** Metres along the line from the marker to its end, at the start. */
  readonly behind: number;
  /** Monotonic instant of its start, and its length, in milliseconds. */
  readonly start: number;
  readonly duration: number;
}

export interface Shown {
  readonly point: Point;
  /** The line up to the marker, which is its last point. */
  readonly trail: readonly Point[];
  readonly arrived: boolean;
}

/** A marker that stands at the end of `trail`. */
export function standing(trail: readonly Point[]): Glide {
  return { trail, behind: 0, start: 0, duration: 0 };
}

/**
 * `glide` when its line has become `trail`: longer, or another one altogether.
 * `spacing` is the real time between the two newest fixes in milliseconds.
 */
export function glideAlong(glide: Glide, trail: readonly Point[], spacing: number, now: number): Glide {
  const end = glide.trail.at(-1);
  // The points of a line that grew are the same objects: no crossing of itself can mislead.
  const known = end === undefined ? -1 : trail.lastIndexOf(end);
  if (known !== -1 && known === trail.length - 1) return { ...glide, trail };
  const behind =
    known === -1 ? behindOn(trail, shownAt(glide, now).point) : left(glide, now) + length(trail.slice(known));
  if (behind === 0 || behind > JUMP_M) return standing(trail);
  return { trail, behind, start: now, duration: Math.min(Math.max(spacing, SHORTEST_MS), LONGEST_MS) };
}

/** Where the marker is at monotonic instant `now`: at even speed along the line. */
export function shownAt(glide: Glide, now: number): Shown {
  const { trail } = glide;
  let rest = left(glide, now);
  const arrived = rest === 0;
  for (let index = trail.length - 1; index > 0; index--) {
    const [from, to] = [trail[index - 1], trail[index]];
    if (from === undefined || to === undefined) break;
    const leg = distance(from, to);
    if (leg >= rest) {
      if (leg === 0 || rest === 0) return { point: to, trail: trail.slice(0, index + 1), arrived };
      const point = between(to, from, rest / leg);
      return { point, trail: [...trail.slice(0, index), point], arrived };
    }
    rest -= leg;
  }
  return { point: trail[0] ?? { lat: 0, lng: 0 }, trail: trail.slice(0, 1), arrived };
}

function left({ behind, start, duration }: Glide, now: number): number {
  const share = duration === 0 ? 1 : Math.min(Math.max((now - start) / duration, 0), 1);
  return behind * (1 - share);
}

/** Metres to the end of `trail` from the place on it that is nearest to `point`; 0 if that is far off. */
function behindOn(trail: readonly Point[], point: Point): number {
  let [best, nearest, after] = [0, ASTRAY_M, 0];
  for (let index = trail.length - 1; index >= 0; index--) {
    const [from, to] = [trail[index], trail[index + 1]];
    if (from === undefined) break;
    const leg = to === undefined ? 0 : distance(from, to);
    const share = to === undefined ? 0 : shareAlong(from, to, point);
    const off = distance(to === undefined ? from : between(from, to, share), point);
    // The later of two places as near: a marker does not go back.
    if (off < nearest) [best, nearest] = [after + leg * (1 - share), off];
    after += leg;
  }
  return best;
}

/** How far along the straight line from `a` to `b` (0–1) its place nearest to `point` is. */
function shareAlong(a: Point, b: Point, point: Point): number {
  const narrow = Math.cos((a.lat * Math.PI) / 180);
  const [x, y] = [(b.lng - a.lng) * narrow, b.lat - a.lat];
  const square = x * x + y * y;
  if (square === 0) return 0;
  const dot = (point.lng - a.lng) * narrow * x + (point.lat - a.lat) * y;
  return Math.min(Math.max(dot / square, 0), 1);
}

function length(path: readonly Point[]): number {
  return path.reduce((sum, point, index) => sum + distance(path[index - 1] ?? point, point), 0);
}
