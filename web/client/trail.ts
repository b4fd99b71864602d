/** The line a driver has driven: decoding, joining, bounding. */
import polyline from "@mapbox/polyline";

export interface Point {
  readonly lat: number;
  readonly lng: number;
}

/** Points kept of a trail; beyond it the older half is thinned, so hours of driving stay drawable. */
export const MAX_TRAIL = 1_000;

/** The points of an encoded polyline (precision 5); none for nothing or for what is not one. */
export function decodeTrail(encoded: string | null | undefined): Point[] {
  if (!encoded) return [];
  try {
    return polyline
      .decode(encoded)
      .filter(([lat, lng]) => Math.abs(lat) <= 90 && Math.abs(lng) <= 180)
      .map(([lat, lng]) => ({ lat, lng }));
  } catch {
    return [];
  }
}

/** `trail` followed by `more`, without repeating a point that stands still. */
export function extendTrail(trail: readonly Point[], more: readonly Point[]): readonly Point[] {
  const joined = [...trail];
  for (const point of more) {
    const last = joined.at(-1);
    if (last === undefined || !samePlace(last, point)) joined.push({ lat: point.lat, lng: point.lng });
  }
  if (joined.length === trail.length) return trail;
  if (joined.length <= MAX_TRAIL) return joined;
  const half = Math.floor(joined.length / 2);
  return joined.filter((_, index) => index >= half || index % 2 === 0);
}

/** Equal to the precision of an encoded polyline, about a metre. */
export function samePlace(a: Point, b: Point): boolean {
  return Math.abs(a.lat - b.lat) < 1e-5 && Math.abs(a.lng - b.lng) < 1e-5;
}
