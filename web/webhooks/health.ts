/** How endpoints are: of each, and what of all of them needs somebody. Pure. */
import type { WebhookEndpoint } from "../client/wire";

/** `disabled` by the service, `off` by hand. */
export type Health = "enabled" | "failing" | "disabled" | "off";

export function healthOf({ enabled, failing_since, disabled_reason }: WebhookEndpoint): Health {
  if (enabled) return typeof failing_since === "number" ? "failing" : "enabled";
  return disabled_reason ? "disabled" : "off";
}

/** "1 disabled, 2 failing"; null where nothing needs anybody. */
export function alarmWords(endpoints: readonly WebhookEndpoint[]): string | null {
  const count = (health: Health): number => endpoints.filter((endpoint) => healthOf(endpoint) === health).length;
  const parts = (["disabled", "failing"] as const).flatMap((health) => (count(health) > 0 ? [`${count(health)} ${health}`] : []));
  return parts.length > 0 ? parts.join(", ") : null;
}

/** Those of a store; all where none is named. */
export function ofStore(endpoints: readonly WebhookEndpoint[], store_id: string | null): WebhookEndpoint[] {
  return endpoints.filter((endpoint) => store_id === null || endpoint.store_id === store_id);
}
