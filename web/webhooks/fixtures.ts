/** Endpoints and attempts for tests. */
import { T0 } from "../client/fixtures";
import type { Attempt, WebhookEndpoint } from "../client/wire";

export function anEndpoint(fields: Partial<WebhookEndpoint> = {}): WebhookEndpoint {
  return {
    id: "ep_1",
    url: "https://shop.example.com/onway",
    events: null,
    enabled: true,
    description: null,
    store_id: null,
    created_at: T0,
    failing_since: null,
    disabled_reason: null,
    ...fields,
  };
}

export function anAttempt(fields: Partial<Attempt> = {}): Attempt {
  return { event_id: "evt_A", type: "delivery.created", tracking_id: "TRK-1", at: T0, attempt: 1, status: 204, ms: 35, error: null, delivered: true, ...fields };
}
