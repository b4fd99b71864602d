/** What is on the fleet's map, as GeoJSON. Pure. */
import type { Point } from "../client";
import type { FleetDelivery } from "../client/wire";
import { type Ranked, TONES, type Tone } from "./urgency";

/** A delivery as a marker. */
export interface Mark {
  readonly id: string;
  readonly place: Point;
  readonly tone: Tone;
  /** Degrees clockwise from north; null while standing or unknown. */
  readonly heading: number | null;
}

export interface MarkProperties {
  id: string;
  tone: Tone;
  /** The greatest of a cluster is its colour: the most urgent has the most. */
  urgency: number;
  /** -1: none. */
  heading: number;
}

/** Below this speed (m/s) a heading is noise. */
const STANDING_BELOW = 0.5;

/** Where it is: the driver, else where it is to be fetched, else where it goes. */
export function markOf({ delivery, tone }: Ranked): Mark {
  const { tracking_id, current_location: at } = delivery;
  const moves = at && (at.speed ?? 0) >= STANDING_BELOW && delivery.location_state === "live";
  return { id: tracking_id, place: placeOf(delivery), tone, heading: moves ? (at.heading ?? null) : null };
}

function placeOf({ current_location, pickup, dropoff }: FleetDelivery): Point {
  return current_location ?? pickup ?? dropoff;
}

export function propertiesOf({ id, tone, heading }: Mark): MarkProperties {
  return { id, tone, urgency: TONES.length - TONES.indexOf(tone), heading: heading ?? -1 };
}

export function pointOf({ lng, lat }: Point): GeoJSON.Point {
  return { type: "Point", coordinates: [lng, lat] };
}

export function collection<G extends GeoJSON.Geometry>(features: GeoJSON.Feature<G>[]): GeoJSON.FeatureCollection<G> {
  return { type: "FeatureCollection", features };
}

export function line(points: readonly Point[], kind: string): GeoJSON.Feature<GeoJSON.LineString> {
  return { type: "Feature", properties: { kind }, geometry: { type: "LineString", coordinates: points.map(({ lng, lat }) => [lng, lat]) } };
}

/** Lines of a grid, in degrees so far apart that a view has about ten. */
export function grid(west: number, south: number, east: number, north: number): GeoJSON.FeatureCollection<GeoJSON.LineString> {
  const step = stepOf(Math.max(east - west, north - south) / 10);
  const lines: GeoJSON.Feature<GeoJSON.LineString>[] = [];
  const add = (from: number, to: number, make: (at: number) => Point[]): void => {
    // A view has a few dozen: a strange one must not draw without end.
    for (let at = Math.ceil(from / step), n = 0; at * step <= to && n < 60; at++, n++) lines.push(line(make(at * step), "grid"));
  };
  const [low, high] = [Math.max(south, -85), Math.min(north, 85)];
  add(west, east, (lng) => [{ lng, lat: low }, { lng, lat: high }]);
  add(low, high, (lat) => [{ lng: west, lat }, { lng: east, lat }]);
  return collection(lines);
}

/** 1, 2 or 5 times a power of ten. */
function stepOf(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(wanted, 1e-6)));
  const factor = wanted / power;
  return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
}
