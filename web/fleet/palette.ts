/** The colours of the fleet's map: the page's own, as its style sheet has them now. */
import { type Palette, paletteOf } from "../track/map-style";
import { TONES, type Tone } from "./urgency";

export interface FleetPalette extends Palette {
  readonly ink: string;
  readonly surface: string;
  readonly tones: Readonly<Record<Tone, string>>;
}

export function fleetPaletteOf(element: Element): FleetPalette {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  const tones = Object.fromEntries(TONES.map((tone) => [tone, read(`--tone-${tone}`)])) as Record<Tone, string>;
  return { ...paletteOf(element), ink: read("--ink"), surface: read("--surface"), tones };
}
