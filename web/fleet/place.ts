/** Coordinates as somebody writes or pastes them: latitude, then longitude. Pure. */
import type { Point } from "../client";

/** What a field for a place says. */
export type Written = Point | "nothing" | "unreadable";

/** Between two numbers, where it is clear: a comma with a blank beside it, a semicolon, or a blank. */
const APART = /\s*,\s+|\s+,\s*|\s*;\s*|\s+/;
const NUMBER = /^[-+]?\d+(?:[.,]\d+)?$/;
/** `5.60,-0.18`: between digits alone the comma may be a decimal one, unless a point or a sign tells. */
const TIGHT = /^([-+]?\d+(?:\.\d+)?),([-+]?\d+(?:\.\d+)?)$/;
const TELLS = /\.|,[-+]/;

/** As a field shows a place. */
export function textOf(place: Point | undefined): string {
  return place ? `${place.lat.toFixed(5)}, ${place.lng.toFixed(5)}` : "";
}

/** What is written; `known` where it is what the field shows of it, which leaves out some digits. */
export function writtenIn(text: string, known: Point | undefined): Written {
  if (text.trim() === "") return "nothing";
  return known && text === textOf(known) ? known : (placeOf(text) ?? "unreadable");
}

/** The place that `text` names; null where it names none, or more than one. */
export function placeOf(text: string): Point | null {
  const plain = text.trim().replaceAll("\u2212", "-");
  const tight = TELLS.test(plain) ? TIGHT.exec(plain)?.slice(1) : undefined;
  const numbers = tight ?? plain.split(APART);
  if (numbers.length !== 2 || !numbers.every((number) => NUMBER.test(number))) return null;
  const [lat, lng] = numbers.map((number) => Number(number.replace(",", "."))) as [number, number];
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lat, lng } : null;
}
