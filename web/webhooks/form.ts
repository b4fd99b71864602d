/** What is written into the form of an endpoint, as the service takes it. Pure. */
import type { EndpointChange, EndpointRequest, WebhookEndpoint } from "../client/wire";
import { type Hearable, NAMES } from "./words";

/** As the service takes them. */
export const URL_MAX = 2_048;
export const DESCRIPTION_MAX = 200;
export const STORE_MAX = 128;

export interface Draft {
  readonly url: string;
  readonly description: string;
  readonly everything: boolean;
  /** Those that are chosen; without meaning where it is everything. */
  readonly events: readonly Hearable[];
  readonly enabled: boolean;
  /** At its creation alone; empty: all deliveries. */
  readonly store_id: string;
}

/** The form of a new one, or of one that is. */
export function draftOf(endpoint: WebhookEndpoint | null, store_id: string | null): Draft {
  const events = endpoint?.events ?? null;
  return {
    url: endpoint?.url ?? "",
    description: endpoint?.description ?? "",
    everything: events === null,
    events: NAMES.filter((name) => events?.includes(name)),
    enabled: endpoint?.enabled ?? true,
    store_id: endpoint ? (endpoint.store_id ?? "") : (store_id ?? ""),
  };
}

/** What is wrong with it, before the service is asked; null: nothing that is seen from here. */
export function mistakeOf({ url, everything, events }: Draft): { field: "url" | "events"; words: string } | null {
  if (!URL.canParse(url.trim())) return { field: "url", words: "Write the whole address, with https:// at its beginning." };
  if (!everything && events.length === 0) return { field: "events", words: "Choose at least one event, or everything." };
  return null;
}

export function requestOf(draft: Draft): EndpointRequest {
  const [description, store_id] = [draft.description.trim(), draft.store_id.trim()];
  return {
    url: draft.url.trim(),
    events: draft.everything ? null : [...draft.events],
    enabled: draft.enabled,
    ...(description !== "" && { description }),
    ...(store_id !== "" && { store_id }),
  };
}

/** What is another than it was; null: nothing. Naming `enabled` would begin its failures anew. */
export function changeOf(draft: Draft, endpoint: WebhookEndpoint): EndpointChange | null {
  const before = draftOf(endpoint, null);
  const change: EndpointChange = {};
  if (draft.url.trim() !== before.url) change.url = draft.url.trim();
  if (draft.description.trim() !== before.description) change.description = draft.description.trim();
  const same = draft.everything === before.everything && (draft.everything || draft.events.join() === before.events.join());
  if (!same) change.events = draft.everything ? null : [...draft.events];
  if (draft.enabled !== before.enabled) change.enabled = draft.enabled;
  return Object.keys(change).length > 0 ? change : null;
}

/** `name` chosen or not, in the order of the list. */
export function toggled(events: readonly Hearable[], name: Hearable, on: boolean): Hearable[] {
  return NAMES.filter((other) => (other === name ? on : events.includes(other)));
}
