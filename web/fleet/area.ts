/**
 * A part of the map, as the map shows it and as the service takes it. Pure.
 *
 * A map that was panned around the globe counts its longitudes on, past ±180; the service takes none
 * past it, and reads west above east as an area across the antimeridian.
 *
 * @module
 */
import type { Point } from "../client";
import type { BBox } from "../client/fleet";

/** Of a degree: finer than the service keeps, so that a whole turn is not cut to nothing by rounding. */
const NEARLY = 1e-6;

/** The same meridian within ±180. */
export function longitudeOf(lng: number): number {
  if (Math.abs(lng) <= 180) return lng;
  const east = (((lng + 180) % 360) + 360) % 360;
  return east - 180;
}

/** What a map shows, as the service takes it. */
export function areaOf([west, south, east, north]: BBox): BBox {
  const [low, high] = [Math.max(-90, south), Math.min(90, north)];
  if (east - west >= 360 - NEARLY) return [-180, low, 180, high];
  return [longitudeOf(west), low, longitudeOf(east), high];
}

/** Whether a place is within what a map shows, on whichever copy of the world. */
export function holds([west, south, east, north]: BBox, { lat, lng }: Point): boolean {
  if (lat < south || lat > north) return false;
  return lng + 360 * Math.ceil((west - lng) / 360) <= east;
}
