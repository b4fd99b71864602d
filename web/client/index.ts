/** What the pages use of this library. See `tracking.ts` for how to follow a delivery. */
export type { Ending } from "./closing";
export { type Arrival, type Delivery, PATH, isFinal, isUnderWay } from "./delivery";
export { bearing, between, distance, offset } from "./geo";
export { Tracking, type Reach, type TrackingOptions, type TrackingState } from "./tracking";
export { type Point, decodeTrail, samePlace } from "./trail";
export type {
  Location,
  LocationState,
  Place,
  Problem,
  Snapshot,
  Status,
  TimelineEntry,
} from "./wire";
