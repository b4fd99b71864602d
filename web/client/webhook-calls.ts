/** What is asked and done about webhooks over HTTP. Each rejects with a `Refusal` in the service's own words. */
import { Asking } from "./asking";
import type { AttemptPage, EndpointChange, EndpointRequest, Redelivered, WebhookEndpoint } from "./wire";

/** The operator's order service among endpoints: set by configuration, for admins to read and to send again. */
export const ORDER_SERVICE = "order-service";

export interface AttemptFilter {
  readonly outcome: "delivered" | "failed" | null;
  readonly event_id: string | null;
}

/** One event, or all of a span of time that were not taken, in Unix seconds. */
export type Redelivery = { readonly event_id: string } | { readonly from: number; readonly to: number };

export class WebhookCalls extends Asking {
  async list(): Promise<WebhookEndpoint[]> {
    return (await this.ask<{ endpoints: WebhookEndpoint[] }>("/webhooks")).endpoints;
  }

  /** The answer holds the secret, this once. */
  make(endpoint: EndpointRequest): Promise<WebhookEndpoint> {
    return this.send("POST", "/webhooks", endpoint);
  }

  change(id: string, change: EndpointChange): Promise<WebhookEndpoint> {
    return this.send("PATCH", of(id), change);
  }

  /** The answer holds the new secret, this once. */
  rotate(id: string): Promise<WebhookEndpoint> {
    return this.change(id, { secret: null });
  }

  async remove(id: string): Promise<void> {
    await this.ask(of(id), { method: "DELETE" });
  }

  attempts(id: string, { outcome, event_id }: AttemptFilter, cursor: string | null = null): Promise<AttemptPage> {
    const query = new URLSearchParams({ ...(outcome && { outcome }), ...(event_id && { event_id }), ...(cursor && { cursor }) });
    return this.ask(`${of(id, "/attempts")}?${query}`);
  }

  test(id: string): Promise<{ event_id: string }> {
    return this.ask(of(id, "/test"), { method: "POST" });
  }

  redeliver(id: string, what: Redelivery): Promise<Redelivered> {
    return this.send("POST", of(id, "/redeliver"), what);
  }
}

function of(id: string, path = ""): string {
  return `/webhooks/${encodeURIComponent(id)}${path}`;
}
