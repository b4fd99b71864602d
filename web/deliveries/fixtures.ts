/** A customer's own deliveries for tests. */
import { T0 } from "../client/fixtures";
import type { OwnDelivery } from "../client/wire";

export function ownDelivery(fields: Partial<OwnDelivery> = {}): OwnDelivery {
  return {
    tracking_id: "TRK-TEST",
    order_id: "ORD-12345",
    status: "IN_TRANSIT",
    started_at: T0,
    ended_at: null,
    dropoff: { lat: 5.6037, lng: -0.1869, address: "12 Oxford Street, Osu" },
    window: null,
    eta_at: T0 + 2_400,
    rating: null,
    expired: false,
    ...fields,
  };
}
