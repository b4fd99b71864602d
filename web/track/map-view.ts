/**
 * The map itself: MapLibre with our lines and markers on it. The only file that knows MapLibre, and
 * loaded only when a map is wanted.
 *
 * @module
 */
import * as maplibre from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import { h, render } from "preact";
import { offset, type Point, samePlace } from "../client";
import { type Palette, escapeHtml, paletteOf, plainStyle, styleOf, withKey } from "./map-style";
import { DriverMarker, PlaceMarker } from "./markers";
import type { PageConfig } from "./page-data";
import { roomIn } from "./projection";
import { type Scene, pointsOf } from "./scene";

/** Lines are redrawn at most this often: the marker alone moves with each frame. */
const LINES_EVERY_MS = 80;
const CLOSEST_ZOOM = 16.5;
const RING_RADII_M = [250, 500, 1_000, 2_000, 4_000, 8_000];
/** What moves the map by keyboard. */
const MOVING_KEYS = /^(Arrow.+|[-+=])$/;
const METRES_PER_PIXEL_AT_0 = 78_271.517;

export interface MapViewOptions {
  container: HTMLElement;
  config: PageConfig;
  /** Without motion. */
  still: boolean;
  onReady: () => void;
  /** The map cannot be shown (any more). */
  onFailed: () => void;
  /** Whether the viewer moved the map away from what it follows. */
  onAway: (away: boolean) => void;
}

maplibre.setWorkerUrl(workerUrl);

export class MapView {
  private readonly map: maplibre.Map;
  private readonly driver = mark("center");
  private readonly dropoff = mark("bottom");
  private readonly pickup = mark("bottom");
  private scene: Scene | null = null;
  private away = false;
  private framed = false;
  private linesAt = 0;
  private ready = false;
  private fellBack = false;
  private palette: Palette;

  /** Throws where there is no WebGL. */
  constructor(private readonly options: MapViewOptions) {
    const { container, config } = options;
    this.palette = paletteOf(container);
    this.map = new maplibre.Map({
      container,
      style: styleOf(config, this.palette),
      attributionControl: false,
      center: [0, 0],
      zoom: 1,
      maxPitch: 0,
      dragRotate: false,
      pitchWithRotate: false,
      transformRequest: (url: string) => ({ url: withKey(url, config.map_key) }),
    });
    this.map.touchZoomRotate.disableRotation();
    this.addControls();
    this.map.on("style.load", () => this.styled());
    this.map.on("error", () => this.fallBack());
    this.map.on("webglcontextlost", () => options.onFailed());
    this.map.on("move", () => this.drawMarkers());
    this.map.on("resize", () => !this.away && this.frame());
    for (const gesture of ["dragstart", "wheel", "dblclick", "touchmove"] as const) {
      this.map.on(gesture, () => this.setAway(true));
    }
    container.addEventListener("keydown", ({ key }) => MOVING_KEYS.test(key) && this.setAway(true));
  }

  update(scene: Scene): void {
    const before = this.scene;
    this.scene = scene;
    if (!this.ready) return;
    const now = performance.now();
    const settled = scene.driver === null || samePlace(scene.driver.point, scene.driver.target);
    if (before === null || settled || now - this.linesAt > LINES_EVERY_MS) {
      this.linesAt = now;
      this.drawLines();
    }
    this.drawMarkers();
    if (before?.driver?.target !== scene.driver?.target || before === null) this.follow();
  }

  /** Shows everything again. */
  recentre(): void {
    this.setAway(false);
    this.frame();
  }

  /** Takes the colours of the page again, when it went dark or light. */
  recolour(): void {
    this.palette = paletteOf(this.options.container);
    if (this.plain()) this.map.setStyle(plainStyle(this.palette));
    else this.drawLines();
  }

  destroy(): void {
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
    this.map.addControl(new maplibre.ScaleControl({ maxWidth: 88 }), "bottom-left");
  }

  private styled(): void {
    this.addLayers();
    if (!this.ready) {
      this.ready = true;
      this.options.onReady();
    }
    if (this.scene) {
      this.drawLines();
      this.drawMarkers();
      if (!this.framed) this.frame();
    }
  }

  /** A style that does not come leaves the lines; a tile that does not come leaves a gap. */
  private fallBack(): void {
    if (this.ready || this.fellBack) return;
    this.fellBack = true;
    this.map.setStyle(plainStyle(this.palette));
  }

  private addLayers(): void {
    const { map, palette } = this;
    for (const id of ["rings", "left", "trail"]) {
      map.addSource(id, { type: "geojson", data: lines([]), tolerance: 0 });
    }
    const round = { "line-cap": "round", "line-join": "round" } as const;
    const line = (id: string, source: string, paint: maplibre.LineLayerSpecification["paint"]): void => {
      map.addLayer({ id, type: "line", source, layout: round, paint });
    };
    line("rings", "rings", { "line-color": palette.faint, "line-width": 1 });
    line("left", "left", { "line-color": palette.line, "line-width": 2, "line-dasharray": [0.5, 3], "line-opacity": 0.7 });
    line("trail-casing", "trail", { "line-color": palette.casing, "line-width": 7 });
    line("trail", "trail", { "line-color": palette.line, "line-width": 4 });
  }

  private drawLines(): void {
    const { scene } = this;
    if (!scene) return;
    const set = (id: string, shapes: readonly (readonly Point[])[]): void => {
      this.map.getSource<maplibre.GeoJSONSource>(id)?.setData(lines(shapes));
    };
    set("trail", [scene.trail]);
    set("left", scene.driver ? [[scene.driver.point, scene.dropoff]] : []);
    // With a real map under it, distances can be seen; without one, rings show them.
    set("rings", this.plain() ? RING_RADII_M.map((radius) => circle(scene.dropoff, radius)) : []);
  }

  private drawMarkers(): void {
    const { scene, map } = this;
    if (!scene || !this.ready) return;
    this.place(this.dropoff, scene.dropoff, h(PlaceMarker, { kind: "dropoff" }));
    this.place(this.pickup, scene.pickup, h(PlaceMarker, { kind: "pickup" }));
    const { driver } = scene;
    const metres = (METRES_PER_PIXEL_AT_0 * Math.cos((scene.dropoff.lat * Math.PI) / 180)) / 2 ** map.getZoom();
    this.place(this.driver, driver?.point ?? null, driver && h(DriverMarker, { driver, scale: 1 / metres }));
  }

  private place(marker: maplibre.Marker, at: Point | null, content: Parameters<typeof render>[0]): void {
    if (!at) {
      marker.remove();
      return;
    }
    render(content, marker.getElement());
    marker.setLngLat([at.lng, at.lat]).addTo(this.map);
  }

  /** Keeps the driver in view, unless the viewer looks elsewhere. */
  private follow(): void {
    const target = this.scene?.driver?.target;
    if (this.away || !this.scene) return;
    if (!this.framed || !target) return this.frame();
    const { x, y } = this.map.project([target.lng, target.lat]);
    const { clientWidth, clientHeight } = this.map.getContainer();
    const inside = x > 48 && y > 64 && x < clientWidth - 48 && y < clientHeight - 64;
    const small = pixelSpan(this.map, pointsOf(this.scene)) < Math.min(clientWidth, clientHeight) * 0.35;
    if (!inside || (small && this.map.getZoom() < CLOSEST_ZOOM - 1)) this.frame();
  }

  private frame(): void {
    if (!this.scene || !this.ready) return;
    const bounds = new maplibre.LngLatBounds();
    for (const { lng, lat } of pointsOf(this.scene)) bounds.extend([lng, lat]);
    const animate = this.framed && !this.options.still;
    const { clientWidth, clientHeight } = this.map.getContainer();
    const side = Math.min(120, clientWidth / 8);
    const padding = { ...roomIn(clientHeight), left: side, right: side };
    this.map.fitBounds(bounds, { padding, maxZoom: CLOSEST_ZOOM, animate });
    this.framed = true;
  }

  private setAway(away: boolean): void {
    if (this.away === away) return;
    this.away = away;
    this.options.onAway(away);
  }
}

function mark(anchor: maplibre.PositionAnchor): maplibre.Marker {
  const element = document.createElement("div");
  // The words beside the map say it all; unlabelled shapes in the focus order would not.
  element.setAttribute("aria-hidden", "true");
  return new maplibre.Marker({ element, anchor, subpixelPositioning: true });
}

function lines(shapes: readonly (readonly Point[])[]): GeoJSON.Feature<GeoJSON.MultiLineString> {
  const coordinates = shapes
    .filter((shape) => shape.length > 1)
    .map((shape) => shape.map(({ lat, lng }) => [lng, lat]));
  return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates } };
}

function circle(centre: Point, radius: number): Point[] {
  return Array.from({ length: 73 }, (_, index) => offset(centre, radius, index * 5));
}

function pixelSpan(map: maplibre.Map, points: readonly Point[]): number {
  const pixels = points.map(({ lat, lng }) => map.project([lng, lat]));
  return Math.max(span(pixels.map(({ x }) => x)), span(pixels.map(({ y }) => y)));
}

function span(values: readonly number[]): number {
  return Math.max(...values) - Math.min(...values);
}
