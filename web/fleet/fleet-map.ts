/**
 * The fleet's map. The only file of these pages that knows MapLibre, and loaded after the list.
 *
 * Far away, all deliveries are one clustered source, brought up to date by what changed, at most
 * once a second. Close up, where nothing is clustered and motion can be seen, those in view are a
 * second source whose points glide from fix to fix. No marker is an element of the page.
 *
 * @module
 */
import * as maplibre from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import type { Point } from "../client";
import type { BBox } from "../client/fleet";
import { escapeHtml, plainStyle, styleOf, withKey } from "../track/map-style";
import type { PageConfig } from "../track/page-data";
import { areaOf, holds, longitudeOf } from "./area";
import { type Glide, isGliding, placeOf, rest, towards } from "./glide";
import { PIXEL_RATIO, arrowPicture, countPicture, dotPicture, placePicture } from "./glyphs";
import { CLUSTERED_BELOW, addLayers } from "./map-layers";
import { type FleetPalette, fleetPaletteOf } from "./palette";
import { type Mark, collection, grid, line, pointOf, propertiesOf } from "./shapes";
import type { Tone } from "./urgency";

/** The source of all deliveries is renewed at most this often: each time its clusters are made anew. */
const RENEW_EVERY_MS = 1_000;
/** Gliding markers are drawn at most this often, which the eye takes for motion. */
const GLIDE_EVERY_MS = 66;
/** Those in view that glide; what is beyond shows when the map is closer. */
const MAX_NEAR = 1_500;
const CLOSEST_ZOOM = 16;
const FIT_PADDING = { top: 72, bottom: 72, left: 72, right: 72 };

/** The delivery that is looked at. */
export interface Focus {
  readonly id: string;
  readonly dropoff: Point;
  readonly pickup: Point | null;
  /** Where it was, oldest first. */
  readonly trail: readonly Point[];
}

export interface FleetMapOptions {
  container: HTMLElement;
  config: PageConfig;
  /** Without motion. */
  still: boolean;
  onReady: () => void;
  /** The map cannot be shown (any more). */
  onFailed: () => void;
  onSelect: (id: string | null) => void;
  onView: (bbox: BBox) => void;
  onPick: (point: Point) => void;
}

maplibre.setWorkerUrl(workerUrl);

type Feature = GeoJSON.Feature<GeoJSON.Point>;

export class FleetMap {
  private readonly map: maplibre.Map;
  private readonly glides = new Map<string, Glide>();
  private marks: ReadonlyMap<string, Mark> = new Map();
  /** What the source has: the marks as they were given to it. */
  private readonly given = new Map<string, Mark>();
  private readonly numbers = new Map<string, number>();
  private next = 1;
  private renewedAt = -Infinity;
  private renewal: ReturnType<typeof setTimeout> | undefined;
  private frame: number | undefined;
  private glidedAt = 0;
  private busy = false;
  private focus: Focus | null = null;
  private picked: readonly Point[] = [];
  private picking = false;
  private ready = false;
  private framed = false;
  private fellBack = false;
  private palette: FleetPalette;

  /** Throws where there is no WebGL. */
  constructor(private readonly options: FleetMapOptions) {
    const { container, config } = options;
    this.palette = fleetPaletteOf(container);
    this.map = new maplibre.Map({
      container,
      style: styleOf(config, this.palette),
      attributionControl: false,
      center: [0, 20],
      zoom: 1.2,
      maxPitch: 0,
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
      transformRequest: (url: string) => ({ url: withKey(url, config.map_key) }),
    });
    this.map.touchZoomRotate.disableRotation();
    this.addControls();
    this.map.on("style.load", () => this.styled());
    this.map.on("error", () => this.fallBack());
    this.map.on("webglcontextlost", () => options.onFailed());
    this.map.setMissingStyleImageResolver((id) => this.addPicture(id));
    this.map.on("moveend", () => this.moved());
    this.map.on("move", () => this.nearIsDue());
    this.map.on("click", (event) => void this.clicked(event));
    this.map.on("mousemove", (event) => this.point(event.point));
  }

  /** Shows these, and nothing else. */
  show(marks: ReadonlyMap<string, Mark>): void {
    const now = performance.now();
    this.marks = marks;
    for (const [id, { place }] of marks) {
      const glide = this.glides.get(id);
      if (glide === undefined) this.glides.set(id, rest(place));
      else if (glide.to.lat !== place.lat || glide.to.lng !== place.lng) this.glides.set(id, towards(glide, place, now, this.options.still));
    }
    for (const id of this.glides.keys()) if (!marks.has(id)) this.glides.delete(id);
    if (!this.ready) return;
    this.renewSoon();
    this.nearIsDue();
    if (!this.framed && marks.size > 0) this.fit();
  }

  /** Rings a delivery, and shows its way. */
  look(focus: Focus | null): void {
    this.focus = focus;
    if (!this.ready) return;
    this.drawWay();
    this.drawFocus();
  }

  /** Brings a delivery into view, unless it is. */
  reveal(id: string): void {
    const mark = this.marks.get(id);
    if (!mark || !this.ready) return;
    const { x, y } = this.map.project([mark.place.lng, mark.place.lat]);
    const { clientWidth, clientHeight } = this.map.getContainer();
    const inside = x > 60 && y > 60 && x < clientWidth - 60 && y < clientHeight - 60;
    const zoom = Math.max(this.map.getZoom(), CLUSTERED_BELOW + 0.5);
    if (inside && this.map.getZoom() >= CLUSTERED_BELOW) return;
    this.map.easeTo({ center: [mark.place.lng, mark.place.lat], zoom, duration: this.options.still ? 0 : 500 });
  }

  /** Shows all of them. */
  fit(): void {
    if (this.marks.size === 0 || !this.ready) return;
    const bounds = new maplibre.LngLatBounds();
    for (const { place } of this.marks.values()) bounds.extend([place.lng, place.lat]);
    this.map.fitBounds(bounds, { padding: FIT_PADDING, maxZoom: CLOSEST_ZOOM, animate: this.framed && !this.options.still });
    this.framed = true;
  }

  /** A click on the map is a place, not a choice; what was picked is shown. */
  pick(picking: boolean, picked: readonly Point[]): void {
    this.picking = picking;
    this.picked = picked;
    this.map.getCanvas().style.cursor = picking ? "crosshair" : "";
    if (this.ready) this.drawFocus();
  }

  /** Takes the colours of the page again, when it went dark or light. */
  recolour(): void {
    this.palette = fleetPaletteOf(this.options.container);
    if (!this.ready) return;
    this.given.clear();
    this.map.setStyle(this.plain() ? plainStyle(this.palette) : styleOf(this.options.config, this.palette), { diff: false });
  }

  destroy(): void {
    clearTimeout(this.renewal);
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.map.remove();
  }

  private plain(): boolean {
    return this.fellBack || !this.options.config.map_style_url;
  }

  private addControls(): void {
    const { config } = this.options;
    const raster = config.map_style_url?.includes("{z}") ?? false;
    if (config.map_style_url) {
      const own = config.map_attribution && !raster ? { customAttribution: escapeHtml(config.map_attribution) } : {};
      this.map.addControl(new maplibre.AttributionControl({ compact: false, ...own }), "bottom-right");
    }
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "bottom-right");
    this.map.addControl(new maplibre.ScaleControl({ maxWidth: 88 }), "bottom-left");
  }

  private styled(): void {
    addLayers(this.map, this.palette);
    this.ready = true;
    this.options.onReady();
    this.renew();
    this.drawNear();
    this.drawGrid();
    this.drawWay();
    this.drawFocus();
    if (!this.framed) this.fit();
  }

  /** A style that does not come leaves the markers; a tile that does not come leaves a gap. */
  private fallBack(): void {
    if (this.ready || this.fellBack) return;
    this.fellBack = true;
    this.map.setStyle(plainStyle(this.palette));
  }

  private addPicture(id: string): void {
    const [kind, ...words] = id.split(" ");
    const text = words.join(" ");
    const { palette } = this;
    const picture =
      kind === "count" ? countPicture(text, palette.ink)
      : kind === "arrow" ? arrowPicture(palette.tones[text as Tone] ?? palette.ink)
      : kind === "dot" ? dotPicture(palette.tones[text as Tone] ?? palette.ink, palette.surface)
      : kind === "place" ? placePicture(text === "pickup" ? "pickup" : "dropoff", palette.ink, palette.casing)
      : null;
    if (picture && !this.map.hasImage(id)) this.map.addImage(id, picture, { pixelRatio: PIXEL_RATIO });
  }

  private renewSoon(): void {
    const wait = Math.max(0, this.renewedAt + RENEW_EVERY_MS - performance.now());
    this.renewal ??= setTimeout(() => this.renew(), wait);
  }

  /** Tells the source of all deliveries what changed since it was told last. */
  private renew(): void {
    clearTimeout(this.renewal);
    this.renewal = undefined;
    const source = this.map.getSource<maplibre.GeoJSONSource>("fleet");
    if (!source) return;
    this.renewedAt = performance.now();
    const diff = this.difference();
    if (diff.add.length + diff.remove.length + diff.update.length > 0) void source.updateData(diff);
    this.map.getContainer().dataset["marks"] = String(this.given.size);
  }

  private difference(): { add: Feature[]; remove: number[]; update: maplibre.GeoJSONFeatureDiff[] } {
    const [add, remove, update]: [Feature[], number[], maplibre.GeoJSONFeatureDiff[]] = [[], [], []];
    for (const [id, mark] of this.marks) {
      const before = this.given.get(id);
      if (before === undefined) add.push({ type: "Feature", id: this.numberOf(id), properties: propertiesOf(mark), geometry: pointOf(mark.place) });
      else if (!same(before, mark)) update.push(changeOf(this.numberOf(id), before, mark));
      this.given.set(id, mark);
    }
    for (const id of this.given.keys()) {
      if (this.marks.has(id)) continue;
      remove.push(this.numberOf(id));
      this.given.delete(id);
      this.numbers.delete(id);
    }
    return { add, remove, update };
  }

  private numberOf(id: string): number {
    const known = this.numbers.get(id) ?? this.next++;
    this.numbers.set(id, known);
    return known;
  }

  /** Draws those in view with the next picture, and on as long as one glides. */
  private nearIsDue(): void {
    if (!this.ready) return;
    this.frame ??= requestAnimationFrame((now) => {
      this.frame = undefined;
      if (now - this.glidedAt < GLIDE_EVERY_MS || this.busy) return this.nearIsDue();
      this.glidedAt = now;
      const moving = this.drawNear();
      this.drawFocus();
      if (moving) this.nearIsDue();
    });
  }

  /** Whether one of them glides. */
  private drawNear(): boolean {
    const source = this.map.getSource<maplibre.GeoJSONSource>("near");
    // Far away the clustered source shows them.
    if (!source || this.map.getZoom() < CLUSTERED_BELOW) return false;
    const now = performance.now();
    const seen = this.bounds(0.5);
    const features: Feature[] = [];
    let gliding = false;
    for (const [id, mark] of this.marks) {
      if (features.length >= MAX_NEAR) break;
      const glide = this.glides.get(id);
      const place = glide ? placeOf(glide, now) : mark.place;
      if (!holds(seen, place)) continue;
      gliding ||= glide !== undefined && isGliding(glide, now);
      features.push({ type: "Feature", properties: propertiesOf(mark), geometry: pointOf(place) });
    }
    this.busy = true;
    const done = (): void => void (this.busy = false);
    source.setData(collection(features)).then(done, done);
    return gliding;
  }

  private drawWay(): void {
    const source = this.map.getSource<maplibre.GeoJSONSource>("way");
    const { focus } = this;
    const mark = focus && this.marks.get(focus.id);
    const features = focus && focus.trail.length > 1 ? [line(focus.trail, "trail")] : [];
    if (focus && mark) features.push(line([mark.place, focus.dropoff], "left"));
    void source?.setData(collection(features));
  }

  private drawFocus(): void {
    const source = this.map.getSource<maplibre.GeoJSONSource>("focus");
    const features: Feature[] = this.picked.map((point, index) => feature(point, { kind: index === 0 ? "dropoff" : "pickup" }));
    const { focus } = this;
    if (focus) {
      const glide = this.glides.get(focus.id);
      if (focus.pickup) features.push(feature(focus.pickup, { kind: "pickup" }));
      features.push(feature(focus.dropoff, { kind: "dropoff" }));
      if (glide) features.push(feature(placeOf(glide, performance.now()), { kind: "ring" }));
    }
    void source?.setData(collection(features));
  }

  /** With a real map under it, distances can be seen; without one, a grid gives the eye a hold. */
  private drawGrid(): void {
    const source = this.map.getSource<maplibre.GeoJSONSource>("grid");
    void source?.setData(this.plain() ? grid(...this.bounds(0.2)) : collection([]));
  }

  private moved(): void {
    if (!this.ready) return;
    this.drawGrid();
    this.nearIsDue();
    this.options.onView(areaOf(this.bounds(0)));
  }

  /** What is seen, and `more` of it on each side; its longitudes go on past ±180. */
  private bounds(more: number): [number, number, number, number] {
    const seen = this.map.getBounds();
    const [width, height] = [seen.getEast() - seen.getWest(), seen.getNorth() - seen.getSouth()];
    return [seen.getWest() - width * more, Math.max(-90, seen.getSouth() - height * more), seen.getEast() + width * more, Math.min(90, seen.getNorth() + height * more)];
  }

  private async clicked({ point, lngLat }: maplibre.MapMouseEvent): Promise<void> {
    if (this.picking) return this.options.onPick({ lat: lngLat.lat, lng: longitudeOf(lngLat.lng) });
    const found = this.at(point);
    const id = found?.properties["id"] as string | undefined;
    if (id !== undefined) return this.options.onSelect(id);
    const cluster = found?.properties["cluster_id"] as number | undefined;
    if (!found || cluster === undefined) return this.options.onSelect(null);
    const zoom = await this.map.getSource<maplibre.GeoJSONSource>("fleet")?.getClusterExpansionZoom(cluster).catch(() => undefined);
    const centre = (found.geometry as GeoJSON.Point).coordinates as [number, number];
    this.map.easeTo({ center: centre, zoom: Math.max(zoom ?? 0, this.map.getZoom() + 1), duration: this.options.still ? 0 : 400 });
  }

  private point(at: maplibre.Point): void {
    if (!this.ready || this.picking || this.map.isMoving()) return;
    this.map.getCanvas().style.cursor = this.at(at) ? "pointer" : "";
  }

  /** What is there, or so near that it was meant. */
  private at({ x, y }: maplibre.Point): maplibre.MapGeoJSONFeature | undefined {
    const box: [[number, number], [number, number]] = [[x - 5, y - 5], [x + 5, y + 5]];
    return this.map.queryRenderedFeatures(box, { layers: ["near", "single", "cluster"] })[0];
  }
}

function same(a: Mark, b: Mark): boolean {
  return a.place.lat === b.place.lat && a.place.lng === b.place.lng && a.tone === b.tone && a.heading === b.heading;
}

function changeOf(id: number, before: Mark, mark: Mark): maplibre.GeoJSONFeatureDiff {
  const properties = Object.entries(propertiesOf(mark)).map(([key, value]) => ({ key, value: value as unknown }));
  const plain = before.tone === mark.tone && before.heading === mark.heading;
  return { id, newGeometry: pointOf(mark.place), ...(!plain && { addOrUpdateProperties: properties }) };
}

function feature(place: Point, properties: object): Feature {
  return { type: "Feature", properties, geometry: pointOf(place) };
}
