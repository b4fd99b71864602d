/**
 * A finished delivery again, at any time of it.
 *
 * Knows no clock: whoever shows it says how much real time went by. Between two fixes the marker
 * goes at even speed, or, without motion, from fix to fix.
 */
import { type Point, bearing, between, distance } from "../../client";
import type { HistoryPoint } from "../../client/wire";

/** Times as fast as it was. */
export const SPEEDS = [1, 10, 60] as const;
export type Speed = (typeof SPEEDS)[number];

/** A tab that was away, or a slow machine: no more real time than this is made up for at once. */
const LONGEST_TICK_MS = 250;
/** A leg shorter than this has no direction. */
const STANDING_M = 3;

/** Where the driver was, and when, in Unix milliseconds. */
export interface Fix extends Point {
  readonly at: number;
}

export interface Shown {
  readonly point: Point;
  /** Degrees clockwise from north; null while standing. */
  readonly heading: number | null;
  /** The line up to the marker. */
  readonly trail: readonly Point[];
}

export interface PlayerState {
  /** Unix milliseconds of the delivery. */
  readonly at: number;
  readonly playing: boolean;
  readonly speed: Speed;
}

/** What was believed of a track, in the order of time, one fix an instant. */
export function fixesOf(points: readonly HistoryPoint[]): Fix[] {
  const fixes = points
    .filter(({ verdict }) => verdict !== "filtered")
    .map(({ lat, lng, shown, timestamp }) => {
      const [shownLat = lat, shownLng = lng] = shown ?? [];
      return { lat: shownLat, lng: shownLng, at: timestamp * 1_000 };
    })
    .toSorted((a, b) => a.at - b.at);
  return fixes.filter((fix, index) => fix.at !== fixes[index - 1]?.at);
}

export class Player {
  private current: PlayerState;
  private readonly listeners = new Set<(state: PlayerState) => void>();
  /** When it begins and ends, in Unix milliseconds. */
  readonly from: number;
  readonly to: number;

  /** `still`: without motion, and so not playing by itself. */
  constructor(
    readonly fixes: readonly Fix[],
    private readonly still: boolean,
  ) {
    this.from = fixes[0]?.at ?? 0;
    this.to = fixes.at(-1)?.at ?? 0;
    this.current = { at: this.from, playing: !still && this.to > this.from, speed: 10 };
  }

  get state(): PlayerState {
    return this.current;
  }

  /** Whether all of it was shown. */
  get ended(): boolean {
    return this.current.at >= this.to;
  }

  subscribe(listener: (state: PlayerState) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Plays on, from the beginning where it has ended, or pauses. */
  toggle(): void {
    if (this.current.playing) this.change({ playing: false });
    else this.change({ playing: this.to > this.from, at: this.ended ? this.from : this.current.at });
  }

  setSpeed(speed: Speed): void {
    this.change({ speed });
  }

  seek(at: number): void {
    this.change({ at: Math.min(Math.max(at, this.from), this.to) });
  }

  /** `elapsed` real milliseconds went by. */
  tick(elapsed: number): void {
    if (!this.current.playing) return;
    const at = this.current.at + Math.min(Math.max(elapsed, 0), LONGEST_TICK_MS) * this.current.speed;
    this.change({ at: Math.min(at, this.to), playing: at < this.to });
  }

  /** What is to be seen now. */
  shown(): Shown {
    const { at } = this.current;
    const index = Math.max(0, this.fixes.findLastIndex((fix) => fix.at <= at));
    const [fix, next] = [this.fixes[index], this.fixes[index + 1]];
    if (fix === undefined) return { point: { lat: 0, lng: 0 }, heading: null, trail: [] };
    const before = this.fixes[index - 1];
    const leg = next ? [fix, next] : before ? [before, fix] : [];
    const heading = leg[0] && leg[1] && distance(leg[0], leg[1]) >= STANDING_M ? bearing(leg[0], leg[1]) : null;
    const trail = this.fixes.slice(0, index + 1);
    if (!next || this.still || at <= fix.at) return { point: fix, heading, trail };
    const point = between(fix, next, (at - fix.at) / (next.at - fix.at));
    return { point, heading, trail: [...trail, { ...point, at }] };
  }

  private change(fields: Partial<PlayerState>): void {
    this.current = { ...this.current, ...fields };
    for (const listener of this.listeners) listener(this.current);
  }
}
