/** The sources and layers of the fleet's map. */
import type { CircleLayerSpecification, ExpressionSpecification, Map as MapLibreMap } from "maplibre-gl";
import type { FleetPalette } from "./palette";
import { collection } from "./shapes";
import { CONCERNS, TONES } from "./urgency";

/** From this zoom on nothing is clustered, and those in view glide. */
export const CLUSTERED_BELOW = 13;
const CLUSTER_RADIUS = 44;

/** A colour for each tone of a marker. */
function toneColour({ tones, ink }: FleetPalette): ExpressionSpecification {
  return ["match", ["get", "tone"], ...TONES.flatMap((tone) => [tone, tones[tone]]), ink] as unknown as ExpressionSpecification;
}

/** What is most urgent in a cluster, by its name. */
const WORST = ["match", ["get", "worst"], ...TONES.flatMap((tone, index) => [TONES.length - index, tone]), "moving"] as unknown as ExpressionSpecification;
/** From this on it is a concern, and not only where things stand. */
const CONCERNED = TONES.length - CONCERNS.length + 1;

export function addLayers(map: MapLibreMap, palette: FleetPalette): void {
  map.addSource("fleet", {
    type: "geojson",
    data: collection([]),
    cluster: true,
    clusterMaxZoom: CLUSTERED_BELOW - 1,
    clusterRadius: CLUSTER_RADIUS,
    clusterMinPoints: 3,
    clusterProperties: { worst: ["max", ["get", "urgency"]] },
  });
  for (const id of ["grid", "way", "near", "focus"]) map.addSource(id, { type: "geojson", data: collection([]), tolerance: 0 });

  map.addLayer({ id: "grid", type: "line", source: "grid", paint: { "line-color": palette.faint, "line-width": 1, "line-opacity": 0.55 } });
  const round = { "line-cap": "round", "line-join": "round" } as const;
  map.addLayer({
    id: "left",
    type: "line",
    source: "way",
    filter: ["==", ["get", "kind"], "left"],
    layout: round,
    paint: { "line-color": palette.ink, "line-width": 1.8, "line-dasharray": [0.5, 3], "line-opacity": 0.6 },
  });
  for (const [id, colour, width] of [["trail-casing", palette.casing, 6], ["trail", palette.line, 3.5]] as const) {
    map.addLayer({ id, type: "line", source: "way", filter: ["==", ["get", "kind"], "trail"], layout: round, paint: { "line-color": colour, "line-width": width } });
  }
  addClusters(map, palette);
  addConcerns(map);
  addMarkers(map, "single", "fleet", palette);
  addMarkers(map, "near", "near", palette);
  map.addLayer({
    id: "ring",
    type: "circle",
    source: "focus",
    filter: ["==", ["get", "kind"], "ring"],
    paint: { "circle-radius": 15, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": palette.ink, "circle-stroke-width": 2.5 },
  });
  map.addLayer({
    id: "places",
    type: "symbol",
    source: "focus",
    filter: ["!=", ["get", "kind"], "ring"],
    layout: { "icon-image": ["concat", "place ", ["get", "kind"]], "icon-allow-overlap": true, "icon-ignore-placement": true },
  });
}

function addClusters(map: MapLibreMap, palette: FleetPalette): void {
  const size: ExpressionSpecification = ["interpolate", ["linear"], ["log10", ["get", "point_count"]], 0.4, 12, 2, 18, 3.5, 27];
  map.addLayer({
    id: "cluster",
    type: "circle",
    source: "fleet",
    maxzoom: CLUSTERED_BELOW,
    filter: ["has", "point_count"],
    paint: { "circle-radius": size, "circle-color": palette.surface, "circle-stroke-color": palette.tones.assigned, "circle-stroke-width": 2, "circle-opacity": 0.96 },
  });
  map.addLayer({
    id: "count",
    type: "symbol",
    source: "fleet",
    maxzoom: CLUSTERED_BELOW,
    filter: ["has", "point_count"],
    layout: { "icon-image": ["concat", "count ", ["to-string", ["get", "point_count_abbreviated"]]], "icon-allow-overlap": true, "icon-ignore-placement": true },
  });
}

/** Nearly every large cluster has something late: a dot says so, where a colour of the whole would say too much. */
function addConcerns(map: MapLibreMap): void {
  const offset = (by: number): ExpressionSpecification => ["literal", [by, -by]];
  map.addLayer({
    id: "concern",
    type: "symbol",
    source: "fleet",
    maxzoom: CLUSTERED_BELOW,
    filter: ["all", ["has", "point_count"], [">=", ["get", "worst"], CONCERNED]],
    layout: {
      "icon-image": ["concat", "dot ", WORST],
      "icon-offset": ["interpolate", ["linear"], ["log10", ["get", "point_count"]], 0.4, offset(9.5), 2, offset(13.5), 3.5, offset(20)],
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
    },
  });
}

/** Discs in the colour of what they are, the urgent above the others and larger, with a tip where they head. */
function addMarkers(map: MapLibreMap, id: string, source: string, palette: FleetPalette): void {
  const where = source === "fleet" ? { maxzoom: CLUSTERED_BELOW } : { minzoom: CLUSTERED_BELOW };
  const single: CircleLayerSpecification["filter"] = ["!", ["has", "point_count"]];
  const urgent: ExpressionSpecification = [">=", ["get", "urgency"], TONES.length - 1];
  map.addLayer({
    id,
    type: "circle",
    source,
    ...where,
    filter: single,
    layout: { "circle-sort-key": ["get", "urgency"] },
    paint: {
      "circle-radius": ["case", urgent, 7.5, 6],
      "circle-color": toneColour(palette),
      "circle-stroke-color": palette.surface,
      "circle-stroke-width": 2,
    },
  });
  map.addLayer({
    id: `${id}-heading`,
    type: "symbol",
    source,
    ...where,
    filter: ["all", single, [">=", ["get", "heading"], 0]],
    layout: {
      "icon-image": ["concat", "arrow ", ["get", "tone"]],
      "icon-rotate": ["get", "heading"],
      "icon-rotation-alignment": "map",
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
    },
  });
}
