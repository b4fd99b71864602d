/** Which map is drawn: the configured one, or none but our own lines. */
import type { StyleSpecification } from "maplibre-gl";
import type { PageConfig } from "./page-data";

export interface Palette {
  readonly ground: string;
  readonly line: string;
  readonly casing: string;
  readonly faint: string;
}

/** The page's own colours, as its style sheet has them now. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return { ground: read("--ground"), line: read("--accent"), casing: read("--casing"), faint: read("--faint") };
}

/** A style for MapLibre: a URL, a raster style made of a tile template, or a plain background. */
export function styleOf(config: PageConfig, palette: Palette): string | StyleSpecification {
  const { map_style_url, map_attribution, map_key } = config;
  if (!map_style_url) return plainStyle(palette);
  if (!map_style_url.includes("{z}")) return withKey(map_style_url, map_key);
  const attribution = map_attribution ? { attribution: escapeHtml(map_attribution) } : {};
  return {
    version: 8,
    sources: { tiles: { type: "raster", tiles: [withKey(map_style_url, map_key)], tileSize: 256, ...attribution } },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": palette.ground } },
      { id: "tiles", type: "raster", source: "tiles" },
    ],
  };
}

/** What shows with no style configured, and when the configured one does not come. */
export function plainStyle(palette: Palette): StyleSpecification {
  return {
    version: 8,
    sources: {},
    layers: [{ id: "ground", type: "background", paint: { "background-color": palette.ground } }],
  };
}

/** Puts the configured key where a URL of the map asks for one. */
export function withKey(url: string, key: string | null): string {
  return key === null ? url : url.replaceAll("{key}", encodeURIComponent(key));
}

/** MapLibre takes an attribution as HTML; ours is text. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
