/** Distances and directions on the sphere. */
import type { Point } from "./trail";

const EARTH_RADIUS_M = 6_371_008.8;
const RADIANS = Math.PI / 180;

/** Great-circle distance in metres (haversine). */
export function distance(a: Point, b: Point): number {
  const dLat = (b.lat - a.lat) * RADIANS;
  const dLng = (b.lng - a.lng) * RADIANS;
  const h =
    Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * Math.sin(dLng / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Initial bearing from `a` to `b` in degrees clockwise from north, in [0, 360). */
export function bearing(a: Point, b: Point): number {
  const dLng = (b.lng - a.lng) * RADIANS;
  const y = Math.sin(dLng) * Math.cos(b.lat * RADIANS);
  const x =
    Math.cos(a.lat * RADIANS) * Math.sin(b.lat * RADIANS) -
    Math.sin(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * Math.cos(dLng);
  return (Math.atan2(y, x) / RADIANS + 360) % 360;
}

/** The point `metres` from `origin` towards `degrees`: exact enough for circles of a few kilometres. */
export function offset(origin: Point, metres: number, degrees: number): Point {
  const angular = metres / EARTH_RADIUS_M / RADIANS;
  return {
    lat: origin.lat + angular * Math.cos(degrees * RADIANS),
    lng: origin.lng + (angular * Math.sin(degrees * RADIANS)) / Math.cos(origin.lat * RADIANS),
  };
}

/** The point `share` (0–1) of the way from `a` to `b`. */
export function between(a: Point, b: Point, share: number): Point {
  return { lat: a.lat + (b.lat - a.lat) * share, lng: a.lng + (b.lng - a.lng) * share };
}
