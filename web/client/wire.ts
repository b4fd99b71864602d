/**
 * The names of what crosses the network, as the pages use them.
 *
 * The shapes are generated from the Rust types (`wire.generated.ts`). A frame of another kind than
 * these may come from a newer service, and is passed over.
 */
import type { components } from "./wire.generated";

type Schemas = components["schemas"];

export type Snapshot = Schemas["Snapshot"];
export type Status = Snapshot["status"];
export type LocationState = Snapshot["location_state"];
export type Location = Schemas["Location"];
export type Place = Schemas["Place"];
export type TimelineEntry = Schemas["TimelineEntry"];
export type LocationUpdate = Schemas["LocationUpdate"];
export type StatusUpdate = Schemas["StatusUpdate"];
export type Problem = Schemas["Problem"];
export type Proof = Schemas["ProofView"];
export type Rating = Schemas["RatingView"];
export type History = Schemas["History"];
export type HistoryPoint = Schemas["HistoryPoint"];
export type OwnDelivery = Schemas["OwnDelivery"];
export type OwnDeliveries = Schemas["OwnDeliveries"];
export type LinkEntry = Schemas["LinkEntry"];
/** A new share link: its `url` is shown this once. */
export type MadeLink = Schemas["MadeLink"];
export type TimelineEvent = Schemas["TimelineEvent"];

/** Everything the service may send to a watcher. */
export type ServerFrame = Schemas["ServerFrame"];

/* What dashboards see and are told. */
export type FleetDelivery = Schemas["FleetDelivery"];
export type FleetMoved = Schemas["FleetMoved"];
export type FleetPage = Schemas["FleetPage"];
export type FleetChange = Schemas["FleetChange"];
export type FleetFrame = Schemas["FleetFrame"];
/** What was asked on a socket is refused. */
export type ErrorFrame = Extract<ServerFrame, { type: "error" }>;
export type FleetAnswer = Schemas["Fleet"];
export type Mode = Schemas["Mode"];
export type EmergencyView = Schemas["EmergencyView"];
export type DriverEntry = Schemas["DriverEntry"];
export type Timeline = Schemas["Timeline"];
export type BatchResult = Schemas["BatchResult"];
export type DeliveryStats = Schemas["DeliveryStats"];
export type DeliveryFigures = Schemas["DeliveryFigures"];
export type StatsGroup = Schemas["StatsGroup"];

/* Webhooks. */
export type WebhookEndpoint = Schemas["EndpointView"];
export type EndpointRequest = Schemas["EndpointRequest"];
export type EndpointChange = Schemas["EndpointChange"];
export type Attempt = Schemas["AttemptView"];
export type AttemptPage = Schemas["AttemptPage"];
export type Redelivered = Schemas["Redelivered"];
/** Names of events. */
export type EventKind = Schemas["Kind"];

/** A frame before anybody knows what it says. */
export interface AnyFrame {
  type: string;
}

/** What any frame may carry besides its own fields. */
export interface FrameExtras {
  data?: { seq?: number };
  /** Asks the watcher to answer `{"type":"ack","seq":…}`. */
  ack?: boolean;
  /** On the error that precedes a close for "Rate limit": seconds. */
  retry_after?: number;
}
